package standin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/standin"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

// The tests' own program is the one in the containers, too: it tells what it finds there.
const asContainer = "tells"

func init() { runtime.LockOSThread() } // TestMain runs on the main thread

// The main thread is in a foreign network, as after it has served in that of a pod: no test may notice.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == asContainer {
		os.Exit(tell(os.Args[1:]))
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		fmt.Println("a network of its own for the main thread:", err)
		os.Exit(1)
	}
	result := make(chan int)
	go func() { result <- cluster.RunTests(m, standin.ClusterOptions(), &shared) }()
	os.Exit(<-result)
}

// tell answers /FILE with what is in it, and /env, /user and /write.
func tell(args []string) int {
	if len(args) > 0 && args[0] == "exit" {
		fmt.Println("leaving")
		return len(args) - 1
	}
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Join(os.Environ(), "\n")) })
	http.HandleFunc("/user", func(w http.ResponseWriter, _ *http.Request) {
		status, _ := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "Cap") || strings.HasPrefix(line, "NoNewPrivs") || strings.HasPrefix(line, "Uid") {
				fmt.Fprintln(w, strings.Join(strings.Fields(line), " "))
			}
		}
	})
	http.HandleFunc("/write", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%v %v", os.WriteFile("/x", nil, 0o600), os.WriteFile("/scratch/x", nil, 0o600))
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(r.URL.Path)
		fmt.Fprint(w, string(text))
		if err != nil {
			fmt.Fprint(w, err)
		}
	})
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Println(err)
	}
	return 1
}

const deployment = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: teller}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: text}
data: {words: one}
---
apiVersion: v1
kind: Service
metadata: {name: teller}
spec:
  selector: {app: teller}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: teller}
spec:
  replicas: 2
  selector: {matchLabels: {app: teller}}
  template:
    metadata: {labels: {app: teller}}
    spec:
      serviceAccountName: teller
      securityContext: {runAsUser: 65532}
      containers:
        - name: teller
          image: anything
          command: [tells, http]
          env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /readyz, port: http}}
          securityContext: {readOnlyRootFilesystem: true}
          volumeMounts:
            - {name: text, mountPath: /etc/text, readOnly: true}
            - {name: scratch, mountPath: /scratch}
      volumes:
        - {name: text, configMap: {name: text}}
        - {name: scratch, emptyDir: {}}
