package installation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/manifests"
)

// What can be removed, in any order. Each is what docs/uninstall.md says.
var parts = map[string]func(t *testing.T, s *site){
	"objects": func(t *testing.T, s *site) {
		for _, kind := range []string{"portallocations", "portranges", "exposurepolicies", "portledgers"} {
			if _, err := s.List(t.Context(), kind, ""); err != nil {
				continue // went with its kind
			}
			s.kubectl(t, "delete", kind, "--all", "--all-namespaces", "--timeout=60s")
		}
	},
	"operator": func(t *testing.T, s *site) {
		s.kubectl(t, "delete", "--namespace="+namespace, "--timeout=60s", "deployment/berth-operator", "serviceaccount/berth-operator")
		s.kubectl(t, "delete", "clusterrole/berth-operator", "clusterrolebinding/berth-operator",
			"clusterrole/berth-operator-namespaced", "clusterrolebinding/berth-operator-namespaced")
	},
	"webhook": func(t *testing.T, s *site) {
		s.kubectl(t, "delete", "validatingwebhookconfiguration", "berth-exposure")
		s.kubectl(t, "delete", "--namespace="+namespace, "--timeout=60s", "deployment/berth-webhook", "service/berth-webhook",
			"serviceaccount/berth-webhook")
	},
	"kinds": func(t *testing.T, s *site) {
		s.kubectl(t, "delete", "--timeout=60s", "-f", source(t, "crds"))
	},
}

// orders are the few that differ most.
var orders = []string{
	"objects operator webhook kinds",
	"operator webhook kinds objects",
	"kinds webhook objects operator",
}

// permuted returns all orders of some words.
func permuted(words []string) []string {
	if len(words) < 2 {
		return words
	}
	var all []string
	for i, first := range words {
		rest := append(append([]string{}, words[:i]...), words[i+1:]...)
		for _, order := range permuted(rest) {
			all = append(all, first+" "+order)
		}
	}
	return all
}

// All 24 with UNINSTALL_ORDERS=all.
func TestNothingHangsInWhateverOrderBerthIsRemoved(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	if err := manifests.Write(t.Context(), s.cluster.Binaries().Kubectl, dir, ""); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UNINSTALL_ORDERS") == "all" {
		orders = permuted(strings.Fields(orders[0]))
	}
	for _, order := range orders {
		t.Run(order, func(t *testing.T) {
			s.kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", filepath.Join(dir, "install.yaml"))
			s.available(t)
			s.kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", source(t, "e2e/installation/testdata/in-use.yaml"))
			for _, allocation := range []string{"web", "inside"} {
				s.AwaitCondition(t, soon, "portallocations", "in-use", allocation, "Ready", "True")
			}
			s.AwaitCondition(t, soon, "exposurepolicies", "", "in-use", "Ready", "True")
			for _, part := range strings.Fields(order) {
				parts[part](t, s)
			}
			s.none(t, "pods", namespace)
			s.sweep(t)
			s.nothingLeft(t)
			// The namespaces can go, which they could not if anything in them had to wait for Berth.
			s.kubectl(t, "delete", "namespace", "in-use", namespace, "--timeout=60s")
		})
	}
}

// labelled is on all that the operator has made.
const labelled = "app.kubernetes.io/managed-by=berth"

// sweep removes what the garbage collector leaves when the kind of an owner went before it had looked.
func (s *site) sweep(t *testing.T) {
	t.Helper()
	s.kubectl(t, "delete", "validatingadmissionpolicybindings,validatingadmissionpolicies", "--selector="+labelled, "--timeout=60s")
	s.kubectl(t, "delete", "services,networkpolicies,configmaps", "--all-namespaces", "--selector="+labelled, "--timeout=60s")
}

// nothingLeft ends the test unless all that the operator has made goes, or has gone.
func (s *site) nothingLeft(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"services", "networkpolicies.networking.k8s.io", "configmaps",
		"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
		s.none(t, kind, "", labelled)
	}
}

func TestTheWayOfTheManualLeavesNothingBehind(t *testing.T) {
	s := newSite(t)
	overlay := source(t, "deploy/overlays/default")
	s.kubectl(t, "apply", "--server-side", "-k", overlay)
	s.available(t)
	s.kubectl(t, "apply", "--server-side", "-f", source(t, "e2e/installation/testdata/in-use.yaml"))
	for _, allocation := range []string{"web", "inside"} {
		s.AwaitCondition(t, soon, "portallocations", "in-use", allocation, "Ready", "True")
	}
	s.AwaitCondition(t, soon, "exposurepolicies", "", "in-use", "Ready", "True")
	parts["objects"](t, s)
	s.kubectl(t, "wait", "--for=delete", "--all-namespaces", "--selector="+labelled, "--timeout=60s", "services,networkpolicies")
	s.kubectl(t, "wait", "--for=delete", "--selector="+labelled, "--timeout=60s", "validatingadmissionpolicies")
	s.kubectl(t, "delete", "--timeout=60s", "-k", overlay)
	s.nothingLeft(t)
	s.gone(t, "namespaces", "", namespace)
	s.gone(t, "customresourcedefinitions", "", "portallocations.berth.dev")
	s.kubectl(t, "delete", "namespace", "in-use", "--timeout=60s")
}
