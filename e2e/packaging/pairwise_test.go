package packaging

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// option is something that can be chosen in several ways, each a piece of values.
type option struct {
	name string
	ways []way
}

type way struct{ name, values string }

// options are all that matters to what is rendered, apart from numbers and names. Every way of each occurs together with
// every way of every other one (pairwise).
var options = []option{
	{"programs", []way{
		{"both", ""},
		{"operator", "webhook: {enabled: false}"},
		{"webhook", "operator: {enabled: false}"},
	}},
	{"certificates", []way{
		{"self-made", ""},
		{"cert-manager", "webhook: {certificates: {source: certManager}}"},
		{"cert-manager's issuer", "webhook: {certificates: {source: certManager, certManager: {issuerRef: {name: pki}}}}"},
		{"existing", "webhook: {certificates: {source: existingSecret, secretName: edge-tls}}"},
	}},
	{"webhook", []way{
		{"registers and audits", ""},
		{"registers", "webhook: {audit: false, drainDelay: 15s, threads: 8}"},
		{"audits", "webhook: {register: false, excludedNamespaces: [kube-system]}"},
		{"neither", "webhook: {register: false, audit: false}"},
	}},
	{"namespaces", []way{
		{"every one", ""},
		{"named", "operator: {namespaces: [mesh, vpn]}"},
	}},
	{"adapters", []way{
		{"built in", ""},
		{"further", "webhook: {adapters: [{group: example.org, kind: Door, plural: doors, versions: [v1]}]}"},
	}},
	{"metrics", []way{
		{"guarded", ""},
		{"open", "metrics: {secure: false}"},
		{"certified", "metrics: {certificate: {source: certManager}, readers: [{namespace: monitoring, name: prometheus}]}"},
		{"existing", "metrics: {certificate: {source: existingSecret, secretName: metrics-tls}}"},
	}},
	{"monitor", []way{
		{"none", ""},
		{"of the Service", "metrics: {serviceMonitor: {enabled: true, interval: 30s}}"},
		{"of the pods", "metrics: {podMonitor: {enabled: true, tokenSecret: {name: prometheus, key: token}}}"},
	}},
	{"rules and dashboard", []way{
		{"off", ""},
		{"on", "metrics: {prometheusRule: {enabled: true}, dashboard: {enabled: true}}"},
	}},
	{"network policies", []way{
		{"off", ""},
		{"on", "networkPolicy: {enabled: true}"},
		{"narrow", "networkPolicy: {enabled: true, apiServer: {cidrs: [10.0.0.0/28], ports: [6443]}, metricsFrom: [{podSelector: {}}]}"},
	}},
	{"fairness", []way{
		{"off", ""},
		{"on", "priorityAndFairness: {enabled: true}"},
	}},
	{"kinds", []way{
		{"kept", ""},
		{"not kept", "crds: {keep: false}"},
		{"of others", "crds: {install: false}"},
	}},
	{"availability", []way{
		{"default", ""},
		{"one of each", `
operator: {replicas: 1, podDisruptionBudget: {enabled: false}, affinity: {}, topologySpreadConstraints: []}
webhook: {replicas: 1, podDisruptionBudget: {enabled: false}, affinity: {}, topologySpreadConstraints: []}
`},
		{"high", `
priorityClassName: system-cluster-critical
operator: {replicas: 3, podDisruptionBudget: {minAvailable: 1}, nodeSelector: {pool: platform}}
webhook:
  replicas: 3
  podDisruptionBudget: {maxUnavailable: 34%}
  tolerations: [{operator: Exists}]
  topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]
`},
	}},
	{"image", []way{
		{"default", ""},
		{"digest", "image: {registry: 'registry.example.com:5000', repository: ports/berth, digest: '" + digest + "', pullPolicy: Always}"},
		{"mirror", "{global: {imageRegistry: mirror.example.com}, image: {tag: v1}, imagePullSecrets: [{name: mirror}]}"},
	}},
	{"additions", []way{
		{"none", ""},
		{"some", `
extraLabels: {team: platform}
logLevel: debug
revisionHistoryLimit: 2
operator: {podAnnotations: {a: b}, extraArgs: [--lease-duration=30s], extraEnv: [{name: A, value: b}], resources: {}}
webhook:
  serviceAccount: {annotations: {a: b}}
  extraVolumes: [{name: scratch, emptyDir: {}}]
  extraVolumeMounts: [{name: scratch, mountPath: /scratch}]
extraObjects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: further, namespace: "{{ .Release.Namespace }}"}}]
`},
	}},
	{"namespace", []way{
		{"berth-system", ""},
		{"ports", ""},
	}},
}

