package site

import (
	"testing"
	"time"

	"berth.dev/e2e/cluster"
)

func TestOnlyWhatBerthWritesIsCounted(t *testing.T) {
	w := &Writes{changed: make(chan struct{})}
	for _, key := range []string{
		cluster.Prefix("berth.dev", "portledgers") + "nodeport-100", cluster.Prefix("", "services/specs") + "a/b",
		cluster.Prefix("", "leases") + "berth-system/berth-operator", cluster.Prefix("", "events") + "a/b",
		cluster.Prefix("", "services/endpoints") + "a/b",
	} {
		w.saw(key)
	}
	if w.Count() != 2 {
		t.Errorf("%d were counted, want 2", w.Count())
	}
}

func TestWhoAwaitsWritesIsWokenByThemOrByTheirAbsence(t *testing.T) {
	const soon, long = 20 * time.Millisecond, time.Minute
	key := cluster.Prefix("", "networkpolicies") + "a/b"
	w := &Writes{changed: make(chan struct{})}
	if w.Await(t.Context(), 1, soon) {
		t.Error("there was no write")
	}
	go func() {
		for range 3 {
			w.saw(key)
		}
	}()
	if !w.AwaitCount(t.Context(), 3, long) {
		t.Error("there were three writes")
	}
	if !w.AwaitCount(t.Context(), 2, 0) {
		t.Error("there were two writes before")
	}
	w.Settle(t.Context(), soon, long)

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				w.saw(key)
			}
		}
	}()
	w.Settle(t.Context(), long, 5*soon) // they never stop: it returns all the same
	close(stop)
	<-stopped
}

func TestANumberOfTheEnvironmentIsReadOrLeft(t *testing.T) {
	t.Setenv("SITE_NUMBER", " 17 ")
	t.Setenv("SITE_EMPTY", "")
	for name, want := range map[string]uint64{"SITE_NUMBER": 17, "SITE_EMPTY": 3, "SITE_UNSET": 3} {
		if got := Number(t, name, 3); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}
