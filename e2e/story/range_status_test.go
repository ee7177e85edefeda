package story

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
)

// rangeEvent waits for an Event about the cluster-scoped range.
func (w *world) rangeEvent(t *testing.T, name, eventType, reason string) {
	t.Helper()
	kube.Eventually(t, soon, fmt.Sprintf("a %s event %s about PortRange %s", eventType, reason, name), func(ctx context.Context) error {
		events, err := w.List(ctx, "events.events.k8s.io", "default")
		if err != nil {
			return err
		}
		for _, event := range events {
			if kube.Text(&event, "regarding.kind") == "PortRange" && kube.Text(&event, "regarding.name") == name &&
				kube.Text(&event, "reason") == reason && kube.Text(&event, "type") == eventType {
				return nil
			}
		}
		return fmt.Errorf("there is none among %d events", len(events))
	})
}

// laterThan waits until what is created now is younger than the object, to the second that creationTimestamp has.
func (w *world) laterThan(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	kube.Eventually(t, soon, "the next second of the API server", func(ctx context.Context) error {
		probe := kube.MustParseOne(t, fmt.Sprintf(
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: probe, namespace: %s}}", object.GetNamespace()))
		answer, err := w.DryRun(ctx, probe)
		if err != nil {
			return err
		}
		if at := answer.GetCreationTimestamp(); !at.After(object.GetCreationTimestamp().Time) {
			return fmt.Errorf("it is still %s", at)
		}
		return nil
	})
}

func TestARangeSaysWhichNumbersTheAPIServerRefuses(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: %s}, spec: {space: NodePort, ports: ["40000-40001"]}}`, name))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "prange", "", name) })
	w.MustApply(t, namespace, allocation("outside", name, anyPort))
	w.AwaitCondition(t, soon, "palloc", namespace, "outside", "Published", "False")
	w.AwaitCondition(t, soon, "prange", "", name, "OutsideNodePortRange", "True")
	told(t, w.get(t, "prange", "", name), "OutsideNodePortRange", "40000-40001", "--service-node-port-range")
	w.rangeEvent(t, name, "Warning", "ApiServerRefuses")
	told(t, w.get(t, "palloc", namespace, "outside"), "Published", "not in the valid range")
}

func TestAFullRangeSaysSoAndServesWhoWaitedLongestFirst(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 1, "reuseAfter: 0s")
	w.MustApply(t, namespace, allocation("holder", name, anyPort))
	w.ready(t, namespace, "holder")
	w.AwaitCondition(t, soon, "prange", "", name, "Exhausted", "True")
	w.rangeEvent(t, name, "Warning", "NoneLeft")
	for _, waiting := range []string{"z-first", "a-second"} {
		w.MustApply(t, namespace, allocation(waiting, name, anyPort))
		w.laterThan(t, w.refused(t, namespace, waiting, "RangeExhausted"))
	}
	w.remove(t, "palloc", namespace, "holder")
	if got := held(w.ready(t, namespace, "z-first"), "main"); got != first {
		t.Errorf("got %d, want %d", got, first)
	}
	w.refused(t, namespace, "a-second", "RangeExhausted")
	w.remove(t, "palloc", namespace, "z-first")
	w.ready(t, namespace, "a-second")
	w.remove(t, "palloc", namespace, "a-second")
	w.AwaitCondition(t, soon, "prange", "", name, "Exhausted", "False")
	w.rangeEvent(t, name, "Normal", "EnoughLeft")
}
