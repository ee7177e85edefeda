package story

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// shop is an allocation that has everything: outside and inside ports, sources, destinations, annotations.
const shop = `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: shop}
spec:
  rangeName: %s
  selector: {app: shop}
  exposure: External
  ports:
  - {name: web, targetPort: 8080}
  - {name: admin, targetPort: 9090, allowFrom: [{cidr: 10.20.0.0/16}]}
  - {name: stats, targetPort: 9100, exposure: Cluster}
  allowTo:
  - {cidr: 203.0.113.7/32, ports: [{port: 443}]}
  service: {annotations: {example.org/pool: public}}
`

// parts are the objects that Berth makes for shop.
var parts = []struct{ kind, name string }{
	{"service", "shop"},
	{"service", "shop-internal"},
	{"networkpolicy", "shop-ingress"},
	{"networkpolicy", "shop-egress"},
	{"networkpolicy", "berth-default-deny-ingress"},
	{"networkpolicy", "berth-default-deny-egress"},
	{"networkpolicy", "berth-allow-dns"},
}

// essence is what Berth answers for in an object: all of the spec, but for what the API server assigns.
func essence(object *unstructured.Unstructured) map[string]any {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	for _, assigned := range []string{"clusterIP", "clusterIPs"} {
		delete(spec, assigned)
	}
	owners, _, _ := unstructured.NestedSlice(object.Object, "metadata", "ownerReferences")
	return map[string]any{"spec": spec, "labels": object.GetLabels(), "owners": owners}
}

func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4) // the fourth number is for those who drift
	w.MustApply(t, namespace, fmt.Sprintf(shop, name))
	w.ready(t, namespace, "shop")
	wanted := map[string]map[string]any{}
	for _, part := range parts {
		wanted[part.name] = essence(w.get(t, part.kind, namespace, part.name))
	}
	jsonPort := func(name string, number, target int64) string {
		return fmt.Sprintf(`{"name":%q,"protocol":"TCP","port":%d,"nodePort":%d,"targetPort":%d}`, name, number, number, target)
	}
	web, admin := jsonPort("web", first, 8080), jsonPort("admin", first+1, 9090)

	for _, drift := range []struct{ what, kind, name, patch string }{
		{"another nodePort", "service", "shop",
			fmt.Sprintf(`{"spec":{"ports":[{"name":"web","protocol":"TCP","port":%d,"nodePort":%d,"targetPort":8080},%s]}}`, first, first+3, admin)},
		{"a port added", "service", "shop", `{"spec":{"ports":[` + web + `,` + admin + `,` + jsonPort("extra", first+3, 5432) + `]}}`},
		{"a port removed", "service", "shop", `{"spec":{"ports":[` + web + `]}}`},
		{"another targetPort", "service", "shop", `{"spec":{"ports":[` + jsonPort("web", first, 5432) + `,` + admin + `]}}`},
		{"two ports swapped", "service", "shop", `{"spec":{"ports":[` + jsonPort("web", first+1, 8080) + `,` + jsonPort("admin", first, 9090) + `]}}`},
		{"a key added to the selector", "service", "shop", `{"spec":{"selector":{"tier":"none"}}}`},
		{"another selector", "service", "shop", `{"spec":{"selector":{"app":"somebody-else"}}}`},
		{"another type", "service", "shop", fmt.Sprintf(`{"spec":{"type":"ClusterIP","ports":[{"name":"web","port":%d}]}}`, first)},
		{"external addresses", "service", "shop", `{"spec":{"externalIPs":["203.0.113.9"]}}`},
		{"another traffic policy", "service", "shop", `{"spec":{"externalTrafficPolicy":"Cluster"}}`},
		{"an inside Service made an outside one", "service", "shop-internal", `{"spec":{"type":"NodePort"}}`},
		{"a label of ours", "service", "shop", `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"me"}}}`},
		{"no owner", "service", "shop", `{"metadata":{"ownerReferences":[]}}`},
		{"a deleted Service", "service", "shop", ""},
		{"a deleted inside Service", "service", "shop-internal", ""},
		{"a policy opened", "networkpolicy", "shop-ingress", `{"spec":{"ingress":[{}]}}`},
		{"a policy of other pods", "networkpolicy", "shop-ingress", `{"spec":{"podSelector":{"matchLabels":{"app":"none"}}}}`},
		{"a policy without its type", "networkpolicy", "shop-egress", `{"spec":{"policyTypes":["Ingress"]}}`},
		{"egress opened", "networkpolicy", "shop-egress", `{"spec":{"egress":[{}]}}`},
		{"a deleted policy", "networkpolicy", "shop-ingress", ""},
		{"the closed namespace opened", "networkpolicy", "berth-default-deny-ingress", `{"spec":{"ingress":[{}]}}`},
		{"a deleted default", "networkpolicy", "berth-default-deny-egress", ""},
		{"DNS closed", "networkpolicy", "berth-allow-dns", `{"spec":{"egress":null}}`},
	} {
		t.Run(drift.what, func(t *testing.T) {
			if drift.patch == "" {
				w.remove(t, drift.kind, namespace, drift.name)
			} else if patched := w.patch(t, drift.kind, namespace, drift.name, drift.patch); reflect.DeepEqual(essence(patched), wanted[drift.name]) {
				t.Fatal("the drift of this test is none")
			}
			kube.Eventually(t, soon, drift.name+" to be as before", func(ctx context.Context) error {
				object, err := w.Get(ctx, drift.kind, namespace, drift.name)
				if err != nil {
					return err
				}
				if got := essence(object); !reflect.DeepEqual(got, wanted[drift.name]) {
					return fmt.Errorf("it is\n%v\nit was\n%v", got, wanted[drift.name])
				}
				return nil
			})
		})
	}
	for _, part := range parts { // repairing one has not touched the others
		if got := essence(w.get(t, part.kind, namespace, part.name)); !reflect.DeepEqual(got, wanted[part.name]) {
			t.Errorf("%s is now\n%v\nit was\n%v", part.name, got, wanted[part.name])
		}
	}
	w.ready(t, namespace, "shop")
}

