package packaging

import (
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// applied returns an object as the API server has it, or would have it, without what says when and by whom.
func applied(t *testing.T, c *kube.Client, object *unstructured.Unstructured, dryRun ...string) *unstructured.Unstructured {
	t.Helper()
	all, mapping, err := c.Resource(object.GroupVersionKind().GroupKind().String())
	if err != nil {
		t.Fatal(err)
	}
	options := metav1.ApplyOptions{FieldManager: kube.FieldManager, DryRun: dryRun, Force: len(dryRun) == 0}
	to := all.Namespace(object.GetNamespace())
	if mapping.Scope.Name() == "root" {
		to = all
	}
	answer, err := to.Apply(t.Context(), object.GetName(), object, options)
	if err != nil {
		t.Fatalf("%s: %v", kube.Name(object), err)
	}
	answer.SetManagedFields(nil)
	answer.SetResourceVersion("")
	delete(answer.Object, "status")
	annotations := answer.GetAnnotations()
	delete(annotations, "deployment.kubernetes.io/revision") // its controller's
	replaceOrRemove(answer, "annotations", annotations)
	return answer
}

// What kubectl diff, Argo CD and Flux ask: is there anything that the API server would change, applied again?
func TestNothingDriftsAfterItHasBeenApplied(t *testing.T) {
	c := withKinds(t)
	rows := pairwisePermutations(t)
	for _, p := range append(all()[:1], rows[1], rows[4], rows[14], rows[24]) {
		t.Run(p.name, func(t *testing.T) {
			makeNamespace(t, c, p.in())
			result := mustRender(t, p.in(), p.values)
			makeWorkplaces(t, c, result)
			for _, object := range result.objects {
				first := applied(t, c, object)
				if object.GetKind() == "PodDisruptionBudget" { // another one's field beside it would make it invalid
					defer func() { _ = c.Delete(t.Context(), "poddisruptionbudgets", object.GetNamespace(), object.GetName()) }()
				}
				for range 2 {
					again := applied(t, c, object, metav1.DryRunAll)
					for _, line := range valueDifferences("", first.Object, again.Object) {
						t.Errorf("%s: %s", kube.Name(object), line)
					}
				}
			}
		})
	}
}

func TestWhatTheWebhookFillsInIsNoDrift(t *testing.T) {
	c := withKinds(t)
	makeNamespace(t, c, programs.Namespace)
	object := mustRender(t, programs.Namespace, "").find(t, registration)
	applied(t, c, object)
	_, err := c.Patch(t.Context(), "validatingwebhookconfigurations", "", object.GetName(), `{"webhooks": [{
		"name": "exposure.berth.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore",
		"clientConfig": {"url": "https://127.0.0.1:1/v1/review"},
		"rules": [{"operations": ["CREATE"], "apiGroups": ["example.org"], "apiVersions": ["v1"], "resources": ["doors"]}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again := applied(t, c, object)
		if webhooks, _ := kube.Value(again, "webhooks.0.name"); webhooks != "exposure.berth.dev" {
			t.Errorf("applied again, the registration says %v", again.Object["webhooks"])
		}
	}
	if err := c.Delete(t.Context(), "validatingwebhookconfigurations", "", object.GetName()); err != nil {
		t.Fatal(err)
	}
}
