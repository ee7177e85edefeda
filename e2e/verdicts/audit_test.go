package verdicts

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
)

// passing says for the agent of ratchet_test.go that its host port may stay, for some seconds only.
const passing = `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: passing}
spec:
  action: Audit
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}
  undeclared: Allow
  internal: [{port: 5672, service: RabbitMQ}]
  exceptions:
  - namespace: legacy
    workload: {kind: Deployment, name: agent}
    port: 5672
    via: [HostPort]
    owner: mq@example.org
    reason: until the agent has moved
    expiresAt: %q
`

// condition returns status and message, "" when there is none.
func condition(policy *unstructured.Unstructured, kind string) (status, reason, message string) {
	all, _, _ := unstructured.NestedSlice(policy.Object, "status", "conditions")
	for _, one := range all {
		if fields := one.(map[string]any); fields["type"] == kind {
			return fmt.Sprint(fields["status"]), fmt.Sprint(fields["reason"]), fmt.Sprint(fields["message"])
		}
	}
	return "", "", ""
}

func violations(policy *unstructured.Unstructured) int64 {
	count, _, _ := unstructured.NestedInt64(policy.Object, "status", "violations")
	return count
}

func TestWhatStoodBeforeThePolicyIsCountedAndTold(t *testing.T) {
	c := theCourt(t)
	kube.Eventually(t, patience, "the policy to tell what stands", func(ctx context.Context) error {
		policy, err := c.Get(ctx, "exposurepolicies", "", "control-plane")
		if err != nil {
			return err
		}
		status, reason, message := condition(policy, "Compliant")
		if violations(policy) < 3 || status != "False" || reason != "Violated" || message == "" {
			return fmt.Errorf("%d violations, Compliant %s, %s: %s", violations(policy), status, reason, message)
		}
		return nil
	})
	kube.Eventually(t, patience, "an event of the Service that stood before", func(ctx context.Context) error {
		events, err := c.Typed.EventsV1().Events("legacy").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, event := range events.Items {
			told := event.Regarding.Kind == "Service" && event.Regarding.Name == "pg" && event.Reason == "Violated"
			if told && strings.Contains(event.Note, "port 5432 (PostgreSQL) is internal") && strings.Contains(event.Note, "fix: ") {
				return nil
			}
		}
		return fmt.Errorf("not among %d", len(events.Items))
	})
}

func TestWhatStandsIsInAReportWhereOpenReportsIsInstalled(t *testing.T) {
	c := theCourt(t)
	kube.Eventually(t, patience, "a report of what stands", func(ctx context.Context) error {
		report, err := c.Get(ctx, "reports.openreports.io", "legacy", "berth-exposure")
		if err != nil {
			return err
		}
		failures, _, _ := unstructured.NestedInt64(report.Object, "summary", "fail")
		results, _, _ := unstructured.NestedSlice(report.Object, "results")
		for _, one := range results {
			fields := one.(map[string]any)
			resource := fields["resources"].([]any)[0].(map[string]any)
			if fields["policy"] == "control-plane" && fields["rule"] == "internal-port" && fields["result"] == "fail" &&
				resource["kind"] == "Service" && resource["name"] == "pg" && failures >= 3 {
				return nil
			}
		}
		return fmt.Errorf("%d failures: %v", failures, results)
	})
}

// leaving is for a namespace in which two Services stand before it.
const leaving = `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: leaving}
spec:
  action: Audit
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
  undeclared: Allow
  internal: [{port: 9042, service: Cassandra}]
`

func TestAReportFollowsWhatStandsAndGoesWithTheLastOfIt(t *testing.T) {
	c := theCourt(t)
	home := c.Namespace(t)
	for _, name := range []string{"first", "second"} {
		c.MustApply(t, home, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %s}
spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: {app: %s}, ports: [{port: 443, targetPort: 9042}]}
`, name, name))
	}
	if _, err := c.ApplyYAML(t.Context(), fmt.Sprintf(leaving, home)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Delete(context.Background(), "exposurepolicies", "", "leaving") })
	reported := func(what string, failures int64) {
		t.Helper()
		kube.Eventually(t, patience, what, func(ctx context.Context) error {
			report, err := c.Get(ctx, "reports.openreports.io", home, "berth-exposure")
			if failures == 0 && apierrors.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			if told, _ := kube.Int(report, "summary.fail"); told != failures {
				return fmt.Errorf("%d failures, want %d", told, failures)
			}
			return nil
		})
	}
	reported("both Services to be in the report", 2)
	if err := c.Delete(t.Context(), "services", home, "first"); err != nil {
		t.Fatal(err)
	}
	reported("one Service to be in the report", 1)
	if err := c.Delete(t.Context(), "services", home, "second"); err != nil {
		t.Fatal(err)
	}
	reported("the report to be gone", 0)
}

func TestWhatAnExceptionPermittedIsAViolationWhenItEnds(t *testing.T) {
	c := theCourt(t)
	const name = "passing"
	ends := time.Now().Add(12 * time.Second).UTC().Format(time.RFC3339)
	if _, err := c.ApplyYAML(t.Context(), fmt.Sprintf(passing, ends)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Delete(context.Background(), "exposurepolicies", "", name) })
	told := func(what, wanted string, count int64) {
		t.Helper()
		kube.Eventually(t, patience, what, func(ctx context.Context) error {
			policy, err := c.Get(ctx, "exposurepolicies", "", name)
			if err != nil {
				return err
			}
			status, reason, message := condition(policy, "ExceptionExpiring")
			if status != "True" || reason != wanted || violations(policy) != count {
				return fmt.Errorf("%d violations, ExceptionExpiring %s, %s: %s", violations(policy), status, reason, message)
			}
			return nil
		})
	}
	told("the exception to be told before it ends", "ExceptionExpires", 0)
	told("what it permitted to be a violation", "ExceptionExpired", 1)
	metrics, err := c.webhook.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if count, found := metrics.Sum("berth_exposure_violations", fmt.Sprintf("policy=%q", name)); found != 1 || count != 1 {
		t.Errorf("the metric says %v in %d series, want 1 in one", count, found)
	}
}
