package audit_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// history is what a cluster has stored, written down by hand: every call is one revision.
type history struct {
	revision int64
	changes  []cluster.Change
	stored   map[string]bool
	fence    int64
	shards   map[string]*ledger
}

// ledger remembers the sequences of a shard, so that a history need not count them.
type ledger struct {
	next    int64
	entries map[string]string // what was written for a key, and its sequence behind it
	seq     map[string]int64
}

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newHistory begins with a range r of 100 to 109, of which 105 is reserved, whose numbers rest two seconds.
func newHistory() *history {
	h := &history{stored: map[string]bool{}, shards: map[string]*ledger{}}
	return h.namespace("ns", "").portRange("r", `{space: NodePort, ports: ["100-109"], reserved: [{ports: ["105"], reason: x}], reuseAfter: 2s}`)
}

func (h *history) put(key, text string) *history {
	objects, err := kube.Parse(text)
	if err != nil || len(objects) != 1 {
		panic(fmt.Sprintf("%v in %s", err, text))
	}
	return h.store(key, objects[0])
}

func (h *history) store(key string, object *unstructured.Unstructured) *history {
	value, err := json.Marshal(object.Object)
	if err != nil {
		panic(err)
	}
	h.stored[key] = true
	return h.commit(cluster.Change{Key: key, Value: value})
}

func (h *history) commit(change cluster.Change) *history {
	h.revision++
	change.Revision = h.revision
	h.changes = append(h.changes, change)
	return h
}

func (h *history) gone(key string) *history {
	if !h.stored[key] {
		panic(key)
	}
	delete(h.stored, key)
	return h.commit(cluster.Change{Key: key})
}

