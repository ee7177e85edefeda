package invariants

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
)

// Auditor judges one history, revision by revision. Give Check to cluster.Replay with the Prefixes, and call
// Finish behind it. Not safe for concurrent use.
type Auditor struct {
	ranges []Range
	reader *Reader

	beats    []time.Time                // what the clock has shown so far
	users    map[int64]user             // who used a number last, now or before
	held     map[int64]Entry            // entries held at the revision before
	numbers  map[string]numbersOf       // by UID of the allocation: what its status has shown
	services map[string]map[string]seen // by UID, then by Service and port: what was published
	reuses   []reuse                    // not yet judged: the clock must go on first

	// UnpublishedMayMove says that an API server was killed: a create that it did not finish leaves the number
	// marked as taken, so another one has to be chosen. A number that was published stays also then.
	UnpublishedMayMove bool

	Last  State // the state of the last revision that was checked
	Seen  int   // revisions that were checked
	Reuse int   // numbers that went from one owner to another, all judged after Finish
}

// user is who had a number, by a Service or a status.
type user struct {
	uid      string
	revision int64     // when he let it go; 0: he has it
	after    time.Time // let go at this time or later
}

type numbersOf struct {
	name       string
	generation int64
	ports      map[string]int64
}

// seen is a number that was published, since a revision and a generation of the allocation.
type seen struct {
	number, revision, generation int64
}

type reuse struct {
	number   int64
	before   user
	by       string
	revision int64
	beats    int // how many beats there were by then
}

// New returns an auditor for the node ports of these ranges.
func New(ranges ...Range) *Auditor {
	return &Auditor{
		ranges:   ranges,
		reader:   NewReader(ranges...),
		users:    map[int64]user{},
		held:     map[int64]Entry{},
		numbers:  map[string]numbersOf{},
		services: map[string]map[string]seen{},
	}
}

// Check judges the next revision.
func (a *Auditor) Check(revision int64, changes []cluster.Change, world cluster.World) error {
	var clockError error
	for _, change := range changes {
		now, ok, err := clockOf(change)
		clockError = errors.Join(clockError, err)
		if ok && now.After(a.lastBeat()) { // one that was lost and came late says nothing
			a.beats = append(a.beats, now)
		}
	}
	state := a.reader.Read(world)
	err := errors.Join(
		clockError,
		Readable(state),
		OneOwner(state),
		PublishedIsHeld(state),
		AllOrNothing(state),
		OnlyFreeNumbers(state, a.ranges),
		a.numbersStay(revision, state),
		a.restBeforeReuse(revision, state),
		a.judgeReuses(),
	)
	a.Last = state
	a.Seen++
	return err
}

// numbersStay (I5): once shown in the status, a number stays until the allocation goes or its spec is edited;
// once published for a UID under a port name, it is never published under another number.
func (a *Auditor) numbersStay(revision int64, state State) error {
	var wrong []error
	for uid, allocation := range state.Allocations {
		before, known := a.numbers[uid]
		if known && before.generation == allocation.Generation {
			for name, number := range before.ports {
				if a.UnpublishedMayMove && !a.wasPublished(uid, name) {
					continue
				}
				if now, ok := allocation.Ports[name]; !ok {
					wrong = append(wrong, fmt.Errorf("I5: %s has lost its number %d for port %s", allocation.Name, number, name))
				} else if now != number {
					wrong = append(wrong, fmt.Errorf("I5: port %s of %s had %d and has %d now", name, allocation.Name, number, now))
				}
			}
		}
		a.numbers[uid] = numbersOf{allocation.Name, allocation.Generation, allocation.Ports}
	}
	for uid := range a.numbers {
		if _, alive := state.Allocations[uid]; !alive {
			delete(a.numbers, uid)
		}
	}
	for _, service := range state.Services {
		if !service.Ours {
			continue
		}
		if a.services[service.Owner] == nil {
			a.services[service.Owner] = map[string]seen{}
		}
		for name, number := range service.Ports {
			at := service.Key + " " + name
			before, known := a.services[service.Owner][at]
			if known && before.number == number {
				continue
			}
			generation := state.Allocations[service.Owner].Generation // 0: it is gone
			if known && (generation == 0 || generation == before.generation) {
				wrong = append(wrong, fmt.Errorf("I5: Service %s publishes port %s at %d, at revision %d it was %d",
					service.Key, name, number, before.revision, before.number))
			}
			a.services[service.Owner][at] = seen{number, revision, generation}
		}
	}
	return errors.Join(wrong...)
}

