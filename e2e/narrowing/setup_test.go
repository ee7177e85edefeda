package narrowing

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/manifests"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(m, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

const (
	rangeName = "narrow"
	first     = 24200
	size      = 2
	everybody = "ClusterRoleBinding berth-operator-namespaced" // as kube.Name calls it
)

// named are the namespaces of deploy/overlays/namespaced.
var named = []string{"mesh", "vpn"}

// world is a cluster with a range of two numbers, the named namespaces and another one.
type world struct {
	*kube.Client
	elsewhere string
	began     time.Time // the operator that runs now
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Client: kube.MustNew(t, shared.AdminConfig())}
	if err := site.Install(t.Context(), w.Client); err != nil {
		t.Fatal(err)
	}
	// A namespace that ends is there for a while, and takes nothing new.
	for _, name := range named {
		kube.Eventually(t, site.Patience, "namespace "+name, func(ctx context.Context) error {
			_, err := w.Create(ctx, kube.MustParseOne(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}"))
			return err
		})
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, name := range named {
			_ = w.Delete(ctx, "namespace", "", name)
		}
		for _, kind := range []string{"portranges", "portledgers"} {
			all, _ := w.List(ctx, kind, "")
			for _, object := range all {
				_ = w.Delete(ctx, kind, "", object.GetName())
			}
		}
	})
	w.elsewhere = w.Namespace(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec: {space: NodePort, ports: ["%d-%d"], reuseAfter: 1s}
`, rangeName, first, first+size-1))
	return w
}

// overlay returns the objects of deploy/overlays/namespaced.
func overlay(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	text, err := manifests.Built(t.Context(), shared.Binaries().Kubectl, "deploy/overlays/namespaced")
	if err != nil {
		t.Fatal(err)
	}
	return kube.MustParse(t, text)
}

// widen gives the operator its rights in the whole cluster.
func (w *world) widen(t *testing.T) {
	t.Helper()
	if err := site.Install(t.Context(), w.Client); err != nil {
		t.Fatal(err)
	}
	w.awaitRight(t, "", true)
	w.awaitRight(t, w.elsewhere, true)
}

// narrow leaves the operator those rights alone that the overlay gives it, and returns the arguments of its Deployment
// there that name namespaces.
func (w *world) narrow(t *testing.T) []string {
	t.Helper()
	var args []string
	var rights []*unstructured.Unstructured
	for _, object := range overlay(t) {
		if strings.HasPrefix(object.GetAPIVersion(), "rbac.authorization.k8s.io/") && strings.HasPrefix(object.GetName(), "berth-operator") {
			rights = append(rights, object)
		}
		if kube.Name(object) == everybody {
			t.Fatalf("%s is part of the overlay", everybody)
		}
		if object.GetKind() == "Deployment" && object.GetName() == "berth-operator" {
			command, _ := kube.Value(object, "spec.template.spec.containers.0.command")
			for _, word := range command.([]any) {
				if strings.HasPrefix(word.(string), "--namespaces=") {
					args = append(args, word.(string))
				}
			}
		}
	}
	if want := "--namespaces=" + strings.Join(named, ","); !slices.Equal(args, []string{want}) {
		t.Fatalf("the overlay names namespaces by %q, not by %q", args, want)
	}
	if _, err := w.Apply(t.Context(), rights...); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), "clusterrolebinding", "", "berth-operator-namespaced"); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	for _, name := range named {
		w.awaitRight(t, name, true)
	}
	w.awaitRight(t, "", false)
	w.awaitRight(t, w.elsewhere, false)
	return args
}

// awaitRight waits until the API server knows that the operator's account may, or may not, list the allocations of a
// namespace ("": of all).
func (w *world) awaitRight(t *testing.T, namespace string, want bool) {
	t.Helper()
	kube.Eventually(t, site.Patience, fmt.Sprintf("the right in namespace %q to be %v", namespace, want), func(ctx context.Context) error {
		answer, err := w.Typed.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{User: site.OperatorUser, ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: namespace, Verb: "list", Group: "berth.dev", Resource: "portallocations"}},
		}, metav1.CreateOptions{})
		if err == nil && answer.Status.Allowed != want {
			err = fmt.Errorf("it is %v", answer.Status.Allowed)
		}
		return err
	})
}

// start runs an operator under its service account until the test ends or it is stopped, and waits until it leads.
func (w *world) start(t *testing.T, args ...string) *programs.Program {
	t.Helper()
	w.began = time.Now()
	operator, err := programs.StartOperator(t.Context(), programs.OperatorOptions{
		Options: programs.Options{Config: site.Access(t, shared), Dir: t.TempDir(), Args: args}})
	if err != nil {
		t.Fatal(err)
	}
	operator.EndWith(t)
	site.AwaitLeader(t, w.Client, operator.Identity)
	return operator
}

func stop(t *testing.T, operator *programs.Program) {
	t.Helper()
	if err := operator.Stop(); err != nil {
		t.Fatal(err)
	}
}

// allocate asks for a number; 0: any.
func (w *world) allocate(t *testing.T, namespace, name string, number int) {
	t.Helper()
	port := "{name: main, targetPort: 8080}"
	if number != 0 {
		port = fmt.Sprintf("{name: main, targetPort: 8080, port: %d}", number)
	}
	w.MustApply(t, namespace, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: %s}
spec: {rangeName: %s, selector: {app: %s}, exposure: External, ports: [%s]}
`, name, rangeName, name, port))
}

