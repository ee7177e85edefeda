package verdicts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/cases"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const caseFolder = "../cases"

// disagreement is a verdict that is not the expected one, or does not say why.
type disagreement struct{ name, want, got, said string }

// compare returns nothing if the verdict and what is said are as expected.
func compare(c cases.Case, verdict, message, said string) []disagreement {
	if verdict == c.Expect && strings.Contains(said, message) {
		return nil
	}
	want := c.Expect
	if message != "" {
		want += fmt.Sprintf(" saying %q", message)
	}
	return []disagreement{{c.Name, want, verdict, said}}
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
			isName := key == "service" || key == "host" || key == "hostname" || (key == "name" && value["kind"] == "Hostname")
			if name, ok := member.(string); ok && isName {
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
func messageFor(i int, c cases.Case) string { return ownNames(i, c.Message) }

// ownNames puts the namespaces of case number i into a text that says NAMESPACE/NAME or NAME.NAMESPACE.svc.
func ownNames(i int, text string) string {
	return inMessage.ReplaceAllStringFunc(text, func(found string) string {
		parts := inMessage.FindStringSubmatch(found)
		return own(i, parts[1]) + parts[2]
	})
}

func TestAWrongVerdictAndAWrongReasonAreDisagreements(t *testing.T) {
	refused := cases.Case{Name: "a", Expect: "Deny"}
	for _, test := range []struct {
		verdict, said string
		wrong         bool
	}{
		{"Deny", "port 1 is internal", false},
		{"Deny", "port 2 is internal", true},
		{"Allow", "", true},
		{"Unknown", "port 1 is internal", true},
	} {
		if found := compare(refused, test.verdict, "port 1", test.said); (len(found) > 0) != test.wrong {
			t.Errorf("%+v: %v", test, found)
		}
	}
}
