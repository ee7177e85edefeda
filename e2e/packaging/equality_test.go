package packaging

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	keepAnnotation = "helm.sh/resource-policy"
	baseFolder     = "deploy/base"
)

// installedByHand reads what `kubectl apply -f crds/` and `kubectl apply -k deploy/base` install.
func installedByHand(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(sourceFile(t, filepath.Join(baseFolder, "kustomization.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	var kustomization struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Resources  []string `json:"resources"`
	}
	// Strict: what else a kustomization can say would change the objects, and this reader knows none of it.
	if err := yaml.UnmarshalStrict(text, &kustomization); err != nil {
		t.Fatal(err)
	}
	files := []string{"crds"}
	for _, resource := range kustomization.Resources {
		files = append(files, filepath.Join(baseFolder, resource))
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		found, err := kube.ParsePath(sourceFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, found...)
	}
	return objects
}

// withoutNamespace takes the Namespace out, which is not Helm's to make: it must be there before a release
// can be recorded in it.
func withoutNamespace(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(object *unstructured.Unstructured) bool {
		return object.GetKind() == "Namespace"
	})
}

// withoutHelm takes out of the rendered objects the labels and the annotation that Helm's conventions ask for, if
// they have the right values and stand at the right objects. All others stay, to be found.
func withoutHelm(metadata *chart.Metadata, want, got []*unstructured.Unstructured) []*unstructured.Unstructured {
	conventional := map[string]string{
		"helm.sh/chart":                metadata.Name + "-" + metadata.Version,
		"app.kubernetes.io/name":       "berth",
		"app.kubernetes.io/instance":   releaseName,
		"app.kubernetes.io/version":    metadata.AppVersion,
		"app.kubernetes.io/part-of":    "berth",
		"app.kubernetes.io/managed-by": "Helm",
	}
	wanted := map[string]*unstructured.Unstructured{}
	for _, object := range want {
		wanted[kube.Name(object)] = object
	}
	var stripped []*unstructured.Unstructured
	for _, object := range got {
		object = object.DeepCopy()
		counterpart := wanted[kube.Name(object)]
		if counterpart == nil {
			counterpart = &unstructured.Unstructured{}
		}
		labels := object.GetLabels()
		for key, value := range conventional {
			if _, both := counterpart.GetLabels()[key]; !both && labels[key] == value {
				delete(labels, key)
			}
		}
		annotations := object.GetAnnotations()
		if object.GetKind() == crdKind && annotations[keepAnnotation] == "keep" {
			delete(annotations, keepAnnotation)
		}
		replaceOrRemove(object, "labels", labels)
		replaceOrRemove(object, "annotations", annotations)
		stripped = append(stripped, object)
	}
	return stripped
}

func replaceOrRemove(object *unstructured.Unstructured, field string, values map[string]string) {
	if len(values) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
		return
	}
	_ = unstructured.SetNestedStringMap(object.Object, values, "metadata", field)
}

func TestDefaultValuesInstallWhatTheManifestsInstall(t *testing.T) {
	source := loadChart(t, sourceFile(t, "charts/berth"))
	byHand := installedByHand(t)
	want := withoutNamespace(byHand)
	if len(byHand) != len(want)+1 || len(want) < 15 {
		t.Fatalf("%d objects in the manifests, %d without the Namespace", len(byHand), len(want))
	}
	got := mustRender(t, programs.Namespace, "")
	for _, line := range differences(want, withoutHelm(source.Metadata, want, got.objects)) {
		t.Error(line)
	}
}

func TestEveryObjectCarriesTheLabelsOfItsRelease(t *testing.T) {
	for _, object := range mustRender(t, programs.Namespace, "").objects {
		for _, key := range []string{"helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance",
			"app.kubernetes.io/version", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"} {
			if object.GetLabels()[key] == "" {
				t.Errorf("%s: no label %s", kube.Name(object), key)
			}
		}
		if kept := object.GetAnnotations()[keepAnnotation] == "keep"; kept != (object.GetKind() == crdKind) {
			t.Errorf("%s: kept when the release goes: %v", kube.Name(object), kept)
		}
	}
}

func TestThePackageRendersWhatTheSourceTreeRenders(t *testing.T) {
	file, err := chartutil.Save(loadChart(t, sourceFile(t, "charts/berth")), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	packaged, err := renderChart(t, loadChart(t, file), programs.Namespace, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range differences(mustRender(t, programs.Namespace, "").objects, packaged.objects) {
		t.Error(line)
	}
}

func TestAChartThatLostItsLinksIsRefused(t *testing.T) {
	const everything = "metrics: {prometheusRule: {enabled: true}, dashboard: {enabled: true}}"
	for _, lost := range []string{"files/crds", "files/operator-rbac.yaml", "files/webhook-rbac.yaml", "files/metrics-rbac.yaml",
		"files/user-roles.yaml", "files/webhook-configuration.yaml", "files/alerts.yaml", "files/dashboard.json"} {
		t.Run(filepath.Base(lost), func(t *testing.T) {
			incomplete := loadChart(t, sourceFile(t, "charts/berth"))
			incomplete.Files = slices.DeleteFunc(incomplete.Files, func(file *chart.File) bool {
				return strings.HasPrefix(file.Name, lost)
			})
			_, err := renderChart(t, incomplete, programs.Namespace, everything)
			if err == nil || !strings.Contains(err.Error(), lost+" is missing") {
				t.Errorf("rendering says %v", err)
			}
		})
	}
}
