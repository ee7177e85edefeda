package transitions

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// portsOf writes a spec that leads to the range of a lane; each port is the fields of one in YAML.
func portsOf(t *testing.T, l lane, ports ...string) map[string]any {
	t.Helper()
	text := fmt.Sprintf("{apiVersion: v1, kind: X, spec: {rangeName: %s, ports: [{%s}]}}", l.token, strings.Join(ports, "}, {"))
	return kube.MustParseOne(t, text).Object["spec"].(map[string]any)
}

// Numbers that break the rules of the package are noticed, and those that keep them pass.
func TestAWrongNumberIsNoticed(t *testing.T) {
	l := lane{token: "own"}
	type numbers = map[string]int
	for name, one := range map[string]struct {
		before, after []string
		had, has      numbers
		want          string // "" = it passes
	}{
		"created, the lowest":            {nil, []string{"name: a", "name: b"}, nil, numbers{"a": 24000, "b": 24001}, ""},
		"created, one left out":          {nil, []string{"name: a", "name: b"}, nil, numbers{"a": 24000, "b": 24002}, "24001 was free"},
		"created, the reserved one":      {nil, []string{"name: a"}, nil, numbers{"a": 24003}, "or reserved"},
		"created, beyond the range":      {nil, []string{"name: a"}, nil, numbers{"a": 24024}, "not one of 24000-24023"},
		"created, outside its block":     {nil, []string{"name: a, block: b1"}, nil, numbers{"a": 24000}, "not one of 24008-24015"},
		"created, not the one asked for": {nil, []string{"name: a, port: 24016"}, nil, numbers{"a": 24000}, "asks for 24016"},
		"created, a port without number": {nil, []string{"name: a", "name: b"}, nil, numbers{"a": 24000}, "it shows map[a:24000] and asks for 2"},
		"created, another port's number": {nil, []string{"name: a"}, nil, numbers{"b": 24000}, "port a has no number"},
		"edited, kept":                   {[]string{"name: a"}, []string{"name: a, protocol: UDP"}, numbers{"a": 24005}, numbers{"a": 24005}, ""},
		"edited, moved":                  {[]string{"name: a"}, []string{"name: a"}, numbers{"a": 24005}, numbers{"a": 24000}, "port a had 24005"},
		"edited, kept against its block": {[]string{"name: a"}, []string{"name: a, block: b1"}, numbers{"a": 24000}, numbers{"a": 24000}, ""},
		"edited, moved into its block":   {[]string{"name: a"}, []string{"name: a, block: b1"}, numbers{"a": 24000}, numbers{"a": 24008}, "port a had 24000"},
		"edited, not moved as asked":     {[]string{"name: a"}, []string{"name: a, port: 24016"}, numbers{"a": 24000}, numbers{"a": 24000}, "asks for 24016"},
		"a count, its first moved":       {[]string{"name: a"}, []string{"name: a, count: 2"}, numbers{"a": 24004}, numbers{"a-0": 24000, "a-1": 24001}, "port a-0 had 24004"},
		"a count, not in a row":          {[]string{"name: a"}, []string{"name: a, count: 2"}, numbers{"a": 24004}, numbers{"a-0": 24004, "a-1": 24006}, "with 24005, and has 24006"},
		"a count, grown":                 {[]string{"name: a"}, []string{"name: a, count: 2"}, numbers{"a": 24004}, numbers{"a-0": 24004, "a-1": 24005}, ""},
		"a count less, its first moved":  {[]string{"name: a, count: 2"}, []string{"name: a"}, numbers{"a-0": 24004, "a-1": 24005}, numbers{"a": 24005}, "port a had 24004"},
		"two protocols, one number":      {nil, []string{"name: a, alsoProtocol: UDP"}, nil, numbers{"a": 24000, "a-udp": 24000}, ""},
		"two protocols, two numbers":     {nil, []string{"name: a, alsoProtocol: UDP"}, nil, numbers{"a": 24000, "a-udp": 24001}, "shares its number"},
		"two protocols, both moved":      {[]string{"name: a"}, []string{"name: a, alsoProtocol: UDP"}, numbers{"a": 24004}, numbers{"a": 24000, "a-udp": 24000}, "24004"},
		"a migration, not the old one":   {nil, []string{"name: a, migrateFrom: {port: 24022}"}, nil, numbers{"a": 24000, "a-old": 24001}, "port a-old asks for 24022"},
	} {
		var before map[string]any
		if one.before != nil {
			before = portsOf(t, l, one.before...)
		}
		err := newRenumbering(l, before, portsOf(t, l, one.after...), one.had).judge(one.has)
		if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)) {
			t.Errorf("%s: it says %v, want %q", name, err, one.want)
		}
	}
}

