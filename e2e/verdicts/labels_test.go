package verdicts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
)

// Row 60: what a listener takes by the labels of namespaces is judged when those change.
func TestWhoLabelsANamespaceSoThatAListenerTakesItsRouteToADatabaseIsRefused(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	label := "shown-" + namespace
	c.MustApply(t, namespace, database+fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: pg}, ports: [{port: 5432}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: example
  listeners:
  - {name: tcp, port: 9000, protocol: TCP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {%s: "yes"}}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: front}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: db, port: 5432}]}]}
`, label))
	patch := func(ctx context.Context, labels string) error {
		_, err := c.Patch(ctx, "namespaces", "", namespace, fmt.Sprintf(`{"metadata":{"labels":{%s}}}`, labels))
		return err
	}
	// The webhook learns what is there a moment after it is.
	var refusal error
	kube.Eventually(t, patience, "the label to be refused", func(ctx context.Context) error {
		if refusal = patch(ctx, fmt.Sprintf("%q: %q", label, "yes")); refusal != nil {
			return nil
		}
		if err := patch(ctx, fmt.Sprintf("%q: null", label)); err != nil {
			return err
		}
		return fmt.Errorf("it was admitted")
	})
	kube.ExpectRejected(t, refusal, "labels.exposure.berth.dev", "port 5432 (PostgreSQL) is internal",
		"TCPRoute "+namespace+"/front at Gateway "+namespace+"/edge port 9000 -> Service "+namespace+"/db port 5432")
	if err := patch(t.Context(), `"team": "a"`); err != nil {
		t.Errorf("another label: %v", err)
	}
}

// Who may label namespaces may mean it.
func TestWhoLabelsANamespaceSoThatItLeavesAPolicyIsWarned(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	policy := "of-" + namespace
	c.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %[1]s}
spec: {namespaceSelector: {matchLabels: {judged: %[1]s}}, internal: [{port: 5432}]}
`, policy))
	t.Cleanup(func() { _ = c.Delete(context.Background(), "exposurepolicies", "", policy) })
	client, err := kube.New(shared.AdminConfig()) // of its own: it collects its own warnings
	if err != nil {
		t.Fatal(err)
	}
	patch := func(ctx context.Context, label string) (said string, err error) {
		_, err = client.Patch(ctx, "namespaces", "", namespace, fmt.Sprintf(`{"metadata":{"labels":{"judged":%s}}}`, label))
		return strings.Join(client.Warnings(), "\n"), err
	}
	kube.Eventually(t, patience, "the warning", func(ctx context.Context) error {
		if said, err := patch(ctx, fmt.Sprintf("%q", policy)); err != nil || said != "" {
			return kube.Stop(fmt.Errorf("where it comes under the policy: said %q, %v", said, err))
		}
		said, err := patch(ctx, "null")
		if err == nil && said != "ExposurePolicy "+policy+" would no longer be in force: Namespace "+namespace {
			err = fmt.Errorf("said %q", said)
		}
		return err
	})
}
