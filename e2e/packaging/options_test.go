package packaging

// What values do beyond the two Deployments: certificates, monitoring, the cluster around.

var certificatePermutations = []permutation{
	{
		name:   "certificates of somebody else",
		values: "webhook: {certificates: {source: existingSecret, secretName: edge-tls}}",
		expect: []expectation{
			{webhookDeployment, container + "command",
				words("berth-webhook --listen=:9443 --health-listen=:8082 --await-registration=10s --certificate-dir=/etc/berth/certificate " +
					"--log-format=json --metrics-listen=:8443")},
			{webhookDeployment, container + "volumeMounts.0", map[string]any{
				"name": "certificate", "mountPath": "/etc/berth/certificate", "readOnly": true}},
			{webhookDeployment, pod + "volumes.0.secret.secretName", "edge-tls"},
			{operatorDeployment, pod + "volumes", nil},
		},
		absent: []string{"Role berth-system/berth-webhook-certificates", "RoleBinding berth-system/berth-webhook-certificates",
			"Certificate berth-system/berth-webhook"},
		notes: []string{"berth-system/edge-tls has tls.crt, tls.key and ca.crt"},
	},
	{
		name:   "cert-manager with a CA of Berth's own",
		values: "webhook: {certificates: {source: certManager, certManager: {duration: 24h, renewBefore: 8h}}}",
		expect: []expectation{
			{"Certificate berth-system/berth-webhook", "spec.secretName", "berth-webhook-certificate"},
			{"Certificate berth-system/berth-webhook", "spec.dnsNames",
				[]any{"berth-webhook.berth-system.svc", "berth-webhook.berth-system.svc.cluster.local"}},
			{"Certificate berth-system/berth-webhook", "spec.issuerRef",
				map[string]any{"group": "cert-manager.io", "kind": "Issuer", "name": "berth-ca"}},
			{"Certificate berth-system/berth-webhook", "spec.duration", "24h"},
			{"Certificate berth-system/berth-webhook", "spec.renewBefore", "8h"},
			{"Certificate berth-system/berth-ca", "spec.isCA", true},
			{"Certificate berth-system/berth-ca", "spec.issuerRef.name", "berth-self-signed"},
			{"Issuer berth-system/berth-ca", "spec.ca.secretName", "berth-ca"},
			{webhookDeployment, pod + "volumes.0.secret.secretName", "berth-webhook-certificate"},
		},
		absent: []string{"Role berth-system/berth-webhook-certificates", "Certificate berth-system/berth-metrics"},
		notes:  []string{"get certificate berth-webhook"},
	},
	{
		name: "cert-manager with an issuer of the platform",
		values: `
webhook: {certificates: {source: certManager, secretName: berth-tls, certManager: {issuerRef: {name: platform, kind: ClusterIssuer}}}}
metrics: {certificate: {source: certManager, secretName: berth-metrics-tls, certManager: {issuerRef: {name: pki, group: example.com}}}}
`,
		expect: []expectation{
			{"Certificate berth-system/berth-webhook", "spec.secretName", "berth-tls"},
			{"Certificate berth-system/berth-webhook", "spec.issuerRef",
				map[string]any{"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform"}},
			{"Certificate berth-system/berth-metrics", "spec.secretName", "berth-metrics-tls"},
			{"Certificate berth-system/berth-metrics", "spec.issuerRef",
				map[string]any{"group": "example.com", "kind": "Issuer", "name": "pki"}},
			{webhookDeployment, pod + "volumes.0.secret.secretName", "berth-tls"},
			{webhookDeployment, pod + "volumes.1.secret.secretName", "berth-metrics-tls"},
			{operatorDeployment, pod + "volumes.0.secret.secretName", "berth-metrics-tls"},
		},
		absent: []string{"Issuer berth-system/berth-ca", "Issuer berth-system/berth-self-signed", "Certificate berth-system/berth-ca"},
	},
	{
		name:   "certificates of the metrics alone",
		values: "metrics: {certificate: {source: certManager}}",
		expect: []expectation{
			{"Certificate berth-system/berth-metrics", "spec.secretName", "berth-metrics-certificate"},
			{"Certificate berth-system/berth-metrics", "spec.dnsNames.0", "berth-metrics.berth-system.svc"},
			{"Issuer berth-system/berth-ca", "spec.ca.secretName", "berth-ca"},
			{operatorDeployment, container + "command", words(operatorCommand + " --metrics-certificate-dir=/etc/berth/metrics-certificate")},
			{webhookDeployment, container + "command", words(webhookCommand + " --metrics-certificate-dir=/etc/berth/metrics-certificate")},
			{operatorDeployment, container + "volumeMounts.0.mountPath", "/etc/berth/metrics-certificate"},
			{"Role berth-system/berth-webhook-certificates", "rules.1.resourceNames.0", "berth-webhook-tls"},
		},
		absent: []string{"Certificate berth-system/berth-webhook"},
	},
}

