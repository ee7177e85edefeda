package gitops

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// soon is how long anything may take that Berth does by itself.
const soon = 30 * time.Second

// manager applies as a GitOps tool does: under a name of its own.
const manager = "argocd-controller"

func start(t *testing.T) (*kube.Client, *programs.Program) {
	t.Helper()
	c := kube.MustNew(t, shared.AdminConfig())
	if err := site.Install(t.Context(), c, site.WebhookRights); err != nil {
		t.Fatal(err)
	}
	return c, startOperator(t)
}

func startOperator(t *testing.T) *programs.Program {
	t.Helper()
	operator, err := programs.StartOperator(t.Context(), programs.OperatorOptions{
		Options: programs.Options{Config: site.Access(t, shared), Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = operator.Stop() })
	return operator
}

// resource returns where an object is applied.
func resource(t *testing.T, c *kube.Client, object *unstructured.Unstructured) dynamic.ResourceInterface {
	t.Helper()
	all, mapping, err := c.Resource(object.GroupVersionKind().GroupKind().String())
	if err != nil {
		t.Fatal(err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return all.Namespace(object.GetNamespace())
	}
	return all
}

// apply applies server-side without force, as the manager: a conflict is an error.
func apply(t *testing.T, c *kube.Client, object *unstructured.Unstructured, dryRun bool) *unstructured.Unstructured {
	t.Helper()
	options := metav1.ApplyOptions{FieldManager: manager}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	answer, err := resource(t, c, object).Apply(t.Context(), object.GetName(), object, options)
	if err != nil {
		t.Fatalf("apply %s: %v", kube.Name(object), err)
	}
	return answer
}

func live(t *testing.T, c *kube.Client, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	found, err := resource(t, c, object).Get(t.Context(), object.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fromTree reads the objects of a file or folder of the source tree.
func fromTree(t *testing.T, paths ...string) []*unstructured.Unstructured {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		some, err := kube.ParsePath(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range some {
			if one.GetAPIVersion() != "kustomize.config.k8s.io/v1beta1" {
				objects = append(objects, one)
			}
		}
	}
	return objects
}

// awaitHealth waits until Argo CD and kstatus both say so of an object.
func awaitHealth(t *testing.T, c *kube.Client, object *unstructured.Unstructured, want string) {
	t.Helper()
	script := mustScript(t, object.GetKind())
	kube.Eventually(t, soon, kube.Name(object)+" to be "+want, func(context.Context) error {
		got, err := agrees(script, live(t, c, object))
		if err == nil && got.Status != want {
			err = &notYet{got}
		}
		return err
	})
}

type notYet struct{ is health }

func (n *notYet) Error() string { return "it is " + n.is.Status + ": " + n.is.Message }