// Only these edits may wait for a number, and only as long as they cannot have it.
func TestOnlyWhatCannotBeGrantedMayWait(t *testing.T) {
	l := lane{token: "own"}
	type numbers = map[string]int
	inService := func(spec map[string]any) map[string]any { // numbers of each protocol for themselves
		delete(spec, "rangeName")
		spec["purpose"] = l.token + "-s"
		return spec
	}
	_, reasons := newRenumbering(l, inService(portsOf(t, l, "name: a, protocol: SCTP, alsoProtocol: UDP")),
		inService(portsOf(t, l, "name: a, alsoProtocol: UDP")), numbers{"a": 33000, "a-udp": 33000}).waitsFor()
	if reasons != nil {
		t.Errorf("another protocol under the number that the second one keeps: it may wait for %v", reasons)
	}
	for name, one := range map[string]struct {
		before, after []string
		had           numbers
		want          string // one of the reasons; "" = it must not wait
	}{
		"nothing in the way":           {[]string{"name: a"}, []string{"name: a", "name: b, port: 24016"}, numbers{"a": 24000}, ""},
		"asked for what another keeps": {[]string{"name: a"}, []string{"name: a", "name: b, port: 24000"}, numbers{"a": 24000}, "PortRequestedTwice"},
		"shared by two protocols":      {[]string{"name: a"}, []string{"name: a", "name: b, port: 24000, protocol: UDP"}, numbers{"a": 24000}, ""},
		"no longer shared":             {[]string{"name: a", "name: b, protocol: UDP"}, []string{"name: a", "name: b"}, numbers{"a": 24000, "b": 24000}, "PortRequestedTwice"},
		"asked for what a row keeps":   {[]string{"name: a"}, []string{"name: a, count: 2", "name: b, port: 24000"}, numbers{"a": 24000}, "PortRequestedTwice"},
		"a row has room":               {[]string{"name: a"}, []string{"name: a, count: 2"}, numbers{"a": 24000}, ""},
		"a row meets a neighbour":      {[]string{"name: a", "name: b"}, []string{"name: a, count: 2", "name: b"}, numbers{"a": 24000, "b": 24001}, "CannotGrow"},
		"a row's neighbour goes":       {[]string{"name: a", "name: b"}, []string{"name: a, count: 2"}, numbers{"a": 24000, "b": 24001}, ""},
		"a row meets a wish":           {[]string{"name: a"}, []string{"name: a, count: 2", "name: b, port: 24001"}, numbers{"a": 24000}, "CannotGrow"},
		"a row meets a reserved one":   {[]string{"name: a"}, []string{"name: a, count: 2"}, numbers{"a": 24002}, "CannotGrow"},
		"a row becomes two protocols":  {[]string{"name: a, count: 2"}, []string{"name: a, block: b1, alsoProtocol: UDP"}, numbers{"a-0": 24000, "a-1": 24001}, ""},
		"a row meets its block's end":  {[]string{"name: a, block: b1"}, []string{"name: a, count: 2, block: b1"}, numbers{"a": 24015}, "CannotGrow"},
	} {
		_, reasons := newRenumbering(l, portsOf(t, l, one.before...), portsOf(t, l, one.after...), one.had).waitsFor()
		if one.want == "" && reasons != nil || one.want != "" && !slices.Contains(reasons, one.want) {
			t.Errorf("%s: it may wait for %v, want %q", name, reasons, one.want)
		}
	}
}