// beat lets the clock show some seconds since the beginning.
func (h *history) beat(seconds ...float64) *history {
	for _, one := range seconds {
		at := began.Add(time.Duration(one * float64(time.Second))).UTC().Format(time.RFC3339Nano)
		h.put(cluster.Prefix("", "configmaps")+audit.ClockNamespace+"/"+audit.ClockName, fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata: {namespace: %s, name: %s}
data: {now: %q}
`, audit.ClockNamespace, audit.ClockName, at))
	}
	return h
}

// lease lets somebody lead, with so many transitions.
func (h *history) lease(holder string, transitions int64) *history {
	h.fence = transitions
	return h.put(cluster.Prefix("", "leases")+"berth-system/berth-operator", fmt.Sprintf(`
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {namespace: berth-system, name: berth-operator}
spec: {holderIdentity: %s, leaseTransitions: %d}
`, holder, transitions))
}

func (h *history) namespace(name, labels string) *history {
	return h.put(cluster.Prefix("", "namespaces")+name, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {%s}}}", name, labels))
}

func rangeKey(name string) string { return cluster.Prefix("berth.dev", "portranges") + name }
func allocationKey(name string) string {
	return cluster.Prefix("berth.dev", "portallocations") + "ns/" + name
}
func serviceKey(name string) string { return cluster.Prefix("", "services/specs") + "ns/" + name }
func policyKey(name string) string  { return cluster.Prefix("", "networkpolicies") + "ns/" + name }
func shardKey(name string) string   { return cluster.Prefix("berth.dev", "portledgers") + name }

func (h *history) portRange(name, spec string, status ...string) *history {
	return h.put(rangeKey(name), fmt.Sprintf("{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: %s}, spec: %s, status: {%s}}",
		name, spec, strings.Join(status, ", ")))
}

// allocation stores a PortAllocation of range r that asks for the ports in spec and shows those in status.
// In spec a port is NAME, NAME=NUMBER, or NAME{further fields}; in status NAME=NUMBER or NAME=NUMBER/UDP.
// Its UID is uid-NAME.
func (h *history) allocation(name, spec, status string) *history {
	return h.generation(name, 1, "rangeName: r", spec, status)
}

// generation is allocation with a generation and what stands in the spec beside the ports.
func (h *history) generation(name string, generation int, beside, spec, status string) *history {
	return h.put(allocationKey(name), allocationText("uid-"+name, name, generation, beside, spec, status))
}

// edited is generation while the status speaks of the generation before.
func (h *history) edited(name string, generation int, beside, spec, status string) *history {
	text := allocationText("uid-"+name, name, generation, beside, spec, status)
	return h.put(allocationKey(name), strings.Replace(text, fmt.Sprintf("observedGeneration: %d", generation),
		fmt.Sprintf("observedGeneration: %d", generation-1), 1))
}

func allocationText(uid, name string, generation int, beside, spec, status string) string {
	var asked, shown []string
	for _, port := range strings.Fields(spec) {
		name, more, _ := strings.Cut(strings.TrimSuffix(port, "}"), "{")
		name, number, wants := strings.Cut(name, "=")
		fields := "name: " + name
		if wants {
			fields += ", port: " + number
		}
		if more != "" {
			fields += ", " + strings.NewReplacer(":", ": ", ",", ", ").Replace(more)
		}
		asked = append(asked, "{"+fields+"}")
	}
	for _, port := range strings.Fields(status) {
		name, number, _ := strings.Cut(port, "=")
		number, protocol, _ := strings.Cut(number, "/")
		if protocol == "" {
			protocol = "TCP"
		}
		shown = append(shown, fmt.Sprintf("{name: %s, port: %s, protocol: %s}", name, number, protocol))
	}
	conditions := `{type: Allocated, status: "False", reason: RangeExhausted}`
	if len(shown) > 0 {
		published := "ServiceInPlace"
		if strings.Contains(beside, "rangeName: h") {
			published = "HostPort"
		}
		conditions = fmt.Sprintf(`{type: Allocated, status: "True", reason: NumbersHeld}, {type: Published, status: "True", reason: %s}, {type: Ready, status: "True", reason: Ready}`, published)
	}
	return fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {namespace: ns, name: %s, uid: %s, generation: %d}
spec: {%s, selector: {app: %s}, ports: [%s]}
status: {observedGeneration: %d, ports: [%s], conditions: [%s]}
`, name, uid, generation, beside, name, strings.Join(asked, ", "), generation, strings.Join(shown, ", "), conditions)
}

// service stores the Service that is generated for uid-OWNER, or nobody's if owner is ""; ports as
// NAME=NODEPORT, or NAME=PORT! for one without nodePort.
func (h *history) service(name, owner, ports string, more ...string) *history {
	labels := ""
	if owner != "" {
		labels = fmt.Sprintf("app.kubernetes.io/managed-by: berth, berth.dev/allocation-uid: uid-%s", owner)
	}
	var list []string
	for _, port := range strings.Fields(ports) {
		name, number, _ := strings.Cut(port, "=")
		number, inside := strings.CutSuffix(number, "!")
		number, protocol, _ := strings.Cut(number, "/")
		if protocol == "" {
			protocol = "TCP"
		}
		fields := fmt.Sprintf("name: %s, port: %s, protocol: %s", name, number, protocol)
		if !inside {
			fields += ", nodePort: " + number
		}
		list = append(list, "{"+fields+"}")
	}
	spec := append([]string{fmt.Sprintf("ports: [%s]", strings.Join(list, ", "))}, more...)
	return h.put(serviceKey(name), fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: ns, name: %s, uid: service-%s, labels: {%s}}
spec: {%s}
`, name, name, labels, strings.Join(spec, ", ")))
}

// balanced is the load balancer of an allocation, with a node port that the API server chose.
func (h *history) balanced(name string, port, nodePort int) *history {
	return h.portRange("l", `{space: Service, ports: ["300-309"]}`).
		put(allocationKey(name), allocationText("uid-"+name, name, 1, "rangeName: l", "p", fmt.Sprintf("p=%d", port))).
		put(serviceKey(name), fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: ns, name: %s, uid: service-%s, labels: {app.kubernetes.io/managed-by: berth, berth.dev/allocation-uid: uid-%s}}
spec: {type: LoadBalancer, ports: [{name: p, port: %d, protocol: TCP, nodePort: %d}]}
`, name, name, name, port, nodePort))
}

