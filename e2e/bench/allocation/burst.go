package allocation

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// burst is what happened when all allocations came at once.
type burst struct {
	from, to    int64         // revisions
	created     time.Duration // since the first create was sent: the last one answered
	allocated   time.Duration // ... all seen with their numbers
	published   time.Duration // ... all seen published
	controlCPU  time.Duration // of etcd and the API server
	operatorCPU time.Duration
	changes     changes
}

// startOperator runs the operator as an installation does: its own account, its own rights, its defaults.
func (s *site) startOperator(ctx context.Context) (*programs.Program, error) {
	config, err := story.Access(ctx, s.admin, story.OperatorAccount, 4*time.Hour)
	if err != nil {
		return nil, err
	}
	return programs.StartOperator(ctx, programs.OperatorOptions{
		Options: programs.Options{Config: config, Dir: s.cluster.ProgramDir()}})
}

// burst creates all allocations with as many requests in flight as suit the bare client best, and waits
// until Berth has published them.
func (s *site) burst(ctx context.Context, p *peer) (burst, error) {
	var b burst
	operator, err := s.startOperator(ctx)
	if err != nil {
		return b, err
	}
	defer operator.Kill()
	// One allocation goes first, so that connections stand and Berth leads.
	watch, err := s.bare.watchAllocations(ctx, berthGroup)
	if err != nil {
		return b, err
	}
	defer watch.cancel()
	if err := s.createAllocation(ctx, s.Allocations); err != nil {
		return b, err
	}
	if _, err := watch.await(ctx, time.Minute, "Ready", 1); err != nil {
		return b, err
	}
	if err := s.quiet(ctx, time.Minute); err != nil {
		return b, err
	}
	if b.from, err = s.cluster.Revision(ctx); err != nil {
		return b, err
	}
	cpu, err := s.controlPlaneCPU()
	if err != nil {
		return b, err
	}
	usage, err := operator.Usage()
	if err != nil {
		return b, err
	}
	const patience = time.Hour
	began := time.Now()
	err = bare.Each(p.allocators, s.Allocations, func(i int) error { return s.createAllocation(ctx, i) })
	if err != nil {
		return b, err
	}
	b.created = time.Since(began)
	allocated, err := watch.await(ctx, patience, "Allocated", s.Allocations+1)
	if err != nil {
		return b, err
	}
	b.allocated = allocated.Sub(began)
	published, err := watch.await(ctx, patience, "Published", s.Allocations+1)
	if err != nil {
		return b, err
	}
	b.published = published.Sub(began)
	after, err := s.controlPlaneCPU()
	if err != nil {
		return b, err
	}
	used, err := operator.Usage()
	if err != nil {
		return b, err
	}
	b.controlCPU, b.operatorCPU = after-cpu, used.CPU-usage.CPU
	s.say("Berth, %d: created in %.1f s, allocated in %.1f s, published in %.1f s, control plane %.1f CPU-s, operator %.1f CPU-s, %d MB",
		s.Allocations, b.created.Seconds(), b.allocated.Seconds(), b.published.Seconds(), b.controlCPU.Seconds(),
		b.operatorCPU.Seconds(), used.RSS>>20)
	if err := s.quiet(ctx, 20*time.Minute); err != nil {
		return b, err
	}
	if b.changes, err = s.changesSince(ctx, b.from); err != nil {
		return b, err
	}
	b.to = b.changes.to
	for _, kind := range slices.Sorted(maps.Keys(b.changes.byKind)) {
		s.say("  %6d writes of %s", b.changes.byKind[kind], kind)
	}
	return b, operator.Stop()
}

func (s *site) createAllocation(ctx context.Context, i int) error {
	ns, name := s.place(berthNamespaces, i)
	_, err := s.bare.Post(ctx, allocationPath(berthGroup, ns), allocationText(berthGroup, rangeName, ns, name, name))
	return err
}

