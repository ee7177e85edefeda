package transitions

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// node is a place of a schema; its path is written as in the reference: spec.ports[].allowFrom[].cidr. The
// values of a map are spec.selector{}.
type node struct {
	path   string
	schema map[string]any
}

// specOf reads the schema of spec of one kind from crds/.
func specOf(t testing.TB, plural string) node {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	crds, err := kube.ParsePath(filepath.Join(root, "crds", "berth.dev_"+plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	spec, ok := kube.Value(crds[0], "spec.versions.0.schema.openAPIV3Schema.properties.spec")
	if !ok {
		t.Fatalf("%s has no schema of spec", plural)
	}
	return node{"spec", spec.(map[string]any)}
}

func (n node) properties() []node {
	properties, _ := n.schema["properties"].(map[string]any)
	var found []node
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		found = append(found, node{n.path + "." + name, properties[name].(map[string]any)})
	}
	return found
}

func (n node) name() string { return n.path[strings.LastIndex(n.path, ".")+1:] }

func (n node) below(key, mark string) (node, bool) {
	schema, ok := n.schema[key].(map[string]any)
	return node{n.path + mark, schema}, ok
}

func (n node) items() (node, bool)  { return n.below("items", "[]") }
func (n node) values() (node, bool) { return n.below("additionalProperties", "{}") }

func (n node) requires(name string) bool {
	required, _ := n.schema["required"].([]any)
	return slices.Contains(required, any(name))
}

func (n node) whole(key string) int {
	value, _ := n.schema[key].(int64)
	return int(value)
}

// leaves are the paths of everything that has a value of its own.
func (n node) leaves() []string {
	var found []string
	for _, property := range n.properties() {
		found = append(found, property.leaves()...)
	}
	for _, list := range []func() (node, bool){n.items, n.values} {
		if below, ok := list(); ok {
			found = append(found, below.leaves()...)
		}
	}
	if found == nil {
		return []string{n.path}
	}
	return found
}

func TestEveryFieldOfTheSchemasHasAGenerator(t *testing.T) {
	for _, kind := range kinds {
		var walk func(n node)
		walk = func(n node) {
			if kind.makers.find(n.path) != nil {
				return
			}
			below := n.properties()
			for _, list := range []func() (node, bool){n.items, n.values} {
				if one, ok := list(); ok {
					below = append(below, one)
				}
			}
			if len(below) == 0 && n.schema["enum"] == nil && n.schema["type"] != "boolean" {
				t.Errorf("%s: %s has no generator: write one into the makers of this package", kind.plural, n.path)
			}
			for _, one := range below {
				walk(one)
			}
		}
		walk(specOf(t, kind.plural))
	}
}

// A field that nobody generates would be found: here one is added to the schema.
func TestAFieldWithoutGeneratorIsNoticed(t *testing.T) {
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "spec.invented") {
			t.Errorf("it says %s", said)
		}
	}()
	spec := specOf(t, "portallocations")
	spec.schema["properties"].(map[string]any)["invented"] = map[string]any{"type": "string"}
	spec.schema["required"] = append(spec.schema["required"].([]any), "invented")
	newMaker(1, allocations, spec, lane{}).spec("")
}
