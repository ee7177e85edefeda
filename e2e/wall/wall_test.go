package wall

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	patience = 60 * time.Second

	policies = "validatingadmissionpolicies"
	bindings = "validatingadmissionpolicybindings"
)

// place is a cluster with an operator and no webhook, and a namespace for one test with a policy of its own.
type place struct {
	*kube.Client
	t      *testing.T
	home   string
	policy string
}

// newPlace declares an ExposurePolicy for its namespace alone; `more` are further lines of its spec.
func newPlace(t *testing.T, more string) *place {
	t.Helper()
	client := kube.MustNew(t, shared.AdminConfig())
	if err := site.Install(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	operator, err := programs.StartOperator(t.Context(), programs.OperatorOptions{
		Options: programs.Options{Config: site.Access(t, shared), Dir: t.TempDir()},
		// Each test kills the operator of the one before.
		LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 500 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	operator.EndWith(t)
	p := &place{client, t, client.Namespace(t), ""}
	p.policy = p.home
	p.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %s}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
  external: [{port: 443}]
  internal: [{port: 5432, service: PostgreSQL}, {port: 27017, service: MongoDB}]
  enforce: {admissionPolicy: true}
%s`, p.policy, p.home, more))
	t.Cleanup(func() { _ = p.Delete(context.Background(), "exposurepolicies", "", p.policy) })
	return p
}

func (p *place) name(form string) string { return p.policy + "." + form + ".exposure.berth.dev" }

func (p *place) awaitWall() {
	p.t.Helper()
	p.AwaitCondition(p.t, patience, "exposurepolicies", "", p.policy, "Enforced", "True", "WallStands")
}

// service exposes a port by its number.
func (p *place) service(name string, target int) *unstructured.Unstructured {
	return kube.MustParseOne(p.t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: %s}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 443, targetPort: %d}]}
`, p.home, name, target))
}

// refused asks until the API server refuses the object: it takes a second to notice that a policy has changed.
func (p *place) refused(object *unstructured.Unstructured, texts ...string) {
	p.t.Helper()
	kube.Eventually(p.t, patience, kube.Name(object)+" to be refused", func(ctx context.Context) error {
		_, err := p.DryRun(ctx, object)
		rejection, ok := kube.Rejected(err)
		if !ok {
			return fmt.Errorf("the answer is %v", err)
		}
		for _, text := range append(texts, "ValidatingAdmissionPolicy '"+p.policy) {
			if !strings.Contains(rejection.Message, text) {
				return fmt.Errorf("%q does not say %q", rejection.Message, text)
			}
		}
		return nil
	})
}

func (p *place) admitted(object *unstructured.Unstructured) {
	p.t.Helper()
	if _, err := p.DryRun(p.t.Context(), object); err != nil {
		p.t.Errorf("%s: %v", kube.Name(object), err)
	}
}

// await waits until the object is there and as `right` says.
func (p *place) await(kind, name string, right func(*unstructured.Unstructured) error) {
	p.t.Helper()
	kube.Eventually(p.t, patience, kind+" "+name, func(ctx context.Context) error {
		object, err := p.Get(ctx, kind, "", name)
		if err != nil {
			return err
		}
		return right(object)
	})
}

func TestInternalPortsAreRefusedWhileNoWebhookIsThere(t *testing.T) {
	p := newPlace(t, "")
	p.awaitWall()
	p.refused(p.service("web", 5432), "port 5432 (PostgreSQL) is internal by ExposurePolicy "+p.policy,
		"would be reachable from outside the cluster: Service "+p.home+"/web (LoadBalancer) port 443 -> targetPort 5432",
		"; fix: make the Service ClusterIP")
	p.admitted(p.service("web", 8443))
	pod := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: %s, name: db}
