package verdicts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
)

const followed = `
apiVersion: v1
kind: Node
metadata: {name: followed}
---
apiVersion: v1
kind: Service
metadata: {name: followed}
spec:
  selector: {app: followed}
  ports: [{name: web, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: followed, labels: {app: followed}}
spec:
  nodeName: followed
  containers: [{name: web, image: example.org/web, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: by-hand}
spec:
  ports: [{name: web, port: 80, targetPort: 8080}]
`

const byHand = `
apiVersion: v1
kind: Endpoints
metadata: {name: by-hand}
subsets: [{addresses: [{ip: 10.9.9.9}], ports: [{name: web, port: 8080}]}]
`

const running = `{"status": {"phase": "Running", "podIP": "10.9.9.8", "podIPs": [{"ip": "10.9.9.8"}],
  "conditions": [{"type": "Ready", "status": "True"}]}}`

// Pods come and go, and the cluster writes a slice each time: that must not wait for a webhook.
func TestTheWebhookIsAskedAboutNoSliceThatTheClusterItselfWrites(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	slice := func(service, address string) *unstructured.Unstructured {
		var found *unstructured.Unstructured
		kube.Eventually(t, patience, "a slice of "+service, func(ctx context.Context) error {
			slices, err := c.List(ctx, "endpointslices", namespace, "kubernetes.io/service-name="+service)
			if err != nil {
				return err
			}
			for i := range slices {
				if text, _ := slices[i].MarshalJSON(); slices[i].Object["endpoints"] != nil &&
					strings.Contains(string(text), address) {
					found = &slices[i]
					return nil
				}
			}
			return fmt.Errorf("%d slices, none with %s", len(slices), address)
		})
		return found
	}
	c.MustApply(t, namespace, followed)

	before := c.asked(t)
	if _, err := c.Patch(t.Context(), "pods", namespace, "followed", running, "status"); err != nil {
		t.Fatal(err)
	}
	kept := slice("followed", "10.9.9.8")
	if got := c.asked(t); got != before {
		t.Errorf("the webhook was asked %v times when the cluster followed a pod", got-before)
	}

	before = c.asked(t)
	c.MustApply(t, namespace, byHand)
	slice("by-hand", "10.9.9.9")
	if got := c.asked(t); got != before+1 {
		t.Errorf("the webhook was asked %v times about Endpoints by hand and their mirror, want 1", got-before)
	}

	before = c.asked(t)
	name := kept.GetName()
	const relabel = `{"metadata": {"labels": {"team": "data"}}}`
	if _, err := c.Patch(t.Context(), "endpointslices", namespace, name, relabel); err != nil {
		t.Fatal(err)
	}
	if got := c.asked(t); got <= before {
		t.Error("the webhook was not asked when somebody else wrote a slice of the cluster's")
	}
}
