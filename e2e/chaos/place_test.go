package chaos

import (
	"os"
	"testing"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/site"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

// place is where a test happens, and what the tests of this package ask of it.
type place struct{ *site.Place }

func newPlace(t *testing.T, c *cluster.Cluster, want site.Numbers, allowances ...audit.Options) *place {
	t.Helper()
	return &place{site.NewPlace(t, c, want, allowances...)}
}
