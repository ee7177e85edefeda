package gitops

import (
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
)

const small = `
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: gitops-small}
spec:
  space: NodePort
  ports: ["31900-31901"]
  reserved: [{ports: ["31901"], reason: kept}]
---
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: gitops-policy}
spec:
  internal: [{port: 5432, service: PostgreSQL}]
---
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: first}
spec:
  rangeName: gitops-small
  selector: {app: first}
  ports: [{name: web, targetPort: 8080}]
`

const asksForMore = `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: second}
spec:
  rangeName: gitops-small
  selector: {app: second}
  ports: [{name: web, targetPort: 8080}]
---
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: reserved}
spec:
  rangeName: gitops-small
  selector: {app: reserved}
  ports: [{name: web, targetPort: 8080, port: 31901}]
`

func TestWhatNobodyHasSeenYetIsInProgress(t *testing.T) {
	c := kube.MustNew(t, shared.AdminConfig())
	if err := site.Install(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	unseen := strings.NewReplacer("gitops-", "unseen-", "3190", "3191").Replace(small)
	for _, object := range c.MustApply(t, c.Namespace(t), unseen) {
		seen := live(t, c, object)
		status, _ := seen.Object["status"].(map[string]any)
		if status["observedGeneration"] != int64(-1) {
			t.Errorf("%s has status %v before anybody has seen it", kube.Name(seen), status)
		}
		awaitHealth(t, c, object, "Progressing")
	}
}

func TestHealthFollowsTheObject(t *testing.T) {
	c, operator := start(t)
	namespace := c.Namespace(t)
	well := c.MustApply(t, namespace, small)
	for _, object := range well {
		awaitHealth(t, c, object, "Healthy")
	}
	more := c.MustApply(t, namespace, asksForMore)
	awaitHealth(t, c, more[0], "Progressing") // it is served when a number gets free
	awaitHealth(t, c, more[1], "Degraded")    // it never is without an edit
	if err := kube.HasCondition(live(t, c, more[0]), "Ready", "False", "RangeExhausted"); err != nil {
		t.Error(err)
	}

	// What was healthy is not any more from the moment of an edit on, although nobody has looked at it yet.
	if err := operator.Stop(); err != nil {
		t.Fatal(err)
	}
	for i, patch := range []string{
		`{"spec":{"ports":["31900-31902"]}}`, `{"spec":{"internal":[{"port":5433,"service":"PostgreSQL"}]}}`,
		`{"spec":{"selector":{"app":"other"}}}`,
	} {
		if _, err := c.Patch(t.Context(), well[i].GetKind(), well[i].GetNamespace(), well[i].GetName(), patch); err != nil {
			t.Fatal(err)
		}
		awaitHealth(t, c, well[i], "Progressing")
	}
	startOperator(t)
	for _, object := range append(well, more[0]) { // the wider range has a number for the second
		awaitHealth(t, c, object, "Healthy")
	}
}
