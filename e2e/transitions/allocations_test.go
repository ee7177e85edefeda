package transitions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	steps   = 5 // edits of one chain
	appName = "app"
)

// chain is an allocation that is edited again and again, and for each of its specs one that was created so.
type chain struct {
	lane    lane
	specs   []map[string]any // the first is what it is created with
	fresh   []lane           // by spec; the first has none
	had     map[string]int   // numbers before the last edit
	served  map[string]any   // the last spec that these numbers answered
	deleted bool             // the Service, after an edit of what cannot be edited
}

// makeChains makes specs in which every field of the schema is written at least once, if there are enough.
func (s *stage) makeChains(count int) []*chain {
	schema := specOf(s.t, allocations.plural)
	var chains []*chain
	var waiting []string // leaves to be written
	for range count {
		one := &chain{lane: s.lane()}
		maker := newMaker(s.seed, allocations, schema, one.lane)
		for step := range steps + 1 {
			if len(waiting) == 0 {
				waiting = schema.leaves()
			}
			var before map[string]any
			fresh := lane{}
			if step > 0 {
				before, fresh = one.specs[step-1], s.lane()
			}
			spec, shown := maker.follow(before, waiting)
			waiting = slices.Delete(waiting, shown, shown+1)
			one.specs, one.fresh = append(one.specs, spec), append(one.fresh, fresh)
		}
		chains = append(chains, one)
	}
	return chains
}

// follow makes a spec that an allocation may get after another one (nil: it is created), in which the first of the
// leaves is written that can be, and tells which: from numbers per node no purpose leads anywhere, for example.
func (m *maker) follow(before map[string]any, leaves []string) (spec map[string]any, shown int) {
	const tries = 50
	for try := 0; ; try++ {
		shown = try / tries % len(leaves)
		spec = m.spec(leaves[shown])
		if try >= tries*len(leaves) { // none of those that are left: any spec will do
			spec = m.spec("")
		}
		if before == nil || !strays(before, spec, m.lane) {
			return spec, shown
		}
	}
}

// strays tells whether an edit leads a held number elsewhere by its purpose alone: from such an edit Berth
// moves nothing, since it cannot be told from an edit of the ranges. Only another rangeName moves.
func strays(before, after map[string]any, l lane) bool {
	return after["purpose"] != nil && placeOf(before, l).place != placeOf(after, l).place
}

// transfer writes a spec of one lane as another one has to write it.
func transfer(spec map[string]any, from, to lane) map[string]any {
	var move func(value any) any
	move = func(value any) any {
		switch at := value.(type) {
		case map[string]any:
			moved := map[string]any{}
			for key, item := range at {
				moved[key] = move(item)
			}
			return moved
		case []any:
			moved := make([]any, len(at))
			for i, item := range at {
				moved[i] = move(item)
			}
			return moved
		case string:
			moved := strings.ReplaceAll(at, from.token, to.token)
			for _, prefix := range []string{"svc", "host", "node"} {
				if moved == from.share(prefix) {
					moved = to.share(prefix)
				}
			}
			return anyNumber.ReplaceAllStringFunc(moved, func(digits string) string {
				var number int64
				_, _ = fmt.Sscan(digits, &number)
				return fmt.Sprint(moveNumber(number, from, to))
			})
		case int64:
			return moveNumber(at, from, to)
		}
		return value
	}
	return move(spec).(map[string]any)
}

func moveNumber(number int64, from, to lane) int64 {
	for space := range firstOf {
		if offset := int(number) - from.base(space); 0 <= offset && offset < laneSize {
			return int64(to.base(space) + offset)
		}
	}
	return number
}

func (s *stage) runChains(chains []*chain) (refusals int) {
	began := time.Now()
	s.start(chains)
	s.t.Logf("all were answered after %.1f s", time.Since(began).Seconds())
	defer func() {
		if s.healer.Freed > 0 {
			s.t.Logf("%d numbers that the API server had marked for nobody were freed", s.healer.Freed)
		}
	}()
	for step := 1; step <= steps; step++ {
		refusals += s.step(chains, step)
		s.t.Logf("step %d was done after %.1f s", step, time.Since(began).Seconds())
	}
	return refusals
}

