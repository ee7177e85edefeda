// Command bench-webhook measures the webhook at a real API server beside a webhook in Go that admits everything.
//
//	go run ./cmd/bench-webhook run              everything: ten minutes on two cores
//	go run ./cmd/bench-webhook run --quick      small: shows that it works, compares nothing
//
// The table goes to stdout, progress to stderr, the figures to --json. A goal that is missed is told and is no
// error. `noop` is that webhook in Go, which `run` starts by itself, and bench/http too.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"berth.dev/e2e/bench/webhook"
	"berth.dev/e2e/command"
)

func main() { command.Main("bench-webhook:", run) }

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench-webhook", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "small: shows that it works, compares nothing")
	path := flags.String("json", "", "file for the figures")
	http2 := flags.Bool("http2", false, "of noop: HTTP/2 as well")
	answer := flags.String("answer", "", "of noop: what to answer instead of admitting")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: bench-webhook run|noop [flags]\n")
		flags.PrintDefaults()
	}
	verb, err := command.Parse(flags, args)
	if err != nil {
		return err
	}
	switch verb {
	case "noop":
		return webhook.ServeNoop(*http2, []byte(*answer))
	case "run":
	default:
		flags.Usage()
		return flag.ErrHelp
	}
	options := webhook.Full()
	if *quick {
		options = webhook.Quick()
	}
	options.Log = os.Stderr
	began := time.Now()
	lines, err := webhook.Run(ctx, options)
	return lines.Report("beside it", began, *path, err)
}
