package story

import (
	"context"
	"fmt"
	"testing"

	"berth.dev/e2e/kube"
)

func TestAnAllocationGetsAllOfItsNumbersOrNone(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	three := []string{"{name: a, targetPort: 1}", "{name: b, targetPort: 2}", "{name: c, targetPort: 3}"}
	w.MustApply(t, namespace, allocation("web", name, three...))
	object := w.refused(t, namespace, "web", "RangeExhausted", name)
	if kube.Text(object, "status.summary") != "" {
		t.Errorf("it shows numbers: %s", kube.Text(object, "status.summary"))
	}
	w.count(t, name, "available", 2)
	if _, err := w.Get(t.Context(), "service", namespace, "web"); err == nil {
		t.Error("there is a Service without numbers")
	}

	w.MustApply(t, namespace, allocation("web", name, three[:2]...))
	object = w.ready(t, namespace, "web")
	if got := kube.Text(object, "status.summary"); got != fmt.Sprintf("a:%d/TCP b:%d/TCP", first, first+1) {
		t.Errorf("got %s", got)
	}
	w.count(t, name, "available", 0)
	w.AwaitCondition(t, soon, "prange", "", name, "Exhausted", "True")
}

func TestATakenNumberNamesItsHolderAndIsServedWhenItIsFree(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	w.MustApply(t, namespace, allocation("holder", name, port(first)))
	w.ready(t, namespace, "holder")
	w.MustApply(t, namespace, allocation("asker", name, port(first)))
	w.refused(t, namespace, "asker", "PortTaken", fmt.Sprint(first), "PortAllocation "+namespace+"/holder holds")

	w.remove(t, "palloc", namespace, "holder")
	if got := held(w.ready(t, namespace, "asker"), "main"); got != first {
		t.Errorf("it has %d, it asked for %d", got, first)
	}
}

func TestBlocksAndReservedNumbersAreKeptApart(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	// 0 and 1 are reserved, 2 and 3 free for all, 4 and 5 a block with a purpose of its own.
	purpose := kube.UniqueName(t)
	first := numbers(6)
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec:
  space: NodePort
  ports: ["%d-%d"]
  reuseAfter: 0s
  blocks:
  - {name: agents, ports: ["+4-+5"], purpose: %s}
  reserved:
  - {ports: ["%d-%d"], reason: threat intelligence engine}
`, name, first, first+5, purpose, first, first+1))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "prange", "", name) })

	w.MustApply(t, namespace, allocation("plain", name, anyPort))
	if got := held(w.ready(t, namespace, "plain"), "main"); got != first+2 {
		t.Errorf("without a wish: got %d, want the lowest that is neither reserved nor in a block, %d", got, first+2)
	}
	w.MustApply(t, namespace, allocation("block", name, "{name: main, targetPort: 80, block: agents}"))
	if got := held(w.ready(t, namespace, "block"), "main"); got != first+4 {
		t.Errorf("in the block: got %d, want %d", got, first+4)
	}
	w.MustApply(t, namespace, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: purpose}
spec: {purpose: %s, selector: {app: x}, ports: [%s]}
`, purpose, anyPort))
	if got := held(w.ready(t, namespace, "purpose"), "main"); got != first+5 {
		t.Errorf("by the purpose of the block: got %d, want %d", got, first+5)
	}
	for asked, want := range map[string]struct{ port, reason, says string }{
		"reserved":      {port(first), "PortReserved", "threat intelligence engine"},
		"outside":       {port(first + 6), "PortOutsideRange", fmt.Sprintf("%d-%d", first, first+5)},
		"outside-block": {fmt.Sprintf("{name: main, targetPort: 80, block: agents, port: %d}", first+3), "PortOutsideRange", "block agents"},
		"no-block":      {"{name: main, targetPort: 80, block: nobody}", "BlockNotFound", "agents"},
		"full-block":    {"{name: main, targetPort: 80, block: agents}", "RangeExhausted", "agents"},
		"no-range":      {"", "RangeNotFound", "nowhere"},
	} {
		t.Run(asked, func(t *testing.T) {
			text := allocation(asked, name, want.port)
			if want.port == "" {
				text = allocation(asked, "nowhere", anyPort)
			}
			w.MustApply(t, namespace, text)
			object := w.refused(t, namespace, asked, want.reason, want.says)
			if err := kube.HasCondition(object, "Ready", "False", want.reason); err != nil {
				t.Error(err)
			}
		})
	}
	w.count(t, name, "reserved", 2)
	w.count(t, name, "allocated", 3)
	w.count(t, name, "available", 1)
	w.count(t, name, "blocks.0.allocated", 2)
}

