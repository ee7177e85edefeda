package audit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
)

// The ConfigMap into which a Clock writes the time, so that history can tell how long something took.
const (
	ClockNamespace = "default"
	ClockName      = "audit-clock"
	clockField     = "now"
)

// beatOf returns the clock's ConfigMap at a time. The time must be read before the object is sent, and the
// next one only after the answer to this one: then it bounds the revisions before and after it.
func beatOf(now time.Time) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"namespace": ClockNamespace, "name": ClockName},
		"data":       map[string]any{clockField: now.UTC().Format(time.RFC3339Nano)},
	}}
}

// writer writes the time into history.
type writer struct {
	stop  func() error // ends it; what was stored before can be judged then
	beats atomic.Int64 // that were answered
}

// await returns when what was stored before can be judged.
func (w *writer) await(ctx context.Context) error {
	until := w.beats.Load() + beatsAfter + 1 // the first of these may be on its way
	return kube.Poll(ctx, time.Minute, "the clock to go on", func(context.Context) error {
		if now := w.beats.Load(); now < until {
			return fmt.Errorf("%d beats are missing", until-now)
		}
		return nil
	})
}

// startClock writes the time until it is stopped. An API server that is away is no reason to stop.
func startClock(t testing.TB, c *cluster.Cluster) *writer {
	t.Helper()
	const pause = 100 * time.Millisecond
	client, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{}
	configMaps := client.CoreV1().ConfigMaps(ClockNamespace)
	beat := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		now := &corev1.ConfigMap{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(beatOf(time.Now()).Object, now); err != nil {
			return err
		}
		_, err := configMaps.Update(ctx, now, metav1.UpdateOptions{})
		if apierrors.IsNotFound(err) {
			_, err = configMaps.Create(ctx, now, metav1.CreateOptions{})
		}
		if err == nil {
			w.beats.Add(1)
		}
		return err
	}
	if err := kube.Poll(t.Context(), 30*time.Second, "the first beat of the clock", beat); err != nil {
		t.Fatal(err)
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stopping:
				return
			case <-time.After(pause):
				_ = beat(context.Background())
			}
		}
	}()
	w.stop = sync.OnceValue(func() error {
		close(stopping)
		<-stopped
		for range beatsAfter { // so that the last of all can be judged, too
			if err := kube.Poll(context.Background(), 30*time.Second, "the last beats of the clock", beat); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// timeOf reads the time of a change, if it is one of the clock.
func timeOf(change cluster.Change) (time.Time, bool, error) {
	if change.Key != clockKey || change.Deleted() {
		return time.Time{}, false, nil
	}
	object, err := change.Object()
	if err != nil {
		return time.Time{}, false, err
	}
	now, err := time.Parse(time.RFC3339Nano, kube.Text(object, "data."+clockField))
	if err != nil {
		return time.Time{}, false, fmt.Errorf("the clock shows no time: %w", err)
	}
	return now, true, nil
}

// clock is what the beats in history say about the time of revisions. The beat before a revision was read
// before it. The first one after it may have been read before it too and come late, the second was not.
type clock struct{ beats []time.Time }

const beatsAfter = 2

// moment is a revision and how many beats there were by then.
type moment struct {
	revision int64
	beats    int
}

func (c *clock) beat(now time.Time) bool {
	if len(c.beats) > 0 && !now.After(c.beats[len(c.beats)-1]) {
		return false // one that was lost and came late says nothing
	}
	c.beats = append(c.beats, now)
	return true
}

// notBefore and notAfter bound a moment; false: nothing is known (yet).
func (c *clock) notBefore(m moment) (time.Time, bool) {
	if m.beats == 0 {
		return time.Time{}, false
	}
	return c.beats[m.beats-1], true
}

func (c *clock) notAfter(m moment) (time.Time, bool) {
	if len(c.beats) < m.beats+beatsAfter {
		return time.Time{}, false
	}
	return c.beats[m.beats+beatsAfter-1], true
}

// atLeast tells how much time has passed for sure; 0 if nothing is sure.
func (c *clock) atLeast(from, to moment) time.Duration {
	begin, ok := c.notAfter(from)
	end, known := c.notBefore(to)
	if !ok || !known {
		return 0
	}
	return max(0, end.Sub(begin))
}
