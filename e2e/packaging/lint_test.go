package packaging

import (
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/programs"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// linted says what helm lint --strict says of the chart with values.
func linted(t *testing.T, values string) []error {
	t.Helper()
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	var errors []error
	for _, message := range lint.All(sourceFile(t, "charts/berth"), given, programs.Namespace, true).Messages {
		if message.Severity > support.InfoSev {
			errors = append(errors, message.Err)
		}
	}
	return errors
}

func TestNoLinterComplainsOfAnyRendering(t *testing.T) {
	published := newConformer(t, withKinds(t))
	conforms := map[string]bool{} // most objects are the same in most permutations
	for _, p := range slices.Concat(all(), pairwisePermutations(t)) {
		t.Run(p.name, func(t *testing.T) {
			for _, err := range linted(t, p.values) {
				t.Errorf("helm lint: %v", err)
			}
			result := mustRender(t, p.in(), p.values)
			for _, object := range slices.Concat(result.objects, result.hooks, result.pods(t)) {
				text, err := object.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				if conforms[string(text)] {
					continue
				}
				complaint := published.complaint(text)
				if complaint != "" {
					t.Errorf("%s: %s", object.GetKind()+" "+object.GetName(), complaint)
				}
				conforms[string(text)] = complaint == ""
			}
		})
	}
}

func TestTheLintersComplainOfWhatIsWrong(t *testing.T) {
	if len(linted(t, "{operator: {replicas: many}}")) == 0 {
		t.Error("helm lint takes a number of replicas that is none")
	}
	published := newConformer(t, withKinds(t))
	for _, c := range []struct {
		name, says string
		change     func(deployment map[string]any)
	}{
		{"a field that does not exist", "serviceAcountName", func(deployment map[string]any) {
			_ = unstructured.SetNestedField(deployment, "x", "spec", "template", "spec", "serviceAcountName")
		}},
		{"a text for a number", "replicas", func(deployment map[string]any) {
			_ = unstructured.SetNestedField(deployment, "two", "spec", "replicas")
		}},
		{"a missing selector", "selector", func(deployment map[string]any) {
			unstructured.RemoveNestedField(deployment, "spec", "selector")
		}},
		{"a kind that nobody serves", "could not find schema", func(deployment map[string]any) {
			deployment["apiVersion"] = "apps/v7"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			deployment := mustRender(t, "wrong", "").find(t, "Deployment wrong/berth-webhook")
			c.change(deployment.Object)
			text, err := deployment.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if complaint := published.complaint(text); !strings.Contains(complaint, c.says) {
				t.Errorf("it says %q, not of %q", complaint, c.says)
			}
		})
	}
}
