package faults

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/faultproxy"
	"berth.dev/e2e/kube"
)

// guard is a precondition of Berth's, a plan in which it is needed, and how the proxy takes it away.
type guard struct {
	name       string
	options    audit.Options
	reuseAfter time.Duration // 0: an hour
	plan       func(d *duel, without func(one duellist, match faultproxy.Match, action faultproxy.Action))
	caught     string // what the auditor finds without it
}

// What cannot be taken away from outside, because it happens inside the process, and what shows its worth:
//   - an entry is released only with the sequence that was judged: model/, core/allocation/release_test.cpp;
//   - a claim is decided anew after a conflict, not repeated: operator/bookkeeper_test.cpp, the simulation;
//   - a create has no precondition at all: a Service that another leader has sent and that is still under way
//     when its allocation goes is published for a moment. The number rests then, so nobody else has it.
//
// Lease and fence are no guards. In these plans two operators lead. And who does not see a larger fence goes on
// as before, but its writes fail: by the compare-and-swap, and by the schema, which lets a fence only grow.
var guards = []guard{
	{
		name: "compare-and-swap of a ledger",
		// The first operator's claim is late. The second has long done the work, and more.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			// The schema, which lets fence and nextSeq only grow, would refuse most late writes: a second wall.
			without(d.first, faultproxy.Match{Resource: "portledgers"},
				faultproxy.Newest("metadata.resourceVersion", "spec.fence", "spec.nextSeq"))
			d.start(d.first)
			d.apply(allocation("seed", web)) // the ledger exists: this is about its updates
			d.awaitServed("seed")
			release := d.hold(d.first, faultproxy.Match{Verbs: "update", Resource: "portledgers", Name: d.shard()},
				func() { d.apply(allocation("one", web)) })
			d.start(d.second)
			d.awaitServed("seed", "one")
			d.apply(allocation("two", web))
			d.awaitServed("seed", "one", "two")
			release()
		},
		caught: "I2",
	},
	{
		name: "precondition of a status",
		// The first operator shows a number late. By then it was edited away.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			without(d.first, faultproxy.Match{Resource: "portallocations/status"}, faultproxy.Strip(faultproxy.Version))
			lateEdit(d, faultproxy.Match{Verbs: "update", Resource: "portallocations/status"})
		},
		caught: "I2",
	},
	{
		name: "preconditions of a patch",
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			without(d.first, faultproxy.Match{Verbs: "patch"}, faultproxy.Strip(faultproxy.Version, faultproxy.UID))
			lateEdit(d, faultproxy.Match{Verbs: "patch", Resource: "services"})
		},
		caught: "I2",
	},
	{
		name: "UID of what is deleted",
		// The first operator deletes a Service late. By then it is another one of the same name.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			without(d.first, faultproxy.Match{Verbs: "delete"}, faultproxy.Strip(faultproxy.Version, faultproxy.UID))
			d.start(d.first)
			d.apply(allocation("web", web))
			d.awaitServed("web")
			release := d.hold(d.first, faultproxy.Match{Verbs: "delete", Resource: "services"},
				func() { d.remove("palloc", "web") })
			d.start(d.second)
			kube.Eventually(d.t, patience, "the number to be released",
				func(ctx context.Context) error { return d.nothingOf(ctx, "web") })
			d.apply(allocation("web", web))
			d.awaitServed("web")
			release()
		},
		caught: "withdrawn",
	},
	{
		name: "live read before a release",
		// The second operator sees the past: the owner of a number does not exist yet.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			d.start(d.first)
			d.apply(allocation("seed", web))
			d.awaitServed("seed")
			past := d.revision()
			d.apply(allocation("web", web))
			d.awaitServed("seed", "web")
			for _, kind := range []string{"portallocations", "services", "networkpolicies"} {
				d.second.proxy.When(faultproxy.Match{Verbs: "list", Resource: kind}, faultproxy.AsOf(past))
				d.second.proxy.When(faultproxy.Match{Verbs: "watch", Resource: kind}, faultproxy.Through(faultproxy.NewValve(true)))
				without(d.second, faultproxy.Match{Verbs: "get", Resource: kind}, faultproxy.AsOf(past))
			}
			d.start(d.second)
			d.await(d.second, "a look at the owner", func() bool { return d.second.proxy.Reads("get", "portallocations") > 0 })
			d.rest(d.second)
		},
		caught: "I2",
	},
	{
		name: "live read before a create",
		// The first operator sees the past. Then it hears of one thing: a Service is gone. Why, it does not hear.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			valves := map[string]*faultproxy.Valve{}
			for _, kind := range []string{"portallocations", "portledgers", "networkpolicies", "services"} {
				valves[kind] = faultproxy.NewValve(false)
				d.first.proxy.When(faultproxy.Match{Verbs: "watch", Resource: kind}, faultproxy.Through(valves[kind]))
			}
			d.start(d.first)
			d.apply(allocation("web", web))
			d.awaitServed("web")
			d.rest(d.first)
			past := d.revision()
			for _, valve := range valves {
				valve.Shut()
			}
			without(d.first, faultproxy.Match{Verbs: "get", Resource: "portallocations"}, faultproxy.AsOf(past))
			d.start(d.second)
			d.remove("palloc", "web")
			kube.Eventually(d.t, patience, "the number to be released",
				func(ctx context.Context) error { return d.nothingOf(ctx, "web") })
			if err := d.second.Kill(); err != nil {
				d.t.Fatal(err)
			}
			valves["services"].Open()
			d.await(d.first, "a look at the allocation", func() bool { return d.first.proxy.Reads("get", "portallocations") > 0 })
			d.rest(d.first)
		},
		caught: "I2",
	},
	{
		name: "cool-down",
		// The operator believes that numbers need no rest.
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			without(d.first, faultproxy.Match{Verbs: "get list watch update", Resource: "portranges"},
				faultproxy.Rewrite(func(object map[string]any) {
					if spec, ok := object["spec"].(map[string]any); ok {
						spec["reuseAfter"] = "0s"
					}
				}))
			d.start(d.first)
			d.apply(allocation("web", web))
			d.awaitServed("web")
			d.remove("palloc", "web")
			kube.Eventually(d.t, patience, "the number to be released",
				func(ctx context.Context) error { return d.nothingOf(ctx, "web") })
			// Whoever asks gets the lowest free number. What Services use is read with a lag, so the first heir may
			// still be given another than the one that has just become free; a later one is not.
			var heirs []string
			for len(heirs) < 3 {
				d.rest(d.first)
				heirs = append(heirs, fmt.Sprintf("heir-%d", len(heirs)))
				d.apply(allocation(heirs[len(heirs)-1], web))
				d.awaitServed(heirs...)
			}
		},
		caught: "I4",
	},
	{
		name:    "everything is read before the first claim",
		options: audit.Options{ViewLag: time.Millisecond}, // the Service is there long before the operator
		plan: func(d *duel, without func(duellist, faultproxy.Match, faultproxy.Action)) {
			past := d.revision()
			d.apply(`
apiVersion: v1
kind: Service
metadata: {name: foreign}
spec: {type: NodePort, selector: {app: foreign}, ports: [{port: 80, nodePort: FIRST+0}]}
`)
			d.clockBeats()
			without(d.first, faultproxy.Match{Verbs: "list", Resource: "services"}, faultproxy.AsOf(past))
			without(d.first, faultproxy.Match{Verbs: "watch", Resource: "services"}, faultproxy.Through(faultproxy.NewValve(true)))
			d.start(d.first)
			d.apply(allocation("web", web))
			kube.Eventually(d.t, patience, "web to have a number", func(context.Context) error {
				object, err := d.Get(d.t.Context(), "palloc", d.namespace, "web")
				if err != nil {
					return err
				}
				return kube.HasCondition(object, "Allocated", "True")
			})
		},
		caught: "I10",
	},
}

