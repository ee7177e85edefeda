package command

import (
	"errors"
	"flag"
	"io"
	"testing"
)

func TestParseReadsAVerbAndItsFlags(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		verb string
		dir  string
		help bool
		fail bool
	}{
		{name: "a verb", args: []string{"up"}, verb: "up", dir: "here"},
		{name: "a verb with a flag", args: []string{"up", "-dir", "there"}, verb: "up", dir: "there"},
		{name: "nothing", args: nil, help: true},
		{name: "help", args: []string{"up", "-h"}, help: true},
		{name: "an unknown flag", args: []string{"up", "-what"}, help: true},
		{name: "an argument too many", args: []string{"up", "down"}, fail: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			flags := flag.NewFlagSet("test", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			dir := flags.String("dir", "here", "")
			verb, err := Parse(flags, c.args)
			if errors.Is(err, flag.ErrHelp) != c.help || (err != nil) != (c.help || c.fail) {
				t.Fatalf("error %v", err)
			}
			if err == nil && (verb != c.verb || *dir != c.dir) {
				t.Errorf("verb %q, dir %q; want %q, %q", verb, *dir, c.verb, c.dir)
			}
		})
	}
}
