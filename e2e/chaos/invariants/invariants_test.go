package invariants_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/chaos/invariants"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The range of all histories here.
var numbers = invariants.Range{Name: "r", First: 100, Last: 109, Reserved: []int64{105}, ReuseAfter: 2 * time.Second}

// history is what a cluster has stored, written down by hand: every call is one revision.
type history struct {
	revision  int64
	revisions []revision
	world     cluster.World
}

type revision struct {
	changes []cluster.Change
	world   cluster.World
}

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newHistory() *history { return &history{world: cluster.World{}} }

func (h *history) put(key, text string) *history {
	objects, err := kube.Parse(text)
	if err != nil || len(objects) != 1 {
		panic(fmt.Sprintf("%v in %s", err, text))
	}
	return h.store(key, objects[0])
}

func (h *history) store(key string, object *unstructured.Unstructured) *history {
	value, err := json.Marshal(object.Object)
	if err != nil {
		panic(err)
	}
	h.world[key] = object
	return h.commit(cluster.Change{Key: key, Value: value})
}

func (h *history) commit(change cluster.Change) *history {
	h.revision++
	change.Revision = h.revision
	h.revisions = append(h.revisions, revision{[]cluster.Change{change}, h.world.Copy()})
	return h
}

func (h *history) gone(key string) *history {
	if h.world[key] == nil {
		panic(key)
	}
	delete(h.world, key)
	return h.commit(cluster.Change{Key: key})
}

// beat lets the clock show some seconds since the beginning.
func (h *history) beat(seconds float64) *history {
	key := cluster.Prefix("", "configmaps") + invariants.ClockNamespace + "/" + invariants.ClockName
	return h.store(key, invariants.Beat(began.Add(time.Duration(seconds*float64(time.Second)))))
}

func allocationKey(name string) string {
	return cluster.Prefix("berth.dev", "portallocations") + "ns/" + name
}
func serviceKey(name string) string { return cluster.Prefix("", "services/specs") + "ns/" + name }

// allocation stores a PortAllocation that asks for the ports in spec and shows those in status, both as
// "name" or "name=number"; its UID is uid-NAME.
func (h *history) allocation(name, spec, status string) *history {
	return h.generation(name, 1, spec, status)
}

func (h *history) generation(name string, generation int, spec, status string) *history {
	var asked, shown []string
	for _, port := range strings.Fields(spec) {
		asked = append(asked, fmt.Sprintf("{name: %s}", port))
	}
	for _, port := range strings.Fields(status) {
		name, number, _ := strings.Cut(port, "=")
		shown = append(shown, fmt.Sprintf("{name: %s, port: %s}", name, number))
	}
	condition := `{type: Allocated, status: "False", reason: RangeExhausted}`
	if len(shown) > 0 {
		condition = `{type: Ready, status: "True"}`
	}
	return h.put(allocationKey(name), fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: ns, name: %[1]s, uid: uid-%[1]s, generation: %[2]d}
spec: {rangeName: r, ports: [%[3]s]}
status: {observedGeneration: %[2]d, ports: [%[4]s], conditions: [%[5]s]}
`, name, generation, strings.Join(asked, ", "), strings.Join(shown, ", "), condition))
}

// service stores the Service that is generated for uid-OWNER; ports as "name=number".
func (h *history) service(name, owner, ports string) *history {
	labels := ""
	if owner != "" {
		labels = fmt.Sprintf("app.kubernetes.io/managed-by: berth, berth.dev/allocation-uid: uid-%s", owner)
	}
	var list []string
	for _, port := range strings.Fields(ports) {
		name, number, _ := strings.Cut(port, "=")
		list = append(list, fmt.Sprintf("{name: %s, port: 1, nodePort: %s}", name, number))
	}
	return h.put(serviceKey(name), fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: ns, name: %s, uid: service-%s, labels: {%s}}
spec: {ports: [%s]}
`, name, name, labels, strings.Join(list, ", ")))
}

