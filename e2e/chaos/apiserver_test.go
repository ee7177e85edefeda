package chaos

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"berth.dev/e2e/audit"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// judged is a namespace in which a policy holds and a webhook judges.
type judged struct {
	*place
	namespace string
	program   *programs.Program
}

// startWebhook starts a webhook that looks after one namespace of the test's own: no other test shall notice.
func (s *place) startWebhook() *judged {
	s.T.Helper()
	j := &judged{place: s, namespace: s.Namespace(s.T, "chaos=judged")}
	s.MustApply(s.T, "", `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: chaos}
spec:
  action: Deny
  namespaceSelector: {matchLabels: {chaos: judged}}
  external:
  - {port: 443}
  internal:
  - {port: 5432, service: PostgreSQL}
`)
	config, err := s.Cluster.ServiceAccountConfig(s.T.Context(), programs.Namespace, "berth-webhook")
	if err != nil {
		s.T.Fatal(err)
	}
	webhook, err := programs.NewWebhook(programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: s.T.TempDir(), Name: "webhook"},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { // behind the end of the webhook
		for _, object := range [][2]string{
			{"validatingwebhookconfigurations.admissionregistration.k8s.io", "berth-exposure"},
			{"exposurepolicies.berth.dev", "chaos"},
		} {
			if err := s.Delete(context.Background(), object[0], "", object[1]); err != nil {
				s.T.Error(err)
			}
		}
	})
	j.program = webhook
	site.Keep(s.T, webhook, false)
	return j
}

// service describes a Service for the pods of an app.
func (j *judged) service(kind, app, target string) *unstructured.Unstructured {
	return kube.MustParseOne(j.T, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: front}
spec: {type: %s, selector: {app: %s}, ports: [{port: 443, targetPort: %s}]}
`, j.namespace, kind, app, target))
}

// pod describes a Pod with a port called main.
func (j *judged) pod(app string, port int) *unstructured.Unstructured {
	return kube.MustParseOne(j.T, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: %[1]s, name: %[2]s, labels: {app: %[2]s}}
spec: {containers: [{name: c, image: none, ports: [{name: main, containerPort: %[3]d}]}]}
`, j.namespace, app, port))
}

// await waits until the webhook judges as it must: it refuses what leads to a database of the namespace, by
// number and by name, and admits what leads elsewhere.
func (j *judged) await(names ...string) {
	j.T.Helper()
	kube.Eventually(j.T, site.Patience, "the webhook to judge", func(ctx context.Context) error {
		for _, target := range append([]string{"5432"}, names...) {
			app := "none"
			if target != "5432" {
				app, target = target, "main"
			}
			_, err := j.DryRun(ctx, j.service("LoadBalancer", app, target))
			rejection, refused := kube.Rejected(err)
			if err == nil {
				return fmt.Errorf("what leads to %s of %s was admitted", target, app)
			}
			if !refused || rejection.Code != 403 {
				return err
			}
		}
		_, err := j.DryRun(ctx, j.service("LoadBalancer", "none", "8443"))
		return err
	})
}

func TestBothProgramsGoOnWhenTheAPIServerComesBack(t *testing.T) {
	const batch = 30
	s := newPlace(t, shared, site.Numbers{Name: "restart", First: 27100, Last: 27299, ReuseAfter: time.Second})
	operator, err := programs.NewOperator(s.OperatorOptions("operator"))
	if err != nil {
		t.Fatal(err)
	}
	keeper := site.Keep(t, operator, true)
	webhook := s.startWebhook()
	if _, err := s.Create(t.Context(), webhook.pod("first", 5432)); err != nil {
		t.Fatal(err)
	}
	webhook.await("first")
	done := site.CountWrites(t, shared)

	next := 0
	apps := []string{"first"}
	mayGiveUp := 0
	for round := range 2 {
		var objects []*unstructured.Unstructured
		for range batch {
			objects = append(objects, s.Allocation(fmt.Sprintf("a%03d", next), "web"))
			next++
		}
		created := make(chan struct{})
		go func() {
			defer close(created)
			s.CreateAll(4, objects...)
		}()
		done.Await(t.Context(), 1+s.Random.IntN(100), 2*time.Second)
		killed := time.Now()
		// Killed in the middle of a create it leaves a number marked as taken in its own bitmap, with no Service,
		// until its repair loop has seen that three times (9 min): the operator must choose another one.
		if err := shared.APIServer.Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(s.Random.IntN(1000)) * time.Millisecond)
		if err := shared.APIServer.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if away := began.Sub(killed); away > 8*time.Second {
			mayGiveUp++ // the leader must end when it cannot renew its lease for ten seconds
		}
		<-created
		s.AwaitServed(next, 0)
		t.Logf("round %d: the API server was away for %.1f s, all were served %.1f s later", round,
			began.Sub(killed).Seconds(), time.Since(began).Seconds())

		// The webhook knows what was there before, and what came later.
		app := fmt.Sprintf("later%d", round)
		kube.Eventually(t, site.Patience, "the webhook to answer", func(ctx context.Context) error {
			_, err := s.Create(ctx, webhook.pod(app, 5432))
			return err
		})
		apps = append(apps, app)
		webhook.await(apps...)
	}
	if report := s.Judge(); report.Owners != next {
		t.Errorf("%d allocations are left, want %d", report.Owners, next)
	}
	if _, gaveUp := keeper.Counts(); gaveUp > mayGiveUp {
		t.Errorf("the operator ended %d times, and only %d outages were longer than its lease allows", gaveUp, mayGiveUp)
	}
}

