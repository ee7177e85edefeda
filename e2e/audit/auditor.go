package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Options say what a test has done that may explain what would be an offence otherwise.
type Options struct {
	// ViewLag is how long the operator may not have seen a change of a PortRange or namespace, or an object
	// that uses a number without an allocation. 0: 10 seconds. Longer where watches are held.
	ViewLag time.Duration

	// Grace is how long a working leader may take to release what its owner has left. 0: a minute.
	Grace time.Duration

	// LeasesOfTheirOwn: a proxy lets an operator lead by a lease that is not in the history.
	LeasesOfTheirOwn bool

	// StatusesWereWiped: somebody has emptied statuses by hand. The same numbers must come back.
	StatusesWereWiped bool

	clockRuns bool // what it cannot tell yet, a later check will
}

// Violation is a broken invariant.
type Violation struct {
	Revision  int64
	Invariant string // I1 to I14, or what kept the auditor from judging
	Text      string // names the objects and numbers
}

// What is wrong beside the invariants.
const (
	unreadable = "unreadable"
	clockwork  = "clock"
	nothing    = "nothing"
)

func (v Violation) String() string {
	return fmt.Sprintf("revision %d: %s: %s", v.Revision, v.Invariant, v.Text)
}

// Auditor judges one history, revision by revision. Give Load what there was before, if anything, Check every
// revision, and call Finish behind the last one. Not safe for concurrent use.
type Auditor struct {
	options Options
	clock   clock
	state   *state
	now     moment
	found   []Violation
	told    map[string]bool // what was said of a matter that lasts

	lost     map[Key]lostEntry // held entries that went with a ledger that somebody deleted or edited
	holders  map[Key]string    // to whom a number was issued last
	rests    map[Key]rest
	unjudged []rest // ended, and the clock must go on before it is known how long they were
	requests map[string]map[string]*asking
	offered  map[string]map[string]int64 // by UID, then by Service and port: the number that was published
	orphans  map[string]moment           // allocations that are gone and hold something, by UID
	gone     map[string]*allocation      // as they were last, by UID
	leader   leader

	Report Report
}

// Report says how much was judged.
type Report struct {
	Revisions int
	Issued    int // numbers given out
	Reused    int // of these, to somebody else than before
	Recovered int // entries that had been lost and were taken back
	Untimed   int // rests whose length no clock has told
	Held      int // at the end
	Resting   int
	Owners    int // PortAllocations at the end
}

type lostEntry struct {
	uid string
	at  moment
}

// rest is the time between release and the next life of a number.
type rest struct {
	entry    Entry
	from, to moment
	heir     string // "" if it was freed
}

// leader is what the lease says.
type leader struct {
	holder      string
	transitions int64            // the largest ever
	since       moment           // it works without a gap
	renewed     moment           // last sign of life
	granted     map[int64]moment // when each count of transitions was granted
}

// New returns an auditor.
func New(options Options) *Auditor {
	if options.ViewLag == 0 {
		options.ViewLag = 10 * time.Second
	}
	if options.Grace == 0 {
		options.Grace = time.Minute
	}
	return &Auditor{
		options: options, state: newState(), told: map[string]bool{}, lost: map[Key]lostEntry{}, holders: map[Key]string{}, rests: map[Key]rest{},
		requests: map[string]map[string]*asking{}, offered: map[string]map[string]int64{}, orphans: map[string]moment{}, gone: map[string]*allocation{},
		leader: leader{transitions: -1, granted: map[int64]moment{}},
	}
}

// Load takes in what is stored at a revision as the beginning, and returns what is wrong with it by the rules
// about one moment. How it came about is not judged.
func (a *Auditor) Load(revision int64, stored []cluster.Change) []Violation {
	a.take(revision, stored)
	var wrong []Violation
	for _, one := range a.found {
		if slices.Contains([]string{"I1", "I2", "I9", "I12", unreadable}, one.Invariant) {
			wrong = append(wrong, one)
		}
	}
	a.found, a.Report = nil, Report{}
	clear(a.rests) // began before: nobody knows when
	return wrong
}

// Check judges the next revision and returns what is wrong with it.
func (a *Auditor) Check(revision int64, changes []cluster.Change) []Violation {
	known := len(a.found)
	a.take(revision, changes)
	a.Report.Revisions++
	return slices.Clone(a.found[known:])
}

// Found returns everything that was wrong so far.
func (a *Auditor) Found() []Violation { return slices.Clone(a.found) }

func (a *Auditor) take(revision int64, changes []cluster.Change) {
	a.now = moment{revision, len(a.clock.beats)}
	beaten := false
	for _, change := range changes {
		now, ok, err := timeOf(change)
		if err != nil {
			a.say(clockwork, "%v", err)
		}
		beaten = ok && a.clock.beat(now) || beaten
		a.noteLease(change)
	}
	if beaten {
		a.now.beats = len(a.clock.beats)
		a.judgeRests()
		a.judgeOrphans()
	}
	done := a.state.apply(a.now, changes)
	for _, text := range done.errors {
		a.say(unreadable, "%s", text)
	}
	for _, change := range done.shards {
		a.judgeShard(change)
	}
	a.judgeKeys(done)
	a.judgeOwners(done)
	a.judgeServices(changes)
}

func (a *Auditor) say(invariant, format string, args ...any) {
	a.found = append(a.found, Violation{a.now.revision, invariant, fmt.Sprintf(format, args...)})
}

// noteLease follows who leads.
func (a *Auditor) noteLease(change cluster.Change) {
	const longestGap = 20 * time.Second // more than a lease lasts
	if !strings.HasPrefix(change.Key, leasePrefix) || !strings.HasSuffix(change.Key, operatorLease) {
		return
	}
	var lease *unstructured.Unstructured
	if !change.Deleted() {
		lease, _ = change.Object()
	}
	if lease == nil {
		a.leader.holder = ""
		return
	}
	holder := kube.Text(lease, "spec.holderIdentity")
	transitions, _ := kube.Int(lease, "spec.leaseTransitions")
	if transitions > a.leader.transitions {
		a.leader.transitions = transitions
	}
	if _, known := a.leader.granted[transitions]; !known {
		a.leader.granted[transitions] = a.now
	}
	if holder != a.leader.holder || a.clock.atLeast(a.leader.renewed, a.now) > longestGap {
		a.leader.since = a.now
	}
	a.leader.holder, a.leader.renewed = holder, a.now
}

// Finish tells what only the end can show, and fills the report.
func (a *Auditor) Finish() []Violation {
	known := len(a.found)
	if a.Report.Revisions == 0 {
		a.say(nothing, "no revision was checked")
	}
	var waiting []string
	for _, one := range a.unjudged {
		if len(a.clock.beats) == 0 || a.options.clockRuns {
			a.Report.Untimed++
			continue
		}
		waiting = append(waiting, one.entry.Key.String())
	}
	a.unjudged = nil
	if len(waiting) > 0 {
		slices.Sort(waiting)
		a.say(clockwork, "it stopped before it could tell how long %v had rested: beat it %d times at the end", waiting, beatsAfter)
	}
	for _, entry := range a.state.entries {
		if entry.Held {
			a.Report.Held++
		} else {
			a.Report.Resting++
		}
	}
	a.Report.Owners = len(a.state.allocations)
	return slices.Clone(a.found[known:])
}
