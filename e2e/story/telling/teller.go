package telling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Teller tells to Out.
type Teller struct {
	Out   io.Writer
	Stage *Stage
}

// Failure is a step that did not come out as told.
type Failure struct {
	Chapter string
	Step    string
	Command string
	Output  string // of the last run
	Reason  error
}

func (f *Failure) Error() string {
	text := fmt.Sprintf("this step did not come out as told\n  chapter:  %s\n  step:     %s", f.Chapter, f.Step)
	if f.Command != "" {
		text += "\n  command:  " + f.Command
	}
	text += "\n  but:      " + indent(f.Reason.Error(), "            ")
	if f.Output != "" {
		text += "\n  output:   " + indent(strings.TrimRight(f.Output, "\n"), "            ")
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Reason }

// Tell tells chapters one after the other and stops at the first step that does not come out.
func (t *Teller) Tell(ctx context.Context, chapters []Chapter) error {
	for i, chapter := range chapters {
		title := fmt.Sprintf("%d. %s", i+1, chapter.Title)
		fmt.Fprintf(t.Out, "\n%s\n%s\n", title, strings.Repeat("=", len(title)))
		if chapter.Text != "" {
			fmt.Fprintln(t.Out, Wrap(chapter.Text, Width))
		}
		if chapter.Prepare != nil {
			if err := chapter.Prepare(ctx); err != nil {
				return &Failure{Chapter: chapter.Title, Step: "putting away what an earlier run has left", Reason: err}
			}
		}
		for _, step := range chapter.Steps {
			if err := t.Play(ctx, chapter.Title, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// Play shows and runs one step. The error is a *Failure.
func (t *Teller) Play(ctx context.Context, chapter string, step Step) error {
	if step.Text != "" {
		fmt.Fprintf(t.Out, "\n%s\n", Wrap(step.Text, Width))
	}
	fmt.Fprintf(t.Out, "\n$ %s\n", step.Command)
	output, err := t.run(ctx, step)
	fmt.Fprint(t.Out, Shorten(output, step.Lines))
	if err == nil && step.Look != nil {
		output = ""
		err = step.Look(ctx)
	}
	if err != nil {
		return &Failure{Chapter: chapter, Step: step.Name, Command: step.Command, Output: output, Reason: err}
	}
	fmt.Fprintf(t.Out, "   ok: %s\n", step.Name)
	return nil
}

// run runs the command of a step until its check is content or its time is up.
func (t *Teller) run(ctx context.Context, step Step) (output string, err error) {
	end := time.Now().Add(step.Within)
	for {
		output, err = t.once(ctx, step)
		if err == nil || ctx.Err() != nil || !time.Now().Before(end) {
			return output, err
		}
		select {
		case <-ctx.Done():
			return output, ctx.Err()
		case <-time.After(Pause):
		}
	}
}

func (t *Teller) once(ctx context.Context, step Step) (string, error) {
	output, code, err := t.Stage.Run(ctx, step.Command)
	switch {
	case err != nil:
		return output, err
	case code != 0 && !step.Refused:
		return output, fmt.Errorf("the command failed, exit code %d", code)
	case code == 0 && step.Refused:
		return output, errors.New("the command succeeded, it should have been refused")
	case step.Check != nil:
		return output, step.Check(output)
	}
	return output, nil
}
