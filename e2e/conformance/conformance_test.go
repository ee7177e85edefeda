// Package conformance keeps the fake API server of the C++ tests honest: the checks that it passes there are run
// here against the real one.
package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const fewest = 31 // checks

func TestTheRealAPIServerPassesTheChecksOfTheFakeOne(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(root, "build", "dev", "bin", "kube_conformance")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: `make e2e` builds it", err)
	}
	client := kube.MustNew(t, shared.AdminConfig())
	if _, err := client.ApplyPath(t.Context(), filepath.Join(root, "crds")); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), program)
	run.Env = append(os.Environ(), "BERTH_CONFORMANCE_KUBECONFIG="+shared.Kubeconfig(),
		"BERTH_CONFORMANCE_NAMESPACE="+client.Namespace(t), "BERTH_CONFORMANCE_NODE_PORTS="+cluster.NodePorts)
	output, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if held := strings.Count("\n"+string(output), "\nholds: "); held < fewest {
		t.Errorf("%d checks held, want at least %d:\n%s", held, fewest, output)
	}
}
