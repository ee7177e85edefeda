package site

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/client-go/rest"
)

const (
	// Patience is how long something may take that takes seconds, on two cores that others use, too. Nobody
	// waits for as long where it happens.
	Patience = 3 * time.Minute

	// OperatorUser is who writes when the operator does.
	OperatorUser = "system:serviceaccount:" + programs.Namespace + ":berth-operator"

	// WebhookRights is the manifest that Install leaves out.
	WebhookRights = "deploy/base/webhook-rbac.yaml"
)

// Install applies Berth's kinds, its namespace and the rights of the operator, and more files of the source tree.
func Install(ctx context.Context, client *kube.Client, more ...string) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	for _, path := range append([]string{"crds", "deploy/base/namespace.yaml", "deploy/base/operator-rbac.yaml"}, more...) {
		if _, err := client.ApplyPath(ctx, filepath.Join(root, path)); err != nil {
			return fmt.Errorf("install %s: %w", path, err)
		}
	}
	return nil
}

// Access is that of the operator's account.
func Access(t testing.TB, c *cluster.Cluster) *rest.Config {
	t.Helper()
	config, err := c.ServiceAccountConfig(t.Context(), programs.Namespace, "berth-operator")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// Leader returns who holds the operators' lease.
func Leader(ctx context.Context, client *kube.Client) (string, error) {
	lease, err := client.Get(ctx, "leases.coordination.k8s.io", programs.Namespace, "berth-operator")
	if err != nil {
		return "", err
	}
	return kube.Text(lease, "spec.holderIdentity"), nil
}

// AwaitLeader waits until one of the identities leads, and returns which.
func AwaitLeader(t testing.TB, client *kube.Client, identities ...string) string {
	t.Helper()
	var holder string
	kube.Eventually(t, Patience, fmt.Sprintf("the lease to be held by %v", identities), func(ctx context.Context) (err error) {
		if holder, err = Leader(ctx, client); err != nil {
			return err
		}
		for _, one := range identities {
			if holder == one {
				return nil
			}
		}
		return fmt.Errorf("it is held by %q", holder)
	})
	return holder
}

// Number reads a whole number from the environment: a seed, or how much is to be done.
func Number(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := strings.TrimSpace(os.Getenv(name))
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// Seed is what a test draws its plans from: the variable of this name if there is one, and otherwise the same for
// every run, so that a change is judged by itself and not by luck. With SEEDS=fresh, as in `make soak`, every run
// draws its own; what it finds becomes a test of its own.
func Seed(t testing.TB, name string) uint64 {
	t.Helper()
	const common = 20261122
	otherwise := uint64(common)
	if os.Getenv("SEEDS") == "fresh" {
		otherwise = uint64(time.Now().UnixNano())
	}
	return Number(t, name, otherwise)
}
