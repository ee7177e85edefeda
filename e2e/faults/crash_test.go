package faults

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// point is one write of a workload: what it is, and how many of the same come before it.
type point struct {
	what   string
	before int
}

func (p point) String() string {
	if p.before > 0 {
		return fmt.Sprintf("%s (%d)", p.what, p.before+1)
	}
	return p.what
}

// theatre plays workloads with one operator, which is killed and started again.
type theatre struct {
	*site
	proxy    *faultproxy.Proxy
	operator *programs.Program
	crashed  map[string]bool // writes that do not depend on the workload
}

// run is one workload that was played.
type run struct {
	*stage
	name string
	want *run // the one without a fault; nil: this one
	end  state
}

// Kill it before it sends, before it hears and after it has heard of each of its writes: the end is the same.
func TestACrashAtAnyWriteLosesNothingAndRepeatsNothing(t *testing.T) {
	s := newSite(t)
	th := &theatre{site: s, proxy: s.newProxy(), crashed: map[string]bool{}}
	th.operator = s.newOperator(th.proxy, firstIdentity)
	if err := th.operator.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var runs []*run
	for _, w := range workloads {
		t.Run(w.name, func(t *testing.T) { runs = append(runs, th.everyCrash(t, w)...) })
	}
	t.Logf("%d runs took %.0f s", len(runs), time.Since(began).Seconds())
	th.compare(runs)
	report := s.watch.CheckAtRest(t)
	t.Logf("%d revisions were judged", report.Revisions)
}

// everyCrash plays a workload once as it is and then with each crash.
func (th *theatre) everyCrash(t *testing.T, w workload) []*run {
	began := time.Now()
	plain, points := th.plain(t, w)
	runs := []*run{plain}
	missed := 0
	for _, p := range points {
		for _, moment := range faultproxy.Moments {
			name := fmt.Sprintf("%s: killed at %s, %s", w.name, p, moment)
			played, reached := th.crash(t, w, p, moment, name)
			played.want = plain
			runs = append(runs, played)
			if err := played.awaitState(t.Context(), plain.end, false); err != nil {
				t.Errorf("%s: %v\n%s", name, err, played.story(th.proxy))
			}
			if !reached {
				missed++
				t.Logf("%s: it did not come to this write\n%s", name, played.story(th.proxy))
				// An event tells what the operator saw, which may be an allocation before its range.
				raced := strings.HasPrefix(p.what, "create events ") || w.raced != "" && strings.HasPrefix(p.what, w.raced)
				if p.before == 0 && !raced {
					t.Errorf("%s: the first write of its kind must happen in every run", name)
				}
			}
		}
	}
	t.Logf("%d writes, %d crashes (%d more were not reached) in %.1f s", len(points), len(runs)-1-missed, missed, time.Since(began).Seconds())
	return runs
}

