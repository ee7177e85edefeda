// Package vectors tries the CRDs on a real API server: what they accept, what they refuse, and whether each
// refusal says what to write instead. The cases are data, in the YAML files beside this one:
//
//	kind: PortRange          # the kind all vectors of the file are about
//	vectors:
//	- name: a single number
//	  expect: accept         # or reject
//	  metadata: {name: a}    # optional
//	  old: {...}             # optional: the spec that is there already; the vector is then an update
//	  spec: {...}
//	  defaults: {...}        # accept: values that the API server must have filled in, by path
//	  field: spec.ports[0]   # reject: the field that is at fault
//	  message: ...           # reject: a part of what is said about it
//	  also: [...]            # reject: parts of what is said beside it; nothing else may be said
//	  more: true             # reject: more is said, which depends on the place
//
// places.yaml has the same for values with equal rules in several places.
package vectors

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

const (
	crdFolder     = "../../crds"
	exampleFolder = "../../examples"
	reference     = "../../docs/reference/api.md"
	apiVersion    = "berth.dev/v1alpha1"
	fewestVectors = 80
	notAllChecked = "some validation rules were not checked"
	dryRunManager = "berth-vectors"
	vectorFiles   = "*.yaml"
	rootField     = "<nil>" // how the API server calls the whole object
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

type vector struct {
	Name     string         `json:"name"`
	Expect   string         `json:"expect"`
	Metadata map[string]any `json:"metadata"`
	Old      map[string]any `json:"old"`
	Spec     map[string]any `json:"spec"`
	Value    any            `json:"value"`
	Defaults map[string]any `json:"defaults"`
	Field    string         `json:"field"`
	Message  string         `json:"message"`
	Also     []string       `json:"also"`
	More     bool           `json:"more"`

	kind string
}

type place struct {
	Kind string         `json:"kind"`
	At   string         `json:"at"`
	Spec map[string]any `json:"spec"`
}

type vectorFile struct {
	Kind    string   `json:"kind"`
	Vectors []vector `json:"vectors"`
	Groups  []struct {
		Name    string   `json:"name"`
		Places  []place  `json:"places"`
		Vectors []vector `json:"vectors"`
	} `json:"groups"`
}

// load reads every vector there is. Those of places.yaml come once for each place.
func load(t *testing.T) []vector {
	t.Helper()
	files, err := filepath.Glob(vectorFiles)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file vectorFile
		if err := yaml.UnmarshalStrict(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range file.Vectors {
			v.kind = file.Kind
			all = append(all, v)
		}
		for _, group := range file.Groups {
			for _, place := range group.Places {
				for _, v := range group.Vectors {
					all = append(all, v.in(t, place, group.Name))
				}
			}
		}
	}
	for i, v := range all {
		if v.Expect != "accept" && v.Expect != "reject" {
			t.Fatalf("%s %q: expect is %q, write accept or reject", v.kind, v.Name, v.Expect)
		}
		if v.Expect == "reject" && (v.Field == "" || v.Message == "") {
			t.Fatalf("%s %q: a rejection needs field and message", v.kind, v.Name)
		}
		if v.Spec == nil {
			t.Fatalf("%s %q: no spec", v.kind, v.Name)
		}
		if slices.ContainsFunc(all[:i], func(o vector) bool { return o.kind == v.kind && o.Name == v.Name }) {
			t.Fatalf("%s %q: the name comes twice", v.kind, v.Name)
		}
	}
	return all
}

// in is the vector with its value put where the place says.
func (v vector) in(t *testing.T, p place, group string) vector {
	t.Helper()
	v.Name = fmt.Sprintf("%s in %s: %s", group, p.At, v.Name)
	v.kind = p.Kind
	v.Spec = runtime.DeepCopyJSON(whole(p.Spec).(map[string]any))
	steps := strings.Split(p.At, ".")
	field := "spec"
	var at any = v.Spec
	for i, step := range steps {
		last := i == len(steps)-1
		switch parent := at.(type) {
		case map[string]any:
			field += "." + step
			if last {
				parent[step] = v.Value
			}
			at = parent[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil {
				t.Fatalf("%s: %v", p.At, err)
			}
			field += fmt.Sprintf("[%d]", index)
			if last {
				parent[index] = v.Value
			}
			at = parent[index]
		default:
			t.Fatalf("%s: nothing at %q", p.At, step)
		}
	}
	v.Field = field + v.Field
	return v
}

// whole is the value with whole numbers as int64, as the dynamic client wants them.
func whole(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = whole(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = whole(item)
		}
		return out
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return value
}

func (v vector) object(spec map[string]any, namespace string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion,
		"kind":       v.kind,
		"metadata":   map[string]any{"name": "vector"},
		"spec":       whole(spec),
	}}
	for key, value := range v.Metadata {
		object.Object["metadata"].(map[string]any)[key] = value
	}
	if v.kind == "PortAllocation" {
		object.SetNamespace(namespace)
	}
	return object
}

// server is the API server with our CRDs.
type server struct {
	*kube.Client
	namespace string
}

// connect installs the CRDs, which must not cause a single warning, and makes a namespace for the test.
func connect(t *testing.T) server {
	t.Helper()
	client := kube.MustNew(t, shared.AdminConfig())
	if _, err := client.ApplyPath(t.Context(), crdFolder); err != nil {
		t.Fatal(err)
	}
	if warnings := client.Warnings(); len(warnings) > 0 {
		t.Fatalf("the API server warns about the CRDs: %q", warnings)
	}
	return server{client, client.Namespace(t)}
}

func (s server) resource(t *testing.T, object *unstructured.Unstructured) dynamic.ResourceInterface {
	t.Helper()
	resource, mapping, err := s.Resource(object.GetKind())
	if err != nil {
		t.Fatal(err)
	}
	if mapping.Scope.Name() == "namespace" {
		return resource.Namespace(object.GetNamespace())
	}
	return resource
}

