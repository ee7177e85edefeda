package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const leaseDuration = 3 * time.Second

// Three times the leader freezes for longer than its lease, in the middle of its work, and wakes up beside
// its successor; then the lease is deleted under the leader, and both believe that it is theirs.
func TestTwoOperatorsNeverGiveOneNumberToTwoOwners(t *testing.T) {
	const batch = 25
	s := newPlace(t, shared, numbers{Name: "leaders", First: 26000, Last: 26149, ReuseAfter: time.Second})
	// A lease that an operator of another test has left would have to run out first.
	if err := s.Delete(t.Context(), "leases.coordination.k8s.io", programs.Namespace, "berth-operator"); err != nil {
		t.Fatal(err)
	}
	keepers := map[string]*site.Keeper{}
	for _, name := range []string{"one", "two"} {
		options := s.operatorOptions(name)
		options.Identity = name
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = leaseDuration, 2*time.Second, 500*time.Millisecond
		operator, err := programs.NewOperator(options)
		if err != nil {
			t.Fatal(err)
		}
		keepers[name] = site.Keep(t, operator, true)
	}
	other := map[string]string{"one": "two", "two": "one"}
	done := site.CountWrites(t, shared)

	next := 0
	batchOf := func(count int) (objects []*unstructured.Unstructured) {
		for range count {
			ports := []string{"web"}
			if next%5 == 0 {
				ports = append(ports, "metrics")
			}
			objects = append(objects, s.allocation(fmt.Sprintf("a%03d", next), ports...))
			next++
		}
		return objects
	}
	leader := site.AwaitLeader(t, s.Client, "one", "two")
	for round := range 3 {
		created := make(chan struct{})
		objects := batchOf(batch)
		go func() {
			defer close(created)
			s.create(4, objects...)
		}()
		done.Await(t.Context(), 1+s.random.IntN(80), 2*time.Second)
		frozen := keepers[leader]
		if err := frozen.Pause(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		successor := site.AwaitLeader(t, s.Client, other[leader])
		t.Logf("round %d: %s froze, %s leads %.1f s later", round, leader, successor, time.Since(began).Seconds())
		<-created
		if round > 0 { // numbers go and come while the old leader sleeps
			s.deleteTwo(round)
		}
		// The successor does the whole work; the old leader must not undo any of it.
		s.awaitServed(next-2*round, 0)
		if err := frozen.Resume(); err != nil {
			t.Fatal(err)
		}
		s.create(4, batchOf(5)...)
		s.awaitServed(next-2*round, 0)
		leader = site.AwaitLeader(t, s.Client, "one", "two")
	}

	go func() {
		_ = s.Delete(context.Background(), "leases.coordination.k8s.io", programs.Namespace, "berth-operator")
	}()
	s.create(4, batchOf(batch)...)
	s.awaitServed(next-4, 0)

	if report := s.judge(); report.Owners != next-4 {
		t.Errorf("%d allocations are left, want %d", report.Owners, next-4)
	}
	for name, keeper := range keepers {
		killed, gaveUp := keeper.Counts()
		t.Logf("%s gave up its lease %d times", name, gaveUp)
		if killed > 0 {
			t.Errorf("%s was killed %d times", name, killed)
		}
	}
}

// deleteTwo deletes two allocations of the first batch, others in each round.
func (s *place) deleteTwo(round int) {
	s.t.Helper()
	for i := range 2 {
		if err := s.Delete(s.t.Context(), "palloc", s.namespace, fmt.Sprintf("a%03d", 2*(round-1)+i)); err != nil {
			s.t.Fatal(err)
		}
	}
}
