package story

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/story/telling"
)

// Twice: what the first telling leaves is no trouble for the second.
func TestTheStoryOfTheDemoComesOutAsTold(t *testing.T) {
	w := connect(t)
	stage := must[*telling.Stage](t)(w.place.Stage())
	for _, time := range []string{"first time", "second time"} {
		t.Run(time, func(t *testing.T) {
			for _, chapter := range w.place.Chapters() {
				t.Run(chapter.Title, func(t *testing.T) {
					var out strings.Builder
					teller := telling.Teller{Out: &out, Stage: stage}
					if err := teller.Tell(t.Context(), []telling.Chapter{chapter}); err != nil {
						t.Fatalf("%v\n\n%s", err, &out)
					}
				})
			}
		})
	}
}

func TestAFailedStepStopsTheStory(t *testing.T) {
	w := connect(t)
	stage := must[*telling.Stage](t)(w.place.Stage())
	teller := telling.Teller{Out: &strings.Builder{}, Stage: stage}
	err := teller.Tell(t.Context(), []telling.Chapter{{Title: "Wrong", Steps: []telling.Step{
		{Name: "there is such a range", Command: "kubectl get prange no-such-range"},
		{Name: "this is never asked", Command: "kubectl get nodes"},
	}}})
	var failure *telling.Failure
	if !errors.As(err, &failure) || failure.Step != "there is such a range" || !strings.Contains(err.Error(), "NotFound") {
		t.Fatalf("got %v", err)
	}
}

func TestDescribeShowsWhatHappenedToAnAllocation(t *testing.T) {
	t.Parallel()
	w := connect(t)
	namespace := w.Namespace(t)
	name, first := w.portRange(t, 2)
	w.MustApply(t, namespace, allocation("early", name, anyPort)) // closes the namespace
	w.ready(t, namespace, "early")
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	w.ready(t, namespace, "web")
	w.MustApply(t, namespace, allocation("late", name, anyPort))
	stage := must[*telling.Stage](t)(w.place.Stage())
	said := func(object string, texts ...string) {
		t.Helper()
		kube.Eventually(t, soon, "events of "+object, func(ctx context.Context) error {
			output, code, err := stage.Run(ctx, "kubectl describe palloc "+object+" -n "+namespace)
			if err != nil || code != 0 {
				return fmt.Errorf("%w, exit code %d: %s", err, code, output)
			}
			_, events, _ := strings.Cut(output, "Events:")
			if err := telling.Says(texts...)(events); err != nil {
				return fmt.Errorf("%w in:%s", err, events)
			}
			return nil
		})
	}
	said("web", "Normal PortAllocated", fmt.Sprint("main:", first+1))
	said("late", "Warning RangeExhausted")
	w.patch(t, "service", namespace, "web", `{"spec":{"selector":{"app":"somebody-else"}}}`)
	said("web", "Warning DriftRepaired", "Service "+namespace+"/web")
}
