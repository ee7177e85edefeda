package story

import (
	"fmt"
	"testing"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// offered returns what a Service offers: nodePort and targetPort by the name of the port.
func offered(service *unstructured.Unstructured) map[string][2]int64 {
	found := map[string][2]int64{}
	list, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	for _, entry := range list {
		port := entry.(map[string]any)
		nodePort, _ := port["nodePort"].(int64)
		target, _ := port["targetPort"].(int64)
		found[fmt.Sprint(port["name"])] = [2]int64{nodePort, target}
	}
	return found
}

func TestNumbersInARowAreServedGrowAndShrink(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 7)
	// One number stands in the way of three in a row from the first on.
	w.MustApply(t, namespace, allocation("single", name, port(first+1)))
	w.ready(t, namespace, "single")
	row := func(count int) string {
		return allocation("sip", name, fmt.Sprintf("{name: rtp, targetPort: 20000, protocol: UDP, count: %d}", count))
	}
	serves := func(count int64) {
		t.Helper()
		object := w.ready(t, namespace, "sip")
		if got, want := kube.Text(object, "status.summary"), fmt.Sprintf("rtp:%d-%d/UDP", first+2, first+1+count); got != want {
			t.Errorf("the summary is %s, want %s", got, want)
		}
		ports := offered(w.get(t, "service", namespace, "sip"))
		if int64(len(ports)) != count {
			t.Errorf("the Service offers %v, want %d ports", ports, count)
		}
		for i := range count {
			if got, want := ports[fmt.Sprintf("rtp-%d", i)], [2]int64{first + 2 + i, 20000 + i}; got != want {
				t.Errorf("rtp-%d: %v, want %v", i, got, want)
			}
		}
	}
	w.MustApply(t, namespace, row(3))
	serves(3)
	w.MustApply(t, namespace, row(4))
	serves(4)

	// More than there are: what there is stays and is served.
	w.MustApply(t, namespace, row(6))
	w.refused(t, namespace, "sip", "CannotGrow", "rtp", fmt.Sprint(first+7), fmt.Sprintf("rtp:%d-%d/UDP stays", first+2, first+5))
	if ports := offered(w.get(t, "service", namespace, "sip")); len(ports) != 4 {
		t.Errorf("the Service offers %v, want the 4 ports it had", ports)
	}
	w.MustApply(t, namespace, row(2))
	serves(2)
	w.count(t, name, "allocated", 3)

	// Three in a row are left, four are not.
	w.count(t, name, "largestFreeBlock", 3)
	w.MustApply(t, namespace, allocation("four", name, "{name: rtp, targetPort: 20000, count: 4}"))
	w.refused(t, namespace, "four", "RangeFragmented", "4 numbers in a row", "status.largestFreeBlock", name)
	w.remove(t, "palloc", namespace, "sip")
	if got := held(w.ready(t, namespace, "four"), "rtp-0"); got != first+2 {
		t.Errorf("it begins at %d, want %d", got, first+2)
	}
}

func TestTwoProtocolsShareTheNumberThatBothAskFor(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	w.MustApply(t, namespace, allocation("dns", name,
		fmt.Sprintf("{name: dns, targetPort: 53, protocol: UDP, port: %d}", first),
		fmt.Sprintf("{name: dns-tcp, targetPort: 53, port: %d}", first)))
	object := w.ready(t, namespace, "dns")
	if got, want := kube.Text(object, "status.summary"), fmt.Sprintf("dns:%d/UDP dns-tcp:%d/TCP", first, first); got != want {
		t.Errorf("the summary is %s, want %s", got, want)
	}
	if ports := offered(w.get(t, "service", namespace, "dns")); ports["dns"][0] != first || ports["dns-tcp"][0] != first {
		t.Errorf("the Service offers %v", ports)
	}
	w.count(t, name, "allocated", 1)
}

func TestOnePortIsServedUnderTwoProtocolsWithOneChosenNumber(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 3)
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	w.ready(t, namespace, "web")
	w.MustApply(t, namespace, allocation("dns", name, "{name: dns, targetPort: 53}"))
	if got := held(w.ready(t, namespace, "dns"), "dns"); got != first+1 {
		t.Errorf("dns has %d, want %d", got, first+1)
	}
	// The second protocol comes later and gets the number that is there.
	w.MustApply(t, namespace, allocation("dns", name, "{name: dns, targetPort: 53, alsoProtocol: UDP}"))
	object := w.ready(t, namespace, "dns")
	if got, want := kube.Text(object, "status.summary"), fmt.Sprintf("dns:%d/TCP dns:%d/UDP", first+1, first+1); got != want {
		t.Errorf("the summary is %s, want %s", got, want)
	}
	if ports := offered(w.get(t, "service", namespace, "dns")); ports["dns"][0] != first+1 || ports["dns-udp"][0] != first+1 {
		t.Errorf("the Service offers %v", ports)
	}
	w.count(t, name, "allocated", 2)
	w.MustApply(t, namespace, allocation("dns", name, "{name: dns, targetPort: 53}"))
	w.ready(t, namespace, "dns")
	if ports := offered(w.get(t, "service", namespace, "dns")); len(ports) != 1 || ports["dns"][0] != first+1 {
		t.Errorf("without the second protocol the Service offers %v", ports)
	}
}
