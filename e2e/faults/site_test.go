package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var shared *cluster.Cluster

// Many small ranges, so that no two stages have to do with each other: each in a shard of its own, as far as
// there are enough. No garbage collector: what is to be deleted the operator deletes itself, always.
func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{
		APIServerArgs: []string{fmt.Sprintf("--service-node-port-range=%d-%d", firstShard*shardSize, 32767)},
		Timeout:       3 * time.Minute,
	}, &shared))
}

const (
	// patience is how long something may take on a machine that others use, too.
	patience = time.Minute

	// firstIdentity is that of every operator that leads by the Lease: one that was killed leaves it to the next
	// at once.
	firstIdentity = "operator"
)

// site is a cluster in which Berth is installed, with a proxy and, once started, an operator behind it.
type site struct {
	*kube.Client
	t     *testing.T
	watch *audit.Watch
}

var install = sync.OnceValue(func() error {
	client, err := kube.New(shared.AdminConfig())
	if err != nil {
		return err
	}
	root, err := programs.Root()
	if err != nil {
		return err
	}
	for i, arg := range shared.ControllerManager.Spec.Args {
		shared.ControllerManager.Spec.Args[i] = strings.Replace(arg, "garbage-collector-controller,", "", 1)
	}
	if err := shared.ControllerManager.Restart(context.Background()); err != nil {
		return err
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/operator-rbac.yaml"} {
		if _, err := client.ApplyPath(context.Background(), filepath.Join(root, path)); err != nil {
			return err
		}
	}
	return nil
})

// newSite installs Berth and begins to watch the history.
func newSite(t *testing.T, options ...audit.Options) *site {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	s := &site{Client: kube.MustNew(t, shared.AdminConfig()), t: t}
	s.watch = audit.Start(t, shared, options...)
	return s
}

