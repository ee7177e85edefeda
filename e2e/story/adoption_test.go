package story

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// before is a Service as a team had it: names, ports and fields that Berth would not have made so.
const before = `
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {team: net, app.kubernetes.io/managed-by: Helm}
  annotations: {example.org/pool: public}
  finalizers: [example.org/keep]
spec:
  type: NodePort
  selector: {app: web}
  sessionAffinity: ClientIP
  publishNotReadyAddresses: true
  externalTrafficPolicy: Local
  ports:
  - {name: http, port: 80, targetPort: 8080, nodePort: %d, appProtocol: http}
  - {name: dns, port: 53, targetPort: 5353, nodePort: %d, protocol: UDP}
`

// moving declares the ports of before, one of them under another name.
func moving(rangeName string, fields ...string) string {
	return allocation("web", rangeName, "{name: http, targetPort: 8080}", "{name: names, targetPort: 5353, protocol: UDP}") +
		strings.Join(fields, "\n")
}

// asks puts the annotation on the Service.
func (w *world) asks(t *testing.T, namespace, name string) {
	t.Helper()
	w.patch(t, "service", namespace, name, fmt.Sprintf(`{"metadata":{"annotations":{"berth.dev/adopt":%q}}}`, name))
}

// untouched compares everything of a Service but what says whose it is. `was` is from before the adoption.
func untouched(t *testing.T, was, is *unstructured.Unstructured) {
	t.Helper()
	if is.GetUID() != was.GetUID() {
		t.Fatalf("it is another object: %s, not %s", is.GetUID(), was.GetUID())
	}
	if !reflect.DeepEqual(is.Object["spec"], was.Object["spec"]) {
		t.Errorf("the spec changed:\nwas %v\nis  %v", was.Object["spec"], is.Object["spec"])
	}
	if !reflect.DeepEqual(is.GetFinalizers(), was.GetFinalizers()) {
		t.Errorf("the finalizers changed: %v", is.GetFinalizers())
	}
	for key, value := range was.GetLabels() {
		if is.GetLabels()[key] != value {
			t.Errorf("label %s became %q", key, is.GetLabels()[key])
		}
	}
	for key, value := range was.GetAnnotations() {
		if key != "berth.dev/adopt" && is.GetAnnotations()[key] != value {
			t.Errorf("annotation %s became %q", key, is.GetAnnotations()[key])
		}
	}
}

// let removes the finalizer, so that the namespace can go.
func (w *world) let(t *testing.T, namespace string) {
	t.Cleanup(func() {
		_, _ = w.Patch(context.Background(), "service", namespace, "web", `{"metadata":{"finalizers":null}}`)
	})
}

func TestAServiceIsTakenOverAsItIs(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	w.let(t, namespace)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, fmt.Sprintf(before, first+1, first+3))
	w.asks(t, namespace, "web")
	was := w.get(t, "service", namespace, "web")
	w.MustApply(t, namespace, moving(name))
	object := w.ready(t, namespace, "web")
	if held(object, "http") != first+1 || held(object, "names") != first+3 {
		t.Errorf("it shows %s", kube.Text(object, "status.summary"))
	}
	is := w.get(t, "service", namespace, "web")
	untouched(t, was, is)
	owners := is.GetOwnerReferences()
	if len(owners) != 1 || owners[0].UID != object.GetUID() {
		t.Errorf("its owners are %v", owners)
	}
	w.count(t, name, "allocated", 2)

	// Ours from now on, with the annotation and without.
	w.patch(t, "service", namespace, "web", `{"metadata":{"annotations":{"berth.dev/adopt":null}}}`)
	w.patch(t, "service", namespace, "web", `{"spec":{"selector":{"app":"somebody-else"}}}`)
	kube.Eventually(t, soon, "the selector to be restored", func(ctx context.Context) error {
		found, err := w.Get(ctx, "service", namespace, "web")
		if err != nil {
			return err
		}
		if kube.Text(found, "spec.selector.app") != "web" {
			return errors.New("it is not yet")
		}
		return nil
	})
	untouched(t, was, w.get(t, "service", namespace, "web"))
}

func TestANumberOutsideTheRangeIsTakenOverAndReported(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	w.let(t, namespace)
	name, _ := w.portRange(t, 2)
	outside := numbers(2)
	w.MustApply(t, namespace, fmt.Sprintf(before, outside, outside+1))
	w.asks(t, namespace, "web")
	was := w.get(t, "service", namespace, "web")
	w.MustApply(t, namespace, moving(name))
	object := w.ready(t, namespace, "web")
	told(t, object, "Allocated", fmt.Sprint(outside), "range "+name)
	untouched(t, was, w.get(t, "service", namespace, "web"))
	w.count(t, name, "draining", 2)
}

