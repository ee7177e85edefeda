package installation

import (
	"path/filepath"
	"testing"

	"berth.dev/e2e/manifests"
)

func TestKustomizeInstalls(t *testing.T) {
	s := newSite(t)
	s.kubectl(t, "apply", "--server-side", "-k", source(t, "deploy/overlays/ha"))
	s.available(t)
	s.tell(t)
	s.kubectl(t, "apply", "--server-side", "-k", source(t, "deploy/overlays/ha")) // without --force-conflicts
	s.refuses(t)
}

func TestTheFileOfAReleaseInstalls(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	if err := manifests.Write(t.Context(), s.cluster.Binaries().Kubectl, dir, "registry.example.com/berth:0.1.0"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "install.yaml")
	s.kubectl(t, "apply", "--server-side", "-f", file)
	s.available(t)
	s.tell(t)
	s.kubectl(t, "apply", "--server-side", "-f", file)
	s.refuses(t)
}