// plain plays a workload without a fault, until nobody writes any more, and tells the operator's writes.
func (th *theatre) plain(t *testing.T, w workload) (*run, []point) {
	t.Helper()
	st := th.prepared(t, w)
	from := th.proxy.WriteCount()
	w.act(st)
	kube.Eventually(t, patience, w.name, func(ctx context.Context) error { return w.done(ctx, st) })
	th.quiet(t.Context(), st, from, quietTime)
	var points []point
	seen := map[string]int{}
	for _, write := range th.proxy.WritesSince(from) {
		what := st.writeOf(write.Request)
		if w.prepare != nil && strings.HasPrefix(what, "create events ") {
			continue // it may tell of what there was before
		}
		if what != "" {
			points = append(points, point{what, seen[what]})
			seen[what]++
		}
	}
	if len(points) == 0 {
		t.Fatalf("%s: the operator has written nothing", w.name)
	}
	end, err := st.state(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return &run{stage: st, name: w.name, end: end}, th.chosen(w, points)
}

// chosen leaves out, unless all are wanted, what another crash shows as well: a third write of one kind and
// the second of a range's status, what does not depend on the workload once it was in an earlier one, and what
// happens only now and then.
func (th *theatre) chosen(w workload, points []point) []point {
	if os.Getenv("FAULTS") == "all" {
		return points
	}
	var some []point
	for _, p := range points {
		generic := strings.HasPrefix(p.what, "create events ") || strings.Contains(p.what, "/berth-") ||
			strings.HasPrefix(p.what, "update portranges/status ")
		if w.raced != "" && strings.HasPrefix(p.what, w.raced) {
			continue
		}
		if generic && (th.crashed[p.what] || p.before > 0) || p.before > 1 {
			continue
		}
		th.crashed[p.what] = generic
		some = append(some, p)
	}
	return some
}

func (th *theatre) prepared(t *testing.T, w workload) *stage {
	t.Helper()
	if th.operator.Process() == nil || !th.operator.Process().Alive() { // an earlier run has ended too early
		if err := th.operator.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	reuseAfter := w.reuseAfter
	if reuseAfter == 0 {
		reuseAfter = time.Second
	}
	st := (&site{Client: th.Client, t: t, watch: th.watch}).newStage(reuseAfter, w.fresh)
	if w.prepare != nil {
		w.prepare(st)
	}
	return st
}

// crash plays a workload with one crash. The operator then runs again; reached is false when it had nothing
// left to do and had not come to this write.
func (th *theatre) crash(t *testing.T, w workload, p point, moment faultproxy.Moment, name string) (played *run, reached bool) {
	t.Helper()
	st := th.prepared(t, w)
	died := make(chan error, 1)
	from := th.proxy.WriteCount()
	rule := th.proxy.When(faultproxy.Match{
		Where: func(r *faultproxy.Request) bool { return r.IsWrite() && st.writeOf(r) == p.what },
		Skip:  p.before,
		Times: 1,
	}, faultproxy.At(moment, func() { died <- th.operator.Kill() }))
	defer th.proxy.Remove(rule)
	w.act(st)
	idle, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		if kube.Poll(idle, patience, w.name, func(ctx context.Context) error { return w.done(ctx, st) }) == nil {
			th.quiet(idle, st, from, certain)
		}
	}()
	select {
	case err := <-died:
		reached = true
		if err != nil {
			t.Fatal(err)
		}
	case <-idle.Done():
	}
	if err := th.operator.Launch(); err != nil {
		t.Fatal(err)
	}
	return &run{stage: st, name: name}, reached
}

const (
	// quietTime is longer than anything that the operator puts off, and than the numbers of most stages rest.
	quietTime = 2 * time.Second
	// certain is how long a write is waited for that has been seen without a fault, on the busiest machine.
	certain = 8 * time.Second
)

// quiet waits until the operator has written nothing on a stage for a while; first: the number of writes
// before those of the stage.
func (th *theatre) quiet(ctx context.Context, st *stage, first int, during time.Duration) {
	last := time.Now()
	for seen := first; ; {
		writes := th.proxy.WritesSince(seen)
		seen += len(writes)
		for _, write := range writes {
			if st.writeOf(write.Request) != "" && write.At.After(last) {
				last = write.At
			}
		}
		left := during - time.Since(last)
		if left <= 0 || ctx.Err() != nil {
			return
		}
		once, cancel := context.WithTimeout(ctx, left)
		_ = th.proxy.Await(once, func() bool { return th.proxy.WriteCount() > seen })
		cancel()
	}
}

// compare waits until all is at rest, and compares each run with the one without a fault: what there is, and
// how often what was made and taken away.
func (th *theatre) compare(runs []*run) {
	th.t.Helper()
	var stages []*stage
	atRest := map[*run]state{}
	for _, one := range runs {
		stages = append(stages, one.stage)
		if one.want == nil {
			end, err := one.state(th.t.Context(), true)
			if err != nil {
				th.t.Fatal(err)
			}
			atRest[one] = end
		}
	}
	for _, one := range runs {
		if one.want == nil {
			continue
		}
		if err := one.awaitState(th.t.Context(), atRest[one.want], true); err != nil {
			th.t.Errorf("%s: %v\n%s", one.name, err, one.story(th.proxy))
		}
	}
	counted := newCounter(stages)
	if err := counted.read(th.t.Context()); err != nil {
		th.t.Fatal(err)
	}
	for _, one := range runs {
		if one.want == nil {
			continue
		}
		if text := counted.found[one.namespace].difference(counted.found[one.want.namespace]); text != "" {
			th.t.Errorf("%s:\n%s\n%s", one.name, text, one.story(th.proxy))
		}
	}
}
