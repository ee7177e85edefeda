package packaging

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	releaseName    = "harbour"
	notesFile      = "NOTES.txt"
	deploymentKind = "Deployment"
	crdKind        = "CustomResourceDefinition"
	hookAnnotation = "helm.sh/hook"
)

// sourceFile returns the path of a file of the source tree.
func sourceFile(t *testing.T, name string) string {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, name)
}

// loadChart reads the chart from the source tree, or from a package.
func loadChart(t *testing.T, file string) *chart.Chart {
	t.Helper()
	loaded, err := loader.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// rendered is what helm install would send, and say.
type rendered struct {
	objects []*unstructured.Unstructured
	hooks   []*unstructured.Unstructured // what helm test runs
	notes   string
}

// renderChart renders a chart with values on top of its own. An error is what helm would say.
func renderChart(t *testing.T, from *chart.Chart, namespace, values string) (rendered, error) {
	t.Helper()
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	release := chartutil.ReleaseOptions{Name: releaseName, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(from, given, release, nil)
	if err != nil {
		return rendered{}, err
	}
	files, err := engine.Engine{Strict: true}.Render(from, all)
	if err != nil {
		return rendered{}, err
	}
	var result rendered
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == notesFile {
			result.notes = files[name]
			continue
		}
		objects, err := kube.Parse(files[name])
		if err != nil {
			t.Fatalf("%s: %v in:\n%s", name, err, files[name])
		}
		for _, object := range objects {
			if object.GetAnnotations()[hookAnnotation] == "" {
				result.objects = append(result.objects, object)
			} else {
				result.hooks = append(result.hooks, object)
			}
		}
	}
	return result, nil
}

// mustRender renders the chart of the source tree.
func mustRender(t *testing.T, namespace, values string) rendered {
	t.Helper()
	result, err := renderChart(t, loadChart(t, sourceFile(t, "charts/berth")), namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// find returns the object that kube.Name calls so.
func (r rendered) find(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range r.objects {
		if kube.Name(object) == name {
			return object
		}
	}
	t.Fatalf("the chart does not render %s", name)
	return nil
}

// has tells whether there is an object that kube.Name calls so.
func (r rendered) has(name string) bool {
	return slices.ContainsFunc(r.objects, func(object *unstructured.Unstructured) bool { return kube.Name(object) == name })
}

// pods returns the Pods that would be made of what is rendered: those of the Deployments, and those of helm test.
func (r rendered) pods(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var pods []*unstructured.Unstructured
	for _, object := range r.objects {
		if object.GetKind() == deploymentKind {
			pods = append(pods, podOf(t, object))
		}
	}
	for _, hook := range r.hooks {
		if hook.GetKind() == "Pod" {
			pods = append(pods, hook)
		}
	}
	return pods
}

// commands returns what the containers of all Deployments run.
func (r rendered) commands(t *testing.T) [][]string {
	t.Helper()
	var commands [][]string
	for _, object := range r.objects {
		if object.GetKind() != deploymentKind {
			continue
		}
		value, _ := kube.Value(object, "spec.template.spec.containers.0.command")
		words, _ := value.([]any)
		var command []string
		for _, word := range words {
			command = append(command, word.(string))
		}
		if len(command) == 0 || !strings.HasPrefix(command[0], "berth-") {
			t.Fatalf("%s runs %q", kube.Name(object), command)
		}
		commands = append(commands, command)
	}
	return commands
}
