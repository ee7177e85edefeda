// Package invariants judges the history of a cluster in which Berth hands out node ports. It reads nothing
// but what the API server has stored, revision by revision (cluster.Replay), and shares no code with Berth:
// it is the other opinion.
//
// Rules with memory (a number rests before it is reused, a number never changes) are in Auditor; rules about
// one moment are plain functions over State. All of them are pure: the time comes from the history itself,
// where a Clock of the test has written it down.
package invariants

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Names that Berth puts on what it generates. They are its contract with users, hence written here again.
const (
	ownerUIDLabel  = "berth.dev/allocation-uid"
	managedByLabel = "app.kubernetes.io/managed-by"
	managedByBerth = "berth"
)

// Where the objects are stored.
var (
	allocationPrefix = cluster.Prefix("berth.dev", "portallocations")
	ledgerPrefix     = cluster.Prefix("berth.dev", "portledgers")
	rangePrefix      = cluster.Prefix("berth.dev", "portranges")
	servicePrefix    = cluster.Prefix("", "services/specs")
	policyPrefix     = cluster.Prefix("", "networkpolicies")
	clockPrefix      = cluster.Prefix("", "configmaps") + ClockNamespace + "/" + ClockName
)

// Prefixes are what a Query for the auditor must select.
func Prefixes() []string {
	return []string{allocationPrefix, ledgerPrefix, rangePrefix, servicePrefix, policyPrefix, clockPrefix}
}

// The ConfigMap into which a test writes the time, so that history can tell how long something took.
const (
	ClockNamespace = "default"
	ClockName      = "chaos-clock"
	clockField     = "now"
)

// Beat returns the clock's ConfigMap at a time. The time must be read before the object is sent, and the next
// one only after the answer to this one: then it bounds the revisions before and after it.
func Beat(now time.Time) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"namespace": ClockNamespace, "name": ClockName},
		"data":       map[string]any{clockField: now.UTC().Format(time.RFC3339Nano)},
	}}
}

// Range is what a test knows of a PortRange of the space NodePort that it has made.
type Range struct {
	Name        string
	First, Last int64
	Reserved    []int64
	ReuseAfter  time.Duration
}

func (r Range) contains(number int64) bool { return r.First <= number && number <= r.Last }

// State is what one revision says about the numbers of some ranges.
type State struct {
	Allocations map[string]Allocation // by UID; those that name one of the ranges
	Alive       map[string]bool       // UIDs of all allocations there are, whatever their range
	Services    []Service             // every Service that uses a number of the ranges, whosever it is
	Generated   []Generated           // Services and NetworkPolicies that bear Berth's labels
	Held        map[int64]Entry       // numbers of the ranges that the ledger says are held
	Resting     map[int64]Entry       // and those that rest
	Ranges      map[string]*unstructured.Unstructured
	Unreadable  []string // ledger entries that do not say what they must
}

// Allocation is a PortAllocation.
type Allocation struct {
	UID, Name, Range     string // Name is NAMESPACE/NAME
	Generation, Observed int64
	Asked                []string         // names of spec.ports
	Ports                map[string]int64 // status.ports: number by name
	object               *unstructured.Unstructured
}

// Service is a Service with its node ports, by port name; the one for health checks is called healthCheck.
type Service struct {
	Key   string // NAMESPACE/NAME
	Owner string // UID of the allocation it was generated for; of anybody else's Service its own key and UID
	Ours  bool
	Ports map[string]int64
}

// Generated is an object with Berth's labels.
type Generated struct{ Key, Kind, OwnerUID string }

// Entry is an entry of a ledger.
type Entry struct {
	Number          int64
	State           string // held or resting
	Owner, UID      string
	Slots           []string
	Sequence, Since int64
	Range, Shard    string
}

// Reader reads worlds. It remembers what it has read of objects that do not change, nothing else.
type Reader struct {
	ranges []Range
	read   map[*unstructured.Unstructured]any
}

// NewReader returns a reader that looks at these ranges only.
func NewReader(ranges ...Range) *Reader {
	return &Reader{ranges: ranges, read: map[*unstructured.Unstructured]any{}}
}

// Read tells what a world says.
func (r *Reader) Read(world cluster.World) State {
	state := State{
		Allocations: map[string]Allocation{},
		Alive:       map[string]bool{},
		Held:        map[int64]Entry{},
		Resting:     map[int64]Entry{},
		Ranges:      map[string]*unstructured.Unstructured{},
	}
	if len(r.read) > 2*len(world)+1000 { // mostly objects of the past
		clear(r.read)
	}
	for key, object := range world {
		switch {
		case strings.HasPrefix(key, allocationPrefix):
			allocation := once(r, object, readAllocation)
			state.Alive[allocation.UID] = true
			if r.named(allocation.Range) {
				state.Allocations[allocation.UID] = allocation
			}
		case strings.HasPrefix(key, ledgerPrefix):
			ledger := once(r, object, readLedger)
			for _, entry := range ledger.entries {
				if !r.governs(entry.Number) {
					continue
				}
				if entry.State == "held" {
					state.Held[entry.Number] = entry
				} else {
					state.Resting[entry.Number] = entry
				}
			}
			state.Unreadable = append(state.Unreadable, ledger.unreadable...)
		case strings.HasPrefix(key, servicePrefix):
			service := once(r, object, readService)
			for _, number := range service.Ports {
				if r.governs(number) {
					state.Services = append(state.Services, service)
					break
				}
			}
			state.addGenerated(object)
		case strings.HasPrefix(key, policyPrefix):
			state.addGenerated(object)
		case strings.HasPrefix(key, rangePrefix):
			if r.named(object.GetName()) {
				state.Ranges[object.GetName()] = object
			}
		}
	}
	return state
}

