package narrowing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
)

func TestAnOperatorOfSomeNamespacesServesThemAndAsksForNothingElse(t *testing.T) {
	w := newWorld(t)
	w.allocate(t, w.elsewhere, "other", 0)
	before := w.versions(t, w.elsewhere)
	w.start(t, w.narrow(t)...)
	w.allocate(t, "mesh", "api", 0)
	w.ready(t, "mesh", "api")
	w.allocate(t, "vpn", "gate", 0)
	w.ready(t, "vpn", "gate")
	for _, one := range [][3]string{
		{"service", "mesh", "api"}, {"networkpolicy", "mesh", "api-ingress"}, {"service", "vpn", "gate"},
	} {
		if _, err := w.Get(t.Context(), one[0], one[1], one[2]); err != nil {
			t.Error(err)
		}
	}
	// What is repaired, and what ends, is the same as ever.
	if err := w.Delete(t.Context(), "service", "mesh", "api"); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, site.Patience, "the Service to be there again", func(ctx context.Context) error {
		_, err := w.Get(ctx, "service", "mesh", "api")
		return err
	})
	// Both numbers are held, which an event about the range tells.
	kube.Eventually(t, site.Patience, "an event about the range", func(ctx context.Context) error {
		events, err := w.List(ctx, "events.events.k8s.io", "default")
		if err != nil {
			return err
		}
		for _, event := range events {
			if kube.Text(&event, "regarding.kind") == "PortRange" {
				return nil
			}
		}
		return fmt.Errorf("none among %d", len(events))
	})
	if err := w.Delete(t.Context(), "palloc", "vpn", "gate"); err != nil {
		t.Fatal(err)
	}
	w.AwaitGone(t, site.Patience, "service", "vpn", "gate")
	w.allocate(t, "mesh", "heir", 0)
	w.ready(t, "mesh", "heir")

	if after := w.versions(t, w.elsewhere); !maps.Equal(before, after) {
		t.Errorf("elsewhere there was %v, and is %v", before, after)
	}
	w.askedOnlyWhatItMay(t)
}

func TestNarrowingReleasesNothingAndDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.widen(t)
	wide := w.start(t)
	w.allocate(t, w.elsewhere, "stays", first)
	w.allocate(t, w.elsewhere, "goes", first+1)
	w.ready(t, w.elsewhere, "stays")
	w.ready(t, w.elsewhere, "goes")
	stop(t, wide)
	held := w.entries(t, w.elsewhere)
	if len(held) != size {
		t.Fatalf("the ledger has %v", held)
	}

	args := w.narrow(t)
	narrow := w.start(t, args...)
	before := w.versions(t, w.elsewhere)
	// An owner that is gone is released where it is seen, and its Service goes, which is the garbage collector's here.
	if err := w.Delete(t.Context(), "palloc", w.elsewhere, "goes"); err != nil {
		t.Fatal(err)
	}
	w.AwaitGone(t, site.Patience, "service", w.elsewhere, "goes")
	for i := range size {
		name := "asks-" + strconv.Itoa(i)
		w.allocate(t, "mesh", name, first+i)
		w.AwaitCondition(t, site.Patience, "palloc", "mesh", name, "Allocated", "False", "PortTaken")
	}
	w.allocate(t, "vpn", "any", 0)
	w.AwaitCondition(t, site.Patience, "palloc", "vpn", "any", "Allocated", "False", "RangeExhausted")
	w.askedOnlyWhatItMay(t)
	// Whoever begins looks at everything.
	stop(t, narrow)
	narrow = w.start(t, args...)
	w.allocate(t, "vpn", "later", 0)
	w.AwaitCondition(t, site.Patience, "palloc", "vpn", "later", "Allocated", "False", "RangeExhausted")
	if now := w.entries(t, w.elsewhere); !maps.Equal(held, now) {
		t.Errorf("the ledger had %v, and has %v", held, now)
	}
	after := w.versions(t, w.elsewhere)
	for name, version := range after {
		if before[name] != version {
			t.Errorf("%s of version %s has version %s", name, before[name], version)
		}
	}
	if _, err := w.Get(t.Context(), "service", w.elsewhere, "stays"); err != nil {
		t.Error(err)
	}
	w.askedOnlyWhatItMay(t)
	stop(t, narrow)

	for _, name := range []string{"any", "later"} { // which would take it first
		if err := w.Delete(t.Context(), "palloc", "vpn", name); err != nil {
			t.Fatal(err)
		}
	}
	w.widen(t)
	w.start(t)
	w.ready(t, "mesh", "asks-1") // the number of the one that went
	if now := w.entries(t, w.elsewhere); len(now) != 1 || now[strconv.Itoa(first)] != held[strconv.Itoa(first)] {
		t.Errorf("the ledger had %v, and has %v", held, now)
	}
	w.ready(t, w.elsewhere, "stays")
}

func TestANamespaceWhoseRightsEndIsLeftAloneAndTheOthersGoOn(t *testing.T) {
	w := newWorld(t)
	args := w.narrow(t)
	operator := w.start(t, args...)
	w.allocate(t, "vpn", "gate", 0)
	w.ready(t, "vpn", "gate")
	stop(t, operator)
	if err := w.Delete(t.Context(), "rolebinding", "vpn", "berth-operator-namespaced"); err != nil {
		t.Fatal(err)
	}
	w.awaitRight(t, "vpn", false)
	w.start(t, args...)
	held := w.entries(t, "vpn")
	w.allocate(t, "mesh", "api", 0)
	w.ready(t, "mesh", "api")
	if err := w.Delete(t.Context(), "palloc", "vpn", "gate"); err != nil {
		t.Fatal(err)
	}
	w.AwaitGone(t, site.Patience, "service", "vpn", "gate")
	w.allocate(t, "mesh", "second", 0)
	w.AwaitCondition(t, site.Patience, "palloc", "mesh", "second", "Allocated", "False", "RangeExhausted")
	if now := w.entries(t, "vpn"); !maps.Equal(held, now) {
		t.Errorf("the ledger had %v, and has %v", held, now)
	}
	w.narrow(t) // the RoleBinding is back
	w.ready(t, "mesh", "second")
}

// The RoleBinding is one of the things that end with a namespace, in no certain order.
func TestTheNumbersOfANamespaceAreReleasedWithIt(t *testing.T) {
	w := newWorld(t)
	w.start(t, w.narrow(t)...)
	w.allocate(t, "vpn", "gate", 0)
	w.ready(t, "vpn", "gate")
	if err := w.Delete(t.Context(), "rolebinding", "vpn", "berth-operator-namespaced"); err != nil {
		t.Fatal(err)
	}
	w.awaitRight(t, "vpn", false)
	if err := w.Delete(t.Context(), "namespace", "", "vpn"); err != nil {
		t.Fatal(err)
	}
	w.AwaitGone(t, site.Patience, "namespace", "", "vpn")
	kube.Eventually(t, site.Patience, "the numbers of vpn to be free", func(context.Context) error {
		if now := w.entries(t, "vpn"); len(now) > 0 {
			return errors.New("the ledger has " + fmt.Sprint(now))
		}
		return nil
	})
	w.allocate(t, "mesh", "api", 0)
	w.ready(t, "mesh", "api")
}
