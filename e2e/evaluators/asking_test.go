package evaluators

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const clients = 6

// each calls work for 0 to count-1 by a few clients.
func each(t *testing.T, count int, work func(client *kube.Client, i int)) {
	t.Helper()
	next := make(chan int)
	var group sync.WaitGroup
	for range clients {
		client := kube.MustNew(t, shared.AdminConfig())
		group.Go(func() {
			for i := range next {
				work(client, i)
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	group.Wait()
}

// answerOf reads the answer of the API server; ours begins a refusal by the evaluator that is asked.
func answerOf(err error, ours string) verdict {
	if err == nil {
		return verdict{}
	}
	rejection, ok := kube.Rejected(err)
	if ok && strings.Contains(rejection.Message, ours) {
		return verdict{deny: true, said: rejection.Message}
	}
	return verdict{invalid: err.Error()}
}

func answerOfWebhook(_ *kube.Client, err error) verdict {
	return answerOf(err, `exposure.berth.dev" denied the request`)
}

func answerOfWall(_ *kube.Client, err error) verdict {
	return answerOf(err, "ValidatingAdmissionPolicy 'world-")
}

// file writes objects as one file of several documents and returns its path.
func (b *bench) file(name string, objects ...*unstructured.Unstructured) string {
	b.t.Helper()
	var text bytes.Buffer
	for _, object := range objects {
		document, err := yaml.Marshal(object.Object)
		if err != nil {
			b.t.Fatal(err)
		}
		text.WriteString("---\n")
		text.Write(document)
	}
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// run runs the command; exit codes beside 0 that are no failure are named.
func run(command string, alsoFine []int, arguments ...string) ([]byte, error) {
	binary, err := programs.Built("berth")
	if err != nil {
		return nil, err
	}
	made := exec.Command(binary, append([]string{command}, arguments...)...)
	var complaint strings.Builder
	made.Stderr = &complaint
	output, err := made.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		for _, code := range alsoFine {
			if exit.ExitCode() == code {
				return output, nil
			}
		}
		return nil, fmt.Errorf("berth %s: %w: %s", command, err, complaint.String())
	}
	return output, err
}

func lintWorld(w world, policy, manifests string) ([]verdict, error) {
	output, err := run("lint", []int{1}, "-o", "json", "--policy", policy, manifests)
	if err != nil {
		return nil, err
	}
	var findings []struct{ Object, Verdict, Path, Message string }
	if err := json.Unmarshal(output, &findings); err != nil {
		return nil, err
	}
	said := map[string]string{}
	for _, one := range findings {
		if one.Verdict == "Deny" {
			said[one.Object] += one.Message + ": " + one.Path + "\n"
		}
	}
	var answers []verdict
	for _, object := range w.objects {
		why, denied := said[kube.Name(object)]
		answers = append(answers, verdict{deny: denied, said: why})
	}
	return answers, nil
}

// The object that a path begins with.
var atTheStart = regexp.MustCompile(`^\S+ \S+/\S+`)

// toldByAudit reads the log of the webhook: why each object is in violation, by its name.
func toldByAudit(log string) map[string]string {
	told := map[string]string{}
	for line := range strings.Lines(log) {
		var entry struct{ Msg, Message, Why, Path string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg+entry.Message != "Violation" {
			continue
		}
		told[atTheStart.FindString(entry.Path)] += entry.Why + ": " + entry.Path + "\n"
	}
	return told
}
