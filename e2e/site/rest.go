package site

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
)

// Rest is a time in which nobody was to write.
type Rest struct {
	// LateCounts: how often an event of the time before came may be written once more, which happens at most a minute
	// after it came first.
	LateCounts bool

	cluster  *cluster.Cluster
	revision int64
	began    time.Time
}

// BeginRest begins one. The cluster needs an audit log.
func BeginRest(ctx context.Context, c *cluster.Cluster) (Rest, error) {
	revision, err := c.Revision(ctx)
	return Rest{cluster: c, revision: revision, began: time.Now()}, err
}

// Until waits until the rest has lasted for so long: that nothing happens takes time.
func (r Rest) Until(ctx context.Context, during time.Duration) error {
	select {
	case <-time.After(during - time.Since(r.began)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const mostTold = 20

// Broken tells what was written since by anybody of what Berth writes, and what the operator has asked the API
// server to write, also if that changed nothing. The first few are told. It is an error if the operator shows no sign
// of life.
func (r Rest) Broken(ctx context.Context) ([]string, error) {
	changed, err := r.changed(ctx)
	if err != nil {
		return nil, err
	}
	var asked []string
	renewals := 0
	err = r.cluster.AuditEvents(func(event cluster.AuditEvent) error {
		resource := ""
		if event.ObjectRef != nil {
			resource = event.ObjectRef.Resource
		}
		switch {
		case event.User.Username != OperatorUser || event.Received.Before(r.began) || !event.IsWrite():
		case resource == "leases":
			renewals++
		case r.LateCounts && resource == "events" && event.Verb == "patch": // judged by what it changed
		default:
			asked = append(asked, fmt.Sprintf("the operator asked %s %s and was answered %d", event.Verb, event.RequestURI, event.ResponseStatus.Code))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if renewals == 0 {
		return nil, errors.New("not even the lease was renewed: the operator does not work, or the audit log is not complete")
	}
	return append(changed, asked[:min(len(asked), mostTold)]...), nil
}

func (r Rest) changed(ctx context.Context) ([]string, error) {
	events, configMaps := cluster.Prefix("", "events"), cluster.Prefix("", "configmaps")
	clock := configMaps + audit.ClockNamespace + "/" + audit.ClockName
	counted := map[string]bool{}
	var found []string
	query := cluster.Query{From: r.revision + 1, Prefixes: append(Written(), events, configMaps)}
	err := r.cluster.History(ctx, query, func(change cluster.Change) error {
		if change.Deleted() && strings.HasPrefix(change.Key, events) {
			return nil // the API server lets go of events after an hour; what the operator asks for is looked at besides
		}
		if r.LateCounts && strings.HasPrefix(change.Key, events) && !counted[change.Key] {
			again, err := isSeries(change)
			if counted[change.Key] = true; again || err != nil {
				return err
			}
		}
		if len(found) < mostTold && change.Key != clock {
			found = append(found, fmt.Sprintf("%s changed at revision %d", change.Key, change.Revision))
		}
		return nil
	})
	return found, err
}

// isSeries tells whether an event is not the first of its kind.
func isSeries(change cluster.Change) (bool, error) {
	if change.Deleted() {
		return false, nil
	}
	object, err := change.Object()
	if err != nil {
		return false, err
	}
	_, again := kube.Value(object, "series.count")
	return again, nil
}