func TestARangeIsOnlyForTheNamespacesItSelects(t *testing.T) {
	t.Parallel()
	w := connect(t)
	inside, outside := w.Namespace(t, "team=red"), w.Namespace(t, "team=blue")
	name, _ := w.portRange(t, 4, "namespaceSelector: {matchLabels: {team: red}}")
	w.MustApply(t, inside, allocation("web", name, anyPort))
	w.MustApply(t, outside, allocation("web", name, anyPort))
	w.ready(t, inside, "web")
	w.refused(t, outside, "web", "NamespaceNotAllowed", outside, name)

	w.patch(t, "namespace", "", outside, `{"metadata":{"labels":{"team":"red"}}}`)
	w.ready(t, outside, "web")
}

func TestANamespaceGetsNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	w := connect(t)
	greedy, other := w.Namespace(t), w.Namespace(t)
	name, _ := w.portRange(t, 6, "limits: {perNamespace: 2}")
	w.MustApply(t, greedy, allocation("one", name, anyPort))
	w.ready(t, greedy, "one")
	w.MustApply(t, greedy, allocation("two", name, anyPort))
	w.ready(t, greedy, "two")
	w.MustApply(t, greedy, allocation("three", name, anyPort))
	w.refused(t, greedy, "three", "QuotaExceeded", "2", name)
	w.MustApply(t, other, allocation("one", name, anyPort))
	w.ready(t, other, "one")

	w.remove(t, "palloc", greedy, "one")
	w.ready(t, greedy, "three")
}

func TestANewObjectOfTheSameNameInheritsNoRestingNumber(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2, "reuseAfter: 1h")
	for _, want := range []int64{first, first + 1} {
		w.MustApply(t, namespace, allocation("web", name, anyPort))
		if got := held(w.ready(t, namespace, "web"), "main"); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		w.remove(t, "palloc", namespace, "web")
		w.AwaitGone(t, soon, "service", namespace, "web")
		w.count(t, name, "cooling", want-first+1)
	}
	w.MustApply(t, namespace, allocation("web", name, anyPort)+"---"+allocation("asker", name, port(first)))
	w.refused(t, namespace, "web", "RangeExhausted")
	w.refused(t, namespace, "asker", "PortResting", namespace+"/web released")
	w.count(t, name, "allocated", 0)

	// A shorter rest is in force at once.
	w.patch(t, "prange", "", name, `{"spec":{"reuseAfter":"0s"}}`)
	w.ready(t, namespace, "web")
	if got := held(w.ready(t, namespace, "asker"), "main"); got != first {
		t.Errorf("got %d, asked for %d", got, first)
	}
}

func TestAnEditedRangeMovesNoLiveNumber(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, allocation("old", name, anyPort))
	w.ready(t, namespace, "old")
	before := w.get(t, "service", namespace, "old")

	w.patch(t, "prange", "", name, fmt.Sprintf(`{"spec":{"ports":["%d-%d"]}}`, first+2, first+3))
	w.AwaitCondition(t, soon, "prange", "", name, "ShrinkPending", "True")
	w.count(t, name, "draining", 1)
	w.MustApply(t, namespace, allocation("new", name, anyPort))
	if got := held(w.ready(t, namespace, "new"), "main"); got != first+2 {
		t.Errorf("the new one has %d, the lowest of the range is %d", got, first+2)
	}
	if got := held(w.ready(t, namespace, "old"), "main"); got != first {
		t.Errorf("the live number %d has become %d", first, got)
	}
	after := w.get(t, "service", namespace, "old")
	if before.GetResourceVersion() != after.GetResourceVersion() {
		t.Error("its Service was written")
	}
}

