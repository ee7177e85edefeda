// Package standin stands in for a node: it runs the pods of one namespace as processes of this machine, as close to what a
// kubelet does as Berth can notice. What the chart renders is thereby run as it is rendered, and what waits for pods
// (helm --wait, kubectl rollout status, PodDisruptionBudgets, EndpointSlices) sees the real thing: Deployments are made
// into Pods by the controllers of the control plane, a pod is bound, started, probed, reported, and ended by SIGTERM.
//
// A container has
//
//   - a root file system of its own, read-only, with nothing in it but what Options.Root holds;
//   - the volumes of the pod where they are mounted: Secrets and ConfigMaps, which follow their objects, emptyDir, and what
//     the API server projects into every pod, with a token of its ServiceAccount bound to this pod;
//   - the user of the security context, no capabilities and no new privileges;
//   - an address of its own. The API server reaches it there, by the EndpointSlices of the Service, when it runs with
//     --enable-aggregator-routing=true (ClusterOptions); the pod reaches nothing but the API server, at 10.96.0.1:443.
//
// It is not: a scheduler (one node takes all), limits of CPU and memory, more than one container, init containers, hostPort,
// images (whatever is asked for, Options.Root it is), NetworkPolicies. It needs root, for namespaces of the kernel; where
// it has not got that, see Possible. Whatever runs ends with the test.
package standin
