package audit_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/audit"
)

func TestGoodHistoriesPass(t *testing.T) {
	two := newHistory().allocation("a", "p q", "").ledger("100=held:a 101=held:a").
		allocation("a", "p q", "p=100 q=101").service("a", "a", "p=100 q=101")
	for name, h := range map[string]*history{
		"published":                    newHistory().published("a", 100),
		"counted":                      newHistory().published("a", 100).portRange("r", counted, "allocated: 1", "cooling: 0"),
		"two ports":                    two,
		"number shared by TCP and UDP": newHistory().allocation("a", "p q{protocol:UDP}", "").ledger("100=held:a").allocation("a", "p q{protocol:UDP}", "p=100 q=100/UDP").service("a", "a", "p=100 q=100/UDP"),
		"released, rested, given to the next": newHistory().beat(0).published("a", 100).released("a", 100).
			beat(1, 2.1).ledger("").published("b", 100).beat(2.2, 2.4),
		"given back to a name by another UID after its rest": newHistory().beat(0).published("a", 100).released("a", 100).
			beat(3).ledger("").put(allocationKey("a"), allocationText("uid-a2", "a", 1, "rangeName: r", "p", "")).ledger("100=held:a+2").
			put(allocationKey("a"), allocationText("uid-a2", "a", 1, "rangeName: r", "p", "p=100")).
			service("a", "a2", "p=100").beat(4, 5),
		"a sticky number goes to the heir at once": newHistory().beat(0).sticky("a", "").ledger("100=held:a").sticky("a", "p=100").
			gone(allocationKey("a")).ledger("100=resting:a").put(allocationKey("a"), stickyText("uid-a2", "")).ledger("100=held:a+2").
			put(allocationKey("a"), stickyText("uid-a2", "p=100")).service("a", "a2", "p=100").beat(1, 2),
		"an entry says itself that it waits for its heir": newHistory().beat(0).published("a", 100).withdrawn("a").
			ledger("100=resting:a;sticky=600").put(allocationKey("a"), allocationText("uid-a2", "a", 1, "rangeName: r", "p", "")).
			ledger("100=held:a+2").put(allocationKey("a"), allocationText("uid-a2", "a", 1, "rangeName: r", "p", "p=100")).
			service("a", "a2", "p=100").beat(1, 2),
		"waiting for a number": newHistory().allocation("a", "p", ""),
		"claim taken back before anybody saw it": newHistory().allocation("a", "p", "").ledger("100=held:a").
			ledger("100=resting:a").ledger(""),
		"the owner takes back what rests": newHistory().beat(0).allocation("a", "p", "").ledger("100=held:a").ledger("100=resting:a").
			ledger("100=held:a").allocation("a", "p", "p=100").service("a", "a", "p=100").beat(0.1, 0.2),
		"somebody else's Service outside the range": newHistory().published("a", 100).service("other", "", "p=110"),
		"somebody else's Service inside it":         newHistory().published("a", 100).service("other", "", "p=101"),
		"edited number": newHistory().published("a", 100).edited("a", 2, "rangeName: r", "p=101", "p=100").ledger("100=held:a 101=held:a").
			generation("a", 2, "rangeName: r", "p=101", "p=101").service("a", "a", "p=101").ledger("100=resting:a 101=held:a"),
		"a Service comes when its allocation has gone, at the number that its status told": newHistory().beat(0).published("a", 100).
			ledger("100=held:a 101=held:a").generation("a", 2, "rangeName: r", "p=101", "p=101").gone(serviceKey("a")).
			gone(allocationKey("a")).service("a", "a", "p=101").gone(serviceKey("a")).gone(policyKey("a")).ledger("100=resting:a 101=resting:a").beat(1),
		"edited range": newHistory().portRange("s", `{space: NodePort, ports: ["200-209"]}`).published("a", 100).
			edited("a", 2, "rangeName: s", "p", "p=100").ledger("100=held:a 200=held:a>s").
			generation("a", 2, "rangeName: s", "p", "p=200").service("a", "a", "p=200").ledger("100=resting:a 200=held:a>s"),
		"status lags behind an edited spec": newHistory().published("a", 100).put(allocationKey("a"),
			strings.Replace(allocationText("uid-a", "a", 2, "rangeName: r", "p q", "p=100"), "observedGeneration: 2", "observedGeneration: 1", 1)).
			ledger("100=held:a 101=held:a").generation("a", 2, "rangeName: r", "p q", "p=100 q=101").service("a", "a", "p=100 q=101"),
		"a port gets a count for which there is no room": newHistory().published("a", 100).put(allocationKey("a"),
			strings.NewReplacer(`{type: Allocated, status: "True", reason: NumbersHeld}`, `{type: Allocated, status: "False", reason: CannotGrow}`).
				Replace(allocationText("uid-a", "a", 2, "rangeName: r", "p{count:2}", "p-0=100"))).service("a", "a", "p-0=100"),
		"an edit asks for more than there is": newHistory().published("a", 100).put(allocationKey("a"),
			strings.NewReplacer(`{type: Allocated, status: "True", reason: NumbersHeld}`, `{type: Allocated, status: "False", reason: RangeExhausted}`).
				Replace(allocationText("uid-a", "a", 2, "rangeName: r", "p q", "p=100"))),
		"a port is removed": two.copy().generation("a", 2, "rangeName: r", "p", "p=100").service("a", "a", "p=100").ledger("100=held:a 101=resting:a"),
		"a range shrinks under a number": newHistory().published("a", 100).
			portRange("r", `{space: NodePort, ports: ["101-109"], reuseAfter: 2s}`, "allocated: 0", "cooling: 0"),
		"a number is issued while a range is edited": newHistory().beat(0).allocation("a", "p", "").beat(1).
			portRange("r", `{space: NodePort, ports: ["101-109"], reuseAfter: 2s}`, "allocated: 0", "cooling: 0").beat(2).
			ledger("100=held:a").allocation("a", "p", "p=100").service("a", "a", "p=100"),
		"a Service comes a moment before the number is issued": newHistory().beat(0).allocation("a", "p", "").beat(1).
			service("other", "", "p=100").beat(1.2, 1.3).ledger("100=held:a").ledger("100=resting:a").beat(1.4, 1.5),
		"a chosen number that was never published is exchanged": newHistory().beat(0).allocation("a", "p", "").ledger("100=held:a").
			allocation("a", "p", "p=100").service("other", "", "p=100").ledger("100=held:a 101=held:a").allocation("a", "p", "p=101").
			service("a", "a", "p=101").ledger("100=resting:a 101=held:a"),
		"a row that was never published is exchanged when one of its numbers is taken": newHistory().beat(0).
			allocation("a", "p{count:2}", "").ledger("100=held:a 101=held:a").allocation("a", "p{count:2}", "p-0=100 p-1=101").
			service("other", "", "p=100").ledger("100=held:a 101=held:a 102=held:a 103=held:a").
			allocation("a", "p{count:2}", "p-0=102 p-1=103").service("a", "a", "p-0=102 p-1=103").
			ledger("100=resting:a 101=resting:a 102=held:a 103=held:a"),
		"numbers in a row": newHistory().allocation("a", "p{count:3}", "").ledger("100=held:a 101=held:a 102=held:a").
			allocation("a", "p{count:3}", "p-0=100 p-1=101 p-2=102").service("a", "a", "p-0=100 p-1=101 p-2=102"),
		"the API server frees a number that is published, and gives it to somebody else": newHistory().marks(100).published("a", 100).
			marks().marks(100).service("stranger", "", "p=100").gone(serviceKey("stranger")),
		"the API server loses its mark of a number before it stores the Service": newHistory().marks(100).marks().published("a", 100).
			marks(100).service("stranger", "", "p=100").gone(serviceKey("stranger")),
		"the API server gives a number that is not open on nodes to somebody else": newHistory().allocation("a", "p", "").
			ledger("100=held:a").allocation("a", "p", "p=100").policy("a", "a").service("a", "a", "p=100!").
			service("stranger", "", "p=100").gone(serviceKey("stranger")),
		"one number under two protocols": newHistory().allocation("a", "p{alsoProtocol:UDP}", "").ledger("100=held:a").
			allocation("a", "p{alsoProtocol:UDP}", "p=100 p-udp=100/UDP").service("a", "a", "p=100 p-udp=100/UDP"),
		"a second protocol comes and goes": newHistory().published("a", 100).allocation("a", "p{alsoProtocol:UDP}", "p=100 p-udp=100/UDP").
			service("a", "a", "p=100 p-udp=100/UDP").allocation("a", "p", "p=100").service("a", "a", "p=100"),
		"a migration of two protocols": newHistory().portRange("s", `{space: NodePort, ports: ["200-209"]}`).
			allocation("a", "p{alsoProtocol:UDP,migrateFrom:{port:200}}", "").ledger("100=held:a 200=held:a").
			allocation("a", "p{alsoProtocol:UDP,migrateFrom:{port:200}}", "p=100 p-udp=100/UDP p-old=200 p-udp-old=200/UDP").
			service("a", "a", "p=100 p-udp=100/UDP p-old=200 p-udp-old=200/UDP"),
		"a migration, and its end": newHistory().portRange("s", `{space: NodePort, ports: ["200-209"]}`).allocation("a", "p{migrateFrom:{port:200}}", "").
			ledger("100=held:a 200=held:a").allocation("a", "p{migrateFrom:{port:200}}", "p=100 p-old=200").
			service("a", "a", "p=100 p-old=200").allocation("a", "p{migrateFrom:{port:200}}", "p=100").service("a", "a", "p=100").
			ledger("100=held:a 200=resting:a"),
		"a Service is adopted, with a number outside the range": newHistory().beat(0).put(serviceKey("a"), adopted).beat(1, 2, 40).
			allocation("a", "p", "").ledger("200=held:a").allocation("a", "p", "p=200").service("a", "a", "web=200"),
		"a lost ledger is written anew": newHistory().lease("x", 1).published("a", 100).gone(shardKey("nodeport-000")).lease("y", 2).
			ledger("100=held:a").allocation("b", "p", "").ledger("100=held:a 101=held:b").allocation("b", "p", "p=101").service("b", "b", "p=101"),
		"quota to the last": newHistory().portRange("r", limited).allocation("a", "p q", "").ledger("100=held:a 101=held:a").
			allocation("a", "p q", "p=100 q=101").service("a", "a", "p=100 q=101"),
		"an edit needs two numbers for a moment": newHistory().portRange("r", `{space: NodePort, ports: ["100-109"], limits: {perNamespace: 1}}`).
			published("a", 100).edited("a", 2, "rangeName: r", "p=101", "p=100").ledger("100=held:a 101=held:a").
			generation("a", 2, "rangeName: r", "p=101", "p=101").service("a", "a", "p=101").ledger("100=resting:a 101=held:a"),
		"one host port on two nodes": perNode().generation("a", 1, "rangeName: h, nodeName: n1", "p", "").
			ledgerOf("hostport-000", "HostPort", "h", "100-TCP@n1=held:a").generation("a", 1, "rangeName: h, nodeName: n1", "p", "p=100").
			generation("b", 1, "rangeName: h, nodeName: n2", "p", "").
			ledgerOf("hostport-000", "HostPort", "h", "100-TCP@n1=held:a 100-TCP@n2=held:b").generation("b", 1, "rangeName: h, nodeName: n2", "p", "p=100"),
		"one Service port for TCP and another's for UDP": loadBalancers().generation("a", 1, "rangeName: l", "p", "").
			ledgerOf("service-000", "Service", "l", "100-TCP=held:a").generation("a", 1, "rangeName: l", "p", "p=100").service("a", "a", "p=100!").
			generation("b", 1, "rangeName: l", "p{protocol:UDP}", "").
			ledgerOf("service-000", "Service", "l", "100-TCP=held:a 100-UDP=held:b").
			generation("b", 1, "rangeName: l", "p{protocol:UDP}", "p=100/UDP").service("b", "b", "p=100/UDP!"),
		"the same number in two spaces": loadBalancers().published("a", 100).generation("b", 1, "rangeName: l", "p", "").
			ledgerOf("service-000", "Service", "l", "100-TCP=held:b").generation("b", 1, "rangeName: l", "p", "p=100").service("b", "b", "p=100!"),
		"its own pod has the host port": hostPorts().beat(0, 20).pod("pod", "app: a", 100).beat(40).generation("a", 1, "rangeName: h", "p", "").
			ledgerOf("hostport-000", "HostPort", "h", "100-TCP=held:a").generation("a", 1, "rangeName: h", "p", "p=100"),
		"a leader releases in time": newHistory().lease("x", 1).beat(0).published("a", 100).withdrawn("a").beat(30, 31, 32).
			lease("x", 1).beat(33).ledger("100=resting:a"),
		"nobody led while the entry was left": newHistory().lease("x", 1).beat(0).published("a", 100).withdrawn("a").beat(100, 200, 300).
			lease("y", 2).beat(301).ledger("100=resting:a"),
	} {
		for _, wrong := range h.judge(audit.Options{}) {
			if wrong.Invariant != "I13" || strings.Contains(name, "counted") || strings.Contains(name, "shrinks") {
				t.Errorf("%s: %v", name, wrong)
			}
		}
	}
}

