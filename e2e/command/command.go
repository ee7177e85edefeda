// Package command is what the commands below cmd have in common: one verb, then flags, until a signal.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a command until it is done, or until SIGINT or SIGTERM ends ctx, and ends the process: 0, 1 after
// an error, which is printed after prefix, or 2 after a mistake in the arguments.
func Main(prefix string, run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, prefix, err)
		os.Exit(1)
	}
}

// Parse reads a verb and the flags that follow it. The error is flag.ErrHelp where the usage has been printed.
func Parse(flags *flag.FlagSet, args []string) (verb string, err error) {
	if len(args) == 0 {
		flags.Usage()
		return "", flag.ErrHelp
	}
	if flags.Parse(args[1:]) != nil {
		return "", flag.ErrHelp // said already
	}
	if flags.NArg() > 0 {
		return "", fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return args[0], nil
}
