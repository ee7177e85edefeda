package invariants

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"berth.dev/e2e/kube"
)

// What must hold at every moment. The names are those of the design: I1, I2, I9, I10.

// OneOwner (I1): a number has at most one owner among all Services that use it as a node port and all
// PortAllocations whose status shows it.
func OneOwner(state State) error {
	type claim struct{ owner, by string }
	claims := map[int64]claim{}
	var wrong []error
	add := func(number int64, owner, by string) {
		other, taken := claims[number]
		if !taken {
			claims[number] = claim{owner, by}
		} else if other.owner != owner {
			wrong = append(wrong, fmt.Errorf("I1: number %d has two owners: %s and %s", number, other.by, by))
		}
	}
	for _, service := range state.Services {
		for _, number := range service.Ports {
			add(number, service.Owner, fmt.Sprintf("Service %s for %s", service.Key, service.Owner))
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(state.Allocations)) {
		allocation := state.Allocations[uid]
		for _, number := range allocation.Ports {
			add(number, uid, fmt.Sprintf("the status of %s (%s)", allocation.Name, uid))
		}
	}
	return errors.Join(wrong...)
}

// PublishedIsHeld (I2): what a generated Service publishes, and what a status shows, is held in the ledger by
// the same UID.
func PublishedIsHeld(state State) error {
	var wrong []error
	must := func(number int64, uid, by string) {
		entry, held := state.Held[number]
		switch {
		case !held:
			wrong = append(wrong, fmt.Errorf("I2: %s has %d, which nobody holds in the ledger%s", by, number, restingText(state, number)))
		case entry.UID != uid:
			wrong = append(wrong, fmt.Errorf("I2: %s has %d, which the ledger says %s (%s) holds", by, number, entry.Owner, entry.UID))
		}
	}
	for _, service := range state.Services {
		if !service.Ours {
			continue
		}
		for _, number := range service.Ports {
			must(number, service.Owner, "Service "+service.Key)
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(state.Allocations)) {
		allocation := state.Allocations[uid]
		for _, number := range allocation.Ports {
			must(number, uid, "the status of "+allocation.Name)
		}
	}
	return errors.Join(wrong...)
}

func restingText(state State, number int64) string {
	if entry, ok := state.Resting[number]; ok {
		return fmt.Sprintf(" (it rests after %s)", entry.Owner)
	}
	return ""
}

// AllOrNothing (I9): the status shows a number for every port of the spec it speaks of, or for none.
func AllOrNothing(state State) error {
	var wrong []error
	for _, uid := range slices.Sorted(maps.Keys(state.Allocations)) {
		allocation := state.Allocations[uid]
		if len(allocation.Ports) == 0 || allocation.Observed != allocation.Generation {
			continue
		}
		got := slices.Sorted(maps.Keys(allocation.Ports))
		asked := slices.Sorted(slices.Values(allocation.Asked))
		if !slices.Equal(got, asked) {
			wrong = append(wrong, fmt.Errorf("I9: %s asks for %v and its status shows %v", allocation.Name, asked, got))
		}
	}
	return errors.Join(wrong...)
}

// OnlyFreeNumbers (I10): numbers come from the range that was named, and never from its reserved ones.
func OnlyFreeNumbers(state State, ranges []Range) error {
	var wrong []error
	for _, one := range ranges {
		check := func(number int64, by string) {
			if !one.contains(number) {
				wrong = append(wrong, fmt.Errorf("I10: %s has %d, which is not in the range %s", by, number, one.Name))
			} else if slices.Contains(one.Reserved, number) {
				wrong = append(wrong, fmt.Errorf("I10: %s has %d, which is reserved", by, number))
			}
		}
		for _, uid := range slices.Sorted(maps.Keys(state.Allocations)) {
			allocation := state.Allocations[uid]
			for _, number := range allocation.Ports {
				if allocation.Range == one.Name {
					check(number, "the status of "+allocation.Name)
				}
			}
		}
		for _, entry := range state.Held {
			if entry.Range == one.Name {
				check(entry.Number, "the entry of "+entry.Owner)
			}
		}
	}
	return errors.Join(wrong...)
}

// Readable: every ledger entry says what it must.
func Readable(state State) error {
	if len(state.Unreadable) == 0 {
		return nil
	}
	slices.Sort(state.Unreadable)
	return fmt.Errorf("unreadable ledger entries: %s", strings.Join(state.Unreadable, "; "))
}

// AtRest tells what is not in order in a cluster where nothing is left to do: every allocation has all its
// numbers, published under exactly these, or says why not (I11); nothing generated and no entry is left
// without its owner (I3); the counts of the ranges are right (I13). All offences are told.
func AtRest(state State) error {
	var wrong []error
	published := map[string]map[int64]bool{}
	for _, service := range state.Services {
		if published[service.Owner] == nil {
			published[service.Owner] = map[int64]bool{}
		}
		for _, number := range service.Ports {
			published[service.Owner][number] = true
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(state.Allocations)) {
		wrong = append(wrong, allocationAtRest(state.Allocations[uid], published[uid]))
	}
	for _, generated := range state.Generated {
		if !state.Alive[generated.OwnerUID] {
			wrong = append(wrong, fmt.Errorf("%s %s is left of %s, which does not exist", generated.Kind, generated.Key, generated.OwnerUID))
		}
	}
	held := map[string]int64{}
	for _, number := range slices.Sorted(maps.Keys(state.Held)) {
		entry := state.Held[number]
		held[entry.Range]++
		allocation, alive := state.Allocations[entry.UID]
		if !alive {
			wrong = append(wrong, fmt.Errorf("I3: %d is held for %s (%s), which does not exist", number, entry.Owner, entry.UID))
		} else if !slices.Contains(slices.Collect(maps.Values(allocation.Ports)), number) {
			wrong = append(wrong, fmt.Errorf("I3: %d is held for %s, whose status does not show it", number, entry.Owner))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(state.Ranges)) {
		if counted, ok := kube.Int(state.Ranges[name], "status.allocated"); !ok || counted != held[name] {
			wrong = append(wrong, fmt.Errorf("I13: PortRange %s counts %d allocated (%v), the ledger %d", name, counted, ok, held[name]))
		}
	}
	return errors.Join(wrong...)
}

func allocationAtRest(allocation Allocation, published map[int64]bool) error {
	if allocation.Observed != allocation.Generation {
		return fmt.Errorf("%s is at generation %d, its status speaks of %d", allocation.Name, allocation.Generation, allocation.Observed)
	}
	if len(allocation.Ports) == 0 {
		if len(published) > 0 {
			return fmt.Errorf("%s shows no number, and %v are published for it", allocation.Name, slices.Sorted(maps.Keys(published)))
		}
		condition, ok := kube.Condition(allocation.object, "Allocated")
		if !ok || condition.Status != "False" || condition.Reason == "" || condition.Reason == "Pending" {
			return fmt.Errorf("I11: %s has no number and does not say why: %+v", allocation.Name, condition)
		}
		return nil
	}
	if err := kube.HasCondition(allocation.object, "Ready", "True"); err != nil {
		return err
	}
	numbers := map[int64]bool{}
	for _, number := range allocation.Ports {
		numbers[number] = true
	}
	if !maps.Equal(numbers, published) {
		return fmt.Errorf("%s has the numbers %v, published are %v", allocation.Name,
			slices.Sorted(maps.Keys(numbers)), slices.Sorted(maps.Keys(published)))
	}
	return nil
}
