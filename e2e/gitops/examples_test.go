package gitops

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

func TestTheFluxExampleIsWhatFluxReads(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "gitops/flux/kustomizations.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sources, steps := map[string]bool{}, map[string]bool{}
	served := servedKinds(t, root)
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(document), "kind: GitRepository\n") && !strings.Contains(string(document), "kind: Kustomization\n") {
			var source sourcev1.GitRepository
			if err := yaml.UnmarshalStrict(document, &source); err != nil {
				t.Errorf("%v in\n%s", err, document)
			}
			sources[source.Name] = true
			continue
		}
		var step kustomizev1.Kustomization
		if err := yaml.UnmarshalStrict(document, &step); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if !sources[step.Spec.SourceRef.Name] {
			t.Errorf("%s: no source %s before it", step.Name, step.Spec.SourceRef.Name)
		}
		for _, before := range step.Spec.DependsOn {
			if !steps[before.Name] {
				t.Errorf("%s: no step %s before it", step.Name, before.Name)
			}
		}
		if _, err := os.Stat(filepath.Join(root, step.Spec.Path)); step.Spec.SourceRef.Name == "berth" && err != nil {
			t.Errorf("%s: %v", step.Name, err)
		}
		if step.Name == "berth-crds" && step.Spec.Prune {
			t.Error("definitions are pruned, and all ports with them")
		}
		for _, check := range step.Spec.HealthChecks {
			if !served[check.APIVersion+"/"+check.Kind] {
				t.Errorf("%s: nobody serves %s/%s", step.Name, check.APIVersion, check.Kind)
			}
		}
		steps[step.Name] = true
	}
	if len(sources) != 2 || len(steps) != 3 {
		t.Errorf("sources %v, steps %v", sources, steps)
	}
}

func TestTheArgoExampleGoesInWaves(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	applications, err := kube.ParsePath(filepath.Join(root, "gitops/argocd/applications.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var waves []string
	for _, one := range applications {
		waves = append(waves, one.GetName()+" "+one.GetAnnotations()["argocd.argoproj.io/sync-wave"])
		source := one.Object["spec"].(map[string]any)["source"].(map[string]any)
		if strings.HasSuffix(source["repoURL"].(string), "/berth.git") {
			if _, err := os.Stat(filepath.Join(root, source["path"].(string))); err != nil {
				t.Errorf("%s: %v", one.GetName(), err)
			}
		}
		automated := one.Object["spec"].(map[string]any)["syncPolicy"].(map[string]any)["automated"].(map[string]any)
		if one.GetName() == "berth-crds" && automated["prune"] != nil {
			t.Error("definitions are pruned, and all ports with them")
		}
	}
	if got := strings.Join(waves, ", "); got != "berth-crds -3, berth -2, ports-and-policies -1, mesh 0" {
		t.Error(got)
	}
}

func servedKinds(t *testing.T, root string) map[string]bool {
	t.Helper()
	definitions, err := kube.ParsePath(filepath.Join(root, "crds"))
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, definition := range definitions {
		spec := definition.Object["spec"].(map[string]any)
		for _, version := range spec["versions"].([]any) {
			kind := spec["names"].(map[string]any)["kind"].(string)
			served[spec["group"].(string)+"/"+version.(map[string]any)["name"].(string)+"/"+kind] = true
		}
	}
	return served
}