// times is how often every pair occurs, each time with others around it.
const times = 3

// pairwise returns rows of chosen ways (an index for each option), in which every pair of ways of two options occurs.
func pairwise(options []option) [][]int {
	type pair struct{ option, way, other, otherWay int }
	open := map[pair]int{} // how often it is still to come
	for a := range options {
		for b := a + 1; b < len(options); b++ {
			for i := range options[a].ways {
				for j := range options[b].ways {
					open[pair{a, i, b, j}] = times
				}
			}
		}
	}
	// gain is how many open pairs a way would close beside those chosen so far (-1 = not chosen).
	gain := func(row []int, at, way int) (count int) {
		for other, chosen := range row {
			switch {
			case chosen < 0 || other == at:
			case other < at:
				count += open[pair{other, chosen, at, way}]
			default:
				count += open[pair{at, way, other, chosen}]
			}
		}
		return count
	}
	var rows [][]int
	for len(open) > 0 {
		row := slices.Repeat([]int{-1}, len(options))
		var first pair // the least open one, so that every run makes the same rows
		for one := range open {
			if first == (pair{}) || slices.Compare([]int{one.option, one.way, one.other, one.otherWay},
				[]int{first.option, first.way, first.other, first.otherWay}) < 0 {
				first = one
			}
		}
		row[first.option], row[first.other] = first.way, first.otherWay
		for at := range options {
			if row[at] >= 0 {
				continue
			}
			best, most := len(rows)%len(options[at].ways), -1
			for i := range options[at].ways {
				way := (i + len(rows)) % len(options[at].ways) // where several are as good, another one each time
				if got := gain(row, at, way); got > most {
					best, most = way, got
				}
			}
			row[at] = best
		}
		for a := range options {
			for b := a + 1; b < len(options); b++ {
				one := pair{a, row[a], b, row[b]}
				if open[one]--; open[one] <= 0 {
					delete(open, one)
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// merged puts values together; where both say something else the later one counts.
func merged(into, from map[string]any) map[string]any {
	for key, value := range from {
		if both, ok := into[key].(map[string]any); ok {
			if more, ok := value.(map[string]any); ok {
				into[key] = merged(both, more)
				continue
			}
		}
		into[key] = value
	}
	return into
}

// pairwisePermutations are the rows as values.
func pairwisePermutations(t *testing.T) []permutation {
	t.Helper()
	var made []permutation
	for number, row := range pairwise(options) {
		p := permutation{}
		names := []string{fmt.Sprintf("row %d", number+1)}
		values := map[string]any{}
		for at, chosen := range row {
			one := options[at].ways[chosen]
			if chosen > 0 {
				names = append(names, options[at].name+" "+one.name)
			}
			if options[at].name == "namespace" {
				p.namespace = one.name
			}
			piece := map[string]any{}
			if err := yaml.UnmarshalStrict([]byte(one.values), &piece); err != nil {
				t.Fatalf("%s %s: %v", options[at].name, one.name, err)
			}
			values = merged(values, piece)
		}
		text, err := yaml.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		p.name, p.values = strings.Join(names, ", "), string(text)
		made = append(made, p)
	}
	return made
}

func TestEveryPairOfOptionsOccurs(t *testing.T) {
	rows := pairwise(options)
	for a := range options {
		for b := a + 1; b < len(options); b++ {
			for i, left := range options[a].ways {
				for j, right := range options[b].ways {
					together := slices.DeleteFunc(slices.Clone(rows), func(row []int) bool { return row[a] != i || row[b] != j })
					if len(together) < times {
						t.Errorf("%s %s comes with %s %s in %d rows", options[a].name, left.name, options[b].name, right.name,
							len(together))
					}
				}
			}
		}
	}
	if len(rows) < 40 {
		t.Errorf("%d rows, want at least 40", len(rows))
	}
}
