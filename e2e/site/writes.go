package site

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Written are the prefixes in etcd of what Berth writes, the lease and events apart.
func Written() []string {
	return []string{
		cluster.Prefix("berth.dev", "portallocations"),
		cluster.Prefix("berth.dev", "portledgers"),
		cluster.Prefix("berth.dev", "portranges"),
		cluster.Prefix("berth.dev", "exposurepolicies"),
		cluster.Prefix("", "services/specs"),
		cluster.Prefix("", "networkpolicies"),
	}
}

// Writes counts what is stored of Written, as it is stored. Moments that are counted in writes hit the middle of the
// work on a fast machine and on a slow one alike, and who waits for the end of the work need not look in between.
// Safe for concurrent use.
type Writes struct {
	mu      sync.Mutex
	count   int
	changed chan struct{} // closed and replaced by each write
}

// CountWrites counts until the test ends.
func CountWrites(t testing.TB, c *cluster.Cluster) *Writes {
	t.Helper()
	client, err := c.EtcdClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	w := &Writes{changed: make(chan struct{})}
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

func (w *Writes) saw(key string) {
	for _, prefix := range Written() {
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

func (w *Writes) now() (count int, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count, w.changed
}

// Count returns how many there were.
func (w *Writes) Count() int {
	count, _ := w.now()
	return count
}

// Await returns when so many writes have been seen from now on, and true; or false after a time without any.
func (w *Writes) Await(ctx context.Context, more int, idle time.Duration) bool {
	return w.AwaitCount(ctx, w.Count()+more, idle)
}

// AwaitCount is Await until there were so many in all.
func (w *Writes) AwaitCount(ctx context.Context, count int, idle time.Duration) bool {
	for {
		seen, changed := w.now()
		if seen >= count {
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

// Settle returns when nothing has been written for a time, at the latest after another one.
func (w *Writes) Settle(ctx context.Context, quiet, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for ctx.Err() == nil && w.Await(ctx, 1, quiet) {
	}
}