// dryRun is what the API server would answer to the creation, with unknown and duplicate fields refused.
func (s server) dryRun(t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	t.Helper()
	return s.resource(t, object).Create(t.Context(), object, metav1.CreateOptions{
		DryRun: []string{metav1.DryRunAll}, FieldManager: dryRunManager, FieldValidation: metav1.FieldValidationStrict})
}

// update makes the object with its old spec for real, and then asks for the update as a dry run.
func (s server) update(t *testing.T, v vector) (*unstructured.Unstructured, error) {
	t.Helper()
	old := v.object(v.Old, s.namespace)
	old.SetName(kube.UniqueName(t))
	resource := s.resource(t, old)
	made, err := resource.Create(t.Context(), old, metav1.CreateOptions{FieldManager: dryRunManager})
	if err != nil {
		t.Fatalf("the old object: %v", err)
	}
	t.Cleanup(func() { _ = resource.Delete(context.Background(), old.GetName(), metav1.DeleteOptions{}) })
	made.Object["spec"] = whole(v.Spec)
	return resource.Update(t.Context(), made, metav1.UpdateOptions{
		DryRun: []string{metav1.DryRunAll}, FieldManager: dryRunManager, FieldValidation: metav1.FieldValidationStrict})
}

// causes are what the API server objects to, without its remark that it did not look at everything.
func causes(t *testing.T, err error) []kube.Field {
	t.Helper()
	rejection, ok := kube.Rejected(err)
	if !ok {
		t.Fatalf("not refused, but failed: %v", err)
	}
	return slices.DeleteFunc(rejection.Fields, func(f kube.Field) bool { return strings.Contains(f.Message, notAllChecked) })
}

func TestVectors(t *testing.T) {
	s := connect(t)
	all := append(load(t), vector{kind: "PortLedger", Name: "more node ports than the shard has numbers", Expect: "reject",
		Spec: largestLedger("NodePort", 257, 20), Field: "spec.entries",
		Message: "a node port has one owner whatever the protocol, write at most 256 entries, one per number"})
	if len(all) < fewestVectors {
		t.Errorf("%d vectors, want at least %d", len(all), fewestVectors)
	}
	refused := map[string][]kube.Field{}
	for _, v := range all {
		t.Run(v.kind+"/"+v.Name, func(t *testing.T) {
			var answer *unstructured.Unstructured
			var err error
			if v.Old != nil {
				answer, err = s.update(t, v)
			} else {
				answer, err = s.dryRun(t, v.object(v.Spec, s.namespace))
			}
			if v.Expect == "accept" {
				if err != nil {
					t.Fatal(err)
				}
				v.expectDefaults(t, answer)
				return
			}
			if err == nil {
				t.Fatal("the API server accepted it")
			}
			said := causes(t, err)
			refused[v.kind] = append(refused[v.kind], said...)
			v.expectCauses(t, said)
		})
	}
	t.Run("every rule of the schemas refuses a vector", func(t *testing.T) {
		for _, schema := range schemas(t) {
			for _, rule := range schema.rules() {
				if !slices.ContainsFunc(refused[schema.kind], rule.said) {
					t.Errorf("%s: no vector is refused at %s with %q", schema.kind, rule.path, rule.message)
				}
			}
		}
	})
	t.Logf("%d vectors", len(all))
}

func (v vector) expectDefaults(t *testing.T, answer *unstructured.Unstructured) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(v.Defaults)) {
		if got, want := kube.Text(answer, path), fmt.Sprint(v.Defaults[path]); got != want {
			t.Errorf("%s = %q, want the default %q", path, got, want)
		}
	}
}

func (v vector) expectCauses(t *testing.T, said []kube.Field) {
	t.Helper()
	var left []string
	found := false
	for _, cause := range said {
		if !found && cause.Path == v.Field && strings.Contains(cause.Message, v.Message) {
			found = true
			continue
		}
		if v.More || slices.ContainsFunc(v.Also, func(text string) bool { return strings.Contains(cause.Message, text) }) {
			continue
		}
		left = append(left, cause.Path+": "+cause.Message)
	}
	if !found {
		t.Errorf("nothing is said at %s like %q", v.Field, v.Message)
	}
	if len(left) > 0 {
		t.Errorf("said unexpectedly:\n  %s", strings.Join(left, "\n  "))
	}
	for _, text := range v.Also {
		if !slices.ContainsFunc(said, func(f kube.Field) bool { return strings.Contains(f.Message, text) }) {
			t.Errorf("nothing is said like %q", text)
		}
	}
}

func TestStatusOfAUserIsDropped(t *testing.T) {
	s := connect(t)
	object := kube.MustParseOne(t, `
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: status-of-a-user}
spec: {space: NodePort, ports: ["24500-24599"]}
status: {observedGeneration: 7, capacity: 100}
`)
	made, err := s.Create(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Delete(context.Background(), "PortRange", "", object.GetName()) })
	if got := kube.Text(made, "status.observedGeneration"); got != "-1" {
		t.Errorf("status.observedGeneration = %q, want -1: an object nobody has looked at must not look ready", got)
	}
	if got, ok := kube.Value(made, "status.capacity"); ok {
		t.Errorf("status.capacity = %v, want none", got)
	}
}

var indexes = regexp.MustCompile(`\[[^]]*\]`)

// said tells whether the cause is this rule's.
func (r rule) said(cause kube.Field) bool {
	path := strings.TrimPrefix(indexes.ReplaceAllString(cause.Path, ""), rootField)
	return path == r.path && strings.Contains(cause.Message, r.message)
}
