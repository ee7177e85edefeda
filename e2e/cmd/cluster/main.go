// Command cluster keeps a local Kubernetes control plane running in the background.
//
//	go run ./cmd/cluster up        start it, or say at once that it runs; prints how to use it
//	go run ./cmd/cluster status    what runs; exit code 1 if it cannot be used
//	go run ./cmd/cluster down      end it and remove its data
//	go run ./cmd/cluster build     only build its programs, which takes minutes the first time
//
// What is meant for a shell goes to stdout, everything else to stderr:
//
//	eval "$(go run ./cmd/cluster up)"
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/command"
	"berth.dev/e2e/process"
)

func main() { command.Main("cluster:", run) }

func run(ctx context.Context, args []string) error {
	defaultDir, err := cluster.DefaultDir()
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	dir := flags.String("dir", defaultDir, "folder for certificates, data and logs")
	basePort := flags.Int("base-port", 0, "port of the API server, etcd takes the next two; 0 = free ones (up)")
	audit := flags.String("audit", "", "audit log: Metadata or RequestResponse (up)")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: cluster up|down|status|build [flags]\n")
		flags.PrintDefaults()
	}
	verb, err := command.Parse(flags, args)
	if err != nil {
		return err
	}
	switch verb {
	case "up":
		return up(ctx, cluster.Options{Dir: *dir, Detached: true, BasePort: *basePort, Audit: cluster.AuditLevel(*audit)})
	case "down":
		if err := cluster.Down(ctx, *dir); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "the control plane is down, its data are removed")
		return nil
	case "status":
		return status(ctx, *dir)
	case "build":
		binaries, err := cluster.EnsureBinaries(ctx, os.Stderr)
		if err != nil {
			return err
		}
		fmt.Println(binaries.Dir)
		return nil
	default:
		flags.Usage()
		return flag.ErrHelp
	}
}

func up(ctx context.Context, options cluster.Options) error {
	began := time.Now()
	c, started, err := cluster.Up(ctx, options)
	if err != nil {
		return err
	}
	if started {
		fmt.Fprintf(os.Stderr, "the control plane is ready after %.1f s\n", time.Since(began).Seconds())
	} else {
		fmt.Fprintln(os.Stderr, "the control plane runs already")
	}
	fmt.Fprintf(os.Stderr, "logs: %s\n", c.LogDir())
	fmt.Printf("export KUBECONFIG='%s'\n", c.Kubeconfig())
	fmt.Printf("export KUBECTL='%s'\n", c.Binaries().Kubectl)
	return nil
}

func status(ctx context.Context, dir string) error {
	c, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	for _, part := range []*process.Service{c.Etcd, c.APIServer.Service, c.ControllerManager} {
		p := part.Process()
		if p == nil {
			fmt.Fprintf(os.Stderr, "%-24s does not run\n", part.Name())
			continue
		}
		usage, err := p.Usage()
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%-24s process %-8d %4d MB %7.1f s CPU\n", part.Name(), p.PID(), usage.RSS>>20, usage.CPU.Seconds())
	}
	if err := c.Healthy(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "API server %s, logs %s\n", c.APIServer.URL, c.LogDir())
	fmt.Printf("export KUBECONFIG='%s'\n", c.Kubeconfig())
	fmt.Printf("export KUBECTL='%s'\n", c.Binaries().Kubectl)
	return nil
}
