package stale

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fault is what is wrong with the operator's view during a plan.
type fault struct {
	name  string
	weigh int // how often it is chosen
	begin func(s *world, random *rand.Rand)
}

func all(int) bool { return true }

// some chooses about half of the connections, by a number of their own.
func some(random *rand.Rand) func(int) bool {
	salt := random.Uint64()
	return func(connection int) bool {
		const mix = 0x9e3779b97f4a7c15
		return (uint64(connection)*mix^salt)>>17&1 == 0
	}
}

var faults = []fault{
	{"etcd is not asked", 4, func(s *world, _ *rand.Rand) { s.behind.Hold(Requests, all) }},
	{"etcd is not heard", 4, func(s *world, _ *rand.Rand) { s.behind.Hold(Answers, all) }},
	{"some watches and answers are held", 8, func(s *world, random *rand.Rand) { s.before.Hold(Answers, some(random)) }},
	{"all watches and answers are held", 4, func(s *world, _ *rand.Rand) { s.before.Hold(Answers, all) }},
	{"some requests are held", 4, func(s *world, random *rand.Rand) { s.before.Hold(Requests, some(random)) }},
	{"connections are cut", 4, func(s *world, random *rand.Rand) { s.before.Cut(some(random)) }},
	{"the API server loses etcd", 2, func(s *world, _ *rand.Rand) { s.behind.Cut(all) }},
	{"watches are held, then cut", 4, func(s *world, random *rand.Rand) {
		which := some(random)
		s.before.Hold(Answers, which)
	}},
}

func chooseFault(random *rand.Rand) fault {
	sum := 0
	for _, one := range faults {
		sum += one.weigh
	}
	at := random.IntN(sum)
	for _, one := range faults {
		if at -= one.weigh; at < 0 {
			return one
		}
	}
	panic("unreachable")
}

// plan is one seed's life.
type plan struct {
	*world
	random    *rand.Rand
	namespace string
	names     []string // allocations that exist
	strangers []string // Services that nobody declared
	next      int
	told      []string // what was done, for the report of a failure
}

func (p *plan) note(format string, args ...any) {
	p.told = append(p.told, fmt.Sprintf(format, args...))
}

func (p *plan) must(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

func (p *plan) pick() string { return p.names[p.random.IntN(len(p.names))] }

// ports are one to three, some of them by number.
func (p *plan) ports() string {
	var list []string
	wished := p.random.Perm(size / 2)
	for i := range 1 + p.random.IntN(3) {
		wish := ""
		if p.random.IntN(5) == 0 {
			wish = fmt.Sprintf(", port: %d", first+size/2+wished[i])
		}
		list = append(list, fmt.Sprintf("{name: p%d, targetPort: 8080%s}", i, wish))
	}
	return strings.Join(list, ", ")
}

func (p *plan) create(name string) {
	p.t.Helper()
	object := kube.MustParseOne(p.t, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: %s, name: %s}
spec: {rangeName: %s, selector: {app: %[2]s}, exposure: External, ports: [%[4]s]}
`, p.namespace, name, rangeName, p.ports()))
	_, err := p.Create(p.t.Context(), object)
	p.must("create "+name, err)
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
}

func (p *plan) delete(name string) {
	p.t.Helper()
	p.must("delete "+name, p.Delete(p.t.Context(), "palloc", p.namespace, name))
	p.names = slices.DeleteFunc(p.names, func(other string) bool { return other == name })
}

func (p *plan) fresh() string {
	p.next++
	return fmt.Sprintf("a%d", p.next)
}

// edit changes what an allocation asks for.
func (p *plan) edit(name string) {
	p.t.Helper()
	object, err := p.Get(p.t.Context(), "palloc", p.namespace, name)
	p.must("get "+name, err)
	other := kube.MustParseOne(p.t, fmt.Sprintf("{apiVersion: v1, kind: X, spec: {ports: [%s]}}", p.ports()))
	ports, _ := kube.Value(other, "spec.ports")
	object.Object["spec"].(map[string]any)["ports"] = ports
	_, err = p.Update(p.t.Context(), object)
	p.must("edit "+name, ignore(err, apierrors.IsConflict)) // the operator wrote its status
}

// stranger makes a Service of somebody who does not know Berth, on a number of the range.
func (p *plan) stranger() {
	p.t.Helper()
	name := fmt.Sprintf("stranger%d", p.next)
	p.next++
	number := first + p.random.IntN(size)
	object := kube.MustParseOne(p.t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: %s}
spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}
`, p.namespace, name, number))
	if _, err := p.Create(p.t.Context(), object); err != nil {
		p.must("create "+name, ignore(err, apierrors.IsInvalid)) // somebody has it
		return
	}
	p.note("%s takes %d", name, number)
	p.strangers = append(p.strangers, name)
}

