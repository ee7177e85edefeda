package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json" // whole numbers become int64, as from a server
)

// Change is one key of etcd that was written or deleted in one revision.
type Change struct {
	// Revision is etcd's count of transactions; it is the resourceVersion of what was written. One
	// transaction may change several keys (the API server never does).
	Revision int64
	Key      string // for example /registry/services/specs/NAMESPACE/NAME
	Value    []byte // JSON, without defaults that a newer schema would add; nil if it was deleted
}

// Deleted tells whether the key is gone since this revision.
func (c Change) Deleted() bool { return c.Value == nil }

// Object decodes the value.
func (c Change) Object() (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(c.Value, &object.Object); err != nil {
		return nil, fmt.Errorf("%s at revision %d: %w", c.Key, c.Revision, err)
	}
	// The stored resourceVersion is that of the revision before; the API server puts in the real one too.
	object.SetResourceVersion(fmt.Sprint(c.Revision))
	return object, nil
}

// Query selects a part of history.
type Query struct {
	From int64 // the first revision to be reported; 0: the beginning
	To   int64 // the last one; 0: the newest at the time of the call

	// Prefixes of keys to be reported. Empty: everything that the API server stores. See Prefix.
	Prefixes []string
}

// Prefix returns the beginning of the keys of a resource, for Query. Group is that of a custom resource and
// empty for what Kubernetes brings itself: there the keys do not carry the group.
//
//	Prefix("berth.dev", "portallocations")   Prefix("", "services/specs")   Prefix("", "networkpolicies")
func Prefix(group, resource string) string {
	if group == "" {
		return "/registry/" + resource + "/"
	}
	return "/registry/" + group + "/" + resource + "/"
}

// CompactedError is returned when a part of the history asked for was thrown away by Compact.
type CompactedError struct{ Oldest int64 } // the oldest revision that can still be read

func (e *CompactedError) Error() string {
	return fmt.Sprintf("the history before revision %d was compacted", e.Oldest)
}

// EtcdURL returns where etcd listens for clients; plain HTTP, no credentials.
func (c *Cluster) EtcdURL() string { return fmt.Sprintf("http://127.0.0.1:%d", c.ports.Etcd) }

// EtcdClient returns a client of etcd. The caller closes it.
func (c *Cluster) EtcdClient(ctx context.Context) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Context:     ctx,
		Endpoints:   []string{c.EtcdURL()},
		DialTimeout: 5 * time.Second,
		Logger:      zap.NewNop(),
	})
}

// Revision returns the newest revision.
func (c *Cluster) Revision(ctx context.Context) (int64, error) {
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	return revision(ctx, client)
}

// Compact makes etcd forget everything before a revision (0: before the newest one) and returns it.
// History cannot go behind it any more. The API server alone does not notice: what its clients ask for
// comes from its own memory. Restart it, and a watch from an old resourceVersion is answered 410.
func (c *Cluster) Compact(ctx context.Context, at int64) (int64, error) {
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	if at == 0 {
		if at, err = revision(ctx, client); err != nil {
			return 0, err
		}
	}
	_, err = client.Compact(ctx, at, clientv3.WithCompactPhysical())
	return at, err
}

// History calls each for every change that was ever made, in order. An error of each ends it and is
// returned. Nothing is sampled: what is not reported has not happened.
func (c *Cluster) History(ctx context.Context, query Query, each func(Change) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	last := query.To
	newest, err := revision(ctx, client)
	if err != nil {
		return err
	}
	if last == 0 || last > newest {
		last = newest
	}
	// A watch from the past delivers it. It must be on *all* keys: every revision changes at least one, so
	// the one with the last revision is a sure end, and no change can hide behind it.
	const first = 2 // revision 1 is the empty store
	next := max(query.From, first)
	if next > last {
		return nil
	}
	everything := clientv3.WithRange("\x00")
	for answer := range client.Watch(ctx, "\x00", everything, clientv3.WithRev(next)) {
		if answer.CompactRevision != 0 {
			return &CompactedError{answer.CompactRevision}
		}
		if err := answer.Err(); err != nil {
			return err
		}
		for _, event := range answer.Events {
			at := event.Kv.ModRevision
			if at > last {
				return nil
			}
			if !query.selects(string(event.Kv.Key)) {
				continue
			}
			change := Change{Revision: at, Key: string(event.Kv.Key)}
			if event.Type != clientv3.EventTypeDelete {
				change.Value = event.Kv.Value
			}
			if err := each(change); err != nil {
				return err
			}
		}
		// All changes of one revision come in one answer: etcd splits only if asked to.
		if answer.Header.Revision >= last && len(answer.Events) > 0 &&
			answer.Events[len(answer.Events)-1].Kv.ModRevision >= last {
			return nil
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("etcd ended the watch")
}

// World is what was stored at one revision: objects by key. Read only, and only until the function it was
// given to returns.
type World map[string]*unstructured.Unstructured

// Sorted returns the keys with a prefix in order.
func (w World) Sorted(prefix string) []string {
	var keys []string
	for key := range w {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Replay plays history again and calls check with the world after every revision that changed something of
// what the query selects; changes are those of this revision. An error of check ends it and is returned
// with the revision. query.From only says where the checks begin: the world is complete always.
//
// This is the oracle for "never": an invariant checked here holds in every state that ever was, not only
// in those that a test happened to look at.
func (c *Cluster) Replay(ctx context.Context, query Query, check func(revision int64, changes []Change, world World) error) error {
	world := World{}
	var pending []Change
	finish := func() error {
		if len(pending) == 0 {
			return nil
		}
		changes := pending
		pending = nil
		for _, change := range changes {
			if change.Deleted() {
				delete(world, change.Key)
				continue
			}
			object, err := change.Object()
			if err != nil {
				return err
			}
			world[change.Key] = object
		}
		at := changes[0].Revision
		if at < query.From {
			return nil
		}
		if err := check(at, changes, world); err != nil {
			return fmt.Errorf("revision %d: %w", at, err)
		}
		return nil
	}
	whole := query
	whole.From = 0
	err := c.History(ctx, whole, func(change Change) error {
		if len(pending) > 0 && pending[0].Revision != change.Revision {
			if err := finish(); err != nil {
				return err
			}
		}
		pending = append(pending, change)
		return nil
	})
	if err != nil {
		return err
	}
	return finish()
}

// Copy returns a world that may be kept. The objects in it are shared: they are never changed.
func (w World) Copy() World { return maps.Clone(w) }

func (q Query) selects(key string) bool {
	if len(q.Prefixes) == 0 {
		return strings.HasPrefix(key, "/registry/")
	}
	return slices.ContainsFunc(q.Prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// revision asks for a key that does not exist: the header of the answer has the newest revision.
func revision(ctx context.Context, client *clientv3.Client) (int64, error) {
	answer, err := client.Get(ctx, "none", clientv3.WithCountOnly())
	if err != nil {
		if errors.Is(err, rpctypes.ErrTimeout) {
			return 0, fmt.Errorf("etcd does not answer: %w", err)
		}
		return 0, err
	}
	return answer.Header.Revision, nil
}