func TestADeletedRangeMovesNoLiveNumber(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, allocation("old", name, anyPort))
	w.ready(t, namespace, "old")
	before := w.get(t, "service", namespace, "old")

	w.remove(t, "prange", "", name)
	w.MustApply(t, namespace, allocation("new", name, anyPort))
	w.refused(t, namespace, "new", "RangeNotFound", name) // so the operator knows
	if got := held(w.ready(t, namespace, "old"), "main"); got != first {
		t.Errorf("the live number %d has become %d", first, got)
	}
	after := w.get(t, "service", namespace, "old")
	if before.GetResourceVersion() != after.GetResourceVersion() {
		t.Error("its Service was written")
	}

	// Its Service is still kept as it should be.
	w.patch(t, "service", namespace, "old", fmt.Sprintf(`{"spec":{"ports":[{"name":"main","port":%d,"nodePort":%d,"targetPort":1}]}}`, first, first))
	kube.Eventually(t, soon, "the Service of a number without a range to be repaired", func(ctx context.Context) error {
		service, err := w.Get(ctx, "service", namespace, "old")
		if err != nil {
			return err
		}
		if got := kube.Text(service, "spec.ports.0.targetPort"); got != "8080" {
			return fmt.Errorf("targetPort is %s", got)
		}
		return nil
	})
}

func TestAnInternalNumberIsNotHandedOutForTheOutside(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	policy := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %s}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
  undeclared: Allow
  internal:
  - {port: %d, service: the ledger of the bank}
  - {port: 5432, service: PostgreSQL}
`, policy, namespace, first))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "xpol", "", policy) })
	w.AwaitCondition(t, soon, "xpol", "", policy, "Ready", "True")

	w.MustApply(t, namespace, allocation("any", name, anyPort)+"---"+
		allocation("asker", name, port(first))+"---"+
		allocation("database", name, "{name: main, targetPort: 5432}")+"---"+
		allocation("inside", name, fmt.Sprintf("{name: main, targetPort: 8080, port: %d, exposure: Namespace}", first)))
	if got := held(w.ready(t, namespace, "any"), "main"); got != first+1 {
		t.Errorf("got %d, want %d", got, first+1)
	}
	w.refused(t, namespace, "asker", "PortInternal", "the ledger of the bank", policy)
	w.refused(t, namespace, "database", "PortInternal", "PostgreSQL", policy)
	if got := held(w.ready(t, namespace, "inside"), "main"); got != first {
		t.Errorf("for the inside: got %d, want %d", got, first)
	}
}

func TestANodePortOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	first := numbers(2)
	w.MustApply(t, namespace, fmt.Sprintf(`
{apiVersion: v1, kind: Service, metadata: {name: foreign}, spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}}`, first))
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: %s}, spec: {space: NodePort, ports: ["%d-%d"]}}`, name, first, first+1))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "prange", "", name) })
	w.count(t, name, "external", 1)

	w.MustApply(t, namespace, allocation("any", name, anyPort)+"---"+allocation("asker", name, port(first)))
	if got := held(w.ready(t, namespace, "any"), "main"); got != first+1 {
		t.Errorf("got %d, want %d", got, first+1)
	}
	w.refused(t, namespace, "asker", "PortTaken", "Service "+namespace+"/foreign")
	w.remove(t, "service", namespace, "foreign")
	w.ready(t, namespace, "asker")
	w.count(t, name, "external", 0)
}
