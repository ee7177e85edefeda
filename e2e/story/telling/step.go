// Package telling tells a story at a terminal: chapters of steps, each of them a command that is shown, run
// and held against what it is told to do. A story that comes out otherwise than told is an error that says
// where and how.
//
// It is not for the story itself (package story), and knows nothing of Kubernetes.
package telling

import (
	"context"
	"time"
)

// Chapter is a part of the story about one thing.
type Chapter struct {
	Title string
	Text  string // what it is about, printed below the title
	// Prepare, if set, puts away what an earlier telling has left. Nothing of it is shown.
	Prepare func(context.Context) error
	Steps   []Step
}

// Step is one command and what shall come of it.
type Step struct {
	Name string // says what comes out: printed when it did, and the name of the step where it did not
	Text string // printed above the command

	// Command is what a person would type. It is run without a shell: words in quotes stay together, nothing
	// else is special. The first word is looked up in Stage.Programs.
	Command string
	Refused bool // the command has to fail

	// Within lets the command be run again until Check is content; only the last output is shown.
	Within time.Duration
	Check  func(output string) error // nil: how the command ends says all
	// Look, if set, asks for more than the output shows. It does its own waiting.
	Look func(context.Context) error

	Lines int // shows at most so many lines of the output; 0: all
}

// Pause is how long a step that has time waits between two runs of its command.
const Pause = 200 * time.Millisecond