// start creates the allocations of all chains, and the fresh ones of all their edits.
func (s *stage) start(chains []*chain) {
	began := time.Now()
	type freshOne struct {
		lane lane
		spec map[string]any
	}
	var all []freshOne
	for _, one := range chains {
		all = append(all, freshOne{one.lane, one.specs[0]})
		for step := 1; step < len(one.specs); step++ {
			all = append(all, freshOne{one.fresh[step], transfer(one.specs[step], one.lane, one.fresh[step])})
		}
	}
	s.share(specHas(specOf(s.t, allocations.plural), "spec.nodeName"))
	each(s, all, func(ctx context.Context, one freshOne) error { return s.openWithRange(ctx, one.lane) })
	s.t.Logf("%d lanes were open after %.1f s", len(all), time.Since(began).Seconds())
	each(s, all, func(ctx context.Context, one freshOne) error {
		_, err := s.Create(ctx, object("PortAllocation", one.lane.token, appName, one.spec))
		if err != nil {
			return fmt.Errorf("%w\nspec: %v", err, one.spec)
		}
		return nil
	})
	s.awaitAll("every allocation to be answered", chains, func(w *world, one *chain) error {
		for _, l := range append([]lane{one.lane}, one.fresh[1:]...) {
			if err := settled(w.allocations[l.token+"/"+appName]); err != nil {
				return err
			}
		}
		return nil
	})
}

func specHas(schema node, path string) bool {
	for _, leaf := range schema.leaves() {
		if leaf == path {
			return true
		}
	}
	return false
}

// step edits every chain once and waits until each is what its fresh one is.
func (s *stage) step(chains []*chain, step int) (refusals int) {
	now, err := readWorld(s.t.Context(), s.Client)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range chains {
		edited := now.allocations[one.lane.token+"/"+appName]
		one.deleted = false
		if !refused(edited) || one.served == nil {
			one.had, one.served = shown(edited), one.specs[step-1]
		} else { // it waits, and has what is left of the numbers that the spec before had
			left := slices.Collect(maps.Values(shown(edited)))
			maps.DeleteFunc(one.had, func(_ string, number int) bool { return !slices.Contains(left, number) })
		}
	}
	each(s, chains, func(ctx context.Context, one *chain) error {
		return s.edit(ctx, "palloc", one.lane.token, appName, one.specs[step])
	})
	s.awaitAll(fmt.Sprintf("edit %d to end as fresh", step), chains, func(w *world, one *chain) error {
		err := s.compare(w, one, step)
		if err != nil {
			allocated, _ := kube.Condition(w.allocations[one.lane.token+"/"+appName], "Allocated")
			return fmt.Errorf("%s, edit %d: %w\nfrom %v\nto %v\nit had %v and says %s %s: %s\nfresh is %s", one.lane.token, step, err,
				one.specs[step-1], one.specs[step], one.had, allocated.Status, allocated.Reason, allocated.Message, one.fresh[step].token)
		}
		return nil
	})
	last, err := readWorld(s.t.Context(), s.Client)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range chains {
		if refused(last.allocations[one.fresh[step].token+"/"+appName]) {
			refusals++
		}
	}
	return refusals
}

