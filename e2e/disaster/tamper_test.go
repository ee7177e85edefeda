package disaster

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// tampering changes one moment of a history. An edit returns false for what it cannot be done to.
type tampering struct {
	name   string
	prefix string
	edit   func(before, now *unstructured.Unstructured) bool
	caught string
}

// elsewhere is how far from its own number one is that nobody holds.
const elsewhere = 200

var tamperings = []tampering{
	{"a number goes to somebody else", ledgersKey, func(before, now *unstructured.Unstructured) bool {
		for number, uid := range common(before, now) {
			text := kube.Text(now, "spec.entries."+number)
			_ = unstructured.SetNestedField(now.Object, strings.Replace(text, uid, "11111111-2222-3333-4444-555555555555", 1), "spec", "entries", number)
			return true
		}
		return false
	}, "I4"},
	{"a number is forgotten", ledgersKey, func(before, now *unstructured.Unstructured) bool {
		for number := range common(before, now) {
			unstructured.RemoveNestedField(now.Object, "spec", "entries", number)
			return true
		}
		return false
	}, "I8"},
	{"a fence goes back", ledgersKey, func(before, now *unstructured.Unstructured) bool {
		if fence, _ := kube.Int(before, "spec.fence"); fence == 0 {
			return false
		}
		return unstructured.SetNestedField(now.Object, int64(0), "spec", "fence") == nil
	}, "I8"},
	{"a Service has another number", servicesKey, func(_, now *unstructured.Unstructured) bool {
		ports, _, _ := unstructured.NestedSlice(now.Object, "spec", "ports")
		port, _ := ports[0].(map[string]any)
		number, ok := port["nodePort"].(int64)
		port["nodePort"] = number + elsewhere
		return ok && unstructured.SetNestedSlice(now.Object, ports, "spec", "ports") == nil
	}, "I2"},
	{"a status shows another number", allocationsKey, func(before, now *unstructured.Unstructured) bool {
		ports, _, _ := unstructured.NestedSlice(now.Object, "status", "ports")
		// One that was never published may move. When it is called published its Service is there.
		if before == nil || len(ports) == 0 || kube.HasCondition(now, "Published", "True") != nil ||
			kube.Text(before, "status.summary") != kube.Text(now, "status.summary") {
			return false
		}
		port, _ := ports[0].(map[string]any)
		number, ok := port["port"].(int64)
		port["port"] = number + elsewhere
		return ok && unstructured.SetNestedSlice(now.Object, ports, "status", "ports") == nil
	}, "I5"},
}

// common are the numbers that one and the same holds before and after.
func common(before, now *unstructured.Unstructured) map[string]string {
	found, after := held(before), held(now)
	maps.DeleteFunc(found, func(number, uid string) bool { return after[number] != uid })
	return found
}

// tamper judges the history since a revision again, changed in one place each time: the audit must notice.
func tamper(t *testing.T, since int64) {
	var history []cluster.Change
	err := shared.History(t.Context(), cluster.Query{From: since + 1, Prefixes: audit.Prefixes()}, func(change cluster.Change) error {
		history = append(history, change)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if wrong := judged(history); len(wrong) > 0 {
		t.Fatalf("the history as it is: %v", audit.Error(wrong))
	}
	for _, one := range tamperings {
		t.Run(one.name, func(t *testing.T) {
			wrong := judged(one.applied(t, history))
			if !slices.ContainsFunc(wrong, func(v audit.Violation) bool { return v.Invariant == one.caught }) {
				t.Errorf("%s is not found; found was: %v", one.caught, audit.Error(wrong))
			}
		})
	}
}

// applied is done in the middle of the history, where it first can be.
func (one tampering) applied(t *testing.T, history []cluster.Change) []cluster.Change {
	t.Helper()
	before := map[string]*unstructured.Unstructured{}
	changed := slices.Clone(history)
	for i, change := range history {
		if !strings.HasPrefix(change.Key, one.prefix) || change.Deleted() {
			continue
		}
		now, err := change.Object()
		if err != nil {
			t.Fatal(err)
		}
		known := before[change.Key]
		before[change.Key] = now.DeepCopy()
		if i < len(history)/2 || known == nil && one.prefix == ledgersKey || !one.edit(known, now) {
			continue
		}
		if changed[i].Value, err = json.Marshal(now.Object); err != nil {
			t.Fatal(err)
		}
		return changed
	}
	t.Fatal("there is no place for it")
	return nil
}

func judged(history []cluster.Change) []audit.Violation {
	auditor := audit.New(audit.Options{})
	for len(history) > 0 {
		revision, count := history[0].Revision, 1
		for count < len(history) && history[count].Revision == revision {
			count++
		}
		auditor.Check(revision, history[:count])
		history = history[count:]
	}
	auditor.Finish()
	return auditor.Found()
}

// expectNoNoise: who finds again and again that somebody else writes the ledgers says so once, and not with every
// write.
func (p *place) expectNoNoise(name, log string) {
	p.T.Helper()
	if count := strings.Count(log, "Another operator writes the ledgers"); count > 1 {
		p.T.Errorf("%s says %d times that another one works beside it", name, count)
	}
	if count := strings.Count(log, "larger fence"); count > 4 {
		p.T.Errorf("%s says %d times that a fence is larger", name, count)
	}
}
