package allocation

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// watch notes when each allocation of a group first had a condition.
type watch struct {
	cancel context.CancelFunc
	at     string // resourceVersion; of the reading goroutine

	mu      sync.Mutex
	first   map[string]map[string]time.Time // condition -> namespace/name -> when it was first seen True
	newest  map[string]time.Time
	changed chan struct{} // closed at every news
	err     error
}

// watchAllocations begins with what changes from now on.
func (b *bareClient) watchAllocations(ctx context.Context, group string) (*watch, error) {
	var list written
	text, err := b.Do(ctx, http.MethodGet, allocationPath(group, "")+"?limit=1", nil)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{cancel: cancel, at: list.Metadata.ResourceVersion, first: map[string]map[string]time.Time{},
		newest: map[string]time.Time{}, changed: make(chan struct{})}
	go func() {
		for ctx.Err() == nil {
			if err := w.follow(ctx, b, group); err != nil {
				w.end(err)
				return
			}
		}
	}()
	return w, nil
}

// follow reads one watch to its end. The API server ends those that it thinks too slow: the next goes on where
// this one ended.
func (w *watch) follow(ctx context.Context, b *bareClient, group string) error {
	response, err := b.Open(ctx, http.MethodGet, allocationPath(group, "")+
		"?watch=1&timeoutSeconds=3600&resourceVersion="+w.at, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("watch %s: %s", group, response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if err := w.read(lines.Bytes(), time.Now()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (w *watch) read(line []byte, now time.Time) error {
	var event struct {
		Type   string `json:"type"`
		Object struct {
			Metadata struct{ Name, Namespace, ResourceVersion string } `json:"metadata"`
			Status   struct {
				Conditions []struct{ Type, Status string } `json:"conditions"`
			} `json:"status"`
		} `json:"object"`
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return err
	}
	if event.Type == "ERROR" {
		return fmt.Errorf("the watch says %s", line)
	}
	w.at = event.Object.Metadata.ResourceVersion
	key := event.Object.Metadata.Namespace + "/" + event.Object.Metadata.Name
	w.mu.Lock()
	defer w.mu.Unlock()
	news := false
	for _, condition := range event.Object.Status.Conditions {
		if condition.Status != "True" {
			continue
		}
		seen := w.first[condition.Type]
		if seen == nil {
			seen = map[string]time.Time{}
			w.first[condition.Type] = seen
		}
		if _, known := seen[key]; !known {
			seen[key] = now
			w.newest[condition.Type] = now
			news = true
		}
	}
	if news {
		close(w.changed)
		w.changed = make(chan struct{})
	}
	return nil
}

func (w *watch) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	close(w.changed)
	w.changed = make(chan struct{})
}

// await waits until n allocations have had the condition and returns when the last of them was seen.
func (w *watch) await(ctx context.Context, timeout time.Duration, condition string, n int) (time.Time, error) {
	return w.until(ctx, timeout, fmt.Sprintf("%d allocations %s", n, condition), func() (time.Time, bool) {
		return w.newest[condition], len(w.first[condition]) >= n
	})
}

// awaitOne waits until one has had it.
func (w *watch) awaitOne(ctx context.Context, timeout time.Duration, condition, ns, name string) (time.Time, error) {
	return w.until(ctx, timeout, ns+"/"+name+" to be "+condition, func() (time.Time, bool) {
		at, found := w.first[condition][ns+"/"+name]
		return at, found
	})
}

func (w *watch) until(ctx context.Context, timeout time.Duration, what string, reached func() (time.Time, bool)) (time.Time, error) {
	deadline := time.After(timeout)
	for {
		w.mu.Lock()
		at, done := reached()
		err, changed := w.err, w.changed
		var counts []string
		for condition, seen := range w.first {
			counts = append(counts, fmt.Sprintf("%d %s", len(seen), condition))
		}
		w.mu.Unlock()
		if done {
			return at, nil
		}
		if err != nil {
			return at, err
		}
		select {
		case <-changed:
		case <-deadline:
			return at, fmt.Errorf("waited %s for %s; there are %s", timeout, what, strings.Join(counts, ", "))
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
}
