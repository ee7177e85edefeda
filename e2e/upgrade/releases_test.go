package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
)

// release is where a version of Berth lies: bin/ with its programs, crds/ and deploy/base/.
type release struct {
	name, programs, source string
}

// thisRelease is the one of this source tree.
func thisRelease(t *testing.T) release {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	built, err := programs.Built("berth-operator")
	if err != nil {
		t.Fatal(err)
	}
	return release{name: "this", programs: filepath.Dir(built), source: root}
}

// previousRelease is the one before. It takes minutes to build, so without BERTH_PREVIOUS=build it must be there.
func previousRelease(t *testing.T) release {
	t.Helper()
	commit, err := os.ReadFile("previous/commit")
	if err != nil {
		t.Fatal(err)
	}
	cache := os.Getenv("BERTH_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache/berth")
	}
	folder := filepath.Join(cache, "releases", strings.TrimSpace(string(commit)))
	if _, err := os.Stat(filepath.Join(folder, "complete")); err != nil {
		t.Skip("the release before is not built: make upgrade builds it, and runs this")
	}
	return release{name: "previous", programs: filepath.Join(folder, "bin"), source: folder}
}

// running is a release at work.
type running struct {
	operator, webhook *programs.Program
}

// start brings a release in as an upgrade does: definitions and rights first, then the programs.
func (r release) start(t *testing.T, place *site.Place) running {
	t.Helper()
	for _, path := range []string{"crds", "deploy/base/operator-rbac.yaml", "deploy/base/webhook-rbac.yaml"} {
		if _, err := place.ApplyPath(t.Context(), filepath.Join(r.source, path)); err != nil {
			t.Fatalf("%s of the %s release: %v", path, r.name, err)
		}
	}
	options := place.OperatorOptions("operator-" + kube.UniqueName(t))
	options.Binary = filepath.Join(r.programs, "berth-operator")
	operator, err := programs.StartOperator(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	operator.EndWith(t)
	config, err := place.Cluster.ServiceAccountConfig(t.Context(), programs.Namespace, "berth-webhook")
	if err != nil {
		t.Fatal(err)
	}
	webhook, err := programs.StartWebhook(t.Context(), programs.WebhookOptions{Options: programs.Options{
		Config: config, Dir: t.TempDir(), Binary: filepath.Join(r.programs, "berth-webhook")}})
	if err != nil {
		t.Fatal(err)
	}
	webhook.EndWith(t)
	return running{operator, webhook}
}

// stop ends both in peace.
func (r running) stop(t *testing.T) {
	t.Helper()
	for _, program := range []*programs.Program{r.operator, r.webhook} {
		if err := program.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}
