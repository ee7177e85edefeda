package lockout

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

const (
	patience       = 90 * time.Second
	fewestRequests = 400
	fewestKinds    = 60
)

const policy = `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: strict}
spec:
  internal: [{port: 5432, service: PostgreSQL}, {port: 2379, service: etcd}, {ports: ["10000-10999"]}]
  undeclared: Deny
  unknown: Deny
  enforce: {admissionPolicy: true}
`

func TestNobodyIsLockedOutWhileTheWebhookIsDead(t *testing.T) {
	client := kube.MustNew(t, shared.AdminConfig())
	install(t, client)

	began := time.Now()
	restartControlPlane(t, client)
	joinNode(t)
	addOns := files(t, "add-ons.yaml")
	everyKind := files(t, "every-kind.yaml")
	again := files(t, "own.yaml")
	for _, object := range slices.Concat(addOns, everyKind, again, []*unstructured.Unstructured{certificateRequest(t)}) {
		live(t, client, object)
	}
	reinstall(t, client)
	client.MustApply(t, "", "{apiVersion: v1, kind: Namespace, metadata: {name: tenant}}")
	if err := client.Delete(t.Context(), "namespaces", "", "tenant"); err != nil {
		t.Fatal(err)
	}
	client.AwaitGone(t, patience, "namespaces", "", "tenant")

	judge(t, began)
}

