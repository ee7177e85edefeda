package allocation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// rest asks three things of a cluster that has settled: that nobody writes, how long one request takes, and
// what that makes of the operator.
func (s *site) rest(ctx context.Context, p *peer) error {
	operator, err := s.startIdle(ctx)
	if err != nil {
		return err
	}
	defer operator.Kill()
	if err := s.singles(ctx, p); err != nil {
		return err
	}
	if err := s.quiet(ctx, time.Minute); err != nil {
		return err
	}
	at, err := s.cluster.Revision(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(s.Rest):
	}
	written, err := s.changesSince(ctx, at)
	if err != nil {
		return err
	}
	if written.total > 0 {
		s.say("at rest there were written: %v", written.byKind)
	}
	s.lines.AtMost(fmt.Sprintf("writes of %d s at rest", int(s.Rest.Seconds())), "", float64(written.total), 0)
	return operator.Stop()
}

// startIdle starts the operator and waits until it is idle.
func (s *site) startIdle(ctx context.Context) (*programs.Program, error) {
	operator, err := s.startOperator(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.idle(ctx, operator); err != nil {
		operator.Kill()
		return nil, err
	}
	return operator, nil
}

// idle waits until nobody writes and the operator has looked at everything there is, as it does after a start.
func (s *site) idle(ctx context.Context, operator *programs.Program) error {
	const second, little = time.Second, 30 * time.Millisecond
	if err := errors.Join(s.awaitLeading(ctx, operator), s.quiet(ctx, 20*time.Minute)); err != nil {
		return err
	}
	var before time.Duration
	var at time.Time
	return kube.Poll(ctx, 5*time.Minute, "the operator to be idle", func(context.Context) error {
		used, err := operator.Usage()
		if err != nil {
			return err
		}
		if time.Since(at) < second {
			return errors.New("a second is not over")
		}
		more := used.CPU - before
		first := at.IsZero()
		before, at = used.CPU, time.Now()
		if first || more > little {
			return fmt.Errorf("it used %s in the last second", more)
		}
		return nil
	})
}

// singles takes turns: one write of a status by the bare client, one allocation by Berth.
func (s *site) singles(ctx context.Context, p *peer) error {
	all, err := p.allocate(ctx, 1, 1)
	if err != nil {
		return err
	}
	target := &all[0]
	watch, err := s.bare.watchAllocations(ctx, berthGroup)
	if err != nil {
		return err
	}
	defer watch.cancel()
	var bare, berth, fromAnswer []time.Duration
	statuses := []string{p.sample.published, p.sample.allocated}
	for i := range s.Singles {
		began := time.Now()
		if err := p.writeStatus(ctx, target, statuses[i%2]); err != nil {
			return err
		}
		bare = append(bare, time.Since(began))

		number := s.Allocations + 1 + i
		ns, name := s.place(berthNamespaces, number)
		began = time.Now()
		if err := s.createAllocation(ctx, number); err != nil {
			return err
		}
		answered := time.Now()
		seen, err := watch.awaitOne(ctx, time.Minute, "Allocated", ns, name)
		if err != nil {
			return err
		}
		berth = append(berth, seen.Sub(began))
		fromAnswer = append(fromAnswer, seen.Sub(answered))
		if _, err := watch.awaitOne(ctx, time.Minute, "Ready", ns, name); err != nil {
			return err
		}
		// Idle means that nothing of the one before is left, events and range statuses neither.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
	s.say("one at a time: bare status write p50 %.1f p99 %.1f ms; Berth p50 %.1f p99 %.1f ms, since the create was answered p50 %.1f p99 %.1f ms",
		figures.Milliseconds(figures.Quantile(bare, 0.5)), figures.Milliseconds(figures.Quantile(bare, 0.99)), figures.Milliseconds(figures.Quantile(berth, 0.5)),
		figures.Milliseconds(figures.Quantile(berth, 0.99)), figures.Milliseconds(figures.Quantile(fromAnswer, 0.5)), figures.Milliseconds(figures.Quantile(fromAnswer, 0.99)))
	s.lines.Against("one request to Allocated, p99", "ms", figures.Milliseconds(figures.Quantile(fromAnswer, 0.99)), figures.Milliseconds(figures.Quantile(bare, 0.99)), 3)
	s.lines.Tell("the same, p50", "ms", figures.Milliseconds(figures.Quantile(fromAnswer, 0.5)), figures.Milliseconds(figures.Quantile(bare, 0.5)))
	s.lines.Tell("its create included, p50", "ms", figures.Milliseconds(figures.Quantile(berth, 0.5)), figures.Milliseconds(figures.Quantile(bare, 0.5)))
	_, err = s.bare.Do(ctx, http.MethodDelete, allocationPath(bareGroup, target.ns, target.name), nil)
	return err
}
