package verdicts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
)

const behindTheServer = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{name: sql, port: 5432}, {name: metrics, port: 9187}]}
`

// Row 75: admission comes before the API server looks for somebody to connect to, so that no pod need run.
func TestConnectionsThroughTheServerAreJudgedWhereANamespaceAsksForIt(t *testing.T) {
	c := theCourt(t)
	asking, other := c.Namespace(t), c.Namespace(t)
	for _, namespace := range []string{asking, other} {
		c.MustApply(t, namespace, behindTheServer)
	}
	if _, err := c.Patch(t.Context(), "namespaces", "", asking, `{"metadata":{"labels":{"berth.dev/connect":"Deny"}}}`); err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context, namespace, port string) string {
		err := c.Typed.CoreV1().RESTClient().Get().Namespace(namespace).Resource("services").Name("http:db:" + port).
			SubResource("proxy").Do(ctx).Error()
		if err == nil {
			t.Errorf("port %s of a Service without pods answered", port)
			return ""
		}
		return err.Error()
	}
	const refused = `admission webhook "connect.exposure.berth.dev" denied the request`
	// The API server and the webhook learn of the label and of the Service a moment later.
	kube.Eventually(t, patience, "the webhook to refuse", func(ctx context.Context) error {
		said := get(ctx, asking, "5432")
		for _, wanted := range []string{
			refused,
			"port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be reachable through the API server",
			"the proxy of the API server to Service " + asking + "/db port 5432",
			"fix: connect from a pod of the cluster",
		} {
			if !strings.Contains(said, wanted) {
				return fmt.Errorf("said %q, without %q", said, wanted)
			}
		}
		return nil
	})
	if said := get(t.Context(), asking, "sql"); !strings.Contains(said, refused) {
		t.Errorf("by the name of the port: %q", said)
	}
	before := c.asked(t)
	for _, harmless := range []struct{ namespace, port string }{{asking, "9187"}, {other, "5432"}} {
		if said := get(t.Context(), harmless.namespace, harmless.port); said == "" || strings.Contains(said, "admission webhook") {
			t.Errorf("port %s of %s: %q", harmless.port, harmless.namespace, said)
		}
	}
	if asked := c.asked(t) - before; asked != 1 {
		t.Errorf("the webhook was asked %v times, not only in the namespace that asks for it", asked)
	}
}

// Row 75: kubectl tells the ports inside the stream, where nobody sees them; what the pod declares decides.
func TestPortForwardingToADatabaseIsRefused(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	if _, err := c.Patch(t.Context(), "namespaces", "", namespace, `{"metadata":{"labels":{"berth.dev/connect":"Deny"}}}`); err != nil {
		t.Fatal(err)
	}
	c.MustApply(t, namespace, `
apiVersion: v1
kind: Pod
metadata: {name: db-0}
spec: {containers: [{name: postgres, image: example.org/db, ports: [{containerPort: 5432}]}]}
`)
	kube.Eventually(t, patience, "the webhook to refuse", func(ctx context.Context) error {
		err := c.Typed.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name("db-0").
			SubResource("portforward").Do(ctx).Error()
		if err == nil || !strings.Contains(err.Error(), "kubectl port-forward to Pod "+namespace+"/db-0 port 5432") {
			return fmt.Errorf("said %v", err)
		}
		return nil
	})
}
