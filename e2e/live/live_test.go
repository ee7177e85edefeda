package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// place is a namespace with a policy of its own, a database in it, and a Service that shows port 4006 outside.
type place struct {
	*kube.Client
	t    *testing.T
	home string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	client := kube.MustNew(t, shared.AdminConfig())
	if err := site.Install(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	p := &place{client, t, client.Namespace(t)}
	p.MustApply(t, p.home, p.policy("")+`
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pg}
spec:
  serviceName: pg
  replicas: 0
  selector: {matchLabels: {app: pg}}
  template:
    metadata: {labels: {app: pg}}
    spec: {containers: [{name: postgres, image: postgres, ports: [{name: pg, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec: {type: NodePort, selector: {app: legacy}, ports: [{port: 4006}]}
`)
	t.Cleanup(func() { _ = p.Delete(context.Background(), "exposurepolicies", "", p.home) })
	return p
}

// policy is that of the place, with more numbers that are internal.
func (p *place) policy(more string) string {
	return fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %[1]s}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
  internal: [{port: 5432, service: PostgreSQL}%[2]s]
  undeclared: Allow
`, p.home, more)
}

// reader is the kubeconfig of a user who may do what `rules` says.
func (p *place) reader(name, rules string) string {
	p.t.Helper()
	p.MustApply(p.t, "", fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s}
rules: %[2]s
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
`, name, rules))
	config, err := shared.UserConfig(name)
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "kubeconfig")
	if err := cluster.WriteKubeconfig(path, config); err != nil {
		p.t.Fatal(err)
	}
	return path
}

const listEverything = `[{apiGroups: ["*"], resources: ["*"], verbs: [list]}]`

type ran struct {
	code     int
	out, err string
}

func (p *place) berth(input string, args ...string) ran {
	p.t.Helper()
	binary, err := programs.Built("berth")
	if err != nil {
		p.t.Fatal(err)
	}
	command := exec.CommandContext(p.t.Context(), binary, args...)
	command.Stdin = strings.NewReader(input)
	var out, complaint strings.Builder
	command.Stdout, command.Stderr = &out, &complaint
	err = command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return ran{command.ProcessState.ExitCode(), out.String(), complaint.String()}
}

func (p *place) expect(got ran, code int, texts ...string) {
	p.t.Helper()
	if got.code != code {
		p.t.Errorf("exit code %d, want %d\n%s%s", got.code, code, got.out, got.err)
	}
	for _, text := range texts {
		if !strings.Contains(got.out+got.err, text) {
			p.t.Errorf("does not say %q:\n%s%s", text, got.out, got.err)
		}
	}
}

func (p *place) service(name, spec string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: %s}\nspec: %s\n", name, p.home, spec)
}

func TestLintJoinsWhatStandsInTheCluster(t *testing.T) {
	p := newPlace(t)
	as := p.reader("berth-reader", listEverything)
	exposing := p.service("web", "{type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}")
	p.expect(p.berth(exposing, "lint", "--kubeconfig", as, "-"), 1,
		"StatefulSet "+p.home+"/pg container postgres port 5432", "ExposurePolicy "+p.home)
	inside := p.service("web", "{selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}")
	p.expect(p.berth(inside, "lint", "--kubeconfig", as, "-"), 0, "1 allowed")
}

func TestLintRefusesOnlyWhatAChangeAddsToTheCluster(t *testing.T) {
	p := newPlace(t)
	as := p.reader("berth-reader", listEverything)
	p.MustApply(t, "", p.service("open", "{type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}"))
	again := p.service("open", "{type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}")
	p.expect(p.berth(again, "lint", "--kubeconfig", as, "-"), 0)
	wider := p.service("open", "{type: LoadBalancer, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}")
	p.expect(p.berth(wider, "lint", "--kubeconfig", as, "-"), 1, "(LoadBalancer)")
}

func TestExplainShowsHowAnObjectOfTheClusterIsReached(t *testing.T) {
	p := newPlace(t)
	as := p.reader("berth-reader", listEverything)
	p.expect(p.berth("", "explain", "--kubeconfig", as, "-n", p.home, "svc/legacy"), 0,
		"Service "+p.home+"/legacy\n  Allow", "no number on it is listed, and spec.undeclared is Allow")
	p.expect(p.berth("", "explain", "--kubeconfig", as, "-n", p.home, "svc/absent"), 2, "is not in namespace "+p.home)
}

func TestWhatIfListsWhatAPolicyWouldNewlyDenyAndChangesNothing(t *testing.T) {
	p := newPlace(t)
	as := p.reader("berth-reader", listEverything)
	stricter := p.policy(", {port: 4006, service: Legacy}")
	p.expect(p.berth(stricter, "what-if", "--kubeconfig", as, "-f", "-"), 1,
		"Service "+p.home+"/legacy", "port 4006 (Legacy) is internal by ExposurePolicy "+p.home, "1 would newly be denied")
	p.expect(p.berth(p.policy(""), "what-if", "--kubeconfig", as, "-f", "-"), 0, "0 would newly be denied")
	got := p.berth(stricter, "what-if", "--kubeconfig", as, "-f", "-", "-o", "json")
	var list []struct{ Object, Verdict string }
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || len(list) != 1 || list[0].Verdict != "Deny" {
		t.Errorf("%v in %s", err, got.out)
	}
}

func TestWhoMayNotListIsToldWhat(t *testing.T) {
	p := newPlace(t)
	as := p.reader("berth-half-reader", `[{apiGroups: [""], resources: ["*"], verbs: [list]}]`)
	p.expect(p.berth("", "explain", "--kubeconfig", as, "-n", p.home, "svc/legacy"), 2,
		"cannot list ", "deployments, ", "networkpolicies, ", "nothing was explained")
}

func TestAServerThatIsAwayIsToldOnce(t *testing.T) {
	p := newPlace(t)
	config := shared.AdminConfig()
	config.Host = "https://127.0.0.1:1"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := cluster.WriteKubeconfig(path, config); err != nil {
		t.Fatal(err)
	}
	got := p.berth("", "explain", "--kubeconfig", path, "svc/web")
	p.expect(got, 2, "127.0.0.1", path)
	if lines := strings.Count(got.err, "\n"); lines != 2 {
		t.Errorf("%d lines:\n%s", lines, got.err)
	}
}
