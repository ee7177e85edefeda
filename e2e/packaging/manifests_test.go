package packaging

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/manifests"
)

const registryImage = "registry.example.com:5000/ports/berth:1.2.3"

// kubectl runs it as the administrator, and returns what it says on both outputs.
func kubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), shared.Binaries().Kubectl, append([]string{"--kubeconfig", shared.Kubeconfig()}, args...)...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	return said.String(), err
}

func TestTheFilesOfAReleaseInstallEverythingAndThenChangeNothing(t *testing.T) {
	dir := t.TempDir()
	if err := manifests.Write(t.Context(), shared.Binaries().Kubectl, dir, registryImage); err != nil {
		t.Fatal(err)
	}
	installed, err := kube.ParsePath(filepath.Join(dir, "install.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // others apply some of it as somebody else
		c := kube.MustNew(t, shared.AdminConfig())
		for _, object := range installed {
			if kind := object.GetKind(); kind == "Namespace" || kind == crdKind {
				continue
			}
			if err := c.Delete(context.Background(), object.GroupVersionKind().GroupKind().String(), object.GetNamespace(), object.GetName()); err != nil {
				t.Error(err)
			}
		}
	})
	for _, name := range []string{"crds.yaml", "install.yaml"} {
		file := filepath.Join(dir, name)
		// The administrator of the other tests wrote some of it before.
		for range 2 {
			said, err := kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", file)
			if err != nil || strings.Contains(said, "Warning") {
				t.Fatalf("%s: %v\n%s", name, err, said)
			}
		}
		if said, err := kubectl(t, "diff", "--server-side", "--force-conflicts", "-f", file); err != nil {
			t.Errorf("%s differs from what it has installed: %v\n%s", name, err, said)
		}
	}
	for _, object := range installed {
		if image, _ := kube.Value(object, container+"image"); object.GetKind() == deploymentKind && image != registryImage {
			t.Errorf("%s runs %v", kube.Name(object), image)
		}
	}
}

func TestTheImageOfTheFilesIsChecked(t *testing.T) {
	const text = "containers:\n  - image: berth:0.1.0\n"
	if got, err := manifests.WithImage(text, ""); err != nil || got != text {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := manifests.WithImage(text, "my image"); err == nil || !strings.Contains(err.Error(), `"my image"`) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := manifests.WithImage("containers: []\n", registryImage); err == nil {
		t.Errorf("%q", got)
	}
}
