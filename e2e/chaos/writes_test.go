package chaos

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// writes counts what is stored, as it is stored. Moments that are counted in writes hit the middle of the
// work on a fast machine and on a slow one alike.
type writes struct {
	mu      sync.Mutex
	count   int
	changed chan struct{} // closed and replaced by each write
}

// countWrites counts until the test ends.
func countWrites(t *testing.T, c *cluster.Cluster) *writes {
	t.Helper()
	client, err := c.EtcdClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	w := &writes{changed: make(chan struct{})}
	watch := client.Watch(t.Context(), "/registry/", clientv3.WithPrefix())
	go func() {
		for answer := range watch {
			for _, event := range answer.Events {
				w.saw(string(event.Kv.Key))
			}
		}
	}()
	return w
}

func (w *writes) saw(key string) {
	for _, prefix := range written() {
		if strings.HasPrefix(key, prefix) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.count++
			close(w.changed)
			w.changed = make(chan struct{})
			return
		}
	}
}

// await returns when so many writes have been seen from now on, and true; or false after a time without any.
func (w *writes) await(ctx context.Context, more int, idle time.Duration) bool {
	w.mu.Lock()
	goal := w.count + more
	w.mu.Unlock()
	for {
		w.mu.Lock()
		reached, changed := w.count >= goal, w.changed
		w.mu.Unlock()
		if reached {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		case <-time.After(idle):
			return false
		}
	}
}
