package story

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story/telling"
)

// A denial is a manifest of examples/platform/denied and what the refusal says: the number, the policy, the
// path from outside to the container, and what to do instead.
type denial struct {
	file string
	name string // of the step
	says []string
}

const (
	postgres = "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be reachable from outside the cluster"
	mongo    = "port 27017 (MongoDB) is internal by ExposurePolicy control-plane and would be reachable from outside the cluster"
)

var denials = []denial{
	{"loadbalancer-443-to-postgres", "refused: 443 may face the outside, but PostgreSQL is behind it", []string{
		postgres, "Service data/web (LoadBalancer) port 443 -> targetPort 5432 -> StatefulSet data/pg container postgres port 5432",
		"fix: make the Service ClusterIP"}},
	{"nodeport-named-target", "refused: the name of the port leads to PostgreSQL", []string{
		postgres, `Service data/reports (NodePort) node port`, `-> port 80 -> targetPort "pg" -> StatefulSet data/pg container postgres port 5432`,
		"fix: make the Service ClusterIP"}},
	{"external-ips", "refused: an external address makes a ClusterIP Service reachable", []string{
		mongo, `Service data/mongodb-replica (ClusterIP) at 203.0.113.40 port 27017 -> targetPort "mongo" -> StatefulSet data/mongodb container mongodb port 27017`,
		"fix: remove externalIPs"}},
	{"ingress-to-mongodb", "refused: the Ingress leads to a Service whose port name leads to MongoDB", []string{
		mongo, `Ingress data/documents (documents.example.org) -> Service data/documents port "web" (80) -> targetPort "mongo" -> StatefulSet data/mongodb container mongodb port 27017`,
		"fix: take that backend out of "}},
	{"deployment-hostport", "refused: a host port needs no Service at all", []string{
		postgres, "Deployment data/pooler container pgbouncer hostPort 443 -> port 5432",
		"fix: remove the hostPort or set hostIP: 127.0.0.1"}},
}

func (p Place) platform() telling.Chapter {
	chapter := telling.Chapter{
		Title: "A port reference, enforced",
		Text: `The port reference of the platform says: 443, 80 and 8443 face the outside; databases, message
			queue and vault never do. Five manifests would expose a database all the same, each by another path.`,
		Steps: []telling.Step{{
			Name:    "policy and workloads are in the cluster",
			Command: "kubectl apply -f examples/platform/policy.yaml -f examples/platform/workloads.yaml",
			Lines:   6,
			Look:    p.policyInForce,
		}},
	}
	for _, denial := range denials {
		chapter.Steps = append(chapter.Steps, telling.Step{
			Name:    denial.name,
			Command: "kubectl apply -f examples/platform/denied/" + denial.file + ".yaml",
			Refused: true,
			Check:   telling.Says(denial.says...),
		})
	}
	chapter.Steps = append(chapter.Steps, telling.Step{
		Name:    "five that look alike and are harmless are admitted",
		Command: "kubectl apply -f examples/platform/admitted",
		Check: telling.Both(telling.Never("denied", "rror"), telling.Says("service/ui ", "service/postgres ",
			"service/mongodb-members ", "ingress.networking.k8s.io/ui ", "deployment.apps/backup ")),
	})
	return chapter
}

// policyInForce waits until the webhook has read what was applied a moment ago.
func (p Place) policyInForce(ctx context.Context) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	objects, err := kube.ParsePath(filepath.Join(root, "examples", "platform", "denied"))
	if err != nil {
		return err
	}
	return kube.Poll(ctx, 15*time.Second, "the webhook to know policy and workloads", func(ctx context.Context) error {
		for _, object := range objects {
			_, err := p.Client.DryRun(ctx, object.DeepCopy())
			if err == nil {
				return errors.New(kube.Name(object) + " is admitted")
			}
			if rejection, ok := kube.Rejected(err); !ok || !strings.Contains(rejection.Message, "denied the request") {
				return err
			}
		}
		return nil
	})
}

// files is about what works without a cluster.
func (p Place) files() telling.Chapter {
	return telling.Chapter{
		Title: "The same engine in a pipeline, and the manual at hand",
		Steps: []telling.Step{
			{
				Name:    "the same verdicts without a cluster",
				Command: "berth lint --policy examples/platform/policy.yaml --with examples/platform/workloads.yaml examples/platform/denied",
				Refused: true,
				Check:   telling.Says("Service data/web", "Service data/reports", "203.0.113.40", "Ingress data/documents", "hostPort 443", "5 denied, 0 unknown"),
			},
			{
				Name:    "the harmless ones are clean",
				Command: "berth lint --policy examples/platform/policy.yaml --with examples/platform/workloads.yaml examples/platform/admitted",
			},
			{
				Name:    "every field explains itself",
				Command: "kubectl explain palloc.spec.ports",
				Lines:   24,
				Check:   telling.Says("GROUP: berth.dev", "KIND: PortAllocation", "targetPort", "-required-", "Berth assigns all of them or none."),
			},
		},
	}
}