func (h *history) policy(name, owner string) *history {
	return h.put(policyKey(name), fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: ns, name: %s, labels: {app.kubernetes.io/managed-by: berth, berth.dev/allocation-uid: uid-%s}}
`, name, owner))
}

// marks writes down which node ports the API server calls taken.
func (h *history) marks(numbers ...int) *history {
	bits := new(big.Int)
	for _, number := range numbers {
		bits.SetBit(bits, number-50, 1)
	}
	return h.put("/registry/ranges/servicenodeports", fmt.Sprintf(`{kind: RangeAllocation, apiVersion: v1, range: 50-150, data: %q}`,
		base64.StdEncoding.EncodeToString(bits.Bytes())))
}

func (h *history) pod(name, labels string, hostPort int) *history {
	return h.put(cluster.Prefix("", "pods")+"ns/"+name, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: ns, name: %s, labels: {%s}}
spec: {nodeName: node1, containers: [{name: c, ports: [{containerPort: 80, hostPort: %d}]}]}
`, name, labels, hostPort))
}

// ledger stores the first shard of the node ports with these entries: "100=held:a 101=resting:b". Owners are
// ns/NAME with uid-NAME; with a+2 the second life of ns/a, uid-a2; with a>s taken from range s. What has changed gets a new sequence.
func (h *history) ledger(entries string) *history {
	return h.ledgerOf("nodeport-000", "NodePort", "r", entries)
}

func (h *history) ledgerOf(name, space, of, entries string) *history {
	one := h.shards[name]
	if one == nil || !h.stored[shardKey(name)] {
		one = &ledger{next: 1, entries: map[string]string{}, seq: map[string]int64{}}
		h.shards[name] = one
	}
	list := map[string]string{}
	for _, entry := range strings.Fields(entries) {
		key, what, _ := strings.Cut(entry, "=")
		what, more, sticky := strings.Cut(what, ";")
		if one.entries[key] != what {
			one.entries[key], one.seq[key] = what, one.next
			one.next++
		}
		state, owner, _ := strings.Cut(what, ":")
		owner, from, elsewhere := strings.Cut(owner, ">")
		if !elsewhere {
			from = of
		}
		owner, life, _ := strings.Cut(owner, "+")
		list[key] = fmt.Sprintf("1 %s ns/%s uid-%s%s p/TCP %d 0 %s", state, owner, owner, life, one.seq[key], from)
		if sticky {
			list[key] += " " + more
		}
	}
	for key := range one.entries {
		if list[key] == "" {
			delete(one.entries, key)
		}
	}
	return h.shard(name, space, one.next, list)
}

// shard stores a shard as it is written.
func (h *history) shard(name, space string, next int64, entries map[string]string) *history {
	text, err := json.Marshal(entries)
	if err != nil {
		panic(err)
	}
	return h.put(shardKey(name), fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortLedger
metadata: {name: %s}
spec: {space: %s, shard: 0, fence: %d, nextSeq: %d, entries: %s}
`, name, space, h.fence, next, text))
}

// published is the good life of an allocation with one port, up to its Service.
func (h *history) published(name string, number int) *history {
	return h.allocation(name, "p", "").
		ledger(fmt.Sprintf("%d=held:%s", number, name)).
		allocation(name, "p", fmt.Sprintf("p=%d", number)).
		policy(name, name).
		service(name, name, fmt.Sprintf("p=%d", number))
}

// withdrawn is what comes before its number rests.
func (h *history) withdrawn(name string) *history {
	return h.gone(allocationKey(name)).gone(serviceKey(name)).gone(policyKey(name))
}

func (h *history) released(name string, number int) *history {
	return h.withdrawn(name).ledger(fmt.Sprintf("%d=resting:%s", number, name))
}

// judge lets an auditor see the history and the end of it, and returns everything that it says.
func (h *history) judge(options audit.Options) []audit.Violation {
	auditor := audit.New(options)
	for _, change := range h.changes {
		auditor.Check(change.Revision, []cluster.Change{change})
	}
	auditor.Finish()
	auditor.AtRest()
	return auditor.Found()
}
