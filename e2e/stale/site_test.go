package stale

import (
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/client-go/rest"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	rangeName = "stale"
	first     = 24100
	size      = 40
	reuse     = time.Second // how long a number rests

	// Shorter than by default, so that a rival may take over within a test; longer than what is held otherwise.
	leaseDuration, renewDeadline, retryPeriod = 3 * time.Second, 2500 * time.Millisecond, 300 * time.Millisecond
)

// world is a cluster with a range of numbers, and a second API server that sees etcd through a link.
type world struct {
	*kube.Client // at the API server that is up to date
	t            *testing.T
	server       *cluster.APIServer // the other one
	behind       *Link              // from that one to etcd
	before       *Link              // from the operator to that one
	watch        *audit.Watch
	healer       site.Healer
}

// newWorld makes one without the second API server.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Client: kube.MustNew(t, shared.AdminConfig()), t: t}
	if err := site.Install(t.Context(), w.Client); err != nil {
		t.Fatal(err)
	}
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: NodePort, ports: ["%d-%d"], reuseAfter: %ds, reserved: [{ports: ["%d"], reason: test}]}
`, rangeName, first, first+size-1, int(reuse.Seconds()), first+3))
	// What is behind stays out of sight for longer than anything is held.
	w.watch = audit.Start(t, shared, audit.Options{ViewLag: time.Minute, Grace: 3 * time.Minute})
	return w
}

// addServer starts the second API server.
func (w *world) addServer() {
	w.t.Helper()
	w.behind = w.link(shared.EtcdURL())
	var err error
	w.server, err = shared.AddAPIServer(w.t.Context(), cluster.APIServerOptions{EtcdURL: "http://" + w.behind.Address()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.before = w.link(w.server.URL)
}

// link leads to the host of a URL.
func (w *world) link(to string) *Link {
	w.t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		w.t.Fatal(err)
	}
	port, err := process.FreePort()
	if err != nil {
		w.t.Fatal(err)
	}
	link, err := NewLink(port, target.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = link.Close() })
	return link
}

// run starts an operator and keeps it running until the returned keeper is ended.
func (w *world) run(name string, access *rest.Config) *site.Keeper {
	w.t.Helper()
	operator, err := programs.NewOperator(programs.OperatorOptions{
		Options:       programs.Options{Config: access, Dir: w.t.TempDir(), Name: name},
		Identity:      name,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return site.Keep(w.t, operator, true)
}

// through is the access of the operator's account through a link.
func (w *world) through(link *Link) *rest.Config {
	config := site.Access(w.t, shared)
	config.Host = "https://" + link.Address()
	return config
}

// namespace makes one without waiting for anything, since no Pod will be created in it.
func (w *world) namespace(name string) {
	w.t.Helper()
	object := kube.MustParseOne(w.t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	if _, err := w.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

func ignore(err error, reasons ...func(error) bool) error {
	for _, is := range reasons {
		if is(err) {
			return nil
		}
	}
	return err
}
