package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// What the ledgers say from one revision to the next: I4, I6, I7, I8, I10, I12.

const largestLedger = 64 << 10

func (a *Auditor) judgeShard(change shardChange) {
	old, fresh := change.old, change.fresh
	if !fresh.handMade {
		for _, text := range fresh.unreadable {
			a.say(unreadable, "PortLedger %s has an entry that says nothing: %s", change.name, text)
		}
	}
	if fresh.size > largestLedger {
		a.say("I12", "PortLedger %s has %d bytes, at most %d are allowed", change.name, fresh.size, largestLedger)
	}
	if old == nil {
		old = &shard{name: change.name, entries: map[Key]Entry{}, sequence: 1}
	}
	if change.deleted || fresh.handMade {
		a.forget(old, fresh)
		return
	}
	if fresh.fence < old.fence {
		a.say("I8", "PortLedger %s has fence %d, it had %d", change.name, fresh.fence, old.fence)
	}
	if fresh.sequence < old.sequence {
		a.say("I8", "PortLedger %s has nextSeq %d, it had %d", change.name, fresh.sequence, old.sequence)
	}
	if a.leader.transitions >= 0 && !a.options.LeasesOfTheirOwn && fresh.fence > a.leader.transitions {
		a.say("I7", "PortLedger %s is written under fence %d, but no lease was granted beyond %d", change.name, fresh.fence, a.leader.transitions)
	}
	keys := slices.Collect(maps.Keys(old.entries))
	for key := range fresh.entries {
		if _, known := old.entries[key]; !known {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	for _, key := range keys {
		before, was := old.entries[key]
		now, is := fresh.entries[key]
		if is && (!was || before.Sequence != now.Sequence || !before.sameHolder(now)) {
			a.judgeSequence(key, before, now, old, fresh)
		}
		a.judgeTransition(key, before, was, now, is, fresh)
	}
}

// forget notes what somebody has taken out of a ledger by hand: its numbers are without entry until they are
// taken back.
func (a *Auditor) forget(old, fresh *shard) {
	for key, entry := range old.entries {
		now, is := fresh.entries[key]
		if entry.Held && (!is || !now.Held || now.UID != entry.UID) {
			a.lost[key] = lostEntry{entry.UID, a.now}
		}
		if !is || now.Held {
			delete(a.rests, key)
		}
	}
	for key, entry := range fresh.entries {
		if !entry.Held {
			a.rests[key] = rest{entry: entry, from: a.now}
		}
	}
}

// judgeSequence (I8): every change of an entry gets a sequence that was never used before.
func (a *Auditor) judgeSequence(key Key, before, now Entry, old, fresh *shard) {
	switch {
	case now.Sequence < old.sequence:
		a.say("I8", "the entry %s of %s has sequence %d, those below %d were used before (it was %d)", key, now.Owner, now.Sequence, old.sequence, before.Sequence)
	case now.Sequence >= fresh.sequence:
		a.say("I8", "the entry %s of %s has sequence %d, its ledger would give out %d next", key, now.Owner, now.Sequence, fresh.sequence)
	}
}

func (a *Auditor) judgeTransition(key Key, before Entry, was bool, now Entry, is bool, fresh *shard) {
	switch {
	case !was && !is:
	case !was && now.Held:
		a.issued(key, now, fresh)
	case !was:
		if _, lost := a.lost[key]; !lost {
			a.say("I8", "%s rests after %s, who did not hold it", key, now.Owner)
		}
		a.rests[key] = rest{entry: now, from: a.now}
	case before.Held && !is:
		a.say("I8", "%s was held for %s (%s) and is free without having rested", key, before.Owner, before.UID)
	case before.Held && !now.Held:
		if before.UID != now.UID {
			a.say("I8", "%s was held for %s (%s) and rests after %s (%s)", key, before.Owner, before.UID, now.Owner, now.UID)
		}
		a.rests[key] = rest{entry: now, from: a.now}
	case before.Held && before.UID != now.UID:
		if !a.inherits(before, now) {
			a.say("I4", "%s passed from %s (%s) to %s (%s) without a rest", key, before.Owner, before.UID, now.Owner, now.UID)
		}
		a.issued(key, now, fresh)
	case before.Held:
	case !is:
		a.rested(key, "")
	case now.Held:
		if before.UID == now.UID || a.inherits(before, now) {
			delete(a.rests, key)
		} else {
			a.rested(key, now.Owner)
		}
		a.issued(key, now, fresh)
	case before.UID != now.UID:
		a.say("I8", "%s rested after %s (%s) and rests after %s (%s) now, who did not hold it", key, before.Owner, before.UID, now.Owner, now.UID)
	}
}

// inherits tells whether the number of one may go to the other at once: the same name, created again, whose
// numbers were to wait for it.
func (a *Auditor) inherits(before, now Entry) bool {
	_, waits := before.More["sticky"]
	return before.Owner == now.Owner && (waits || a.state.stickyOf[before.UID])
}

// rested notes that a rest has ended; how long it was can be told when the clock has gone on.
func (a *Auditor) rested(key Key, heir string) {
	one, known := a.rests[key]
	delete(a.rests, key)
	if !known {
		return
	}
	one.to, one.heir = a.now, heir
	a.unjudged = append(a.unjudged, one)
}

// judgeRests (I4) judges the rests whose length is known by now.
func (a *Auditor) judgeRests() {
	var waiting []rest
	for _, one := range a.unjudged {
		end, known := a.clock.notAfter(one.to)
		if !known {
			waiting = append(waiting, one)
			continue
		}
		required := a.reuseAfter(one)
		begin, known := a.clock.notBefore(one.from)
		what := "freed"
		if one.heir != "" {
			what = "held for " + one.heir
		}
		switch {
		case required == 0:
		case !known:
			a.say("I4", "%s was released at revision %d, before the clock began, and %s at revision %d", one.entry.Key, one.from.revision, what, one.to.revision)
		case end.Sub(begin) < required:
			a.say("I4", "%s was released by %s at revision %d and %s at revision %d, at most %s later; it must rest %s",
				one.entry.Key, one.entry.Owner, one.from.revision, what, one.to.revision, end.Sub(begin).Round(time.Millisecond), required)
		}
	}
	a.unjudged = waiting
}

// reuseAfter is the shortest rest that any version of the range asked for while the number rested, or that
// the operator may still have had in view.
func (a *Auditor) reuseAfter(one rest) time.Duration {
	shortest := time.Duration(-1)
	if versions := a.state.ranges[one.entry.Range]; versions != nil {
		for _, version := range versions.versions {
			if version.ended != nil && version.ended.revision < one.from.revision &&
				a.clock.atLeast(*version.ended, one.to) > a.options.ViewLag {
				continue
			}
			if shortest < 0 || version.value.reuseAfter < shortest {
				shortest = version.value.reuseAfter
			}
		}
		if last := len(versions.versions) - 1; last >= 0 && versions.versions[last].ended != nil && shortest > defaultReuseAfter {
			shortest = defaultReuseAfter // the range is gone
		}
	}
	if shortest < 0 {
		return defaultReuseAfter
	}
	return shortest
}

// issued judges a number that is newly held.
func (a *Auditor) issued(key Key, entry Entry, fresh *shard) {
	lost, wasLost := a.lost[key]
	if wasLost && lost.uid == entry.UID {
		delete(a.lost, key)
	}
	if wasLost && lost.uid == entry.UID || a.state.shows(entry.UID, key) || a.adopts(key, entry) {
		a.Report.Recovered++
		return // it had the number already
	}
	a.Report.Issued++
	if last, known := a.holders[key]; known && last != entry.UID {
		a.Report.Reused++
	}
	a.holders[key] = entry.UID
	a.judgePolicy(key, entry)
	a.judgeForeign(key, entry)
	a.judgeQuota(entry)
	a.judgeOrder(key, entry, fresh)
}

// adopts tells whether the number is that of a Service which asks to be taken over and has the name that the
// allocation would give it. Such a number is taken as it is, inside the range or not.
func (a *Auditor) adopts(key Key, entry Entry) bool {
	for _, name := range []string{entry.Owner, entry.Owner + internalSuffix} {
		one := a.state.services[servicePrefix+name]
		if one == nil || !one.adopts {
			continue
		}
		for _, used := range a.state.usedBy[servicePrefix+name] {
			if used.key == key {
				return true
			}
		}
		for _, port := range one.ports { // of one that is private to its cluster IP
			if port.port == key.Number && port.nodePort == 0 {
				return true
			}
		}
	}
	return false
}

// inView returns the versions that the operator may have decided by.
func inView[T any](a *Auditor, versions *past[T]) []T {
	var seen []T
	if versions == nil {
		return nil
	}
	for _, version := range versions.versions {
		if version.ended == nil || a.clock.atLeast(*version.ended, a.now) <= a.options.ViewLag {
			seen = append(seen, version.value)
		}
	}
	return seen
}

// judgePolicy (I10): the number lies in the range it was taken from, nobody reserves it, and the namespace may
// have it, by at least one version of each that may have been in view.
func (a *Auditor) judgePolicy(key Key, entry Entry) {
	ranges := inView(a, a.state.ranges[entry.Range])
	migrates := false
	if owner := a.state.allocations[entry.UID]; owner != nil {
		migrates = slices.ContainsFunc(owner.asked, func(port askedPort) bool { return port.migrates(key.Number) })
	}
	switch {
	case len(ranges) == 0:
		a.say("I10", "%s is issued to %s from range %s, which does not exist", key, entry.Owner, entry.Range)
	case migrates: // the old number is from wherever the clients know it
	case !slices.ContainsFunc(ranges, func(r *portRange) bool { return r.space == key.Space && contains(r.spans, key.Number) }):
		a.say("I10", "%s is issued to %s, and is not in the range %s", key, entry.Owner, entry.Range)
	}
	for _, name := range slices.Sorted(maps.Keys(a.state.ranges)) {
		all := inView(a, a.state.ranges[name])
		reserves := func(r *portRange) bool { return r.space == key.Space && contains(r.reserved, key.Number) }
		if now := a.state.rangeNow(name); now != nil && len(all) > 0 && !slices.ContainsFunc(all, func(r *portRange) bool { return !reserves(r) }) {
			a.say("I10", "%s is issued to %s, and the range %s reserves it", key, entry.Owner, name)
		}
	}
	sets := inView(a, a.state.namespaces[entry.namespace()])
	admitted := len(sets) == 0 || len(ranges) == 0
	for _, set := range sets {
		admitted = admitted || slices.ContainsFunc(ranges, func(r *portRange) bool { return r.namespaces.Matches(set) })
	}
	if !admitted {
		a.say("I10", "%s is issued to %s, and the range %s is not for its namespace", key, entry.Owner, entry.Range)
	}
}

// judgeForeign (I10): nobody without an allocation uses the number, as far as the operator must know.
func (a *Auditor) judgeForeign(key Key, entry Entry) {
	owner := a.state.allocations[entry.UID]
	for _, at := range slices.Sorted(maps.Keys(a.state.uses[key])) {
		one := a.state.uses[key][at]
		if one.ours || a.clock.atLeast(one.since, a.now) <= a.options.ViewLag || a.isOwnPod(at, owner) {
			continue
		}
		a.say("I10", "%s is issued to %s while %s uses it since revision %d", key, entry.Owner, one.by, one.since.revision)
	}
}

// isOwnPod tells whether a use is that of a Pod which the allocation selects.
func (a *Auditor) isOwnPod(use string, owner *allocation) bool {
	if owner == nil {
		return false
	}
	for at, one := range a.state.pods {
		if strings.HasPrefix(use, at+" ") {
			return one.adopts || owner.namespace() == one.namespace && owner.selector.Matches(one.labels)
		}
	}
	return false
}

// judgeQuota (I6): with the number the namespace holds no more of the range than is allowed. What an edited
// allocation is about to give back for it does not count.
func (a *Auditor) judgeQuota(entry Entry) {
	var limit int64
	for _, one := range inView(a, a.state.ranges[entry.Range]) {
		if one.perNamespace == 0 {
			return
		}
		limit = max(limit, one.perNamespace)
	}
	held := map[string]map[int64]bool{}
	for key, other := range a.state.entries {
		if other.Held && other.Range == entry.Range && other.namespace() == entry.namespace() && key.Space == entry.Key.Space {
			if held[other.UID] == nil {
				held[other.UID] = map[int64]bool{}
			}
			held[other.UID][key.Number] = true
		}
	}
	var sum int64
	for uid, numbers := range held {
		count := int64(len(numbers))
		if owner := a.state.allocations[uid]; owner != nil {
			count = min(count, owner.numbers())
		}
		sum += count
	}
	if limit > 0 && sum > limit {
		a.say("I6", "%s is issued to %s, and namespace %s holds %d numbers of range %s then; the limit is %d",
			entry.Key, entry.Owner, entry.namespace(), sum, entry.Range, limit)
	}
}

// judgeOrder (I7): what was shown before this leader came has its entry before anything new is issued.
func (a *Auditor) judgeOrder(issued Key, entry Entry, fresh *shard) {
	since, known := a.leader.granted[fresh.fence]
	if !known {
		return
	}
	for _, key := range slices.SortedFunc(maps.Keys(a.lost), compareKeys) {
		one := a.lost[key]
		owner := a.state.allocations[one.uid]
		taken := a.state.entries[key].Held
		if key.Space == issued.Space && one.at.revision < since.revision && owner != nil && !owner.deleting && !taken && a.state.shows(one.uid, key) {
			a.say("I7", "%s is issued to %s by the leader of revision %d, while %s of %s, lost at revision %d, is not taken back",
				issued, entry.Owner, since.revision, key, owner.name, one.at.revision)
			return
		}
	}
}

// judgeOrphans (I3) looks at every beat for entries that a working leader should have released by now.
func (a *Auditor) judgeOrphans() {
	if a.leader.holder == "" {
		return
	}
	for _, uid := range slices.Sorted(maps.Keys(a.orphans)) {
		gone := a.orphans[uid]
		from := slices.MaxFunc([]moment{gone, a.leader.since}, func(x, y moment) int { return cmp.Compare(x.revision, y.revision) })
		if a.clock.atLeast(from, a.leader.renewed) <= a.options.Grace {
			continue
		}
		for _, key := range slices.SortedFunc(maps.Keys(a.state.byOwner[uid]), compareKeys) {
			if entry := a.state.entries[key]; entry.Held && !a.told["I3 "+key.String()+uid] {
				a.told["I3 "+key.String()+uid] = true
				a.say("I3", "%s is still held for %s (%s), which is gone since revision %d; %s leads since revision %d",
					key, entry.Owner, uid, gone.revision, a.leader.holder, a.leader.since.revision)
			}
		}
	}
}
