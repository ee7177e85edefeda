package disaster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const leaseDuration = 3 * time.Second

// fight returns how long one way of fighting goes on: LEADERS_MINUTES, or for so long.
func fight(t *testing.T, otherwise time.Duration) time.Duration {
	t.Helper()
	if minutes := site.Number(t, "LEADERS_MINUTES", 0); minutes > 0 {
		return time.Duration(minutes) * time.Minute
	}
	return otherwise
}

// crowd are clients that create, delete and create again allocations of few names, for few numbers.
type crowd struct {
	*place
	stop  chan struct{}
	group sync.WaitGroup
	mu    sync.Mutex
	there map[string]bool
	done  int
}

const (
	crowdClients = 3
	crowdNames   = 5 // of each client
)

func (p *place) gather() *crowd {
	c := &crowd{place: p, stop: make(chan struct{}), there: map[string]bool{}}
	for i := range crowdClients {
		client := kube.MustNew(p.T, shared.AdminConfig())
		random := rand.New(rand.NewPCG(p.Random.Uint64(), 0))
		c.group.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(time.Duration(random.IntN(150)) * time.Millisecond):
				}
				c.act(client, fmt.Sprintf("c%d-%d", i, random.IntN(crowdNames)), random)
			}
		})
	}
	return c
}

// act deletes an allocation that is there, and creates one that is not.
func (c *crowd) act(client *kube.Client, name string, random *rand.Rand) {
	c.mu.Lock()
	exists := c.there[name]
	c.mu.Unlock()
	var err error
	if exists {
		err = client.Delete(c.T.Context(), "palloc", c.Home, name)
	} else {
		ports := []string{"web", "metrics/UDP"}[:1+random.IntN(2)]
		_, err = client.Create(c.T.Context(), c.Allocation(name, ports...))
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
		c.T.Errorf("%s: %v", name, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there[name] = !exists
	c.done++
}

// end sends everybody home and returns how many allocations are left.
func (c *crowd) end() (left int) {
	close(c.stop)
	c.group.Wait()
	for _, there := range c.there {
		if there {
			left++
		}
	}
	c.T.Logf("%d creates and deletes, %d allocations are left", c.done, left)
	return left
}

// For as long as it is asked to, the leader freezes for longer than its lease in the middle of its work, and wakes up
// in the middle of that of its successor. Then there are three, and the lease is deleted under them again and
// again: each time several believe that it is theirs.
func TestLeadersThatFreezeAndLoseTheirLeaseNeverGiveOneNumberToTwoOwners(t *testing.T) {
	p := newPlace(t, site.Numbers{Name: "leaders", First: 26112, Last: 26151, ReuseAfter: time.Second})
	keepers := map[string]*site.Keeper{}
	for _, name := range []string{"one", "two"} {
		keepers[name] = site.Keep(t, p.operator(name, leaseDuration), true)
	}
	done := site.CountWrites(t, shared)
	people := p.gather()

	rounds := 0
	leader := site.AwaitLeader(t, p.Client, "one", "two")
	for until := time.Now().Add(fight(t, 22*time.Second)); time.Now().Before(until); rounds++ {
		done.Await(t.Context(), 1+p.Random.IntN(30), time.Second)
		time.Sleep(time.Duration(p.Random.IntN(4000)) * time.Microsecond)
		if err := keepers[leader].Pause(); err != nil {
			t.Fatal(err)
		}
		others := slices.DeleteFunc(slices.Collect(maps.Keys(keepers)), func(name string) bool { return name == leader })
		successor := site.AwaitLeader(t, p.Client, others...)
		done.Await(t.Context(), 1+p.Random.IntN(40), time.Second)
		if err := keepers[leader].Resume(); err != nil {
			t.Fatal(err)
		}
		leader = successor
	}

	keepers["three"] = site.Keep(t, p.operator("three", leaseDuration), true)
	deleted := 0
	for until := time.Now().Add(fight(t, 8*time.Second)); time.Now().Before(until); deleted++ {
		time.Sleep(time.Duration(300+p.Random.IntN(1200)) * time.Millisecond)
		p.dropLease()
	}
	p.AwaitServed(people.end(), 0)
	t.Logf("%d times a leader froze and woke up, %d times the lease was deleted", rounds, deleted)
	if rounds < 3 || deleted < 3 {
		t.Errorf("that was no fight")
	}

	p.expectOneLeader(slices.Collect(maps.Values(keepers))...)
	report := p.Judge()
	if report.Issued < 20 || report.Reused == 0 {
		t.Errorf("too little was going on: %+v", report)
	}
	t.Run("and then nobody writes", func(t *testing.T) { p.NobodyWrites(t, 3*time.Second) })
	t.Run("and the audit would have noticed", func(t *testing.T) { tamper(t, p.began) })
	for name, keeper := range keepers {
		killed, gaveUp := keeper.Counts()
		t.Logf("%s gave up its lease %d times", name, gaveUp)
		if killed > 0 {
			t.Errorf("%s was killed %d times", name, killed)
		}
	}
	p.gone()
}

// expectOneLeader asks the operators themselves.
func (p *place) expectOneLeader(keepers ...*site.Keeper) {
	p.T.Helper()
	kube.Eventually(p.T, site.Patience, "one leader", func(ctx context.Context) error {
		var leading float64
		for _, keeper := range keepers {
			metrics, err := keeper.Metrics(ctx)
			if err != nil {
				return err
			}
			sum, found := metrics.Sum("leader_election_master_status")
			if found == 0 {
				return errors.New("nobody says whether it leads")
			}
			leading += sum
		}
		if leading != 1 {
			return fmt.Errorf("%v lead", leading)
		}
		return nil
	})
}

// A lease is no lock: here each of two operators has one of its own, and both lead all the time.
func TestTwoLeadersWithLeasesOfTheirOwnShareTheNumbersWithoutNoise(t *testing.T) {
	p := newPlace(t, site.Numbers{Name: "both-lead", First: 26368, Last: 26407, ReuseAfter: time.Second},
		audit.Options{LeasesOfTheirOwn: true})
	first := p.operator("first", leaseDuration)
	proxy, err := faultproxy.Start(shared.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	proxy.When(faultproxy.Match{Resource: "leases"}, faultproxy.OwnLease(0))
	config, err := proxy.Config(site.Access(t, shared))
	if err != nil {
		t.Fatal(err)
	}
	options := p.OperatorOptions("second")
	options.Config, options.Identity = config, "second"
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = leaseDuration, leaseDuration-time.Second, 200*time.Millisecond
	second, err := programs.NewOperator(options)
	if err != nil {
		t.Fatal(err)
	}
	keepers := []*site.Keeper{site.Keep(t, first, true), site.Keep(t, second, true)}

	people := p.gather()
	time.Sleep(fight(t, 8*time.Second))
	p.AwaitServed(people.end(), 0)
	for _, keeper := range keepers {
		text, err := keeper.LogText()
		if err != nil {
			t.Fatal(err)
		}
		p.expectNoNoise(keeper.Name(), text)
	}
	// Only one of them knows when the other is done.
	keepers[1].End()
	p.Judge()
	p.NobodyWrites(t, 3*time.Second)
	p.gone()
}
