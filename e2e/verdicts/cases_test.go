package verdicts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	caseFolder  = "../cases"
	fewestCases = 60 // in each of the two great folders
)

// testCase is one file of e2e/cases; its README says what is in it.
type testCase struct {
	name      string // exposing/row01-lb-443-to-5432
	expect    string // Deny, Allow, Unknown or Warn
	message   string // a part of what the user reads
	documents []*unstructured.Unstructured
}

// objects returns copies of the manifests: those that are there, and the one that is judged.
func (c testCase) objects() (there []*unstructured.Unstructured, judged *unstructured.Unstructured) {
	var all []*unstructured.Unstructured
	for _, document := range c.documents {
		all = append(all, document.DeepCopy())
	}
	return all[:len(all)-1], all[len(all)-1]
}

// loadCases reads all files, in the order of their names.
func loadCases() ([]testCase, error) {
	var all []testCase
	for _, folder := range []struct {
		name     string
		fewest   int
		expected []string
	}{
		{"exposing", fewestCases, []string{"Deny"}},
		{"harmless", fewestCases, []string{"Allow"}},
		{"told", 1, []string{"Unknown", "Warn"}},
	} {
		paths, err := filepath.Glob(filepath.Join(caseFolder, folder.name, "*.yaml"))
		if err != nil {
			return nil, err
		}
		if len(paths) < folder.fewest {
			return nil, fmt.Errorf("%d cases in %s, want at least %d", len(paths), folder.name, folder.fewest)
		}
		for _, path := range paths {
			one, err := loadCase(path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if !slices.Contains(folder.expected, one.expect) {
				return nil, fmt.Errorf("%s: expects %q, cases of this folder expect %v", path, one.expect, folder.expected)
			}
			one.name = folder.name + "/" + strings.TrimSuffix(filepath.Base(path), ".yaml")
			all = append(all, one)
		}
	}
	return all, nil
}

func loadCase(path string) (testCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return testCase{}, err
	}
	one := testCase{}
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "expect":
			one.expect = value
		case "message":
			one.message = value
		}
	}
	if one.message == "" && one.expect != "Allow" {
		return testCase{}, errors.New("no message is expected")
	}
	if one.documents, err = kube.Parse(string(text)); err != nil {
		return testCase{}, err
	}
	if len(one.documents) == 0 {
		return testCase{}, errors.New("nothing to judge")
	}
	return one, nil
}

// disagreement is a verdict that is not the expected one, or does not say why.
type disagreement struct{ name, want, got, said string }

// compare returns nothing if the verdict and what is said are as expected.
func (c testCase) compare(verdict, message, said string) []disagreement {
	if verdict == c.expect && strings.Contains(said, message) {
		return nil
	}
	want := c.expect
	if message != "" {
		want += fmt.Sprintf(" saying %q", message)
	}
	return []disagreement{{c.name, want, verdict, said}}
}

// report prints the disagreements as a table and fails the test if there are any.
func report(t *testing.T, judge string, asked int, all []disagreement) {
	t.Helper()
	t.Logf("%s: %d cases, %d wrong answers", judge, asked, len(all))
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b disagreement) int { return strings.Compare(a.name, b.name) })
	var table strings.Builder
	for _, one := range all {
		fmt.Fprintf(&table, "\n%-60s got %-8s want %s\n", one.name, one.got, one.want)
		for line := range strings.Lines(strings.TrimSpace(one.said)) {
			fmt.Fprintf(&table, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
	t.Errorf("%s:%s", judge, table.String())
}

// The namespaces of the cases. In one cluster every case gets its own pair.
var caseNamespaces = []string{"data", "web"}

// In NAMESPACE/NAME and in NAME.NAMESPACE.svc.
var inMessage = regexp.MustCompile(`\b(data|web)(/|\.svc\b)`)

// own returns the name that a namespace of the cases has for case number i.
func own(i int, namespace string) string { return fmt.Sprintf("%s-%03d", namespace, i) }

// moveTo puts an object of a case into the namespaces of case number i.
func moveTo(i int, object *unstructured.Unstructured) *unstructured.Unstructured {
	if slices.Contains(caseNamespaces, object.GetNamespace()) {
		object.SetNamespace(own(i, object.GetNamespace()))
	}
	// What leads from one namespace into another: references, DNS names, and the values of a ConfigMap.
	moveReferences(i, object.Object["spec"])
	if name, found, _ := unstructured.NestedString(object.Object, "spec", "externalName"); found {
		object.Object["spec"].(map[string]any)["externalName"] = ownNames(i, name)
	}
	data, _, _ := unstructured.NestedStringMap(object.Object, "data")
	for key, value := range data {
		object.Object["data"].(map[string]any)[key] = ownNames(i, value)
	}
	return object
}

// moveReferences does the same with every member "namespace" of a spec, and with names of DNS.
func moveReferences(i int, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			if name, ok := member.(string); ok && key == "namespace" && slices.Contains(caseNamespaces, name) {
				value[key] = own(i, name)
			}
			if name, ok := member.(string); ok && (key == "service" || key == "host") {
				value[key] = ownNames(i, name)
			}
			moveReferences(i, member)
		}
	case []any:
		for _, element := range value {
			moveReferences(i, element)
		}
	}
}

// messageFor is the expected message as it reads in the namespaces of case number i.
func (c testCase) messageFor(i int) string { return ownNames(i, c.message) }

// ownNames puts the namespaces of case number i into a text that says NAMESPACE/NAME or NAME.NAMESPACE.svc.
func ownNames(i int, text string) string {
	return inMessage.ReplaceAllStringFunc(text, func(found string) string {
		parts := inMessage.FindStringSubmatch(found)
		return own(i, parts[1]) + parts[2]
	})
}

func TestAWrongVerdictAndAWrongReasonAreDisagreements(t *testing.T) {
	refused := testCase{name: "a", expect: "Deny"}
	for _, test := range []struct {
		verdict, said string
		wrong         bool
	}{
		{"Deny", "port 1 is internal", false},
		{"Deny", "port 2 is internal", true},
		{"Allow", "", true},
		{"Unknown", "port 1 is internal", true},
	} {
		if found := refused.compare(test.verdict, "port 1", test.said); (len(found) > 0) != test.wrong {
			t.Errorf("%+v: %v", test, found)
		}
	}
}
