package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Snapshot is what etcd had stored at one moment, with its history until then.
type Snapshot struct {
	Revision int64 // the newest one in it
	dir      string
}

// Snapshot saves the data of etcd. It is frozen while its files are copied: what they hold is what a SIGKILL
// at that moment would have left, which etcd can always start from. The copy lives as long as the cluster's
// folder.
func (c *Cluster) Snapshot(ctx context.Context) (Snapshot, error) {
	before, err := c.Revision(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	dir, err := os.MkdirTemp(c.dir, "snapshot-")
	if err != nil {
		return Snapshot{}, err
	}
	if err := c.Etcd.Pause(); err != nil {
		return Snapshot{}, err
	}
	err = os.CopyFS(dir, os.DirFS(c.etcdDir()))
	if err = errors.Join(err, c.Etcd.Resume()); err != nil {
		return Snapshot{}, fmt.Errorf("copy the data of etcd: %w", err)
	}
	return Snapshot{Revision: before, dir: dir}, nil
}

// Restore brings back what a snapshot holds, as administrators do it: API servers and controllers end, etcd
// ends, gets the old data and starts, then the others start again. All that came behind the snapshot has never
// been, and revisions go back: those that were given out since are given out again, to other things.
//
// BumpTo avoids the last: if it is larger than the revision of the snapshot, revisions go on behind it and
// the history before it is compacted, as by "etcdutl snapshot restore --bump-revision --mark-compacted".
func (c *Cluster) Restore(ctx context.Context, snapshot Snapshot, bumpTo int64) error {
	components := c.components()
	for i := len(components) - 1; i >= 0; i-- { // etcd is the first
		if err := components[i].Kill(); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(c.etcdDir()); err != nil {
		return err
	}
	if err := os.CopyFS(c.etcdDir(), os.DirFS(snapshot.dir)); err != nil {
		return err
	}
	if err := os.Chmod(c.etcdDir(), 0o700); err != nil { // etcd insists on it
		return err
	}
	if err := c.Etcd.Start(ctx); err != nil {
		return err
	}
	if err := c.bump(ctx, bumpTo); err != nil {
		return fmt.Errorf("bump the revision: %w", err)
	}
	for _, component := range components[1:] {
		if err := component.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bump writes a key that is nobody's until a revision is reached, and forgets what was before.
func (c *Cluster) bump(ctx context.Context, to int64) error {
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	reached, err := revision(ctx, client)
	if err != nil || reached >= to {
		return err
	}
	for reached < to {
		answer, err := client.Put(ctx, "bump", strconv.FormatInt(reached, 10))
		if err != nil {
			return err
		}
		reached = answer.Header.Revision
	}
	_, err = client.Compact(ctx, reached, clientv3.WithCompactPhysical())
	return err
}

func (c *Cluster) etcdDir() string { return c.path("etcd") }