// The allocation came first, and has chosen numbers that nobody saw.
func TestAServiceMayAskLater(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	w.let(t, namespace)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, fmt.Sprintf(before, first+2, first+3))
	w.MustApply(t, namespace, moving(name))
	w.awaitWords(t, "palloc", namespace, "web", "Published", "False", "NameTaken", "berth.dev/adopt: web")
	if policies, err := w.List(t.Context(), "networkpolicy", namespace); err != nil || len(policies) != 0 {
		t.Errorf("policies that cut off the clients of somebody else's Service: %v %v", policies, err)
	}
	w.asks(t, namespace, "web")
	was := w.get(t, "service", namespace, "web")
	object := w.ready(t, namespace, "web")
	if held(object, "http") != first+2 || held(object, "names") != first+3 {
		t.Errorf("it shows %s", kube.Text(object, "status.summary"))
	}
	untouched(t, was, w.get(t, "service", namespace, "web"))
}

func TestAServiceThatDoesNotFitIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	w := connect(t)
	name, first := w.portRange(t, 2)
	for _, refusal := range []struct{ what, object, condition, says string }{
		{"a port that is not declared", allocation("web", name, "{name: http, targetPort: 8080}"), "Allocated", "dns (UDP 53"},
		{"another number asked for", allocation("web", name, fmt.Sprintf("{name: http, targetPort: 8080, port: %d}", first+1),
			"{name: names, targetPort: 5353, protocol: UDP}"), "Allocated", "or none"},
		{"another target", allocation("web", name, "{name: http, targetPort: 9999}", "{name: names, targetPort: 5353, protocol: UDP}"),
			"Published", "-> 9999"},
		{"an exposure that publishes nothing outside", strings.Replace(moving(name), "exposure: External", "exposure: Cluster", 1),
			"Published", "type is NodePort"},
	} {
		namespace := w.Namespace(t)
		w.MustApply(t, namespace, strings.Replace(fmt.Sprintf(before, first, first+1), "finalizers: [example.org/keep]", "", 1))
		w.asks(t, namespace, "web")
		was := w.get(t, "service", namespace, "web")
		w.MustApply(t, namespace, refusal.object)
		w.awaitWords(t, "palloc", namespace, "web", refusal.condition, "False", "AdoptionRefused", refusal.says)
		if is := w.get(t, "service", namespace, "web"); is.GetResourceVersion() != was.GetResourceVersion() {
			t.Errorf("%s: the Service was written: %v", refusal.what, is.Object)
		}
		if policies, err := w.List(t.Context(), "networkpolicy", namespace); err != nil || len(policies) != 0 {
			t.Errorf("%s: policies were written: %v %v", refusal.what, policies, err)
		}
		w.remove(t, "palloc", namespace, "web")
		w.remove(t, "service", namespace, "web")
		w.count(t, name, "allocated", 0)
	}
}

func TestHostPortsOfPodsThatRunAreTakenOverAsTheyAre(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: HostPort, ports: ["45000-45009"]}
`, name))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "prange", "", name) })
	w.MustApply(t, namespace, `
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec:
  nodeName: node-a
  containers: [{name: main, image: example.org/db, ports: [{name: sql, containerPort: 8432, hostPort: 45003}]}]
`)
	w.count(t, name, "external", 1)
	w.awaitWords(t, "prange", "", name, "UndeclaredUse", "True", "UsedWithoutAllocation", "45003", namespace+"/db")
	before := w.get(t, "pod", namespace, "db")

	// Nobody else gets the number, by asking for it or by choice.
	w.MustApply(t, namespace, allocation("rival", name, "{name: sql, targetPort: 8432, port: 45003}"))
	w.refused(t, namespace, "rival", "PortTaken", "45003", namespace+"/db")

	w.MustApply(t, namespace, allocation("db", name, "{name: sql, targetPort: 8432, port: 45003}"))
	if got := held(w.ready(t, namespace, "db"), "sql"); got != 45003 {
		t.Errorf("it holds %d", got)
	}
	w.published(t, namespace, "db", "True", "HostPort")
	w.count(t, name, "external", 0)
	w.count(t, name, "allocated", 1)
	w.AwaitCondition(t, soon, "prange", "", name, "UndeclaredUse", "False")
	if after := w.get(t, "pod", namespace, "db"); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Error("the pod was touched")
	}
	w.refused(t, namespace, "rival", "PortTaken", "PortAllocation "+namespace+"/db holds")
}
