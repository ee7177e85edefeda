package story

import (
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
)

// sticky is an allocation whose numbers wait for one of its name.
func sticky(name, rangeName, span string, ports ...string) string {
	return strings.Replace(allocation(name, rangeName, ports...), "spec:\n", "spec:\n  stickyFor: "+span+"\n", 1)
}

func TestNumbersWaitForWhoComesBackUnderTheSameName(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 6, "reuseAfter: 1h")
	w.MustApply(t, namespace, allocation("first", name, anyPort))
	w.ready(t, namespace, "first")
	ports := []string{"{name: web, targetPort: 8080}", "{name: rtp, targetPort: 20000, count: 2}"}
	w.MustApply(t, namespace, sticky("app", name, "2h", ports...))
	before := w.ready(t, namespace, "app")
	want := fmt.Sprintf("web:%d/TCP rtp:%d-%d/TCP", first+1, first+2, first+3)
	if got := kube.Text(before, "status.summary"); got != want {
		t.Fatalf("the summary is %s, want %s", got, want)
	}

	w.remove(t, "palloc", namespace, "app")
	w.AwaitGone(t, soon, "service", namespace, "app")
	w.count(t, name, "cooling", 3)
	// Not even a range without a rest gives them to somebody else.
	w.patch(t, "prange", "", name, `{"spec":{"reuseAfter":"0s"}}`)
	w.MustApply(t, namespace, allocation("asker", name, port(first+1))+"---"+allocation("any", name, anyPort))
	w.refused(t, namespace, "asker", "PortResting", namespace+"/app")
	if got := held(w.ready(t, namespace, "any"), "main"); got != first+4 {
		t.Errorf("somebody else has %d, want %d", got, first+4)
	}
	w.count(t, name, "cooling", 3)

	w.MustApply(t, namespace, sticky("app", name, "2h", ports...))
	after := w.ready(t, namespace, "app")
	if got := kube.Text(after, "status.summary"); got != want {
		t.Errorf("it came back with %s, it had %s", got, want)
	}
	if before.GetUID() == after.GetUID() {
		t.Error("it is the same object")
	}
	w.count(t, name, "cooling", 0)
}
