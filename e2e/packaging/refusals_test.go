package packaging

import (
	"strings"
	"testing"

	"berth.dev/e2e/programs"
)

func TestWrongValuesAreRefusedByName(t *testing.T) {
	for _, c := range []struct{ values, says string }{
		{"{replicas: 2}", "'replicas'"},
		{"{image: {repo: berth}}", "'repo'"},
		{"{image: {tag: 1.0}}", "'/image/tag'"}, // a number: it would have become 1
		{"{image: {tag: latest please}}", "'/image/tag'"},
		{"{image: {repository: Berth}}", "'/image/repository'"},
		{"{image: {registry: 'https://registry.example.com'}}", "'/image/registry'"},
		{"{image: {digest: 0123}}", "'/image/digest'"},
		{"{image: {pullPolicy: Sometimes}}", "'/image/pullPolicy'"},
		{"{global: {imageRegistry: 5}}", "'/global/imageRegistry'"},
		{"{imagePullSecrets: [registry]}", "'/imagePullSecrets/0'"},
		{"{logLevel: verbose}", "'/logLevel'"},
		{"{priorityClassName: High Priority}", "'/priorityClassName'"},
		{"{revisionHistoryLimit: -1}", "'/revisionHistoryLimit'"},
		{"{extraLabels: {team: a b}}", "'/extraLabels/team'"},
		{"{extraLabels: {app.kubernetes.io/name: mine}}", "'app.kubernetes.io/name'"},
		{"{extraObjects: {}}", "'/extraObjects'"},
		{"{crds: {keep: sometimes}}", "'/crds/keep'"},
		{"{crds: {enabled: true}}", "'enabled'"},

		{"{operator: {enabled: maybe}}", "'/operator/enabled'"},
		{"{operator: {replicas: 0}}", "'/operator/replicas'"},
		{"{operator: {replicas: two}}", "'/operator/replicas'"},
		{"{operator: {replicas: null}}", "'replicas'"},
		{"{operator: {workers: 65}}", "'/operator/workers'"},
		{"{operator: {namespaces: mesh}}", "'/operator/namespaces'"},
		{"{operator: {namespaces: null}}", "'namespaces'"},
		{"{operator: {namespaces: ['']}}", "'/operator/namespaces/0'"},
		{"{operator: {namespaces: [mesh, Vpn]}}", "'/operator/namespaces/1'"},
		{"{operator: {namespaces: ['mesh,vpn']}}", "'/operator/namespaces/0'"},
		{"{operator: {namespaces: [mesh, mesh]}}", "'/operator/namespaces'"},
		{"{operator: {extraArgs: [--namespaces=mesh]}}", "'/operator/extraArgs/0'"},
		{"{operator: {resources: null}}", "'resources'"},
		{"{operator: {podDisruptionBudget: null}}", "'podDisruptionBudget'"},
		{"{operator: {podDisruptionBudget: {minAvailable: most}}}", "'/operator/podDisruptionBudget/minAvailable'"},
		{"{operator: {podDisruptionBudget: {maxUnavailable: -1}}}", "'/operator/podDisruptionBudget/maxUnavailable'"},
		{"{operator: {podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}}}", "operator.podDisruptionBudget.maxUnavailable: "},
		{"{operator: {terminationGracePeriodSeconds: 1}}", "'/operator/terminationGracePeriodSeconds'"},
		{"{operator: {tolerations: {key: a}}}", "'/operator/tolerations'"},
		{"{operator: {nodeSelector: {gpu: 1}}}", "'/operator/nodeSelector/gpu'"},
		{"{operator: {affinity: {antiAffinity: {}}}}", "'antiAffinity'"},
		{"{operator: {topologySpreadConstraints: [{topologyKey: zone}]}}", "'/operator/topologySpreadConstraints/0'"},
		{"{operator: {serviceAccount: {create: false}}}", "'create'"},
		{"{operator: {podAnnotations: {a: 1}}}", "'/operator/podAnnotations/a'"},
		{"{operator: {extraArgs: [lease-duration=30s]}}", "'/operator/extraArgs/0'"},
		{"{operator: {extraArgs: [--workers=8]}}", "'/operator/extraArgs/0'"}, // twice the same flag: it would not start
		{"{operator: {extraEnv: [TZ=UTC]}}", "'/operator/extraEnv/0'"},
		{"{operator: {extraVolumes: [{emptyDir: {}}]}}", "'/operator/extraVolumes/0'"},
		{"{operator: {extraVolumeMounts: [{name: a}]}}", "'/operator/extraVolumeMounts/0'"},

		{"{webhook: {replica: 2}}", "'replica'"},
		{"{webhook: {replicas: 0}}", "'/webhook/replicas'"},
		{"{webhook: {threads: 0}}", "'/webhook/threads'"},
		{"{webhook: {drainDelay: 3}}", "'/webhook/drainDelay'"},
		{"{webhook: {drainDelay: 20s}}", "'/webhook/drainDelay'"},
		{"{webhook: {drainDelay: 15s, terminationGracePeriodSeconds: 24}}", "webhook.terminationGracePeriodSeconds: 24 is too short"},
		{"{webhook: {register: maybe}}", "'/webhook/register'"},
		{"{webhook: {audit: null}}", "'audit'"},
		{"{webhook: {adapters: [{group: example.org}]}}", "'/webhook/adapters/0'"},
		{"{webhook: {excludedNamespaces: kube-system}}", "'/webhook/excludedNamespaces'"},
		{"{webhook: {excludedNamespaces: ['a,b']}}", "'/webhook/excludedNamespaces/0'"},
		{"{webhook: {excludedNamespaces: null}}", "'excludedNamespaces'"},
		{"{webhook: {resources: {request: {cpu: 1}}}}", "'request'"},
		{"{webhook: {failurePolicy: Ignore}}", "'failurePolicy'"},
		{"{webhook: {extraArgs: [--no-audit]}}", "'/webhook/extraArgs/0'"},
		{"{webhook: {certificates: {source: vault}}}", "'/webhook/certificates/source'"},
		{"{webhook: {certificates: {source: existingSecret}}}", "webhook.certificates.secretName: empty"},
		{"{webhook: {certificates: {secretName: edge-tls}}}", "webhook.certificates.secretName: \"edge-tls\" says nothing"},
		{"{webhook: {certificates: {secretName: Edge TLS}}}", "'/webhook/certificates/secretName'"},
		{"{webhook: {certificates: {certManager: {issuerRef: {name: a}}}}}", "webhook.certificates.certManager.issuerRef: "},
		{"{webhook: {certificates: {source: certManager, certManager: {issuerRef: {kind: Issuer}}}}}", "'/webhook/certificates/certManager/issuerRef'"},
		{"{webhook: {certificates: {source: certManager, certManager: {duration: 90d}}}}", "'/webhook/certificates/certManager/duration'"},
		{"{webhook: {certificates: {source: certManager, certManager: {renewBefore: soon}}}}", "'/webhook/certificates/certManager/renewBefore'"},

		{"{operator: {enabled: false}, webhook: {enabled: false}}", "operator.enabled and webhook.enabled: "},

		{"{metrics: {secure: 1}}", "'/metrics/secure'"},
		{"{metrics: {readers: [prometheus]}}", "'/metrics/readers/0'"},
		{"{metrics: {certificate: {source: none}}}", "'/metrics/certificate/source'"},
		{"{metrics: {certificate: {source: existingSecret}}}", "metrics.certificate.secretName: empty"},
		{"{metrics: {certificate: {secretName: tls}}}", "metrics.certificate.secretName: \"tls\" says nothing"},
		{"{metrics: {secure: false, certificate: {source: certManager}}}", "metrics.certificate.source: certManager says nothing"},
		{"{metrics: {certificate: {certManager: {issuerRef: {name: a}}}}}", "metrics.certificate.certManager.issuerRef: "},
		{"{metrics: {serviceMonitor: {interval: often}}}", "'/metrics/serviceMonitor/interval'"},
		{"{metrics: {serviceMonitor: {namespace: monitoring}}}", "'namespace'"},
		{"{metrics: {podMonitor: {scrapeTimeout: 5}}}", "'/metrics/podMonitor/scrapeTimeout'"},
		{"{metrics: {podMonitor: {enabled: true}}}", "metrics.podMonitor.tokenSecret: null"},
		{"{metrics: {podMonitor: {tokenSecret: {name: a}}}}", "'/metrics/podMonitor/tokenSecret'"},
		{"{metrics: {serviceMonitor: {enabled: true}, podMonitor: {enabled: true, tokenSecret: {name: a, key: b}}}}",
			"metrics.podMonitor.enabled: "},
		{"{metrics: {prometheusRule: {labels: [a]}}}", "'/metrics/prometheusRule/labels'"},
		{"{metrics: {prometheusRule: {runbookBase: 'https://git.example.com/berth'}}}", "'/metrics/prometheusRule/runbookBase'"},
		{"{metrics: {dashboard: {labels: {a: 1}}}}", "'/metrics/dashboard/labels/a'"},
		{"{metrics: {dashboard: {annotations: {a: 1}}}}", "'/metrics/dashboard/annotations/a'"},

		{"{networkPolicy: {enabled: 'yes'}}", "'/networkPolicy/enabled'"},
		{"{networkPolicy: {apiServer: {cidrs: [10.0.0.1]}}}", "'/networkPolicy/apiServer/cidrs/0'"},
		{"{networkPolicy: {apiServer: {ports: [70000]}}}", "'/networkPolicy/apiServer/ports/0'"},
		{"{networkPolicy: {apiServer: {ports: []}}}", "'/networkPolicy/apiServer/ports'"},
		{"{networkPolicy: {metricsFrom: monitoring}}", "'/networkPolicy/metricsFrom'"},
		{"{priorityAndFairness: {nominalConcurrencyShares: 0}}", "'/priorityAndFairness/nominalConcurrencyShares'"},
		{"{priorityAndFairness: {matchingPrecedence: 10001}}", "'/priorityAndFairness/matchingPrecedence'"},
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