// act is what people do while the operator does not see it.
func (p *plan) act() {
	p.t.Helper()
	switch choice := p.random.IntN(10); {
	case choice < 3 || len(p.names) == 0:
		name := p.fresh()
		p.note("create %s", name)
		p.create(name)
	case choice < 5:
		name := p.pick()
		p.note("delete %s", name)
		p.delete(name)
	case choice < 7: // overwritten before it was seen
		name := p.pick()
		p.note("delete %s and create it again", name)
		p.delete(name)
		p.create(name)
	case choice == 7:
		name := p.pick()
		p.note("edit %s", name)
		p.edit(name)
	case choice == 8:
		p.stranger()
	default:
		name := p.pick()
		p.note("delete the Service of %s", name)
		p.must("delete Service", p.Delete(p.t.Context(), "service", p.namespace, name))
	}
}

// pause gives the programs a moment, of which nothing depends: the plans differ by it.
func (p *plan) pause(most time.Duration) {
	select {
	case <-time.After(time.Duration(p.random.Int64N(int64(most)))):
	case <-p.t.Context().Done():
	}
}

// run is the whole plan.
func (p *plan) run(rival, restart bool) {
	p.world.namespace(p.namespace)
	for range 4 {
		p.create(p.fresh())
	}
	if p.random.IntN(2) == 0 {
		p.served("before")
	} else {
		p.pause(200 * time.Millisecond) // in the middle of the work
	}
	one := chooseFault(p.random)
	switch {
	case rival:
		p.withRival()
	case restart:
		p.note("the API server is started again")
		p.must("kill", p.server.Kill())
		p.acts()
		p.must("start", p.server.Start(p.t.Context()))
	default:
		p.note("%s", one.name)
		one.begin(p.world, p.random)
		p.acts()
		p.pause(500 * time.Millisecond)
		if strings.HasSuffix(one.name, "then cut") {
			p.before.Cut(some(p.random))
		}
	}
	p.behind.Release()
	p.before.Release()
	p.note("released")
	for range p.random.IntN(3) {
		p.act()
	}
	p.served("after")
}

func (p *plan) acts() {
	for range 3 + p.random.IntN(5) {
		p.act()
		p.pause(60 * time.Millisecond)
	}
}

// withRival holds the operator's world until another one leads, which works on; then both are there.
func (p *plan) withRival() {
	p.note("the operator is cut off until a rival leads")
	if p.random.IntN(2) == 0 {
		p.behind.Hold(Requests, all)
	} else {
		p.before.Hold(Answers, all)
	}
	p.acts()
	rival := p.world.run("rival", site.Access(p.t, shared))
	site.AwaitLeader(p.t, p.Client, "rival")
	p.acts()
	p.served("under the rival")
	p.behind.Release()
	p.before.Release()
	p.acts()
	p.served("with both")
	rival.End()
	site.AwaitLeader(p.t, p.Client, "operator")
}

// clear lets everything of the plan go.
func (p *plan) clear() {
	for _, name := range slices.Clone(p.names) {
		p.delete(name)
	}
	for _, name := range p.strangers {
		p.must("delete "+name, p.Delete(p.t.Context(), "service", p.namespace, name))
	}
}

