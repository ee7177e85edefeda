package packaging

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// permutation is a set of values and what becomes of it.
type permutation struct {
	name      string
	namespace string // of the release; "" = programs.Namespace
	values    string
	expect    []expectation
	notes     string // a part of what Helm says afterwards
}

type expectation struct {
	object string // as kube.Name calls it
	path   string // as kube.Value reads it
	want   any    // nil: not there
}

func (p permutation) in() string {
	if p.namespace == "" {
		return programs.Namespace
	}
	return p.namespace
}

const (
	operatorDeployment = "Deployment berth-system/berth-operator"
	webhookDeployment  = "Deployment berth-system/berth-webhook"
	pod                = "spec.template.spec."
	container          = pod + "containers.0."
)

func words(text string) []any {
	var all []any
	for word := range strings.FieldsSeq(text) {
		all = append(all, word)
	}
	return all
}

var permutations = []permutation{
	{
		name: "defaults",
		expect: []expectation{
			{operatorDeployment, container + "imagePullPolicy", nil},
			{operatorDeployment, pod + "priorityClassName", nil},
			{operatorDeployment, container + "command", words("berth-operator --health-listen=:8081 --log-format=json")},
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --log-format=json")},
		},
		notes: "kubectl delete validatingwebhookconfiguration berth-exposure",
	},
	{
		name:   "replicas",
		values: "{operator: {replicas: 1}, webhook: {replicas: 5}}",
		expect: []expectation{
			{operatorDeployment, "spec.replicas", int64(1)},
			{webhookDeployment, "spec.replicas", int64(5)},
		},
	},
	{
		name: "image",
		values: `
image: {repository: "registry.example.com:5000/ports/berth", tag: 1.2.3-rc.1, pullPolicy: Always}
imagePullSecrets: [{name: registry}]
`,
		expect: []expectation{
			{operatorDeployment, container + "image", "registry.example.com:5000/ports/berth:1.2.3-rc.1"},
			{webhookDeployment, container + "image", "registry.example.com:5000/ports/berth:1.2.3-rc.1"},
			{operatorDeployment, container + "imagePullPolicy", "Always"},
			{webhookDeployment, container + "imagePullPolicy", "Always"},
			{operatorDeployment, pod + "imagePullSecrets.0.name", "registry"},
			{webhookDeployment, pod + "imagePullSecrets.0.name", "registry"},
		},
	},
	{
		name: "flags",
		values: `
logLevel: debug
operator: {workers: 8}
webhook: {drainDelay: 0s, threads: 4, register: false}
`,
		expect: []expectation{
			{operatorDeployment, container + "command",
				words("berth-operator --health-listen=:8081 --log-format=json --log-level=debug --workers=8")},
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --log-format=json --log-level=debug " +
					"--no-register --drain-delay=0s --threads=4")},
		},
		notes: "it judges nothing until you write a ValidatingWebhookConfiguration",
	},
	{
		name:   "more excluded namespaces",
		values: "{webhook: {excludedNamespaces: [kube-system, storage]}}",
		expect: []expectation{
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --log-format=json " +
					"--exclude-namespaces=kube-system,storage,berth-system")},
			{operatorDeployment, container + "command", // what its admission policies leave alone
				words("berth-operator --health-listen=:8081 --log-format=json --exclude-namespaces=kube-system,storage,berth-system")},
		},
		notes: "kube-system, storage, berth-system",
	},
	{
		name:   "no excluded namespaces but Berth's own",
		values: "{webhook: {excludedNamespaces: []}}",
		expect: []expectation{
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --log-format=json " +
					"--exclude-namespaces=berth-system")},
		},
	},
	{
		name:      "another namespace",
		namespace: "ports",
		expect: []expectation{
			{"Deployment ports/berth-operator", container + "command",
				words("berth-operator --health-listen=:8081 --log-format=json --namespace=ports " +
					"--exclude-namespaces=kube-system,kube-node-lease,kube-public,ports " +
					"--user=system:serviceaccount:ports:berth-operator")},
			{"Deployment ports/berth-webhook", container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --log-format=json --namespace=ports " +
					"--exclude-namespaces=kube-system,kube-node-lease,kube-public,ports " +
					"--operator-user=system:serviceaccount:ports:berth-operator")},
			{"ClusterRoleBinding berth-webhook", "subjects.0.namespace", "ports"},
			{"RoleBinding ports/berth-operator", "subjects.0.namespace", "ports"},
			{"Service ports/berth-webhook", "spec.ports.0.port", int64(443)},
		},
	},
	{
		name: "resources, priority and labels",
		values: `
priorityClassName: system-cluster-critical
extraLabels: {team: platform, cost-center: "42"}
operator: {resources: {requests: {cpu: 1, memory: 64Mi}, limits: {memory: 1Gi}}}
webhook: {resources: {requests: {cpu: 100m}, limits: null}}
`,
		expect: []expectation{
			{operatorDeployment, pod + "priorityClassName", "system-cluster-critical"},
			{webhookDeployment, pod + "priorityClassName", "system-cluster-critical"},
			{operatorDeployment, container + "resources.requests", map[string]any{"cpu": int64(1), "memory": "64Mi"}},
			{operatorDeployment, container + "resources.limits", map[string]any{"memory": "1Gi"}},
			{webhookDeployment, container + "resources.requests", map[string]any{"cpu": "100m", "memory": "32Mi"}},
			{webhookDeployment, container + "resources.limits", nil},
			{operatorDeployment, "metadata.labels.team", "platform"},
			{operatorDeployment, "spec.template.metadata.labels.team", "platform"},
			{webhookDeployment, "spec.template.metadata.labels.cost-center", "42"},
			{operatorDeployment, "spec.selector.matchLabels.team", nil}, // a selector can never be changed
			{"CustomResourceDefinition portranges.berth.dev", "metadata.labels.team", "platform"},
			{"ClusterRole berth-view", "metadata.labels.team", "platform"},
			{"Service berth-system/berth-webhook", "metadata.labels.team", "platform"},
		},
	},
}