// install leaves a cluster in which the webhook is registered, dead and missed, and a policy is kept by admission policies.
func install(t *testing.T, client *kube.Client) {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/operator-rbac.yaml", "deploy/base/webhook-rbac.yaml"} {
		if _, err := client.ApplyPath(t.Context(), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	client.MustApply(t, "", policy)
	options := func(account string) programs.Options {
		config, err := shared.ServiceAccountConfig(t.Context(), programs.Namespace, account)
		if err != nil {
			t.Fatal(err)
		}
		return programs.Options{Config: config, Dir: t.TempDir()}
	}
	operator, err := programs.StartOperator(t.Context(), programs.OperatorOptions{Options: options("berth-operator")})
	if err != nil {
		t.Fatal(err)
	}
	operator.EndWith(t)
	webhook, err := programs.StartWebhook(t.Context(), programs.WebhookOptions{Options: options("berth-webhook")})
	if err != nil {
		t.Fatal(err)
	}
	client.AwaitCondition(t, patience, "exposurepolicies", "", "strict", "Enforced", "True", "WallStands")
	if err := webhook.Kill(); err != nil {
		t.Fatal(err)
	}
	stranded := kube.MustParseOne(t, "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: default}, "+
		"spec: {type: NodePort, ports: [{port: 80}]}}")
	kube.Eventually(t, patience, "the dead webhook to be missed", func(ctx context.Context) error {
		if _, err := client.DryRun(ctx, stranded); !missed(err) {
			return fmt.Errorf("%s: %v", kube.Name(stranded), err)
		}
		return nil
	})
}

// missed tells a request that the API server would have asked the dead webhook about.
func missed(err error) bool {
	return err != nil && strings.Contains(err.Error(), "failed calling webhook")
}

// restartControlPlane brings the API server and its controllers up from nothing but what etcd keeps.
func restartControlPlane(t *testing.T, client *kube.Client) {
	t.Helper()
	for _, component := range []interface {
		Kill() error
		Start(ctx context.Context) error
	}{shared.ControllerManager, shared.APIServer} {
		if err := component.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for _, start := range []func(context.Context) error{shared.APIServer.Start, shared.ControllerManager.Start} {
		if err := start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	kube.Eventually(t, patience, "the API server to answer", func(ctx context.Context) error {
		_, err := client.Get(ctx, "namespaces", "", "kube-system")
		return err
	})
}

// joinNode does what a kubelet does: its node, its lease, its certificate, its static pods, and their states.
func joinNode(t *testing.T) {
	t.Helper()
	config, err := shared.UserConfig("system:node:one", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	admin := kube.MustNew(t, shared.AdminConfig())
	node := kube.MustNew(t, config)
	admin.MustApply(t, "", `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: nodes-of-the-test}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}]
`)
	for _, object := range files(t, "node.yaml") {
		live(t, node, object)
	}
	// What shows the ports of the control plane on every node, outside any excluded namespace.
	mirror := kube.MustParseOne(t, `
apiVersion: v1
kind: Pod
metadata: {name: etcd-one, namespace: default, annotations: {kubernetes.io/config.mirror: "1"}}
spec: {nodeName: one, hostNetwork: true, containers: [{name: etcd, image: etcd, ports: [{containerPort: 2379}]}]}
`)
	live(t, node, mirror)
}

// live is the life of an object: it is made, changed, its labels patched, and deleted.
func live(t *testing.T, client *kube.Client, object *unstructured.Unstructured) {
	t.Helper()
	kind := object.GroupVersionKind().GroupKind().String()
	made, err := client.Create(t.Context(), object)
	if err != nil {
		t.Errorf("create %s: %v", kube.Name(object), err)
		return
	}
	if made.GetName() == "" {
		return // reviews are answered, not stored
	}
	kube.Eventually(t, patience, kube.Name(object)+" to be updated", func(ctx context.Context) error {
		latest, err := client.Get(ctx, kind, object.GetNamespace(), object.GetName())
		if err != nil {
			return err
		}
		annotations := latest.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations["updated"] = "yes"
		latest.SetAnnotations(annotations)
		_, err = client.Update(ctx, latest)
		return err
	})
	if _, err := client.Patch(t.Context(), kind, object.GetNamespace(), object.GetName(), `{"metadata":{"labels":{"patched":"yes"}}}`); err != nil {
		t.Errorf("patch %s: %v", kube.Name(object), err)
	}
	if err := client.Delete(t.Context(), kind, object.GetNamespace(), object.GetName()); err != nil {
		t.Errorf("delete %s: %v", kube.Name(object), err)
	}
}

// reinstall removes Berth's deployment and brings it back, while nothing of it runs.
func reinstall(t *testing.T, client *kube.Client) {
	t.Helper()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, path := range []string{"deploy/base/operator.yaml", "deploy/base/webhook.yaml", "deploy/base/user-roles.yaml",
			"deploy/base/operator-rbac.yaml", "deploy/base/webhook-rbac.yaml", "crds"} {
			objects, err := client.ApplyPath(t.Context(), filepath.Join(root, path))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, object := range objects {
				if object.GetKind() != "Deployment" && object.GetKind() != "Service" {
					continue
				}
				if err := client.Delete(t.Context(), object.GroupVersionKind().GroupKind().String(), object.GetNamespace(), object.GetName()); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func certificateRequest(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	return kube.MustParseOne(t, fmt.Sprintf("{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, "+
		"metadata: {name: request}, spec: {signerName: example.org/signer, usages: [client auth], request: %s}}",
		base64.StdEncoding.EncodeToString(text)))
}

func files(t *testing.T, name string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := kube.ParsePath(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// judge reads the audit log of the API server: all writes since then, of how many kinds, and who was refused.
func judge(t *testing.T, since time.Time) {
	t.Helper()
	kinds := map[schema.GroupResource]int{}
	users := map[string]int{}
	requests := 0
	err := shared.AuditEvents(func(event cluster.AuditEvent) error {
		if !event.IsWrite() || event.ObjectRef == nil || event.Received.Before(since) {
			return nil
		}
		requests++
		kinds[schema.GroupResource{Group: event.ObjectRef.APIGroup, Resource: event.ObjectRef.Resource}]++
		users[event.User.Username]++
		said := event.ResponseStatus.Message
		if strings.Contains(said, "calling webhook") || strings.Contains(said, "denied the request") || strings.Contains(said, "denied request") {
			refused, _ := json.Marshal(event.ObjectRef)
			t.Errorf("%s may not %s %s: %s", event.User.Username, event.Verb, refused, said)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes of %d kinds by %d users", requests, len(kinds), len(users))
	if requests < fewestRequests || len(kinds) < fewestKinds {
		t.Errorf("%d writes of %d kinds are no bootstrap; want %d of %d", requests, len(kinds), fewestRequests, fewestKinds)
	}
	for _, user := range []string{"system:kube-controller-manager", "system:apiserver", "system:node:one"} {
		if users[user] == 0 {
			t.Errorf("%s has written nothing: %v", user, users)
		}
	}
}
