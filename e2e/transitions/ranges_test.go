package transitions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// probe is an allocation that asks a range for numbers.
type probe struct{ name, spec string }

// probes ask in every way there is. They are created one after another, because two that ask at the same moment are
// served in the order of their UIDs.
var probes = []probe{
	{"any", `{rangeName: LANE, selector: {app: web}, exposure: External, ports: [{name: a, targetPort: 8080}, {name: b, targetPort: 9090, protocol: UDP}]}`},
	{"purpose", `{purpose: LANE, selector: {app: web}, ports: [{name: a, targetPort: 8080}]}`},
	{"block", `{rangeName: LANE, selector: {app: api}, exposure: Namespace, ports: [{name: a, targetPort: 8080, block: block0}]}`},
}

// rangeChain is a PortRange that is edited again and again, and for each of its specs one that was created so.
type rangeChain struct {
	lane  lane
	space string
	specs []map[string]any
	fresh []lane
}

// probe is the one of an edit that comes at a place. Where the numbers are spread, which ones the others have depends
// on their UIDs, and may or may not be all of the block: there the one for the block comes first.
func (r *rangeChain) probe(step, place int) probe {
	if text(r.specs[step], "order") == "Spread" {
		place = len(probes) - 1 - place
	}
	return probes[place]
}

func (s *stage) makeRangeChains(count int) []*rangeChain {
	schema := specOf(s.t, ranges.plural)
	leaves := schema.leaves()
	spaces := []string{"NodePort", "Service", "HostPort"}
	var chains []*rangeChain
	next := 0
	for i := range count {
		one := &rangeChain{lane: s.lane(), space: spaces[i%len(spaces)]}
		maker := newMaker(s.seed, ranges, schema, one.lane)
		maker.space = one.space
		for step := range steps + 1 {
			spec := maker.spec(leaves[next%len(leaves)])
			if spec["purpose"] == nil { // else the probe of it says the same each time
				spec["purpose"] = one.lane.token
			}
			one.specs = append(one.specs, spec)
			next++
			fresh := lane{}
			if step > 0 {
				fresh = s.lane()
			}
			one.fresh = append(one.fresh, fresh)
		}
		chains = append(chains, one)
	}
	return chains
}

func (s *stage) runRangeChains(chains []*rangeChain) {
	began := time.Now()
	var all []lane
	for _, one := range chains {
		all = append(append(all, one.lane), one.fresh[1:]...)
	}
	each(s, all, func(ctx context.Context, l lane) error { return s.open(ctx, l) })
	each(s, chains, func(ctx context.Context, one *rangeChain) error {
		if _, err := s.Create(ctx, object("PortRange", "", one.lane.token, one.specs[0])); err != nil {
			return fmt.Errorf("%w\nspec: %v", err, one.specs[0])
		}
		return nil
	})
	for step := 1; step <= steps; step++ {
		s.stepRanges(chains, step)
		s.t.Logf("edit %d of the ranges was done after %.1f s", step, time.Since(began).Seconds())
	}
}

