package stale

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// stored is what there is of Berth in a cluster.
type stored struct {
	allocations, ledgers []unstructured.Unstructured
	generated            []unstructured.Unstructured // Services and NetworkPolicies
	ranges               []unstructured.Unstructured
}

func (w *world) read(ctx context.Context) (found stored, err error) {
	for _, one := range []struct {
		into     *[]unstructured.Unstructured
		kind     string
		selector []string
	}{
		{&found.allocations, "portallocations.berth.dev", nil},
		{&found.ledgers, "portledgers.berth.dev", nil},
		{&found.ranges, "portranges.berth.dev", nil},
		{&found.generated, "services", []string{"app.kubernetes.io/managed-by=berth"}},
		{&found.generated, "networkpolicies.networking.k8s.io", []string{"app.kubernetes.io/managed-by=berth"}},
	} {
		list, err := w.List(ctx, one.kind, "", one.selector...)
		if err != nil {
			return stored{}, err
		}
		*one.into = append(*one.into, list...)
	}
	return found, nil
}

// served waits until every allocation is served or told why not, and nothing is held or published for one
// that is gone.
func (w *world) served(when string) {
	w.t.Helper()
	w.await(when+": everybody to be served", stored.served)
}

// empty waits until all allocations are gone, with everything that was theirs, and all numbers have rested.
func (w *world) empty() {
	w.t.Helper()
	w.await("nothing to be left", stored.empty)
}

func (w *world) await(what string, missing func(stored) error) {
	w.t.Helper()
	kube.Eventually(w.t, site.Patience, what, func(ctx context.Context) error {
		found, err := w.read(ctx)
		if err != nil {
			return err
		}
		if err := missing(found); err != nil {
			return errors.Join(err, w.heal(ctx))
		}
		return nil
	})
}

func (s stored) served() error {
	alive := map[string]bool{}
	for _, one := range s.allocations {
		alive[string(one.GetUID())] = true
		if observed, _ := kube.Int(&one, "status.observedGeneration"); observed != one.GetGeneration() {
			return fmt.Errorf("the status of %s is of generation %d, not %d", kube.Name(&one), observed, one.GetGeneration())
		}
		if err := answered(&one); err != nil {
			return err
		}
	}
	for _, ledger := range s.ledgers {
		for key, text := range entriesOf(&ledger) {
			if fields := strings.Fields(text); fields[1] == "held" && !alive[fields[3]] {
				return fmt.Errorf("%s is held for %s, which is gone", key, fields[2])
			}
		}
	}
	for _, one := range s.generated {
		if owner := one.GetLabels()["berth.dev/allocation-uid"]; owner != "" && !alive[owner] {
			return fmt.Errorf("%s is left of %s", kube.Name(&one), owner)
		}
	}
	return nil
}

func (s stored) empty() error {
	if len(s.allocations) > 0 {
		return fmt.Errorf("%d allocations are left", len(s.allocations))
	}
	for _, ledger := range s.ledgers {
		if entries := entriesOf(&ledger); len(entries) > 0 {
			return fmt.Errorf("%s has the entries %v", ledger.GetName(), entries)
		}
	}
	for _, one := range s.ranges {
		for _, count := range []string{"allocated", "cooling"} {
			if left, _ := kube.Int(&one, "status."+count); left != 0 {
				return fmt.Errorf("%s says that %d are %s", kube.Name(&one), left, count)
			}
		}
	}
	return s.served()
}

func entriesOf(ledger *unstructured.Unstructured) map[string]string {
	texts, _, _ := unstructured.NestedStringMap(ledger.Object, "spec", "entries")
	return texts
}

// answered returns nil if an allocation is served, or was told why not, and that is so: there are no numbers
// left; somebody has the one that it asks for, perhaps since after it was claimed; or another port of its own
// has it, which an edit leaves with what it had.
func answered(one *unstructured.Unstructured) error {
	served := kube.HasCondition(one, "Ready", "True")
	for _, answer := range [][3]string{
		{"Allocated", "False", "RangeExhausted"}, {"Allocated", "False", "PortTaken"}, {"Published", "False", "PortTaken"},
	} {
		if kube.HasCondition(one, answer[0], answer[1], answer[2]) == nil {
			return nil
		}
	}
	if kube.HasCondition(one, "Allocated", "False", "PortRequestedTwice") == nil && asksForItsOwn(one) {
		return nil
	}
	return served
}

