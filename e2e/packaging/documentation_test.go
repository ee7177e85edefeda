package packaging

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/chartvalues"
	"sigs.k8s.io/yaml"
)

func explained(t *testing.T) []chartvalues.Value {
	t.Helper()
	text, err := os.ReadFile(sourceFile(t, "charts/berth/values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values, err := chartvalues.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestTheReadmeTellsWhatTheCommentsOfTheValuesTell(t *testing.T) {
	text, err := os.ReadFile(sourceFile(t, "charts/berth/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := chartvalues.Replaced(string(text), chartvalues.Table(explained(t)))
	if err != nil {
		t.Fatal(err)
	}
	if want != string(text) {
		t.Error("charts/berth/README.md is not what values.yaml says: run make chart-readme")
	}
}

// given returns the paths of all keys of some values.
func given(t *testing.T, values string) []string {
	t.Helper()
	parsed := map[string]any{}
	if err := yaml.Unmarshal([]byte(values), &parsed); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var walk func(prefix string, at map[string]any)
	walk = func(prefix string, at map[string]any) {
		for key, value := range at {
			paths = append(paths, prefix+key)
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+key+".", inner)
			}
		}
	}
	walk("", parsed)
	return paths
}

func TestEveryValueIsTried(t *testing.T) {
	var tried []string
	for _, p := range all() {
		tried = append(tried, given(t, p.values)...)
	}
	for _, value := range explained(t) {
		if !slices.Contains(tried, value.Path) {
			t.Errorf("%s: no permutation of the tables sets it", value.Path)
		}
	}
}

// allowed returns the paths of all keys that the schema knows, without those inside of lists and of free objects.
func allowed(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(sourceFile(t, "charts/berth/values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var paths []string
	var walk func(prefix string, schema map[string]any)
	walk = func(prefix string, schema map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		for key, value := range properties {
			paths = append(paths, prefix+key)
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+key+".", inner)
			}
		}
	}
	walk("", root)
	return paths
}

func TestSchemaAndValuesKnowTheSameKeys(t *testing.T) {
	known := allowed(t)
	values := explained(t)
	for _, value := range values {
		if !slices.Contains(known, value.Path) {
			t.Errorf("%s: the schema does not know it", value.Path)
		}
	}
	for _, path := range known {
		if !slices.ContainsFunc(values, func(value chartvalues.Value) bool {
			return value.Path == path || strings.HasPrefix(value.Path, path+".") || strings.HasPrefix(path, value.Path+".")
		}) {
			t.Errorf("%s: values.yaml does not tell of it", path)
		}
	}
}
