package vectors

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
)

// schema is the schema of one kind, as it stands in crds/.
type schema struct {
	kind string
	root map[string]any
}

func schemas(t *testing.T) []schema {
	t.Helper()
	crds, err := kube.ParsePath(crdFolder)
	if err != nil {
		t.Fatal(err)
	}
	var found []schema
	for _, crd := range crds {
		versions, _ := kube.Value(crd, "spec.versions")
		for i := range versions.([]any) {
			root, ok := kube.Value(crd, fmt.Sprintf("spec.versions.%d.schema.openAPIV3Schema", i))
			if !ok {
				t.Fatalf("%s has no schema", crd.GetName())
			}
			found = append(found, schema{kube.Text(crd, "spec.names.kind"), root.(map[string]any)})
		}
	}
	if len(found) != 4 {
		t.Fatalf("%d schemas in %s, want 4", len(found), crdFolder)
	}
	return found
}

// node is one place of a schema. Its path is written as in the reference: `spec.ports[].allowFrom[].cidr`.
type node struct {
	path   string
	name   string // of the field; "" for items and values
	schema map[string]any
}

// walk calls visit for the node and everything below it.
func walk(n node, visit func(node)) {
	visit(n)
	if properties, ok := n.schema["properties"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			walk(node{strings.TrimPrefix(n.path+"."+name, "."), name, properties[name].(map[string]any)}, visit)
		}
	}
	if items, ok := n.schema["items"].(map[string]any); ok {
		walk(node{n.path + "[]", "", items}, visit)
	}
	if values, ok := n.schema["additionalProperties"].(map[string]any); ok {
		walk(node{n.path + "{}", "", values}, visit)
	}
}

func (s schema) walk(visit func(node)) { walk(node{schema: s.root}, visit) }

// rule is one x-kubernetes-validations rule: where its refusal appears, and what that says.
type rule struct{ path, message string }

func (s schema) rules() []rule {
	var found []rule
	s.walk(func(n node) {
		validations, _ := n.schema["x-kubernetes-validations"].([]any)
		for _, validation := range validations {
			v := validation.(map[string]any)
			message := strings.TrimSpace(v["message"].(string))
			if v["messageExpression"] != nil {
				message, _, _ = strings.Cut(message, ",") // the expression says the rest more precisely
			}
			path := strings.NewReplacer("[]", "", "{}", "").Replace(n.path)
			if fieldPath, ok := v["fieldPath"].(string); ok {
				path += fieldPath
			}
			found = append(found, rule{path, message})
		}
	})
	return found
}

// isOurs is false for what every Kubernetes object has.
func (n node) isOurs() bool { return n.path != "metadata" && !strings.HasPrefix(n.path, "metadata.") }

func TestEveryFieldIsExplained(t *testing.T) {
	for _, schema := range schemas(t) {
		schema.walk(func(n node) {
			if !n.isOurs() {
				return
			}
			text, _ := n.schema["description"].(string)
			if len(text) < 8 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s %s: %q is no description, write a sentence", schema.kind, n.path, text)
			}
			if value, ok := n.schema["default"]; ok && n.name != "status" && n.name != "observedGeneration" {
				if schema.kind != "PortLedger" && !strings.Contains(text, fmt.Sprintf("Default %v", value)) {
					t.Errorf("%s %s: the description does not name the default %v", schema.kind, n.path, value)
				}
			}
		})
	}
}

func TestEverythingIsBounded(t *testing.T) {
	for _, schema := range schemas(t) {
		schema.walk(func(n node) {
			if !n.isOurs() {
				return
			}
			has := func(key string) bool { _, ok := n.schema[key]; return ok }
			missing := func(what string) { t.Errorf("%s %s: %s is missing", schema.kind, n.path, what) }
			kind, _ := n.schema["type"].(string)
			switch {
			case n.schema["x-kubernetes-int-or-string"] == true:
				if !has("maxLength") {
					missing("maxLength")
				}
			case kind == "string":
				if !has("maxLength") && !has("enum") && n.schema["format"] != "date-time" {
					missing("maxLength or enum")
				}
			case kind == "array":
				if !has("maxItems") {
					missing("maxItems")
				}
				if !has("x-kubernetes-list-type") {
					missing("x-kubernetes-list-type")
				}
			case kind == "integer":
				if !has("minimum") || !has("maximum") && n.name != "observedGeneration" {
					missing("minimum or maximum")
				}
			case kind == "object":
				if has("additionalProperties") != has("maxProperties") {
					missing("maxProperties")
				}
				if !has("additionalProperties") && !has("properties") {
					missing("properties")
				}
			case kind != "boolean":
				missing("type")
			}
			if has("x-kubernetes-preserve-unknown-fields") {
				t.Errorf("%s %s: keeps unknown fields", schema.kind, n.path)
			}
		})
	}
}

// Rules say what to write: each message names something to do.
func TestEveryRuleSaysWhatToWrite(t *testing.T) {
	does := regexp.MustCompile(`\b(write|remove|declare)\b`)
	says := 0
	for _, schema := range schemas(t) {
		schema.walk(func(n node) {
			validations, _ := n.schema["x-kubernetes-validations"].([]any)
			for _, validation := range validations {
				v := validation.(map[string]any)
				message, _ := v["message"].(string)
				if message == "the highest port is 65535, write numbers from 1 to 65535" {
					says++
				}
				if !does.MatchString(message) {
					t.Errorf("%s %s: %q does not say what to write", schema.kind, n.path, message)
				}
			}
		})
	}
	if says == 0 {
		t.Error("the walk finds no rules at all")
	}
}

