package crds

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// adapted is a kind of kube/adapters/builtin.yaml.
type adapted struct {
	Group, Kind, Plural, Scope string
	Versions                   []string
}

// name is that of the kind's CustomResourceDefinition.
func (a adapted) name() string { return a.Plural + "." + a.Group }

// definition takes whatever such an object says: for kinds whose own definition is in no module.
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[3]s.%[1]s
spec:
  group: %[1]s
  names: {kind: %[2]s, plural: %[3]s, singular: %[4]s}
  scope: %[5]s
  versions:
`

const version = `
  - name: %s
    served: true
    storage: %t
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// readTable reads from Berth's own table of kinds what an Adapter has members for.
func readTable[Adapter any]() ([]Adapter, error) {
	root, err := programs.Root()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "kube/adapters/builtin.yaml"))
	if err != nil {
		return nil, err
	}
	var table struct{ Adapters []Adapter }
	err = yaml.Unmarshal(text, &table)
	return table.Adapters, err
}

// InstallAdapted applies a definition for every kind that Berth reads by its own table, where possible the one
// that its project publishes, and returns when the API server serves them.
func InstallAdapted(ctx context.Context, client *kube.Client) error {
	table, err := readTable[adapted]()
	if err != nil {
		return err
	}
	definitions, err := readPublished(ctx, table)
	if err != nil {
		return err
	}
	for _, one := range table {
		if definitions[one.name()] != nil || strings.HasSuffix(one.Group, ".k8s.io") {
			continue // there already, or the API server's own, such as APIServices
		}
		if definitions[one.name()], err = one.minimal(); err != nil {
			return err
		}
	}
	_, err = client.Apply(ctx, slices.Collect(maps.Values(definitions))...)
	return err
}

// minimal returns a definition with no more than the names of the kind.
func (a adapted) minimal() (*unstructured.Unstructured, error) {
	text := fmt.Sprintf(definition, a.Group, a.Kind, a.Plural, strings.ToLower(a.Kind), cmp.Or(a.Scope, "Namespaced"))
	for i, name := range a.Versions {
		text += fmt.Sprintf(version, name, i == 0)
	}
	objects, err := kube.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.name(), err)
	}
	return objects[0], nil
}

// InstallUnknown applies a definition of a kind that sounds like a way in and that Berth does not read.
func InstallUnknown(ctx context.Context, client *kube.Client, group, kind string) error {
	one := adapted{Group: group, Kind: kind, Plural: strings.ToLower(kind) + "s", Versions: []string{"v1"}}
	object, err := one.minimal()
	if err != nil {
		return err
	}
	_, err = client.Apply(ctx, object)
	return err
}
