// Package allocation measures Berth at scale beside a bare client on the same API server.
//
// The bare client is the least that anybody could do: it creates the same objects as Berth, byte for byte but
// for names and numbers, with as many requests in flight as suit the machine best, and decides nothing. What
// Berth takes beyond it is the price of a ledger, of order, and of safety. Absolute times say little (the
// machine is shared); the ratios come from one run, with the bare client before and after Berth.
//
// What is measured, and how, stands in docs/performance.md. The command is `make bench-allocation`.
package allocation

import (
	"context"
	"fmt"
	"io"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/story"
)

// Options say how much is measured. Full and Quick make them.
type Options struct {
	Allocations int           // and as many Services with as many node ports; at the cold start half of them
	Namespaces  int           // over which they are spread
	Pods        int           // at the cold start
	Singles     int           // requests on an idle system
	ColdStarts  int           // rounds
	Rest        time.Duration // how long nobody may write anything
	Tries       int           // writes per try in the search of the best concurrency
	Log         io.Writer     // progress
}

// Full is what the goals are set for.
func Full() Options {
	return Options{Allocations: 10_000, Namespaces: 100, Pods: 40_000, Singles: 200, ColdStarts: 5,
		Rest: 30 * time.Second, Tries: 500}
}

// Quick shows that the bench works. Its figures say nothing.
func Quick() Options {
	return Options{Allocations: 120, Namespaces: 4, Pods: 400, Singles: 10, ColdStarts: 1,
		Rest: 2 * time.Second, Tries: 10}
}

// site is the control plane with Berth's kinds, and who works on it.
type site struct {
	Options
	cluster *cluster.Cluster
	admin   *kube.Client
	bare    *bareClient
	lines   figures.Lines
}

// numbers given out: the API server's range is larger than by default, or ten thousand would not fit. The
// bare client has the lower part. Node ports are bound by nobody here, so they may meet the ports of the
// control plane itself.
const (
	nodePorts   = "10000-32767"
	peerFirst   = 10_000
	peerNumbers = 10_000
	berthPorts  = "20100-32767"
	rangeName   = "bench"
	// Host ports, at the cold start.
	hostRangeName = "bench-hosts"
)

// Run measures everything. The control plane is its own and is gone afterwards.
func Run(ctx context.Context, options Options) (figures.Lines, error) {
	c, err := cluster.Start(ctx, cluster.Options{
		APIServerArgs: []string{"--service-node-port-range=" + nodePorts},
		Log:           options.Log,
	})
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
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	peer, err := s.newPeer(ctx)
	if err != nil {
		return fmt.Errorf("prepare the bare client: %w", err)
	}
	if err := peer.findConcurrency(ctx); err != nil {
		return fmt.Errorf("find the best concurrency: %w", err)
	}
	half := s.Allocations / 2
	if err := peer.round(ctx, half); err != nil {
		return fmt.Errorf("the bare client: %w", err)
	}
	burst, err := s.burst(ctx, peer)
	if err != nil {
		return fmt.Errorf("the burst: %w", err)
	}
	if err := peer.round(ctx, s.Allocations-half); err != nil {
		return fmt.Errorf("the bare client again: %w", err)
	}
	s.compare(burst, peer)
	if err := s.ledgers(ctx, burst); err != nil {
		return fmt.Errorf("the ledgers: %w", err)
	}
	if err := s.rest(ctx, peer); err != nil {
		return fmt.Errorf("at rest: %w", err)
	}
	if err := s.coldStart(ctx); err != nil {
		return fmt.Errorf("cold start: %w", err)
	}
	return nil
}

// prepare installs Berth, the bare client's own kinds, namespaces and the range.
func (s *site) prepare(ctx context.Context) error {
	var err error
	if s.admin, err = kube.New(s.cluster.AdminConfig()); err != nil {
		return err
	}
	if err = story.Install(ctx, s.admin); err != nil {
		return err
	}
	if err := s.declareRange(ctx, rangeName, "NodePort"); err != nil {
		return err
	}
	if err := s.installBareKinds(ctx); err != nil {
		return err
	}
	client, err := bare.New(ctx, s.admin)
	if err != nil {
		return err
	}
	s.bare = &bareClient{client}
	for _, prefix := range []string{berthNamespaces, peerNamespaces} {
		for i := range s.Namespaces {
			if _, err := s.bare.Post(ctx, "/api/v1/namespaces", namespaceText(namespace(prefix, i))); err != nil {
				return err
			}
		}
	}
	return s.quiet(ctx, time.Minute)
}

func (s *site) declareRange(ctx context.Context, name, space string) error {
	_, err := s.admin.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec:
  space: %s
  ports: [%q]
`, name, space, berthPorts))
	return err
}

func (s *site) say(format string, args ...any) {
	fmt.Fprintf(s.Log, format+"\n", args...)
}
