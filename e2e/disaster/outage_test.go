package disaster

import (
	"fmt"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// For twenty seconds etcd is away while numbers are asked for and given back: first it says nothing, then it is
// dead. The API server stays, and can answer nobody.
func TestNumbersAskedForWhileEtcdIsAwayAreGivenOnce(t *testing.T) {
	const (
		before = 12
		during = 12
		away   = 20 * time.Second
	)
	p := newPlace(t, site.Numbers{Name: "outage", First: 26624, Last: 26663, ReuseAfter: time.Second})
	keeper := site.Keep(t, p.operator("operator", 15*time.Second), true)
	done := site.CountWrites(t, shared)
	var first, second []*unstructured.Unstructured
	for i := range before {
		first = append(first, p.Allocation(fmt.Sprintf("a%02d", i), "web"))
		second = append(second, p.Allocation(fmt.Sprintf("b%02d", i), "web"))
	}

	created := make(chan struct{})
	go func() {
		defer close(created)
		p.CreateAll(4, first...)
		p.CreateAll(4, second...) // goes on until there is an etcd to write them to
	}()
	// In the middle of the first ones.
	done.Await(t.Context(), 1+p.Random.IntN(4*before), 5*time.Second)
	gone := time.Now()
	if err := shared.Etcd.Pause(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(away * 3 / 4)
	if err := shared.Etcd.Kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(away - time.Since(gone))
	if err := shared.Etcd.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, site.Patience, "the API server to find etcd again", shared.APIServer.Check)
	back := time.Now()
	<-created
	for i := range 3 {
		if err := p.Delete(t.Context(), "palloc", p.Home, fmt.Sprintf("a%02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	p.AwaitServed(before+during-3, 0)
	_, gaveUp := keeper.Counts()
	t.Logf("nobody could be answered for %.1f s, everything was served %.1f s later; the operator has given up its lease %d times",
		back.Sub(gone).Seconds(), time.Since(back).Seconds(), gaveUp)
	if report := p.Judge(); report.Owners != before+during-3 {
		t.Errorf("%d allocations are left, want %d", report.Owners, before+during-3)
	}
	p.NobodyWrites(t, 3*time.Second)
	p.gone()
}