var monitoringPermutations = []permutation{
	{
		name:   "open metrics",
		values: "metrics: {secure: false, serviceMonitor: {enabled: true}}",
		expect: []expectation{
			{operatorDeployment, container + "command", words("berth-operator --health-listen=:8081 --log-format=json")},
			{webhookDeployment, container + "command", words("berth-webhook --listen=:9443 --health-listen=:8082 --await-registration=10s --log-format=json")},
			{operatorDeployment, container + "ports.1", nil},
			{"Service berth-system/berth-metrics", "spec.ports.0.targetPort", "health"},
			{"ServiceMonitor berth-system/berth", "spec.endpoints.0", map[string]any{"port": "metrics"}},
		},
		absent: []string{"ClusterRole berth-metrics-guard", "ClusterRoleBinding berth-metrics-guard", "ClusterRole berth-metrics-reader"},
		notes:  []string{"without TLS and for everybody"},
	},
	{
		name: "a ServiceMonitor",
		values: `
metrics:
  readers: [{namespace: monitoring, name: prometheus-k8s}]
  serviceMonitor:
    enabled: true
    interval: 15s
    scrapeTimeout: 5s
    labels: {release: prometheus}
    relabelings: [{targetLabel: cluster, replacement: edge}]
    metricRelabelings: [{action: drop, sourceLabels: [__name__], regex: process_.*}]
`,
		expect: []expectation{
			{"ClusterRoleBinding berth-metrics-reader", "subjects.0", map[string]any{
				"kind": "ServiceAccount", "name": "prometheus-k8s", "namespace": "monitoring"}},
			{"Service berth-system/berth-metrics", "spec.ports.0.targetPort", "metrics"},
			{"ServiceMonitor berth-system/berth", "spec.selector.matchLabels", map[string]any{
				"app.kubernetes.io/name": "berth", "app.kubernetes.io/component": "metrics"}},
			{"ServiceMonitor berth-system/berth", "metadata.labels.release", "prometheus"},
			{"ServiceMonitor berth-system/berth", "spec.endpoints.0", map[string]any{
				"port": "metrics", "scheme": "https", "interval": "15s", "scrapeTimeout": "5s",
				"bearerTokenFile":   "/var/run/secrets/kubernetes.io/serviceaccount/token",
				"tlsConfig":         map[string]any{"insecureSkipVerify": true},
				"relabelings":       []any{map[string]any{"targetLabel": "cluster", "replacement": "edge"}},
				"metricRelabelings": []any{map[string]any{"action": "drop", "sourceLabels": []any{"__name__"}, "regex": "process_.*"}},
			}},
		},
		notes: []string{"done, for monitoring/prometheus-k8s"},
	},
	{
		name: "a ServiceMonitor that trusts a certificate",
		values: `
metrics:
  certificate: {source: existingSecret, secretName: metrics-tls}
  serviceMonitor: {enabled: true, tokenSecret: {name: prometheus, key: token}}
`,
		expect: []expectation{
			{"ServiceMonitor berth-system/berth", "spec.endpoints.0", map[string]any{
				"port": "metrics", "scheme": "https",
				"authorization": map[string]any{"credentials": map[string]any{"name": "prometheus", "key": "token"}},
				"tlsConfig": map[string]any{
					"serverName": "berth-metrics.berth-system.svc",
					"ca":         map[string]any{"secret": map[string]any{"name": "metrics-tls", "key": "ca.crt"}},
				},
			}},
			{operatorDeployment, pod + "volumes.0.secret.secretName", "metrics-tls"},
		},
	},
	{
		name: "a PodMonitor",
		values: `
metrics:
  podMonitor:
    enabled: true
    tokenSecret: {name: prometheus, key: token}
    interval: 1m
    scrapeTimeout: 30s
    labels: {release: prometheus}
    relabelings: [{targetLabel: cluster, replacement: edge}]
    metricRelabelings: [{action: drop, sourceLabels: [__name__], regex: process_.*}]
`,
		expect: []expectation{
			{"PodMonitor berth-system/berth", "metadata.labels.release", "prometheus"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.port", "metrics"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.interval", "1m"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.scrapeTimeout", "30s"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.authorization.credentials.name", "prometheus"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.relabelings.0.replacement", "edge"},
			{"PodMonitor berth-system/berth", "spec.podMetricsEndpoints.0.metricRelabelings.0.action", "drop"},
		},
		absent: []string{"Service berth-system/berth-metrics"},
	},
	{
		name: "alerts and the dashboard",
		values: `
metrics:
  prometheusRule: {enabled: true, labels: {release: prometheus}, runbookBase: "https://git.example.com/berth/"}
  dashboard: {enabled: true, labels: {team: platform}, annotations: {grafana_folder: Platform}}
`,
		expect: []expectation{
			{"PrometheusRule berth-system/berth", "metadata.labels.release", "prometheus"},
			{"PrometheusRule berth-system/berth", "spec.groups.0.rules.1.annotations.runbook_url",
				"https://git.example.com/berth/docs/runbooks/BerthRangeNearlyFull.md"},
			{"ConfigMap berth-system/berth-dashboard", "metadata.labels.grafana_dashboard", "1"},
			{"ConfigMap berth-system/berth-dashboard", "metadata.labels.team", "platform"},
			{"ConfigMap berth-system/berth-dashboard", "metadata.annotations", map[string]any{"grafana_folder": "Platform"}},
		},
	},
}

var clusterPermutations = []permutation{
	{
		name:   "network policies",
		values: "networkPolicy: {enabled: true}",
		expect: []expectation{
			{"NetworkPolicy berth-system/berth-webhook", "spec.policyTypes", []any{"Ingress", "Egress"}},
			{"NetworkPolicy berth-system/berth-webhook", "spec.ingress.0", map[string]any{"ports": ports("TCP", 8443)}},
			{"NetworkPolicy berth-system/berth-webhook", "spec.ingress.1", map[string]any{"ports": ports("TCP", 9443)}},
			{"NetworkPolicy berth-system/berth-webhook", "spec.egress.0", map[string]any{"ports": ports("TCP", 443, 6443)}},
			{"NetworkPolicy berth-system/berth-operator", "spec.ingress.0", map[string]any{"ports": ports("TCP", 8443)}},
			{"NetworkPolicy berth-system/berth-operator", "spec.ingress.1", nil},
			{"NetworkPolicy berth-system/berth-operator", "spec.egress.1.ports.0.port", int64(53)},
		},
	},
	{
		name: "narrow network policies",
		values: `
networkPolicy:
  enabled: true
  apiServer: {cidrs: [10.0.0.0/28, 'fd00::/64'], ports: [6443]}
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
metrics: {secure: false}
`,
		expect: []expectation{
			{"NetworkPolicy berth-system/berth-webhook", "spec.ingress.0.ports", ports("TCP", 8082)},
			{"NetworkPolicy berth-system/berth-operator", "spec.ingress.0.ports", ports("TCP", 8081)},
			{"NetworkPolicy berth-system/berth-webhook", "spec.ingress.0.from.0.namespaceSelector.matchLabels",
				map[string]any{"kubernetes.io/metadata.name": "monitoring"}},
			{"NetworkPolicy berth-system/berth-webhook", "spec.ingress.1.from.1.ipBlock.cidr", "fd00::/64"},
			{"NetworkPolicy berth-system/berth-operator", "spec.egress.0.to.0.ipBlock.cidr", "10.0.0.0/28"},
			{"NetworkPolicy berth-system/berth-operator", "spec.egress.0.ports", ports("TCP", 6443)},
		},
	},
	{
		name:   "priority at the API server",
		values: "priorityAndFairness: {enabled: true, nominalConcurrencyShares: 7, matchingPrecedence: 500}",
		expect: []expectation{
			{"PriorityLevelConfiguration berth", "spec.limited.nominalConcurrencyShares", int64(7)},
			{"FlowSchema berth", "spec.matchingPrecedence", int64(500)},
			{"FlowSchema berth", "spec.rules.0.subjects.1.serviceAccount",
				map[string]any{"name": "berth-webhook", "namespace": "berth-system"}},
		},
	},
	{
		name: "further objects",
		values: `
extraObjects:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: of-an-object, namespace: "{{ .Release.Namespace }}"}}
  - |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: of-a-text
      namespace: {{ .Release.Namespace }}
      labels:
        {{- include "berth.labels" . | nindent 8 }}
`,
		expect: []expectation{
			{"ConfigMap berth-system/of-an-object", "kind", "ConfigMap"},
			{"ConfigMap berth-system/of-a-text", "metadata.namespace", "berth-system"},
		},
	},
	{
		name:   "kinds that go with the release",
		values: "crds: {keep: false}",
		expect: []expectation{{"CustomResourceDefinition portranges.berth.dev", "metadata.annotations", nil}},
		notes:  []string{"helm uninstall deletes the kinds of Berth"},
	},
	{
		name:   "kinds of somebody else",
		values: "crds: {install: false}",
		absent: []string{"CustomResourceDefinition portranges.berth.dev"},
		notes:  []string{"The kinds are not part of this release"},
	},
}

// ports are those of a rule of a NetworkPolicy.
func ports(protocol string, numbers ...int64) []any {
	var all []any
	for _, number := range numbers {
		all = append(all, map[string]any{"protocol": protocol, "port": number})
	}
	return all
}
