// Package webhook measures the webhook at the API server: what it adds to a request beside a webhook in Go that
// admits everything, how soon it decides after a start, and what it needs for a large cluster.
//
// What is measured, and how, stands in docs/performance.md. The command is `make bench-webhook`.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
)

// Options say how much is measured. Full and Quick make them.
type Options struct {
	Starts   int // on an empty cluster, and on a full one
	Rounds   int // of requests
	Singles  int // requests of one round, one after another
	Together int // requests of one round, sixteen at once
	Pods     int // in the cluster, a hundred in a namespace
	Objects  int // Services and Pods in the end, half of each
	Lint     int // manifests
	Log      io.Writer
}

// Full is what the goals are set for.
func Full() Options {
	return Options{Starts: 5, Rounds: 9, Singles: 200, Together: 1000, Pods: 10_000, Objects: 50_000, Lint: 5_000}
}

// Quick shows that the bench works. Its figures say nothing.
func Quick() Options {
	return Options{Starts: 2, Rounds: 1, Singles: 10, Together: 32, Pods: 50, Objects: 400, Lint: 50}
}

// site is the control plane with Berth's kinds, and who works on it.
type site struct {
	Options
	cluster *cluster.Cluster
	admin   *kube.Client
	bare    *bare.Client
	lines   figures.Lines
	judge   programs.WebhookOptions

	podsIn, servicesIn int // namespaces that are full of them
}

// A namespace for each webhook, and one for none: the requests are the same in all of them.
const (
	judged = "judged"
	noop1  = "noop-http1"
	noop2  = "noop-http2"
	alone  = "alone"
)

var unjudged = []string{noop1, noop2, alone, "kube-system", "kube-node-lease", "kube-public", programs.Namespace}

const policy = `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: control-plane}
spec:
  external: [{port: 443}, {port: 80}, {port: 8080}]
  internal: [{port: 5432, service: PostgreSQL}, {port: 27017}, {port: 6379}, {ports: ["9200-9300"]}]
`

// Run measures everything. The control plane is its own and is gone afterwards.
func Run(ctx context.Context, options Options) (figures.Lines, error) {
	c, err := cluster.Start(ctx, cluster.Options{Log: options.Log})
	if err != nil {
		return nil, err
	}
	s := &site{Options: options, cluster: c}
	err = s.run(ctx)
	if stopped := c.Stop(); err == nil {
		err = stopped
	}
	return s.lines, err
}

func (s *site) run(ctx context.Context) error {
	for _, part := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"prepare", s.prepare},
		{"the first denial", s.firstDenials},
		{"requests", s.requests},
		{"the named port", s.namedPort},
		{"memory", s.memory},
		{"lint", s.lint},
	} {
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	return nil
}

func (s *site) prepare(ctx context.Context) error {
	var err error
	if s.admin, err = kube.New(s.cluster.AdminConfig()); err != nil {
		return err
	}
	if err = story.Install(ctx, s.admin); err != nil {
		return err
	}
	if s.bare, err = bare.New(ctx, s.admin); err != nil {
		return err
	}
	if _, err = s.admin.ApplyYAML(ctx, policy); err != nil {
		return err
	}
	for _, ns := range []string{judged, noop1, noop2, alone} {
		if _, err := s.bare.Post(ctx, "/api/v1/namespaces", fmt.Sprintf(`{"metadata":{"name":%q}}`, ns)); err != nil {
			return err
		}
	}
	config, err := story.Access(ctx, s.admin, story.WebhookAccount, 4*time.Hour)
	if err != nil {
		return err
	}
	s.judge = programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: filepath.Join(s.cluster.Dir(), "webhook"), Timeout: 5 * time.Minute,
			Args: []string{"--no-audit"}},
		ExcludeNamespaces: unjudged,
	}
	return nil
}

// withWebhook runs the webhook while `work` does, once the API server asks it.
func (s *site) withWebhook(ctx context.Context, work func(webhook *programs.Program) error) error {
	webhook, err := programs.StartWebhook(ctx, s.judge)
	if err != nil {
		return err
	}
	err = kube.Poll(ctx, time.Minute, "the webhook to be asked", func(ctx context.Context) error {
		if _, err := s.create(ctx, judged, "canary", exposing); err == nil {
			return errors.New("an internal port was admitted")
		}
		return nil
	})
	if err == nil {
		err = work(webhook)
	}
	// Nobody is to be asked who is away.
	gone := s.admin.Delete(ctx, "validatingwebhookconfigurations", "", "berth-exposure")
	return errors.Join(err, gone, webhook.Stop())
}

func (s *site) say(format string, args ...any) { fmt.Fprintf(s.Log, format+"\n", args...) }
