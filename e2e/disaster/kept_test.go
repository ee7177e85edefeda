package disaster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var (
	servicesKey    = cluster.Prefix("", "services/specs")
	allocationsKey = cluster.Prefix("berth.dev", "portallocations")
	ledgersKey     = cluster.Prefix("berth.dev", "portledgers")
)

// kept is what a snapshot brings back of a namespace, and what may not change behind the restore.
type kept struct {
	services map[string]string // by key: UID and nodePorts
	statuses map[string]string // by key: UID and numbers shown
	holders  map[string]string // by number, as text: UID of the holder
	strays   map[string]stray  // by number
}

// stray is the time in which somebody without an allocation uses a number.
type stray struct{ since, until int64 } // revisions; until 0: for ever

func keptOf(world cluster.World, namespace string) kept {
	k := kept{map[string]string{}, map[string]string{}, map[string]string{}, map[string]stray{}}
	owners := map[string]bool{}
	for _, key := range world.Sorted(servicesKey + namespace + "/") {
		k.services[key] = published(world[key])
	}
	for _, key := range world.Sorted(allocationsKey + namespace + "/") {
		k.statuses[key] = shown(world[key])
		owners[string(world[key].GetUID())] = true
	}
	for _, key := range world.Sorted(ledgersKey) {
		for number, uid := range held(world[key]) {
			if owners[uid] {
				k.holders[number] = uid
			}
		}
	}
	return k
}

func published(service *unstructured.Unstructured) string {
	var numbers []string
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	for i := range ports {
		numbers = append(numbers, kube.Text(service, fmt.Sprintf("spec.ports.%d.nodePort", i)))
	}
	return fmt.Sprintf("%s %v", service.GetUID(), numbers)
}

func shown(allocation *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s", allocation.GetUID(), kube.Text(allocation, "status.summary"))
}

// held reads who holds what: "1 held NAMESPACE/NAME UID ...".
func held(ledger *unstructured.Unstructured) map[string]string {
	const state, uid = 1, 3
	found := map[string]string{}
	entries, _, _ := unstructured.NestedStringMap(ledger.Object, "spec", "entries")
	for number, text := range entries {
		if fields := strings.Fields(text); len(fields) > uid && fields[state] == "held" {
			found[number] = fields[uid]
		}
	}
	return found
}

// judge tells what a history behind the restore has moved.
func (k kept) judge(changes []cluster.Change) (wrong []string) {
	for _, change := range changes {
		say := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("revision %d: %s", change.Revision, fmt.Sprintf(format, args...)))
		}
		var now *unstructured.Unstructured
		if !change.Deleted() {
			var err error
			if now, err = change.Object(); err != nil {
				say("%v", err)
				continue
			}
		}
		for what, of := range map[string]struct {
			before map[string]string
			read   func(*unstructured.Unstructured) string
		}{"published": {k.services, published}, "shown": {k.statuses, shown}} {
			before, known := of.before[change.Key]
			switch {
			case !known:
			case now == nil:
				say("%s is deleted, %s was %s", change.Key, before, what)
			case of.read(now) != before:
				say("%s: %s was %s, now %s", change.Key, before, what, of.read(now))
			}
		}
		if now != nil && strings.HasPrefix(change.Key, ledgersKey) {
			k.judgeLedger(change, now, say)
		}
	}
	return wrong
}

func (k kept) judgeLedger(change cluster.Change, now *unstructured.Unstructured, say func(string, ...any)) {
	const shardSize = 256
	holders := held(now)
	shard, _ := kube.Int(now, "spec.shard")
	for _, number := range slices.Sorted(maps.Keys(k.holders)) {
		value, err := strconv.ParseInt(number, 10, 64)
		if err == nil && value/shardSize == shard && holders[number] != k.holders[number] {
			say("%s was held by %s, now by %q", number, k.holders[number], holders[number])
		}
	}
	for number, used := range k.strays {
		during := change.Revision > used.since && (used.until == 0 || change.Revision < used.until)
		if holder := holders[number]; holder != "" && holder != k.holders[number] && during {
			say("%s is given to %s, and somebody without an allocation uses it since revision %d", number, holder, used.since)
		}
	}
}

// A comparison that cannot fail proves nothing: each of these moves something.
func TestTheComparisonNoticesWhatMoves(t *testing.T) {
	parse := func(text string) *unstructured.Unstructured { return kube.MustParseOne(t, text) }
	ledger := `{apiVersion: berth.dev/v1alpha1, kind: PortLedger, metadata: {name: nodeport-105},
		spec: {space: NodePort, shard: 105, entries: {"27000": "1 held ns/a A web/TCP 1 1763700000 r"}}}`
	service := `{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns, uid: S}, spec: {ports: [{nodePort: 27000}]}}`
	allocation := `{apiVersion: berth.dev/v1alpha1, kind: PortAllocation, metadata: {name: a, namespace: ns, uid: A},
		status: {summary: "web:27000/TCP"}}`
	at := map[string]string{"ledger": ledgersKey + "nodeport-105", "service": servicesKey + "ns/a", "allocation": allocationsKey + "ns/a"}
	stored := map[string]string{"ledger": ledger, "service": service, "allocation": allocation}
	world := cluster.World{}
	for what, text := range stored {
		world[at[what]] = parse(text)
	}
	k := keptOf(world, "ns")
	k.strays["27007"], k.strays["27008"] = stray{since: 10}, stray{5, 10}
	for _, row := range []struct{ name, what, old, new, caught string }{
		{"nothing", "ledger", "", "", ""},
		{"a note in a Service", "service", "uid: S", "uid: S, labels: {x: y}", ""},
		{"a number newly held", "ledger", `"27000"`, `"27001": "1 held ns/b B web/TCP 2 1763700000 r", "27000"`, ""},
		{"another holder", "ledger", "ns/a A", "ns/b B", `was held by A, now by "B"`},
		{"a release", "ledger", "1 held", "1 resting", `was held by A, now by ""`},
		{"a number in use given away", "ledger", `"27000"`, `"27007": "1 held ns/b B web/TCP 2 1763700000 r", "27000"`, "27007 is given to B"},
		{"a number given away that was in use", "ledger", `"27000"`, `"27008": "1 held ns/b B web/TCP 2 1763700000 r", "27000"`, ""},
		{"another nodePort", "service", "nodePort: 27000", "nodePort: 27001", "S [27000] was published, now S [27001]"},
		{"another Service of the name", "service", "uid: S", "uid: T", "now T [27000]"},
		{"a Service withdrawn", "service", service, "", "is deleted"},
		{"another number shown", "allocation", "web:27000", "web:27001", "now A web:27001/TCP"},
	} {
		t.Run(row.name, func(t *testing.T) {
			change := cluster.Change{Revision: 11, Key: at[row.what]}
			if text := strings.Replace(stored[row.what], row.old, row.new, 1); text != "" {
				var err error
				if change.Value, err = json.Marshal(parse(text).Object); err != nil {
					t.Fatal(err)
				}
			}
			found := strings.Join(k.judge([]cluster.Change{change}), "\n")
			if row.caught == "" && found != "" || !strings.Contains(found, row.caught) {
				t.Errorf("found %q, want %q", found, row.caught)
			}
		})
	}
}
