package transitions

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// world is everything that belongs to the lanes, as it is now.
type world struct {
	allocations map[string]*unstructured.Unstructured   // by NAMESPACE/NAME
	ranges      map[string]*unstructured.Unstructured   // by name
	generated   map[string][]*unstructured.Unstructured // by namespace
	entries     map[string]map[string]string            // texts by key, by UID of the owner
}

const managed = "app.kubernetes.io/managed-by=berth"

func readWorld(ctx context.Context, c *kube.Client) (*world, error) {
	w := &world{map[string]*unstructured.Unstructured{}, map[string]*unstructured.Unstructured{},
		map[string][]*unstructured.Unstructured{}, map[string]map[string]string{}}
	for _, kind := range []string{"portallocations.berth.dev", "portranges.berth.dev", "portledgers.berth.dev",
		"services", "networkpolicies.networking.k8s.io", "configmaps"} {
		var selector []string
		if !strings.HasSuffix(kind, ".berth.dev") {
			selector = []string{managed}
		}
		list, err := c.List(ctx, kind, "", selector...)
		if err != nil {
			return nil, err
		}
		for _, object := range list {
			w.add(kind, &object)
		}
	}
	return w, nil
}

func (w *world) add(kind string, object *unstructured.Unstructured) {
	switch kind {
	case "portallocations.berth.dev":
		w.allocations[object.GetNamespace()+"/"+object.GetName()] = object
	case "portranges.berth.dev":
		w.ranges[object.GetName()] = object
	case "portledgers.berth.dev":
		texts, _, _ := unstructured.NestedStringMap(object.Object, "spec", "entries")
		for key, text := range texts {
			fields := strings.Fields(text)
			uid := fields[3]
			if w.entries[uid] == nil {
				w.entries[uid] = map[string]string{}
			}
			w.entries[uid][kube.Text(object, "spec.space")+" "+key] = text
		}
	default:
		w.generated[object.GetNamespace()] = append(w.generated[object.GetNamespace()], object)
	}
}

// shown are the numbers that an allocation shows, by port.
func shown(allocation *unstructured.Unstructured) map[string]int {
	numbers := map[string]int{}
	list, _, _ := unstructured.NestedSlice(allocation.Object, "status", "ports")
	for _, port := range objects(list) {
		numbers[port["name"].(string)] = int(port["port"].(int64))
	}
	return numbers
}

// settled returns nil if an allocation has an answer to its present spec.
func settled(allocation *unstructured.Unstructured) error {
	if allocation == nil {
		return fmt.Errorf("it does not exist")
	}
	observed, _ := kube.Int(allocation, "status.observedGeneration")
	if observed != allocation.GetGeneration() {
		return fmt.Errorf("%s is at generation %d, its status speaks of %d", kube.Name(allocation), allocation.GetGeneration(), observed)
	}
	for _, kind := range []string{"Allocated", "Published", "Enforced", "Ready"} {
		condition, ok := kube.Condition(allocation, kind)
		if !ok || slices.Contains([]string{"Pending", "Publishing", "Enforcing"}, condition.Reason) {
			return fmt.Errorf("%s is %s=%s %s: %s", kube.Name(allocation), kind, condition.Status, condition.Reason, condition.Message)
		}
	}
	return nil
}

func refused(allocation *unstructured.Unstructured) bool {
	condition, _ := kube.Condition(allocation, "Allocated")
	return condition.Status != "True"
}

// stateOf is the state of a lane's allocation, object by object, without what it has of its own.
func (w *world) stateOf(l lane, name string) map[string]string {
	allocation := w.allocations[l.token+"/"+name]
	if allocation == nil {
		return map[string]string{}
	}
	plain := w.plain(l, allocation)
	state := map[string]string{"PortAllocation": plain.text(strip(allocation))}
	for _, object := range w.generated[l.token] {
		if owner := object.GetLabels()["berth.dev/allocation-uid"]; owner != "" && owner != plain.uid {
			continue
		}
		state[object.GetKind()+" "+object.GetName()] = plain.text(strip(object))
	}
	var held []string
	for key, text := range w.entries[string(allocation.GetUID())] {
		fields := strings.Fields(text)
		if fields[1] == "held" {
			fields[5], fields[6] = "SEQUENCE", "SINCE"
			space, _, _ := strings.Cut(key, " ")
			_, node, _ := strings.Cut(key, "@")
			// Two ports may have come to share a number under two protocols, which a fresh one need not do: what
			// number a port has is judged by itself.
			for _, slot := range strings.Split(fields[4], ",") {
				fields[4] = slot
				held = append(held, plain.replace(space+" "+node+" "+strings.Join(fields, " ")))
			}
		}
	}
	slices.Sort(held)
	state["ledger"] = strings.Join(held, "\n")
	return state
}

// class is the class of the load balancer of a lane.
func (w *world) class(l lane) string {
	for _, object := range w.generated[l.token] {
		if object.GetKind() == "Service" && object.GetName() == appName {
			return kube.Text(object, "spec.loadBalancerClass")
		}
	}
	return ""
}

