package verdicts

import (
	"context"
	"fmt"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// legacy stood there before the policy and the webhook came: all of it is exposed in a way that would be
// refused today.
const legacy = `
apiVersion: v1
kind: Namespace
metadata: {name: legacy}
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: legacy}
spec:
  type: LoadBalancer
  selector: {app: pg}
  loadBalancerSourceRanges: [10.1.0.0/16]
  ports: [{name: pg, port: 443, targetPort: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: legacy}
spec: {selector: {app: pg}, ports: [{name: pg, port: 5432}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: legacy}
spec:
  rules:
  - host: a.example.org
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: inside, port: {number: 5432}}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: agent, namespace: legacy}
spec:
  replicas: 1
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
      - {name: agent, image: agent:1, ports: [{name: mq, containerPort: 5672, hostPort: 5672}]}
`

func TestWhatWasExposedBeforeMayChangeButNotWiden(t *testing.T) {
	c := theCourt(t)
	for _, test := range []struct {
		name, kind, object, patch string
		refused                   string // a part of the refusal; "": it is admitted
	}{
		{"a label", "service", "pg", `{"metadata": {"labels": {"team": "a"}}}`, ""},
		{"the same source ranges and a part of them", "service", "pg",
			`{"spec": {"loadBalancerSourceRanges": ["10.1.2.0/24"]}}`, ""},
		{"more source ranges", "service", "pg",
			`{"spec": {"loadBalancerSourceRanges": ["10.1.0.0/16", "10.2.0.0/16"]}}`, "port 5432 (PostgreSQL) is internal"},
		{"no source ranges", "service", "pg", `{"spec": {"loadBalancerSourceRanges": null}}`, "port 5432 (PostgreSQL) is internal"},
		{"one more port that is harmless", "service", "pg",
			`{"spec": {"ports": [{"name": "pg", "port": 443, "targetPort": 5432}, {"name": "web", "port": 80, "targetPort": 443}]}}`, ""},
		{"one more port that is not", "service", "pg",
			`{"spec": {"ports": [{"name": "pg", "port": 443, "targetPort": 5432}, {"name": "db", "port": 80, "targetPort": 27017}]}}`,
			"port 27017 (MongoDB) is internal"},
		{"an address more", "service", "pg", `{"spec": {"externalIPs": ["203.0.113.9"]}}`, "203.0.113.9"},
		{"less: no load balancer any more", "service", "pg", `{"spec": {"type": "ClusterIP", "loadBalancerSourceRanges": null}}`, ""},
		{"inside becomes outside", "service", "inside", `{"spec": {"type": "NodePort"}}`, "port 5432 (PostgreSQL) is internal"},
		{"an annotation of the Ingress", "ingress", "front", `{"metadata": {"annotations": {"a": "b"}}}`, ""},
		{"the Ingress for every host", "ingress", "front",
			`{"spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "inside", "port": {"number": 5432}}}}]}}]}}`,
			"port 5432 (PostgreSQL) is internal"},
		{"a new image", "deployment", "agent",
			`{"spec": {"template": {"spec": {"containers": [{"name": "agent", "image": "agent:2", "ports": [{"name": "mq", "containerPort": 5672, "hostPort": 5672}]}]}}}}`, ""},
		{"one more host port", "deployment", "agent",
			`{"spec": {"template": {"spec": {"containers": [{"name": "agent", "image": "agent:1", "ports": [{"name": "mq", "containerPort": 5672, "hostPort": 5672}, {"name": "db", "containerPort": 27017, "hostPort": 27017}]}]}}}}`,
			"port 27017 (MongoDB) is internal"},
		{"the network of the node", "deployment", "agent", `{"spec": {"template": {"spec": {"hostNetwork": true}}}}`, "port 5672 (RabbitMQ) is internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			resource, _, err := c.Resource(test.kind)
			if err != nil {
				t.Fatal(err)
			}
			_, err = resource.Namespace("legacy").Patch(t.Context(), test.object, "application/merge-patch+json", []byte(test.patch),
				metav1.PatchOptions{FieldManager: kube.FieldManager, DryRun: []string{metav1.DryRunAll}})
			switch {
			case test.refused != "":
				kube.ExpectRejected(t, err, "exposure.berth.dev", test.refused)
			case err != nil:
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// A node dies, a Deployment is scaled or rolled out: Pods are made again from a template that was there.
func TestWorkloadsThatWereExposedBeforeKeepRunning(t *testing.T) {
	c := theCourt(t)
	deployments := c.Typed.AppsV1().Deployments("legacy")
	scale := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: "agent", Namespace: "legacy"},
		Spec:       autoscalingv1.ScaleSpec{Replicas: 3},
	}
	if _, err := deployments.UpdateScale(t.Context(), "agent", scale, metav1.UpdateOptions{}); err != nil {
		t.Fatalf("scaling is refused: %v", err)
	}
	pods := func(ctx context.Context) ([]unstructured.Unstructured, error) {
		return c.List(ctx, "pods", "legacy", "app=agent")
	}
	kube.Eventually(t, patience, "three Pods", func(ctx context.Context) error {
		list, err := pods(ctx)
		if err == nil && len(list) != 3 {
			err = fmt.Errorf("there are %d", len(list))
		}
		return err
	})
	list, err := pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), "pod", "legacy", list[0].GetName()); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, patience, "the Pod to be replaced", func(ctx context.Context) error {
		now, err := pods(ctx)
		if err != nil {
			return err
		}
		for _, pod := range now {
			if pod.GetUID() == list[0].GetUID() {
				return fmt.Errorf("%s is still there", pod.GetName())
			}
		}
		if len(now) != 3 {
			return fmt.Errorf("there are %d", len(now))
		}
		return nil
	})
	restarted := `{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}`
	if _, err := c.Patch(t.Context(), "deployment", "legacy", "agent", restarted); err != nil {
		t.Fatalf("kubectl rollout restart is refused: %v", err)
	}
	kube.Eventually(t, patience, "Pods of the new template", func(ctx context.Context) error {
		now, err := pods(ctx)
		if err != nil {
			return err
		}
		for _, pod := range now {
			if pod.GetAnnotations()["kubectl.kubernetes.io/restartedAt"] == "now" {
				return nil
			}
		}
		return fmt.Errorf("none of %d", len(now))
	})
}

