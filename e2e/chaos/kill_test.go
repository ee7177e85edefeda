package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTwentyKillsInTheMiddleOfTwoHundredAllocationsLoseNothingAndMoveNothing(t *testing.T) {
	const (
		kills   = 20
		batch   = 10
		total   = kills * batch
		leave   = 20 // go while others come
		pairs   = kills
		mostGap = 60 // writes between two kills
	)
	// Too few numbers for all at once, so that those who leave have heirs: two hundred allocations, one in
	// ten with two ports, for 210 numbers. One is reserved.
	want := site.Numbers{Name: "kill", First: 25000, Last: 25210, Reserved: []int64{25100}, ReuseAfter: time.Second}
	s := newPlace(t, shared, want)
	operator, err := programs.NewOperator(s.OperatorOptions("operator"))
	if err != nil {
		t.Fatal(err)
	}
	keeper := site.Keep(t, operator, false)
	done := site.CountWrites(t, shared)

	created := make(chan struct{})
	batches := make(chan []*unstructured.Unstructured, kills)
	go func() {
		defer close(created)
		for objects := range batches {
			s.CreateAll(4, objects...)
		}
	}()
	next := 0
	for round := range kills {
		var objects []*unstructured.Unstructured
		for range batch {
			objects = append(objects, s.Allocation(fmt.Sprintf("a%03d", next), portsOf(next, want)...))
			next++
		}
		batches <- objects
		if round >= kills/2 { // some of the first half go
			for i := range leave / (kills / 2) {
				name := fmt.Sprintf("a%03d", (round-kills/2)*batch+1+i)
				if err := s.Delete(t.Context(), "palloc", s.Home, name); err != nil {
					t.Fatal(err)
				}
			}
		}
		// The moment is random twice: how many writes, and how long after the last of them.
		done.Await(t.Context(), 1+s.Random.IntN(mostGap), 2*time.Second)
		time.Sleep(time.Duration(s.Random.IntN(4000)) * time.Microsecond)
		if err := operator.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	close(batches)
	<-created
	s.AwaitServed(total-leave, 0)
	// A kill that met a process not yet started again did not count.
	kube.Eventually(t, site.Patience, "the last kill", func(context.Context) error {
		killed, _ := keeper.Counts()
		if killed >= kills {
			return nil
		}
		_ = operator.Kill()
		return fmt.Errorf("killed %d times, want %d", killed, kills)
	})
	s.AwaitServed(total-leave, 0)

	// Whether a number has two owners one after another depends on how far the leavers had come; that such a
	// history is judged rightly is shown by the tests of package audit and by the crowd of burst_test.go.
	report := s.Judge()
	if report.Owners != total-leave {
		t.Errorf("%d allocations are left, want %d", report.Owners, total-leave)
	}
	if got, want := report.Held, total-leave+pairs; got != want {
		t.Errorf("%d numbers are held, want %d", got, want)
	}
	t.Run("and then nobody writes", func(t *testing.T) { s.NobodyWrites(t, 20*time.Second) })
}

// portsOf lets one in ten have two ports. Some of the first, while nobody else needs them, ask for numbers
// from the end of the range.
func portsOf(i int, want site.Numbers) []string {
	switch {
	case i%10 == 3:
		return []string{"web", "metrics"}
	case i < 20 && i%2 == 0:
		return []string{fmt.Sprintf("web=%d", want.Last-int64(i/2))}
	}
	return []string{"web"}
}
