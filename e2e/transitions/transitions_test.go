package transitions

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
)

// Of the edits every fifth is one of a PortRange.
func TestThreeHundredEditsEndAsFreshAndThenNobodyWrites(t *testing.T) {
	seed := site.Seed(t, "TRANSITIONS_SEED")
	t.Logf("TRANSITIONS_SEED=%d", seed)
	const mostAtOnce = 300 // there are no more node ports for more lanes
	left := int(site.Number(t, "TRANSITIONS", mostAtOnce))
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

// rest is a minute in which people try what the schema does not allow, and nobody writes anything.
func (s *stage) rest(targets []target) {
	const during = time.Minute
	quiet, err := site.BeginRest(s.t.Context(), common)
	if err != nil {
		s.t.Fatal(err)
	}
	quiet.LateCounts = true
	began := time.Now()
	schemas := map[string]node{allocations.plural: specOf(s.t, allocations.plural), ranges.plural: specOf(s.t, ranges.plural)}
	random := rand.New(rand.NewPCG(s.seed, 0))
	seeds := make([]uint64, len(targets))
	indices := make([]int, len(targets))
	for i := range targets {
		seeds[i], indices[i] = random.Uint64(), i
	}
	each(s, indices, func(ctx context.Context, i int) error {
		on := targets[i]
		own := rand.New(rand.NewPCG(seeds[i], 0))
		return s.tryInvalid(ctx, schemas[on.kind.plural], on, func(ways []breach) breach { return ways[own.IntN(len(ways))] })
	})
	s.t.Logf("%d invalid edits were refused within %.1f s", len(targets), time.Since(began).Seconds())
	if err := quiet.Until(s.t.Context(), during); err != nil {
		s.t.Fatal(err)
	}
	broken, err := quiet.Broken(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, write := range broken {
		s.t.Error(write)
	}
}

// clear removes all lanes and waits until their numbers are free.
func (s *stage) clear() {
	s.letNothingWait()
	for _, kind := range []string{"portallocations.berth.dev", "portranges.berth.dev", "namespaces"} {
		var names [][2]string
		for _, one := range s.listed(kind) {
			if kind != "namespaces" || one.GetLabels()["team"] == "a" {
				names = append(names, [2]string{one.GetNamespace(), one.GetName()})
			}
		}
		each(s, names, func(ctx context.Context, name [2]string) error { return s.Delete(ctx, kind, name[0], name[1]) })
		if kind == "portallocations.berth.dev" {
			s.awaitLedgers("the ledgers to be empty", func(string) bool { return false })
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	firstLane += s.lanes
	s.lanes = 0
}

// letNothingWait takes spec.stickyFor from all allocations: numbers would wait an hour for one that never comes back.
func (s *stage) letNothingWait() {
	var sticky []unstructured.Unstructured
	for _, one := range s.listed("portallocations.berth.dev") {
		if kube.Text(&one, "spec.stickyFor") != "" {
			sticky = append(sticky, one)
		}
	}
	each(s, sticky, func(ctx context.Context, one unstructured.Unstructured) error {
		spec := one.Object["spec"].(map[string]any)
		delete(spec, "stickyFor")
		return s.edit(ctx, "portallocations.berth.dev", one.GetNamespace(), one.GetName(), spec)
	})
	s.awaitLedgers("no number to wait for its owner", func(entry string) bool { return !strings.Contains(entry, " sticky=") })
}

func (s *stage) listed(kind string) []unstructured.Unstructured {
	list, err := s.List(s.t.Context(), kind, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *stage) awaitLedgers(what string, right func(entry string) bool) {
	s.await(what, func(w *world) (wrong []string) {
		for _, entries := range w.entries {
			for key, text := range entries {
				if !right(text) {
					wrong = append(wrong, key+": "+text)
				}
			}
		}
		return wrong
	})
}