// ledger stores the shard with these entries: "100=held:a 101=resting:b".
func (h *history) ledger(entries string) *history {
	list := map[string]string{}
	for _, entry := range strings.Fields(entries) {
		number, what, _ := strings.Cut(entry, "=")
		state, owner, _ := strings.Cut(what, ":")
		list[number] = fmt.Sprintf("1 %s ns/%s uid-%s p/TCP 1 0 r", state, owner, owner)
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return h.put(cluster.Prefix("berth.dev", "portledgers")+"nodeport-000", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortLedger
metadata: {name: nodeport-000}
spec: {space: NodePort, shard: 0, entries: %s}
`, text))
}

func (h *history) portRange(allocated int) *history {
	return h.put(cluster.Prefix("berth.dev", "portranges")+"r", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: r}
status: {allocated: %d}
`, allocated))
}

func (h *history) policy(name, owner string) *history {
	return h.put(cluster.Prefix("", "networkpolicies")+"ns/"+name, fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: ns, name: %s, labels: {app.kubernetes.io/managed-by: berth, berth.dev/allocation-uid: uid-%s}}
`, name, owner))
}

// judge lets an auditor see the history, and then the end of it.
func (h *history) judge() error {
	auditor := invariants.New(numbers)
	for i, one := range h.revisions {
		if err := auditor.Check(int64(i+1), one.changes, one.world); err != nil {
			return fmt.Errorf("revision %d: %w", i+1, err)
		}
	}
	if err := auditor.Finish(); err != nil {
		return err
	}
	return invariants.AtRest(auditor.Last)
}

// published is the good life of an allocation with one port, up to its Service.
func (h *history) published(name string, number int) *history {
	return h.allocation(name, "p", "").
		ledger(fmt.Sprintf("%d=held:%s", number, name)).
		allocation(name, "p", fmt.Sprintf("p=%d", number)).
		policy(name, name).
		service(name, name, fmt.Sprintf("p=%d", number))
}

func (h *history) released(name string, number int) *history {
	return h.gone(allocationKey(name)).
		gone(serviceKey(name)).
		gone(cluster.Prefix("", "networkpolicies") + "ns/" + name).
		ledger(fmt.Sprintf("%d=resting:%s", number, name))
}

func TestGoodHistoriesPass(t *testing.T) {
	for name, h := range map[string]*history{
		"published": newHistory().published("a", 100).portRange(1),
		"number shared by TCP and UDP": newHistory().allocation("a", "p q", "").ledger("100=held:a").
			allocation("a", "p q", "p=100 q=100").service("a", "a", "p=100 q=100"),
		"released, rested, given to the next": newHistory().beat(0).published("a", 100).released("a", 100).
			beat(1).beat(2.1).ledger("").published("b", 100).beat(2.2).beat(2.4),
		"given back to a name by another UID after its rest": newHistory().beat(0).published("a", 100).released("a", 100).
			beat(3).ledger("").published("b", 100).beat(4).beat(5),
		"waiting for a number": newHistory().allocation("a", "p", "").portRange(0),
		"claim taken back before anybody saw it": newHistory().allocation("a", "p", "").ledger("100=held:a").
			ledger("100=resting:a").ledger("").published("b", 100),
		"somebody else's Service outside the range": newHistory().published("a", 100).service("other", "", "p=110"),
		"edited spec": newHistory().published("a", 100).generation("a", 2, "p", "p=100").ledger("100=held:a 101=held:a").
			generation("a", 3, "p", "p=101").service("a", "a", "p=101").ledger("100=resting:a 101=held:a"),
		"status lags behind an edited spec": newHistory().published("a", 100).put(allocationKey("a"), `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: ns, name: a, uid: uid-a, generation: 2}
