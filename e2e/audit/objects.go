package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// Names that Berth puts on what it generates and writes as. They are its contract with users, hence written
// here again.
const (
	ownerUIDLabel   = "berth.dev/allocation-uid"
	managedByLabel  = "app.kubernetes.io/managed-by"
	managedByBerth  = "berth"
	operatorManager = "berth-operator"
	operatorLease   = "/berth-operator"
	adoptPrefix     = "berth.dev/adopt"
	internalSuffix  = "-internal"
)

const defaultReuseAfter = 130 * time.Second

// Where the objects are stored.
var (
	allocationPrefix = cluster.Prefix("berth.dev", "portallocations")
	ledgerPrefix     = cluster.Prefix("berth.dev", "portledgers")
	rangePrefix      = cluster.Prefix("berth.dev", "portranges")
	servicePrefix    = cluster.Prefix("", "services/specs")
	policyPrefix     = cluster.Prefix("", "networkpolicies")
	podPrefix        = cluster.Prefix("", "pods")
	namespacePrefix  = cluster.Prefix("", "namespaces")
	leasePrefix      = cluster.Prefix("", "leases")
	clockKey         = cluster.Prefix("", "configmaps") + ClockNamespace + "/" + ClockName
)

// Prefixes are those of everything an Auditor wants to see.
func Prefixes() []string {
	return []string{allocationPrefix, ledgerPrefix, rangePrefix, servicePrefix, policyPrefix, podPrefix,
		namespacePrefix, leasePrefix, cluster.NodePortMarksKey, clockKey}
}

// askedPort is what decides about the number of a port of spec.ports.
type askedPort struct {
	name, protocol string
	also           string // a second protocol under the same number
	number, count  int64
	old            int64 // migrateFrom.port
	exposure       string
}

// twin is the name under which the second protocol is shown, "" if there is none.
func (p askedPort) twin() string {
	if p.also == "" {
		return ""
	}
	return p.name + "-" + strings.ToLower(p.also)
}

// numbers tells how many the port asks for, the old one of a migration not counted.
func (p askedPort) numbers() int64 { return max(p.count, 1) }

// migrates tells whether clients still know the port under this number.
func (p askedPort) migrates(number int64) bool {
	return p.old != 0 && p.old <= number && number < p.old+p.numbers()
}

// shown is a number in a status.
type shown struct {
	number   int64
	protocol string
}

type allocation struct {
	uid, name            string // NAMESPACE/NAME
	rangeName, purpose   string
	node                 string
	sticky               bool
	generation, observed int64
	asked                []askedPort
	status               map[string]shown
	serviceName          string
	deleting             bool
	selector             labels.Selector
	object               *unstructured.Unstructured
}

func (a *allocation) namespace() string {
	namespace, _, _ := strings.Cut(a.name, "/")
	return namespace
}

func (a *allocation) bareName() string {
	_, name, _ := strings.Cut(a.name, "/")
	return name
}

// port finds the port of the spec that a name of the status belongs to: itself, or one whose count, second protocol
// or migration has made several of it.
func (a *allocation) port(name string) (askedPort, bool) {
	for _, port := range a.asked {
		if port.name == name {
			return port, true
		}
	}
	for _, port := range a.asked {
		if twin := port.twin(); twin != "" && (name == twin || port.old != 0 && name == twin+"-old") {
			port.protocol = port.also
			return port, true
		}
		if (port.count > 1 || port.old != 0) && strings.HasPrefix(name, port.name+"-") {
			return port, true
		}
	}
	return askedPort{}, false
}

// numbers tells how many the whole spec asks for.
func (a *allocation) numbers() int64 {
	var sum int64
	for _, port := range a.asked {
		sum += port.numbers()
		if port.old != 0 {
			sum += port.numbers()
		}
	}
	return sum
}

