package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Watch looks at a cluster from a revision on, and lets a clock tell history the time.
type Watch struct {
	Options

	cluster *cluster.Cluster
	from    int64
	clock   *writer
}

// Start begins to watch: what is stored now is taken as it is, what comes is to be judged. Call it before
// the programs start. The clock runs until Check or the end of the test.
func Start(t testing.TB, c *cluster.Cluster, options ...Options) *Watch {
	t.Helper()
	w := &Watch{cluster: c}
	if len(options) > 0 {
		w.Options = options[0]
	}
	w.clock = startClock(t, c)
	t.Cleanup(func() { _ = w.clock.stop() })
	var err error
	if w.from, err = c.Revision(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// Check ends the clock, and the test if any revision since Start breaks an invariant.
func (w *Watch) Check(t testing.TB) Report {
	t.Helper()
	return w.check(t, nil)
}

// CheckAtRest is Check when nothing is left to do: see Auditor.AtRest.
func (w *Watch) CheckAtRest(t testing.TB) Report {
	t.Helper()
	return w.check(t, (*Auditor).AtRest)
}

// CheckEmpty is CheckAtRest when all allocations are gone: nothing is held any more.
func (w *Watch) CheckEmpty(t testing.TB) Report {
	t.Helper()
	return w.check(t, func(a *Auditor) []Violation { return append(a.AtRest(), a.Empty()...) })
}

// CheckSince ends the test if any revision behind one breaks an invariant. The clock goes on and other checks
// may follow; the last one tells also how long those numbers rested that were just given out.
func (w *Watch) CheckSince(t testing.TB, revision int64) Report {
	t.Helper()
	if err := w.clock.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	options := w.Options
	options.clockRuns = true
	report, wrong, err := judge(t.Context(), w.cluster, options, revision, nil)
	fail(t, wrong, err)
	return report
}

// Judge is Check for tests that expect something to be wrong: it returns all violations.
func (w *Watch) Judge(ctx context.Context) (Report, []Violation, error) { return w.judge(ctx, nil) }

func (w *Watch) check(t testing.TB, last func(*Auditor) []Violation) Report {
	t.Helper()
	report, wrong, err := w.judge(t.Context(), last)
	fail(t, wrong, err)
	return report
}

func (w *Watch) judge(ctx context.Context, last func(*Auditor) []Violation) (Report, []Violation, error) {
	if err := w.clock.stop(); err != nil {
		return Report{}, nil, err
	}
	return judge(ctx, w.cluster, w.Options, w.from, last)
}

// Check ends the test if any revision that was ever committed breaks an invariant. How long a number has
// rested it cannot tell unless a clock of Start ran then.
func Check(t testing.TB, c *cluster.Cluster, options ...Options) Report {
	t.Helper()
	report, wrong, err := judge(t.Context(), c, first(options), 0, nil)
	fail(t, wrong, err)
	return report
}

// CheckNow judges what is stored now and nothing else, as of a cluster at rest. For clusters whose history was
// compacted away.
func CheckNow(t testing.TB, c *cluster.Cluster, options ...Options) Report {
	t.Helper()
	ctx := t.Context()
	now, err := c.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := snapshot(ctx, c, now)
	if err != nil {
		t.Fatal(err)
	}
	auditor := New(first(options))
	wrong := append(auditor.Load(now, stored), auditor.AtRest()...)
	fail(t, wrong, nil)
	return auditor.Report
}

func first(options []Options) Options {
	if len(options) > 0 {
		return options[0]
	}
	return Options{}
}

// judge replays the history behind a revision. 0: all of it.
func judge(ctx context.Context, c *cluster.Cluster, options Options, from int64, last func(*Auditor) []Violation) (Report, []Violation, error) {
	auditor := New(options)
	if from > 0 {
		stored, err := snapshot(ctx, c, from)
		if err != nil {
			return Report{}, nil, err
		}
		auditor.Load(from, stored)
	}
	var pending []cluster.Change
	flush := func() {
		if len(pending) > 0 {
			auditor.Check(pending[0].Revision, pending)
			pending = nil
		}
	}
	err := c.History(ctx, cluster.Query{From: from + 1, Prefixes: Prefixes()}, func(change cluster.Change) error {
		if len(pending) > 0 && pending[0].Revision != change.Revision {
			flush()
		}
		pending = append(pending, change)
		return nil
	})
	if err != nil {
		return Report{}, nil, fmt.Errorf("read the history: %w", err)
	}
	flush()
	if last != nil {
		last(auditor)
	}
	auditor.Finish()
	return auditor.Report, auditor.Found(), nil
}

// snapshot reads what was stored at a revision.
func snapshot(ctx context.Context, c *cluster.Cluster, revision int64) ([]cluster.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var stored []cluster.Change
	for _, prefix := range Prefixes() {
		answer, err := client.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(revision))
		if err != nil {
			return nil, fmt.Errorf("read %s at revision %d: %w", prefix, revision, err)
		}
		for _, pair := range answer.Kvs {
			stored = append(stored, cluster.Change{Revision: pair.ModRevision, Key: string(pair.Key), Value: pair.Value})
		}
	}
	return stored, nil
}

// mostTold violations are printed: the first are the cause, the others mostly follow.
const mostTold = 20

func fail(t testing.TB, wrong []Violation, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := Error(wrong); err != nil {
		t.Fatalf("the audit finds %d violations:\n%v", len(wrong), err)
	}
}

// Error makes one error of violations, nil of none.
func Error(wrong []Violation) error {
	if len(wrong) == 0 {
		return nil
	}
	var lines []string
	for _, one := range wrong[:min(len(wrong), mostTold)] {
		lines = append(lines, one.String())
	}
	if more := len(wrong) - mostTold; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}
