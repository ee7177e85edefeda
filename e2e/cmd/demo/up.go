package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	"berth.dev/e2e/story/telling"
)

func up(ctx context.Context, o options) error {
	began := time.Now()
	for _, program := range []string{"berth-operator", "berth-webhook", "berth"} {
		if _, err := programs.Built(program); err != nil {
			return err
		}
	}
	g, err := find(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("Cluster:  %s\n", g.title)
	if err := story.Install(ctx, g.place.Client); err != nil {
		return fmt.Errorf("installing the CRDs and roles: %w", err)
	}
	fmt.Println("Applied:  crds/, and deploy/base without its Deployments: the programs run here instead")
	crew, err := hire(ctx, g)
	if err != nil {
		return err
	}
	if err := reached(ctx, g, crew); err != nil {
		return err
	}
	for _, program := range []*programs.Program{crew.operator, crew.webhook} {
		usage, err := program.Usage()
		if err != nil {
			return err
		}
		fmt.Printf("Running:  %-14s process %d, %.1f MB, as its own service account\n", program.Name(), program.Process().PID(),
			float64(usage.RSS)/(1<<20))
	}
	stage, err := g.place.Stage()
	if err != nil {
		return err
	}
	teller := telling.Teller{Out: os.Stdout, Stage: stage}
	if err := teller.Tell(ctx, g.place.Chapters()); err != nil {
		return fmt.Errorf("%w\nlogs of the programs: %s", err, filepath.Join(g.dir, "*.log"))
	}
	fmt.Printf(`
Everything came out as told, in %.0f s. It is left running:

  export KUBECONFIG='%s'
  export PATH="$PATH:%s:%s"
  kubectl get berth -A
  kubectl describe palloc phantom-node -n mesh

Logs: %s
make demo-down removes everything.
`, time.Since(began).Seconds(), g.place.Kubeconfig, filepath.Dir(g.place.Kubectl), filepath.Dir(stage.Programs["berth"]), g.dir)
	return nil
}

// reached makes sure that the API server reaches the webhook: one that it does not reach would block the
// cluster, so it is taken out again.
func reached(ctx context.Context, g *ground, c *crew) error {
	probe, err := kube.Parse("{apiVersion: v1, kind: Service, metadata: {generateName: berth-demo-, namespace: default}, spec: {ports: [{port: 80}]}}")
	if err != nil {
		return err
	}
	err = kube.Poll(ctx, 15*time.Second, "the API server to reach the webhook", func(ctx context.Context) error {
		_, err := g.place.Client.DryRun(ctx, probe[0].DeepCopy())
		return err
	})
	if err == nil {
		return nil
	}
	removal := g.place.Client.Delete(ctx, "validatingwebhookconfigurations", "", registration)
	return errors.Join(fmt.Errorf("%w\nthe webhook listens on this machine (%s); if the API server runs elsewhere, in a container too,\n"+
		"say how it gets there with --webhook-url https://HOST:PORT; the webhook is unregistered again", err, c.webhook.URL),
		removal, c.webhook.Stop())
}