// One like them that has no such past.
func TestAPodThatOnlyLooksLikeAnOldOneIsRefused(t *testing.T) {
	c := theCourt(t)
	pod := kube.MustParseOne(t, `
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: legacy, labels: {app: agent}}
spec: {containers: [{name: agent, image: "agent:1", ports: [{name: mq, containerPort: 5672, hostPort: 5672}]}]}
`)
	_, err := c.DryRun(t.Context(), pod)
	kube.ExpectRejected(t, err, "port 5672 (RabbitMQ) is internal", "Pod legacy/alone")
}

func TestARefusedRequestAndADryRunLeaveNothing(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	before, err := shared.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused := kube.MustParseOne(t, exposed(namespace, "web"))
	_, err = c.Create(t.Context(), refused)
	kube.ExpectRejected(t, err, "port 5432 (PostgreSQL) is internal")
	_, err = c.DryRun(t.Context(), refused)
	kube.ExpectRejected(t, err, "port 5432 (PostgreSQL) is internal")

	// An Ingress to it exists only in a dry run: it must not be known when the Service comes.
	ingress := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: %s}
spec: {tls: [{hosts: [a.example.org]}], rules: [{host: a.example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: db, port: {name: web}}}}]}}]}
`, namespace))
	if _, err := c.DryRun(t.Context(), ingress); err != nil {
		t.Fatal(err)
	}
	inside := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: db, namespace: %s}
spec: {selector: {app: db}, ports: [{name: web, port: 80, targetPort: 5432}]}
`, namespace))
	if _, err := c.DryRun(t.Context(), inside); err != nil {
		t.Errorf("refused for an Ingress that never was: %v", err)
	}
	query := cluster.Query{From: before + 1, Prefixes: []string{
		cluster.Prefix("", "services/specs") + namespace + "/", cluster.Prefix("", "ingress") + namespace + "/"}}
	err = shared.History(t.Context(), query, func(change cluster.Change) error {
		return fmt.Errorf("%s was written at revision %d", change.Key, change.Revision)
	})
	if err != nil {
		t.Error(err)
	}
}

// What is created a moment ago counts: the webhook's own watches bring it.
func TestTheWebhookLearnsOfNewObjectsAndOfThoseThatGo(t *testing.T) {
	c := theCourt(t)
	namespace := c.Namespace(t)
	pod := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: %s, labels: {app: db}}
spec: {containers: [{name: c, image: none, ports: [{name: main, containerPort: 5432}]}]}
`, namespace))
	front := kube.MustParseOne(t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: front, namespace: %s}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 443, targetPort: main}]}
`, namespace))
	if _, err := c.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, patience, "the name to be known", func(ctx context.Context) error {
		if _, err := c.DryRun(ctx, front); err == nil {
			return fmt.Errorf("%s was admitted", kube.Name(front))
		}
		return nil
	})
	_, err := c.DryRun(t.Context(), front)
	kube.ExpectRejected(t, err, "port 5432 (PostgreSQL) is internal", "Pod "+namespace+"/db")
	if err := c.Delete(t.Context(), "pod", namespace, "db"); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, patience, "the Pod to be forgotten", func(ctx context.Context) error {
		_, err := c.DryRun(ctx, front)
		return err
	})
}

func TestExcludedNamespacesAreNotJudged(t *testing.T) {
	c := theCourt(t)
	for namespace, excluded := range map[string]bool{"default": false, "kube-system": true, "kube-public": true, "berth-system": true} {
		_, err := c.DryRun(t.Context(), kube.MustParseOne(t, exposed(namespace, "web")))
		if excluded && err != nil {
			t.Errorf("%s: %v", namespace, err)
		}
		if !excluded {
			kube.ExpectRejected(t, err, "port 5432 (PostgreSQL) is internal")
		}
	}
}
