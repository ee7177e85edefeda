package packaging

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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
	absent    []string // as kube.Name calls them
	notes     []string // parts of what Helm says afterwards

	notForPrograms bool // they could not start with it here
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
	registration       = "ValidatingWebhookConfiguration berth-exposure"
	pod                = "spec.template.spec."
	container          = pod + "containers.0."

	operatorCommand = "berth-operator --health-listen=:8081 --log-format=json --metrics-listen=:8443"
	webhookCommand  = "berth-webhook --listen=:9443 --health-listen=:8082 --await-registration=10s --log-format=json --metrics-listen=:8443"

	digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
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
			{operatorDeployment, "spec.revisionHistoryLimit", nil},
			{operatorDeployment, container + "command", words(operatorCommand)},
			{webhookDeployment, container + "command", words(webhookCommand)},
			{webhookDeployment, pod + "volumes", nil},
			{registration, "webhooks", nil},
		},
		notes: []string{"kubectl delete validatingwebhookconfiguration berth-exposure", "helm test harbour", "--clusterrole=berth-metrics-reader"},
	},
	{
		name:   "replicas",
		values: "{operator: {replicas: 1}, webhook: {replicas: 5}, revisionHistoryLimit: 3}",
		expect: []expectation{
			{operatorDeployment, "spec.replicas", int64(1)},
			{webhookDeployment, "spec.replicas", int64(5)},
			{operatorDeployment, "spec.revisionHistoryLimit", int64(3)},
			{webhookDeployment, "spec.revisionHistoryLimit", int64(3)},
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
		name:   "image by its digest, in a registry of its own",
		values: "image: {registry: registry.example.com, repository: ports/berth, digest: '" + digest + "'}",
		expect: []expectation{
			{operatorDeployment, container + "image", "registry.example.com/ports/berth@" + digest},
			{webhookDeployment, container + "image", "registry.example.com/ports/berth@" + digest},
		},
	},
	{
		name:   "one registry for everything",
		values: "{global: {imageRegistry: 'mirror.example.com:5000'}, image: {registry: registry.example.com, tag: v2, digest: '" + digest + "'}}",
		expect: []expectation{
			{webhookDeployment, container + "image", "mirror.example.com:5000/berth:v2@" + digest},
		},
	},
	{
		name: "flags",
		values: `
logLevel: debug
operator: {workers: 8, extraArgs: [--lease-duration=30s]}
webhook: {drainDelay: 0s, threads: 4, register: false, audit: false}
`,
		expect: []expectation{
			{operatorDeployment, container + "command",
				words("berth-operator --health-listen=:8081 --workers=8 --log-format=json --log-level=debug " +
					"--metrics-listen=:8443 --lease-duration=30s")},
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --no-register --no-audit --drain-delay=0s --threads=4 " +
					"--log-format=json --log-level=debug --metrics-listen=:8443")},
		},
		absent: []string{registration, "ClusterRole berth-webhook-registration", "ClusterRoleBinding berth-webhook-registration",
			"ClusterRole berth-webhook-audit", "Role berth-system/berth-webhook-audit"},
		notes: []string{"it judges nothing until you write a ValidatingWebhookConfiguration", "berth-system/berth-webhook-tls"},
	},
	{
		name:   "more excluded namespaces",
		values: "{webhook: {excludedNamespaces: [kube-system, storage]}}",
		expect: []expectation{
			{webhookDeployment, container + "command", words(webhookCommand + " --exclude-namespaces=kube-system,storage,berth-system")},
			// What the admission policies of the operator leave alone.
			{operatorDeployment, container + "command", words(operatorCommand + " --exclude-namespaces=kube-system,storage,berth-system")},
		},
		notes: []string{"kube-system, storage, berth-system"},
	},
	{
		name:   "no excluded namespaces but Berth's own",
		values: "{webhook: {excludedNamespaces: []}}",
		expect: []expectation{
			{webhookDeployment, container + "command", words(webhookCommand + " --exclude-namespaces=berth-system")},
		},
	},
	{
		name:      "another namespace",
		namespace: "ports",
		expect: []expectation{
			{"Deployment ports/berth-operator", container + "command",
				words("berth-operator --health-listen=:8081 --user=system:serviceaccount:ports:berth-operator --log-format=json " +
					"--metrics-listen=:8443 --namespace=ports --exclude-namespaces=kube-system,kube-node-lease,kube-public,ports")},
			{"Deployment ports/berth-webhook", container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 " +
					"--operator-user=system:serviceaccount:ports:berth-operator --await-registration=10s --log-format=json " +
					"--metrics-listen=:8443 --namespace=ports --exclude-namespaces=kube-system,kube-node-lease,kube-public,ports")},
			{"ClusterRoleBinding berth-webhook", "subjects.0.namespace", "ports"},
			{"ClusterRoleBinding berth-metrics-guard", "subjects.1.namespace", "ports"},
			{"RoleBinding ports/berth-operator", "subjects.0.namespace", "ports"},
			{"Service ports/berth-webhook", "spec.ports.0.port", int64(443)},
		},
	},
	{
		name:   "an operator of some namespaces",
		values: "operator: {namespaces: [vpn, mesh]}",
		expect: []expectation{
			{operatorDeployment, container + "command",
				words("berth-operator --health-listen=:8081 --namespaces=vpn,mesh --log-format=json --metrics-listen=:8443")},
			{webhookDeployment, container + "command", words(webhookCommand)},
			{"RoleBinding mesh/berth-operator-namespaced", "roleRef.kind", "ClusterRole"},
			{"RoleBinding vpn/berth-operator-namespaced", "subjects", []any{map[string]any{
				"kind": "ServiceAccount", "name": "berth-operator", "namespace": "berth-system"}}},
			{"RoleBinding default/berth-operator-events", "roleRef.kind", "Role"},
			{"Role default/berth-operator-events", "rules", []any{map[string]any{
				"apiGroups": []any{"events.k8s.io"}, "resources": []any{"events"}, "verbs": []any{"create", "patch"}}}},
			{"ClusterRoleBinding berth-operator", "roleRef.name", "berth-operator"},
			{"ClusterRoleBinding berth-webhook", "roleRef.name", "berth-webhook"},
		},
		absent: []string{"ClusterRoleBinding berth-operator-namespaced"},
		notes:  []string{"The operator works in these namespaces alone:\n  vpn, mesh"},
	},
	{
		name:      "an operator of the namespace it lives in",
		namespace: "ports",
		values:    "operator: {namespaces: [ports]}",
		expect: []expectation{
			{"RoleBinding ports/berth-operator-namespaced", "subjects.0.namespace", "ports"},
			{"RoleBinding default/berth-operator-events", "subjects.0.namespace", "ports"},
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
			{registration, "metadata.labels.team", "platform"},
		},
	},
	{
		name:   "without the operator",
		values: "operator: {enabled: false}",
		expect: []expectation{
			{webhookDeployment, container + "command", // nobody is exempt
				words("berth-webhook --listen=:9443 --health-listen=:8082 --operator-user= --await-registration=10s --log-format=json --metrics-listen=:8443")},
			{"ClusterRoleBinding berth-metrics-guard", "subjects.0.name", "berth-webhook"},
			{"ClusterRoleBinding berth-metrics-guard", "subjects.1.name", nil},
		},
		absent: []string{operatorDeployment, "ServiceAccount berth-system/berth-operator", "ClusterRole berth-operator",
			"ClusterRole berth-operator-namespaced", "ClusterRoleBinding berth-operator-namespaced",
			"Role berth-system/berth-operator", "PodDisruptionBudget berth-system/berth-operator"},
		notes: []string{"There is no operator"},
	},
	{
		name:   "without the webhook",
		values: "webhook: {enabled: false}",
		expect: []expectation{
			{operatorDeployment, container + "command", words(operatorCommand)},
			{"ClusterRoleBinding berth-metrics-guard", "subjects.0.name", "berth-operator"},
			{"ClusterRoleBinding berth-metrics-guard", "subjects.1.name", nil},
		},
		absent: []string{webhookDeployment, "ServiceAccount berth-system/berth-webhook", "ClusterRole berth-webhook", registration,
			"ClusterRole berth-webhook-registration", "Role berth-system/berth-webhook-certificates", "Service berth-system/berth-webhook",
			"PodDisruptionBudget berth-system/berth-webhook"},
		notes: []string{"There is no webhook"},
	},
	{
		name: "where pods may be",
		values: `
operator:
  nodeSelector: {pool: platform}
  tolerations: [{key: platform, operator: Exists}]
  affinity: {}
  topologySpreadConstraints: []
  podDisruptionBudget: {enabled: false}
webhook:
  nodeSelector: {pool: edge}
  tolerations: [{key: edge, operator: Exists}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
    {matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}]}}}
  topologySpreadConstraints:
    - {topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}
    - {topologyKey: rack, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {tier: front}}}
  podDisruptionBudget: {minAvailable: 50%}
`,
		expect: []expectation{
			{operatorDeployment, pod + "nodeSelector.pool", "platform"},
			{operatorDeployment, pod + "tolerations.0.key", "platform"},
			{operatorDeployment, pod + "affinity", nil},
			{operatorDeployment, pod + "topologySpreadConstraints", nil},
			{webhookDeployment, pod + "nodeSelector.pool", "edge"},
			{webhookDeployment, pod + "tolerations.0.key", "edge"},
			{webhookDeployment, pod + "affinity.podAntiAffinity", nil},
			{webhookDeployment, pod + "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.0." +
				"matchExpressions.0.key", "kubernetes.io/arch"},
			{webhookDeployment, pod + "topologySpreadConstraints.0.labelSelector.matchLabels",
				map[string]any{"app.kubernetes.io/name": "berth", "app.kubernetes.io/component": "webhook"}},
			{webhookDeployment, pod + "topologySpreadConstraints.1.labelSelector.matchLabels", map[string]any{"tier": "front"}},
			{"PodDisruptionBudget berth-system/berth-webhook", "spec.minAvailable", "50%"},
			{"PodDisruptionBudget berth-system/berth-webhook", "spec.maxUnavailable", nil},
		},
		absent: []string{"PodDisruptionBudget berth-system/berth-operator"},
	},
	{
		name: "budgets",
		values: `
operator: {podDisruptionBudget: {minAvailable: 0, maxUnavailable: null}}
webhook: {podDisruptionBudget: {enabled: true, maxUnavailable: 34%}}
`,
		expect: []expectation{
			{"PodDisruptionBudget berth-system/berth-operator", "spec.minAvailable", int64(0)},
			{"PodDisruptionBudget berth-system/berth-webhook", "spec.maxUnavailable", "34%"},
		},
	},
	{
		name: "additions to the pods",
		values: `
operator:
  terminationGracePeriodSeconds: 60
  podAnnotations: {example.com/why: because}
  serviceAccount: {annotations: {example.com/identity: operator}}
  extraEnv: [{name: TZ, value: UTC}]
  extraVolumes: [{name: scratch, emptyDir: {}}]
  extraVolumeMounts: [{name: scratch, mountPath: /scratch}]
webhook:
  terminationGracePeriodSeconds: 45
  podAnnotations: {example.com/why: as well}
  serviceAccount: {annotations: {example.com/identity: webhook}}
  extraArgs: [--kubeconfig-is-not-among-these=false]
  extraEnv: [{name: TZ, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  extraVolumes: [{name: scratch, emptyDir: {}}]
  extraVolumeMounts: [{name: scratch, mountPath: /scratch, readOnly: true}]
`,
		expect: []expectation{
			{operatorDeployment, pod + "terminationGracePeriodSeconds", int64(60)},
			{operatorDeployment, "spec.template.metadata.annotations", map[string]any{"example.com/why": "because"}},
			{operatorDeployment, container + "env.0.value", "UTC"},
			{operatorDeployment, container + "volumeMounts.0.mountPath", "/scratch"},
			{operatorDeployment, pod + "volumes.0.name", "scratch"},
			{"ServiceAccount berth-system/berth-operator", "metadata.annotations", map[string]any{"example.com/identity": "operator"}},
			{webhookDeployment, pod + "terminationGracePeriodSeconds", int64(45)},
			{webhookDeployment, "spec.template.metadata.annotations", map[string]any{"example.com/why": "as well"}},
			{webhookDeployment, container + "env.0.valueFrom.fieldRef.fieldPath", "metadata.name"},
			{webhookDeployment, container + "volumeMounts.0.readOnly", true},
			{webhookDeployment, pod + "volumes.0.name", "scratch"},
			{"ServiceAccount berth-system/berth-webhook", "metadata.annotations", map[string]any{"example.com/identity": "webhook"}},
			{"ClusterRole berth-webhook", "metadata.annotations", nil},
		},
		notForPrograms: true,
	},
	{
		name: "further adapters",
		values: `
webhook:
  adapters:
    - {group: example.org, kind: Door, plural: doors, versions: [v1], via: Gateway, leadsTo: [{each: "spec.rooms[]", service: .room}]}
`,
		expect: []expectation{
			{webhookDeployment, pod + "volumes.0.configMap.name", "berth-adapters"},
			{webhookDeployment, container + "volumeMounts.0.mountPath", "/etc/berth/adapters"},
			{webhookDeployment, container + "command.4", "--adapters=/etc/berth/adapters/adapters.yaml"},
			{"ClusterRole berth-webhook-adapters", "rules.0", map[string]any{
				"apiGroups": []any{"example.org"}, "resources": []any{"doors"}, "verbs": []any{"list", "watch"}}},
			{"ClusterRoleBinding berth-webhook-adapters", "subjects.0.namespace", "berth-system"},
		},
		notForPrograms: true, // there is no such file here
	},
}

// all are those of every table.
func all() []permutation {
	return slices.Concat(permutations, certificatePermutations, monitoringPermutations, clusterPermutations)
}

func TestValuesEndUpWhereTheySay(t *testing.T) {
	for _, p := range all() {
		t.Run(p.name, func(t *testing.T) {
			result := mustRender(t, p.in(), p.values)
			for _, e := range p.expect {
				got, _ := kube.Value(result.find(t, e.object), e.path)
				if !reflect.DeepEqual(got, e.want) {
					t.Errorf("%s: %s is %v, want %v", e.object, e.path, got, e.want)
				}
			}
			for _, name := range p.absent {
				if result.has(name) {
					t.Errorf("%s is rendered", name)
				}
			}
			for _, part := range p.notes {
				if !strings.Contains(result.notes, part) {
					t.Errorf("the notes do not say %q:\n%s", part, result.notes)
				}
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
