package lockout

import (
	"strings"
	"testing"

	"berth.dev/e2e/crds"
	"berth.dev/e2e/kube"
)

// Policies that only isolate, or let in whoever is inside, are what a network comes up with: none of them waits for the
// webhook, and it is asked about every one that may let in somebody from outside.
func TestPoliciesThatOpenNothingDoNotWaitForTheDeadWebhook(t *testing.T) {
	client := kube.MustNew(t, shared.AdminConfig())
	if err := crds.InstallAdapted(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	install(t, client)
	for _, object := range files(t, "quiet-policies.yaml") {
		live(t, client, object)
	}
	for _, object := range files(t, "open-policies.yaml") {
		if _, err := client.DryRun(t.Context(), object); !missed(err) {
			t.Errorf("%s: the webhook is not asked: %v", kube.Name(object), err)
		}
	}
}

// What is long is looked through by the webhook: the API server's budget for expressions would be used up, and the
// policy refused for that.
func TestALongPolicyIsAskedAboutAndNotRefusedByItsLength(t *testing.T) {
	client := kube.MustNew(t, shared.AdminConfig())
	if err := crds.InstallAdapted(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	install(t, client)
	many := func(count int, element string) string {
		return strings.TrimSuffix(strings.Repeat(element+", ", count), ", ")
	}
	for _, text := range []string{
		`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: rules, namespace: default}, ` +
			`spec: {endpointSelector: {}, ingress: [` + many(2000, `{fromEndpoints: [{}]}`) + `]}}`,
		`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: selectors, namespace: default}, ` +
			`spec: {endpointSelector: {}, ingress: [{fromEndpoints: [` + many(5000, `{matchLabels: {a: b}}`) + `]}]}}`,
		`{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: rules, namespace: default}, ` +
			`spec: {ingress: [` + many(5000, `{action: Allow, source: {selector: all()}}`) + `]}}`,
		`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: peers, namespace: default}, ` +
			`spec: {podSelector: {}, ingress: [{from: [` + many(20000, `{podSelector: {}}`) + `]}]}}`,
	} {
		object := kube.MustParseOne(t, text)
		if _, err := client.DryRun(t.Context(), object); err != nil && !missed(err) {
			t.Errorf("%s %s: %.500v", object.GetKind(), object.GetName(), err)
		}
	}
	// As long as one may be that is not asked about.
	client.MustApply(t, "default", `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: at-most}, `+
		`spec: {endpointSelector: {}, ingress: [`+many(50, `{fromEndpoints: [`+many(50, `{matchLabels: {a: b, c: d}}`)+`]}`)+`]}}`)
	client.MustApply(t, "default", `{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: at-most}, `+
		`spec: {ingress: [`+many(1000, `{action: Allow, source: {selector: all()}}`)+`]}}`)
}
