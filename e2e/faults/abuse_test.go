package faults

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
)

// abuse is an API server that misbehaves for a while.
type abuse struct {
	name   string
	begin  func(*faultproxy.Proxy)
	during func(*faultproxy.Proxy) // called again and again while it lasts
	lasts  time.Duration           // 0: storm
	most   int                     // requests in that time, the lease's apart; 0: any number
}

const (
	// storm is long enough for ten doublings of the first wait between two tries.
	storm = 4 * time.Second

	// tooSlow is longer than the operator waits for an answer.
	tooSlow = 11 * time.Second
)

// asked are requests of the operator's work. The lease has clients and fears of its own: lease_test.cpp.
func asked(r *faultproxy.Request) bool { return r.Resource != "leases" }

func written(r *faultproxy.Request) bool { return asked(r) && r.IsWrite() }

// refusing answers all that fits with a status.
func refusing(fits func(*faultproxy.Request) bool, status int, retryAfter time.Duration) func(*faultproxy.Proxy) {
	return func(proxy *faultproxy.Proxy) {
		proxy.When(faultproxy.Match{Where: fits}, faultproxy.Refuse(status, retryAfter))
	}
}

// firstOfEach fits the first write of each kind to each object.
func firstOfEach() func(*faultproxy.Request) bool {
	seen := map[string]bool{}
	return func(r *faultproxy.Request) bool {
		if !written(r) || seen[r.String()] {
			return false
		}
		seen[r.String()] = true
		return true
	}
}

// Seven allocations and the ledger want something during each of these. A key that fails waits 5 ms, then twice
// as long each time: ten tries in four seconds, each with the reads that follow a failure; or as long as it is
// told to wait.
var abuses = []abuse{
	{name: "none, to compare with", lasts: time.Millisecond},
	{name: "conflicts only", begin: refusing(written, http.StatusConflict, 0), most: 250},
	{name: "429 for every request", begin: refusing(asked, http.StatusTooManyRequests, time.Second), most: 60},
	{name: "429 for every write", begin: refusing(written, http.StatusTooManyRequests, time.Second), most: 60},
	{name: "500 for every write", begin: refusing(written, http.StatusInternalServerError, 0), most: 250},
	{name: "503 for every request", begin: refusing(asked, http.StatusServiceUnavailable, time.Second), most: 60},
	{
		name: "every second write is a conflict",
		begin: func(proxy *faultproxy.Proxy) {
			count := 0
			refusing(func(r *faultproxy.Request) bool {
				if written(r) {
					count++
				}
				return written(r) && count%2 == 0
			}, http.StatusConflict, 0)(proxy)
		},
		most: 400,
	},
	{
		name: "the first answer to each write is lost",
		begin: func(proxy *faultproxy.Proxy) {
			proxy.When(faultproxy.Match{Where: firstOfEach()}, faultproxy.LoseAnswer())
		},
		most: 400,
	},
	{
		name: "each write is lost once",
		begin: func(proxy *faultproxy.Proxy) {
			proxy.When(faultproxy.Match{Where: firstOfEach()}, faultproxy.Lose())
		},
		most: 400,
	},
	{
		name: "the first answer to each write comes too late",
		begin: func(proxy *faultproxy.Proxy) {
			proxy.When(faultproxy.Match{Where: firstOfEach(), Times: 4}, faultproxy.Delay(tooSlow))
		},
		lasts: tooSlow + storm,
		most:  250,
	},
	{
		name: "watches are cut and their past is forgotten",
		begin: func(proxy *faultproxy.Proxy) {
			proxy.When(faultproxy.Match{Verbs: "watch", Times: 12}, faultproxy.Expire())
		},
		during: func(proxy *faultproxy.Proxy) { proxy.Cut(faultproxy.Match{}) },
		most:   400,
	},
}

// Whatever the API server does to the operator, it does not ask without end, does nothing twice, and when it
// is over all is carried out.
func TestAnAPIServerThatMisbehavesIsSurvivedWithPatience(t *testing.T) {
	s := newSite(t)
	proxy := s.newProxy()
	operator := s.newOperator(proxy, firstIdentity)
	if err := operator.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stages []*stage
	for _, a := range abuses {
		t.Run(a.name, func(t *testing.T) {
			here := &site{Client: s.Client, t: t, watch: s.watch}
			stages = append(stages, here.suffer(proxy, a))
		})
	}
	counted := newCounter(stages)
	if err := counted.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, st := range stages {
		if text := counted.found[st.namespace].difference(counted.found[stages[0].namespace]); text != "" {
			t.Errorf("%s: %s\n%s", abuses[i].name, text, st.story(proxy))
		}
	}
	if !operator.Process().Alive() {
		t.Errorf("the operator has ended: %v", operator.Process().Err())
	}
	report := s.watch.CheckAtRest(t)
	t.Logf("%d revisions were judged", report.Revisions)
}

// suffer lets people ask for numbers and give some back while the API server misbehaves.
func (s *site) suffer(proxy *faultproxy.Proxy, a abuse) *stage {
	s.t.Helper()
	const reuseAfter = time.Hour
	st := s.newStage(reuseAfter, false)
	st.apply(allocation("gone-0", "name: web, targetPort: 8080, port: FIRST+6"))
	st.apply(allocation("gone-1", "name: web, targetPort: 8080, port: FIRST+7"))
	st.awaitServed("gone-0", "gone-1")

	lasts := a.lasts
	if lasts == 0 {
		lasts = storm
	}
	before := requests(proxy)
	began := time.Now()
	if a.begin != nil {
		a.begin(proxy)
	}
	var names []string
	for i := range 5 {
		name := fmt.Sprintf("web-%d", i)
		names = append(names, name)
		st.apply(allocation(name, fmt.Sprintf("name: web, targetPort: 8080, port: FIRST+%d", i)))
	}
	st.remove("palloc", "gone-0")
	st.remove("palloc", "gone-1")
	for time.Since(began) < lasts { // a storm takes time
		if a.during != nil {
			a.during(proxy)
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), min(500*time.Millisecond, lasts-time.Since(began)))
		_ = proxy.Await(ctx, func() bool { return false })
		cancel()
	}
	proxy.Clear()
	count := requests(proxy) - before
	over := time.Now()
	if a.most > 0 && count > a.most {
		s.t.Errorf("%d requests in %s, at most %d were to be\n%s", count, lasts, a.most, st.story(proxy))
	}
	st.awaitServed(names...)
	kube.Eventually(s.t, patience, "the numbers of those that are gone to be released", func(ctx context.Context) error {
		entries, err := st.entries(ctx)
		for number, entry := range entries {
			if strings.Contains(entry, " held ") && strings.Contains(entry, "/gone-") {
				return fmt.Errorf("%d is held: %s", number, entry)
			}
		}
		return err
	})
	s.t.Logf("%d requests in %s; all was done %.1f s later", count, lasts, time.Since(over).Seconds())
	return st
}

// requests counts those of the operator's work.
func requests(proxy *faultproxy.Proxy) int {
	return proxy.Requests() - proxy.Reads("get", "leases") - leaseWrites(proxy)
}