// lateEdit: an allocation is edited to another number. A write of the first operator that says so is late: by
// then the second one has carried out a second edit and released that number.
func lateEdit(d *duel, match faultproxy.Match) {
	edit := func(number string) {
		d.patch("palloc", d.namespace, "web", `{"spec": {"ports": [{"name": "web", "targetPort": 8080, "port": `+number+`}]}}`)
	}
	d.start(d.first)
	d.apply(allocation("web", web))
	d.awaitServed("web")
	release := d.hold(d.first, match, func() { edit("FIRST+3") })
	d.start(d.second)
	d.awaitServed("web")
	edit("FIRST+5")
	d.awaitServed("web")
	kube.Eventually(d.t, patience, "the number between to be released", func(ctx context.Context) error {
		left, err := d.state(ctx, false)
		if _, held := left["number FIRST+3"]; held && err == nil {
			return fmt.Errorf("FIRST+3 is held")
		}
		return err
	})
	release()
}

// With each guard a plan is without harm; without it the same plan breaks what the auditor watches over.
func TestEachGuardIsNeeded(t *testing.T) {
	for _, g := range guards {
		t.Run(g.name, func(t *testing.T) {
			t.Run("with it", func(t *testing.T) {
				if wrong := play(t, g, true); len(wrong) > 0 {
					t.Errorf("the plan does harm:\n%s", strings.Join(wrong, "\n"))
				}
			})
			t.Run("without it", func(t *testing.T) {
				wrong := play(t, g, false)
				if !strings.Contains(strings.Join(wrong, "\n"), ": "+g.caught+": ") {
					t.Errorf("%s is not found; found was:\n%s", g.caught, strings.Join(wrong, "\n"))
				}
				t.Log(strings.Join(wrong, "\n"))
			})
		})
	}
}

// play carries out a plan and returns what is wrong with its history.
func play(t *testing.T, g guard, guarded bool) []string {
	t.Helper()
	reuseAfter := g.reuseAfter
	if reuseAfter == 0 {
		reuseAfter = time.Hour
	}
	d := newDuel(t, g.options, reuseAfter)
	defer d.clear()
	g.plan(d, func(one duellist, match faultproxy.Match, action faultproxy.Action) {
		if !guarded {
			one.proxy.When(match, action)
		}
	})
	return d.end()
}
