package vectors

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
)

// Every manifest of examples/ is one that the API server takes as it is written, without Berth in the way.
func TestExamplesAreValid(t *testing.T) {
	s := connect(t)
	objects, err := kube.ParsePath(exampleFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			if _, err := s.Apply(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Warnings()
	kinds := map[string]int{}
	for _, object := range objects {
		kinds[object.GetKind()]++
		if object.GetKind() == "Namespace" {
			continue
		}
		t.Run(kube.Name(object), func(t *testing.T) {
			if _, err := s.dryRun(t, object); err != nil {
				t.Fatal(err)
			}
			for _, warning := range s.Warnings() {
				if !strings.HasPrefix(warning, "spec.externalIPs is deprecated") {
					t.Errorf("warning: %s", warning)
				}
			}
		})
	}
	for kind, fewest := range map[string]int{"PortRange": 1, "PortAllocation": 11, "ExposurePolicy": 2, "Namespace": 3} {
		if kinds[kind] < fewest {
			t.Errorf("%d objects of kind %s, want at least %d", kinds[kind], kind, fewest)
		}
	}
}

// kubectl explain is the manual that everybody has at hand.
func TestKubectlExplainsTheFields(t *testing.T) {
	connect(t)
	for field, texts := range map[string][]string{
		"palloc.spec.ports":         {"The ports asked for. Berth assigns all of them or none.", "targetPort", "-required-", "enum: External, Cluster, Namespace, Localhost"},
		"prange.spec.reuseAfter":    {"How long a released number rests before somebody else may get it"},
		"xpol.spec.exceptions":      {"with somebody who answers for it and an end", "expiresAt"},
		"pledger":                   {"do not edit or delete it by hand."},
		"palloc.status.conditions":  {"RangeExhausted"},
		"xpol.spec.external":        {"Passthrough"},
		"prange.spec.blocks.ports":  {"counted from the lowest number of the range"},
		"palloc.spec.service.type":  {"second one"},
		"palloc.spec.ports.health":  {"HTTP GET"},
		"xpol.spec.internal.ports":  {"8192-60000"},
		"prange.status.draining":    {"They stay with their owners"},
		"xpol.spec.enforce":         {"ValidatingAdmissionPolicy"},
		"palloc.spec.allowTo.ports": {"endPort"},
	} {
		t.Run(field, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), shared.Binaries().Kubectl, "--kubeconfig", shared.Kubeconfig(), "explain", field)
			command.Env = append(os.Environ(), "HOME="+t.TempDir())
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			flat := strings.Join(strings.Fields(string(out)), " ")
			for _, text := range texts {
				if !strings.Contains(flat, text) {
					t.Errorf("no %q in:\n%s", text, out)
				}
			}
		})
	}
}