// Label selectors and conditions are copies of one text each; only numbers of items differ.
func TestCopiesAreEqual(t *testing.T) {
	copies := map[string][]node{}
	for _, schema := range schemas(t) {
		schema.walk(func(n node) {
			if n.name == "namespaceSelector" || n.name == "podSelector" {
				copies["label selector"] = append(copies["label selector"], n)
			}
			if n.path == "status.conditions" {
				copies["conditions"] = append(copies["conditions"], n)
			}
		})
	}
	for name, nodes := range copies {
		if len(nodes) < 3 {
			t.Errorf("%d times %s, want at least 3", len(nodes), name)
		}
		for _, n := range nodes[1:] {
			if !reflect.DeepEqual(withoutSizes(n.schema, true), withoutSizes(nodes[0].schema, true)) {
				t.Errorf("%s at %s differs from the one at %s", name, n.path, nodes[0].path)
			}
		}
	}
}

func withoutSizes(value any, top bool) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, item := range v {
			if key == "maxItems" || top && key == "description" {
				continue
			}
			out[key] = withoutSizes(item, false)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutSizes(item, false)
		}
		return out
	}
	return value
}

func TestKstatusSeesAnObjectNobodyLookedAtAsInProgress(t *testing.T) {
	for _, schema := range schemas(t) {
		if schema.kind == "PortLedger" {
			continue // has no status
		}
		found := false
		schema.walk(func(n node) {
			if n.path == "status" && reflect.DeepEqual(n.schema["default"], map[string]any{}) {
				found = true
			}
			if n.path == "status.observedGeneration" && fmt.Sprint(n.schema["default"]) != "-1" {
				t.Errorf("%s: the default of %s is %v, want -1", schema.kind, n.path, n.schema["default"])
			}
		})
		if !found {
			t.Errorf("%s: status has no default {}", schema.kind)
		}
	}
}

// The reference has one section for each kind, with one table line for each field: | `path` | type | default |.
// Below a label selector and a condition it goes on in sections of their own.
func TestTheReferenceListsEveryField(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]map[string]string{}
	var current map[string]string
	line := regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]*) \\| ([^|]*) \\| ([^|]+) \\|$")
	for _, row := range strings.Split(string(text), "\n") {
		if title, ok := strings.CutPrefix(row, "## "); ok {
			current = map[string]string{}
			sections[title] = current
		}
		if cells := line.FindStringSubmatch(row); cells != nil {
			if current[cells[1]] != "" {
				t.Errorf("%s stands twice in one section", cells[1])
			}
			current[cells[1]] = strings.TrimSpace(cells[2]) + " | " + strings.TrimSpace(cells[3])
		}
	}
	wanted := map[string]map[string]string{"Label selectors": {}, "Conditions": {}}
	for _, schema := range schemas(t) {
		wanted[schema.kind] = map[string]string{}
		required := map[string]bool{}
		schema.walk(func(n node) {
			names, _ := n.schema["required"].([]any)
			for _, name := range names {
				required[strings.TrimPrefix(n.path+"."+name.(string), ".")] = true
			}
			if n.name == "" || n.name == "apiVersion" || n.name == "kind" && n.path == "kind" || !n.isOurs() {
				return
			}
			section, path := schema.kind, n.path
			for _, shared := range []struct{ below, section string }{
				{"Selector.", "Label selectors"}, {"status.conditions[].", "Conditions"}} {
				if _, rest, ok := strings.Cut(path, shared.below); ok {
					section, path = shared.section, rest
				}
			}
			wanted[section][path] = n.typeName() + " | " + n.defaultName(required[n.path])
		})
	}
	for section, fields := range wanted {
		for _, path := range slices.Sorted(maps.Keys(fields)) {
			switch got := sections[section][path]; got {
			case fields[path]:
			case "":
				t.Errorf("%s: no line for `%s` (%s)", section, path, fields[path])
			default:
				t.Errorf("%s: the line for `%s` says %s, the schema %s", section, path, got, fields[path])
			}
		}
		for path := range sections[section] {
			if fields[path] == "" {
				t.Errorf("%s: `%s` is no field", section, path)
			}
		}
	}
}

// typeName is how the reference calls the type of a field.
func (n node) typeName() string {
	below := func(key string) node { return node{schema: n.schema[key].(map[string]any)} }
	switch {
	case n.schema["x-kubernetes-int-or-string"] == true:
		return "number or text"
	case n.schema["enum"] != nil:
		return "word"
	}
	switch n.schema["type"] {
	case "string":
		return "text"
	case "integer":
		return "number"
	case "boolean":
		return "true or false"
	case "array":
		return "list of " + below("items").typeName() + "s"
	case "object":
		if n.schema["additionalProperties"] != nil {
			return "map of " + below("additionalProperties").typeName() + "s"
		}
		return "object"
	}
	return "?"
}

// defaultName is what the reference says in the column of defaults.
func (n node) defaultName(required bool) string {
	if value, ok := n.schema["default"]; ok && n.name != "status" {
		return fmt.Sprintf("`%v`", value)
	}
	if required {
		return "required"
	}
	return ""
}