// plain replaces what is a lane's own: its token, the UID, and every number by the port that holds it.
type plain struct {
	lane    lane
	uid     string
	numbers map[string]int // by port
}

func (w *world) plain(l lane, allocation *unstructured.Unstructured) plain {
	return plain{l, string(allocation.GetUID()), shown(allocation)}
}

// name replaces the numbers of what has the name of a port.
func (p plain) name(value any) {
	switch at := value.(type) {
	case map[string]any:
		name, _ := at["name"].(string)
		for _, field := range []string{"port", "nodePort"} {
			if number, ok := at[field].(int64); ok && name != "" && int(number) == p.numbers[name] {
				at[field] = "#" + name
			}
		}
		for _, item := range at {
			p.name(item)
		}
	case []any:
		for _, item := range at {
			p.name(item)
		}
	}
}

var anyNumber = regexp.MustCompile(`\b[0-9]{5}\b`)

func (p plain) replace(text string) string {
	text = strings.NewReplacer(p.lane.token, "LANE", p.uid, "UID").Replace(text)
	for _, prefix := range []string{"svc", "host", "node"} {
		text = strings.ReplaceAll(text, p.lane.share(prefix), "SHARED-"+prefix)
	}
	return anyNumber.ReplaceAllStringFunc(text, func(digits string) string {
		number, _ := strconv.Atoi(digits)
		for _, held := range p.numbers {
			if number == held {
				return "#held"
			}
		}
		for space := range firstOf {
			if offset := number - p.lane.base(space); 0 <= offset && offset < laneSize {
				return fmt.Sprintf("+%d", offset)
			}
		}
		return digits
	})
}

func (p plain) text(object map[string]any) string {
	p.name(object["spec"])
	p.name(object["status"])
	text, err := json.MarshalIndent(object, "", " ")
	if err != nil {
		panic(err)
	}
	return p.replace(string(text))
}

// strip leaves out what every object has of its own, and what the API server chose for it.
func strip(object *unstructured.Unstructured) map[string]any {
	copied := object.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		unstructured.RemoveNestedField(copied.Object, "metadata", field)
	}
	owners := copied.GetOwnerReferences()
	for i := range owners {
		owners[i].UID = ""
	}
	copied.SetOwnerReferences(owners)
	if observed, ok := kube.Int(object, "status.observedGeneration"); ok {
		_ = unstructured.SetNestedField(copied.Object, observed == object.GetGeneration(), "status", "observedGeneration")
	}
	stripConditions(object, copied)
	if object.GetKind() == "Service" {
		stripService(copied)
	}
	return copied.Object
}

func stripConditions(object, copied *unstructured.Unstructured) {
	conditions, found, _ := unstructured.NestedSlice(copied.Object, "status", "conditions")
	if !found || object.GetKind() == "Service" {
		return
	}
	for _, condition := range objects(conditions) {
		delete(condition, "lastTransitionTime")
		if condition["observedGeneration"] == object.GetGeneration() {
			condition["observedGeneration"] = "current"
		}
		if condition["type"] == "Allocated" && condition["status"] == "True" {
			delete(condition, "message") // tells where a number came from
		}
	}
	slices.SortFunc(conditions, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["type"]), fmt.Sprint(b.(map[string]any)["type"]))
	})
	_ = unstructured.SetNestedSlice(copied.Object, conditions, "status", "conditions")
}

func stripService(service *unstructured.Unstructured) {
	for _, field := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		if _, found, _ := unstructured.NestedFieldNoCopy(service.Object, "spec", field); found {
			_ = unstructured.SetNestedField(service.Object, "chosen", "spec", field)
		}
	}
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	for _, port := range objects(ports) {
		if number, ok := port["nodePort"].(int64); ok && number != port["port"] {
			port["nodePort"] = "chosen"
		}
	}
	slices.SortFunc(ports, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["name"]), fmt.Sprint(b.(map[string]any)["name"]))
	})
	_ = unstructured.SetNestedSlice(service.Object, ports, "spec", "ports")
}

// difference tells how two states differ, line by line; "" if they do not.
func difference(edited, fresh map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(edited)) {
		if _, found := fresh[name]; !found {
			lines = append(lines, name+": only the edited one has it:\n"+edited[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		got, found := edited[name]
		switch {
		case !found:
			lines = append(lines, name+": only the fresh one has it:\n"+fresh[name])
		case got != fresh[name]:
			lines = append(lines, name+":\n"+lineDifference(got, fresh[name]))
		}
	}
	return strings.Join(lines, "\n")
}

func lineDifference(edited, fresh string) string {
	const most = 20
	a, b := strings.Split(edited, "\n"), strings.Split(fresh, "\n")
	var lines []string
	for _, side := range []struct {
		mark        string
		of, against []string
	}{{"edited: ", a, b}, {"fresh:  ", b, a}} {
		for _, line := range side.of {
			if !slices.Contains(side.against, line) && len(lines) < most {
				lines = append(lines, side.mark+strings.TrimSpace(line))
			}
		}
	}
	if len(lines) == 0 {
		return "the same lines in another order:\n" + edited + "\n" + fresh
	}
	return strings.Join(lines, "\n")
}
