package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
)

// What those who show numbers do from one revision to the next: I1, I2, I5, I9.

// judgeKeys (I1) looks at the keys that a revision has changed.
func (a *Auditor) judgeKeys(done applied) {
	for _, key := range slices.SortedFunc(maps.Keys(done.keys), compareKeys) {
		uses := a.state.uses[key]
		var first, port *use
		for _, at := range slices.Sorted(maps.Keys(uses)) {
			one := uses[at]
			if one.claim {
				if first != nil && first.owner != one.owner {
					a.say("I1", "number %s has two owners: %s (%s) and %s (%s)", key, first.by, first.owner, one.by, one.owner)
				}
				first = &one
			}
			if one.open {
				if port != nil && port.owner != one.owner && !(port.claim && one.claim) && !a.state.unmarked[key.Number] {
					a.say("I1", "number %s has two owners: %s and %s both have it as nodePort; the API server marked it, unmarked it and so on at the revisions %v",
						key, port.by, one.by, a.state.markTurns[key.Number])
				}
				port = &one
			}
		}
	}
}

// judgeOwners looks at the allocations that a revision has changed, by an object or an entry.
func (a *Auditor) judgeOwners(done applied) {
	for _, uid := range slices.Sorted(maps.Keys(done.owners)) {
		now := a.state.allocations[uid]
		before, changed := done.before[uid]
		switch {
		case now != nil:
			delete(a.orphans, uid)
		case a.orphans[uid] == (moment{}):
			a.orphans[uid] = a.now
		}
		a.judgeHeld(uid)
		if !changed {
			continue
		}
		if now == nil {
			delete(a.requests, uid)
			a.gone[uid] = before
			continue
		}
		a.judgeNumbersStay(before, now)
		a.judgeAllOrNothing(before, now)
	}
}

// judgeHeld (I2): what is shown for an allocation is held for it.
func (a *Auditor) judgeHeld(uid string) {
	sources := slices.Sorted(maps.Keys(a.state.ownedBy[uid]))
	if now := a.state.allocations[uid]; now != nil {
		sources = append(sources, allocationPrefix+now.name)
	}
	for _, at := range sources {
		for _, used := range a.state.usedBy[at] {
			one := a.state.uses[used.key][at+" "+used.port]
			if !one.claim || one.owner != uid {
				continue
			}
			entry, known := a.state.entries[used.key]
			lost, wasLost := a.lost[used.key]
			matter := fmt.Sprintf("I2 %s %s %s", at, used.key, entry.UID)
			right := known && entry.Held && entry.UID == uid
			if right || wasLost && lost.uid == uid && !(known && entry.Held) {
				continue
			}
			if a.told[matter] {
				continue
			}
			a.told[matter] = true
			switch {
			case !known:
				a.say("I2", "%s has %s, which nobody holds in the ledger", one.by, used.key)
			case !entry.Held:
				a.say("I2", "%s has %s, which nobody holds in the ledger (it rests after %s)", one.by, used.key, entry.Owner)
			default:
				a.say("I2", "%s has %s, which the ledger says %s (%s) holds", one.by, used.key, entry.Owner, entry.UID)
			}
		}
	}
}

// request is what an allocation asks for one of its ports, as far as it decides about the number.
type request struct {
	rangeName, purpose, node, protocol string
	number, count, old                 int64
}

func requestOf(one *allocation, name string) (request, bool) {
	port, found := one.port(name)
	return request{one.rangeName, one.purpose, one.node, port.protocol, port.number, port.count, port.old}, found
}

// asking is a number that was shown for a port, the request that it answered, and whether the spec has asked
// for something else since.
type asking struct {
	shown  shown
	by     request
	edited bool
}

// judgeNumbersStay (I5): a number that was shown for a port stays as long as the spec asks for the same.
func (a *Auditor) judgeNumbersStay(before, now *allocation) {
	if a.requests[now.uid] == nil {
		a.requests[now.uid] = map[string]*asking{}
	}
	asked := a.requests[now.uid]
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		one := asked[name]
		wanted, found := requestOf(now, name)
		one.edited = one.edited || !found || wanted != one.by
		got, still := now.status[name]
		switch {
		case still && got == one.shown:
		case one.edited:
		case one.by.old != 0 && !isSpecName(now, name): // a migration ends by its date
		case a.mayMove(now, name, one.shown, got), a.mayMoveWithItsRow(now, name, asked):
		case !still && a.options.StatusesWereWiped:
			continue // the same number must come back
		case !still:
			a.say("I5", "%s has lost its number %d for port %s, and its spec asks for the same still", now.name, one.shown.number, name)
		default:
			a.say("I5", "port %s of %s had %d/%s and has %d/%s now, and its spec asks for the same still", name, now.name,
				one.shown.number, one.shown.protocol, got.number, got.protocol)
		}
		if !still {
			delete(asked, name)
		}
	}
	condition, known := kube.Condition(now.object, "Allocated")
	served := now.observed == now.generation && (!known || condition.Status == "True")
	for name, got := range now.status {
		wanted, found := requestOf(now, name)
		before := asked[name]
		switch {
		case before == nil || before.shown != got:
			asked[name] = &asking{shown: got, by: wanted, edited: !found || !served}
		case served: // until then an edited request may still be waiting
			before.by, before.edited = wanted, !found
		}
	}
}

func isSpecName(one *allocation, name string) bool {
	return slices.ContainsFunc(one.asked, func(port askedPort) bool { return port.name == name })
}

