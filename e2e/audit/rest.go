package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"berth.dev/e2e/kube"
)

// AtRest tells what is not in order in a cluster where nothing is left to do, as of the last revision: every
// allocation has all its numbers, published as its conditions say, or says why not (I9, I11); no entry and
// nothing generated is left without its owner (I3); what is lost was taken back (I7); the ranges count what
// the ledgers say (I13).
func (a *Auditor) AtRest() []Violation {
	known := len(a.found)
	for _, uid := range slices.Sorted(maps.Keys(a.state.allocations)) {
		a.ownerAtRest(a.state.allocations[uid])
	}
	for _, at := range slices.Sorted(maps.Keys(a.state.generated)) {
		if one := a.state.generated[at]; a.state.allocations[one.owner] == nil {
			a.say("I3", "%s %s is left of %s, which does not exist", one.kind, one.key, one.owner)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(a.state.entries), compareKeys) {
		entry := a.state.entries[key]
		if !entry.Held {
			continue
		}
		owner := a.state.allocations[entry.UID]
		if owner == nil {
			a.say("I3", "%s is held for %s (%s), which does not exist", key, entry.Owner, entry.UID)
		} else if !a.state.shows(entry.UID, key) {
			a.say("I3", "%s is held for %s, whose status does not show it", key, entry.Owner)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.state.ranges)) {
		if one := a.state.rangeNow(name); one != nil {
			a.rangeAtRest(one)
		}
	}
	return slices.Clone(a.found[known:])
}

// Empty (I14) tells what is held although no allocation is left.
func (a *Auditor) Empty() []Violation {
	known := len(a.found)
	for _, uid := range slices.Sorted(maps.Keys(a.state.allocations)) {
		a.say("I14", "%s is left", a.state.allocations[uid].name)
	}
	for _, key := range slices.SortedFunc(maps.Keys(a.state.entries), compareKeys) {
		if entry := a.state.entries[key]; entry.Held {
			a.say("I14", "%s is still held for %s", key, entry.Owner)
		}
	}
	return slices.Clone(a.found[known:])
}

func (a *Auditor) ownerAtRest(one *allocation) {
	if one.observed != one.generation {
		a.say("I11", "%s is at generation %d, its status speaks of %d", one.name, one.generation, one.observed)
		return
	}
	published := a.publishedFor(one.uid)
	if len(one.status) == 0 {
		if len(published) > 0 {
			a.say("I11", "%s shows no number, and %v are published for it", one.name, slices.Sorted(maps.Keys(published)))
		}
		a.mustSayWhy(one, "Allocated")
		return
	}
	a.mustSayWhy(one, "Ready")
	condition, ok := kube.Condition(one.object, "Published")
	if !ok || condition.Status != "True" || condition.Reason != "ServiceInPlace" {
		return
	}
	shown := map[string]int64{}
	for name, got := range one.status {
		if port, _ := one.port(name); port.exposure != "Localhost" {
			shown[name] = got.number
		}
	}
	if !maps.Equal(numbersOf(shown), numbersOf(published)) {
		a.say("I2", "%s has the numbers %v, published are %v", one.name, sorted(shown), sorted(published))
	}
}

// publishedFor returns the numbers that Services publish for an allocation, by port.
func (a *Auditor) publishedFor(uid string) map[string]int64 {
	published := map[string]int64{}
	for at := range a.state.ownedBy[uid] {
		for _, used := range a.state.usedBy[at] {
			if strings.HasPrefix(used.port, "healthCheck") {
				continue
			}
			if one := a.state.uses[used.key][at+" "+used.port]; one.claim {
				published[used.port] = used.key.Number
			} else if one.ours {
				a.matchAdopted(uid, used.key, published)
			}
		}
	}
	return published
}

// matchAdopted counts a number of an adopted Service for the port whose status shows it: the Service calls
// its ports as it likes.
func (a *Auditor) matchAdopted(uid string, key Key, published map[string]int64) {
	owner := a.state.allocations[uid]
	if owner == nil {
		return
	}
	for name, got := range owner.status {
		if got.number == key.Number && (key.Protocol == "" || key.Protocol == got.protocol) {
			published[name] = got.number
		}
	}
}

// numbersOf leaves the names out: an adopted Service calls its ports as it likes.
func numbersOf(ports map[string]int64) map[int64]bool {
	numbers := map[int64]bool{}
	for _, number := range ports {
		numbers[number] = true
	}
	return numbers
}

func sorted(numbers map[string]int64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		list = append(list, fmt.Sprintf("%s:%d", name, numbers[name]))
	}
	return fmt.Sprint(list)
}

// mustSayWhy (I11): the condition is True, or gives a reason that is more than "not yet".
func (a *Auditor) mustSayWhy(one *allocation, conditionType string) {
	condition, ok := kube.Condition(one.object, conditionType)
	switch {
	case !ok:
		a.say("I11", "%s has no condition %s", one.name, conditionType)
	case condition.Status == "True":
		if len(one.status) == 0 {
			a.say("I11", "%s is %s=True and has no number", one.name, conditionType)
		}
	case condition.Reason == "" || slices.Contains([]string{"Pending", "Publishing", "Enforcing"}, condition.Reason):
		a.say("I11", "%s is %s=%s and does not say why: %q %s", one.name, conditionType, condition.Status, condition.Reason, condition.Message)
	}
}

// rangeAtRest (I13): a number counts as allocated when any protocol of it is held, on any node.
func (a *Auditor) rangeAtRest(one *portRange) {
	held, resting := map[int64]bool{}, map[int64]bool{}
	for key, entry := range a.state.entries {
		if key.Space != one.space || !contains(one.spans, key.Number) {
			continue
		}
		switch {
		case entry.Held && !contains(one.reserved, key.Number):
			held[key.Number] = true
		case !entry.Held:
			resting[key.Number] = true
		}
	}
	for number := range held {
		delete(resting, number)
	}
	if one.perNode {
		return // a number counts once per node there
	}
	for _, count := range []struct {
		field string
		want  int
	}{{"allocated", len(held)}, {"cooling", len(resting)}} {
		counted, ok := kube.Int(one.object, "status."+count.field)
		if !ok || counted != int64(count.want) {
			a.say("I13", "PortRange %s counts %d %s (written: %v), the ledger says %d", one.name, counted, count.field, ok, count.want)
		}
	}
}