spec: {rangeName: r, ports: [{name: p}, {name: q}]}
status: {observedGeneration: 1, ports: [{name: p, port: 100}]}
`).ledger("100=held:a 101=held:a").generation("a", 2, "p q", "p=100 q=101").service("a", "a", "p=100 q=101"),
	} {
		if err := h.judge(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadHistoriesAreCaughtAtTheRevisionWhereTheyGoWrong(t *testing.T) {
	cases := map[string]struct {
		history *history
		want    string
	}{
		"two statuses show one number": {
			newHistory().published("a", 100).allocation("b", "p", "p=100"),
			"revision 6: I1: number 100 has two owners",
		},
		"a Service has the number of somebody else's status": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:b").service("b", "b", "p=100"),
			"revision 7: I1: number 100 has two owners",
		},
		"a Service that nobody declared has a number of ours": {
			newHistory().published("a", 100).service("stranger", "", "p=100"),
			"revision 6: I1: number 100 has two owners",
		},
		"a Service lives on when the number has a new owner": {
			newHistory().published("a", 100).gone(allocationKey("a")).ledger("100=held:b"),
			"I4: 100 passed from ns/a",
		},
		"published without an entry": {
			newHistory().allocation("a", "p", "").service("a", "a", "p=100"),
			"revision 2: I2: Service ns/a has 100, which nobody holds",
		},
		"status before the ledger": {
			newHistory().allocation("a", "p", "p=100"),
			"revision 1: I2: the status of ns/a has 100, which nobody holds",
		},
		"published for one, held for another": {
			newHistory().allocation("b", "p", "").ledger("100=held:b").service("a", "a", "p=100"),
			"revision 3: I2: Service ns/a has 100, which the ledger says ns/b",
		},
		"released before the Service is gone": {
			newHistory().published("a", 100).gone(allocationKey("a")).ledger("100=resting:a"),
			"revision 7: I2: Service ns/a has 100, which nobody holds in the ledger (it rests after ns/a)",
		},
		"the entry passes to the next owner without a rest": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").ledger("100=held:b"),
			"revision 3: I4: 100 passed from ns/a",
		},
		"reused at once": {
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).published("b", 100).beat(5.1).beat(5.2),
			"I4: 100 was let go at revision",
		},
		"reused a moment too early": {
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).beat(6.8).published("b", 100).beat(6.9).beat(6.95),
			"at most 1.95s later; it must rest 2s",
		},
		"reused while a late beat was on its way": { // read before the reuse, stored behind it
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).ledger("").published("b", 100).beat(5.5).beat(6.5),
			"at most 1.5s later",
		},
		"a number of the status changes": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").allocation("a", "p", "p=101"),
			"revision 7: I5: port p of ns/a had 100 and has 101 now",
		},
		"a number of the status is lost": {
			newHistory().published("a", 100).allocation("a", "p", ""),
			"revision 6: I5: ns/a has lost its number 100",
		},
		"a published number changes": {
			newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").service("a", "a", "p=100").service("a", "a", "p=101"),
			"revision 4: I5: Service ns/a publishes port p at 101, at revision 3 it was 100",
		},
		"a Service comes back with another number": {
			newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").service("a", "a", "p=100").
				gone(serviceKey("a")).service("a", "a", "p=101"),
			"revision 5: I5: Service ns/a publishes port p at 101",
		},
		"half of the ports": {
			newHistory().allocation("a", "p q", "").ledger("100=held:a").allocation("a", "p q", "p=100"),
			"revision 3: I9: ns/a asks for [p q] and its status shows [p]",
		},
		"a reserved number": {
			newHistory().allocation("a", "p", "").ledger("105=held:a"),
			"revision 2: I10: the entry of ns/a has 105, which is reserved",
		},
		"a number outside the range": {
			newHistory().allocation("a", "p", "p=110"),
			"revision 1: I2",
		},
		"an entry that says nothing": {
			newHistory().put(cluster.Prefix("berth.dev", "portledgers")+"nodeport-000", `
