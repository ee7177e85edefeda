package packaging

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/crds"
	"berth.dev/e2e/kube"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// dryRun applies an object as helm and kubectl apply --server-side do, without writing it. It returns the
// warnings, too.
func dryRun(ctx context.Context, c *kube.Client, object *unstructured.Unstructured) ([]string, error) {
	all, mapping, err := c.Resource(object.GroupVersionKind().GroupKind().String())
	if err != nil {
		return nil, err
	}
	options := metav1.ApplyOptions{FieldManager: kube.FieldManager, DryRun: []string{metav1.DryRunAll}, Force: true}
	c.Warnings()
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		_, err = all.Namespace(object.GetNamespace()).Apply(ctx, object.GetName(), object, options)
	} else {
		_, err = all.Apply(ctx, object.GetName(), object, options)
	}
	return c.Warnings(), err
}

// makeNamespace makes the namespace of deploy/base, with its Pod Security level, under any name.
func makeNamespace(t *testing.T, c *kube.Client, name string) {
	t.Helper()
	objects, err := kube.ParsePath(sourceFile(t, "deploy/base/namespace.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 1 || objects[0].GetLabels()["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Fatalf("not one restricted Namespace: %v", objects)
	}
	objects[0].SetName(name)
	if _, err := c.Apply(t.Context(), objects...); err != nil {
		t.Fatal(err)
	}
}

// makeWorkplaces makes the namespaces that the operator is to work in, which must be there before the release.
func makeWorkplaces(t *testing.T, c *kube.Client, result rendered) {
	t.Helper()
	for _, object := range result.objects {
		if object.GetName() == "berth-operator-namespaced" && object.GetNamespace() != "" {
			c.MustApply(t, "", "{apiVersion: v1, kind: Namespace, metadata: {name: "+object.GetNamespace()+"}}")
		}
	}
}

// podOf returns a Pod as the controller of a Deployment would make it.
func podOf(t *testing.T, deployment *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	template, found, err := unstructured.NestedMap(deployment.Object, "spec", "template")
	if err != nil || !found {
		t.Fatalf("%s has no pod template: %v", kube.Name(deployment), err)
	}
	made := &unstructured.Unstructured{Object: template}
	made.SetAPIVersion("v1")
	made.SetKind("Pod")
	made.SetNamespace(deployment.GetNamespace())
	made.SetName(deployment.GetName() + "-0")
	return made
}

// withKinds returns a client of an API server that serves the kinds of others that the chart has objects of.
func withKinds(t *testing.T) *kube.Client {
	t.Helper()
	c := kube.MustNew(t, shared.AdminConfig())
	if err := installKinds(); err != nil {
		t.Fatal(err)
	}
	return c
}

var installKinds = sync.OnceValue(func() error {
	c, err := kube.New(shared.AdminConfig())
	if err != nil {
		return err
	}
	return crds.InstallForChart(context.Background(), c)
})

func TestTheAPIServerAcceptsEveryRendering(t *testing.T) {
	c := withKinds(t)
	accepted := map[string]bool{} // most objects are the same in most permutations
	for _, p := range slices.Concat(all(), pairwisePermutations(t)) {
		t.Run(p.name, func(t *testing.T) {
			makeNamespace(t, c, p.in())
			result := mustRender(t, p.in(), p.values)
			makeWorkplaces(t, c, result)
			for _, line := range differences(result.objects, result.objects) { // the same twice
				t.Error(line)
			}
			// Pod Security refuses Pods, and only warns of Deployments. A Pod needs its service account.
			for _, object := range slices.Concat(result.objects, result.hooks) {
				if object.GetKind() == "ServiceAccount" {
					if _, err := c.Apply(t.Context(), object); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, object := range slices.Concat(result.objects, result.pods(t)) {
				text, err := object.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				if accepted[string(text)] {
					continue
				}
				warnings, err := dryRun(t.Context(), c, object)
				if err != nil {
					t.Errorf("%s: %v", kube.Name(object), err)
				}
				for _, warning := range warnings {
					t.Errorf("%s: warning: %s", kube.Name(object), warning)
				}
				accepted[string(text)] = err == nil && len(warnings) == 0
			}
		})
	}
}

func TestWhatIsWrongIsRefusedOrWarnedOf(t *testing.T) {
	c := kube.MustNew(t, shared.AdminConfig())
	const namespace = "wrong"
	makeNamespace(t, c, namespace)
	for _, c := range []struct {
		name   string
		change func(object *unstructured.Unstructured)
	}{
		{"a pod that may be root", func(object *unstructured.Unstructured) {
			unstructured.RemoveNestedField(object.Object, "spec", "template", "spec", "securityContext")
		}},
		{"a field that does not exist", func(object *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(object.Object, "x", "spec", "template", "spec", "serviceAcountName")
		}},
		{"a selector that misses the pods", func(object *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(object.Object, "x", "spec", "selector", "matchLabels", "team")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			deployment := mustRender(t, namespace, "").find(t, "Deployment "+namespace+"/berth-webhook")
			c.change(deployment)
			warnings, err := dryRun(t.Context(), kube.MustNew(t, shared.AdminConfig()), deployment)
			if err == nil && len(warnings) == 0 {
				t.Error("the API server found nothing")
			}
		})
	}
}

func TestTheChartSaysThatItRunsHere(t *testing.T) {
	version, err := kube.MustNew(t, shared.AdminConfig()).Typed.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	constraint := loadChart(t, sourceFile(t, "charts/berth")).Metadata.KubeVersion
	if !chartutil.IsCompatibleRange(constraint, version.GitVersion) {
		t.Errorf("kubeVersion %s excludes %s", constraint, version.GitVersion)
	}
	if chartutil.IsCompatibleRange(constraint, "v1.31.9") {
		t.Errorf("kubeVersion %s takes a version without the CEL library format", constraint)
	}
}
