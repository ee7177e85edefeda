package transitions

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"berth.dev/e2e/kube"
)

// breach makes one value of a spec wrong, and says which and how.
type breach struct {
	what string
	do   func()
}

// breaches lists the ways to make a spec wrong of which the schema alone must know: of every value that is
// there each bound, and its type. set replaces the value in what it stands in.
func breaches(n node, value any, set func(any)) []breach {
	var found []breach
	add := func(how string, wrong any) {
		found = append(found, breach{n.path + " " + how, func() { set(wrong) }})
	}
	switch at := value.(type) {
	case map[string]any:
		add("is a list", []any{})
		found = append(found, breachesOfObject(n, at)...)
	case []any:
		add("is a number", int64(7))
		if n.whole("minItems") > 0 {
			add("is empty", []any{})
		}
		if items, ok := n.items(); ok {
			for i, item := range at {
				found = append(found, breaches(items, item, func(wrong any) { at[i] = wrong })...)
			}
		}
	case string:
		add("is a list", []any{"x"})
		if longest := n.whole("maxLength"); longest > 0 {
			add("is too long", strings.Repeat("x", longest+1))
		}
		if n.schema["enum"] != nil {
			add("is no word of the list", "Bogus")
		}
	case int64:
		add("is a list", []any{at})
		if highest := n.whole("maximum"); highest > 0 {
			add("is too large", int64(highest+1))
		}
		if _, ok := n.schema["minimum"]; ok {
			add("is too small", int64(n.whole("minimum")-1))
		}
	case bool:
		add("is a text", "perhaps")
	}
	return found
}

func breachesOfObject(n node, object map[string]any) []breach {
	var found []breach
	for _, property := range n.properties() {
		name := property.name()
		value, present := object[name]
		if !present {
			continue
		}
		found = append(found, breaches(property, value, func(wrong any) { object[name] = wrong })...)
		if n.requires(name) && property.schema["default"] == nil {
			found = append(found, breach{property.path + " is missing", func() { delete(object, name) }})
		}
	}
	if values, ok := n.values(); ok {
		for _, key := range slices.Sorted(maps.Keys(object)) {
			found = append(found, breaches(values, object[key], func(wrong any) { object[key] = wrong })...)
		}
	}
	return found
}

// target is an object that invalid edits are tried on.
type target struct {
	kind            kind
	namespace, name string
}

// tryInvalid tries one edit that the schema does not allow and makes sure that it changed nothing.
func (s *stage) tryInvalid(ctx context.Context, schema node, on target, choose func([]breach) breach) error {
	before, err := s.Get(ctx, on.kind.plural, on.namespace, on.name)
	if err != nil {
		return err
	}
	wrong := before.DeepCopy()
	spec := wrong.Object["spec"].(map[string]any)
	ways := breaches(schema, spec, func(value any) { wrong.Object["spec"] = value })
	chosen := choose(ways)
	chosen.do()
	_, err = s.Update(ctx, wrong.DeepCopy())
	rejection, refused := kube.Rejected(err)
	const unprocessable, badRequest = 422, 400
	if !refused || rejection.Code != unprocessable && rejection.Code != badRequest {
		return fmt.Errorf("%s where %s was not refused: %w\nspec: %v", kube.Name(before), chosen.what, err, wrong.Object["spec"])
	}
	after, err := s.Get(ctx, on.kind.plural, on.namespace, on.name)
	if err != nil {
		return err
	}
	if after.GetResourceVersion() != before.GetResourceVersion() || after.GetUID() != before.GetUID() {
		return fmt.Errorf("%s changed although the edit was refused in which %s", kube.Name(before), chosen.what)
	}
	return nil
}
