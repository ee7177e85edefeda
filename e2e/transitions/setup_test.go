package transitions

import (
	"context"
	"fmt"
	"os"
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

var common *cluster.Cluster

// Pods need no service account: hundreds of namespaces would have to wait for theirs.
func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{
		Audit:         cluster.AuditMetadata,
		APIServerArgs: []string{"--disable-admission-plugins=ServiceAccount"},
	}, &common))
}

const workers = 8

// firstLane is the name of the first lane of a round: numbers are used again, names are not.
var firstLane int

// stage is a cluster with an operator and lanes.
type stage struct {
	*kube.Client
	t         *testing.T
	seed      uint64
	watch     *audit.Watch
	writes    *site.Writes
	operator  *programs.Program
	strangers *strangers
	healer    site.Healer

	mu    sync.Mutex
	lanes int // how many were given out in this round, or test
}

func newStage(t *testing.T, seed uint64) *stage {
	t.Helper()
	s := &stage{Client: kube.MustNew(t, common.AdminConfig()), t: t, seed: seed}
	if err := site.Install(t.Context(), s.Client); err != nil {
		t.Fatal(err)
	}
	s.MustApply(t, "", `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: networks}
spec:
  action: Audit
  undeclared: Allow
  networks: [{name: admins, cidrs: [10.20.0.0/16]}, {name: offices, cidrs: [192.0.2.0/24]}]
`)
	s.watch = audit.Start(t, common)
	s.writes = site.CountWrites(t, common)
	s.strangers = watchNodePorts(t)
	var err error
	s.operator, err = programs.StartOperator(t.Context(), programs.OperatorOptions{
		Options: programs.Options{Config: site.Access(t, common), Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	s.operator.EndWith(t)
	return s
}

// lane returns a fresh lane, of which nothing is stored yet.
func (s *stage) lane() lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes++
	return s.laneAt(s.lanes - 1)
}

func (s *stage) laneAt(slot int) lane { return lane{fmt.Sprintf("lane%05d", firstLane+slot), slot} }

// each calls do for every item by a number of workers, and ends the test if one fails.
func each[T any](s *stage, items []T, do func(context.Context, T) error) {
	s.t.Helper()
	work := make(chan T)
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for range workers {
		group.Go(func() {
			for item := range work {
				if err := do(s.t.Context(), item); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		work <- item
	}
	close(work)
	group.Wait()
	for _, err := range failed[:min(len(failed), 5)] {
		s.t.Error(err)
	}
	if len(failed) > 0 {
		s.t.Fatalf("%d of %d failed", len(failed), len(items))
	}
}

func (s *stage) create(ctx context.Context, texts ...string) error {
	for _, text := range texts {
		found, err := kube.Parse(text)
		if err != nil {
			return err
		}
		for _, object := range found {
			if _, err := s.Create(ctx, object); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("create %s: %w", kube.Name(object), err)
			}
		}
	}
	return nil
}

// open makes the namespace of a lane, with a pod whose container ports have names.
func (s *stage) open(ctx context.Context, l lane) error {
	if err := s.create(ctx, fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {team: a}}}`, l.token)); err != nil {
		return err
	}
	for _, app := range []string{"web", "api"} {
		if err := s.create(ctx, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: %s, name: %s, labels: {app: %[2]s}}
spec: {containers: [{name: c, image: none, ports: [{name: http, containerPort: 8080}, {name: grpc, containerPort: 9090}]}]}
`, l.token, app)); err != nil {
			return err
		}
	}
	return nil
}

// openWithRange also makes the range that the lane has for itself.
func (s *stage) openWithRange(ctx context.Context, l lane) error {
	base := l.base("NodePort")
	if err := s.create(ctx, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %[1]s}
spec:
  space: NodePort
  ports: ["%[2]d-%[3]d"]
  purpose: %[1]s
  reuseAfter: 0s
  reserved: [{ports: ["%[4]d"], reason: nobody}]
  blocks: [{name: b1, ports: ["%[5]d-%[6]d"], purpose: %[1]s-b}]
`, l.token, base, base+laneSize-1, base+reservedAt, base+blockAt, base+askedAt-1)); err != nil {
		return err
	}
	return s.open(ctx, l)
}

// share makes the ranges of the other spaces for all lanes up to now: each has a block.
func (s *stage) share(withNodes bool) {
	s.t.Helper()
	for first := 0; first < s.lanes; first += shareSize {
		for _, one := range []struct{ prefix, space, numbers, end, more string }{
			{"svc", "Service", "Service", "-s", ""},
			{"host", "HostPort", "HostPort", "-h", ""},
			{"node", "HostPort", perNode, "-n", "perNode: true"},
		} {
			if one.prefix == "node" && !withNodes {
				continue
			}
			blocks := ""
			for slot := first; slot < first+shareSize; slot++ {
				l := s.laneAt(slot)
				blocks += fmt.Sprintf("\n  - {name: %s, ports: [\"%d-%d\"], purpose: %s%s}", l.token,
					l.base(one.numbers), l.base(one.numbers)+laneSize-1, l.token, one.end)
			}
			start := firstOf[one.numbers] + first*laneSize
			if err := s.create(s.t.Context(), fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s%03d}
spec:
  space: %s
  ports: ["%d-%d"]
  reuseAfter: 0s
  %s
  blocks:%s
`, one.prefix, first/shareSize, one.space, start, start+shareSize*laneSize-1, one.more, blocks)); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// await waits until nothing is missing. It looks when the writes come to a rest, and gives up when nothing at all has
// been written for a while.
func (s *stage) await(what string, missing func(*world) []string) {
	s.t.Helper()
	const (
		quiet    = 150 * time.Millisecond
		longest  = 3 * time.Second
		hopeless = 30 * time.Second
		most     = 4
	)
	ctx, cancel := context.WithTimeout(s.t.Context(), site.Patience)
	defer cancel()
	for began, since, seen := time.Now(), time.Now(), s.writes.Count(); ; {
		w, err := readWorld(ctx, s.Client)
		if err != nil {
			s.t.Fatalf("waited %.1f s for %s: %v", time.Since(began).Seconds(), what, err)
		}
		left := missing(w)
		if len(left) == 0 {
			return
		}
		if s.writes.AwaitCount(ctx, seen+1, time.Second) {
			s.writes.Settle(ctx, quiet, longest)
			since, seen = time.Now(), s.writes.Count()
		} else if still := time.Since(since); still > hopeless || ctx.Err() != nil {
			s.t.Fatalf("waited %.1f s for %s, and nothing has been written for %.1f s; %d are not:\n%s", time.Since(began).Seconds(),
				what, still.Seconds(), len(left), strings.Join(left[:min(len(left), most)], "\n---\n"))
		}
	}
}

func object(kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "berth.dev/v1alpha1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec}}
	if namespace != "" {
		made.SetNamespace(namespace)
	}
	return made.DeepCopy()
}

// edit replaces the spec of an object.
func (s *stage) edit(ctx context.Context, kind, namespace, name string, spec map[string]any) error {
	return kube.Poll(ctx, site.Patience, "the edit of "+kind+" "+namespace+"/"+name, func(ctx context.Context) error {
		stored, err := s.Get(ctx, kind, namespace, name)
		if err != nil {
			return err
		}
		stored.Object["spec"] = spec
		_, err = s.Update(ctx, stored.DeepCopy())
		if err != nil && !apierrors.IsConflict(err) {
			return kube.Stop(fmt.Errorf("%w\nspec: %v", err, spec))
		}
		return err
	})
}
