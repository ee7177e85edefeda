package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

// place is a cluster in which Berth is installed, with a namespace and a range for one test.
type place struct {
	*kube.Client
	t         *testing.T
	cluster   *cluster.Cluster
	namespace string
	numbers   numbers
	random    *rand.Rand
	watch     *audit.Watch
}

// numbers are those of the range that a test makes in the space NodePort.
type numbers struct {
	Name        string
	First, Last int64
	Reserved    []int64
	ReuseAfter  time.Duration
}

// newPlace installs Berth's kinds and roles and makes the range.
func newPlace(t *testing.T, c *cluster.Cluster, want numbers, allowances ...audit.Options) *place {
	t.Helper()
	s := &place{Client: kube.MustNew(t, c.AdminConfig()), t: t, cluster: c, numbers: want}
	c.APIServer.Timeout = site.Patience // for tests that start it again
	if err := site.Install(t.Context(), s.Client, site.WebhookRights); err != nil {
		t.Fatal(err)
	}
	s.namespace = s.Namespace(t)
	s.watch = audit.Start(t, c, allowances...)
	seed := site.Number(t, "CHAOS_SEED", uint64(time.Now().UnixNano()))
	t.Logf("CHAOS_SEED=%d", seed)
	s.random = rand.New(rand.NewPCG(seed, 0))
	s.makeRange()
	return s
}

func (s *place) makeRange() {
	var reserved []string
	for _, number := range s.numbers.Reserved {
		reserved = append(reserved, fmt.Sprintf("{ports: [%q], reason: test}", strconv.FormatInt(number, 10)))
	}
	s.MustApply(s.t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec:
  space: NodePort
  ports: ["%d-%d"]
  reuseAfter: %ds
  reserved: [%s]
`, s.numbers.Name, s.numbers.First, s.numbers.Last, int(s.numbers.ReuseAfter.Seconds()), strings.Join(reserved, ", ")))
}

// allocation describes a PortAllocation in the test's range. A port is NAME, or NAME=NUMBER to ask for that
// number, with /UDP behind it if it is not TCP.
func (s *place) allocation(name string, ports ...string) *unstructured.Unstructured {
	var list []string
	for _, port := range ports {
		port, protocol, _ := strings.Cut(port, "/")
		if protocol == "" {
			protocol = "TCP"
		}
		port, number, _ := strings.Cut(port, "=")
		fields := fmt.Sprintf("name: %s, targetPort: 8080, protocol: %s", port, protocol)
		if number != "" {
			fields += ", port: " + number
		}
		list = append(list, "{"+fields+"}")
	}
	return kube.MustParseOne(s.t, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: %s, name: %s}
spec:
  rangeName: %s
  selector: {app: %s}
  exposure: External
  ports: [%s]
`, s.namespace, name, s.numbers.Name, name, strings.Join(list, ", ")))
}

// create creates objects by a number of clients, each with connections of its own. While an API server is
// away they try again; an object that is there already was created by such a try.
func (s *place) create(clients int, objects ...*unstructured.Unstructured) {
	s.t.Helper()
	work := make(chan *unstructured.Unstructured)
	var group sync.WaitGroup
	for range clients {
		client := kube.MustNew(s.t, s.cluster.AdminConfig())
		group.Go(func() {
			for object := range work {
				err := kube.Poll(s.t.Context(), site.Patience, "creation of "+kube.Name(object), func(ctx context.Context) error {
					_, err := client.Create(ctx, object)
					if apierrors.IsAlreadyExists(err) {
						return nil
					}
					return err
				})
				if err != nil {
					s.t.Error(err)
				}
			}
		})
	}
	for _, object := range objects {
		work <- object
	}
	close(work)
	group.Wait()
}

// allocations reads all PortAllocations of the test.
func (s *place) allocations(ctx context.Context) ([]unstructured.Unstructured, error) {
	return s.List(ctx, "palloc", s.namespace)
}

// awaitServed waits until exactly so many allocations are Ready and so many are told that the range is
// exhausted, and there are no others.
func (s *place) awaitServed(ready, exhausted int) {
	s.t.Helper()
	what := fmt.Sprintf("%d allocations to be ready and %d to wait", ready, exhausted)
	kube.Eventually(s.t, site.Patience, what, func(ctx context.Context) error {
		all, err := s.allocations(ctx)
		if err != nil {
			return err
		}
		counts := map[string]int{}
		var other error
		for _, one := range all {
			if kube.HasCondition(&one, "Ready", "True") == nil {
				counts["ready"]++
			} else if err := kube.HasCondition(&one, "Allocated", "False", "RangeExhausted"); err == nil {
				counts["exhausted"]++
			} else {
				other = kube.HasCondition(&one, "Ready", "True")
			}
		}
		if counts["ready"] != ready || counts["exhausted"] != exhausted || len(all) != ready+exhausted {
			return fmt.Errorf("%d exist, %d are ready, %d wait; one of the others: %v", len(all), counts["ready"], counts["exhausted"], other)
		}
		return nil
	})
}

// settle waits until nobody has written anything that concerns Berth for longer than a number rests.
func (s *place) settle() {
	s.t.Helper()
	quiet := s.numbers.ReuseAfter + 2*time.Second
	from, err := s.cluster.Revision(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	since := time.Now()
	kube.Eventually(s.t, site.Patience, "everybody to be done", func(ctx context.Context) error {
		var last string
		now, err := s.cluster.Revision(ctx)
		if err != nil {
			return err
		}
		err = s.cluster.History(ctx, cluster.Query{From: from + 1, To: now, Prefixes: site.Written()}, func(change cluster.Change) error {
			last = change.Key
			return nil
		})
		if err != nil {
			return err
		}
		from = now
		if last != "" {
			since = time.Now()
			return fmt.Errorf("%s was written", last)
		}
		if still := time.Since(since); still < quiet {
			return fmt.Errorf("quiet for %s", still)
		}
		return nil
	})
}

// judge looks at every revision since the test began, and at the end.
func (s *place) judge() audit.Report {
	s.t.Helper()
	s.settle()
	began := time.Now()
	report := s.watch.CheckAtRest(s.t)
	s.t.Logf("judged in %.1f s: %+v", time.Since(began).Seconds(), report)
	return report
}

// operatorOptions give the program exactly the rights that its manifests give it.
func (s *place) operatorOptions(name string) programs.OperatorOptions {
	s.t.Helper()
	config := site.Access(s.t, s.cluster)
	return programs.OperatorOptions{Options: programs.Options{Config: config, Dir: s.t.TempDir(), Name: name}}
}
