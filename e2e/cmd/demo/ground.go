package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/story"
)

// ground is the cluster on which the story is told.
type ground struct {
	place story.Place
	title string
	dir   string // holds logs and access of the programs, and what is remembered of them

	webhookURL string // where its API server reaches the webhook, if that is not on loopback

	// keep makes a service outlive this command, or finds it again; see cluster.Keep.
	keep func(*process.Service) (running bool)
}

// find returns the cluster that is to be used, running and reachable.
func find(ctx context.Context, o options) (*ground, error) {
	_, err := cluster.Open(o.dir)
	if errors.Is(err, cluster.ErrNotRunning) && os.Getenv("KUBECONFIG") != "" {
		return findExisting(ctx, o)
	}
	if o.webhookURL != "" {
		return nil, errors.New("--webhook-url is for an existing cluster: set KUBECONFIG, and end the local one (demo down)")
	}
	began := time.Now()
	c, started, err := cluster.Up(ctx, cluster.Options{Dir: o.dir, Detached: true})
	if err != nil {
		return nil, err
	}
	client, err := kube.New(c.AdminConfig())
	if err != nil {
		return nil, err
	}
	title := "a local control plane that runs already"
	if started {
		title = fmt.Sprintf("a local control plane, started in %.1f s", time.Since(began).Seconds())
	}
	return &ground{
		place: story.Place{Client: client, Kubeconfig: c.Kubeconfig(), Kubectl: c.Binaries().Kubectl, CacheDir: c.ProgramDir()},
		title: title,
		dir:   c.ProgramDir(),
		keep:  c.Keep,
	}, nil
}
