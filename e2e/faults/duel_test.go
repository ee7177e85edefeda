package faults

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// duellist is an operator with a proxy of its own.
type duellist struct {
	*programs.Program
	proxy *faultproxy.Proxy
}

// duel is a stage with two operators that both believe they lead: the first by the Lease, the second by one
// of its own. Neither runs yet.
type duel struct {
	*stage
	first, second duellist
}

// secondLease is where the transitions of the second operator's lease begin: it is the newest leader.
var secondLease int64

func newDuel(t *testing.T, options audit.Options, reuseAfter time.Duration) *duel {
	t.Helper()
	options.LeasesOfTheirOwn = true
	s := newSite(t, options)
	d := &duel{stage: s.newStage(reuseAfter, false)}
	for name, one := range map[string]*duellist{firstIdentity: &d.first, "second": &d.second} {
		one.proxy = s.newProxy()
		one.Program = s.newOperator(one.proxy, name)
	}
	const far = 1000 // no first operator has led so often since
	secondLease += far
	d.second.proxy.When(faultproxy.Match{Resource: "leases"}, faultproxy.OwnLease(secondLease))
	return d
}

// start lets an operator begin.
func (d *duel) start(one duellist) {
	d.t.Helper()
	if err := one.Start(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// hold keeps the next request of an operator that fits before the API server, and returns when it is there.
// The function that it returns lets it go, and waits until it is answered if it is a write.
func (d *duel) hold(one duellist, match faultproxy.Match, act func()) (release func()) {
	d.t.Helper()
	gate := faultproxy.NewGate()
	d.t.Cleanup(gate.Open)
	match.Times = 1
	wait := faultproxy.Hold(gate)
	var held *faultproxy.Request
	// In front of the rules that take a guard away: those see the request when it is sent.
	one.proxy.WhenFirst(match, func(ctx context.Context, r *faultproxy.Request, send faultproxy.Send) (*faultproxy.Answer, error) {
		held = r
		return wait(ctx, r, send)
	})
	act()
	select {
	case <-gate.Reached():
	case <-time.After(patience):
		d.t.Fatalf("%s has not come to %s %s\n%s", one.Name(), match.Verbs, match.Resource, d.story(one.proxy))
	}
	return func() {
		d.t.Helper()
		gate.Open()
		if !held.IsWrite() {
			return
		}
		d.await(one, fmt.Sprintf("%s to be answered", held), func() bool {
			for _, write := range one.proxy.Writes() {
				if write.Number == held.Number {
					return !write.Ended.IsZero()
				}
			}
			return false
		})
	}
}

// await waits for something that requests of an operator bring about.
func (d *duel) await(one duellist, what string, done func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeoutCause(d.t.Context(), patience, fmt.Errorf("waited %s for %s", patience, what))
	defer cancel()
	if err := one.proxy.Await(ctx, done); err != nil {
		d.t.Fatal(err)
	}
}

// rest waits until an operator has asked for nothing for a while: it has done what it will do.
func (d *duel) rest(one duellist) {
	d.t.Helper()
	const quiet = 700 * time.Millisecond // longer than it puts off anything
	others := func() int { return one.proxy.Requests() - one.proxy.Reads("get", "leases") - leaseWrites(one.proxy) }
	for began := time.Now(); ; {
		before := others()
		ctx, cancel := context.WithTimeout(d.t.Context(), quiet)
		err := one.proxy.Await(ctx, func() bool { return others() != before })
		cancel()
		if err != nil {
			return
		}
		if time.Since(began) > patience {
			d.t.Fatalf("%s never rests", one.Name())
		}
	}
}

func leaseWrites(proxy *faultproxy.Proxy) (count int) {
	for _, write := range proxy.Writes() {
		if write.Resource == "leases" {
			count++
		}
	}
	return count
}

// end kills both and judges all that has happened.
func (d *duel) end() []string {
	d.t.Helper()
	for _, one := range []duellist{d.first, d.second} {
		if err := one.Kill(); err != nil {
			d.t.Fatal(err)
		}
	}
	_, wrong, err := d.watch.Judge(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	var all []string
	for _, one := range wrong {
		all = append(all, one.String())
	}
	withdrawn, err := d.withdrawn(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return append(all, withdrawn...)
}

// withdrawn tells which Services have gone while their allocations lived: no user of these tests deletes one.
func (d *duel) withdrawn(ctx context.Context) ([]string, error) {
	services := cluster.Prefix("", "services/specs") + d.namespace + "/"
	allocations := cluster.Prefix("berth.dev", "portallocations") + d.namespace + "/"
	alive := map[string]bool{}
	stored := map[string]*unstructured.Unstructured{}
	var found []string
	query := cluster.Query{From: d.from, Prefixes: []string{services, allocations}}
	err := shared.History(ctx, query, func(change cluster.Change) error {
		before := stored[change.Key]
		if !change.Deleted() {
			object, err := change.Object()
			if err != nil {
				return err
			}
			stored[change.Key] = object
			if strings.HasPrefix(change.Key, allocations) {
				alive[string(object.GetUID())] = true
			}
			return nil
		}
		delete(stored, change.Key)
		if strings.HasPrefix(change.Key, allocations) {
			alive[string(before.GetUID())] = false
		} else if owner := before.GetLabels()["berth.dev/allocation-uid"]; alive[owner] {
			found = append(found, fmt.Sprintf("revision %d: withdrawn: Service %s is deleted, and its allocation lives",
				change.Revision, before.GetName()))
		}
		return nil
	})
	return found, err
}

// clear removes what a plan has left, so that the next one begins in order.
func (d *duel) clear() {
	ctx := context.Background()
	remove := func(kind, namespace, name string) {
		if err := d.Delete(ctx, kind, namespace, name); err != nil && !apierrors.IsNotFound(err) {
			d.t.Error(err)
		}
	}
	for _, kind := range []string{"palloc", "services", "networkpolicies"} {
		list, err := d.List(ctx, kind, d.namespace)
		if err != nil {
			d.t.Error(err)
		}
		for _, object := range list {
			remove(kind, d.namespace, object.GetName())
		}
	}
	remove("prange", "", d.numbers)
	remove("pledger", "", d.shard())
}

// revision returns the newest one.
func (d *duel) revision() int64 {
	d.t.Helper()
	now, err := shared.Revision(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return now
}

// clockBeats waits until the auditor's clock has told that time has passed since now.
func (d *duel) clockBeats() {
	d.t.Helper()
	const beats = 4 // two that enclose now, and two that enclose what comes next
	seen := map[string]bool{}
	kube.Eventually(d.t, patience, "the clock to go on", func(ctx context.Context) error {
		clock, err := d.Get(ctx, "configmaps", audit.ClockNamespace, audit.ClockName)
		if err != nil {
			return err
		}
		seen[clock.GetResourceVersion()] = true
		if len(seen) <= beats {
			return fmt.Errorf("%d beats", len(seen))
		}
		return nil
	})
}
