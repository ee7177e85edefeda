package story

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func migrating(port int64, old int64, until string) string {
	if until != "" {
		until = fmt.Sprintf(", until: %q", until)
	}
	return fmt.Sprintf("{name: main, targetPort: 8080, port: %d, migrateFrom: {port: %d%s}}", port, old, until)
}

func TestAnOldNumberIsServedBesideTheNewOneUntilItIsGivenBack(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 4)
	old := numbers(1) // of no range
	w.MustApply(t, namespace, allocation("web", name, migrating(first+1, old, "")))
	object := w.ready(t, namespace, "web")
	if got, want := kube.Text(object, "status.summary"), fmt.Sprintf("main:%d/TCP main-old:%d/TCP", first+1, old); got != want {
		t.Errorf("the summary is %s, want %s", got, want)
	}
	if err := kube.HasCondition(object, "Migrating", "True", "BothServed"); err != nil {
		t.Error(err)
	}
	told(t, object, "Migrating", fmt.Sprint(old), fmt.Sprint(first+1), "as long as migrateFrom is written")
	ports := offered(w.get(t, "service", namespace, "web"))
	if len(ports) != 2 || ports["main"] != [2]int64{first + 1, 8080} || ports["main-old"] != [2]int64{old, 8080} {
		t.Errorf("the Service offers %v", ports)
	}
	policy := w.get(t, "networkpolicy", namespace, "web-ingress")
	if rules, _, _ := unstructured.NestedSlice(policy.Object, "spec", "ingress"); len(rules) != 1 {
		t.Errorf("both lead to one container port for the same clients, but there are %d rules", len(rules))
	}
	// Nobody else gets it meanwhile.
	w.MustApply(t, namespace, allocation("other", name, migrating(first+2, old, "")))
	w.refused(t, namespace, "other", "PortTaken", fmt.Sprint(old), namespace+"/web")

	// On command.
	w.MustApply(t, namespace, allocation("web", name, port(first+1)))
	object = w.ready(t, namespace, "web")
	if got, want := kube.Text(object, "status.summary"), fmt.Sprintf("main:%d/TCP", first+1); got != want {
		t.Errorf("the summary is %s, want %s", got, want)
	}
	if condition, ok := kube.Condition(object, "Migrating"); ok {
		t.Errorf("there is still a condition %v", condition)
	}
	if ports := offered(w.get(t, "service", namespace, "web")); len(ports) != 1 {
		t.Errorf("the Service offers %v", ports)
	}
	if got := held(w.ready(t, namespace, "other"), "main-old"); got != old {
		t.Errorf("the other has %d, it waited for %d", got, old)
	}
}

func TestAMigrationEndsByItself(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	// The number it has becomes the old one, so nobody is without a number.
	w.MustApply(t, namespace, allocation("web", name, port(first)))
	w.ready(t, namespace, "web")
	until := time.Now().Add(15 * time.Second).UTC().Format(time.RFC3339)
	w.MustApply(t, namespace, allocation("web", name, migrating(first+1, first, until)))
	w.AwaitCondition(t, soon, "palloc", namespace, "web", "Migrating", "True", "BothServed")
	w.ready(t, namespace, "web")
	if ports := offered(w.get(t, "service", namespace, "web")); ports["main-old"][0] != first || ports["main"][0] != first+1 {
		t.Errorf("the Service offers %v", ports)
	}
	object := w.AwaitCondition(t, soon, "palloc", namespace, "web", "Migrating", "False", "MigrationEnded")
	told(t, object, "Migrating", "remove migrateFrom")
	w.ready(t, namespace, "web")
	w.count(t, name, "allocated", 1)
	if ports := offered(w.get(t, "service", namespace, "web")); len(ports) != 1 || ports["main"][0] != first+1 {
		t.Errorf("the Service offers %v", ports)
	}
	w.MustApply(t, namespace, allocation("next", name, port(first)))
	w.ready(t, namespace, "next")
}

// The map of the port scheme: each old number is served beside its new one.
func TestTheMigrationMapOfTheMeshIsServed(t *testing.T) {
	t.Parallel()
	w := connect(t)
	objects, err := kube.ParsePath(filepath.Join("..", "..", "examples", "mesh", "migration"))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if _, err := w.Apply(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		if object.GetKind() != "PortAllocation" { // those go with their namespace
			t.Cleanup(func() { _ = w.Delete(context.Background(), object.GetKind(), "", object.GetName()) })
		}
	}
	served := 0
	for _, object := range objects {
		if object.GetKind() != "PortAllocation" {
			continue
		}
		status := w.ready(t, object.GetNamespace(), object.GetName())
		service := w.get(t, "service", object.GetNamespace(), object.GetName())
		offers := map[string]int64{}
		list, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
		for _, entry := range list {
			port := entry.(map[string]any)
			offers[fmt.Sprintf("%s/%s", port["name"], port["protocol"])] = port["port"].(int64)
		}
		ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
		for _, entry := range ports {
			port := entry.(map[string]any)
			protocol, _ := port["protocol"].(string)
			if protocol == "" {
				protocol = "TCP"
			}
			old, _, _ := unstructured.NestedInt64(port, "migrateFrom", "port")
			if offers[fmt.Sprintf("%s/%s", port["name"], protocol)] != port["port"] ||
				offers[fmt.Sprintf("%s-old/%s", port["name"], protocol)] != old {
				t.Errorf("%s: the Service offers %v, want %v and %d", object.GetName(), offers, port["port"], old)
			}
			served++
		}
		if len(offers) != 2*len(ports) {
			t.Errorf("%s: the Service offers %v", object.GetName(), offers)
		}
		if err := kube.HasCondition(status, "Migrating", "True", "BothServed"); err != nil {
			t.Error(err)
		}
	}
	if served != 9 {
		t.Errorf("%d ports, the map has 9", served)
	}
}
