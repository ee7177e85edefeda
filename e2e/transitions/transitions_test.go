package transitions

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
)

// Of the edits every fifth is one of a PortRange.
func TestThreeHundredEditsEndAsFreshAndThenNobodyWrites(t *testing.T) {
	seed := number(t, "TRANSITIONS_SEED", uint64(time.Now().UnixNano()))
	t.Logf("TRANSITIONS_SEED=%d", seed)
	const mostAtOnce = 300 // there are no more node ports for more lanes
	left := int(number(t, "TRANSITIONS", mostAtOnce))
	s := newStage(t, seed)
	for left > 0 {
		now := min(left, mostAtOnce)
		left -= now
		s.seed++
		s.round(now, left == 0)
	}
	s.watch.CheckAtRest(t)
}

// round makes so many edits. The last one ends with a minute in which nobody writes; the others clear away
// what they made, so that the next finds free numbers.
func (s *stage) round(edits int, last bool) {
	began := time.Now()
	ofRanges := max(1, edits/steps/5)
	rangeChains := s.makeRangeChains(ofRanges)
	chains := s.makeChains(max(1, edits/steps-ofRanges))
	s.runRangeChains(rangeChains)
	refusals := s.runChains(chains)
	s.t.Logf("%d edits, %d of allocations that not even a fresh one could be, in %.1f s",
		(len(chains)+len(rangeChains))*steps, refusals, time.Since(began).Seconds())
	if refusals*3 > len(chains)*steps {
		s.t.Errorf("%d of %d were refused: too many to show much", refusals, len(chains)*steps)
	}
	var targets []target
	for _, one := range chains {
		for _, l := range append([]lane{one.lane}, one.fresh[1:]...) {
			targets = append(targets, target{allocations, l.token, appName})
		}
	}
	for _, one := range rangeChains {
		targets = append(targets, target{ranges, "", one.lane.token})
	}
	if last {
		s.rest(targets)
	} else {
		s.clear()
	}
}

// rest is a minute in which people try what the schema does not allow, and Berth does nothing.
func (s *stage) rest(targets []target) {
	const during = time.Minute
	began := time.Now()
	from, err := common.Revision(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	schemas := map[string]node{allocations.plural: specOf(s.t, allocations.plural), ranges.plural: specOf(s.t, ranges.plural)}
	random := rand.New(rand.NewPCG(s.seed, 0))
	seeds := make([]uint64, len(targets))
	indices := make([]int, len(targets))
	for i := range targets {
		seeds[i], indices[i] = random.Uint64(), i
	}
	each(s, indices, func(ctx context.Context, i int) error {
		on := targets[i]
		return s.tryInvalid(ctx, schemas[on.kind.plural], on, rand.New(rand.NewPCG(seeds[i], 0)))
	})
	s.t.Logf("%d invalid edits were refused within %.1f s", len(targets), time.Since(began).Seconds())
	select {
	case <-time.After(during - time.Since(began)): // that nothing happens takes time
	case <-s.t.Context().Done():
		s.t.Fatal(s.t.Context().Err())
	}
	s.nobodyWrote(from, began)
}

// nobodyWrote asks the history, and the audit log, which also has the writes that change nothing. What an event
// has to tell of the time before is its own: how often it came is written once more, at most a minute later.
func (s *stage) nobodyWrote(from int64, began time.Time) {
	events := cluster.Prefix("", "events")
	written := []string{
		cluster.Prefix("berth.dev", "portallocations"), cluster.Prefix("berth.dev", "portledgers"),
		cluster.Prefix("berth.dev", "portranges"), cluster.Prefix("berth.dev", "exposurepolicies"),
		cluster.Prefix("", "services/specs"), cluster.Prefix("", "networkpolicies"), events,
	}
	counted := map[string]bool{}
	enough := errors.New("enough")
	seen := 0
	err := common.History(s.t.Context(), cluster.Query{From: from + 1, Prefixes: written}, func(change cluster.Change) error {
		if strings.HasPrefix(change.Key, events) && !counted[change.Key] && !s.isNew(change) {
			counted[change.Key] = true
			return nil
		}
		s.t.Errorf("%s changed at revision %d", change.Key, change.Revision)
		if seen++; seen > 20 {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		s.t.Fatal(err)
	}
	renewals := 0
	err = common.AuditEvents(func(event cluster.AuditEvent) error {
		switch {
		case event.User.Username != operatorUser || event.Received.Before(began) || !event.IsWrite():
		case event.ObjectRef != nil && event.ObjectRef.Resource == "leases":
			renewals++
		case event.ObjectRef != nil && event.ObjectRef.Resource == "events" && event.Verb == "patch": // judged above
		default:
			s.t.Errorf("the operator asked %s %s and was answered %d", event.Verb, event.RequestURI, event.ResponseStatus.Code)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if renewals == 0 {
		s.t.Error("not even the lease was renewed: the operator does not work, or the audit log is not complete")
	}
}

// isNew tells whether an event is the first of its kind.
func (s *stage) isNew(change cluster.Change) bool {
	object, err := change.Object()
	if err != nil {
		s.t.Fatal(err)
	}
	_, again := kube.Value(object, "series.count")
	return !again
}

// clear removes all lanes and waits until their numbers are free.
func (s *stage) clear() {
	for _, kind := range []string{"portallocations.berth.dev", "portranges.berth.dev", "namespaces"} {
		list, err := s.List(s.t.Context(), kind, "")
		if err != nil {
			s.t.Fatal(err)
		}
		var names [][2]string
		for _, one := range list {
			if kind != "namespaces" || one.GetLabels()["team"] == "a" {
				names = append(names, [2]string{one.GetNamespace(), one.GetName()})
			}
		}
		each(s, names, func(ctx context.Context, name [2]string) error { return s.Delete(ctx, kind, name[0], name[1]) })
		if kind != "portallocations.berth.dev" {
			continue
		}
		s.await("the ledgers to be empty", func(w *world) (missing []string) {
			for _, entries := range w.entries {
				for key := range entries {
					missing = append(missing, key)
				}
			}
			return missing
		})
	}
	s.mu.Lock()
	s.first += s.lanes
	s.lanes = 0
	s.mu.Unlock()
}