func TestFieldsOfOthersSurviveRepair(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, fmt.Sprintf(shop, name))
	w.ready(t, namespace, "shop")

	// One write of both, so that the repair meets them together.
	w.patch(t, "service", namespace, "shop", fmt.Sprintf(`{
		"metadata":{"labels":{"team":"red"},"annotations":{"example.org/ticket":"4711"},"finalizers":["example.org/wait"]},
		"spec":{"sessionAffinity":"ClientIP","publishNotReadyAddresses":true,"ports":[{"name":"web","port":%d,"nodePort":%d,"targetPort":1}]}}`, first, first+3))
	unlock := func(ctx context.Context) error {
		_, err := w.Patch(ctx, "service", namespace, "shop", `{"metadata":{"finalizers":null}}`)
		return err
	}
	t.Cleanup(func() { _ = unlock(context.Background()) })
	w.patch(t, "networkpolicy", namespace, "shop-ingress", `{"metadata":{"labels":{"team":"red"}},"spec":{"ingress":[{}]}}`)

	kube.Eventually(t, soon, "what is ours to be repaired", func(ctx context.Context) error {
		service, err := w.Get(ctx, "service", namespace, "shop")
		if err != nil {
			return err
		}
		policy, err := w.Get(ctx, "networkpolicy", namespace, "shop-ingress")
		if err != nil {
			return err
		}
		if got, _ := kube.Int(service, "spec.ports.0.nodePort"); got != first {
			return fmt.Errorf("the nodePort is %d", got)
		}
		if _, ported := kube.Value(policy, "spec.ingress.0.ports"); !ported {
			return errors.New("the policy is open")
		}
		return nil
	})
	service := w.get(t, "service", namespace, "shop")
	for path, want := range map[string]string{
		"metadata.labels.team":          "red",
		"metadata.finalizers.0":         "example.org/wait",
		"spec.sessionAffinity":          "ClientIP",
		"spec.publishNotReadyAddresses": "true",
	} {
		if got := kube.Text(service, path); got != want {
			t.Errorf("%s is %q, somebody else has set it to %q", path, got, want)
		}
	}
	for key, want := range map[string]string{"example.org/ticket": "4711", "example.org/pool": "public"} {
		if got := service.GetAnnotations()[key]; got != want {
			t.Errorf("annotation %s is %q, want %q", key, got, want)
		}
	}
	if got := w.get(t, "networkpolicy", namespace, "shop-ingress").GetLabels()["team"]; got != "red" {
		t.Errorf("the label of the policy is %q", got)
	}

	// An annotation of ours goes when it is taken out of the allocation; that of somebody else stays.
	w.patch(t, "palloc", namespace, "shop", `{"spec":{"service":{"annotations":null}}}`)
	kube.Eventually(t, soon, "our annotation to be taken off", func(ctx context.Context) error {
		service, err := w.Get(ctx, "service", namespace, "shop")
		if err != nil {
			return err
		}
		if service.GetAnnotations()["example.org/ticket"] != "4711" {
			return kube.Stop(errors.New("the annotation of somebody else is gone"))
		}
		if got, there := service.GetAnnotations()["example.org/pool"]; there {
			return errors.New("it is " + got)
		}
		return nil
	})

	// The finalizer holds the Service, and the Service its number.
	w.remove(t, "palloc", namespace, "shop")
	w.AwaitGone(t, soon, "palloc", namespace, "shop")
	w.AwaitGone(t, soon, "service", namespace, "shop-internal")
	w.MustApply(t, namespace, allocation("heir", name, port(first)))
	w.refused(t, namespace, "heir", "PortTaken")
	if err := unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.ready(t, namespace, "heir")
}

func TestAServiceOfSomebodyElseIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	before := w.MustApply(t, namespace, `
{apiVersion: v1, kind: Service, metadata: {name: web, labels: {team: red}}, spec: {selector: {app: other}, ports: [{port: 80}]}}`)[0]
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	object := w.awaitWords(t, "palloc", namespace, "web", "Published", "False", "NameTaken", "Service "+namespace+"/web", "not generated by Berth")
	if err := kube.HasCondition(object, "Ready", "False", "NameTaken"); err != nil {
		t.Error(err)
	}
	if held(object, "main") != first {
		t.Error("it does not hold its number meanwhile")
	}
	if after := w.get(t, "service", namespace, "web"); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("the Service was written: %v", after.Object)
	}
	// It is not taken away with the allocation either.
	w.remove(t, "palloc", namespace, "web")
	w.count(t, name, "allocated", 0)
	if after := w.get(t, "service", namespace, "web"); after.GetResourceVersion() != before.GetResourceVersion() {
		t.Errorf("the Service was written: %v", after.Object)
	}

	w.MustApply(t, namespace, allocation("web", name, anyPort))
	w.AwaitCondition(t, soon, "palloc", namespace, "web", "Published", "False", "NameTaken")
	w.remove(t, "service", namespace, "web")
	w.ready(t, namespace, "web")
}

// A Service that nothing guards is not written.
func TestNothingIsPublishedThatCannotBeGuarded(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 1)
	w.MustApply(t, namespace, `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web-ingress}, spec: {podSelector: {}, policyTypes: [Egress]}}`)
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	object := w.AwaitCondition(t, soon, "palloc", namespace, "web", "Enforced", "False", "NameTaken")
	if err := kube.HasCondition(object, "Published", "False", "Unprotected"); err != nil {
		t.Error(err)
	}
	if _, err := w.Get(t.Context(), "service", namespace, "web"); err == nil {
		t.Error("there is a Service")
	}
	w.remove(t, "networkpolicy", namespace, "web-ingress")
	w.ready(t, namespace, "web")
}

func TestANamedPortIsOpenedWhenAPodHasIt(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 1)
	w.MustApply(t, namespace, allocation("web", name, "{name: main, targetPort: http}"))
	w.awaitWords(t, "palloc", namespace, "web", "Enforced", "False", "TargetPortUnresolved", "http")
	kube.Eventually(t, soon, "the policy, which is told of before it is written", func(ctx context.Context) error {
		policy, err := w.Get(ctx, "networkpolicy", namespace, "web-ingress")
		if err != nil {
			return err
		}
		if rules, there := kube.Value(policy, "spec.ingress"); there {
			return kube.Stop(fmt.Errorf("it is open already: %v", rules))
		}
		return nil
	})
	w.MustApply(t, namespace, `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
`)
	w.ready(t, namespace, "web")
	if got, _ := kube.Int(w.get(t, "networkpolicy", namespace, "web-ingress"), "spec.ingress.0.ports.0.port"); got != 8080 {
		t.Errorf("the policy opens %d, the container listens at 8080", got)
	}
}

func TestADeletedAllocationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 3)
	w.MustApply(t, namespace, fmt.Sprintf(shop, name))
	w.ready(t, namespace, "shop")
	pod := w.MustApply(t, namespace, `
{apiVersion: v1, kind: Pod, metadata: {name: shop, labels: {app: shop}}, spec: {containers: [{name: shop, image: shop}]}}`)[0]
	w.count(t, name, "allocated", 3)

	w.remove(t, "palloc", namespace, "shop")
	for _, part := range parts[:4] {
		w.AwaitGone(t, soon, part.kind, namespace, part.name)
	}
	w.count(t, name, "available", 3)
	// The namespace stays closed as long as a pod could be reached in it.
	for _, part := range parts[4:] {
		w.get(t, part.kind, namespace, part.name)
	}
	w.remove(t, "pod", namespace, pod.GetName())
	for _, part := range parts[4:] {
		w.AwaitGone(t, soon, part.kind, namespace, part.name)
	}
}

func TestADeletedNamespaceGivesItsNumbersBack(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace, other := w.Namespace(t), w.Namespace(t)
	name, first := w.portRange(t, 3)
	w.MustApply(t, namespace, fmt.Sprintf(shop, name))
	w.ready(t, namespace, "shop")
	w.remove(t, "namespace", "", namespace)
	w.AwaitGone(t, 2*soon, "namespace", "", namespace)
	w.MustApply(t, other, allocation("web", name, port(first)))
	w.ready(t, other, "web")
	w.count(t, name, "available", 2)
}
