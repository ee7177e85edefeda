package evaluators

import (
	"fmt"
	"math/rand/v2"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type (
	object = map[string]any
	list   = []any
)

// world is one policy and the namespace that it is for, with the objects judged by it. No object knows another:
// their selectors select nobody.
type world struct {
	namespace string
	policy    *unstructured.Unstructured
	objects   []*unstructured.Unstructured
}

// generator makes worlds, the same ones for the same seed.
type generator struct {
	*rand.Rand
	nodePorts int64 // the last one given
}

// The numbers that policies speak of and objects use, so that they meet often.
var numbers = []int64{80, 443, 5353, 5432, 8080, 8443, 9199, 9200, 9243, 9300, 27017}

const (
	firstNodePort = 24000 // of the cluster, and of the range that some policies call internal
	lastNodePort  = 32767
	internalNodes = "24000-24999"
)

func (g *generator) one(of ...any) any { return of[g.IntN(len(of))] }

func (g *generator) number() int64 { return numbers[g.IntN(len(numbers))] }

func (g *generator) in(percent int) bool { return g.IntN(100) < percent }

// world makes one with so many objects.
func (g *generator) world(i, count int) world {
	w := world{namespace: fmt.Sprintf("world-%03d", i)}
	w.policy = g.policy(w.namespace)
	for k := range count {
		name := fmt.Sprintf("o-%05d", k)
		made := g.service(name)
		if g.in(40) {
			made = g.workload(name)
		}
		made.SetNamespace(w.namespace)
		w.objects = append(w.objects, made)
	}
	return w
}

// policy is for the namespace of that name alone, and refuses what it forbids.
func (g *generator) policy(namespace string) *unstructured.Unstructured {
	var internal, external list
	for _, number := range []int64{5432, 8080, 9243, 27017} {
		if g.in(60) {
			internal = append(internal, object{"port": number, "service": g.one("PostgreSQL", "a \"quoted\" one", "${x}")})
		}
	}
	if g.in(50) {
		internal = append(internal, object{"port": int64(5353), "protocol": "UDP"})
	}
	if g.in(50) {
		internal = append(internal, object{"ports": list{"9200-9300"}, "service": "Search"})
	}
	if g.in(30) {
		internal = append(internal, object{"ports": list{internalNodes}})
	}
	for _, number := range []int64{80, 443, 9243} {
		if !g.in(60) {
			continue
		}
		port := object{"port": number}
		if g.in(25) {
			port["shownOn"] = list{"transport"}
		}
		external = append(external, port)
	}
	spec := object{
		"networks": list{object{
			"name": "transport", "cidrs": list{"198.51.100.0/24"}, "loadBalancerClasses": list{"example.org/own"},
			"nodeAddresses": g.one(true, false),
		}},
		"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": namespace}},
		"undeclared":        g.one("Deny", "Warn", "Allow"),
		"unknown":           g.one("Deny", "Warn", "Allow"),
	}
	if len(internal) > 0 {
		spec["internal"] = internal
	}
	if len(external) > 0 {
		spec["external"] = external
	}
	if g.in(30) {
		spec["exceptions"] = list{object{
			"namespace": namespace, "workload": object{"kind": "Deployment", "name": "o-00007"}, "port": int64(5432),
			"via": list{"HostPort", "LoadBalancer"}, "owner": "dba@example.org", "reason": "migration",
			"expiresAt": g.one("2099-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
		}}
	}
	return &unstructured.Unstructured{Object: object{
		"apiVersion": "berth.dev/v1alpha1", "kind": "ExposurePolicy",
		"metadata": object{"name": namespace}, "spec": spec,
	}}
}

