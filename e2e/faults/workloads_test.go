package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// workload is something that people do and that the operator must carry out.
type workload struct {
	name       string
	fresh      bool          // needs a ledger shard that does not exist yet
	reuseAfter time.Duration // 0: a second
	prepare    func(*stage)  // what there is before, all of it served
	act        func(*stage)
	raced      string                              // writes that happen or not, as the operator sees what others do in time
	done       func(context.Context, *stage) error // the operator has carried it out; it may have more to do
}

// workloads are the stories that crash_test.go tells with a crash in every place.
var workloads = []workload{
	{
		name:  "allocate",
		fresh: true,
		act:   func(st *stage) { st.apply(allocation("web", web)) },
		done:  func(ctx context.Context, st *stage) error { return st.served(ctx, "web") },
	},
	{
		name: "allocate a group",
		act: func(st *stage) {
			st.apply(allocation("group", web, "name: dns, targetPort: 53, protocol: UDP",
				"name: metrics, targetPort: 9090, port: FIRST+5", "name: row, targetPort: 7000, count: 2"))
		},
		done: func(ctx context.Context, st *stage) error { return st.served(ctx, "group") },
	},
	{
		name: "release",
		prepare: func(st *stage) {
			st.apply(allocation("web", web, "name: metrics, targetPort: 9090"))
			st.awaitServed("web")
		},
		act:  func(st *stage) { st.remove("palloc", "web") },
		done: func(ctx context.Context, st *stage) error { return st.nothingOf(ctx, "web") },
	},
	{
		name:       "create again",
		reuseAfter: time.Hour, // else the number depends on how long the crash took
		prepare: func(st *stage) {
			st.apply(allocation("web", web))
			// Without another one the namespace's own policies may come and go.
			st.apply(allocation("other", "name: web, targetPort: 8080, port: FIRST+4"))
			st.awaitServed("web", "other")
		},
		act: func(st *stage) {
			st.remove("palloc", "web")
			st.apply(allocation("web", web))
		},
		done: func(ctx context.Context, st *stage) error { return st.served(ctx, "web", "other") },
	},
	{
		name:       "edit",
		reuseAfter: time.Hour,
		prepare: func(st *stage) {
			st.apply(allocation("web", web, "name: old, targetPort: 8081"))
			st.awaitServed("web")
		},
		act: func(st *stage) {
			st.patch("palloc", st.namespace, "web", `{"spec": {"exposure": "Cluster", "ports": [
				{"name": "web", "targetPort": 8080, "port": FIRST+6}, {"name": "new", "targetPort": 8082}]}}`)
		},
		done: func(ctx context.Context, st *stage) error { return st.served(ctx, "web") },
	},
	{
		name: "shrink the range",
		prepare: func(st *stage) {
			st.apply(allocation("stays", "name: web, targetPort: 8080, port: FIRST+1"))
			st.apply(allocation("drains", "name: web, targetPort: 8080, port: FIRST+7"))
			st.awaitServed("stays", "drains")
		},
		act: func(st *stage) {
			st.patch("prange", "", st.numbers, `{"spec": {"ports": ["FIRST+0-FIRST+3"]}}`)
			st.apply(allocation("comes", web))
		},
		done: func(ctx context.Context, st *stage) error {
			numbers, err := st.Get(ctx, "prange", "", st.numbers)
			if err != nil {
				return err
			}
			if draining, _ := kube.Int(numbers, "status.draining"); draining != 1 {
				return fmt.Errorf("%d numbers drain", draining)
			}
			return st.served(ctx, "stays", "drains", "comes")
		},
	},
	{
		name: "adopt a Service",
		prepare: func(st *stage) {
			st.apply(`
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {berth.dev/adopt: web}}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080, nodePort: FIRST+2}]}
`)
			// An operator that hears of the allocation first holds a number of its own for it until it hears of the Service.
			st.awaitExternal(1)
		},
		act:  func(st *stage) { st.apply(allocation("web", web)) },
		done: func(ctx context.Context, st *stage) error { return st.serves(ctx, "web", 2) },
	},
	{
		name:       "begin a migration",
		reuseAfter: time.Hour,
		prepare: func(st *stage) {
			st.apply(allocation("web", web))
			st.awaitServed("web")
		},
		act: func(st *stage) {
			st.patch("palloc", st.namespace, "web", `{"spec": {"ports": [
				{"name": "web", "targetPort": 8080, "port": FIRST+3, "migrateFrom": {"port": FIRST+0}}]}}`)
		},
		done: func(ctx context.Context, st *stage) error { return st.serves(ctx, "web", 0, 3) },
	},
	{
		name:       "end a migration",
		reuseAfter: time.Hour,
		prepare: func(st *stage) {
			st.apply(allocation("web", "name: web, targetPort: 8080, port: FIRST+3, migrateFrom: {port: FIRST+0}"))
			st.awaitServed("web")
		},
		act: func(st *stage) {
			st.patch("palloc", st.namespace, "web", `{"spec": {"ports": [
				{"name": "web", "targetPort": 8080, "port": FIRST+3}]}}`)
		},
		done: func(ctx context.Context, st *stage) error { return st.serves(ctx, "web", 3) },
	},
	{
		name:       "delete the namespace",
		raced:      "delete ",
		reuseAfter: time.Hour, // the control plane takes seconds for each of these: what comes later, "release" shows
		prepare: func(st *stage) {
			// Created within one second it would be for their UIDs to say who comes first.
			st.apply(allocation("web", "name: web, targetPort: 8080, port: FIRST+0"))
			st.apply(allocation("api", "name: web, targetPort: 8080, port: FIRST+1"))
			st.awaitServed("web", "api")
		},
		act: func(st *stage) {
			if err := st.Delete(st.t.Context(), "namespaces", "", st.namespace); err != nil {
				st.t.Fatal(err)
			}
		},
		done: func(ctx context.Context, st *stage) error {
			return st.nothingOf(ctx, "web", "api") // the namespace itself takes the control plane longer
		},
	},
	{
		name:  "repair",
		raced: "update portallocations/status ",
		prepare: func(st *stage) {
			st.apply(allocation("web", web))
			st.awaitServed("web")
		},
		act: func(st *stage) {
			st.remove("services", "web")
			st.patch("networkpolicies", st.namespace, "web-ingress", `{"spec": {"podSelector": {"matchLabels": {"app": "other"}}}}`)
		},
		done: func(ctx context.Context, st *stage) error {
			if _, err := st.Get(ctx, "services", st.namespace, "web"); err != nil {
				return err
			}
			policy, err := st.Get(ctx, "networkpolicies", st.namespace, "web-ingress")
			if err != nil {
				return err
			}
			if app := kube.Text(policy, "spec.podSelector.matchLabels.app"); app != "web" {
				return fmt.Errorf("the policy selects %s", app)
			}
			return st.served(ctx, "web")
		},
	},
}

