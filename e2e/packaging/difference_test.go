package packaging

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// differences compares two sets of objects by kind, namespace and name. Each line names object and path.
func differences(want, got []*unstructured.Unstructured) []string {
	var found []string
	index := func(side string, objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
		named := map[string]*unstructured.Unstructured{}
		for _, object := range objects {
			name := kube.Name(object)
			if named[name] != nil {
				found = append(found, name+": twice in what is "+side)
			}
			named[name] = object
		}
		return named
	}
	wanted, present := index("wanted", want), index("rendered", got)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if present[name] == nil {
			found = append(found, name+": missing")
			continue
		}
		for _, line := range valueDifferences("", wanted[name].Object, present[name].Object) {
			found = append(found, name+": "+line)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(present)) {
		if wanted[name] == nil {
			found = append(found, name+": not wanted")
		}
	}
	return found
}

func valueDifferences(path string, want, got any) []string {
	var found []string
	switch wanted := want.(type) {
	case map[string]any:
		present, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := maps.Clone(wanted)
		maps.Copy(keys, present)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			at := path + "." + key
			w, isWanted := wanted[key]
			p, isPresent := present[key]
			switch {
			case !isPresent:
				found = append(found, fmt.Sprintf("%s: missing, want %v", at, w))
			case !isWanted:
				found = append(found, fmt.Sprintf("%s: not wanted, is %v", at, p))
			default:
				found = append(found, valueDifferences(at, w, p)...)
			}
		}
		return found
	case []any:
		present, ok := got.([]any)
		if !ok {
			break
		}
		if len(wanted) != len(present) {
			return []string{fmt.Sprintf("%s: want %v, is %v", path, want, got)}
		}
		for i := range wanted {
			found = append(found, valueDifferences(fmt.Sprintf("%s[%d]", path, i), wanted[i], present[i])...)
		}
		return found
	default:
		if want == got {
			return nil
		}
		if _, ok := got.(map[string]any); !ok { // values of two kinds print alike: "1" and 1
			return []string{fmt.Sprintf("%s: want %#v, is %#v", path, want, got)}
		}
	}
	return []string{fmt.Sprintf("%s: want %v, is %v", path, want, got)}
}

func TestEveryKindOfDifferenceIsNamed(t *testing.T) {
	const base = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: 443}], type: ClusterIP}
`
	for _, c := range []struct{ name, text, want string }{
		{"nothing", base, ""},
		{"a value", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: 444}], type: ClusterIP}
`, "Service a/web: .spec.ports[1].port: want 443, is 444"},
		{"the type of a value", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: "443"}], type: ClusterIP}
`, `Service a/web: .spec.ports[1].port: want 443, is "443"`},
		{"a value that became an object", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: 443}], type: {a: b}}
`, "Service a/web: .spec.type: want ClusterIP, is map[a:b]"},
		{"an item more", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: 443}, {port: 1}], type: ClusterIP}
`, "Service a/web: .spec.ports: want [map[port:80] map[port:443]], is [map[port:80] map[port:443] map[port:1]]"},
		{"a key less", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {ports: [{port: 80}, {port: 443}]}
`, "Service a/web: .spec.type: missing, want ClusterIP"},
		{"a key more", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web, tier: front}}
spec: {ports: [{port: 80}, {port: 443}], type: ClusterIP}
`, "Service a/web: .metadata.labels.tier: not wanted, is front"},
		{"an object less", "", "Service a/web: missing"},
		{"an object more", base + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", "Pod x: not wanted"},
		{"an object twice", base + "---" + base, "Service a/web: twice in what is rendered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := differences(kube.MustParse(t, base), kube.MustParse(t, c.text))
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if !slices.Equal(found, want) {
				t.Errorf("differences: %q, want %q", found, want)
			}
		})
	}
}