apiVersion: berth.dev/v1alpha1
kind: PortLedger
metadata: {name: nodeport-000}
spec: {space: NodePort, shard: 0, entries: {"100": held by me}}
`),
			"revision 1: unreadable ledger entries",
		},
		"at the end a Service without owner": {
			newHistory().ledger("100=held:a").service("a", "a", "p=100"),
			"Service ns/a is left of uid-a",
		},
		"at the end a policy without owner": {
			newHistory().policy("a", "a"),
			"NetworkPolicy ns/a is left of uid-a",
		},
		"at the end an entry without owner": {
			newHistory().ledger("100=held:a"),
			"I3: 100 is held for ns/a (uid-a), which does not exist",
		},
		"at the end an entry too many": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a"),
			"I3: 101 is held for ns/a, whose status does not show it",
		},
		"at the end not published": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").allocation("a", "p", "p=100"),
			"ns/a has the numbers [100], published are []",
		},
		"at the end a wrong count": {
			newHistory().published("a", 100).portRange(2),
			"I13: PortRange r counts 2 allocated (true), the ledger 1",
		},
		"at the end no reason": {
			newHistory().put(allocationKey("a"), `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: ns, name: a, uid: uid-a, generation: 1}
spec: {rangeName: r, ports: [{name: p}]}
status: {observedGeneration: 1, conditions: [{type: Allocated, status: "False", reason: Pending}]}
`),
			"I11: ns/a has no number and does not say why",
		},
		"at the end not seen": {
			newHistory().put(allocationKey("a"), `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: ns, name: a, uid: uid-a, generation: 1}
spec: {rangeName: r, ports: [{name: p}]}
`),
			"ns/a is at generation 1, its status speaks of -1",
		},
		"the clock stops too early": {
			newHistory().beat(0).published("a", 100).released("a", 100).published("b", 100).beat(9),
			"the clock stopped before it could tell how long [100] had rested",
		},
		"the clock begins too late": {
			newHistory().published("a", 100).released("a", 100).beat(0).published("b", 100).beat(9).beat(10),
			"before the clock began",
		},
		"nothing at all": {newHistory(), "no revision was checked"},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		err := cases[name].history.judge()
		if err == nil || !strings.Contains(err.Error(), cases[name].want) {
			t.Errorf("%s: got %v\nwant %s", name, err, cases[name].want)
		}
	}
}

// A rule that looks at one moment says everything that is wrong, not only the first.
func TestAllOffencesOfOneMomentAreTold(t *testing.T) {
	h := newHistory().ledger("100=held:a 101=held:b").policy("a", "a")
	auditor := invariants.New(numbers)
	for i, one := range h.revisions {
		if err := auditor.Check(int64(i+1), one.changes, one.world); err != nil {
			t.Fatal(err)
		}
	}
	err := invariants.AtRest(auditor.Last)
	for _, want := range []string{"100 is held", "101 is held", "NetworkPolicy ns/a is left"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}

func TestANumberMayMoveOnlyBeforeItWasPublishedAndOnlyWhereThatIsAllowed(t *testing.T) {
	held := func() *history {
		return newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").allocation("a", "p", "p=100")
	}
	for name, one := range map[string]struct {
		history *history
		allowed bool
		want    string // "" passes
	}{
		"before, allowed":     {held().allocation("a", "p", "p=101"), true, ""},
		"before, not allowed": {held().allocation("a", "p", "p=101"), false, "I5: port p of ns/a had 100 and has 101 now"},
		"after, allowed": {held().service("a", "a", "p=100").gone(serviceKey("a")).allocation("a", "p", "p=101"), true,
			"I5: port p of ns/a had 100 and has 101 now"},
	} {
		auditor := invariants.New(numbers)
		auditor.UnpublishedMayMove = one.allowed
		var err error
		for i, revision := range one.history.revisions {
			err = errors.Join(err, auditor.Check(int64(i+1), revision.changes, revision.world))
		}
		if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)) {
			t.Errorf("%s: got %v\nwant %s", name, err, one.want)
		}
	}
}
