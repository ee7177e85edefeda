package site

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// SeedVariable names the variable that repeats the random moments of a test at a Place.
const SeedVariable = "CHAOS_SEED"

// Place is a cluster in which Berth is installed, with a namespace and a range for one test, random moments that
// can be repeated, and an audit of all that happens.
type Place struct {
	*kube.Client
	T       *testing.T
	Cluster *cluster.Cluster
	Home    string // the namespace
	Numbers Numbers
	Random  *rand.Rand
	Watch   *audit.Watch
}

// Numbers are those of the range that a test makes in the space NodePort.
type Numbers struct {
	Name        string
	First, Last int64
	Reserved    []int64
	ReuseAfter  time.Duration
}

// NewPlace installs Berth's kinds and roles and makes the range.
func NewPlace(t *testing.T, c *cluster.Cluster, want Numbers, allowances ...audit.Options) *Place {
	t.Helper()
	s := &Place{Client: kube.MustNew(t, c.AdminConfig()), T: t, Cluster: c, Numbers: want}
	c.APIServer.Timeout = Patience // for tests that start it again
	if err := Install(t.Context(), s.Client, WebhookRights); err != nil {
		t.Fatal(err)
	}
	s.Home = s.Namespace(t)
	s.Watch = audit.Start(t, c, allowances...)
	seed := Seed(t, SeedVariable)
	t.Logf("%s=%d", SeedVariable, seed)
	s.Random = rand.New(rand.NewPCG(seed, 0))
	s.makeRange()
	return s
}

func (s *Place) makeRange() {
	var reserved []string
	for _, number := range s.Numbers.Reserved {
		reserved = append(reserved, fmt.Sprintf("{ports: [%q], reason: test}", strconv.FormatInt(number, 10)))
	}
	s.MustApply(s.T, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec:
  space: NodePort
  ports: ["%d-%d"]
  reuseAfter: %ds
  reserved: [%s]
`, s.Numbers.Name, s.Numbers.First, s.Numbers.Last, int(s.Numbers.ReuseAfter.Seconds()), strings.Join(reserved, ", ")))
}

// Allocation describes a PortAllocation in the test's range. A port is NAME, or NAME=NUMBER to ask for that
// number, with /UDP behind it if it is not TCP.
func (s *Place) Allocation(name string, ports ...string) *unstructured.Unstructured {
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
	return kube.MustParseOne(s.T, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: %s, name: %s}
spec:
  rangeName: %s
  selector: {app: %s}
  exposure: External
  ports: [%s]
`, s.Home, name, s.Numbers.Name, name, strings.Join(list, ", ")))
}

// CreateAll creates objects by a number of clients, each with connections of its own. While an API server is
// away they try again; an object that is there already was created by such a try.
func (s *Place) CreateAll(clients int, objects ...*unstructured.Unstructured) {
	s.T.Helper()
	work := make(chan *unstructured.Unstructured)
	var group sync.WaitGroup
	for range clients {
		client := kube.MustNew(s.T, s.Cluster.AdminConfig())
		group.Go(func() {
			for object := range work {
				err := kube.Poll(s.T.Context(), Patience, "creation of "+kube.Name(object), func(ctx context.Context) error {
					_, err := client.Create(ctx, object)
					if apierrors.IsAlreadyExists(err) {
						return nil
					}
					return err
				})
				if err != nil {
					s.T.Error(err)
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

// Allocations reads all PortAllocations of the test.
func (s *Place) Allocations(ctx context.Context) ([]unstructured.Unstructured, error) {
	return s.List(ctx, "palloc", s.Home)
}

// AwaitServed waits until exactly so many allocations are Ready and so many are told that the range is
// exhausted, and there are no others.
func (s *Place) AwaitServed(ready, exhausted int) {
	s.T.Helper()
	what := fmt.Sprintf("%d allocations to be ready and %d to wait", ready, exhausted)
	kube.Eventually(s.T, Patience, what, func(ctx context.Context) error {
		all, err := s.Allocations(ctx)
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

// Settle waits until nobody has written anything that concerns Berth for longer than a number rests.
func (s *Place) Settle() {
	s.T.Helper()
	quiet := s.Numbers.ReuseAfter + 2*time.Second
	from, err := s.Cluster.Revision(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	since := time.Now()
	kube.Eventually(s.T, Patience, "everybody to be done", func(ctx context.Context) error {
		var last string
		now, err := s.Cluster.Revision(ctx)
		if err != nil {
			return err
		}
		err = s.Cluster.History(ctx, cluster.Query{From: from + 1, To: now, Prefixes: Written()}, func(change cluster.Change) error {
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

// Judge looks at every revision since the test began, and at the end.
func (s *Place) Judge() audit.Report {
	s.T.Helper()
	s.Settle()
	began := time.Now()
	report := s.Watch.CheckAtRest(s.T)
	s.T.Logf("judged in %.1f s: %+v", time.Since(began).Seconds(), report)
	return report
}

// OperatorOptions give the program exactly the rights that its manifests give it.
func (s *Place) OperatorOptions(name string) programs.OperatorOptions {
	s.T.Helper()
	config := Access(s.T, s.Cluster)
	return programs.OperatorOptions{Options: programs.Options{Config: config, Dir: s.T.TempDir(), Name: name}}
}

// NobodyWrites watches for a time in which nothing is to be written. The cluster needs an audit log.
func (s *Place) NobodyWrites(t *testing.T, during time.Duration) {
	t.Helper()
	quiet, err := BeginRest(t.Context(), s.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	if err := quiet.Until(t.Context(), during); err != nil {
		t.Fatal(err)
	}
	broken, err := quiet.Broken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range broken {
		t.Error(write)
	}
}