func TestValuesEndUpWhereTheySay(t *testing.T) {
	for _, p := range permutations {
		t.Run(p.name, func(t *testing.T) {
			result := mustRender(t, p.in(), p.values)
			for _, e := range p.expect {
				got, _ := kube.Value(result.find(t, e.object), e.path)
				if !reflect.DeepEqual(got, e.want) {
					t.Errorf("%s: %s is %v, want %v", e.object, e.path, got, e.want)
				}
			}
			if !strings.Contains(result.notes, p.notes) {
				t.Errorf("the notes do not say %q:\n%s", p.notes, result.notes)
			}
		})
	}
}

func TestWithoutCRDsEverythingElseIsInstalled(t *testing.T) {
	all := mustRender(t, programs.Namespace, "").objects
	want := slices.DeleteFunc(all, func(object *unstructured.Unstructured) bool { return object.GetKind() == crdKind })
	for _, line := range differences(want, mustRender(t, programs.Namespace, "{crds: {install: false}}").objects) {
		t.Error(line)
	}
}

func TestNothingStaysBehindInTheDefaultNamespace(t *testing.T) {
	for _, object := range mustRender(t, "ports", "").objects {
		for _, text := range texts(object.Object) {
			if object.GetKind() != crdKind && strings.Contains(text, programs.Namespace) {
				t.Errorf("%s says %q", kube.Name(object), text)
			}
		}
	}
}

