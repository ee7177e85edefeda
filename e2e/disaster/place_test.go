package disaster

import (
	"os"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

const lease = "leases.coordination.k8s.io"

// place is where a test happens, and what the tests of this package ask of it.
type place struct {
	*site.Place
	began int64 // the newest revision before it
}

func newPlace(t *testing.T, want site.Numbers, allowances ...audit.Options) *place {
	t.Helper()
	began, err := shared.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &place{site.NewPlace(t, shared, want, allowances...), began}
	p.dropLease() // one that an operator of another test has left would have to run out first
	return p
}

// dropLease deletes the lease of the operators.
func (p *place) dropLease() {
	p.T.Helper()
	if err := p.Delete(p.T.Context(), lease, programs.Namespace, "berth-operator"); err != nil {
		p.T.Fatal(err)
	}
}

// operator prepares one whose lease lasts for so long.
func (p *place) operator(name string, duration time.Duration) *programs.Program {
	p.T.Helper()
	options := p.OperatorOptions(name)
	options.Identity = name
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = duration, duration-time.Second, 200*time.Millisecond
	operator, err := programs.NewOperator(options)
	if err != nil {
		p.T.Fatal(err)
	}
	return operator
}

// gone removes the namespace of the test: clearing it away is not to disturb the next one.
func (p *place) gone() {
	p.T.Helper()
	if err := p.Delete(p.T.Context(), "namespace", "", p.Home); err != nil {
		p.T.Fatal(err)
	}
	p.AwaitGone(p.T, site.Patience, "namespace", "", p.Home)
}