// A real allocation is edited and ends as a fresh one; then everything that the comparison is for is made otherwise
// once, in what was read.
func TestAnEditThatEndsOtherwiseIsNoticed(t *testing.T) {
	s := newStage(t, 1)
	one := &chain{lane: s.lane()}
	for step, ports := range []string{"name: a, targetPort: 8080", "name: a, targetPort: 9090, exposure: External, description: api"} {
		fresh := lane{}
		if step > 0 {
			fresh = s.lane()
		}
		spec := portsOf(t, one.lane, ports)
		spec["selector"] = map[string]any{"app": "web"}
		one.specs, one.fresh = append(one.specs, spec), append(one.fresh, fresh)
	}
	s.start([]*chain{one})
	s.step([]*chain{one}, 1)
	namespace, base := one.lane.token, one.lane.base("NodePort")
	for name, broken := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"nothing": {func(*world) {}, ""},
		"the Service offers another container port": {func(w *world) {
			objects(w.find(namespace, "Service").Object["spec"].(map[string]any)["ports"])[0]["targetPort"] = int64(8080)
		}, "Service app"},
		"the Service has a label too many": {func(w *world) {
			w.find(namespace, "Service").SetLabels(map[string]string{"app.kubernetes.io/managed-by": "berth", "of": "somebody"})
		}, "Service app"},
		"the Service is missing": {func(w *world) {
			w.generated[namespace] = slices.DeleteFunc(w.generated[namespace], func(object *unstructured.Unstructured) bool { return object.GetKind() == "Service" })
		}, "Service app: only the fresh one has it"},
		"there is a ConfigMap": {func(w *world) {
			more := w.find(namespace, "Service").DeepCopy()
			more.SetKind("ConfigMap")
			w.generated[namespace] = append(w.generated[namespace], more)
		}, "ConfigMap app: only the edited one has it"},
		"the NetworkPolicy admits nobody": {func(w *world) {
			w.find(namespace, "NetworkPolicy").Object["spec"].(map[string]any)["ingress"] = []any{}
		}, "NetworkPolicy app"},
		"a condition tells something else": {func(w *world) {
			for _, condition := range objects(w.allocation(one.lane).Object["status"].(map[string]any)["conditions"]) {
				condition["message"] = "something else"
			}
		}, "PortAllocation:"},
		"the status shows another number": {func(w *world) {
			objects(w.allocation(one.lane).Object["status"].(map[string]any)["ports"])[0]["port"] = int64(base + 5)
		}, "port a had"},
		"the status speaks of the spec before": {func(w *world) {
			w.allocation(one.lane).SetGeneration(w.allocation(one.lane).GetGeneration() + 1)
		}, "its status speaks of"},
		"the record holds one more": {func(w *world) {
			uid := string(w.allocation(one.lane).GetUID())
			w.entries[uid][fmt.Sprintf("NodePort %d", base+6)] = fmt.Sprintf("1 held %s/%s %s b/TCP 1 0 %s", namespace, appName, uid, namespace)
		}, "ledger:"},
		"the record says another port": {func(w *world) {
			for key, text := range w.entries[string(w.allocation(one.lane).GetUID())] {
				w.entries[string(w.allocation(one.lane).GetUID())][key] = strings.Replace(text, " a/TCP ", " b/TCP ", 1)
			}
		}, "ledger:"},
		"the edited one was refused": {func(w *world) {
			for _, condition := range objects(w.allocation(one.lane).Object["status"].(map[string]any)["conditions"]) {
				condition["status"], condition["reason"] = "False", "RangeExhausted"
			}
		}, "PortAllocation:"},
		"the fresh one was refused": {func(w *world) {
			for _, condition := range objects(w.allocation(one.fresh[1]).Object["status"].(map[string]any)["conditions"]) {
				condition["status"], condition["reason"] = "False", "RangeExhausted"
			}
		}, "it is Allocated=True"},
	} {
		w, err := readWorld(t.Context(), s.Client)
		if err != nil {
			t.Fatal(err)
		}
		broken.change(w)
		err = s.compare(w, one, 1)
		if broken.want == "" && err != nil || broken.want != "" && (err == nil || !strings.Contains(err.Error(), broken.want)) {
			t.Errorf("%s: it says %v, want %q", name, err, broken.want)
		}
	}
	t.Run("and so is a schema that refuses too little", func(t *testing.T) {
		spec := specOf(t, allocations.plural)
		description := spec.schema
		for _, at := range []string{"properties", "ports", "items", "properties", "description"} {
			description = description[at].(map[string]any)
		}
		description["maxLength"] = int64(20) // really it is more
		err := s.tryInvalid(t.Context(), spec, target{allocations, namespace, appName}, func(ways []breach) breach {
			return ways[slices.IndexFunc(ways, func(one breach) bool { return one.what == "spec.ports[].description is too long" })]
		})
		if err == nil || !strings.Contains(err.Error(), "was not refused") {
			t.Errorf("it says %v", err)
		}
	})
	t.Run("and so is a write when nobody may write", func(t *testing.T) { s.writesAreNoticed(t, namespace) })
	s.clear()
	if err := s.operator.Stop(); err != nil { // it leaves the lease to the operator of the next test
		t.Error(err)
	}
}

func (w *world) find(namespace, kind string) *unstructured.Unstructured {
	list := w.generated[namespace]
	return list[slices.IndexFunc(list, func(object *unstructured.Unstructured) bool { return object.GetKind() == kind })]
}

func (w *world) allocation(l lane) *unstructured.Unstructured {
	return w.allocations[l.token+"/"+appName]
}

func (s *stage) writesAreNoticed(t *testing.T, namespace string) {
	s.writes.Settle(t.Context(), time.Second, site.Patience)
	rest := func(disturb func(), during time.Duration) ([]string, error) {
		quiet, err := site.BeginRest(t.Context(), common)
		if err != nil {
			t.Fatal(err)
		}
		disturb()
		if err := quiet.Until(t.Context(), during); err != nil {
			t.Fatal(err)
		}
		return quiet.Broken(t.Context())
	}
	const longerThanARenewal = 5 * time.Second
	broken, err := rest(func() {
		if _, err := s.Patch(t.Context(), "service", namespace, appName, `{"metadata":{"annotations":{"somebody":"was here"}}}`); err != nil {
			t.Fatal(err)
		}
	}, longerThanARenewal)
	if want := "/registry/services/specs/" + namespace + "/" + appName + " changed"; err != nil || !strings.Contains(fmt.Sprint(broken), want) {
		t.Errorf("it says %v, %v; want %s", broken, err, want)
	}
	broken, err = rest(func() { // who does nothing does not write either, but that is no proof
		if err := s.operator.Pause(); err != nil {
			t.Fatal(err)
		}
	}, time.Second)
	if err == nil || !strings.Contains(err.Error(), "not even the lease") {
		t.Errorf("of an operator that is frozen it says %v, %v", broken, err)
	}
	if err := s.operator.Resume(); err != nil {
		t.Fatal(err)
	}
}