func (r *Reader) named(name string) bool {
	for _, one := range r.ranges {
		if one.Name == name {
			return true
		}
	}
	return false
}

func (r *Reader) governs(number int64) bool { _, ok := r.rangeOf(number); return ok }

func (r *Reader) rangeOf(number int64) (Range, bool) {
	for _, one := range r.ranges {
		if one.contains(number) {
			return one, true
		}
	}
	return Range{}, false
}

// once reads an object of a world, or remembers what was read of it: worlds share their objects.
func once[T any](r *Reader, object *unstructured.Unstructured, read func(*unstructured.Unstructured) T) T {
	if known, ok := r.read[object]; ok {
		return known.(T)
	}
	fresh := read(object)
	r.read[object] = fresh
	return fresh
}

func (s *State) addGenerated(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	owner := labels[ownerUIDLabel]
	// What belongs to a namespace and not to one allocation (its default deny) bears no UID.
	if labels[managedByLabel] != managedByBerth || owner == "" {
		return
	}
	s.Generated = append(s.Generated, Generated{Key: keyOf(object), Kind: object.GetKind(), OwnerUID: owner})
}

func keyOf(object *unstructured.Unstructured) string {
	return object.GetNamespace() + "/" + object.GetName()
}

func readAllocation(object *unstructured.Unstructured) Allocation {
	allocation := Allocation{
		UID:        string(object.GetUID()),
		Name:       keyOf(object),
		Range:      kube.Text(object, "spec.rangeName"),
		Generation: object.GetGeneration(),
		Observed:   -1,
		Ports:      map[string]int64{},
		object:     object,
	}
	if observed, ok := kube.Int(object, "status.observedGeneration"); ok {
		allocation.Observed = observed
	}
	asked, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	for _, one := range asked {
		port, _ := one.(map[string]any)
		allocation.Asked = append(allocation.Asked, fmt.Sprint(port["name"]))
	}
	got, _, _ := unstructured.NestedSlice(object.Object, "status", "ports")
	for _, one := range got {
		port, _ := one.(map[string]any)
		number, _ := port["port"].(int64)
		allocation.Ports[fmt.Sprint(port["name"])] = number
	}
	return allocation
}

func readService(object *unstructured.Unstructured) Service {
	service := Service{Key: keyOf(object), Ports: map[string]int64{}}
	service.Owner = object.GetLabels()[ownerUIDLabel]
	service.Ours = service.Owner != ""
	if !service.Ours {
		service.Owner = "Service " + service.Key + " " + string(object.GetUID())
	}
	ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	for _, one := range ports {
		port, _ := one.(map[string]any)
		if number, ok := port["nodePort"].(int64); ok && number != 0 {
			name, _ := port["name"].(string)
			service.Ports[name] = number
		}
	}
	if number, ok := kube.Int(object, "spec.healthCheckNodePort"); ok && number != 0 {
		service.Ports["healthCheck"] = number
	}
	return service
}

type ledger struct {
	entries    []Entry
	unreadable []string
}

// readLedger reads the shards of the node ports; numbers of other spaces are no node ports.
func readLedger(object *unstructured.Unstructured) ledger {
	var read ledger
	if kube.Text(object, "spec.space") != "NodePort" {
		return read
	}
	entries, _, _ := unstructured.NestedStringMap(object.Object, "spec", "entries")
	for key, text := range entries {
		entry, err := readEntry(key, text)
		if err != nil {
			read.unreadable = append(read.unreadable, fmt.Sprintf("%s %s: %v", object.GetName(), key, err))
			continue
		}
		entry.Shard = object.GetName()
		read.entries = append(read.entries, entry)
	}
	return read
}

// readEntry reads "1 held mesh/api-gateway UID api/TCP,dns/UDP 17 1763700000 mesh".
func readEntry(key, text string) (Entry, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 8 || fields[0] != "1" {
		return Entry{}, fmt.Errorf("%q is no entry", text)
	}
	entry := Entry{State: fields[1], Owner: fields[2], UID: fields[3], Slots: strings.Split(fields[4], ","), Range: fields[7]}
	var err error
	for _, number := range []struct {
		into *int64
		text string
	}{{&entry.Number, key}, {&entry.Sequence, fields[5]}, {&entry.Since, fields[6]}} {
		if *number.into, err = strconv.ParseInt(number.text, 10, 64); err != nil {
			return Entry{}, fmt.Errorf("%q: %w", text, err)
		}
	}
	if entry.State != "held" && entry.State != "resting" || entry.UID == "" {
		return Entry{}, fmt.Errorf("%q is neither held nor resting, or nobody's", text)
	}
	return entry, nil
}

// clockOf reads the time of a change, if it is one of the clock.
func clockOf(change cluster.Change) (time.Time, bool, error) {
	if change.Key != clockPrefix || change.Deleted() {
		return time.Time{}, false, nil
	}
	object, err := change.Object()
	if err != nil {
		return time.Time{}, false, err
	}
	now, err := time.Parse(time.RFC3339Nano, kube.Text(object, "data."+clockField))
	return now, err == nil, err
}