// stepRanges edits every range once, asks it and a fresh one for numbers, and expects the same answers; then
// the edited one gets its numbers back.
func (s *stage) stepRanges(chains []*rangeChain, step int) {
	each(s, chains, func(ctx context.Context, one *rangeChain) error {
		if err := s.edit(ctx, ranges.plural, "", one.lane.token, one.specs[step]); err != nil {
			return err
		}
		fresh := one.fresh[step]
		_, err := s.Create(ctx, object("PortRange", "", fresh.token, transfer(one.specs[step], one.lane, fresh)))
		return err
	})
	s.awaitRanges(chains, step, fmt.Sprintf("edit %d to be seen", step), func(w *world, one *rangeChain, l lane) error {
		return observed(w.ranges[l.token])
	})
	for place := range probes {
		each(s, chains, func(ctx context.Context, one *rangeChain) error {
			probe := one.probe(step, place)
			for _, l := range []lane{one.lane, one.fresh[step]} {
				spec := strings.ReplaceAll(probe.spec, "LANE", l.token)
				if err := s.create(ctx, fmt.Sprintf("{apiVersion: berth.dev/v1alpha1, kind: PortAllocation, metadata: {namespace: %s, name: %s}, spec: %s}",
					l.token, probe.name, spec)); err != nil {
					return err
				}
			}
			return nil
		})
		s.awaitRanges(chains, step, "the answers to the probes", func(w *world, one *rangeChain, l lane) error {
			return settled(w.allocations[l.token+"/"+one.probe(step, place).name])
		})
	}
	s.awaitRanges(chains, step, fmt.Sprintf("edit %d to end as fresh", step), func(w *world, one *rangeChain, l lane) error {
		if l != one.lane {
			return nil
		}
		if text := w.rangeDifference(one.lane, one.fresh[step]); text != "" {
			return fmt.Errorf("%s\nfrom %v\nto %v\nfresh is %s", text, one.specs[step-1], one.specs[step], one.fresh[step].token)
		}
		return nil
	})
	each(s, chains, func(ctx context.Context, one *rangeChain) error {
		for _, probe := range probes {
			if err := s.Delete(ctx, "palloc", one.lane.token, probe.name); err != nil {
				return err
			}
		}
		return nil
	})
	s.awaitRanges(chains, step, "the numbers to be free again", func(w *world, one *rangeChain, l lane) error {
		if l != one.lane {
			return nil
		}
		for _, count := range []string{"allocated", "cooling"} {
			if left, _ := kube.Int(w.ranges[l.token], "status."+count); left != 0 {
				return fmt.Errorf("%d of %s are %s", left, l.token, count)
			}
		}
		return nil
	})
}

func observed(object *unstructured.Unstructured) error {
	if object == nil {
		return errors.New("it does not exist")
	}
	if seen, _ := kube.Int(object, "status.observedGeneration"); seen != object.GetGeneration() {
		return fmt.Errorf("%s is at generation %d, its status speaks of %d", kube.Name(object), object.GetGeneration(), seen)
	}
	return nil
}

// rangeDifference compares two ranges and all their probes, with the numbers themselves.
func (w *world) rangeDifference(edited, fresh lane) string {
	var lines []string
	state := func(l lane) map[string]string {
		object := w.ranges[l.token]
		all := map[string]string{"PortRange": plain{lane: l, uid: string(object.GetUID())}.text(strip(object))}
		for _, probe := range probes {
			allocation := w.allocations[l.token+"/"+probe.name]
			if allocation == nil {
				continue
			}
			for name, text := range w.stateOf(l, probe.name) {
				all[probe.name+" "+name] = text
			}
			all[probe.name+" numbers"] = plain{lane: l, uid: string(allocation.GetUID())}.replace(fmt.Sprint(shown(allocation)))
		}
		return all
	}
	a, b := state(edited), state(fresh)
	// The order of Spread depends on the UID.
	if kube.Text(w.ranges[edited.token], "spec.order") == "Spread" {
		for _, all := range []map[string]string{a, b} {
			for name := range all {
				if strings.HasSuffix(name, " numbers") || name == "PortRange" {
					delete(all, name)
				}
			}
		}
	}
	if text := difference(a, b); text != "" {
		lines = append(lines, edited.token+": "+text)
	}
	return strings.Join(lines, "\n")
}

func (s *stage) awaitRanges(chains []*rangeChain, step int, what string, check func(*world, *rangeChain, lane) error) {
	s.t.Helper()
	left := slices.Clone(chains)
	s.await(what, func(w *world) (missing []string) {
		var still []*rangeChain
		for _, one := range left {
			if err := errors.Join(check(w, one, one.lane), check(w, one, one.fresh[step])); err != nil {
				still = append(still, one)
				missing = append(missing, one.lane.token+": "+err.Error())
			}
		}
		left = still
		return missing
	})
}
