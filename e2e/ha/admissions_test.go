package ha

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// certificates that live for seconds: due after thirteen, exchanged a second or two later, over after twenty.
var shortLived = []string{
	"--certificate-validity=20s", "--ca-validity=20s", "--certificate-settle=1s", "--drain-delay=500ms", "--no-audit",
}

// How many webhooks serve at a time, and how many more may be on their way out.
const (
	serving = 3
	leaving = 5
	pace    = 2 * time.Second // from one to the next, so that starting them is not most of what the machine does
)

// underLoad starts three webhooks behind one address, and a load. Further ones stand by.
func underLoad(t *testing.T, standby int, args ...string) (*kube.Client, []*programs.Program, *balancer, *load) {
	t.Helper()
	client := install(t)
	forget(t, client)
	front, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	replicas := webhooks(t, client, serving+standby, front.url(), args...)
	front.follow(replicas)
	t.Cleanup(func() {
		forget(t, client)
		front.close()
	})
	begin(t, replicas[:serving]...)
	namespace := client.Namespace(t)
	kube.Eventually(t, soon, "the first admission through the address", func(ctx context.Context) error {
		one := &load{began: time.Now()}
		one.ask(client.Typed, namespace)
		return one.firstError
	})
	return client, replicas, front, startLoad(client.Typed, namespace, amount(t, "RATE", 500))
}

// exchanges counts, until the context ends, how often a leaf of a new authority has taken the place of the old one.
func exchanges(ctx context.Context, t *testing.T, client *kube.Client, count *atomic.Int64) {
	last := ""
	for ctx.Err() == nil {
		authorities, leaf, err := bundle(ctx, client)
		if err == nil && leaf.CheckSignatureFrom(authorities[0]) == nil {
			if now := string(authorities[0].SubjectKeyId); now != last {
				if last != "" {
					t.Logf("exchange %d, %d authorities are believed in", count.Add(1), len(authorities))
				}
				last = now
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// roll replaces one replica after the other until it is enough, and returns how many. As in a rolling update with
// maxUnavailable 0 a new one is sent requests before an old one is told to stop, and nobody waits for the end of that.
func roll(t *testing.T, replicas []*programs.Program, front *balancer, enough func(done int) bool) int {
	t.Helper()
	free := make(chan int, len(replicas))
	var oldestFirst []int
	for i := range replicas {
		if i < serving {
			oldestFirst = append(oldestFirst, i)
		} else {
			free <- i
		}
	}
	ended := make(chan error, len(replicas))
	var stopping sync.WaitGroup
	defer stopping.Wait()
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	done := 0
	for ; !enough(done); done++ {
		<-ticks.C
		next := <-free
		if err := replicas[next].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := front.await(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		old := oldestFirst[0]
		oldestFirst = append(oldestFirst[1:], next)
		stopping.Go(func() {
			ended <- replicas[old].Stop()
			free <- old
		})
		for len(ended) > 0 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
	}
	return done
}

func TestNoAdmissionFailsWhileReplicasRestartOneAfterAnotherAndTheirCertificatesAreExchanged(t *testing.T) {
	restarts, rotations := amount(t, "RESTARTS", 30), amount(t, "ROTATIONS", 5)
	client, replicas, front, asking := underLoad(t, leaving, shortLived...)
	var rotated atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		exchanges(ctx, t, client, &rotated)
	}()
	restarted := roll(t, replicas, front, func(done int) bool {
		enough := done >= restarts && rotated.Load() >= int64(rotations)
		return enough || asking.failed.Load() > 0 || time.Since(asking.began) > time.Duration(restarts)*6*time.Second
	})
	said := asking.end()
	stop()
	<-watched
	t.Logf("%d restarts, %d exchanges of authority and leaf: %s; nobody was ready for %d connections", restarted,
		rotated.Load(), said, front.refused.Load())
	if failed := asking.failed.Load(); failed > 0 {
		t.Errorf("%d admissions failed, the first %v", failed, asking.firstError)
	}
	if restarted < restarts || rotated.Load() < int64(rotations) {
		t.Errorf("only %d restarts and %d exchanges", restarted, rotated.Load())
	}
	if asking.admitted.Load() < int64(10*restarts) {
		t.Errorf("only %d admissions: that shows nothing", asking.admitted.Load())
	}
}

// What the test above would miss if it were blind: replicas that go without a word.
func TestReplicasThatAreKilledLoseAdmissions(t *testing.T) {
	_, replicas, _, asking := underLoad(t, 0, "--no-audit")
	killed := 0
	for ; killed < 30 && asking.failed.Load() == 0; killed++ {
		if err := replicas[killed%len(replicas)].Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	said := asking.end()
	t.Logf("%d killed: %s; %v", killed, said, asking.firstError)
	if asking.failed.Load() == 0 {
		t.Errorf("no admission failed with %d kills: the load sees nothing", killed)
	}
}
