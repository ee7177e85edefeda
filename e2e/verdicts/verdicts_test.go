package verdicts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"berth.dev/e2e/cases"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// answers collects what several workers find out.
type answers struct {
	mu    sync.Mutex
	wrong []disagreement
}

func (a *answers) add(found []disagreement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong = append(a.wrong, found...)
}

func TestTheWebhookAnswersEveryCaseAsItMust(t *testing.T) {
	c := theCourt(t)
	for _, way := range []struct {
		name string
		ask  func(*kube.Client, context.Context, *unstructured.Unstructured) (*unstructured.Unstructured, error)
	}{
		{"dry run", (*kube.Client).DryRun},
		{"create", c.createAndDelete},
	} {
		t.Run(way.name, func(t *testing.T) {
			var got answers
			err := parallel(len(c.docket), func(i int) error {
				client, err := kube.New(shared.AdminConfig()) // of its own: it collects its own warnings
				if err != nil {
					return err
				}
				one := c.docket[i]
				_, judged := one.Objects()
				_, err = way.ask(client, t.Context(), moveTo(i, judged))
				verdict, said, err := readAnswer(client, err)
				if err != nil {
					return fmt.Errorf("%s: %w", one.Name, err)
				}
				if one.Expect == "Unknown" && verdict == "Warn" {
					verdict = "Unknown" // to the API server both are admitted with a warning
				}
				got.add(compare(one, verdict, messageFor(i, one), said))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			report(t, "webhook, "+way.name, len(c.docket), got.wrong)
		})
	}
}

// Two cases that ask for one node port cannot be there at once.
var oneAtATime sync.Mutex

// createAndDelete deletes by a client of another's: what is said of the deletion is no answer to the case.
func (c *court) createAndDelete(client *kube.Client, ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	answer, err := client.Create(ctx, object)
	if err == nil {
		err = c.Delete(ctx, answer.GroupVersionKind().GroupKind().String(), answer.GetNamespace(), answer.GetName())
	}
	return answer, err
}

// readAnswer tells the verdict from what the API server answered. An error is what is no verdict of ours.
func readAnswer(client *kube.Client, answer error) (verdict, said string, err error) {
	warnings := client.Warnings()
	if err := unknownFields(warnings); err != nil {
		return "", "", err
	}
	warnings = slices.DeleteFunc(warnings, func(text string) bool { return !strings.Contains(text, "ExposurePolicy") })
	said = strings.Join(warnings, "\n")
	if answer == nil {
		if len(warnings) > 0 {
			return "Warn", said, nil
		}
		return "Allow", "", nil
	}
	rejection, ok := kube.Rejected(answer)
	const ours = `exposure.berth.dev" denied the request`
	if !ok || rejection.Code != 403 || !strings.Contains(rejection.Message, ours) {
		return "", "", answer
	}
	return "Deny", rejection.Message, nil
}

// unknownFields is an error if the API server has told of fields that a schema does not have: it drops them, and
// the case would not be about what it says.
func unknownFields(warnings []string) error {
	unknown := slices.DeleteFunc(slices.Clone(warnings), func(text string) bool { return !strings.HasPrefix(text, "unknown field") })
	if len(unknown) == 0 {
		return nil
	}
	return errors.New(strings.Join(unknown, ", "))
}

// finding is one element of what `berth lint -o json` prints.
type finding struct {
	Object, Verdict, Policy, Protocol, Path, Message, Fix string
	Port                                                  int
}

// lint runs the program and checks that its exit code fits what it prints.
func lint(args ...string) ([]finding, error) {
	binary, err := programs.Built("berth")
	if err != nil {
		return nil, err
	}
	command := exec.Command(binary, append([]string{"lint", "-o", "json"}, args...)...)
	var complaint strings.Builder
	command.Stderr = &complaint
	output, err := command.Output()
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		return nil, err
	}
	if code != 0 && code != 1 {
		return nil, fmt.Errorf("exit code %d: %s", code, complaint.String())
	}
	var findings []finding
	if err := json.Unmarshal(output, &findings); err != nil {
		return nil, fmt.Errorf("%w in %q", err, output)
	}
	denies := slices.ContainsFunc(findings, func(one finding) bool { return one.Verdict == "Deny" })
	if denies != (code == 1) {
		return nil, fmt.Errorf("exit code %d with %+v", code, findings)
	}
	return findings, nil
}

// worst returns the strictest verdict and all that was said.
func worst(findings []finding) (verdict, said string) {
	order := []string{"Allow", "Warn", "Unknown", "Deny"}
	verdict = order[0]
	var texts []string
	for _, one := range findings {
		if slices.Index(order, one.Verdict) > slices.Index(order, verdict) {
			verdict = one.Verdict
		}
		texts = append(texts, one.Message, one.Path, one.Fix)
	}
	return verdict, strings.Join(texts, "\n")
}

func TestLintAnswersEveryCaseAsTheWebhookDoes(t *testing.T) {
	docket, err := cases.Load()
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(caseFolder, "policy.yaml")
	for _, way := range []struct {
		name string
		// args splits the documents of a case into what is judged and what is there.
		args func(dir string, one cases.Case) ([]string, error)
		// whole: everything in the file is judged. What is only unknown may then have come before the rest.
		whole bool
	}{
		{"one object, the others known", func(dir string, one cases.Case) ([]string, error) {
			there, judged := one.Objects()
			path := filepath.Join(dir, "judged.yaml")
			args := []string{"--policy", policy, path}
			if len(there) > 0 {
				known := filepath.Join(dir, "there.yaml")
				args = append(args, "--with", known)
				if err := write(known, there...); err != nil {
					return nil, err
				}
			}
			return args, write(path, judged)
		}, false},
		{"the file as it is", func(_ string, one cases.Case) ([]string, error) {
			return []string{"--policy", policy, filepath.Join(caseFolder, one.Name+".yaml")}, nil
		}, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			var got answers
			asked := slices.Collect(func(yield func(cases.Case) bool) {
				for _, one := range docket {
					if (!way.whole || one.Expect == "Deny" || one.Expect == "Allow") && !yield(one) {
						return
					}
				}
			})
			dirs := t.TempDir()
			err := parallel(len(asked), func(i int) error {
				one := asked[i]
				dir := filepath.Join(dirs, fmt.Sprint(i))
				if err := os.Mkdir(dir, 0o755); err != nil {
					return err
				}
				args, err := way.args(dir, one)
				if err != nil {
					return err
				}
				findings, err := lint(args...)
				if err != nil {
					return fmt.Errorf("%s: %w", one.Name, err)
				}
				verdict, said := worst(findings)
				if way.whole && verdict == "Unknown" {
					verdict = "Allow"
				}
				got.add(compare(one, verdict, one.Message, said))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			report(t, "lint, "+way.name, len(asked), got.wrong)
		})
	}
}

// write writes objects as a file of several documents.
func write(path string, objects ...*unstructured.Unstructured) error {
	var all []string
	for _, object := range objects {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			return err
		}
		all = append(all, string(text))
	}
	return os.WriteFile(path, []byte(strings.Join(all, "---\n")), 0o644)
}
