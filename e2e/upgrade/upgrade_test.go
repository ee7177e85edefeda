package upgrade

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// Live allocations while releases are exchanged. conventions.md P23.
const live = 500

// kept are the objects of which nothing may be deleted, whatever is exchanged.
var kept = []string{
	cluster.Prefix("berth.dev", "portallocations"),
	cluster.Prefix("berth.dev", "portledgers"),
	cluster.Prefix("berth.dev", "portranges"),
	cluster.Prefix("berth.dev", "exposurepolicies"),
	cluster.Prefix("", "services/specs"),
	cluster.Prefix("", "networkpolicies"),
}

func TestUpAndDownAndUpAgainMovesNoPortAndDeletesNothing(t *testing.T) {
	previous, this := previousRelease(t), thisRelease(t)
	place := site.NewPlace(t, shared, site.Numbers{Name: "upgrade", First: 30200, Last: 30999, ReuseAfter: time.Second})
	place.MustApply(t, "", `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: upgrade}
spec: {internal: [{port: 5432, service: PostgreSQL}]}
`)
	at := previous.start(t, place)
	var allocations []*unstructured.Unstructured
	for i := range live {
		allocations = append(allocations, place.Allocation(fmt.Sprintf("ship-%03d", i), "web"))
	}
	place.CreateAll(4, allocations...)
	place.AwaitServed(live, 0)
	place.Settle()
	ports := portsOfServices(t, place)
	if len(ports) != live {
		t.Fatalf("%d Services for %d allocations", len(ports), live)
	}
	from := revision(t)

	served := live
	for _, next := range []release{this, previous, this} {
		at.stop(t)
		at = next.start(t, place)
		place.Settle()
		if now := portsOfServices(t, place); !holdsAll(t, next.name, ports, now) {
			t.FailNow()
		}
		refusesTheDatabase(t, place, next.name)
		// It works on, too, and for new ones as for old ones.
		place.CreateAll(1, place.Allocation(fmt.Sprintf("late-%d", served), "web"))
		served++
		place.AwaitServed(served, 0)
		place.Settle() // the range counts it a moment later
	}
	at.stop(t)
	nothingDeletedSince(t, from)
	place.Judge()
}

// portsOfServices are spec.ports of all Services of the allocations, by name.
func portsOfServices(t *testing.T, place *site.Place) map[string]any {
	t.Helper()
	services, err := place.List(t.Context(), "services", place.Home)
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string]any{}
	for _, service := range services {
		ports[service.GetName()], _ = kube.Value(&service, "spec.ports")
	}
	return ports
}

// holdsAll compares with what was there before; new Services are none of its business.
func holdsAll(t *testing.T, release string, before, now map[string]any) bool {
	t.Helper()
	for name, ports := range before {
		if !reflect.DeepEqual(ports, now[name]) {
			t.Errorf("with the %s release Service %s has %v, and had %v", release, name, now[name], ports)
		}
	}
	return !t.Failed()
}

func refusesTheDatabase(t *testing.T, place *site.Place, release string) {
	t.Helper()
	database := kube.MustParseOne(t, `
apiVersion: v1
kind: Service
metadata: {name: database}
spec: {type: NodePort, selector: {app: pg}, ports: [{port: 5432}]}
`)
	database.SetNamespace(place.Home)
	// The API server hears of the registration a moment after it is written.
	kube.Eventually(t, site.Patience, "the webhook of the "+release+" release to be asked", func(ctx context.Context) error {
		if _, err := place.DryRun(ctx, database); err != nil {
			kube.ExpectRejected(t, err, "5432", "PostgreSQL")
			return nil
		}
		return fmt.Errorf("a Service that shows PostgreSQL is let in")
	})
}

func nothingDeletedSince(t *testing.T, from int64) {
	t.Helper()
	seen := 0
	err := shared.History(t.Context(), cluster.Query{From: from + 1, Prefixes: kept}, func(change cluster.Change) error {
		seen++
		if change.Deleted() {
			t.Errorf("%s was deleted at revision %d", change.Key, change.Revision)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes while releases were exchanged, no deletion", seen)
}

func revision(t *testing.T) int64 {
	t.Helper()
	revision, err := shared.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return revision
}
