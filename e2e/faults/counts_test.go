package faults

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// counts say how often each object was created and deleted, and each number claimed, put to rest and freed.
type counts map[string]int

// counter reads the history for many stages at once.
type counter struct {
	stages  map[string]*stage // by namespace
	found   map[string]counts
	exists  map[string]bool             // by key
	entries map[string]map[int64]string // by shard: state and owner
}

func newCounter(stages []*stage) *counter {
	c := &counter{
		stages: map[string]*stage{}, found: map[string]counts{}, exists: map[string]bool{},
		entries: map[string]map[int64]string{},
	}
	for _, st := range stages {
		c.stages[st.namespace] = st
		c.found[st.namespace] = counts{}
	}
	return c
}

// read counts what has happened since the beginning of history.
func (c *counter) read(ctx context.Context) error {
	query := cluster.Query{Prefixes: []string{
		cluster.Prefix("", "services/specs"), cluster.Prefix("", "networkpolicies"), cluster.Prefix("", "configmaps"), ledgers,
	}}
	return shared.History(ctx, query, func(change cluster.Change) error {
		if strings.HasPrefix(change.Key, ledgers) {
			return c.ledger(change)
		}
		c.object(change)
		return nil
	})
}

var ledgers = cluster.Prefix("berth.dev", "portledgers")

func (c *counter) object(change cluster.Change) {
	steps := strings.Split(change.Key, "/")
	namespace, name := steps[len(steps)-2], steps[len(steps)-1]
	found, ok := c.found[namespace]
	if !ok {
		return
	}
	kind := steps[2]
	switch {
	case change.Deleted():
		found[fmt.Sprintf("%s %s deleted", kind, name)]++
	case !c.exists[change.Key]:
		found[fmt.Sprintf("%s %s created", kind, name)]++
	}
	c.exists[change.Key] = !change.Deleted()
}

// ledger compares a shard with the one before. A number that a claim takes over from one that has rested was
// freed in between.
func (c *counter) ledger(change cluster.Change) error {
	now := map[int64]string{}
	if !change.Deleted() {
		object, err := change.Object()
		if err != nil {
			return err
		}
		all, _, err := unstructured.NestedStringMap(object.Object, "spec", "entries")
		if err != nil {
			return fmt.Errorf("%s: %w", kube.Name(object), err)
		}
		for key, text := range all {
			number, err := strconv.ParseInt(key, 10, 64)
			if err != nil {
				return err
			}
			fields := strings.Split(text, " ")
			now[number] = fields[1] + " " + fields[3]
		}
	}
	before := c.entries[change.Key]
	c.entries[change.Key] = now
	for _, st := range c.stages {
		if ledgers+st.shard() != change.Key {
			continue
		}
		for number := st.first; number < st.first+stageSize; number++ {
			if before[number] != now[number] {
				became, _, _ := strings.Cut(now[number], " ")
				if became == "" {
					became = "free"
				}
				c.found[st.namespace][fmt.Sprintf("number FIRST+%d became %s", number-st.first, became)]++
			}
		}
	}
	return nil
}

// difference tells what was counted otherwise.
func (c counts) difference(want counts) string {
	var wrong []string
	for what, count := range c {
		if want[what] != count {
			wrong = append(wrong, fmt.Sprintf("%s %d times, without a fault %d times", what, count, want[what]))
		}
	}
	for what, count := range want {
		if _, counted := c[what]; !counted {
			wrong = append(wrong, fmt.Sprintf("%s never, without a fault %d times", what, count))
		}
	}
	return strings.Join(wrong, "\n")
}
