package packaging

import (
	"slices"
	"testing"

	"berth.dev/e2e/kube"
)

// Asked elsewhere it would fail although nothing is wrong.
func TestHelmTestAsksTheWebhookWhereItIsJudgedAndRegistered(t *testing.T) {
	for _, c := range []struct {
		name, in, values string
		asks             bool
	}{
		{"as it comes", "berth-system", "", true},
		{"in another namespace", "ports", "", true},
		{"in namespace default", "default", "", false},
		{"with default excluded", "berth-system", "webhook: {excludedNamespaces: [kube-system, default]}", false},
		{"registered by others", "berth-system", "webhook: {register: false}", false},
		{"without a webhook", "berth-system", "webhook: {enabled: false}", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			for _, hook := range mustRender(t, c.in, c.values).hooks {
				names = append(names, kube.Name(hook))
			}
			for _, name := range []string{"Pod " + c.in + "/berth-test-webhook", "ServiceAccount " + c.in + "/berth-test-webhook",
				"Role default/berth-test-webhook", "RoleBinding default/berth-test-webhook"} {
				if slices.Contains(names, name) != c.asks {
					t.Errorf("%s is among the hooks: %v; all are %q", name, !c.asks, names)
				}
			}
		})
	}
}
