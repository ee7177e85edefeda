package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditRequestResponse}, &shared))
}

func client(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return typed
}

func admin(t *testing.T) *kube.Client { return kube.MustNew(t, shared.AdminConfig()) }

// configMap writes a ConfigMap with one value and returns its resourceVersion.
func configMap(t *testing.T, typed kubernetes.Interface, namespace, name, value string) string {
	t.Helper()
	maps := typed.CoreV1().ConfigMaps(namespace)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"value": value}}
	written, err := maps.Create(t.Context(), object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		written, err = maps.Update(t.Context(), object, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return written.ResourceVersion
}

func TestNodePortsComeFromTheRangeOfTheDesign(t *testing.T) {
	namespace := admin(t).Namespace(t)
	services := client(t, shared.AdminConfig()).CoreV1().Services(namespace)
	create := func(name string, nodePort int32) error {
		_, err := services.Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort,
				Ports: []corev1.ServicePort{{Port: 80, NodePort: nodePort}}},
		}, metav1.CreateOptions{})
		return err
	}
	if err := create("lowest", 24000); err != nil {
		t.Error(err)
	}
	kube.ExpectRejected(t, create("taken", 24000), "provided port is already allocated")
	kube.ExpectRejected(t, create("outside", 23999), "The range of valid ports is 24000-32767")
}

