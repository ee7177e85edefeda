package gitops

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// tracking are labels and annotations by which tools know their own. On an object that Berth generates they would have
// the tool adopt it, or prune it.
var tracking = map[string]string{
	"app.kubernetes.io/instance":           "mesh",
	"argocd.argoproj.io/instance":          "mesh",
	"argocd.argoproj.io/tracking-id":       "mesh:berth.dev/PortAllocation:mesh/phantom-node",
	"kustomize.toolkit.fluxcd.io/name":     "mesh",
	"helm.toolkit.fluxcd.io/name":          "mesh",
	"meta.helm.sh/release-name":            "mesh",
	"kubectl.kubernetes.io/last-applied-x": "{}",
}

// tracked marks an object as a tool does.
func tracked(object *unstructured.Unstructured) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	for key, value := range tracking {
		annotations[key] = value
		if !strings.Contains(value, ":") && !strings.Contains(value, "{") {
			labels[key] = value
		}
	}
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
}

// difference tells where what was applied is not what is there: what tools that compare on their own side see.
func difference(path string, applied, there any) string {
	switch applied := applied.(type) {
	case map[string]any:
		fields, _ := there.(map[string]any)
		for key, value := range applied {
			if found := difference(path+"."+key, value, fields[key]); found != "" {
				return found
			}
		}
		return ""
	case []any:
		list, _ := there.([]any)
		if len(list) != len(applied) {
			return fmt.Sprintf("%s has %d entries, not %d", path, len(list), len(applied))
		}
		for i, value := range applied {
			if found := difference(fmt.Sprintf("%s[%d]", path, i), value, list[i]); found != "" {
				return found
			}
		}
		return ""
	}
	if !equality.Semantic.DeepEqual(applied, there) {
		return fmt.Sprintf("%s is %v, not %v", path, there, applied)
	}
	return ""
}

// drift tells what another apply would change, or ”.
func drift(t *testing.T, c *kube.Client, object *unstructured.Unstructured) string {
	t.Helper()
	before := live(t, c, object)
	after := apply(t, c, object, true)
	for _, one := range []*unstructured.Unstructured{before, after} {
		one.SetManagedFields(nil) // the time of the apply stands in them
	}
	if !reflect.DeepEqual(before.Object, after.Object) {
		return fmt.Sprintf("an apply changes\n%v\nto\n%v", before.Object, after.Object)
	}
	return difference("", object.Object, before.Object)
}

func TestNothingDriftsAfterAnApply(t *testing.T) {
	c, _ := start(t)
	config, err := shared.ServiceAccountConfig(t.Context(), programs.Namespace, "berth-webhook")
	if err != nil {
		t.Fatal(err)
	}
	webhook, err := programs.StartWebhook(t.Context(), programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	webhook.EndWith(t)
	t.Cleanup(func() { // it fails closed
		_ = c.Delete(t.Context(), "validatingwebhookconfigurations", "", "berth-exposure")
	})

	objects := fromTree(t, "crds", "deploy/base", "examples/mesh/00-namespace.yaml", "examples/mesh/10-portrange.yaml",
		"examples/mesh/20-workloads.yaml", "examples/mesh/30-allocations.yaml", "examples/mesh/40-allocations-chosen.yaml",
		"examples/platform/policy.yaml")
	var own []*unstructured.Unstructured
	for _, object := range objects {
		tracked(object)
		answer, err := resource(t, c, object).Apply(t.Context(), object.GetName(), object,
			metav1.ApplyOptions{FieldManager: manager, Force: true}) // site.Install applied some of them under another name
		if err != nil {
			t.Fatalf("apply %s: %v", kube.Name(object), err)
		}
		if isOwn(answer) {
			own = append(own, object)
		}
	}
	for _, object := range own {
		awaitHealth(t, c, object, "Healthy")
	}
	for range 2 {
		for _, object := range objects {
			if found := drift(t, c, object); found != "" {
				t.Errorf("%s drifts: %s", kube.Name(object), found)
			}
			version := live(t, c, object).GetResourceVersion()
			if again := apply(t, c, object, false); again.GetResourceVersion() != version && isOwn(object) {
				t.Errorf("%s: applying the same again wrote it", kube.Name(object))
			}
		}
	}

	// The other way round: somebody's edit is seen.
	changed := own[len(own)-1].DeepCopy()
	if err := unstructured.SetNestedField(changed.Object, "another text", "metadata", "annotations", "note"); err != nil {
		t.Fatal(err)
	}
	if drift(t, c, changed) == "" {
		t.Error("nobody notices a change of a manifest")
	}

	generated := 0
	for _, kind := range []string{"services", "networkpolicies.networking.k8s.io"} {
		found, err := c.List(t.Context(), kind, "mesh", "app.kubernetes.io/managed-by=berth")
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range found {
			generated++
			for key := range tracking {
				if _, label := object.GetLabels()[key]; label || object.GetAnnotations()[key] != "" {
					t.Errorf("%s carries %s, and a tool would take it for its own", kube.Name(&object), key)
				}
			}
		}
	}
	if generated == 0 {
		t.Error("no generated object was looked at")
	}
}

func isOwn(object *unstructured.Unstructured) bool {
	return strings.HasPrefix(object.GetAPIVersion(), "berth.dev/")
}