// texts returns all strings in a value.
func texts(value any) []string {
	var found []string
	switch at := value.(type) {
	case string:
		return []string{at}
	case []any:
		for _, item := range at {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		for _, item := range at {
			found = append(found, texts(item)...)
		}
	}
	return found
}

func TestWrongValuesAreRefusedByName(t *testing.T) {
	for _, c := range []struct{ values, says string }{
		{"{replicas: 2}", "'replicas'"},
		{"{webhook: {replica: 2}}", "'replica'"},
		{"{webhook: {replicas: 0}}", "'/webhook/replicas'"},
		{"{operator: {replicas: 0}}", "'/operator/replicas'"},
		{"{operator: {replicas: two}}", "'/operator/replicas'"},
		{"{operator: {replicas: null}}", "'replicas'"},
		{"{operator: {workers: 65}}", "'/operator/workers'"},
		{"{webhook: {threads: 0}}", "'/webhook/threads'"},
		{"{webhook: {drainDelay: 3}}", "'/webhook/drainDelay'"},
		{"{webhook: {drainDelay: 20s}}", "'/webhook/drainDelay'"}, // 30 s until SIGKILL, 10 s for what is in flight
		{"{webhook: {register: maybe}}", "'/webhook/register'"},
		{"{webhook: {excludedNamespaces: kube-system}}", "'/webhook/excludedNamespaces'"},
		{"{webhook: {excludedNamespaces: ['a,b']}}", "'/webhook/excludedNamespaces/0'"},
		{"{webhook: {excludedNamespaces: null}}", "'excludedNamespaces'"},
		{"{webhook: {resources: {request: {cpu: 1}}}}", "'request'"},
		{"{webhook: {failurePolicy: Ignore}}", "'failurePolicy'"},
		{"{logLevel: verbose}", "'/logLevel'"},
		{"{image: {tag: 1.0}}", "'/image/tag'"}, // a number: it would have become 1
		{"{image: {tag: latest please}}", "'/image/tag'"},
		{"{image: {repository: Berth}}", "'/image/repository'"},
		{"{image: {pullPolicy: Sometimes}}", "'/image/pullPolicy'"},
		{"{imagePullSecrets: [registry]}", "'/imagePullSecrets/0'"},
		{"{priorityClassName: High Priority}", "'/priorityClassName'"},
		{"{extraLabels: {team: a b}}", "'/extraLabels/team'"},
		{"{extraLabels: {app.kubernetes.io/name: mine}}", "'app.kubernetes.io/name'"},
		{"{crds: {keep: false}}", "'keep'"},
	} {
		t.Run(c.values, func(t *testing.T) {
			source := loadChart(t, sourceFile(t, "charts/berth"))
			_, err := renderChart(t, source, programs.Namespace, c.values)
			if err == nil {
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the refusal does not name %s: %v", c.says, err)
			}
		})
	}
}

const wrongUsage = 2

// try runs a program up to where it looks for its cluster, and returns its exit code.
func try(t *testing.T, command ...string) (code int, output string) {
	t.Helper()
	binary, err := programs.Built(command[0])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	nowhere := "--kubeconfig=" + filepath.Join(t.TempDir(), "none")
	said, err := exec.CommandContext(ctx, binary, append(command[1:], nowhere)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s: %v\n%s", command, err, said)
	}
	if exit == nil {
		return 0, string(said)
	}
	return exit.ExitCode(), string(said)
}

func TestTheProgramsTakeTheArguments(t *testing.T) {
	for _, p := range permutations {
		t.Run(p.name, func(t *testing.T) {
			commands := mustRender(t, p.in(), p.values).commands(t)
			if len(commands) != 2 {
				t.Fatalf("%d commands, want 2", len(commands))
			}
			for _, command := range commands {
				// 1: there is no cluster, which comes after the arguments.
				if code, said := try(t, command...); code != 1 {
					t.Errorf("%s: exit code %d: %s", command, code, said)
				}
				if code, said := try(t, append(command, "--misspelt=1")...); code != wrongUsage {
					t.Errorf("%s takes --misspelt: exit code %d: %s", command[0], code, said)
				}
			}
		})
	}
}

func TestTheDefaultsLeftOutAreThoseOfThePrograms(t *testing.T) {
	excluded := "[kube-system,kube-node-lease,kube-public," + programs.Namespace + "]"
	user := "system:serviceaccount:" + programs.Namespace + ":berth-operator"
	for program, flags := range map[string]map[string]string{
		"berth-webhook": {
			"--namespace":          programs.Namespace,
			"--service-name":       "berth-webhook",
			"--exclude-namespaces": excluded,
			"--operator-user":      user,
		},
		"berth-operator": {
			"--namespace":          programs.Namespace,
			"--exclude-namespaces": excluded,
			"--user":               user,
		},
	} {
		_, help := try(t, program, "--help")
		defaults := map[string]string{} // of a line "--flag TEXT=value ..."
		for line := range strings.Lines(help) {
			if words := strings.Fields(line); len(words) > 1 {
				_, defaults[words[0]], _ = strings.Cut(words[1], "=")
			}
		}
		for flag, want := range flags {
			if defaults[flag] != want {
				t.Errorf("%s: the default of %s is %q, the chart takes it for %q", program, flag, defaults[flag], want)
			}
		}
	}
}