const (
	counted = `{space: NodePort, ports: ["100-109"], reuseAfter: 2s}`
	limited = `{space: NodePort, ports: ["100-109"], limits: {perNamespace: 2}}`
	adopted = `
apiVersion: v1
kind: Service
metadata: {namespace: ns, name: a, uid: service-a, annotations: {berth.dev/adopt: a}}
spec: {type: NodePort, ports: [{name: web, port: 80, nodePort: 200}]}
`
)

func perNode() *history {
	return newHistory().portRange("h", `{space: HostPort, ports: ["100-109"], perNode: true}`)
}

func hostPorts() *history {
	return newHistory().portRange("h", `{space: HostPort, ports: ["100-109"], reuseAfter: 2s}`)
}

func loadBalancers() *history {
	return newHistory().portRange("l", `{space: Service, ports: ["100-109"], reuseAfter: 2s}`)
}

func stickyText(uid, status string) string {
	return allocationText(uid, "a", 1, "rangeName: r, stickyFor: 10m", "p", status)
}

func (h *history) sticky(name, status string) *history {
	return h.put(allocationKey(name), stickyText("uid-"+name, status))
}

func (h *history) copy() *history {
	other := newHistory()
	other.revision, other.changes, other.fence = h.revision, slices.Clone(h.changes), h.fence
	other.stored = maps.Clone(h.stored)
	for name, one := range h.shards {
		other.shards[name] = &ledger{one.next, maps.Clone(one.entries), maps.Clone(one.seq)}
	}
	return other
}