// judge audits what a plan has left in the history. A number that was just given out may not have rested long
// enough; that the whole history tells at the end.
func (p *plan) judge(from int64) audit.Report { return p.watch.CheckSince(p.t, from) }

func TestSixtyPlansOfAnOperatorThatSeesThePast(t *testing.T) {
	const (
		rivalEvery   = 20
		restartEvery = 12
	)
	w := newWorld(t)
	w.addServer()
	operator := w.run("operator", w.through(w.before))
	site.AwaitLeader(t, w.Client, "operator")
	seeds := []uint64{}
	if one := site.Number(t, "STALE_SEED", 0); one != 0 {
		seeds = append(seeds, one)
	} else {
		base := site.Seed(t, "STALE_SEED")
		for i := range site.Number(t, "STALE_PLANS", 60) {
			seeds = append(seeds, base+i)
		}
	}
	for i, seed := range seeds {
		ok := t.Run(fmt.Sprintf("plan %d", i), func(t *testing.T) {
			here := *w
			here.t = t
			p := &plan{world: &here, random: rand.New(rand.NewPCG(seed, 0)), namespace: fmt.Sprintf("plan%d", i)}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("STALE_SEED=%d has done:\n  %s", seed, strings.Join(p.told, "\n  "))
				}
			})
			t.Logf("STALE_SEED=%d", seed)
			from, err := shared.Revision(t.Context())
			p.must("read the revision", err)
			began := time.Now()
			p.run(seed%rivalEvery == 0, seed%restartEvery == 1)
			done := time.Now()
			report := p.judge(from)
			judged := time.Now()
			p.clear()
			t.Logf("%v: %+v; %.1f s, judged in %.1f s", p.told, report, done.Sub(began).Seconds(), judged.Sub(done).Seconds())
		})
		if !ok {
			t.Fatal("the next plans would begin with what this one has left")
		}
	}
	w.empty()
	w.watch.CheckEmpty(t)
	if killed, gaveUp := operator.Counts(); killed > 0 {
		t.Errorf("the operator was killed %d times, and nobody did it", killed)
	} else {
		t.Logf("the operator gave up its lease %d times; %d numbers that the API server had marked for nobody were freed", gaveUp, w.healer.Freed)
	}
}

// An operator whose retry writes its old ledger over the new one: the classic mistake (finding 3 of the
// design). The real one is not running; this shows that the audit of the plans would tell.
func TestALedgerWrittenFromThePastIsCaught(t *testing.T) {
	w := newWorld(t)
	operator := w.run("victim", site.Access(t, shared))
	p := &plan{world: w, random: rand.New(rand.NewPCG(1, 0)), namespace: "overwritten"}
	w.namespace(p.namespace)
	p.create("one")
	w.served("one")
	past, err := w.List(t.Context(), "portledgers.berth.dev", "")
	p.must("read the ledgers", err)
	p.create("two")
	w.served("two")
	operator.End()
	resource, _, err := w.Resource("portledgers.berth.dev")
	p.must("find the ledgers", err)
	for _, ledger := range past {
		now, err := w.Get(t.Context(), "portledgers.berth.dev", "", ledger.GetName())
		p.must("read the ledger", err)
		ledger.SetResourceVersion(now.GetResourceVersion())
		sequence, _ := kube.Int(now, "spec.nextSeq")
		ledger.Object["spec"].(map[string]any)["nextSeq"] = sequence
		_, err = resource.Update(t.Context(), &ledger, metav1.UpdateOptions{FieldManager: "berth-operator"})
		p.must("write the ledger over", err)
	}
	_, wrong, err := w.watch.Judge(context.Background())
	p.must("judge", err)
	said := fmt.Sprint(wrong)
	for _, want := range []string{"I8: NodePort", "was held for overwritten/two", "I2: the status of overwritten/two has", "which nobody holds"} {
		if !strings.Contains(said, want) {
			t.Errorf("the audit does not say %q but %s", want, said)
		}
	}
}