func (w *world) ready(t *testing.T, namespace, name string) {
	t.Helper()
	w.AwaitCondition(t, site.Patience, "palloc", namespace, name, "Ready", "True")
}

// entries are those of all ledgers whose owner is in a namespace, by number.
func (w *world) entries(t *testing.T, namespace string) map[string]string {
	t.Helper()
	ledgers, err := w.List(t.Context(), "portledgers", "")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, ledger := range ledgers {
		all, _, err := unstructured.NestedStringMap(ledger.Object, "spec", "entries")
		if err != nil {
			t.Fatal(err)
		}
		for number, entry := range all {
			if strings.Contains(entry, " "+namespace+"/") {
				found[number] = entry
			}
		}
	}
	return found
}

// versions are the resourceVersions of everything of Berth in a namespace.
func (w *world) versions(t *testing.T, namespace string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, kind := range []string{"portallocations", "services", "networkpolicies", "configmaps", "events.events.k8s.io"} {
		all, err := w.List(t.Context(), kind, namespace)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range all {
			if object.GetName() != "kube-root-ca.crt" {
				found[kube.Name(&object)] = object.GetResourceVersion()
			}
		}
	}
	return found
}

// askedOnlyWhatItMay checks every request of the operator that runs now: none was forbidden, and none was about what is
// in a namespace that is not named, or in all of them.
func (w *world) askedOnlyWhatItMay(t *testing.T) {
	t.Helper()
	asked := 0
	err := shared.AuditEvents(func(event cluster.AuditEvent) error {
		if event.User.Username != site.OperatorUser || event.Received.Before(w.began) {
			return nil
		}
		asked++
		if event.Annotations["authorization.k8s.io/decision"] == "forbid" {
			t.Errorf("forbidden: %s %s", event.Verb, event.RequestURI)
		}
		if event.ObjectRef == nil {
			return nil
		}
		at := event.ObjectRef
		switch at.Resource {
		case "leases":
			return nil // of the operator's own namespace
		case "events":
			if at.Namespace == "default" {
				return nil // about what is in no namespace
			}
		case "portallocations", "services", "networkpolicies", "configmaps", "pods":
		default:
			return nil // of the cluster
		}
		if !slices.Contains(named, at.Namespace) {
			t.Errorf("asked beyond %v: %s %s", named, event.Verb, event.RequestURI)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if asked < 20 {
		t.Errorf("the audit log shows %d requests of the operator", asked)
	}
}
