package disaster

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What the operator does while etcd is restored.
const (
	stopped = "stopped" // ended before, started again behind it
	frozen  = "frozen"  // sees nothing of it: wakes up behind it, with all that it knew
	runs    = "runs"
)

// The snapshot is taken, an hour goes by: numbers are given out, given back and given to others, the range is
// edited, an allocation asks for another number, a Service is made anew. Then the snapshot is restored. GitOps
// applies again what it knows, and somebody brings back Services whose allocations have never been.
func TestASnapshotOfAnHourAgoMovesNothingAndClashesAreTold(t *testing.T) {
	for i, one := range []struct {
		operator string
		bump     bool // restored so that revisions go on
	}{
		{operator: stopped},
		{operator: runs},
		{operator: frozen, bump: true},
	} {
		t.Run(one.operator, func(t *testing.T) {
			r := newRestoration(t, 27000+int64(i)*256)
			r.loseAnHour()
			r.restore(one.operator, one.bump)
			r.applyAgain()
			r.end()
		})
	}
}

const (
	olds      = 10
	news      = 4
	rangeSize = 30
	wider     = 10
)

// restoration is one run of the story.
type restoration struct {
	*place
	operator *programs.Program
	keeper   *site.Keeper

	snapshot cluster.Snapshot
	kept     kept
	numbers  map[string]int64 // of the Services before the restore
	uid      string           // of the allocation new-0, which has never been
	restored int64            // first revision behind the restore
}