// wasPublished says whether a Service of the allocation ever offered the port.
func (a *Auditor) wasPublished(uid, port string) bool {
	for at := range a.services[uid] {
		if strings.HasSuffix(at, " "+port) {
			return true
		}
	}
	return false
}

// restBeforeReuse (I4): somebody else gets a number only when its Service is gone and it has rested; and an
// entry never passes from one owner to the next directly.
func (a *Auditor) restBeforeReuse(revision int64, state State) error {
	var wrong []error
	using := map[int64]string{}
	for _, service := range state.Services {
		for _, number := range service.Ports {
			using[number] = service.Owner
		}
	}
	for uid, allocation := range state.Allocations {
		for _, number := range allocation.Ports {
			using[number] = uid
		}
	}
	for number, last := range a.users {
		if last.revision == 0 && using[number] != last.uid {
			last.revision, last.after = revision, a.lastBeat()
			a.users[number] = last
		}
	}
	for number, entry := range state.Held {
		if before, ok := a.held[number]; ok && before.UID != entry.UID {
			wrong = append(wrong, fmt.Errorf("I4: %d passed from %s (%s) to %s (%s) without a rest",
				number, before.Owner, before.UID, entry.Owner, entry.UID))
		}
		last, known := a.users[number]
		if !known || last.uid == entry.UID {
			continue
		}
		if last.revision == 0 {
			wrong = append(wrong, fmt.Errorf("I4: %d is held for %s while %s still uses it", number, entry.Owner, last.uid))
			continue
		}
		if a.held[number].UID != entry.UID { // it is new
			a.reuses = append(a.reuses, reuse{number, last, entry.Owner, revision, len(a.beats)})
			a.Reuse++
		}
	}
	a.held = maps.Clone(state.Held)
	for number, uid := range using {
		if last := a.users[number]; last.uid != uid || last.revision != 0 {
			a.users[number] = user{uid: uid}
		}
	}
	return errors.Join(wrong...)
}

func (a *Auditor) lastBeat() time.Time {
	if len(a.beats) == 0 {
		return time.Time{}
	}
	return a.beats[len(a.beats)-1]
}

// judgeReuses judges the reuses whose time is known by now. The beat before a revision was read before it. The
// first beat after it may have been read before it too and come late, the second was not.
func (a *Auditor) judgeReuses() error {
	const later = 2
	var wrong []error
	var waiting []reuse
	for _, one := range a.reuses {
		if len(a.beats) < one.beats+later {
			waiting = append(waiting, one)
			continue
		}
		wrong = append(wrong, a.judge(one, a.beats[one.beats+later-1]))
	}
	a.reuses = waiting
	return errors.Join(wrong...)
}

func (a *Auditor) judge(one reuse, before time.Time) error {
	governed, _ := a.reader.rangeOf(one.number)
	if governed.ReuseAfter == 0 {
		return nil
	}
	if one.before.after.IsZero() {
		return fmt.Errorf("I4: %d was let go at revision %d, before the clock began", one.number, one.before.revision)
	}
	if rested := before.Sub(one.before.after); rested < governed.ReuseAfter {
		return fmt.Errorf("I4: %d was let go at revision %d and held for %s at revision %d, at most %s later; it must rest %s",
			one.number, one.before.revision, one.by, one.revision, rested.Round(time.Millisecond), governed.ReuseAfter)
	}
	return nil
}

// Finish returns an error if some reuse could not be judged because the clock stopped too early, or if
// nothing was checked at all.
func (a *Auditor) Finish() error {
	if a.Seen == 0 {
		return errors.New("no revision was checked")
	}
	if len(a.reuses) > 0 {
		numbers := make([]int64, 0, len(a.reuses))
		for _, one := range a.reuses {
			numbers = append(numbers, one.number)
		}
		slices.Sort(numbers)
		return fmt.Errorf("the clock stopped before it could tell how long %v had rested: beat it twice at the end", numbers)
	}
	return nil
}