func (s *stage) compare(w *world, one *chain, step int) error {
	edited, fresh := w.allocations[one.lane.token+"/"+appName], w.allocations[one.fresh[step].token+"/"+appName]
	for _, l := range []lane{one.lane, one.fresh[step]} {
		allocation := w.allocations[l.token+"/"+appName]
		if err := settled(allocation); err != nil {
			return err
		}
		ready, _ := kube.Condition(allocation, "Ready")
		if ready.Reason == "Refused" && strings.Contains(ready.Message, "provided port is already allocated") {
			// Where nobody has it, the API server itself has lost sight of a number.
			if err := s.healer.Heal(s.t.Context(), common, s.Client); err != nil {
				return err
			}
		}
		if ready.Reason != "PortTaken" {
			continue
		}
		if made, err := s.makeRoom(w, l); made || err != nil {
			return errors.Join(err, errors.New("a Service of another lane, which had one of its numbers, was deleted"))
		}
	}
	immutable, _ := kube.Condition(edited, "Published")
	left := w.class(one.lane) != "" && w.class(one.fresh[step]) == "" && len(shown(fresh)) > 0
	if (immutable.Reason == "LoadBalancerClassImmutable" || left) && !one.deleted {
		one.deleted = true
		if err := s.Delete(s.t.Context(), "service", one.lane.token, appName); err != nil {
			return err
		}
		return errors.New("the Service, whose class cannot be changed, was deleted")
	}
	edit := s.renumbering(one.lane, one.served, one.specs[step], one.had)
	if strays(one.served, one.specs[step], one.lane) {
		return nil
	}
	if why, reasons := edit.waitsFor(); why != "" {
		if refused(fresh) {
			also, _ := kube.Condition(fresh, "Allocated")
			reasons = append(reasons, also.Reason)
		}
		return edit.waits(w, edited, why, reasons)
	}
	if refused(fresh) {
		got, _ := kube.Condition(edited, "Allocated")
		want, _ := kube.Condition(fresh, "Allocated")
		if got.Status != want.Status || got.Reason != want.Reason {
			return fmt.Errorf("it is Allocated=%s %s (%s), the fresh one %s %s (%s)", got.Status, got.Reason, got.Message, want.Status, want.Reason, want.Message)
		}
		return nil
	}
	asFresh := s.renumbering(one.fresh[step], nil, transfer(one.specs[step], one.lane, one.fresh[step]), nil)
	if err := asFresh.judge(shown(fresh)); err != nil {
		return fmt.Errorf("the fresh one: %w", err)
	}
	if err := edit.judge(shown(edited)); err != nil {
		return fmt.Errorf("%w; before it had %v", err, one.had)
	}
	if text := difference(w.stateOf(one.lane, appName), w.stateOf(one.fresh[step], appName)); text != "" {
		return errors.New(text)
	}
	return nil
}

// waits: an edit that cannot be granted for one of the reasons has to wait, and nothing moves. What it shows no more
// is given back.
func (e renumbering) waits(w *world, edited *unstructured.Unstructured, why string, reasons []string) error {
	var other error
	if !slices.ContainsFunc(reasons, func(reason string) bool {
		other = kube.HasCondition(edited, "Allocated", "False", reason)
		return other == nil
	}) {
		return fmt.Errorf("%s: %w", why, other)
	}
	numbers := shown(edited)
	for name, number := range numbers {
		if had := e.hadBy(name); had != number {
			return fmt.Errorf("it waits for a number, and port %s has %d now, %d before", name, number, had)
		}
	}
	for key, text := range w.entries[string(edited.GetUID())] {
		number := numberOf(key)
		if strings.Fields(text)[1] == "held" && !slices.Contains(slices.Collect(maps.Values(numbers)), number) {
			return fmt.Errorf("it holds %s and shows %v", key, numbers)
		}
	}
	return nil
}

// numberOf is the number of an entry: "SPACE NUMBER", and behind it perhaps /PROTOCOL and @NODE.
func numberOf(key string) (number int) {
	_, _ = fmt.Sscanf(key[strings.Index(key, " ")+1:], "%d", &number)
	return number
}

// awaitAll waits until check passes for every chain; it asks only for those for which it has not yet.
func (s *stage) awaitAll(what string, chains []*chain, check func(*world, *chain) error) {
	s.t.Helper()
	left := chains
	s.await(what, func(w *world) (missing []string) {
		var still []*chain
		for _, one := range left {
			if err := check(w, one); err != nil {
				still = append(still, one)
				missing = append(missing, err.Error())
			}
		}
		left = still
		return missing
	})
}