func readAllocation(object *unstructured.Unstructured) *allocation {
	a := &allocation{
		uid:         string(object.GetUID()),
		name:        keyOf(object),
		rangeName:   kube.Text(object, "spec.rangeName"),
		purpose:     kube.Text(object, "spec.purpose"),
		node:        kube.Text(object, "spec.nodeName"),
		generation:  object.GetGeneration(),
		observed:    -1,
		status:      map[string]shown{},
		serviceName: kube.Text(object, "status.serviceName"),
		deleting:    object.GetDeletionTimestamp() != nil,
		object:      object,
	}
	if sticky, err := time.ParseDuration(kube.Text(object, "spec.stickyFor")); err == nil {
		a.sticky = sticky > 0
	}
	if observed, ok := kube.Int(object, "status.observedGeneration"); ok {
		a.observed = observed
	}
	for _, port := range objectsAt(object, "spec", "ports") {
		one := askedPort{name: text(port, "name"), protocol: protocolOf(port), exposure: text(port, "exposure")}
		if one.exposure == "" {
			one.exposure = kube.Text(object, "spec.exposure")
		}
		one.also, _ = port["alsoProtocol"].(string)
		one.number, _ = port["port"].(int64)
		one.count, _ = port["count"].(int64)
		if migration, ok := port["migrateFrom"].(map[string]any); ok {
			one.old, _ = migration["port"].(int64)
		}
		a.asked = append(a.asked, one)
	}
	for _, port := range objectsAt(object, "status", "ports") {
		number, _ := port["port"].(int64)
		a.status[text(port, "name")] = shown{number, protocolOf(port)}
	}
	wanted, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	a.selector = labels.SelectorFromSet(wanted)
	return a
}

// service is a Service with its numbers.
type service struct {
	key, name, namespace, uid string // key is NAMESPACE/NAME
	kind                      string // spec.type
	owner                     string // UID in the label of a generated one
	adopts                    bool   // it asks to be adopted
	ports                     []servicePort
	health                    int64
	handMade                  bool // somebody else than Berth has written its ports
}

// nodePorts lists its node ports, that of its health check among them.
func (s *service) nodePorts() []int64 {
	var numbers []int64
	for _, port := range s.ports {
		if port.nodePort != 0 {
			numbers = append(numbers, port.nodePort)
		}
	}
	if s.health != 0 {
		numbers = append(numbers, s.health)
	}
	return numbers
}

type servicePort struct {
	name, protocol string
	port, nodePort int64
}

func readService(object *unstructured.Unstructured) *service {
	s := &service{key: keyOf(object), name: object.GetName(), namespace: object.GetNamespace(),
		uid: string(object.GetUID()), kind: kube.Text(object, "spec.type")}
	if object.GetLabels()[managedByLabel] == managedByBerth {
		s.owner = object.GetLabels()[ownerUIDLabel]
	}
	for name := range object.GetAnnotations() {
		s.adopts = s.adopts || strings.HasPrefix(name, adoptPrefix)
	}
	for _, port := range objectsAt(object, "spec", "ports") {
		one := servicePort{name: text(port, "name"), protocol: protocolOf(port)}
		one.port, _ = port["port"].(int64)
		one.nodePort, _ = port["nodePort"].(int64)
		s.ports = append(s.ports, one)
	}
	s.health, _ = kube.Int(object, "spec.healthCheckNodePort")
	s.handMade = writtenByOthers(object, "f:spec", "f:ports")
	return s
}

// hostPort is a port of a Pod on its node.
type pod struct {
	key, namespace, node string
	labels               labels.Set
	adopts               bool
	ports                []servicePort // port is the hostPort
}

func readPod(object *unstructured.Unstructured) *pod {
	p := &pod{key: keyOf(object), namespace: object.GetNamespace(), node: kube.Text(object, "spec.nodeName"), labels: object.GetLabels()}
	for name := range object.GetAnnotations() {
		p.adopts = p.adopts || strings.HasPrefix(name, adoptPrefix)
	}
	if phase := kube.Text(object, "status.phase"); phase == "Succeeded" || phase == "Failed" {
		return p // its ports are closed
	}
	for _, list := range []string{"containers", "initContainers"} {
		for _, container := range objectsAt(object, "spec", list) {
			ports, _ := container["ports"].([]any)
			for _, one := range ports {
				port, _ := one.(map[string]any)
				if number, ok := port["hostPort"].(int64); ok && number != 0 {
					p.ports = append(p.ports, servicePort{name: text(port, "name"), protocol: protocolOf(port), port: number})
				}
			}
		}
	}
	return p
}

// portRange is a PortRange, as far as it decides about numbers.
type portRange struct {
	name, space  string
	spans        []span
	reserved     []span
	perNamespace int64 // 0: no limit
	reuseAfter   time.Duration
	perNode      bool
	namespaces   labels.Selector
	object       *unstructured.Unstructured
}

