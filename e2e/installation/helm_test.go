package installation

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/helm"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// majors are the versions of Helm to try.
func majors() []int {
	if os.Getenv("BERTH_HELM4") != "" {
		return []int{3, 4}
	}
	return []int{3}
}

const release = "harbour"

func TestHelmInstallsUpgradesRollsBackAndRemoves(t *testing.T) {
	for _, major := range majors() {
		t.Run(fmt.Sprintf("Helm %d", major), func(t *testing.T) {
			s := newSite(t)
			program, err := helm.Ensure(t.Context(), major, os.Stderr)
			if err != nil {
				t.Fatal(err)
			}
			helmRun := func(args ...string) string {
				t.Helper()
				return s.run(t, program, append(args, "--namespace="+namespace)...)
			}
			s.kubectl(t, "apply", "--server-side", "-f", source(t, "deploy/base/namespace.yaml"))
			dir := t.TempDir()
			helmRun("package", source(t, "charts/berth"), "--destination="+dir)
			packages, err := filepath.Glob(filepath.Join(dir, "berth-*.tgz"))
			if err != nil || len(packages) != 1 {
				t.Fatalf("helm package made %v, %v", packages, err)
			}

			said := helmRun("install", release, packages[0], "--wait", "--timeout=90s")
			if !strings.Contains(said, "helm test "+release) {
				t.Errorf("the notes do not say what to do next:\n%s", said)
			}
			helmRun("test", release)
			s.tell(t)
			before, registered := s.ports(t), s.registered(t)

			helmRun("upgrade", release, packages[0], "--wait", "--timeout=90s", "--set=logLevel=debug,webhook.replicas=3")
			if got := s.registered(t); got != registered {
				t.Errorf("an upgrade has changed the registration from\n%s\nto\n%s", registered, got)
			}
			s.refuses(t)
			helmRun("rollback", release, "1", "--wait", "--timeout=90s")
			if got := s.registered(t); got != registered {
				t.Errorf("a rollback has changed the registration from\n%s\nto\n%s", registered, got)
			}
			s.refuses(t)
			if after := s.ports(t); after != before {
				t.Errorf("the ports were\n%s\nand are\n%s", before, after)
			}

			helmRun("uninstall", release, "--wait", "--timeout=90s")
			s.gone(t, "validatingwebhookconfigurations", "", "berth-exposure")
			s.gone(t, "deployments.apps", namespace, "berth-webhook")
			for _, kind := range []string{"portranges", "portallocations", "portledgers", "exposurepolicies"} {
				if _, err := s.List(t.Context(), kind, ""); err != nil {
					t.Errorf("%s did not stay: %v", kind, err)
				}
			}
			if after := s.ports(t); after != before {
				t.Errorf("without Berth the ports are\n%s", after)
			}

			// What was left behind is taken up again.
			helmRun("install", release, packages[0], "--wait", "--timeout=90s")
			s.refuses(t)
			if after := s.ports(t); after != before {
				t.Errorf("installed again, the ports are\n%s\nand were\n%s", after, before)
			}

			// What helm test is for.
			berth, err := programs.Built("berth")
			if err != nil {
				t.Fatal(err)
			}
			refused := func(because string) {
				t.Helper()
				if said := s.fails(t, program, "test", release, "--namespace="+namespace); !strings.Contains(said, "berth-test-webhook") {
					t.Errorf("helm test says\n%s", said)
				}
				if said := s.fails(t, berth, "check", "webhook"); !strings.Contains(said, because) {
					t.Errorf("berth check webhook says\n%s", said)
				}
			}
			s.kubectl(t, "delete", "validatingwebhookconfiguration", "berth-exposure")
			refused("does not ask the webhook about namespace default")
			s.kubectl(t, "rollout", "restart", "--namespace="+namespace, "deployment/berth-webhook")
			s.available(t)
			helmRun("test", release)
			s.run(t, berth, "check", "webhook")
			s.kubectl(t, "scale", "--namespace="+namespace, "--replicas=0", "deployment/berth-webhook")
			s.none(t, "pods", namespace, "app.kubernetes.io/component=webhook")
			refused("The webhook did not answer: ")
		})
	}
}

// registered returns what the API server asks the webhook about.
func (s *site) registered(t *testing.T) string {
	t.Helper()
	object, err := s.Get(t.Context(), "validatingwebhookconfigurations", "", "berth-exposure")
	if err != nil {
		t.Fatal(err)
	}
	text := kube.Text(object, "webhooks")
	if !strings.Contains(text, "caBundle") {
		t.Fatalf("the registration is not filled in: %v", object)
	}
	if manager := object.GetLabels()["app.kubernetes.io/managed-by"]; manager != "Helm" {
		t.Errorf("the registration is managed by %q", manager)
	}
	return text
}
