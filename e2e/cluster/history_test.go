package cluster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestHistoryHasEveryRevisionInOrder(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	before, err := shared.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 20 {
		value := fmt.Sprintf("%d", i)
		want = append(want, configMap(t, c.Typed, namespace, "watched", value)+"="+value)
	}
	if err := c.Delete(t.Context(), "configmap", namespace, "watched"); err != nil {
		t.Fatal(err)
	}
	want = append(want, "deleted")

	var got []string
	var last int64
	query := cluster.Query{From: before, Prefixes: []string{cluster.Prefix("", "configmaps") + namespace + "/watched"}}
	err = shared.History(t.Context(), query, func(change cluster.Change) error {
		if change.Revision <= last {
			return fmt.Errorf("revision %d after %d", change.Revision, last)
		}
		last = change.Revision
		if change.Deleted() {
			got = append(got, "deleted")
			return nil
		}
		object, err := change.Object()
		if err != nil {
			return err
		}
		got = append(got, object.GetResourceVersion()+"="+kube.Text(object, "data.value"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestReplayShowsTheWorldAtEveryRevisionAndStopsAtTheFirstOffence(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	configMap(t, c.Typed, namespace, "a", "1")
	configMap(t, c.Typed, namespace, "b", "2")
	offence := configMap(t, c.Typed, namespace, "b", "1") // two with value 1
	configMap(t, c.Typed, namespace, "a", "3")            // no more: nobody who looks now can see it

	prefix := cluster.Prefix("", "configmaps") + namespace + "/"
	query := cluster.Query{Prefixes: []string{prefix + "a", prefix + "b"}}
	distinct := func(_ int64, _ []cluster.Change, world cluster.World) error {
		owners := map[string]string{}
		for _, key := range world.Sorted(prefix) {
			value := kube.Text(world[key], "data.value")
			if other, taken := owners[value]; taken {
				return fmt.Errorf("%s and %s both have %s", other, key, value)
			}
			owners[value] = key
		}
		return nil
	}
	err := shared.Replay(t.Context(), query, distinct)
	if err == nil || !strings.Contains(err.Error(), "revision "+offence+":") {
		t.Errorf("want an offence at revision %s, got %v", offence, err)
	}

	states := 0
	err = shared.Replay(t.Context(), query, func(_ int64, changes []cluster.Change, world cluster.World) error {
		states++
		if len(changes) != 1 || len(world) != min(states, 2) {
			return fmt.Errorf("%d changes, %d objects in state %d", len(changes), len(world), states)
		}
		return nil
	})
	if err != nil || states != 4 {
		t.Errorf("%d states, %v", states, err)
	}
}

// With a cluster of its own: compaction takes history away from all tests that share one.
func TestCompactionForgetsHistoryAndExpiresWatchesAfterARestart(t *testing.T) {
	own, err := cluster.Start(t.Context(), cluster.Options{Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	c := kube.MustNew(t, own.AdminConfig())
	old := configMap(t, c.Typed, "default", "x", "1")
	for i := range 5 {
		configMap(t, c.Typed, "default", "x", fmt.Sprint(i))
	}
	at, err := own.Compact(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var compacted *cluster.CompactedError
	err = own.History(t.Context(), cluster.Query{}, func(cluster.Change) error { return nil })
	if !errors.As(err, &compacted) || compacted.Oldest != at {
		t.Errorf("want a history cut off at %d, got %v", at, err)
	}
	if err := own.APIServer.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	watch, err := c.Typed.CoreV1().ConfigMaps("default").Watch(t.Context(), metav1.ListOptions{ResourceVersion: old})
	if err == nil { // the refusal comes as an event
		defer watch.Stop()
		err = apierrors.FromObject((<-watch.ResultChan()).Object)
	}
	if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
		t.Errorf("want the watch from %s to be expired, got %v", old, err)
	}
}
