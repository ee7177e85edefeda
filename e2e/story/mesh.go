package story

import (
	"time"

	"berth.dev/e2e/story/telling"
)

// meshPorts are the numbers of the port scheme (examples/mesh/README.md) as the status has to show them.
var meshPorts = []telling.Row{
	{Key: "mesh portallocation.berth.dev/phantom-node", Words: []string{"wireguard:24510/UDP", "api:24511/TCP", "tunnel:24512/TCP"}},
	{Key: "mesh portallocation.berth.dev/agent-swarm", Words: []string{"metrics:24520/TCP", "health:24521/TCP"}},
	{Key: "mesh portallocation.berth.dev/discovery", Words: []string{"api:24530/TCP", "health:24531/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-metrics", Words: []string{"prometheus:24540/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-dashboard", Words: []string{"dashboard:24541/TCP", "grafana-api:24542/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-loki", Words: []string{"loki:24550/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-promtail", Words: []string{"promtail:24551/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-node-exporter", Words: []string{"metrics:24560/TCP"}},
	{Key: "mesh portallocation.berth.dev/phantom-agent-exporter", Words: []string{"metrics:24561/TCP"}},
	{Key: "mesh portallocation.berth.dev/status-page", Words: []string{"http:24500/TCP"}},
	{Key: "mesh portallocation.berth.dev/agent-audit", Words: []string{"grpc:24522/TCP"}},
}

// meshRange is the line of the range: 100 numbers, 16 of them held. How many are left is not told: the API server
// may have given one of them to a Service that asked for no node port in particular.
var meshRange = telling.Row{Key: "portrange.berth.dev/mesh NodePort", Words: []string{`["24500-24599"]`, "100", "16", "True"}}

// meshServices publish them: nodePort and port are the number, and what is for the inside has no nodePort.
var meshServices = []telling.Row{
	{Key: "service/phantom-node NodePort", Words: []string{"24510:24510/UDP,24511:24511/TCP"}},
	{Key: "service/phantom-node-internal ClusterIP", Words: []string{"24512/TCP"}},
	{Key: "service/agent-swarm NodePort", Words: []string{"24520:24520/TCP"}},
	{Key: "service/agent-swarm-internal ClusterIP", Words: []string{"24521/TCP"}},
	{Key: "service/discovery ClusterIP", Words: []string{"24530/TCP,24531/TCP"}},
	{Key: "service/phantom-metrics NodePort", Words: []string{"24540:24540/TCP"}},
	{Key: "service/phantom-dashboard NodePort", Words: []string{"24541:24541/TCP,24542:24542/TCP"}},
	{Key: "service/phantom-loki ClusterIP", Words: []string{"24550/TCP"}},
	{Key: "service/phantom-promtail ClusterIP", Words: []string{"24551/TCP"}},
	{Key: "service/phantom-node-exporter ClusterIP", Words: []string{"24560/TCP"}},
	{Key: "service/phantom-agent-exporter ClusterIP", Words: []string{"24561/TCP"}},
	{Key: "service/status-page NodePort", Words: []string{"24500:24500/TCP"}},
	{Key: "service/agent-audit ClusterIP", Words: []string{"24522/TCP"}},
}

// meshPolicies close the namespace and open what is declared.
var meshPolicies = []telling.Row{
	{Key: "networkpolicy.networking.k8s.io/berth-default-deny-ingress"},
	{Key: "networkpolicy.networking.k8s.io/berth-default-deny-egress"},
	{Key: "networkpolicy.networking.k8s.io/berth-allow-dns"},
	{Key: "networkpolicy.networking.k8s.io/phantom-node-ingress", Words: []string{"app=phantom-node"}},
	{Key: "networkpolicy.networking.k8s.io/agent-swarm-ingress", Words: []string{"app=agent-swarm"}},
	{Key: "networkpolicy.networking.k8s.io/agent-swarm-egress", Words: []string{"app=agent-swarm"}},
	{Key: "networkpolicy.networking.k8s.io/discovery-ingress", Words: []string{"app=discovery"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-metrics-ingress", Words: []string{"app=phantom-metrics"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-metrics-egress", Words: []string{"app=phantom-metrics"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-dashboard-ingress", Words: []string{"app=phantom-dashboard"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-dashboard-egress", Words: []string{"app=phantom-dashboard"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-loki-ingress", Words: []string{"app=phantom-loki"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-promtail-ingress", Words: []string{"app=phantom-promtail"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-promtail-egress", Words: []string{"app=phantom-promtail"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-node-exporter-ingress", Words: []string{"app=phantom-node-exporter"}},
	{Key: "networkpolicy.networking.k8s.io/phantom-agent-exporter-ingress", Words: []string{"app=phantom-agent-exporter"}},
	{Key: "networkpolicy.networking.k8s.io/status-page-ingress", Words: []string{"app=status-page"}},
	{Key: "networkpolicy.networking.k8s.io/agent-audit-ingress", Words: []string{"app=agent-audit"}},
}

func (p Place) mesh() telling.Chapter {
	return telling.Chapter{
		Title: "A port scheme, kept by the cluster",
		Text: `One PortRange sets 24500 to 24599 aside, with its blocks and its reserved numbers. Nine
			services ask for the numbers that the scheme gives them; two newcomers ask for none.`,
		Steps: []telling.Step{
			{
				Name:    "range, workloads and allocations are applied",
				Command: "kubectl apply -f examples/mesh",
				Lines:   6,
			},
			{
				Name:    "every allocation is ready: numbers held, published, enforced",
				Command: "kubectl wait --for=condition=Ready palloc --all -n mesh --timeout=60s",
				Lines:   3,
			},
			{
				Name:    "every number is that of the scheme; Berth chose 24500 and 24522 for the newcomers",
				Command: "kubectl get prange,palloc -A",
				Within:  10 * time.Second, // the counts of the range follow a moment later
				Check:   telling.Both(telling.Shows(meshPorts...), telling.Shows(meshRange)),
			},
			{
				Name: "Services publish exactly these numbers, NetworkPolicies open exactly these ports",
				Text: "What is for the outside has a node port, what is for the inside has none. The namespace is closed, and opened for what is declared:",

				Command: "kubectl get svc,netpol -n mesh",
				Check:   telling.Both(telling.Shows(meshServices...), telling.Shows(meshPolicies...)),
			},
		},
	}
}
