package story

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// examplesFolder holds the manifests that replace the requirement documents.
const examplesFolder = "../../examples/"

// example applies the objects of a folder and takes them away again, the ranges last. Tests that apply examples
// are not parallel: some of their ranges refuse numbers that other tests use.
func (w *world) example(t *testing.T, folder, namespace string) {
	t.Helper()
	objects := must[[]*unstructured.Unstructured](t)(kube.ParsePath(examplesFolder + folder))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, object := range objects {
			if object.GetKind() == "PortAllocation" || object.GetKind() == "PortRange" {
				_ = w.Delete(ctx, object.GetKind(), object.GetNamespace(), object.GetName())
			}
		}
		_ = w.Delete(ctx, "Namespace", "", namespace)
	})
	var first, workloads []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "Deployment" || object.GetKind() == "DaemonSet" {
			workloads = append(workloads, object)
		} else {
			first = append(first, object)
		}
	}
	if _, err := w.Apply(t.Context(), first...); err != nil {
		t.Fatal(err)
	}
	for _, object := range first {
		if object.GetKind() == "PortAllocation" {
			w.ready(t, namespace, object.GetName())
		}
	}
	// The webhook hears of allocations from its own watch.
	for _, object := range workloads {
		// The controller manager makes pods, but nothing gives them a node: podOf makes them with one.
		if object.GetKind() == "Deployment" {
			if err := unstructured.SetNestedField(object.Object, int64(0), "spec", "replicas"); err != nil {
				t.Fatal(err)
			}
		}
		kube.Eventually(t, soon, kube.Name(object)+" to be admitted", func(ctx context.Context) error {
			_, err := w.Apply(ctx, object)
			return err
		})
	}
}

// podOf makes the pod that the template of an example's workload makes, on a node. There is no kubelet: it does not run.
func (w *world) podOf(t *testing.T, kind, namespace, name, node string, edit func(pod map[string]any)) string {
	t.Helper()
	workload := w.get(t, kind, namespace, name)
	template, _, err := unstructured.NestedMap(workload.Object, "spec", "template")
	if err != nil {
		t.Fatal(err)
	}
	spec, _ := template["spec"].(map[string]any)
	if edit != nil {
		edit(spec)
	}
	spec["nodeName"] = node
	delete(spec, "nodeSelector")
	pod := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": spec}}
	pod.SetNamespace(namespace)
	pod.SetName(name + "-" + kube.UniqueName(t))
	kube.Eventually(t, soon, "a pod of "+name+" to be admitted", func(ctx context.Context) error {
		_, err := w.Apply(ctx, pod)
		return err
	})
	return pod.GetName()
}

// published waits for a reason of Published.
func (w *world) published(t *testing.T, namespace, name, status, reason string, says ...string) {
	t.Helper()
	w.awaitWords(t, "palloc", namespace, name, "Published", status, reason, says...)
}

// ports changes a field of a container port, by the name of the port.
func ports(name, field string, value any) func(spec map[string]any) {
	return func(spec map[string]any) {
		containers, _ := spec["containers"].([]any)
		for _, container := range containers {
			list, _ := container.(map[string]any)["ports"].([]any)
			for _, entry := range list {
				if port, _ := entry.(map[string]any); port["name"] == name {
					if value == nil {
						delete(port, field)
					} else {
						port[field] = value
					}
				}
			}
		}
	}
}

func TestDevicesHaveTheirOwnNumbersAndPodsMustCarryThem(t *testing.T) {
	w := connect(t)
	w.example(t, "devices", "devices")
	for name, want := range map[string]string{
		"proxy": "http:80/TCP https:443/TCP", "dns": "dns:53/UDP dns:53/TCP", "git": "ssh:20022/TCP",
		"backup": "ssh:20022/TCP", "vault": "api:28200/TCP", "orchestrator": "api:24000/TCP debug:24001/TCP",
		"agent": "agent:24000/TCP", "node-metrics": "metrics:23100/TCP",
	} {
		if got := kube.Text(w.get(t, "palloc", "devices", name), "status.summary"); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
		w.published(t, "devices", name, "True", "AwaitingPods")
	}

	// As the table says.
	w.podOf(t, "Deployment", "devices", "git", "device-1", nil)
	w.podOf(t, "Deployment", "devices", "backup", "device-2", nil)
	w.published(t, "devices", "git", "True", "HostPort")
	w.published(t, "devices", "backup", "True", "HostPort")
	w.podOf(t, "DaemonSet", "devices", "node-metrics", "device-1", nil)
	w.published(t, "devices", "node-metrics", "True", "HostPort")
	w.podOf(t, "DaemonSet", "devices", "node-metrics", "device-2", nil)

	// Otherwise.
	for _, c := range []struct {
		name, node, status, reason, says string
		edit                             func(map[string]any)
	}{
		{"orchestrator", "device-1", "False", "HostPortMissing", "write hostPort: 24000", ports("api", "hostPort", nil)},
		{"vault", "device-1", "False", "HostIPDiffers", "write hostIP: 10.8.0.1", ports("api", "hostIP", "10.8.0.2")},
		{"agent", "device-1", "False", "PodOnOtherNode", "device-2", ports("agent", "hostPort", nil)},
	} {
		t.Run(c.reason, func(t *testing.T) {
			pod := w.podOf(t, "Deployment", "devices", c.name, c.node, c.edit)
			w.published(t, "devices", c.name, c.status, c.reason, c.says)
			w.remove(t, "Pod", "devices", pod)
			w.published(t, "devices", c.name, "True", "AwaitingPods")
		})
	}

	// Nobody else may have the number on that device; on another one it is as free as its range lets it be.
	w.MustApply(t, "devices", `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: rival}
spec:
  purpose: ssh-git
  nodeName: device-1
  selector: {app: rival}
  ports: [{name: ssh, targetPort: 22, port: 20022}]
`)
	w.refused(t, "devices", "rival", "PortTaken", "PortAllocation devices/git holds on node device-1")
	w.patch(t, "palloc", "devices", "rival", `{"spec":{"nodeName":"device-3"}}`)
	w.ready(t, "devices", "rival")
	w.patch(t, "palloc", "devices", "rival", `{"spec":{"nodeName":null}}`)
	w.refused(t, "devices", "rival", "PortTaken", "on node device-")

	// Closed by default.
	_, err := w.Apply(t.Context(), kube.MustParseOne(t, `
apiVersion: v1
kind: Pod
metadata: {name: undeclared, namespace: devices, labels: {app: undeclared}}
spec:
  nodeName: device-2
  containers: [{name: main, image: example.org/main, ports: [{containerPort: 8080, hostPort: 25000}]}]
`))
	kube.ExpectRejected(t, err, "hostPort 25000 belongs to PortRange devices", "no PortAllocation holds it",
		"with a PortAllocation of rangeName: devices and port: 25000")
}