spec: {containers: [{name: db, image: db, ports: [{containerPort: 27017, hostPort: 443}]}]}
`, p.home))
	p.refused(pod, "port 27017 (MongoDB) is internal", "Pod "+p.home+"/db hostPort 443 -> port 27017", "; fix: remove hostPort")
	other := p.service("web", 5432)
	other.SetNamespace("default")
	p.admitted(other)
}

func TestWhatStoodBeforeThePolicyMayStayAndIsNotOpenedFurther(t *testing.T) {
	p := newPlace(t, "  action: Audit\n")
	p.awaitWall()
	legacy, err := p.Create(t.Context(), p.service("legacy", 5432))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Patch(t.Context(), "exposurepolicies", "", p.policy, `{"spec":{"action":"Deny"}}`); err != nil {
		t.Fatal(err)
	}
	p.refused(p.service("another", 5432))
	for _, harmless := range []string{
		`{"metadata":{"labels":{"team":"data"}}}`,
		`{"spec":{"sessionAffinity":"ClientIP"}}`,
		`{"spec":{"type":"NodePort"}}`,
		`{"spec":{"type":"ClusterIP"}}`,
	} {
		if _, err := p.Patch(t.Context(), "services", p.home, legacy.GetName(), harmless); err != nil {
			t.Errorf("%s: %v", harmless, err)
		}
	}
	opening := `{"spec":{"type":"NodePort"}}`
	if _, err := p.Patch(t.Context(), "services", p.home, legacy.GetName(), opening); err == nil {
		t.Error("a Service that was closed is open again")
	}
}

func TestTheWallComesBackHoweverItIsTakenDown(t *testing.T) {
	p := newPlace(t, "")
	p.awaitWall()
	name := p.name("services")
	if err := p.Delete(t.Context(), bindings, "", name); err != nil {
		t.Fatal(err)
	}
	p.await(bindings, name, func(*unstructured.Unstructured) error { return nil })
	if err := p.Delete(t.Context(), policies, "", name); err != nil {
		t.Fatal(err)
	}
	p.await(policies, name, func(*unstructured.Unstructured) error { return nil })
	for _, tampering := range []struct{ kind, patch, trace string }{
		{policies, `{"spec":{"failurePolicy":"Ignore"}}`, `"failurePolicy":"Ignore"`},
		{policies, `{"spec":{"matchConstraints":{"objectSelector":{"matchLabels":{"never":"there"}}}}}`, `"never"`},
		{policies, `{"spec":{"validations":[{"expression":"1 == 1"}]}}`, `"1 == 1"`},
		{policies, `{"metadata":{"labels":{"berth.dev/admission-policy":null}},"spec":{"failurePolicy":"Ignore"}}`, `"failurePolicy":"Ignore"`},
		{bindings, `{"spec":{"validationActions":["Audit"]}}`, `"Audit"`},
		{bindings, `{"spec":{"matchResources":{"objectSelector":{"matchLabels":{"never":"there"}}}}}`, `"never"`},
	} {
		if _, err := p.Patch(t.Context(), tampering.kind, "", name, tampering.patch); err != nil {
			t.Fatalf("%s: %v", tampering.patch, err)
		}
		p.await(tampering.kind, name, func(object *unstructured.Unstructured) error {
			spec, err := json.Marshal(object.Object["spec"])
			if err != nil {
				return err
			}
			if strings.Contains(string(spec), tampering.trace) {
				return fmt.Errorf("%s is still there", tampering.trace)
			}
			return nil
		})
	}
	p.awaitWall()
	p.refused(p.service("web", 5432))
	atRest, err := p.Get(t.Context(), bindings, "", name)
	if err != nil {
		t.Fatal(err)
	}
	kube.Always(t, 3*time.Second, "nobody to write", func(ctx context.Context) error {
		live, err := p.Get(ctx, bindings, "", name)
		if err == nil && live.GetResourceVersion() != atRest.GetResourceVersion() {
			err = fmt.Errorf("it was written anew: %v", live.Object)
		}
		return err
	})
}

func TestANumberIsClosedWhenItsExceptionEnds(t *testing.T) {
	p := newPlace(t, "")
	p.awaitWall()
	ends := time.Now().Add(12 * time.Second).UTC().Format(time.RFC3339)
	if _, err := p.Patch(t.Context(), "exposurepolicies", "", p.policy, fmt.Sprintf(`{"spec":{"exceptions":[{
		"namespace":%q,"workload":{"kind":"StatefulSet","name":"pg"},"port":5432,"via":["LoadBalancer","NodePort"],
		"owner":"dba@example.org","reason":"migration","expiresAt":%q}]}}`, p.home, ends)); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, patience, "the number of the exception to be open", func(ctx context.Context) error {
		_, err := p.DryRun(ctx, p.service("web", 5432))
		return err
	})
	p.refused(p.service("mongo", 27017), "port 27017 (MongoDB)")
	p.refused(p.service("web", 5432), "port 5432 (PostgreSQL)")
}

func TestTheWallGoesWithWhatAskedForIt(t *testing.T) {
	p := newPlace(t, "")
	p.awaitWall()
	if _, err := p.Patch(t.Context(), "exposurepolicies", "", p.policy, `{"spec":{"enforce":{"admissionPolicy":false}}}`); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"services", "pods", "templates", "cronjobs", "podtemplates"} {
		p.AwaitGone(t, patience, bindings, "", p.name(form))
		p.AwaitGone(t, patience, policies, "", p.name(form))
	}
	p.AwaitCondition(t, patience, "exposurepolicies", "", p.policy, "Enforced", "True", "NothingAsked")
	if _, err := p.Patch(t.Context(), "exposurepolicies", "", p.policy, `{"spec":{"enforce":{"admissionPolicy":true}}}`); err != nil {
		t.Fatal(err)
	}
	p.awaitWall()
	if err := p.Delete(t.Context(), "exposurepolicies", "", p.policy); err != nil {
		t.Fatal(err)
	}
	p.AwaitGone(t, patience, bindings, "", p.name("services"))
	p.AwaitGone(t, patience, policies, "", p.name("services"))
}
