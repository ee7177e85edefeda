package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"berth.dev/e2e/kube"
)

// kinds are those with a status; PortLedger has none, and nobody applies one.
var kinds = []string{"ExposurePolicy", "PortAllocation", "PortRange"}

func mustScript(t *testing.T, kind string) string {
	t.Helper()
	script, err := healthScript(kind)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// healthTests is a health_test.yaml, in the form of Argo CD's own.
type healthTests struct {
	Tests []struct {
		HealthStatus health `json:"healthStatus"`
		InputPath    string `json:"inputPath"`
	} `json:"tests"`
}

func TestHealthOfEveryExampleIsAsItsFileSays(t *testing.T) {
	dir, err := customizations()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, kind, "health_test.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var cases healthTests
			if err := yaml.UnmarshalStrict(text, &cases); err != nil {
				t.Fatal(err)
			}
			script := mustScript(t, kind)
			listed := map[string]bool{}
			statuses := map[string]bool{}
			for _, one := range cases.Tests {
				listed[filepath.Base(one.InputPath)] = true
				statuses[one.HealthStatus.Status] = true
				objects, err := kube.ParsePath(filepath.Join(dir, kind, one.InputPath))
				if err != nil || len(objects) != 1 || objects[0].GetKind() != kind {
					t.Fatalf("%s: not one %s: %v", one.InputPath, kind, err)
				}
				got, err := agrees(script, objects[0])
				if err != nil {
					t.Errorf("%s: %v", one.InputPath, err)
				}
				if got != one.HealthStatus {
					t.Errorf("%s: %+v, want %+v", one.InputPath, got, one.HealthStatus)
				}
			}
			files, err := os.ReadDir(filepath.Join(dir, kind, "testdata"))
			if err != nil {
				t.Fatal(err)
			}
			if len(files) != len(listed) || len(statuses) != 3 {
				t.Errorf("%d of %d files of testdata are listed, with %d of 3 statuses", len(listed), len(files), len(statuses))
			}
		})
	}
}

func TestTheThreeHealthFilesAreOne(t *testing.T) {
	for _, kind := range kinds {
		if mustScript(t, kind) != mustScript(t, kinds[0]) {
			t.Errorf("health.lua of %s differs from that of %s", kind, kinds[0])
		}
	}
}

// everyStatus is each status that the summarizing conditions and the generations can make. Berth always writes Ready
// beside the other two; and the API server always gives an observedGeneration.
func everyStatus() []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	words := []string{"", "True", "False", "Unknown"}
	for _, generation := range []int64{-1, 1, 2} {
		for _, ready := range words[1:] {
			for _, reconciling := range words {
				for _, stalled := range words {
					var conditions []any
					for _, one := range [][2]string{{"Ready", ready}, {"Reconciling", reconciling}, {"Stalled", stalled}} {
						if one[1] == "" {
							continue
						}
						conditions = append(conditions, map[string]any{
							"type": one[0], "status": one[1], "reason": "Some", "message": fmt.Sprintf("%s is %s", one[0], one[1])})
					}
					all = append(all, &unstructured.Unstructured{Object: map[string]any{
						"apiVersion": "berth.dev/v1alpha1", "kind": "PortAllocation",
						"metadata": map[string]any{"name": "web", "generation": int64(2)},
						"status":   map[string]any{"observedGeneration": generation, "conditions": conditions},
					}})
				}
			}
		}
	}
	return all
}

// disagreements counts statuses of which script and kstatus say different things. Both True at once is left out: then
// kstatus says what comes first in the list, and Berth never writes it (core/desired/status.cpp).
func disagreements(script string) (found []string) {
	for _, object := range everyStatus() {
		if kube.HasCondition(object, "Reconciling", "True") == nil && kube.HasCondition(object, "Stalled", "True") == nil {
			continue
		}
		if _, err := agrees(script, object); err != nil {
			found = append(found, fmt.Sprintf("%v: %v", object.Object["status"], err))
		}
	}
	return found
}

func TestHealthAndKstatusSayTheSameOfEveryStatus(t *testing.T) {
	script := mustScript(t, "PortAllocation")
	for _, one := range disagreements(script) {
		t.Error(one)
	}
	for _, bad := range [][2]string{
		{"is_true(conditions.Stalled)", "false"},
		{"is_true(conditions.Reconciling)", "false"},
		{"obj.status.observedGeneration ~= obj.metadata.generation", "false"},
		{`"Degraded"`, `"Suspended"`},
	} {
		if !strings.Contains(script, bad[0]) || len(disagreements(strings.ReplaceAll(script, bad[0], bad[1]))) == 0 {
			t.Errorf("nobody notices a health.lua with %s in the place of %s", bad[1], bad[0])
		}
	}
}

func TestAnObjectWithoutAnyStatusIsProgressing(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "berth.dev/v1alpha1", "kind": "PortRange", "metadata": map[string]any{"name": "x", "generation": int64(1)}}}
	got, err := judge(mustScript(t, "PortRange"), object)
	if err != nil || got.Status != "Progressing" {
		t.Errorf("%+v, %v", got, err)
	}
}