func (g *generator) service(name string) *unstructured.Unstructured {
	kind := g.one("ClusterIP", "NodePort", "NodePort", "LoadBalancer", "LoadBalancer").(string)
	metadata := object{"name": name}
	spec := object{"type": kind}
	if g.in(80) {
		spec["selector"] = object{"app": name}
	}
	if g.in(15) {
		spec["externalIPs"] = list{"198.51.100.7"}
	}
	nodePorts := kind != "ClusterIP"
	if kind == "LoadBalancer" {
		if g.in(30) {
			metadata["annotations"] = g.one(
				object{"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"},
				object{"service.beta.kubernetes.io/aws-load-balancer-scheme": "Internet-Facing"},
				object{"networking.gke.io/load-balancer-type": "Internal"},
				object{"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": "subnet-1"},
				object{"service.beta.kubernetes.io/azure-load-balancer-internal": "false"})
		}
		if g.in(10) {
			spec["loadBalancerClass"] = g.one("networking.gke.io/l4-regional-internal", "tailscale", "example.org/own")
		}
		if g.in(30) {
			spec["allocateLoadBalancerNodePorts"], nodePorts = false, false
		}
	}
	var ports list
	for i := range 1 + g.IntN(3) {
		// Each number of a Service only once per protocol, as the API server wants it.
		port := object{"name": fmt.Sprintf("p%d", i), "port": numbers[(g.IntN(4)*3+i)%len(numbers)],
			"protocol": g.one("TCP", "TCP", "TCP", "UDP")}
		switch g.IntN(4) {
		case 0, 1:
			port["targetPort"] = g.number()
		case 2:
			port["targetPort"] = g.one("web", "pg")
		}
		if nodePorts {
			port["nodePort"] = g.nodePort()
		}
		ports = append(ports, port)
	}
	spec["ports"] = distinct(ports)
	return &unstructured.Unstructured{Object: object{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}}
}

// nodePort gives each number once, those of internalNodes among them.
func (g *generator) nodePort() int64 {
	g.nodePorts++
	return firstNodePort + g.nodePorts%(lastNodePort-firstNodePort+1)
}

// distinct leaves out ports that repeat number and protocol of one before.
func distinct(ports list) list {
	seen := map[string]bool{}
	var kept list
	for _, each := range ports {
		key := fmt.Sprint(each.(object)["port"], each.(object)["protocol"])
		if !seen[key] {
			kept = append(kept, each)
		}
		seen[key] = true
	}
	return kept
}

func (g *generator) workload(name string) *unstructured.Unstructured {
	labels := object{"app": "pods-of-" + name}
	template := object{"metadata": object{"labels": labels}, "spec": g.pod(name)}
	selected := object{"selector": object{"matchLabels": labels}, "template": template}
	made := func(apiVersion, kind string, spec object) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: object{"apiVersion": apiVersion, "kind": kind,
			"metadata": object{"name": name}, "spec": spec}}
	}
	with := func(spec object, key string, value any) object {
		spec[key] = value
		return spec
	}
	switch g.IntN(6) {
	case 0:
		return made("v1", "Pod", template["spec"].(object))
	case 1:
		return made("apps/v1", "StatefulSet", with(with(selected, "serviceName", "x"), "replicas", int64(0)))
	case 2:
		return made("apps/v1", "DaemonSet", selected)
	case 3:
		template["spec"].(object)["restartPolicy"] = "Never"
		return made("batch/v1", "CronJob", object{"schedule": "0 0 1 1 *", "suspend": true,
			"jobTemplate": object{"spec": object{"template": template}}})
	case 4:
		return made("v1", "ReplicationController", object{"replicas": int64(0), "selector": labels, "template": template})
	}
	return made("apps/v1", "Deployment", with(selected, "replicas", int64(0)))
}

func (g *generator) pod(name string) object {
	onNode := g.in(25)
	pod := object{"containers": list{g.container("main", onNode, 0)}}
	if g.in(20) {
		pod["initContainers"] = list{g.container("first", onNode, 5)}
	}
	if onNode {
		pod["hostNetwork"] = true
	}
	return pod
}

// container has ports from the given place of the numbers on: one pod shows each number of its node once.
func (g *generator) container(name string, onNode bool, from int) object {
	var ports list
	for i := range g.IntN(4) {
		number := numbers[(from+i)%len(numbers)]
		port := object{"containerPort": number, "protocol": g.one("TCP", "TCP", "UDP")}
		if !onNode && g.in(60) {
			port["hostPort"] = g.one(number, number+10_000)
			if g.in(40) {
				port["hostIP"] = g.one("127.0.0.1", "::1", "0.0.0.0", "192.0.2.7", "127.8.9.10")
			}
		}
		ports = append(ports, port)
	}
	made := object{"name": name, "image": "registry.example.org/program"}
	if len(ports) > 0 {
		made["ports"] = ports
	}
	return made
}