// asksForItsOwn: a port asks for the number that another port of the allocation has.
func asksForItsOwn(one *unstructured.Unstructured) bool {
	wished, _ := kube.Value(one, "spec.ports")
	shown, _ := kube.Value(one, "status.ports")
	for _, wish := range objectsOf(wished) {
		for _, has := range objectsOf(shown) {
			if wish["port"] != nil && wish["port"] == has["port"] && wish["name"] != has["name"] {
				return true
			}
		}
	}
	return false
}

// objectsOf returns the objects of a list.
func objectsOf(list any) (objects []map[string]any) {
	items, _ := list.([]any)
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// What the plans wait for would notice everything that an operator with a stale view could leave behind.
func TestWhatIsLeftUndoneIsNoticed(t *testing.T) {
	const (
		allocation = "{apiVersion: berth.dev/v1alpha1, kind: PortAllocation, metadata: {namespace: n, name: a, uid: u1, generation: 2}, status: {observedGeneration: 2, conditions: [{type: Ready, status: \"True\"}]}}"
		ledger     = "{apiVersion: berth.dev/v1alpha1, kind: PortLedger, metadata: {name: l}, spec: {entries: {\"24100\": \"1 held n/a u1 web/TCP 7 0 r\"}}}"
		service    = "{apiVersion: v1, kind: Service, metadata: {namespace: n, name: a, labels: {berth.dev/allocation-uid: u1}}}"
		numbers    = "{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: r}, status: {allocated: 0, cooling: 0}}"
	)
	world := func(allocation, ledger, service, numbers string) stored {
		parse := func(text string) []unstructured.Unstructured {
			if text == "" {
				return nil
			}
			return []unstructured.Unstructured{*kube.MustParseOne(t, text)}
		}
		return stored{allocations: parse(allocation), ledgers: parse(ledger), generated: parse(service), ranges: parse(numbers)}
	}
	change := func(text, from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("%s is not in %s", from, text)
		}
		return strings.Replace(text, from, to, 1)
	}
	refused := func(wish int) string { // the port that asks for it, and the one that has 24121
		return fmt.Sprintf("{apiVersion: berth.dev/v1alpha1, kind: PortAllocation, metadata: {namespace: n, name: a, uid: u1, generation: 2}, "+
			"spec: {ports: [{name: p0}, {name: p2, port: %d}]}, "+
			"status: {observedGeneration: 2, ports: [{name: p0, port: 24121}, {name: p2, port: 24123}], "+
			"conditions: [{type: Ready, status: \"False\"}, {type: Allocated, status: \"False\", reason: PortRequestedTwice}]}}", wish)
	}
	const rests = "{apiVersion: berth.dev/v1alpha1, kind: PortLedger, metadata: {name: l}, spec: {entries: {\"24100\": \"1 resting n/a u1 web/TCP 7 0 r\"}}}"
	for name, one := range map[string]struct {
		world stored
		judge func(stored) error
		want  string // "" = it passes
	}{
		"everything is done":                 {world(allocation, ledger, service, numbers), stored.served, ""},
		"it asks for a number of its own":    {world(refused(24121), ledger, service, numbers), stored.served, ""},
		"it is said to ask for its own":      {world(refused(24122), ledger, service, numbers), stored.served, "Ready=False"},
		"nothing is there":                   {world("", "", "", numbers), stored.empty, ""},
		"an edit was not seen":               {world(change(allocation, "observedGeneration: 2", "observedGeneration: 1"), ledger, service, numbers), stored.served, "generation 1, not 2"},
		"it is not ready, and no reason why": {world(change(allocation, "True", "False"), ledger, service, numbers), stored.served, "Ready=False"},
		"created again, held for the old":    {world(change(allocation, "u1", "u2"), ledger, "", numbers), stored.served, "24100 is held for n/a"},
		"created again, the old Service":     {world(change(allocation, "u1", "u2"), "", service, numbers), stored.served, "is left of u1"},
		"deleted, its Service is there":      {world("", "", service, numbers), stored.empty, "is left of u1"},
		"deleted, its number is held":        {world("", ledger, "", numbers), stored.empty, "has the entries"},
		"deleted, its number never rested":   {world("", rests, "", numbers), stored.empty, "has the entries"},
		"deleted, and counted still":         {world("", "", "", change(numbers, "allocated: 0", "allocated: 1")), stored.empty, "1 are allocated"},
		"not deleted":                        {world(allocation, ledger, service, numbers), stored.empty, "1 allocations are left"},
	} {
		err := one.judge(one.world)
		if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)) {
			t.Errorf("%s: it says %v, want %q", name, err, one.want)
		}
	}
}