// compare sets the burst beside the bare client's two halves.
func (s *site) compare(b burst, p *peer) {
	n := float64(s.Allocations)
	s.lines.Against("all Allocated", "s", b.allocated.Seconds(), p.allocated.Seconds(), 1.1)
	s.lines.Against("all Published", "s", b.published.Seconds(), p.published.Seconds(), 1.15)
	s.lines.Tell("control plane CPU per allocation", "ms", figures.Milliseconds(b.controlCPU)/n, figures.Milliseconds(p.controlCPU)/n)
	s.lines.Tell("operator CPU per allocation", "ms", figures.Milliseconds(b.operatorCPU)/n, 0)
}

const ledgerRounds = 15

// ledgers counts the ledger writes of the burst and finds out what they cost: a bare client writes the same
// texts again, one after the other, to a kind with the same schema.
func (s *site) ledgers(ctx context.Context, b burst) error {
	var versions []*unstructured.Unstructured
	query := cluster.Query{From: b.from + 1, To: b.to, Prefixes: []string{cluster.Prefix(berthGroup, "portledgers")}}
	err := s.cluster.History(ctx, query, func(change cluster.Change) error {
		object, err := change.Object()
		if err != nil {
			return err
		}
		object.SetAPIVersion(bareGroup + "/v1alpha1")
		object.SetResourceVersion("")
		object.SetUID("")
		object.SetManagedFields(nil)
		versions = append(versions, object)
		return nil
	})
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		return errors.New("the history has no ledger write")
	}
	s.lines.AtMost("ledger writes per allocation", "", float64(len(versions))/float64(s.Allocations), 0.02)

	// What the control plane uses by itself is taken off. The least of some rounds: so few writes are over in half a
	// second, and whatever else the machine does then comes on top, but the same writes never cost less than they must.
	idle, err := s.idleCPU(ctx)
	if err != nil {
		return err
	}
	var spent []float64
	for range ledgerRounds {
		cpu, took, err := s.writeLedgers(ctx, versions)
		if err != nil {
			return err
		}
		spent = append(spent, cpu.Seconds()-idle*took.Seconds())
		s.say("%d ledger writes again: %.2f s, %.2f CPU-s beyond the %.3f a second of an idle control plane", len(versions),
			took.Seconds(), spent[len(spent)-1], idle)
	}
	s.lines.AtMost("ledger writes, CPU of the control plane", "s", slices.Min(spent), 0.5)
	return nil
}

// writeLedgers writes the versions once more and returns what that cost the control plane. What it wrote it takes away
// again: the numbers of a ledger only grow, so the next round must begin with none.
func (s *site) writeLedgers(ctx context.Context, versions []*unstructured.Unstructured) (cpu, took time.Duration, err error) {
	before, err := s.controlPlaneCPU()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	path := "/apis/" + bareGroup + "/v1alpha1/portledgers"
	known := map[string]string{} // resource versions by name
	for _, object := range versions {
		name, method, at := object.GetName(), http.MethodPost, path
		object.SetResourceVersion("")
		if version, ok := known[name]; ok {
			method, at = http.MethodPut, path+"/"+name
			object.SetResourceVersion(version)
		}
		text, err := object.MarshalJSON()
		if err != nil {
			return 0, 0, err
		}
		answer, err := s.bare.write(ctx, method, at, string(text))
		if err != nil {
			return 0, 0, err
		}
		known[name] = answer.Metadata.ResourceVersion
	}
	took = time.Since(began)
	after, err := s.controlPlaneCPU()
	if err != nil {
		return 0, 0, err
	}
	for name := range known {
		if _, err := s.bare.write(ctx, http.MethodDelete, path+"/"+name, ""); err != nil {
			return 0, 0, err
		}
	}
	return after - before, took, nil
}

// idleCPU is what the control plane uses of one core while nobody asks anything.
func (s *site) idleCPU(ctx context.Context) (float64, error) {
	if err := s.quiet(ctx, time.Minute); err != nil {
		return 0, err
	}
	before, err := s.controlPlaneCPU()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(3 * time.Second):
	}
	after, err := s.controlPlaneCPU()
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}