func readRange(object *unstructured.Unstructured) (*portRange, error) {
	r := &portRange{name: object.GetName(), space: kube.Text(object, "spec.space"), reuseAfter: defaultReuseAfter, object: object}
	var err error
	ports, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "ports")
	if r.spans, err = parseSpans(ports, 0); err != nil {
		return nil, err
	}
	for _, one := range objectsAt(object, "spec", "reserved") {
		texts, _, _ := unstructured.NestedStringSlice(one, "ports")
		spans, err := parseSpans(texts, 0)
		if err != nil {
			return nil, err
		}
		r.reserved = append(r.reserved, spans...)
	}
	r.perNamespace, _ = kube.Int(object, "spec.limits.perNamespace")
	if written := kube.Text(object, "spec.reuseAfter"); written != "" {
		if r.reuseAfter, err = time.ParseDuration(written); err != nil {
			return nil, err
		}
	}
	r.perNode = kube.Text(object, "spec.perNode") == "true"
	var selector metav1.LabelSelector
	if fields, ok, _ := unstructured.NestedMap(object.Object, "spec", "namespaceSelector"); ok {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
			return nil, err
		}
	}
	r.namespaces, err = metav1.LabelSelectorAsSelector(&selector)
	return r, err
}

// shard is a PortLedger.
type shard struct {
	name, space     string
	fence, sequence int64 // sequence: of the next entry
	entries         map[Key]Entry
	unreadable      []string
	handMade        bool
	size            int
}

func readShard(object *unstructured.Unstructured) *shard {
	s := &shard{name: object.GetName(), space: kube.Text(object, "spec.space"), entries: map[Key]Entry{}}
	s.fence, _ = kube.Int(object, "spec.fence")
	s.sequence, _ = kube.Int(object, "spec.nextSeq")
	index, _ := kube.Int(object, "spec.shard")
	texts, _, _ := unstructured.NestedStringMap(object.Object, "spec", "entries")
	for key, text := range texts {
		entry, err := parseEntry(s.space, key, text)
		if err == nil && entry.Key.Number/shardSize != index {
			err = fmt.Errorf("%d belongs to another shard", entry.Key.Number)
		}
		if err != nil {
			s.unreadable = append(s.unreadable, fmt.Sprintf("%s: %v", key, err))
			continue
		}
		s.entries[entry.Key] = entry
	}
	slices.Sort(s.unreadable)
	s.handMade = writtenByOthers(object, "f:spec", "f:entries")
	return s
}

// generated is a Service or NetworkPolicy with Berth's labels.
type generated struct{ key, kind, owner string }

// readGenerated returns false for what belongs to a namespace and not to one allocation (its default deny),
// and for what is not Berth's.
func readGenerated(object *unstructured.Unstructured) (generated, bool) {
	owner := object.GetLabels()[ownerUIDLabel]
	if object.GetLabels()[managedByLabel] != managedByBerth || owner == "" {
		return generated{}, false
	}
	return generated{keyOf(object), object.GetKind(), owner}, true
}

// writtenByOthers tells whether somebody who is not the operator owns a field, or something below it. An
// object that says nothing about who wrote it counts as Berth's.
func writtenByOthers(object *unstructured.Unstructured, path ...string) bool {
	for _, entry := range objectsAt(object, "metadata", "managedFields") {
		if entry["manager"] == operatorManager {
			continue
		}
		fields, _ := entry["fieldsV1"].(map[string]any)
		if _, found, _ := unstructured.NestedFieldNoCopy(fields, path...); found {
			return true
		}
	}
	return false
}

func keyOf(object *unstructured.Unstructured) string {
	return object.GetNamespace() + "/" + object.GetName()
}

func objectsAt(object any, path ...string) []map[string]any {
	fields, ok := object.(map[string]any)
	if whole, isObject := object.(*unstructured.Unstructured); isObject {
		fields, ok = whole.Object, true
	}
	if !ok {
		return nil
	}
	list, _, _ := unstructured.NestedFieldNoCopy(fields, path...)
	items, _ := list.([]any)
	var found []map[string]any
	for _, item := range items {
		if one, ok := item.(map[string]any); ok {
			found = append(found, one)
		}
	}
	return found
}

func text(fields map[string]any, name string) string {
	value, _ := fields[name].(string)
	return value
}

func protocolOf(port map[string]any) string {
	if protocol := text(port, "protocol"); protocol != "" {
		return protocol
	}
	return "TCP"
}
