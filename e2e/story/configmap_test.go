package story

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// reader is an allocation whose pods read their numbers from a ConfigMap.
const reader = `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: told}
spec:
  rangeName: %s
  selector: {app: told}
  exposure: External
  ports:
  - {name: web, targetPort: 8080}
  - {name: peer-sync, targetPort: sync, protocol: UDP, exposure: Localhost}
  configMap: {name: told-ports}
`

func data(object *unstructured.Unstructured) map[string]string {
	values, _, _ := unstructured.NestedStringMap(object.Object, "data")
	return values
}

// becomes waits until the ConfigMap of the namespace has exactly this data.
func (w *world) becomes(t *testing.T, namespace, name string, wanted map[string]string) {
	t.Helper()
	kube.Eventually(t, soon, "ConfigMap "+name, func(ctx context.Context) error {
		found, err := w.Get(ctx, "configmap", namespace, name)
		if err != nil {
			return err
		}
		if !maps.Equal(data(found), wanted) {
			return fmt.Errorf("it has %v, not %v", data(found), wanted)
		}
		return nil
	})
}

func TestPodsReadTheirNumbersFromAConfigMap(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4)
	w.MustApply(t, namespace, fmt.Sprintf(reader, name))
	w.ready(t, namespace, "told")
	wanted := map[string]string{
		"WEB_PORT": fmt.Sprint(first), "WEB_PROTOCOL": "TCP", "WEB_TARGET": "8080",
		"WEB_HOST":       "told." + namespace + ".svc",
		"PEER_SYNC_PORT": fmt.Sprint(first + 1), "PEER_SYNC_PROTOCOL": "UDP", "PEER_SYNC_TARGET": "sync",
	}
	w.becomes(t, namespace, "told-ports", wanted)

	for _, drift := range []struct{ what, patch string }{
		{"another number", `{"data":{"WEB_PORT":"1"}}`},
		{"a key taken out", `{"data":{"WEB_PORT":null}}`},
		{"a key of somebody", `{"data":{"OTHER_PORT":"1"}}`},
		{"no data at all", `{"data":null}`},
		{"labels lost", `{"metadata":{"labels":null},"data":{"WEB_PORT":"1"}}`},
	} {
		w.patch(t, "configmap", namespace, "told-ports", drift.patch)
		w.becomes(t, namespace, "told-ports", wanted)
	}
	w.remove(t, "configmap", namespace, "told-ports")
	w.becomes(t, namespace, "told-ports", wanted)

	w.patch(t, "configmap", namespace, "told-ports", `{"metadata":{"labels":{"team":"net"},"annotations":{"example.org/note":"ours"}}}`)
	w.patch(t, "portallocation", namespace, "told", fmt.Sprintf(
		`{"spec":{"ports":[{"name":"web","targetPort":8080,"protocol":"TCP","port":%d}]}}`, first+3))
	w.becomes(t, namespace, "told-ports", map[string]string{
		"WEB_PORT": fmt.Sprint(first + 3), "WEB_PROTOCOL": "TCP", "WEB_TARGET": "8080", "WEB_HOST": "told." + namespace + ".svc",
	})
	kept := w.get(t, "configmap", namespace, "told-ports")
	if kept.GetLabels()["team"] != "net" || kept.GetAnnotations()["example.org/note"] != "ours" {
		t.Errorf("labels %v and annotations %v of others did not stay", kept.GetLabels(), kept.GetAnnotations())
	}

	w.patch(t, "portallocation", namespace, "told", `{"spec":{"configMap":null}}`)
	w.AwaitGone(t, soon, "configmap", namespace, "told-ports")
	w.patch(t, "portallocation", namespace, "told", `{"spec":{"configMap":{"name":"again"}}}`)
	w.ready(t, namespace, "told")
	w.remove(t, "portallocation", namespace, "told")
	w.AwaitGone(t, soon, "configmap", namespace, "again")
}

func TestAForeignConfigMapIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	w.MustApply(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: told-ports}, data: {KEEP: me}}`)
	w.MustApply(t, namespace, fmt.Sprintf(reader, name))
	w.AwaitCondition(t, soon, "portallocation", namespace, "told", "Published", "False", "NameTaken")
	if got, _ := kube.Int(w.get(t, "service", namespace, "told"), "spec.ports.0.nodePort"); got != first {
		t.Errorf("the Service has nodePort %d, not %d", got, first)
	}
	if got := data(w.get(t, "configmap", namespace, "told-ports")); !maps.Equal(got, map[string]string{"KEEP": "me"}) {
		t.Errorf("the ConfigMap of somebody else became %v", got)
	}
	w.remove(t, "configmap", namespace, "told-ports")
	w.ready(t, namespace, "told") // tried again with growing waits
}
