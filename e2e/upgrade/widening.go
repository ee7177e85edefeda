package upgrade

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// narrowings lists where a CustomResourceDefinition refuses what the one before accepted, or does not know any more what
// was stored: each with its path. Rules in CEL may be added, because stored objects that break them can still be changed
// (ratcheting, KEP-4008); dropping one widens.
func narrowings(before, after *unstructured.Unstructured) []string {
	var found []string
	for _, path := range [][]string{{"spec", "group"}, {"spec", "scope"}, {"spec", "names", "kind"}, {"spec", "names", "plural"}} {
		was, _, _ := unstructured.NestedString(before.Object, path...)
		is, _, _ := unstructured.NestedString(after.Object, path...)
		if was != is {
			found = append(found, fmt.Sprintf("%s: was %q, is %q", path[len(path)-1], was, is))
		}
	}
	newer := versions(after)
	older := versions(before)
	for _, name := range slices.Sorted(maps.Keys(older)) {
		version, ok := newer[name]
		if !ok || version["served"] != true {
			found = append(found, fmt.Sprintf("version %s: served no more", name))
			continue
		}
		was, _, _ := unstructured.NestedMap(older[name], "schema", "openAPIV3Schema")
		is, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		found = append(found, narrowedSchema(name, was, is)...)
	}
	return found
}

func versions(definition *unstructured.Unstructured) map[string]map[string]any {
	named := map[string]map[string]any{}
	list, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, item := range list {
		version := item.(map[string]any)
		named[version["name"].(string)] = version
	}
	return named
}

func narrowedSchema(path string, was, is map[string]any) []string {
	var found []string
	say := func(format string, values ...any) {
		found = append(found, path+": "+fmt.Sprintf(format, values...))
	}
	if was["type"] != is["type"] {
		say("type %v became %v", was["type"], is["type"])
	}
	found = append(found, narrowedValues(path, was, is)...)
	for _, name := range slices.Sorted(slices.Values(texts(is["required"]))) {
		if !slices.Contains(texts(was["required"]), name) {
			say("%s is required now", name)
		}
	}
	properties, newer := schemas(was["properties"]), schemas(is["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		at := path + "." + name
		schema, ok := newer[name]
		if !ok {
			found = append(found, at+": gone")
			continue
		}
		found = append(found, narrowedSchema(at, properties[name], schema)...)
	}
	for _, inner := range []string{"items", "additionalProperties"} {
		wasInner, _ := was[inner].(map[string]any)
		isInner, _ := is[inner].(map[string]any)
		switch {
		case wasInner != nil && isInner != nil:
			found = append(found, narrowedSchema(path+"[]", wasInner, isInner)...)
		case wasInner != nil:
			say("%s: gone", inner)
		}
	}
	// Changes how lists of several writers are merged, and what counts as one item.
	for _, key := range []string{"x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"} {
		if was[key] != nil && !reflect.DeepEqual(was[key], is[key]) {
			say("%s was %v, is %v", key, was[key], is[key])
		}
	}
	if was["x-kubernetes-preserve-unknown-fields"] == true && is["x-kubernetes-preserve-unknown-fields"] != true {
		say("unknown fields are kept no more")
	}
	return found
}

// narrowedValues compares what a single value may be.
func narrowedValues(path string, was, is map[string]any) []string {
	var found []string
	say := func(format string, values ...any) {
		found = append(found, path+": "+fmt.Sprintf(format, values...))
	}
	allowed, isEnum := is["enum"].([]any)
	before, wasEnum := was["enum"].([]any)
	switch {
	case isEnum && !wasEnum:
		say("only %v are allowed now", allowed)
	case isEnum:
		for _, value := range before {
			if !slices.ContainsFunc(allowed, func(other any) bool { return reflect.DeepEqual(value, other) }) {
				say("%v is allowed no more", value)
			}
		}
	}
	for _, bound := range []struct {
		key   string
		lower bool
	}{
		{"minimum", true}, {"minLength", true}, {"minItems", true}, {"minProperties", true},
		{"maximum", false}, {"maxLength", false}, {"maxItems", false}, {"maxProperties", false},
	} {
		limit, isLimited := number(is[bound.key])
		old, wasLimited := number(was[bound.key])
		switch {
		case !isLimited:
		case !wasLimited:
			say("%s is %v now", bound.key, limit)
		case bound.lower && limit > old, !bound.lower && limit < old:
			say("%s was %v, is %v", bound.key, old, limit)
		}
	}
	for _, key := range []string{"pattern", "format"} {
		if is[key] != nil && is[key] != was[key] {
			say("%s was %v, is %v", key, was[key], is[key])
		}
	}
	if !reflect.DeepEqual(was["default"], is["default"]) {
		say("default was %v, is %v: what is stored without it means something else", was["default"], is["default"])
	}
	if was["nullable"] == true && is["nullable"] != true {
		say("may not be null any more")
	}
	return found
}

func schemas(value any) map[string]map[string]any {
	named := map[string]map[string]any{}
	properties, _ := value.(map[string]any)
	for name, schema := range properties {
		named[name], _ = schema.(map[string]any)
	}
	return named
}

func texts(value any) []string {
	var list []string
	items, _ := value.([]any)
	for _, item := range items {
		list = append(list, item.(string))
	}
	return list
}

func number(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}
