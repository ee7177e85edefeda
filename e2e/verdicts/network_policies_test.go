package verdicts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"berth.dev/e2e/kube"
)

const database = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pg}
spec:
  serviceName: pg
  selector: {matchLabels: {app: pg}}
  template:
    metadata: {labels: {app: pg}}
    spec:
      containers: [{name: postgres, image: example.org/db, ports: [{containerPort: 5432}]}]
`

const another = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: another}
spec: {podSelector: {matchLabels: {app: pg}}, policyTypes: [Ingress]}
`

// Row 57: a DELETE reaches the webhook, and is judged by what it leaves.
func TestWhoDeletesTheLastPolicyThatIsolatesADatabaseIsTold(t *testing.T) {
	for _, isolating := range []struct{ resource, text string }{
		{"networkpolicies.networking.k8s.io",
			"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: isolating}, spec: {podSelector: {}, policyTypes: [Ingress]}}"},
		{"ciliumnetworkpolicies.cilium.io",
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: isolating}, spec: {endpointSelector: {}, ingress: [{}]}}"},
		{"networkpolicies.projectcalico.org",
			"{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: isolating}, spec: {selector: all()}}"},
	} {
		t.Run(isolating.resource, func(t *testing.T) { tellsOfDeletion(t, isolating.resource, isolating.text) })
	}
}

func tellsOfDeletion(t *testing.T, resource, isolating string) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	client, err := kube.New(shared.AdminConfig()) // of its own: it collects its own warnings
	if err != nil {
		t.Fatal(err)
	}
	remove := func(ctx context.Context, how metav1.DeleteOptions) (said string, err error) {
		policies, _, err := client.Resource(resource)
		if err != nil {
			return "", err
		}
		err = policies.Namespace(namespace).Delete(ctx, "isolating", how)
		return strings.Join(client.Warnings(), "\n"), err
	}
	// The webhook learns what is there a moment after it is.
	told := func(what string, expected func(said string) bool) {
		t.Helper()
		kube.Eventually(t, patience, what, func(ctx context.Context) error {
			said, err := remove(ctx, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
			if err == nil && !expected(said) {
				err = fmt.Errorf("said %q", said)
			}
			return err
		})
	}
	warned := func(said string) bool {
		return strings.Contains(said, "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and no NetworkPolicy would "+
			"keep outsiders from it any more: ") && strings.Contains(said, " "+namespace+"/isolating no longer isolates StatefulSet ")
	}
	silent := func(said string) bool { return said == "" }

	c.MustApply(t, namespace, database+"---\n"+isolating)
	told("a warning about the only policy", warned)
	c.MustApply(t, namespace, another)
	told("nothing to say while another isolates too", silent)
	if err := c.Delete(t.Context(), "networkpolicies", namespace, "another"); err != nil {
		t.Fatal(err)
	}
	told("a warning again", warned)
	if said, err := remove(t.Context(), metav1.DeleteOptions{}); err != nil || !warned(said) {
		t.Errorf("not a dry run: said %q, %v", said, err)
	}
}