// serves returns nil if the stage's only allocation is Ready with these numbers, counted from the first.
func (st *stage) serves(ctx context.Context, name string, numbers ...int64) error {
	if err := st.served(ctx, name); err != nil {
		return err
	}
	object, err := st.Get(ctx, "palloc", st.namespace, name)
	if err != nil {
		return err
	}
	var shown []int64
	for i := 0; ; i++ {
		number, ok := kube.Int(object, fmt.Sprintf("status.ports.%d.port", i))
		if !ok {
			break
		}
		shown = append(shown, number-st.first)
	}
	slices.Sort(shown)
	if !slices.Equal(shown, numbers) {
		return fmt.Errorf("%s shows FIRST+%v", name, shown)
	}
	return nil
}

// nothingOf returns nil when of allocations nothing is left: no Service, and no number that is held.
func (st *stage) nothingOf(ctx context.Context, names ...string) error {
	if err := st.served(ctx); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := st.Get(ctx, "services", st.namespace, name); !apierrors.IsNotFound(err) {
			return fmt.Errorf("Service %s still exists: %w", name, err)
		}
	}
	return st.nothingHeld(ctx)
}

// nothingHeld returns nil when no number of the stage is held.
func (st *stage) nothingHeld(ctx context.Context) error {
	entries, err := st.entries(ctx)
	if err != nil {
		return err
	}
	for number, entry := range entries {
		if strings.Contains(entry, " held ") {
			return fmt.Errorf("%d is held", number)
		}
	}
	return nil
}
