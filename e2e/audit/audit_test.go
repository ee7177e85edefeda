package audit_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
)

// Of every invariant at least one history that breaks it, for each space where that makes a difference. The
// message says the revision, the number and whose it is.
func TestBadHistoriesAreCaughtAtTheRevisionWhereTheyGoWrong(t *testing.T) {
	cases := map[string]struct {
		history *history
		want    string
	}{
		"I1: two statuses show one number": {
			newHistory().published("a", 100).allocation("b", "p", "p=100"),
			"revision 8: I1: number NodePort 100 has two owners: the status of ns/a (uid-a) and the status of ns/b (uid-b)",
		},
		"I1: a Service has the number of somebody else's status": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:b").allocation("b", "p", "p=101").service("b", "b", "p=100"),
			"revision 10: I1: number NodePort 100 has two owners",
		},
		"I1: a Service that nobody declared has a number that is published": {
			newHistory().published("a", 100).service("stranger", "", "p=100"),
			"revision 8: I1: number NodePort 100 has two owners: Service ns/a and Service ns/stranger both have it as nodePort",
		},
		"I1: a health check has it": {
			newHistory().published("a", 100).service("stranger", "", "p=9!", "healthCheckNodePort: 100"),
			"revision 8: I1: number NodePort 100 has two owners",
		},
		"I1: two load balancers": {
			loadBalancers().generation("a", 1, "rangeName: l", "p", "").generation("b", 1, "rangeName: l", "p", "").
				ledgerOf("service-000", "Service", "l", "100-TCP=held:a").service("a", "a", "p=100!").service("b", "b", "p=100!"),
			"I1: number Service 100/TCP has two owners: Service ns/a (uid-a) and Service ns/b (uid-b)",
		},
		"I1: two host ports": {
			hostPorts().generation("a", 1, "rangeName: h", "p", "p=100").generation("b", 1, "rangeName: h", "p", "p=100"),
			"I1: number HostPort 100/TCP has two owners",
		},
		"I1: two host ports of one node": {
			perNode().generation("a", 1, "rangeName: h, nodeName: n1", "p", "p=100").generation("b", 1, "rangeName: h, nodeName: n1", "p", "p=100"),
			"I1: number HostPort 100/TCP on n1 has two owners",
		},
		"I1: a Service that nobody declared has a number, and the API server knew that it is published": {
			newHistory().marks(100).published("a", 100).marks(100, 101).service("stranger", "", "p=100"),
			"I1: number NodePort 100 has two owners: Service ns/a and Service ns/stranger both have it as nodePort",
		},
		"I1: a Service that nobody declared has a number that was freed when nobody had it": {
			newHistory().marks(100).marks().marks(100).published("a", 100).service("stranger", "", "p=100"),
			"I1: number NodePort 100 has two owners: Service ns/a and Service ns/stranger both have it as nodePort",
		},
		"I2: published without an entry": {
			newHistory().allocation("a", "p", "").service("a", "a", "p=100"),
			"revision 4: I2: Service ns/a has NodePort 100, which nobody holds",
		},
		"I2: inside ports count too": {
			newHistory().allocation("a", "p", "").service("a", "a", "p=100!"),
			"revision 4: I2: Service ns/a has NodePort 100, which nobody holds",
		},
		"I2: status before the ledger": {
			newHistory().allocation("a", "p", "p=100"),
			"revision 3: I2: the status of ns/a has NodePort 100, which nobody holds",
		},
		"I2: published for one, held for another": {
			newHistory().allocation("b", "p", "").ledger("100=held:b").service("a", "a", "p=100"),
			"revision 5: I2: Service ns/a has NodePort 100, which the ledger says ns/b (uid-b) holds",
		},
		"I2: held for the other protocol": {
			loadBalancers().generation("a", 1, "rangeName: l", "p{protocol:UDP}", "").
				ledgerOf("service-000", "Service", "l", "100-TCP=held:a").generation("a", 1, "rangeName: l", "p{protocol:UDP}", "p=100/UDP"),
			"revision 6: I2: the status of ns/a has Service 100/UDP, which nobody holds",
		},
		"I2: released before the Service is gone": {
			newHistory().published("a", 100).gone(allocationKey("a")).ledger("100=resting:a"),
			"revision 9: I2: Service ns/a has NodePort 100, which nobody holds in the ledger (it rests after ns/a)",
		},
		"I2: at the end not published": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").allocation("a", "p", "p=100"),
			"I2: ns/a has the numbers [p:100], published are []",
		},
		"I3: at the end an entry without owner": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").gone(allocationKey("a")),
			"I3: NodePort 100 is held for ns/a (uid-a), which does not exist",
		},
		"I3: at the end an entry too many": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a"),
			"I3: NodePort 101 is held for ns/a, whose status does not show it",
		},
		"I3: at the end a Service without owner": {
			newHistory().published("a", 100).gone(allocationKey("a")),
			"I3: Service ns/a is left of uid-a",
		},
		"I3: at the end a policy without owner": {newHistory().policy("a", "a"), "I3: NetworkPolicy ns/a is left of uid-a"},
		"I3: a leader forgets an entry": {
			newHistory().lease("x", 1).beat(0).published("a", 100).withdrawn("a").beat(1, 2).lease("x", 1).beat(10).lease("x", 1).
				beat(20).lease("x", 1).beat(30).lease("x", 1).beat(40).lease("x", 1).beat(50).lease("x", 1).beat(60).lease("x", 1).
				beat(70).lease("x", 1).beat(71),
			"I3: NodePort 100 is still held for ns/a (uid-a), which is gone since revision 10; x leads since revision 3",
		},
		"I4: the entry passes to the next owner": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").ledger("100=held:b"),
			"revision 5: I4: NodePort 100 passed from ns/a (uid-a) to ns/b (uid-b) without a rest",
		},
		"I4: to another life of a name that was not sticky": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").ledger("100=held:a+2"),
			"revision 5: I4: NodePort 100 passed from ns/a (uid-a) to ns/a (uid-a2) without a rest",
		},
		"I4: reused at once": {
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).published("b", 100).beat(5.1, 5.2),
			"I4: NodePort 100 was released by ns/a at revision 13 and held for ns/b at revision 15, at most 200ms later; it must rest 2s",
		},
		"I4: reused a moment too early": {
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).beat(6.8).published("b", 100).beat(6.9, 6.95),
			"at most 1.95s later; it must rest 2s",
		},
		"I4: reused while a late beat was on its way": { // read before the reuse, stored behind it
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).ledger("").published("b", 100).beat(5.5, 6.5),
			"at most 1.5s later",
		},
		"I4: freed too early": {
			newHistory().beat(0).published("a", 100).beat(5).released("a", 100).beat(6).ledger("").beat(6.1, 6.2),
			"I4: NodePort 100 was released by ns/a at revision 13 and freed at revision 15, at most 1.2s later; it must rest 2s",
		},
		"I4: in the space Service": {
			loadBalancers().beat(0).generation("a", 1, "rangeName: l", "p", "").ledgerOf("service-000", "Service", "l", "100-TCP=held:a").
				gone(allocationKey("a")).ledgerOf("service-000", "Service", "l", "100-TCP=resting:a").
				ledgerOf("service-000", "Service", "l", "100-TCP=held:b").beat(1, 1.5),
			"I4: Service 100/TCP was released by ns/a at revision 8 and held for ns/b at revision 9, at most 1.5s later; it must rest 2s",
		},
		"I4: of a range that is gone": {
			newHistory().beat(0).published("a", 100).released("a", 100).gone(rangeKey("r")).beat(1, 2, 100, 101).ledger("").beat(102, 103),
			"",
		},
		"I4: the clock stops too early": {
			newHistory().beat(0).published("a", 100).released("a", 100).published("b", 100).beat(9),
			"clock: it stopped before it could tell how long [NodePort 100] had rested",
		},
		"I4: the clock begins too late": {
			newHistory().published("a", 100).released("a", 100).beat(0).published("b", 100).beat(9, 10),
			"before the clock began",
		},
		"I5: a number of the status changes": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").allocation("a", "p", "p=101"),
			"revision 9: I5: port p of ns/a had 100/TCP and has 101/TCP now, and its spec asks for the same still",
		},
		"I5: a row moves although nobody took one of its numbers": {
			newHistory().allocation("a", "p{count:2}", "").ledger("100=held:a 101=held:a").allocation("a", "p{count:2}", "p-0=100 p-1=101").
				ledger("100=held:a 101=held:a 102=held:a 103=held:a").allocation("a", "p{count:2}", "p-0=102 p-1=103"),
			"I5: port p-1 of ns/a had 101/TCP and has 103/TCP now",
		},
		"I5: a number of the status is lost": {
			newHistory().published("a", 100).allocation("a", "p", ""),
			"revision 8: I5: ns/a has lost its number 100 for port p",
		},
		"I5: an edit of one port moves another": {
			newHistory().allocation("a", "p q", "").ledger("100=held:a 101=held:a").allocation("a", "p q", "p=100 q=101").
				ledger("100=held:a 101=held:a 102=held:a 103=held:a").generation("a", 2, "rangeName: r", "p q=102", "p=103 q=102"),
			"revision 7: I5: port p of ns/a had 100/TCP and has 103/TCP now",
		},
		"I5: an edit elsewhere moves it": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").
				generation("a", 2, "rangeName: r, exposure: External", "p", "p=101"),
			"revision 9: I5: port p of ns/a had 100/TCP and has 101/TCP now",
		},
		"I5: a published number changes": {
			newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").service("a", "a", "p=100").service("a", "a", "p=101"),
			"revision 6: I5: Service ns/a publishes port p at 101, before it was 100",
		},
		"I5: a Service comes back with another number": {
			newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").service("a", "a", "p=100").
				gone(serviceKey("a")).service("a", "a", "p=101"),
			"revision 7: I5: Service ns/a publishes port p at 101",
		},
		"I5: a Service comes when its allocation has gone, at a number that no status told": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").generation("a", 2, "rangeName: r", "p=101", "p=101").
				gone(serviceKey("a")).gone(allocationKey("a")).ledger("100=held:a 101=held:a 102=held:a").service("a", "a", "p=102"),
			"I5: Service ns/a publishes port p at 102, before it was 100, and no status of its allocation (uid-a) says so",
		},
		"I5: a published number moves because a stranger wants it": {
			newHistory().published("a", 100).gone(serviceKey("a")).service("other", "", "p=100").ledger("100=held:a 101=held:a").allocation("a", "p", "p=101"),
			"revision 11: I5: port p of ns/a had 100/TCP and has 101/TCP now",
		},
		"I6: beyond the quota": {
			newHistory().beat(0).portRange("r", limited).beat(1, 2, 30).allocation("a", "p", "").allocation("b", "p q", "").ledger("100=held:a 101=held:b 102=held:b"),
			"revision 10: I6: NodePort 101 is issued to ns/b, and namespace ns holds 3 numbers of range r then; the limit is 2",
		},
		"I7: issued before the past was taken in": {
			newHistory().lease("x", 1).published("a", 100).gone(shardKey("nodeport-000")).lease("y", 2).allocation("b", "p", "").ledger("101=held:b"),
			"revision 12: I7: NodePort 101 is issued to ns/b by the leader of revision 10, while NodePort 100 of ns/a, lost at revision 9, is not taken back",
		},
		"I7: written without a lease": {
			newHistory().lease("x", 1).lease("x", 3).lease("x", 1).allocation("a", "p", "").withFence(4).ledger("100=held:a"),
			"revision 7: I7: PortLedger nodeport-000 is written under fence 4, but no lease was granted beyond 3",
		},
		"I8: the fence falls": {
			newHistory().withFence(7).ledger("").withFence(6).ledger(""),
			"revision 4: I8: PortLedger nodeport-000 has fence 6, it had 7",
		},
		"I8: the sequence falls": {
			newHistory().shard("nodeport-000", "NodePort", 9, nil).shard("nodeport-000", "NodePort", 8, nil),
			"revision 4: I8: PortLedger nodeport-000 has nextSeq 8, it had 9",
		},
		"I8: a release under an old sequence": {
			newHistory().shard("nodeport-000", "NodePort", 9, entry("100", "held ns/a uid-a p/TCP 8")).
				shard("nodeport-000", "NodePort", 10, entry("100", "resting ns/a uid-a p/TCP 8")),
			"revision 4: I8: the entry NodePort 100 of ns/a has sequence 8, those below 9 were used before",
		},
		"I8: a sequence that was not given out": {
			newHistory().shard("nodeport-000", "NodePort", 9, entry("100", "held ns/a uid-a p/TCP 9")),
			"revision 3: I8: the entry NodePort 100 of ns/a has sequence 9, its ledger would give out 9 next",
		},
		"I8: freed without a rest": {
			newHistory().ledger("100=held:a").ledger(""),
			"revision 4: I8: NodePort 100 was held for ns/a (uid-a) and is free without having rested",
		},
		"I8: released for somebody else": {
			newHistory().ledger("100=held:a").ledger("100=resting:b"),
			"revision 4: I8: NodePort 100 was held for ns/a (uid-a) and rests after ns/b (uid-b)",
		},
		"I8: rests without having been held": {
			newHistory().ledger("100=resting:a"), "revision 3: I8: NodePort 100 rests after ns/a, who did not hold it",
		},
		"I8: rests after another all at once": {
			newHistory().ledger("100=held:a").ledger("100=resting:a").ledger("100=resting:b"),
			"revision 5: I8: NodePort 100 rested after ns/a (uid-a) and rests after ns/b (uid-b) now",
		},
		"I9: half of the ports": {
			newHistory().allocation("a", "p q", "").ledger("100=held:a").allocation("a", "p q", "p=100"),
			"revision 5: I9: ns/a asks for [p q] and its status shows [p]",
		},
		"I9: half of a group": {
			newHistory().allocation("a", "p{count:2}", "").ledger("100=held:a").allocation("a", "p{count:2}", "p-0=100"),
			"revision 5: I9: ns/a asks for [p] and its status shows [p-0]",
		},
		"I9: a group with a gap": {
			newHistory().allocation("a", "p{count:2}", "").ledger("100=held:a 102=held:a").allocation("a", "p{count:2}", "p-0=100 p-1=102"),
			"revision 5: I9: port p-1 of ns/a is 102, and p-0 is 100",
		},
		"I9: half of two protocols": {
			newHistory().allocation("a", "p{alsoProtocol:UDP}", "").ledger("100=held:a").allocation("a", "p{alsoProtocol:UDP}", "p=100"),
			"revision 5: I9: ns/a asks for [p] and its status shows [p]",
		},
		"I9: waiting is no reason for half of what is new": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").put(allocationKey("a"),
				strings.NewReplacer(`{type: Allocated, status: "True", reason: NumbersHeld}`, `{type: Allocated, status: "False", reason: CannotGrow}`).
					Replace(allocationText("uid-a", "a", 2, "rangeName: r", "p{count:3}", "p-0=100 p-1=101"))),
			"I9: ns/a asks for [p] and its status shows [p-0 p-1]",
		},
		"I9: two protocols and two numbers": {
			newHistory().allocation("a", "p{alsoProtocol:UDP}", "").ledger("100=held:a 101=held:a").
				allocation("a", "p{alsoProtocol:UDP}", "p=100 p-udp=101/UDP"),
			"revision 5: I9: port p of ns/a is 100, and p-udp is 101",
		},
		"I5: a second protocol moves the number": {
			newHistory().published("a", 100).ledger("100=held:a 101=held:a").allocation("a", "p{alsoProtocol:UDP}", "p=101 p-udp=101/UDP"),
			"I5: port p of ns/a had 100/TCP and has 101/TCP now",
		},
		"I9: a number for a port that nobody asks for": {
			newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").allocation("a", "p", "p=100 x=101"),
			"revision 5: I9: ns/a asks for [p] and its status shows [p x]",
		},
		"I10: a reserved number": {
			newHistory().allocation("a", "p", "").ledger("105=held:a"),
			"revision 4: I10: NodePort 105 is issued to ns/a, and the range r reserves it",
		},
		"I10: reserved by another range": {
			newHistory().portRange("s", `{space: NodePort, ports: ["100-199"], reserved: [{ports: ["102"], reason: x}]}`).
				allocation("a", "p", "").ledger("102=held:a"),
			"revision 5: I10: NodePort 102 is issued to ns/a, and the range s reserves it",
		},
		"I10: a number outside the range": {
			newHistory().allocation("a", "p", "").ledger("110=held:a"),
			"revision 4: I10: NodePort 110 is issued to ns/a, and is not in the range r",
		},
		"I10: a number that drains": {
			newHistory().beat(0).portRange("r", `{space: NodePort, ports: ["101-109"]}`).beat(1, 2, 30).allocation("a", "p", "").ledger("100=held:a"),
			"I10: NodePort 100 is issued to ns/a, and is not in the range r",
		},
		"I10: a range of another space": {
			hostPorts().allocation("a", "p", "").ledgerOf("nodeport-000", "NodePort", "h", "100=held:a"),
			"I10: NodePort 100 is issued to ns/a, and is not in the range h",
		},
		"I10: a range that does not exist": {
			newHistory().allocation("a", "p", "").ledgerOf("nodeport-000", "NodePort", "x", "100=held:a"),
			"I10: NodePort 100 is issued to ns/a from range x, which does not exist",
		},
		"I10: a range for others": {
			newHistory().portRange("r", `{space: NodePort, ports: ["100-109"], namespaceSelector: {matchLabels: {team: a}}}`).beat(0, 1, 2, 30).
				namespace("ns", "team: b").beat(31, 32, 60).allocation("a", "p", "").ledger("100=held:a"),
			"I10: NodePort 100 is issued to ns/a, and the range r is not for its namespace",
		},
		"I10: in use by a Service": {
			newHistory().beat(0).service("other", "", "p=100").beat(1, 2, 30).allocation("a", "p", "").ledger("100=held:a"),
			"revision 9: I10: NodePort 100 is issued to ns/a while Service ns/other uses it since revision 4",
		},
		"I10: a number that another one shall adopt": {
			newHistory().beat(0).put(serviceKey("a"), adopted).beat(1, 2, 30).portRange("r", `{space: NodePort, ports: ["100-399"]}`).
				allocation("b", "p", "").ledger("200=held:b"),
			"I10: NodePort 200 is issued to ns/b while Service ns/a uses it since revision 4",
		},
		"I10: in use by a load balancer": {
			loadBalancers().beat(0).service("other", "", "p=100!", "type: LoadBalancer").beat(1, 2, 30).generation("a", 1, "rangeName: l", "p", "").
				ledgerOf("service-000", "Service", "l", "100-TCP=held:a"),
			"I10: Service 100/TCP is issued to ns/a while Service ns/other uses it",
		},
		"I10: in use by a pod": {
			hostPorts().beat(0).pod("other", "app: other", 100).beat(1, 2, 30).generation("a", 1, "rangeName: h", "p", "").
				ledgerOf("hostport-000", "HostPort", "h", "100-TCP=held:a"),
			"I10: HostPort 100/TCP is issued to ns/a while Pod ns/other uses it",
		},
		"an entry that says nothing": {
			newHistory().shard("nodeport-000", "NodePort", 1, map[string]string{"100": "held by me"}),
			"revision 3: unreadable: PortLedger nodeport-000 has an entry that says nothing: 100",
		},
		"an entry of another shard": {
			newHistory().shard("nodeport-000", "NodePort", 2, entry("300", "held ns/a uid-a p/TCP 1")),
			"300 belongs to another shard",
		},
		"I12: a ledger without end": {
			newHistory().shard("nodeport-000", "NodePort", 1, map[string]string{"100": strings.Repeat("x", 70000)}),
			"I12: PortLedger nodeport-000 has",
		},
		"I13: at the end a wrong count": {
			newHistory().published("a", 100).portRange("r", counted, "allocated: 2", "cooling: 0"),
			"I13: PortRange r counts 2 allocated (written: true), the ledger says 1",
		},
		"I13: at the end no rest is counted": {
			newHistory().allocation("a", "p", "").ledger("100=held:a").ledger("100=resting:a").portRange("r", counted, "allocated: 0"),
			"I13: PortRange r counts 0 cooling (written: false), the ledger says 1",
		},
		"I11: at the end no reason": {
			newHistory().put(allocationKey("a"), strings.Replace(allocationText("uid-a", "a", 1, "rangeName: r", "p", ""), "RangeExhausted", "Pending", 1)),
			"I11: ns/a is Allocated=False and does not say why",
		},
		"I11: at the end not seen": {
			newHistory().put(allocationKey("a"), strings.Replace(allocationText("uid-a", "a", 2, "rangeName: r", "p", ""), "observedGeneration: 2", "observedGeneration: 1", 1)),
			"I11: ns/a is at generation 2, its status speaks of 1",
		},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		one := cases[name]
		var said []string
		for _, wrong := range one.history.judge(audit.Options{}) {
			said = append(said, wrong.String())
		}
		if one.want == "" {
			for _, line := range said {
				if strings.Contains(line, "I4") {
					t.Errorf("%s: it says %s", name, line)
				}
			}
		} else if !strings.Contains(strings.Join(said, "\n"), one.want) {
			t.Errorf("%s: it says\n  %s\nand not\n  %s", name, strings.Join(said, "\n  "), one.want)
		}
	}
	for i := 1; i <= 13; i++ {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(cases)), func(name string) bool { return strings.HasPrefix(name, fmt.Sprintf("I%d:", i)) }) {
			t.Errorf("no history breaks I%d", i)
		}
	}
}

