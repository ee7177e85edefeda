package telling

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Stage is where commands are run.
type Stage struct {
	Dir      string            // working folder: paths in commands are written relative to it
	Programs map[string]string // first words of commands and the programs they stand for
	Env      []string          // KEY=VALUE, added to ours
}

// Run runs a command and returns what it wrote to stdout and stderr together, and its exit code. An error
// means that it could not be run at all.
func (s *Stage) Run(ctx context.Context, command string) (output string, code int, err error) {
	words, err := Words(command)
	if err != nil {
		return "", 0, err
	}
	program, known := s.Programs[words[0]]
	if !known {
		return "", 0, fmt.Errorf("no program is known for %q", words[0])
	}
	run := exec.CommandContext(ctx, program, words[1:]...)
	run.Dir = s.Dir
	run.Env = append(os.Environ(), s.Env...)
	text, err := run.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return string(text), 0, ctx.Err()
	case errors.As(err, &exit):
		return string(text), exit.ExitCode(), nil
	case err != nil:
		return "", 0, err
	}
	return string(text), 0, nil
}

// Words takes a command apart at blanks. 'Single' and "double" quotes keep what is inside together and are
// taken away.
func Words(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	inside := false // a word has begun
	quote := rune(0)
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inside = r, true
		case r == ' ' || r == '\n' || r == '\t':
			if inside {
				words = append(words, word.String())
				word.Reset()
				inside = false
			}
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed in: %s", quote, command)
	}
	if inside {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("an empty command")
	}
	return words, nil
}
