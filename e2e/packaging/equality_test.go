package packaging

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/manifests"
	"berth.dev/e2e/programs"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const keepAnnotation = "helm.sh/resource-policy"

// overlays are the folders of deploy/overlays with the values that make the chart install the same.
var overlays = []struct{ folder, values string }{
	{"default", ""},
	{"ha", "ha-values.yaml"},
	{"cert-manager", "cert-manager-values.yaml"},
	{"namespaced", "namespaced-values.yaml"},
	{"no-webhook", "no-webhook-values.yaml"},
	{"policy-only", "policy-only-values.yaml"},
}

// built reads what `kubectl apply -k` installs from a folder of the source tree.
func built(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	text, err := manifests.Built(t.Context(), shared.Binaries().Kubectl, folder)
	if err != nil {
		t.Fatal(err)
	}
	return kube.MustParse(t, text)
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

func TestTheOverlaysInstallWhatTheChartInstalls(t *testing.T) {
	source := loadChart(t, sourceFile(t, "charts/berth"))
	for _, overlay := range overlays {
		t.Run(overlay.folder, func(t *testing.T) {
			byHand := built(t, "deploy/overlays/"+overlay.folder)
			want := withoutNamespace(byHand)
			if len(byHand) != len(want)+1 || len(want) < 15 {
				t.Fatalf("%d objects in the manifests, %d without the Namespace", len(byHand), len(want))
			}
			values := ""
			if overlay.values != "" {
				text, err := os.ReadFile(sourceFile(t, "charts/berth/ci/"+overlay.values))
				if err != nil {
					t.Fatal(err)
				}
				values = string(text)
			}
			got := mustRender(t, programs.Namespace, values)
			for _, line := range differences(want, withoutHelm(source.Metadata, want, got.objects)) {
				t.Error(line)
			}
		})
	}
}

func TestNoOverlayAndNoValuesAreForgotten(t *testing.T) {
	var folders, files []string
	for _, overlay := range overlays {
		folders = append(folders, overlay.folder)
		if overlay.values != "" {
			files = append(files, overlay.values)
		}
	}
	for folder, known := range map[string][]string{"deploy/overlays": folders, "charts/berth/ci": files} {
		entries, err := os.ReadDir(sourceFile(t, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !slices.Contains(known, entry.Name()) {
				t.Errorf("%s/%s is compared with nothing", folder, entry.Name())
			}
		}
	}
}

func TestTheKindsOfTheOverlaysAreAllOfThem(t *testing.T) {
	want, err := kube.ParsePath(sourceFile(t, "crds"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range differences(want, built(t, "crds")) {
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