// mayMove: a number that Berth chose and never published is exchanged when somebody who does not hold it has
// taken it, or when the API server, disturbed in the middle of a create, calls it taken; and it gives way to that
// of a Service which is to be adopted.
func (a *Auditor) mayMove(owner *allocation, port string, had, got shown) bool {
	if a.wasPublished(owner, port) {
		return false
	}
	if a.state.isMarkedForNobody(had.number) || a.state.isAskedToAdopt(owner, got.number) {
		return true
	}
	for key, uses := range a.state.uses {
		if key.Number != had.number {
			continue
		}
		for _, one := range uses {
			// A node port that the API server gave to a load balancer unasked is as good as anybody's.
			if !one.ours || !one.claim && one.owner != owner.uid {
				return true
			}
		}
	}
	return false
}

// mayMoveWithItsRow: numbers in a row stay together, so one that may be exchanged takes the others with it.
func (a *Auditor) mayMoveWithItsRow(owner *allocation, name string, asked map[string]*asking) bool {
	port, found := owner.port(name)
	if !found || port.count < 2 || a.wasPublished(owner, name) {
		return false
	}
	for other, one := range asked {
		beside, found := owner.port(other)
		if found && beside.name == port.name && a.mayMove(owner, other, one.shown, owner.status[other]) {
			return true
		}
	}
	return false
}

func (a *Auditor) wasPublished(owner *allocation, port string) bool {
	for at := range a.offered[owner.uid] {
		if strings.HasSuffix(at, " "+port) {
			return true
		}
	}
	return false
}

// isAskedToAdopt tells whether a Service that the allocation would call its own asks to be adopted with a number.
func (s *state) isAskedToAdopt(owner *allocation, number int64) bool {
	for _, name := range []string{owner.name, owner.name + internalSuffix} {
		one := s.services[servicePrefix+name]
		if one == nil || !one.adopts {
			continue
		}
		for _, port := range one.ports {
			if number != 0 && (port.nodePort == number || port.nodePort == 0 && port.port == number) {
				return true
			}
		}
	}
	return false
}

// isMarkedForNobody tells whether the API server refuses a node port although no Service has it.
func (s *state) isMarkedForNobody(number int64) bool {
	return s.marked.Has(number) && !s.hasNodePort(number)
}

func (s *state) hasNodePort(number int64) bool {
	for _, one := range s.services {
		if slices.Contains(one.nodePorts(), number) {
			return true
		}
	}
	return false
}

// judgeServices (I5): a published number changes only as the status does.
func (a *Auditor) judgeServices(changes []cluster.Change) {
	for _, change := range changes {
		one := a.state.services[change.Key]
		if one == nil || one.handMade {
			continue
		}
		owner, ours := a.state.ownerOf(one)
		if !ours || !a.state.generatedFor(one, owner) {
			continue
		}
		if a.offered[owner] == nil {
			a.offered[owner] = map[string]int64{}
		}
		for _, port := range one.ports {
			number := port.port
			if space, _ := a.state.spaceFor(owner); space == nodePorts && port.nodePort != 0 {
				number = port.nodePort
			}
			at := one.key + " " + port.name
			before, known := a.offered[owner][at]
			a.offered[owner][at] = number
			if !known || before == number {
				continue
			}
			allocation := a.state.allocations[owner]
			if allocation == nil {
				allocation = a.gone[owner] // a create that was on its way
			}
			if allocation != nil && allocation.status[port.name].number == number {
				continue // judged there
			}
			a.say("I5", "Service %s publishes port %s at %d, before it was %d, and no status of its allocation (%s) says so",
				one.key, port.name, number, before, owner)
		}
	}
}

// hadShown tells whether a number was shown for a port, perhaps under the name it had before it got or lost a count,
// or under another protocol.
func (a *allocation) hadShown(name string, number int64) bool {
	for _, other := range []string{name, strings.TrimSuffix(name, "-0"), name + "-0"} {
		if a.status[other].number == number {
			return true
		}
	}
	return false
}

// judgeAllOrNothing (I9): a status shows every number that the spec it speaks of asks for, or none. While an
// edit waits for more numbers than there are, what was shown before it stays.
func (a *Auditor) judgeAllOrNothing(before, now *allocation) {
	if len(now.status) == 0 || now.observed != now.generation {
		return
	}
	waits := false
	if condition, ok := kube.Condition(now.object, "Allocated"); ok && condition.Status == "False" {
		waits = before != nil
		for name, got := range now.status {
			waits = waits && before != nil && before.hadShown(name, got.number)
		}
	}
	got := slices.Sorted(maps.Keys(now.status))
	var asked []string
	complete := true
	for _, port := range now.asked {
		asked = append(asked, port.name)
		complete = a.judgeGroup(now, port) && complete
	}
	for _, name := range got {
		_, found := now.port(name)
		complete = complete && found
	}
	if !complete && !waits {
		slices.Sort(asked)
		a.say("I9", "%s asks for %v and its status shows %v", now.name, asked, got)
	}
}

// judgeGroup tells whether a status shows all numbers of one port of the spec; those of a count must be in a
// row, and two protocols must have one number.
func (a *Auditor) judgeGroup(now *allocation, port askedPort) bool {
	if port.count <= 1 { // a count of one is no count
		first, found := now.status[port.name]
		second, both := now.status[port.twin()]
		if found && both && first.number != second.number {
			a.say("I9", "port %s of %s is %d, and %s is %d: two protocols do not have one number", port.name, now.name, first.number, port.twin(), second.number)
		}
		return found && (both || port.also == "")
	}
	first, found := now.status[port.name+"-0"]
	if !found {
		return false
	}
	for i := range port.count {
		name := fmt.Sprintf("%s-%d", port.name, i)
		got, found := now.status[name]
		if !found {
			return false
		}
		if got.number != first.number+i {
			a.say("I9", "port %s of %s is %d, and %s-0 is %d: the %d numbers are not in a row", name, now.name, got.number, port.name, first.number, port.count)
		}
	}
	return true
}