func (h *history) withFence(fence int64) *history {
	h.fence = fence
	return h
}

func entry(key, text string) map[string]string {
	return map[string]string{key: "1 " + text + " 0 r"}
}

func TestNothingIsNoProof(t *testing.T) {
	auditor := audit.New(audit.Options{})
	if wrong := auditor.Finish(); len(wrong) != 1 || !strings.Contains(wrong[0].String(), "no revision was checked") {
		t.Errorf("it says %v", wrong)
	}
}

func TestWhatPeopleHaveDoneByHandIsNotHeldAgainstBerth(t *testing.T) {
	byHand := func(h *history, key string) *history { // lets the last revision be written by somebody else
		last := &h.changes[len(h.changes)-1]
		manager := `"managedFields":[{"manager":"kubectl","fieldsV1":{"f:spec":{"f:ports":{},"f:entries":{}}}}],`
		last.Value = []byte(strings.Replace(string(last.Value), `"metadata":{`, `"metadata":{`+manager, 1))
		return h
	}
	for name, one := range map[string]struct {
		make func(h *history) *history
		want string
	}{
		"a Service's number": {func(h *history) *history { return h.service("a", "a", "p=103") }, "I5: Service ns/a publishes port p at 103"},
		"a ledger's entries": {func(h *history) *history { return h.ledger("") }, "I8: NodePort 100 was held"},
	} {
		if said := fmt.Sprint(one.make(newHistory().published("a", 100)).judge(audit.Options{})); !strings.Contains(said, one.want) {
			t.Errorf("%s, written by Berth: it says %s", name, said)
		}
		if said := fmt.Sprint(byHand(one.make(newHistory().published("a", 100)), "").judge(audit.Options{})); strings.Contains(said, one.want) {
			t.Errorf("%s, written by hand: it says %s", name, said)
		}
	}
}