func TestControllersGiveADeploymentItsPodsAndAServiceItsEndpointSlices(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	c.MustApply(t, namespace, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
`)
	kube.Eventually(t, 30*time.Second, "two Pods and an EndpointSlice", func(ctx context.Context) error {
		pods, err := c.List(ctx, "pods", namespace, "app=web")
		if err != nil {
			return err
		}
		slices, err := c.List(ctx, "endpointslices", namespace, "kubernetes.io/service-name=web")
		if err != nil {
			return err
		}
		if len(pods) != 2 || len(slices) != 1 {
			return fmt.Errorf("%d Pods and %d EndpointSlices", len(pods), len(slices))
		}
		return nil
	})
}

func TestGarbageCollectorRemovesManyDependentsFast(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	typed := c.Typed.CoreV1().ConfigMaps(namespace)
	owner, err := typed.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		_, err := typed.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name:            fmt.Sprintf("dependent-%d", i),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}},
		}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := typed.Delete(t.Context(), "owner", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, 30*time.Second, "the dependents to be gone", func(ctx context.Context) error {
		list, err := typed.List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) > 1 { // kube-root-ca.crt stays
			err = fmt.Errorf("%d are left", len(list.Items)-1)
		}
		return err
	})
}

func TestUsersMayDoWhatTheyAreGrantedAndNothingElse(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	user, err := shared.UserConfig("jane", "developers")
	if err != nil {
		t.Fatal(err)
	}
	account, err := shared.ServiceAccountConfig(t.Context(), namespace, "robot")
	if err != nil {
		t.Fatal(err)
	}
	subjects := map[string]rbacv1.Subject{
		"user":            {APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "developers"},
		"service account": {Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "robot"},
	}
	for name, config := range map[string]*rest.Config{"user": user, "service account": account} {
		t.Run(name, func(t *testing.T) {
			maps := client(t, config).CoreV1().ConfigMaps(namespace)
			if _, err := maps.List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
				t.Fatalf("want Forbidden, got %v", err)
			}
			_, err := c.Typed.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{GenerateName: "may-view-"},
				Subjects:   []rbacv1.Subject{subjects[name]},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			kube.Eventually(t, 10*time.Second, "the grant to work", func(ctx context.Context) error {
				_, err := maps.List(ctx, metav1.ListOptions{})
				return err
			})
			_, err = maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{})
			if !apierrors.IsForbidden(err) {
				t.Fatalf("want Forbidden, got %v", err)
			}
		})
	}
}

func TestKubeconfigWorksForEveryKindOfAccess(t *testing.T) {
	account, err := shared.ServiceAccountConfig(t.Context(), "kube-system", "reader")
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*rest.Config{"certificate": shared.AdminConfig(), "token": account} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kubeconfig")
			if err := cluster.WriteKubeconfig(path, config); err != nil {
				t.Fatal(err)
			}
			read, err := clientcmd.BuildConfigFromFlags("", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client(t, read).Discovery().ServerVersion(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestClientsSurviveARestartOfTheAPIServer(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	watch, err := c.Typed.CoreV1().ConfigMaps(namespace).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	address := shared.APIServer.URL
	for name, end := range map[string]func() error{
		"killed": shared.APIServer.Kill,
		// An open watch may keep it from ending by itself.
		"stopped": func() error {
			if err := shared.APIServer.Stop(); err != nil && !errors.Is(err, process.ErrKilled) {
				return err
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if shared.APIServer.Process().Alive() || shared.Healthy(t.Context()) == nil {
				t.Fatal("it still runs")
			}
			ended := time.Now()
			if err := shared.APIServer.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Logf("gone after %s, ready again after %s", ended.Sub(began).Round(time.Millisecond), time.Since(ended).Round(time.Millisecond))
			if shared.APIServer.URL != address {
				t.Errorf("it has moved to %s", shared.APIServer.URL)
			}
			configMap(t, c.Typed, namespace, "after-"+name, "x")
			if err := shared.Healthy(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEtcdKeepsItsDataWhenKilled(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	written := configMap(t, c.Typed, namespace, "kept", "x")
	if err := shared.Etcd.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, 20*time.Second, "the API server to read from etcd again", func(ctx context.Context) error {
		object, err := c.Get(ctx, "cm", namespace, "kept")
		if err == nil && object.GetResourceVersion() != written {
			err = kube.Stop(fmt.Errorf("resourceVersion %s, not %s", object.GetResourceVersion(), written))
		}
		return err
	})
}

func TestASecondAPIServerSeesTheSameObjects(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	second, err := shared.AddAPIServer(t.Context(), cluster.APIServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Kill()
	written := configMap(t, c.Typed, namespace, "shared", "x")
	other := kube.MustNew(t, second.Redirect(shared.AdminConfig()))
	object, err := other.Get(t.Context(), "configmap", namespace, "shared")
	if err != nil {
		t.Fatal(err)
	}
	if object.GetResourceVersion() != written {
		t.Errorf("resourceVersion %s, want %s", object.GetResourceVersion(), written)
	}
}

func TestAFrozenAPIServerAnswersNothingAndGoesOnLater(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	if err := shared.APIServer.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Typed.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	if resume := shared.APIServer.Resume(); resume != nil {
		t.Fatal(resume)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want no answer, got %v", err)
	}
	configMap(t, c.Typed, namespace, "after", "x")
}

func TestAuditLogTellsWhoWroteWhat(t *testing.T) {
	c := admin(t)
	namespace := c.Namespace(t)
	user, err := shared.UserConfig("auditor", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	configMap(t, client(t, user), namespace, "audited", "secret")
	found := 0
	err = shared.AuditEvents(func(event cluster.AuditEvent) error {
		if event.ObjectRef == nil || event.ObjectRef.Namespace != namespace || event.User.Username != "auditor" {
			return nil
		}
		found++
		var body struct{ Data map[string]string }
		if err := json.Unmarshal(event.RequestObject, &body); err != nil {
			return err
		}
		if !event.IsWrite() || event.Verb != "create" || event.ResponseStatus.Code != 201 || body.Data["value"] != "secret" {
			return fmt.Errorf("unexpected: %+v", event)
		}
		return nil
	})
	if err != nil || found != 1 {
		t.Errorf("%d events, %v", found, err)
	}
}

func TestUpKeepsWhatIsHealthyAndMendsWhatIsNot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	options := cluster.Options{Dir: dir, Log: io.Discard}
	first, started, err := cluster.Up(t.Context(), options)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	t.Cleanup(func() { _ = cluster.Down(context.Background(), dir) })
	c := kube.MustNew(t, first.AdminConfig())
	configMap(t, c.Typed, "default", "kept", "x")

	began := time.Now()
	again, started, err := cluster.Up(t.Context(), options)
	if err != nil || started {
		t.Fatal(started, err)
	}
	t.Logf("found to be healthy in %s", time.Since(began).Round(time.Millisecond))
	if again.Etcd.Process().PID() != first.Etcd.Process().PID() {
		t.Error("it was started again although it was healthy")
	}
	if _, err := cluster.Start(t.Context(), options); err == nil {
		t.Error("started twice in one folder")
	}

	if err := again.Etcd.Kill(); err != nil {
		t.Fatal(err)
	}
	// A program kept by one command is found by the next one, and goes with the rest.
	keep := func(c *cluster.Cluster) (*process.Service, bool) {
		service := &process.Service{
			Spec:  process.Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"300"}},
			Ready: func(context.Context) error { return nil },
		}
		running := c.Keep(service)
		return service, running
	}
	kept, running := keep(again)
	if err := kept.Start(t.Context()); err != nil || running {
		t.Fatal(running, err)
	}
	reopened, err := cluster.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if found, running := keep(reopened); !running || found.Process().PID() != kept.Process().PID() {
		t.Error("the program was not found again")
	}

	mended, started, err := cluster.Up(t.Context(), options)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	if kept.Process().Alive() {
		t.Error("the program has survived its control plane")
	}
	// The same address, the same certificates, the same data: the old client works.
	if _, err := c.Get(t.Context(), "configmap", "default", "kept"); err != nil {
		t.Error(err)
	}

	if err := cluster.Down(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, part := range []*process.Service{mended.Etcd, mended.APIServer.Service, mended.ControllerManager} {
		if part.Process().Alive() {
			t.Errorf("%s still runs", part.Name())
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
	if err := cluster.Down(t.Context(), dir); err != nil {
		t.Errorf("down twice: %v", err)
	}
}

func TestAStartThatFailsSaysWhyAndLeavesNothingRunning(t *testing.T) {
	began := time.Now()
	_, err := cluster.Start(t.Context(), cluster.Options{
		Dir:           filepath.Join(t.TempDir(), "cluster"),
		APIServerArgs: []string{"--no-such-flag"},
		Log:           io.Discard,
	})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Errorf("the error does not name the cause: %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("noticed only after %s", took)
	}
}
