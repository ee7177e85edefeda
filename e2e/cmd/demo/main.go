// Command demo shows what Berth does, on a real cluster, and checks every step that it shows.
//
//	go run ./cmd/demo up      tell the story and leave everything running
//	go run ./cmd/demo down    remove everything that up has started or put into a cluster
//
// up brings up the local control plane of cmd/cluster, unless KUBECONFIG names an existing cluster. The
// programs run as processes of this machine under the service accounts of deploy/base. Told a second time it
// keeps what runs, and takes seconds.
package main

import (
	"context"
	"flag"
	"fmt"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/command"
)

func main() { command.Main("\ndemo:", run) }

type options struct {
	dir        string
	webhookURL string
}

func run(ctx context.Context, args []string) error {
	defaultDir, err := cluster.DefaultDir()
	if err != nil {
		return err
	}
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", defaultDir, "folder for certificates, data and logs")
	flags.StringVar(&o.webhookURL, "webhook-url", "", "https://HOST:PORT at which the API server of an existing cluster "+
		"reaches this machine; the webhook listens at that port (up)")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: demo up|down [flags]\n"+
			"With KUBECONFIG set, and no local control plane in the folder, up uses that cluster.\n")
		flags.PrintDefaults()
	}
	verb, err := command.Parse(flags, args)
	if err != nil {
		return err
	}
	switch verb {
	case "up":
		return up(ctx, o)
	case "down":
		return down(ctx, o)
	default:
		flags.Usage()
		return flag.ErrHelp
	}
}

func down(ctx context.Context, o options) error {
	if err := leaveExisting(ctx, o.dir); err != nil {
		return err
	}
	if err := cluster.Down(ctx, o.dir); err != nil {
		return err
	}
	fmt.Println("everything that the demo has started is gone")
	return nil
}