// newProxy starts a proxy that lives as long as the test.
func (s *site) newProxy() *faultproxy.Proxy {
	s.t.Helper()
	proxy, err := faultproxy.Start(shared.AdminConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(proxy.Close)
	return proxy
}

// newOperator prepares an operator behind a proxy, with exactly the rights that its manifests give it.
func (s *site) newOperator(proxy *faultproxy.Proxy, name string) *programs.Program {
	s.t.Helper()
	account, err := shared.ServiceAccountConfig(s.t.Context(), programs.Namespace, "berth-operator")
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := proxy.Config(account)
	if err != nil {
		s.t.Fatal(err)
	}
	operator, err := programs.NewOperator(programs.OperatorOptions{
		Options:       programs.Options{Config: config, Dir: s.t.TempDir(), Name: name},
		Identity:      name,
		LeaseDuration: 15 * time.Second,
		RenewDeadline: 14 * time.Second,
		RetryPeriod:   500 * time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	operator.EndWith(s.t)
	return operator
}

// stage is a namespace and a range of eight numbers with a shard that nobody else uses at the time.
type stage struct {
	*site
	namespace string
	numbers   string // name of the PortRange
	first     int64
	from      int64 // revision at which it began
}

const (
	shardSize   = 256
	firstShard  = 40 // the first whole one of the API server's node ports
	freshShards = 60 // for stages that need one that does not exist yet
	oldShards   = 127 - firstShard - freshShards + 1
	stageSize   = 8
)

// shardPool deals out numbers: stages one behind the other lie in different shards.
type shardPool struct{ fresh, old int }

func (p *shardPool) next(fresh bool) (int64, error) {
	if fresh {
		if p.fresh == freshShards {
			return 0, errors.New("no fresh shard is left")
		}
		p.fresh++
		return int64((firstShard + p.fresh - 1) * shardSize), nil
	}
	p.old++
	turn, shard := (p.old-1)/oldShards, (p.old-1)%oldShards
	if turn*stageSize >= shardSize {
		return 0, errors.New("no numbers are left")
	}
	return int64((firstShard+freshShards+shard)*shardSize + turn*stageSize), nil
}

var pool shardPool

// newStage makes a namespace and a range.
func (s *site) newStage(reuseAfter time.Duration, fresh bool) *stage {
	s.t.Helper()
	first, err := pool.next(fresh)
	if err != nil {
		s.t.Fatal(err)
	}
	name := fmt.Sprintf("stage-%d", first)
	st := &stage{site: s, namespace: name, numbers: name, first: first}
	if st.from, err = shared.Revision(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	_, err = s.Typed.CoreV1().Namespaces().Create(s.t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.MustApply(s.t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: NodePort, ports: ["%d-%d"], reuseAfter: %ds}
`, name, first, first+stageSize-1, int(reuseAfter.Seconds())))
	return st
}

func (st *stage) shard() string { return fmt.Sprintf("nodeport-%03d", st.first/shardSize) }

// text fills in a manifest: RANGE, FIRST+n.
func (st *stage) text(manifest string) string {
	var numbers []string
	for n := range stageSize + 1 {
		numbers = append(numbers, fmt.Sprintf("FIRST+%d", n), fmt.Sprint(st.first+int64(n)))
	}
	return strings.NewReplacer(append(numbers, "RANGE", st.numbers)...).Replace(manifest)
}

// apply applies a manifest in the stage's namespace.
func (st *stage) apply(manifest string) {
	st.t.Helper()
	st.MustApply(st.t, st.namespace, st.text(manifest))
}

// allocation describes a PortAllocation with ports, each the fields of one in YAML.
func allocation(name string, ports ...string) string {
	return fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: %[1]s}
spec: {rangeName: RANGE, selector: {app: %[1]s}, exposure: External, ports: [%[2]s]}
`, name, "{"+strings.Join(ports, "}, {")+"}")
}

// web is the port that most allocations have.
const web = "name: web, targetPort: 8080"

// remove deletes an object of the stage.
func (st *stage) remove(kind, name string) {
	st.t.Helper()
	if err := st.Delete(st.t.Context(), kind, st.namespace, name); err != nil {
		st.t.Fatal(err)
	}
}

// patch sends a merge patch to an object; namespace "" is that of a cluster-scoped one.
func (st *stage) patch(kind, namespace, name, patch string) {
	st.t.Helper()
	if _, err := st.Patch(st.t.Context(), kind, namespace, name, st.text(patch)); err != nil {
		st.t.Fatal(err)
	}
}

// served returns nil if exactly these allocations exist, and are Ready in their newest edition.
func (st *stage) served(ctx context.Context, names ...string) error {
	all, err := st.List(ctx, "palloc", st.namespace)
	if err != nil {
		return err
	}
	if len(all) != len(names) {
		return fmt.Errorf("%d allocations exist, want %v", len(all), names)
	}
	for _, one := range all {
		if err := kube.HasCondition(&one, "Ready", "True"); err != nil {
			return err
		}
		observed, _ := kube.Int(&one, "status.observedGeneration")
		if observed != one.GetGeneration() || one.GetDeletionTimestamp() != nil {
			return fmt.Errorf("%s is at generation %d, its status at %d", one.GetName(), one.GetGeneration(), observed)
		}
	}
	return nil
}

func (st *stage) awaitServed(names ...string) {
	st.t.Helper()
	kube.Eventually(st.t, patience, fmt.Sprintf("%v in %s to be ready", names, st.namespace),
		func(ctx context.Context) error { return st.served(ctx, names...) })
}

// awaitExternal waits until the operator has seen so many numbers of the range in use by others.
func (st *stage) awaitExternal(want int64) {
	st.t.Helper()
	kube.Eventually(st.t, patience, fmt.Sprintf("%s to count %d external numbers", st.numbers, want), func(ctx context.Context) error {
		numbers, err := st.Get(ctx, "prange", "", st.numbers)
		if err != nil {
			return err
		}
		if external, _ := kube.Int(numbers, "status.external"); external != want {
			return fmt.Errorf("%d are external", external)
		}
		return nil
	})
}

// story tells what an operator has written on a stage.
func (st *stage) story(proxy *faultproxy.Proxy) string {
	lines := []string{"what it has written on " + st.namespace + ":"}
	for _, write := range proxy.Writes() {
		if st.writeOf(write.Request) != "" {
			lines = append(lines, fmt.Sprintf("  %s %s: stored %d, told %d", write.At.Format("15:04:05.000"),
				write.Request, write.Stored, write.Told))
		}
	}
	return strings.Join(lines, "\n")
}

// writeOf names a write in the words of every stage; "" if it concerns another one.
func (st *stage) writeOf(r *faultproxy.Request) string {
	switch {
	case r.Resource == "events":
		if !strings.Contains(string(r.Body), st.namespace) {
			return ""
		}
		return "create events " + between(string(r.Body), `"reason":"`, `"`)
	case r.Namespace == st.namespace, r.Resource == "portledgers" && r.Name == st.shard(), r.Name == st.numbers:
		text := strings.ReplaceAll(r.String(), st.namespace, "STAGE")
		return strings.ReplaceAll(text, st.shard(), "SHARD")
	}
	return ""
}

func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}
