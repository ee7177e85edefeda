package allocation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
)

// changes are the writes of a span of etcd's history by kind, without leases: those are renewed for ever.
type changes struct {
	to     int64 // the last revision of the span
	total  int
	byKind map[string]int
	sizes  map[string]int // bytes of the values
}

// changesSince counts what was written after a revision.
func (s *site) changesSince(ctx context.Context, revision int64) (changes, error) {
	counted := changes{byKind: map[string]int{}, sizes: map[string]int{}}
	var err error
	if counted.to, err = s.cluster.Revision(ctx); err != nil || counted.to <= revision {
		return counted, err
	}
	err = s.cluster.History(ctx, cluster.Query{From: revision + 1, To: counted.to}, func(change cluster.Change) error {
		kind := kindOf(change.Key)
		if kind == "leases" || kind == "peerserverleases" {
			return nil
		}
		counted.total++
		counted.byKind[kind]++
		counted.sizes[kind] += len(change.Value)
		return nil
	})
	return counted, err
}

// kindOf names the resource of a key: "/registry/berth.dev/portledgers/..." and "/registry/services/specs/..."
// have it at different places.
func kindOf(key string) string {
	parts := strings.Split(strings.TrimPrefix(key, "/registry/"), "/")
	switch {
	case len(parts) > 1 && (strings.Contains(parts[0], ".") || parts[0] == "services"):
		return parts[0] + "/" + parts[1]
	default:
		return parts[0]
	}
}

// quiet waits until nothing has been written for a second: what one part of the bench has set off must not
// be paid by the next.
func (s *site) quiet(ctx context.Context, timeout time.Duration) error {
	at, err := s.cluster.Revision(ctx)
	if err != nil {
		return err
	}
	calm := time.Now()
	return kube.Poll(ctx, timeout, "the cluster to be quiet", func(ctx context.Context) error {
		now, err := s.changesSince(ctx, at)
		if err != nil {
			return err
		}
		at = now.to
		if now.total > 0 {
			calm = time.Now()
			return fmt.Errorf("%v is written", now.byKind)
		}
		if since := time.Since(calm); since < time.Second {
			return fmt.Errorf("the last write was %d ms ago", since.Milliseconds())
		}
		return nil
	})
}

// controlPlaneCPU is what etcd and the API server have used so far.
func (s *site) controlPlaneCPU() (time.Duration, error) {
	etcd, err := s.cluster.Etcd.Usage()
	if err != nil {
		return 0, err
	}
	apiServer, err := s.cluster.APIServer.Usage()
	return etcd.CPU + apiServer.CPU, err
}