// adoptedWith is the Service adopted, with another nodePort.
func adoptedWith(number int) string {
	return strings.Replace(adopted, "nodePort: 200", fmt.Sprintf("nodePort: %d", number), 1)
}

func TestAnAllowanceAllowsNothingElse(t *testing.T) {
	shown := func() *history {
		return newHistory().allocation("a", "p", "").ledger("100=held:a 101=held:a").allocation("a", "p", "p=100")
	}
	wiped := audit.Options{StatusesWereWiped: true}
	const moved = "I5: port p of ns/a had 100/TCP and has 101/TCP now"
	for name, one := range map[string]struct {
		history *history
		options audit.Options
		want    string // "" passes
	}{
		"moved before it was published": {shown().allocation("a", "p", "p=101"), audit.Options{}, moved},
		"moved because the API server calls it taken and nobody has it": {
			shown().marks(100).allocation("a", "p", "p=101"), audit.Options{}, "",
		},
		"moved although the API server calls only another one taken": {
			shown().marks(99, 101).allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved when the API server no longer calls it taken": {
			shown().marks(100).marks().allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved although another allocation's Service explains the mark": {
			shown().published("b", 100).marks(100).allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved after it was published, and the API server calls it taken": {
			shown().service("a", "a", "p=100").gone(serviceKey("a")).marks(100).allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved because the API server gave it to a load balancer of another allocation": {
			shown().balanced("b", 300, 100).allocation("a", "p", "p=101"), audit.Options{}, "",
		},
		"moved although the API server gave that load balancer another one": {
			shown().balanced("b", 300, 102).allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved to the number of a Service that it shall adopt": {
			shown().put(serviceKey("a"), adoptedWith(101)).allocation("a", "p", "p=101"), audit.Options{}, "",
		},
		"moved although the Service that it shall adopt has another number": {
			shown().put(serviceKey("a"), adoptedWith(102)).allocation("a", "p", "p=101"), audit.Options{}, moved,
		},
		"moved after it was published, to the number of a Service that it shall adopt": {
			shown().service("a", "a", "p=100").gone(serviceKey("a")).put(serviceKey("a"), adoptedWith(101)).allocation("a", "p", "p=101"),
			audit.Options{}, moved,
		},
		"wiped and written again, allowed":     {shown().allocation("a", "p", "").allocation("a", "p", "p=100"), wiped, ""},
		"wiped and written again, not allowed": {shown().allocation("a", "p", "").allocation("a", "p", "p=100"), audit.Options{}, "I5: ns/a has lost its number 100"},
		"wiped and written wrong, allowed":     {shown().allocation("a", "p", "").allocation("a", "p", "p=101"), wiped, moved},
	} {
		var said []string
		for _, wrong := range one.history.judge(one.options) {
			if wrong.Invariant == "I5" {
				said = append(said, wrong.String())
			}
		}
		all := strings.Join(said, "\n")
		if one.want == "" && all != "" || !strings.Contains(all, one.want) {
			t.Errorf("%s: it says %s, want %s", name, all, one.want)
		}
	}
}

func TestNothingIsHeldWhenAllAllocationsAreGone(t *testing.T) {
	for name, one := range map[string]struct {
		history *history
		want    string
	}{
		"gone":            {newHistory().published("a", 100).released("a", 100), ""},
		"a number is not": {newHistory().published("a", 100).withdrawn("a"), "I14: NodePort 100 is still held for ns/a"},
		"one is left":     {newHistory().published("a", 100), "I14: ns/a is left"},
	} {
		auditor := audit.New(audit.Options{})
		for _, change := range one.history.changes {
			auditor.Check(change.Revision, []cluster.Change{change})
		}
		if said := fmt.Sprint(auditor.Empty()); one.want == "" && said != "[]" || !strings.Contains(said, one.want) {
			t.Errorf("%s: it says %s", name, said)
		}
	}
}
