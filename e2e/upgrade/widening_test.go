package upgrade

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// replaced are narrowings that refuse nothing that was not refused before, by a rule in CEL that this one stands for.
var replaced = []string{
	"portallocations.berth.dev: v1alpha1.spec.ports[].targetPort: minimum is 1 now",
	"portallocations.berth.dev: v1alpha1.spec.ports[].targetPort: maximum is 65535 now",
	"portallocations.berth.dev: v1alpha1.spec.ports[].targetPort: pattern was <nil>, is ^([0-9]+-)*[0-9]*[a-z](-?[a-z0-9])*$",
}

func TestTheDefinitionsOnlyWiden(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	before, err := kube.ParsePath("previous/crds")
	if err != nil {
		t.Fatal(err)
	}
	now, err := kube.ParsePath(filepath.Join(root, "crds"))
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range before {
		at := slices.IndexFunc(now, func(other *unstructured.Unstructured) bool { return other.GetName() == definition.GetName() })
		if at < 0 {
			t.Errorf("%s is gone, and with it all that is stored of it", definition.GetName())
			continue
		}
		for _, narrowing := range narrowings(definition, now[at]) {
			if text := definition.GetName() + ": " + narrowing; !slices.Contains(replaced, text) {
				t.Error(text)
			}
		}
	}
}

func TestEveryNarrowingIsNoticed(t *testing.T) {
	const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.berth.dev}
spec:
  group: berth.dev
  scope: Namespaced
  names: {kind: Ship, plural: ships}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              properties:
                flag: {type: string, enum: [NL, PA], default: NL}
                name: {type: string, maxLength: 20, minLength: 1}
                knots: {type: integer, minimum: 0, maximum: 40, nullable: true}
                crew: {type: array, x-kubernetes-list-type: set, items: {type: string}, maxItems: 9}
                cargo: {type: object, additionalProperties: {type: string}}
                notes: {type: object, x-kubernetes-preserve-unknown-fields: true}
`
	for _, c := range []struct{ name, was, is, want string }{
		{"nothing", "", "", ""},
		{"another scope", "scope: Namespaced", "scope: Cluster", `scope: was "Namespaced", is "Cluster"`},
		{"a version that is served no more", "served: true", "served: false", "version v1: served no more"},
		{"a version less", "- name: v1", "- name: v2", "version v1: served no more"},
		{"a field less", "                name: {type: string, maxLength: 20, minLength: 1}\n", "", "v1.spec.name: gone"},
		{"a field more", "flag: {", "colour: {type: string}\n                flag: {", ""},
		{"another type", "knots: {type: integer", "knots: {type: number", "v1.spec.knots: type integer became number"},
		{"a field that is required now", "required: [spec]", "required: [spec, status]", "v1: status is required now"},
		{"a field that is required no more", "required: [spec]", "required: []", ""},
		{"a word less", "enum: [NL, PA]", "enum: [NL]", "v1.spec.flag: PA is allowed no more"},
		{"a word more", "enum: [NL, PA]", "enum: [NL, PA, LR]", ""},
		{"words where there were none", "maxLength: 20", "enum: [a]", "v1.spec.name: only [a] are allowed now"},
		{"a lower maximum", "maximum: 40", "maximum: 30", "v1.spec.knots: maximum was 40, is 30"},
		{"a higher maximum", "maximum: 40", "maximum: 50", ""},
		{"a higher minimum", "minLength: 1", "minLength: 2", "v1.spec.name: minLength was 1, is 2"},
		{"a limit where there was none", "name: {type: string", "name: {type: string, pattern: '^a'", "v1.spec.name: pattern was <nil>, is ^a"},
		{"fewer items", "maxItems: 9", "maxItems: 8", "v1.spec.crew: maxItems was 9, is 8"},
		{"items of another type", "items: {type: string}", "items: {type: integer}", "v1.spec.crew[]: type string became integer"},
		{"values of another type", "additionalProperties: {type: string}", "additionalProperties: {type: integer}",
			"v1.spec.cargo[]: type string became integer"},
		{"another default", "default: NL", "default: PA",
			"v1.spec.flag: default was NL, is PA: what is stored without it means something else"},
		{"another way to merge", "list-type: set", "list-type: atomic", "v1.spec.crew: x-kubernetes-list-type was set, is atomic"},
		{"null no more", ", nullable: true", "", "v1.spec.knots: may not be null any more"},
		{"unknown fields no more", ", x-kubernetes-preserve-unknown-fields: true", "", "v1.spec.notes: unknown fields are kept no more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(definition, c.was) {
				t.Fatalf("%q does not stand in the definition", c.was)
			}
			after := strings.Replace(definition, c.was, c.is, 1)
			found := narrowings(kube.MustParseOne(t, definition), kube.MustParseOne(t, after))
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if !slices.Equal(found, want) {
				t.Errorf("narrowings: %q, want %q", found, want)
			}
		})
	}
}
