package stale

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	patience  = 3 * time.Minute
	rangeName = "stale"
	first     = 24100
	size      = 40
	reuse     = time.Second // how long a number rests

	// Shorter than by default, so that a rival may take over within a test; longer than what is held otherwise.
	leaseDuration, renewDeadline, retryPeriod = 5 * time.Second, 4 * time.Second, 500 * time.Millisecond
)

// site is a cluster whose operator sees it through two links.
type site struct {
	*kube.Client // at the API server that is up to date
	t            *testing.T
	server       *cluster.APIServer // the other one
	behind       *Link              // from that one to etcd
	before       *Link              // from the operator to that one
	watch        *audit.Watch
	operator     *keeper
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Client: kube.MustNew(t, shared.AdminConfig()), t: t}
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/operator-rbac.yaml"} {
		if _, err := s.ApplyPath(t.Context(), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	s.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: NodePort, ports: ["%d-%d"], reuseAfter: %ds, reserved: [{ports: ["%d"], reason: test}]}
`, rangeName, first, first+size-1, int(reuse.Seconds()), first+3))
	s.behind = s.link(shared.EtcdURL())
	s.server, err = shared.AddAPIServer(t.Context(), cluster.APIServerOptions{EtcdURL: "http://" + s.behind.Address()})
	if err != nil {
		t.Fatal(err)
	}
	s.server.Timeout = patience
	s.before = s.link(s.server.URL)
	// What is behind stays out of sight for longer than anything is held.
	s.watch = audit.Start(t, shared, audit.Options{ViewLag: time.Minute, Grace: 3 * time.Minute})
	return s
}

// link leads to the host of a URL.
func (s *site) link(to string) *Link {
	s.t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		s.t.Fatal(err)
	}
	port, err := process.FreePort()
	if err != nil {
		s.t.Fatal(err)
	}
	link, err := NewLink(port, target.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = link.Close() })
	return link
}

// run starts an operator and keeps it running until the returned keeper is ended.
func (s *site) run(name string, through *rest.Config) *keeper {
	s.t.Helper()
	operator, err := programs.NewOperator(programs.OperatorOptions{
		Options:       programs.Options{Config: through, Dir: s.t.TempDir(), Name: name},
		Identity:      name,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := operator.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	k := &keeper{Program: operator, ended: make(chan struct{}), done: make(chan struct{})}
	go k.keep(s.t)
	operator.EndWith(s.t)
	s.t.Cleanup(k.end)
	return k
}

// access is that of the operator's account, through a link if one is given.
func (s *site) access(through *Link) *rest.Config {
	s.t.Helper()
	config, err := shared.ServiceAccountConfig(s.t.Context(), programs.Namespace, "berth-operator")
	if err != nil {
		s.t.Fatal(err)
	}
	if through != nil {
		config.Host = "https://" + through.Address()
	}
	return config
}

// keeper starts a program again that has given up its lease, as a node does.
type keeper struct {
	*programs.Program
	once  sync.Once
	ended chan struct{}
	done  chan struct{}
}

func (k *keeper) keep(t *testing.T) {
	defer close(k.done)
	for {
		process := k.Process()
		<-process.Done()
		select {
		case <-k.ended:
			return
		default:
		}
		if how := process.Err().Error(); !strings.Contains(how, "exit status 1)") {
			t.Errorf("%s ended by itself: %s", k.Name(), how)
		}
		if err := k.Launch(); err != nil {
			t.Errorf("start %s again: %v", k.Name(), err)
			return
		}
	}
}

// end stops the program for good; it gives the lease back.
func (k *keeper) end() {
	k.once.Do(func() {
		close(k.ended)
		_ = k.Stop()
		<-k.done
	})
}

func (s *site) leader(ctx context.Context) string {
	lease, err := s.Get(ctx, "leases.coordination.k8s.io", programs.Namespace, "berth-operator")
	if err != nil {
		return err.Error()
	}
	return kube.Text(lease, "spec.holderIdentity")
}

func (s *site) awaitLeader(name string) {
	s.t.Helper()
	kube.Eventually(s.t, patience, name+" to lead", func(ctx context.Context) error {
		if holder := s.leader(ctx); holder != name {
			return fmt.Errorf("%q leads", holder)
		}
		return nil
	})
}

// namespace makes one without waiting for anything, since no Pod will be created in it.
func (s *site) namespace(name string) {
	s.t.Helper()
	object := kube.MustParseOne(s.t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	if _, err := s.Create(s.t.Context(), object); err != nil {
		s.t.Fatal(err)
	}
}

// served waits until every allocation is served or told why not, and nothing is held or published for one
// that is gone.
func (s *site) served(plan string) {
	s.t.Helper()
	kube.Eventually(s.t, patience, plan+": everybody to be served", func(ctx context.Context) error {
		list, err := s.List(ctx, "portallocations.berth.dev", "")
		if err != nil {
			return err
		}
		alive := map[string]bool{}
		for _, one := range list {
			alive[string(one.GetUID())] = true
			if observed, _ := kube.Int(&one, "status.observedGeneration"); observed != one.GetGeneration() {
				return fmt.Errorf("the status of %s is of generation %d, not %d", kube.Name(&one), observed, one.GetGeneration())
			}
			if err := answered(&one); err != nil {
				return err
			}
		}
		return s.nothingLeft(ctx, alive)
	})
}

// answered returns nil if an allocation is served, or was told why not: there are no numbers left, or somebody
// has the one that it asks for, perhaps since after it was claimed.
func answered(one *unstructured.Unstructured) error {
	served := kube.HasCondition(one, "Ready", "True")
	for _, answer := range [][3]string{
		{"Allocated", "False", "RangeExhausted"}, {"Allocated", "False", "PortTaken"}, {"Published", "False", "PortTaken"},
	} {
		if kube.HasCondition(one, answer[0], answer[1], answer[2]) == nil {
			return nil
		}
	}
	return served
}

func (s *site) nothingLeft(ctx context.Context, alive map[string]bool) error {
	ledgers, err := s.List(ctx, "portledgers.berth.dev", "")
	if err != nil {
		return err
	}
	for _, ledger := range ledgers {
		entries, _ := kube.Value(&ledger, "spec.entries")
		texts, _ := entries.(map[string]any)
		for key, text := range texts {
			if fields := strings.Fields(fmt.Sprint(text)); fields[1] == "held" && !alive[fields[3]] {
				return fmt.Errorf("%s is held for %s, which is gone", key, fields[2])
			}
		}
	}
	for _, kind := range []string{"services", "networkpolicies.networking.k8s.io"} {
		list, err := s.List(ctx, kind, "", "app.kubernetes.io/managed-by=berth")
		if err != nil {
			return err
		}
		for _, one := range list {
			if owner := one.GetLabels()["berth.dev/allocation-uid"]; owner != "" && !alive[owner] {
				return fmt.Errorf("%s is left of %s", kube.Name(&one), owner)
			}
		}
	}
	return nil
}

// whole reads a number from the environment.
func whole(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

func ignore(err error, reasons ...func(error) bool) error {
	for _, is := range reasons {
		if is(err) {
			return nil
		}
	}
	return err
}