// With a cluster of its own: compaction takes history away from all tests that share one.
func TestBothProgramsFindTheirWayBackWhenTheirWatchesHaveExpired(t *testing.T) {
	own, err := cluster.Start(t.Context(), cluster.Options{Log: t.Output(), Audit: cluster.AuditMetadata})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	s := newPlace(t, own, site.Numbers{Name: "compacted", First: 28000, Last: 28019, ReuseAfter: time.Second})
	options := s.OperatorOptions("operator")
	// Long enough to be frozen without losing the lease: the watches shall be resumed, not begun anew.
	options.LeaseDuration, options.RenewDeadline = 30*time.Minute, 29*time.Minute
	operator, err := programs.NewOperator(options)
	if err != nil {
		t.Fatal(err)
	}
	site.Keep(t, operator, false)
	webhook := s.startWebhook()
	for _, app := range []string{"stays", "goes"} {
		if _, err := s.Create(t.Context(), webhook.pod(app, 5432)); err != nil {
			t.Fatal(err)
		}
	}
	webhook.await("stays", "goes")
	var objects []*unstructured.Unstructured
	for i := range 20 {
		objects = append(objects, s.Allocation(fmt.Sprintf("a%03d", i), "web"))
	}
	s.CreateAll(4, objects...)
	s.AwaitServed(20, 0)
	s.Settle()
	before := s.statuses()

	// What happens now, both sleep through: allocations, a Service and a Pod go, others come. Of all this no
	// event will be left.
	if err := errors.Join(operator.Pause(), webhook.program.Pause()); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	if err := own.APIServer.Restart(t.Context()); err != nil { // nothing reaches their sockets any more
		t.Fatal(err)
	}
	for i := range 5 {
		if err := s.Delete(t.Context(), "palloc", s.Home, fmt.Sprintf("a%03d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "service", s.Home, "a010"); err != nil {
		t.Fatal(err)
	}
	objects = nil
	for i := range 5 {
		objects = append(objects, s.Allocation(fmt.Sprintf("b%03d", i), "web"))
	}
	s.CreateAll(4, objects...)
	zero := int64(0)
	err = s.Typed.CoreV1().Pods(webhook.namespace).Delete(t.Context(), "goes", metav1.DeleteOptions{GracePeriodSeconds: &zero})
	if err != nil {
		t.Fatal(err)
	}
	at, err := own.Compact(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := own.APIServer.Restart(t.Context()); err != nil { // only now watches from the past expire
		t.Fatal(err)
	}
	if err := errors.Join(operator.Resume(), webhook.program.Resume()); err != nil {
		t.Fatal(err)
	}
	t.Logf("both slept for %.1f s; history was compacted at %d", time.Since(frozen).Seconds(), at)

	s.AwaitServed(20, 0)
	s.Settle()
	after := s.statuses()
	for name, ports := range before {
		if now, stays := after[name]; stays && now != ports {
			t.Errorf("%s had %s and has %s now", name, ports, now)
		}
	}
	audit.CheckNow(t, own)
	webhook.await("stays")
	kube.Eventually(t, site.Patience, "the webhook to know that a pod is gone", func(ctx context.Context) error {
		_, err := webhook.DryRun(ctx, webhook.service("LoadBalancer", "goes", "main"))
		return err
	})
	s.expectRelisted("berth-operator", frozen, "portallocations")
	s.expectRelisted("berth-webhook", frozen, "pods")
}

// statuses returns what the allocations show, by name.
func (s *place) statuses() map[string]string {
	s.T.Helper()
	list, err := s.Allocations(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	found := map[string]string{}
	for _, one := range list {
		found[one.GetName()] = kube.Text(&one, "status.summary")
	}
	return found
}

// expectRelisted makes sure that the test shows what it should: the program read a kind anew, in the same
// life.
func (s *place) expectRelisted(account string, since time.Time, resource string) {
	s.T.Helper()
	lists, watches := 0, 0
	err := s.Cluster.AuditEvents(func(event cluster.AuditEvent) error {
		if event.User.Username != "system:serviceaccount:"+programs.Namespace+":"+account || event.Received.Before(since) ||
			event.ObjectRef == nil || event.ObjectRef.Resource != resource {
			return nil
		}
		switch event.Verb {
		case "list":
			lists++
		case "watch":
			watches++
		}
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	if lists == 0 || watches == 0 {
		s.T.Errorf("%s has listed %s %d times and watched it %d times: its watch never expired", account, resource, lists, watches)
	}
}
