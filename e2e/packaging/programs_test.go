package packaging

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/programs"
)

const wrongUsage = 2

// try runs a program up to where it looks for its cluster, and returns its exit code.
func try(t *testing.T, command ...string) (code int, output string) {
	t.Helper()
	binary, err := programs.Built(command[0])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	nowhere := "--kubeconfig=" + filepath.Join(t.TempDir(), "none")
	said, err := exec.CommandContext(ctx, binary, append(command[1:], nowhere)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s: %v\n%s", command, err, said)
	}
	if exit == nil {
		return 0, string(said)
	}
	return exit.ExitCode(), string(said)
}

func TestTheProgramsTakeTheArguments(t *testing.T) {
	for _, p := range all() {
		if p.notForPrograms {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			commands := mustRender(t, p.in(), p.values).commands(t)
			if len(commands) == 0 {
				t.Fatal("nothing would run")
			}
			for _, command := range commands {
				// 1: there is no cluster, which comes after the arguments.
				if code, said := try(t, command...); code != 1 {
					t.Errorf("%s: exit code %d: %s", command, code, said)
				}
				if code, said := try(t, append(command, "--misspelt=1")...); code != wrongUsage {
					t.Errorf("%s takes --misspelt: exit code %d: %s", command[0], code, said)
				}
			}
		})
	}
}

func TestTheDefaultsLeftOutAreThoseOfThePrograms(t *testing.T) {
	excluded := "[kube-system,kube-node-lease,kube-public," + programs.Namespace + "]"
	user := "system:serviceaccount:" + programs.Namespace + ":berth-operator"
	for program, flags := range map[string]map[string]string{
		"berth-webhook": {
			"--namespace":          programs.Namespace,
			"--service-name":       "berth-webhook",
			"--exclude-namespaces": excluded,
			"--operator-user":      user,
		},
		"berth-operator": {
			"--namespace":          programs.Namespace,
			"--exclude-namespaces": excluded,
			"--user":               user,
		},
	} {
		_, help := try(t, program, "--help")
		defaults := map[string]string{} // of a line "--flag TEXT=value ..."
		for line := range strings.Lines(help) {
			if words := strings.Fields(line); len(words) > 1 {
				_, defaults[words[0]], _ = strings.Cut(words[1], "=")
			}
		}
		for flag, want := range flags {
			if defaults[flag] != want {
				t.Errorf("%s: the default of %s is %q, the chart takes it for %q", program, flag, defaults[flag], want)
			}
		}
	}
}