`

// start returns a client, a namespace, and a node that runs its pods.
func start(t *testing.T) (*kube.Client, string, *standin.Node) {
	t.Helper()
	if err := standin.Possible(); err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), asContainer)
	if err := os.Link(self, program); err != nil {
		text, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	if err := standin.MakeRoot(root, program); err != nil {
		t.Fatal(err)
	}
	c := kube.MustNew(t, shared.AdminConfig())
	namespace := c.Namespace(t)
	node, err := standin.Start(t.Context(), standin.Options{
		Config: shared.AdminConfig(), Namespace: namespace, Root: root, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	node.EndWith(t)
	return c, namespace, node
}

func get(ctx context.Context, address, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":8080"+path, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func available(c *kube.Client, namespace string, replicas int64) func(context.Context) error {
	return func(ctx context.Context) error {
		object, err := c.Get(ctx, "deployments.apps", namespace, "teller")
		if err != nil {
			return err
		}
		if got, _ := kube.Int(object, "status.availableReplicas"); got != replicas {
			return fmt.Errorf("%d are available", got)
		}
		return nil
	}
}

func TestADeploymentRunsAsItIsWritten(t *testing.T) {
	c, namespace, node := start(t)
	c.MustApply(t, namespace, deployment)
	kube.Eventually(t, 30*time.Second, "two pods to be available", available(c, namespace, 2))
	pods, err := c.List(t.Context(), "pods", namespace)
	if err != nil {
		t.Fatal(err)
	}
	address := node.Address(pods[0].GetName())
	if status := kube.Text(&pods[0], "status.podIP"); status != address || address == node.Address(pods[1].GetName()) {
		t.Fatalf("the address is %s, by the status %s, of the other one %s", address, status, node.Address(pods[1].GetName()))
	}
	for _, c := range []struct{ path, says, not string }{
		{"/env", "POD=" + pods[0].GetName(), "PWD="},
		{"/env", "KUBERNETES_SERVICE_HOST=10.96.0.1", ""},
		{"/user", "Uid: 65532 65532 65532 65532", ""},
		{"/user", "CapEff: 0000000000000000", ""},
		{"/user", "CapBnd: 0000000000000000", ""},
		{"/user", "NoNewPrivs: 1", ""},
		{"/write", "open /x: read-only file system <nil>", ""},
		{"/etc/text/words", "one", ""},
		{"/etc/hostname", "no such file", ""}, // nothing of this machine is to be seen
		{"/var/run/secrets/kubernetes.io/serviceaccount/namespace", namespace, ""},
		{"/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", "BEGIN CERTIFICATE", ""},
	} {
		got, err := get(t.Context(), address, c.path)
		if err != nil || !strings.Contains(got, c.says) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: %v, without %q in %q", c.path, err, c.says, got)
		}
	}
	kube.Eventually(t, 10*time.Second, "two ready endpoints", func(ctx context.Context) error {
		slices, err := c.List(ctx, "endpointslices.discovery.k8s.io", namespace)
		if err != nil || len(slices) != 1 {
			return fmt.Errorf("%d EndpointSlices: %w", len(slices), err)
		}
		endpoints, _, _ := unstructured.NestedSlice(slices[0].Object, "endpoints")
		if len(endpoints) != 2 {
			return fmt.Errorf("%d endpoints", len(endpoints))
		}
		return nil
	})
}

func TestVolumesFollowTheirObjectsAndPodsEndWithThem(t *testing.T) {
	c, namespace, node := start(t)
	c.MustApply(t, namespace, deployment)
	kube.Eventually(t, 30*time.Second, "two pods to be available", available(c, namespace, 2))
	pods, err := c.List(t.Context(), "pods", namespace)
	if err != nil {
		t.Fatal(err)
	}
	address := node.Address(pods[0].GetName())
	if _, err := c.Patch(t.Context(), "configmaps", namespace, "text", `{"data": {"words": "two"}}`); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, 10*time.Second, "the file to change", func(ctx context.Context) error {
		if got, err := get(ctx, address, "/etc/text/words"); err != nil || got != "two" {
			return fmt.Errorf("%q, %v", got, err)
		}
		return nil
	})
	if err := c.Delete(t.Context(), "deployments.apps", namespace, "teller"); err != nil {
		t.Fatal(err)
	}
	for i := range pods {
		c.AwaitGone(t, 20*time.Second, "pods", namespace, pods[i].GetName())
	}
	kube.Eventually(t, 5*time.Second, "nothing to run any more", func(context.Context) error {
		if still := node.Address(pods[0].GetName()); still != "" {
			return fmt.Errorf("%s still runs at %s", pods[0].GetName(), still)
		}
		return nil
	})
}

func TestAPodThatWaitsForItsSecretAndOneThatEnds(t *testing.T) {
	c, namespace, _ := start(t)
	c.MustApply(t, namespace, `
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  containers:
    - {name: a, image: a, command: [tells, exit], volumeMounts: [{name: s, mountPath: /s}]}
  restartPolicy: Never
  volumes: [{name: s, secret: {secretName: late}}]
---
apiVersion: v1
kind: Pod
metadata: {name: fails}
spec:
  containers: [{name: a, image: a, command: [tells, exit, with, two]}]
  restartPolicy: Never
`)
	phase := func(name, want string) func(context.Context) error {
		return func(ctx context.Context) error {
			pod, err := c.Get(ctx, "pods", namespace, name)
			if err != nil {
				return err
			}
			if got := kube.Text(pod, "status.phase"); got != want {
				return fmt.Errorf("the phase is %s: %s", got, kube.Text(pod, "status.containerStatuses"))
			}
			return nil
		}
	}
	kube.Eventually(t, 20*time.Second, "the one to fail", phase("fails", "Failed"))
	if pod, err := c.Get(t.Context(), "pods", namespace, "waits"); err != nil || kube.Text(pod, "status.phase") != "Pending" {
		t.Fatalf("%v, %v", kube.Text(pod, "status"), err)
	}
	c.MustApply(t, namespace, "{apiVersion: v1, kind: Secret, metadata: {name: late}, stringData: {a: b}}")
	kube.Eventually(t, 20*time.Second, "the other one to succeed", phase("waits", "Succeeded"))
}