func newRestoration(t *testing.T, first int64) *restoration {
	name := "restore-" + t.Name()[strings.LastIndex(t.Name(), "/")+1:]
	r := &restoration{place: newPlace(t, site.Numbers{Name: name, First: first, Last: first + rangeSize - 1, ReuseAfter: time.Second})}
	// A lease that outlives the restore: the very process that knows the lost hour shall go on.
	r.operator = r.place.operator("operator", 2*time.Minute)
	r.keeper = site.Keep(t, r.operator, true)
	var objects []*unstructured.Unstructured
	for i := range olds {
		objects = append(objects, r.Allocation(fmt.Sprintf("old-%d", i), "web"))
	}
	r.CreateAll(4, objects...)
	r.AwaitServed(olds, 0)
	// At the moment of the snapshot one number is held whose Service is not there.
	if err := r.operator.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := r.Delete(t.Context(), "service", r.Home, "old-5"); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.snapshot, err = shared.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.operator.Resume(); err != nil {
		t.Fatal(err)
	}
	err = shared.Replay(t.Context(), cluster.Query{To: r.snapshot.Revision}, func(_ int64, _ []cluster.Change, world cluster.World) error {
		r.kept = keptOf(world, r.Home) // the last one counts
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.kept.services) != olds-1 || len(r.kept.statuses) != olds || len(r.kept.holders) != olds {
		t.Fatalf("the snapshot holds %+v", r.kept)
	}
	return r
}

// number returns the nodePort of a Service.
func (r *restoration) number(name string) int64 {
	r.T.Helper()
	service, err := r.Get(r.T.Context(), "service", r.Home, name)
	if err != nil {
		r.T.Fatal(err)
	}
	number, _ := kube.Int(service, "spec.ports.0.nodePort")
	return number
}

// gitops returns what GitOps knows that the snapshot does not.
func (r *restoration) gitops() (objects []*unstructured.Unstructured) {
	for i := range news {
		objects = append(objects, r.Allocation(fmt.Sprintf("new-%d", i), "web"))
	}
	return append(objects,
		r.Allocation("heir-0", fmt.Sprintf("web=%d", r.numbers["old-0"])),
		r.Allocation("wide-0", fmt.Sprintf("web=%d", r.Numbers.Last+wider)))
}

// widen edits the range.
func (r *restoration) widen() {
	r.T.Helper()
	patch := fmt.Sprintf(`{"spec": {"ports": ["%d-%d"]}}`, r.Numbers.First, r.Numbers.Last+wider)
	if _, err := r.Patch(r.T.Context(), "prange", "", r.Numbers.Name, patch); err != nil {
		r.T.Fatal(err)
	}
}

// loseAnHour is what happens behind the snapshot.
func (r *restoration) loseAnHour() {
	r.T.Helper()
	r.numbers = map[string]int64{}
	for _, name := range []string{"old-0", "old-2"} {
		r.numbers[name] = r.number(name)
	}
	r.widen()
	for _, gone := range [][2]string{{"palloc", "old-0"}, {"palloc", "old-1"}, {"service", "old-3"}} {
		if err := r.Delete(r.T.Context(), gone[0], r.Home, gone[1]); err != nil {
			r.T.Fatal(err)
		}
	}
	edit := fmt.Sprintf(`{"spec": {"ports": [{"name": "web", "targetPort": 8080, "port": %d}]}}`, r.Numbers.Last-1)
	if _, err := r.Patch(r.T.Context(), "palloc", r.Home, "old-4", edit); err != nil {
		r.T.Fatal(err)
	}
	objects := r.gitops()
	r.CreateAll(4, objects...)
	r.AwaitServed(olds-2+len(objects), 0)
	for _, name := range []string{"new-0", "old-5"} {
		r.numbers[name] = r.number(name)
	}
	service, err := r.Get(r.T.Context(), "service", r.Home, "new-0")
	if err != nil {
		r.T.Fatal(err)
	}
	r.uid = service.GetLabels()["berth.dev/allocation-uid"]
	if heir := r.number("heir-0"); heir != r.numbers["old-0"] {
		r.T.Fatalf("heir-0 has %d", heir)
	}
	// This history goes with the restore: it is judged now. Then its clock must end, for another one begins.
	r.Watch.CheckSince(r.T, r.began)
	if _, _, err := r.Watch.Judge(r.T.Context()); err != nil {
		r.T.Fatal(err)
	}
	if rebuilt := r.rebuilt(); rebuilt != 0 {
		r.T.Fatalf("the operator has read everything anew %v times already", rebuilt)
	}
}

// rebuilt tells how often the operator found that the data had gone back.
func (r *restoration) rebuilt() float64 {
	r.T.Helper()
	metrics, err := r.operator.Metrics(r.T.Context())
	if err != nil {
		r.T.Fatal(err)
	}
	sum, _ := metrics.Sum("berth_rebuilds_total")
	return sum
}

// strayService describes a Service as Berth has made it for an allocation that has never been: brought back without
// its ownerReferences, as backups and GitOps do.
func (r *restoration) strayService(name string, number int64) *unstructured.Unstructured {
	return kube.MustParseOne(r.T, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata:
  namespace: %[1]s
  name: %[2]s
  labels: {app.kubernetes.io/managed-by: berth, berth.dev/allocation: %[2]s, berth.dev/allocation-uid: %[3]s}
spec: {type: NodePort, selector: {app: %[2]s}, ports: [{name: web, port: 8080, targetPort: 8080, nodePort: %[4]d}]}
`, r.Home, name, r.uid, number))
}

// bringBack creates a stray Service, and returns false if the API server says that the number is allocated.
func (r *restoration) bringBack(name string, number int64) bool {
	r.T.Helper()
	made, err := r.Create(r.T.Context(), r.strayService(name, number))
	if rejection, refused := kube.Rejected(err); refused && strings.Contains(rejection.Message, "already allocated") {
		return false
	}
	if err != nil {
		r.T.Fatal(err)
	}
	r.kept.strays[fmt.Sprint(number)] = stray{since: r.versionOf(made)}
	return true
}

func (r *restoration) versionOf(object *unstructured.Unstructured) (revision int64) {
	r.T.Helper()
	if _, err := fmt.Sscan(object.GetResourceVersion(), &revision); err != nil {
		r.T.Fatal(err)
	}
	return revision
}

// grabbed tells whether somebody has the number of old-5.
func (r *restoration) grabbed() bool {
	_, grabbed := r.kept.strays[fmt.Sprint(r.numbers["old-5"])]
	return grabbed
}

// restore brings the snapshot back, and the strays with it.
func (r *restoration) restore(operator string, bump bool) {
	t := r.T
	t.Helper()
	lost, err := shared.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	switch operator {
	case stopped:
		r.keeper.End()
	case frozen:
		if err := r.operator.Pause(); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	const far = 500 // more than was lost, counting from the snapshot
	var bumpTo int64
	r.restored = r.snapshot.Revision + 1
	if bump {
		bumpTo = lost + far
		r.restored = bumpTo + 1
	}
	if err := shared.Restore(t.Context(), r.snapshot, bumpTo); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	r.Watch = audit.Start(t, shared)

	if r.bringBack("old-2-again", r.numbers["old-2"]) {
		t.Errorf("the API server gives %d, which old-2 has, to another Service", r.numbers["old-2"])
	}
	if !r.bringBack("new-0", r.numbers["new-0"]) {
		t.Errorf("the number %d of new-0 is allocated, and nobody had asked for one", r.numbers["new-0"])
	}
	grabbed := r.bringBack("grab", r.numbers["old-5"]) // unless the operator is quicker
	if !grabbed && operator != runs {
		t.Errorf("the number %d of old-5 is allocated, and it has no Service", r.numbers["old-5"])
	}

	switch operator {
	case stopped:
		r.keeper = site.Keep(t, r.operator, true)
	case frozen:
		if err := r.operator.Resume(); err != nil {
			t.Fatal(err)
		}
	}
	if operator != stopped {
		r.awaitDetection(back)
	}
	t.Logf("restored in %.1f s; revision %d was lost, %d came back", back.Sub(began).Seconds(), lost, r.snapshot.Revision)
}

// awaitDetection waits until the operator says, by itself, that the data have gone back.
func (r *restoration) awaitDetection(since time.Time) {
	r.T.Helper()
	kube.Eventually(r.T, site.Patience, "the operator to notice the restore", func(context.Context) error {
		if rebuilt := r.rebuilt(); rebuilt < 1 {
			return fmt.Errorf("it has read everything anew %v times", rebuilt)
		}
		return nil
	})
	r.T.Logf("noticed at most %.1f s after the API server was back", time.Since(since).Seconds())
	text, err := r.operator.LogText()
	if err != nil {
		r.T.Fatal(err)
	}
	if !strings.Contains(text, "restored") {
		r.T.Errorf("its log says nothing about a restore:\n%s", text)
	}
	if killed, gaveUp := r.keeper.Counts(); killed+gaveUp > 0 {
		r.T.Errorf("it has ended: another process, which knows nothing of the lost hour, shows nothing")
	}
}

// applyAgain lets GitOps apply what it knows, and looks at what everybody is told.
func (r *restoration) applyAgain() {
	t := r.T
	t.Helper()
	// The range names both strays: the operator has seen them.
	kube.Eventually(t, site.Patience, "the strays to be reported", func(ctx context.Context) error {
		ports, err := r.Get(ctx, "prange", "", r.Numbers.Name)
		if err != nil {
			return err
		}
		if err := kube.HasCondition(ports, "UndeclaredUse", "True", "UsedWithoutAllocation"); err != nil {
			return err
		}
		condition, _ := kube.Condition(ports, "UndeclaredUse")
		for number := range r.kept.strays {
			if !strings.Contains(condition.Message, number) {
				return fmt.Errorf("%s is not in: %s", number, condition.Message)
			}
		}
		return nil
	})
	if r.grabbed() {
		r.AwaitCondition(t, site.Patience, "palloc", r.Home, "old-5", "Published", "False", "PortTaken")
	}
	r.CreateAll(4, r.gitops()...)
	r.AwaitCondition(t, site.Patience, "palloc", r.Home, "new-0", "Published", "False", "NameTaken")
	r.AwaitCondition(t, site.Patience, "palloc", r.Home, "heir-0", "Allocated", "False", "PortTaken")
	r.AwaitCondition(t, site.Patience, "palloc", r.Home, "wide-0", "Allocated", "False", "PortOutsideRange")
	for i := 1; i < news; i++ {
		r.AwaitCondition(t, site.Patience, "palloc", r.Home, fmt.Sprintf("new-%d", i), "Ready", "True")
	}
	for i := range olds {
		if i == 5 && r.grabbed() {
			continue
		}
		r.AwaitCondition(t, site.Patience, "palloc", r.Home, fmt.Sprintf("old-%d", i), "Ready", "True")
	}
}

// end clears the clashes up, as the page about restores says, and judges everything.
func (r *restoration) end() {
	t := r.T
	t.Helper()
	r.widen()
	r.remove("palloc", "heir-0")
	if r.grabbed() {
		r.remove("service", "grab")
	}
	number := r.numbers["new-0"]
	adopted, err := r.Patch(t.Context(), "service", r.Home, "new-0", `{"metadata": {"annotations": {"berth.dev/adopt": "new-0"},
		"labels": {"app.kubernetes.io/managed-by": null, "berth.dev/allocation": null, "berth.dev/allocation-uid": null}}}`)
	if err != nil {
		t.Fatal(err)
	}
	r.kept.strays[fmt.Sprint(number)] = stray{r.kept.strays[fmt.Sprint(number)].since, r.versionOf(adopted)}
	r.AwaitServed(olds+news+1, 0)
	if again := r.number("new-0"); again != number {
		t.Errorf("new-0 had %d before the restore, and has %d now", number, again)
	}
	r.Settle()
	var changes []cluster.Change
	err = shared.History(t.Context(), cluster.Query{From: r.restored, Prefixes: []string{servicesKey, allocationsKey, ledgersKey}},
		func(change cluster.Change) error {
			changes = append(changes, change)
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) == 0 {
		t.Error("there is no history behind the restore")
	}
	if wrong := r.kept.judge(changes); len(wrong) > 0 {
		t.Errorf("behind the restore something moved:\n%s", strings.Join(wrong, "\n"))
	}
	r.NobodyWrites(t, 3*time.Second)
	t.Logf("judged: %+v", r.Watch.CheckAtRest(t))
	r.gone()
}

func (r *restoration) remove(kind, name string) {
	r.T.Helper()
	if err := r.Delete(r.T.Context(), kind, r.Home, name); err != nil {
		r.T.Fatal(err)
	}
}
