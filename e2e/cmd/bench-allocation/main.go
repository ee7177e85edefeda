// Command bench-allocation measures Berth at scale beside a bare client on the same API server.
//
//	go run ./cmd/bench-allocation run              everything: ten minutes on two cores
//	go run ./cmd/bench-allocation run --quick      small: shows that it works, compares nothing
//
// The table goes to stdout, progress to stderr, the figures to --json. A goal that is missed is told and is no
// error.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"berth.dev/e2e/bench/allocation"
	"berth.dev/e2e/command"
)

func main() { command.Main("bench-allocation:", run) }

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench-allocation", flag.ContinueOnError)
	allocations := flags.Int("allocations", 0, "how many, with four pods each")
	quick := flags.Bool("quick", false, "small: shows that it works, compares nothing")
	path := flags.String("json", "", "file for the figures")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "usage: bench-allocation run [flags]\n")
		flags.PrintDefaults()
	}
	verb, err := command.Parse(flags, args)
	if err != nil {
		return err
	}
	if verb != "run" {
		flags.Usage()
		return flag.ErrHelp
	}
	options := allocation.Full()
	if *quick {
		options = allocation.Quick()
	}
	if *allocations > 0 {
		options.Allocations, options.Pods = *allocations, 4**allocations
		options.Tries = min(options.Tries, *allocations/10)
		options.Singles = min(options.Singles, *allocations/5)
	}
	options.Log = os.Stderr
	began := time.Now()
	lines, err := allocation.Run(ctx, options)
	return lines.Report("bare client", began, *path, err)
}