func TestContainersHaveNumbersByPurposeAndAddressesToListenOn(t *testing.T) {
	w := connect(t)
	w.example(t, "containers", "containers")
	for name, want := range map[string]string{
		"my-app": "http:9000/TCP api:14001/TCP admin:9002/TCP", "registry": "https:10000/TCP",
		"gateway": "http:12000/TCP https:13000/TCP", "newcomer": "web:14000/TCP",
	} {
		if got := kube.Text(w.get(t, "palloc", "containers", name), "status.summary"); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	pod := w.podOf(t, "Deployment", "containers", "my-app", "host-1", nil)
	w.published(t, "containers", "my-app", "True", "HostPort")
	w.remove(t, "Pod", "containers", pod)
	w.podOf(t, "Deployment", "containers", "my-app", "host-1", ports("admin", "hostIP", nil))
	w.published(t, "containers", "my-app", "False", "HostIPDiffers", "write hostIP: 127.0.0.1")

	// A number of the system, a number of another, and one of nobody.
	for number, says := range map[int]string{
		22:    "which reserves it (the host's own SSH, mail and name server)",
		27017: "databases are never reached through a host",
		12000: "is held by PortAllocation containers/gateway",
		14777: "no PortAllocation holds it",
	} {
		_, err := w.DryRun(t.Context(), kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: taker, namespace: containers}
spec:
  selector: {matchLabels: {app: taker}}
  template:
    metadata: {labels: {app: taker}}
    spec:
      containers: [{name: main, image: example.org/main, ports: [{containerPort: 8080, hostPort: %d}]}]
`, number)))
		kube.ExpectRejected(t, err, fmt.Sprintf("hostPort %d belongs to PortRange", number), says)
	}
	w.MustApply(t, "containers", `
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: mongo}
spec:
  purpose: exposed
  selector: {app: mongo}
  ports: [{name: db, targetPort: 27017, port: 27017}]
`)
	w.refused(t, "containers", "mongo", "PortReserved", "range restricted reserves (databases are never reached")
}

// The API server chooses a nodePort before validating admission sees the Service (allocation.md 2.1).
func TestANumberThatTheAPIServerChoseIsJudgedToo(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: NodePort, ports: ["24200-32767"], undeclared: Deny}
`, name))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.Delete(ctx, "prange", "", name)
	})
	service := func(name string) *unstructured.Unstructured {
		object := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %s}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
`, name))
		object.SetNamespace(namespace)
		return object
	}
	var refusal error
	kube.Eventually(t, soon, "the webhook to hear of the range", func(ctx context.Context) error {
		if _, refusal = w.Create(ctx, service("web")); refusal == nil {
			_ = w.Delete(ctx, "svc", namespace, "web")
			return fmt.Errorf("it was admitted")
		}
		return nil
	})
	kube.ExpectRejected(t, refusal, "belongs to PortRange "+name, "the API server chose this one")

	// Reported only: admitted, with a warning and a condition of the range.
	w.patch(t, "prange", "", name, `{"spec":{"undeclared":"Report"}}`)
	kube.Eventually(t, soon, "the webhook to hear of the edit", func(ctx context.Context) error {
		_, err := w.Create(ctx, service("web"))
		return err
	})
	if warnings := strings.Join(w.Warnings(), "\n"); !strings.Contains(warnings, "belongs to PortRange "+name) {
		t.Errorf("no warning: %q", warnings)
	}
	w.awaitWords(t, "prange", "", name, "UndeclaredUse", "True", "UsedWithoutAllocation", "by Service "+namespace+"/web (nodePort)")
	w.remove(t, "svc", namespace, "web")
}
