package chaos

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestThreeHundredAllocationsByEightClientsShareTwoHundredEightyNumbers(t *testing.T) {
	const (
		clients    = 8
		size       = 280
		applicants = 300
	)
	s := newPlace(t, shared, site.Numbers{Name: "burst", First: 24500, Last: 24500 + size - 1, ReuseAfter: 2 * time.Second})
	operator, err := programs.NewOperator(s.OperatorOptions("operator"))
	if err != nil {
		t.Fatal(err)
	}
	site.Keep(t, operator, false)

	began := time.Now()
	var all []*unstructured.Unstructured
	for i := range applicants {
		all = append(all, s.Allocation(fmt.Sprintf("a%03d", i), "web"))
	}
	s.CreateAll(clients, all...)
	created := time.Since(began)
	s.AwaitServed(size, applicants-size)
	t.Logf("created in %.1f s, %d served after %.1f s", created.Seconds(), size, time.Since(began).Seconds())

	list, err := s.Allocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owners := map[int64]string{}
	for _, one := range list {
		number, ok := kube.Int(&one, "status.ports.0.port")
		if !ok {
			continue
		}
		if other, taken := owners[number]; taken {
			t.Errorf("%d is shown by %s and %s", number, other, one.GetName())
		}
		owners[number] = one.GetName()
	}
	if len(owners) != size || slices.Min(slices.Collect(maps.Keys(owners))) != s.Numbers.First ||
		slices.Max(slices.Collect(maps.Keys(owners))) != s.Numbers.Last {
		t.Errorf("%d numbers are owned, want all %d from %d to %d", len(owners), size, s.Numbers.First, s.Numbers.Last)
	}

	// As many go as wait: those get what is left, when it has rested.
	for number := s.Numbers.First; number < s.Numbers.First+applicants-size; number++ {
		if err := s.Delete(t.Context(), "palloc", s.Home, owners[number]); err != nil {
			t.Fatal(err)
		}
	}
	s.AwaitServed(size, 0)
	if report := s.Judge(); report.Reused != applicants-size {
		t.Errorf("%d numbers were given to somebody else, want %d", report.Reused, applicants-size)
	}
}
