package crds

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// adapted is a kind of kube/adapters/builtin.yaml.
type adapted struct {
	Group, Kind, Plural, Scope string
	Versions                   []string
}

// definition takes whatever such an object says: the kinds of dozens of projects, of which only the names and
// what the adapters read matter here.
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

// InstallAdapted applies a definition for every kind that Berth reads by its own table, and returns when the
// API server serves them.
func InstallAdapted(ctx context.Context, client *kube.Client) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "kube/adapters/builtin.yaml"))
	if err != nil {
		return err
	}
	var table struct{ Adapters []adapted }
	if err := yaml.Unmarshal(text, &table); err != nil {
		return err
	}
	var all strings.Builder
	for _, one := range table.Adapters {
		fmt.Fprintf(&all, "---"+definition, one.Group, one.Kind, one.Plural, strings.ToLower(one.Kind), cmp.Or(one.Scope, "Namespaced"))
		for i, name := range one.Versions {
			fmt.Fprintf(&all, version, name, i == 0)
		}
	}
	_, err = client.ApplyYAML(ctx, all.String())
	return err
}

// InstallUnknown applies a definition of a kind that sounds like a way in and that Berth does not read.
func InstallUnknown(ctx context.Context, client *kube.Client, group, kind string) error {
	plural := strings.ToLower(kind) + "s"
	text := fmt.Sprintf(definition, group, kind, plural, strings.ToLower(kind), "Namespaced") + fmt.Sprintf(version, "v1", true)
	_, err := client.ApplyYAML(ctx, text)
	return err
}
