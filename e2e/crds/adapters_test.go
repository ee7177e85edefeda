package crds

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// schema is an OpenAPI schema as it stands in a definition.
type schema map[string]any

// at follows a path of an adapter; a field that such a schema would prune is an error.
func (s schema) at(path string) (schema, error) {
	for name := range strings.SplitSeq(strings.Trim(path, "."), ".") {
		name, isList := strings.CutSuffix(name, "[]")
		properties, _ := s["properties"].(map[string]any)
		next, ok := properties[name].(map[string]any)
		if !ok && s["x-kubernetes-preserve-unknown-fields"] == true {
			return s, nil
		}
		if !ok {
			return nil, fmt.Errorf("no %q in %s", name, path)
		}
		if isList {
			if next, ok = next["items"].(map[string]any); !ok {
				return nil, fmt.Errorf("%q in %s is no list", name, path)
			}
		}
		s = next
	}
	return s, nil
}

// read is what an adapter says of its objects.
type read struct {
	adapted
	LeadsTo, Advertises []map[string]any
	PodTemplates        []string
}

// paths returns every path that is looked at, from the root of an object.
func (r read) paths() (all []string) {
	for _, template := range r.PodTemplates {
		all = append(all, template+".metadata.labels", template+".spec.containers[].ports[].containerPort")
	}
	for _, entry := range slices.Concat(r.LeadsTo, r.Advertises) {
		each, _ := entry["each"].(string)
		add := func(text any) {
			path, _ := text.(string) // a number, or a word as "TCP", is no path
			if strings.HasPrefix(path, ".") {
				path = each + path
			}
			if strings.HasPrefix(path, "spec.") {
				all = append(all, path)
			}
		}
		for key, value := range entry {
			conditions, _ := value.(map[string]any)
			for path := range conditions {
				add(path)
			}
			if key != "when" && key != "unless" {
				add(value)
			}
		}
	}
	return all
}

// servedSchemas returns the schemas of the versions that a definition serves.
func servedSchemas(t *testing.T, definition *unstructured.Unstructured) map[string]schema {
	t.Helper()
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]schema{}
	for _, one := range versions {
		version := one.(map[string]any)
		root, _, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		if err != nil {
			t.Fatal(err)
		}
		if version["served"] == true {
			all[fmt.Sprint(version["name"])] = root
		}
	}
	return all
}

// A field that a project has renamed, or that never was, would be looked for in vain, and nobody would notice.
func TestWhatAdaptersReadIsInTheDefinitionsThatProjectsPublish(t *testing.T) {
	table, err := readTable[read]()
	if err != nil {
		t.Fatal(err)
	}
	var kinds []adapted
	for _, one := range table {
		kinds = append(kinds, one.adapted)
	}
	definitions, err := readPublished(t.Context(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, one := range table {
		definition := definitions[one.name()]
		if definition == nil {
			continue
		}
		served := servedSchemas(t, definition)
		for _, version := range one.Versions {
			schema, ok := served[version]
			if !ok {
				t.Errorf("%s: %s is not served", one.name(), version)
				continue
			}
			for _, path := range one.paths() {
				looked++
				if _, err := schema.at(path); err != nil {
					t.Errorf("%s %s: %v", one.name(), version, err)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("only %d paths were looked for", looked)
	}
}

func TestAPathThatASchemaDoesNotHaveIsToldByItsField(t *testing.T) {
	one := schema{"properties": map[string]any{"spec": map[string]any{"properties": map[string]any{
		"rules": map[string]any{"items": map[string]any{"properties": map[string]any{"port": map[string]any{}}}},
		"free":  map[string]any{"x-kubernetes-preserve-unknown-fields": true},
	}}}}
	for path, want := range map[string]string{
		"spec.rules[].port": "",
		"spec.free.any":     "",
		"spec.rules[].prot": `no "prot" in spec.rules[].prot`,
		"spec.free[]":       `"free" in spec.free[] is no list`,
	} {
		if _, err := one.at(path); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
