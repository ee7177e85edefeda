package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// All tests share one control plane and one operator and one webhook on it, which run under their own service
// accounts. Tests that are not parallel may disturb the programs: Go runs them one at a time and before all
// parallel ones.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.RunTests(suite{m}, cluster.Options{Audit: cluster.AuditMetadata}, &shared))
}

// soon is how long anything may take that Berth does by itself. Usually it is a tenth of a second.
const soon = 30 * time.Second

// suite adds to the tests what can be judged only when all of them have run.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	code := s.m.Run()
	if shared == nil || programsRunning == nil {
		return code
	}
	if err := nothingForbidden(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		return 1
	}
	return code
}

// nothingForbidden returns an error if one of the programs asked for something it has no right to: then the
// roles of deploy/base lack something.
func nothingForbidden() error {
	forbidden := map[string]int{}
	asked := 0
	err := shared.AuditEvents(func(event cluster.AuditEvent) error {
		if !isProgram(event) {
			return nil
		}
		asked++
		if event.Annotations["authorization.k8s.io/decision"] == "forbid" { // 403 may also be a namespace that ends
			forbidden[event.User.Username+": "+event.Verb+" "+event.RequestURI]++
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case asked == 0:
		return fmt.Errorf("the audit log shows no request of the programs at all")
	case len(forbidden) > 0:
		return fmt.Errorf("forbidden by the roles of deploy/base: %v", forbidden)
	}
	return nil
}

func isProgram(event cluster.AuditEvent) bool {
	return strings.HasPrefix(event.User.Username, "system:serviceaccount:"+programs.Namespace+":")
}

// world is what a test works with.
type world struct {
	*kube.Client
	operator *programs.Program
	webhook  *programs.Program
	place    Place
}

var (
	setUp           sync.Once
	programsRunning *world
	errSetUp        error
)

// connect returns the world, in which both programs run. The first caller starts them.
func connect(t *testing.T) *world {
	t.Helper()
	setUp.Do(func() { programsRunning, errSetUp = start() })
	if errSetUp != nil {
		t.Fatal(errSetUp)
	}
	w := *programsRunning
	w.Client = kube.MustNew(t, shared.AdminConfig()) // with warnings of its own
	w.place.Client = w.Client
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs of the programs: %s", filepath.Dir(w.operator.Spec.Log))
		}
	})
	return &w
}

func start() (*world, error) {
	// Not the context of a test: the programs stay for the others.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client, err := kube.New(shared.AdminConfig())
	if err != nil {
		return nil, err
	}
	if err := Install(ctx, client); err != nil {
		return nil, err
	}
	dir := filepath.Join(shared.LogDir(), "programs") // kept with the other logs when a test fails
	options := func(account string) (programs.Options, error) {
		config, err := Access(ctx, client, account, time.Hour)
		return programs.Options{Config: config, Dir: dir, LogLevel: "debug"}, err
	}
	operator, err := options(OperatorAccount)
	if err != nil {
		return nil, err
	}
	webhook, err := options(WebhookAccount)
	if err != nil {
		return nil, err
	}
	w := &world{place: Place{Kubeconfig: shared.Kubeconfig(), Kubectl: shared.Binaries().Kubectl, CacheDir: dir}}
	w.operator, err = programs.StartOperator(ctx, programs.OperatorOptions{Options: operator})
	if err != nil {
		return nil, err
	}
	w.webhook, err = programs.StartWebhook(ctx, programs.WebhookOptions{Options: webhook})
	return w, err
}

// Numbers for tests begin where the API server picks none by itself while there are others: the lowest 128
// of its range.
var nextNumber atomic.Int64

const firstNumber = 24000

// numbers returns the first of some numbers that no other test uses.
func numbers(count int64) int64 { return firstNumber + nextNumber.Add(count) - count }

// portRange makes a PortRange of so many numbers for a test. Further fields of its spec come as lines of
// YAML in which %d stands for the first number, %[2]d for the second and so on.
func (w *world) portRange(t *testing.T, count int64, fields ...string) (name string, first int64) {
	t.Helper()
	first = numbers(count)
	name = kube.UniqueName(t)
	text := fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortRange
metadata: {name: %s}
spec:
  space: NodePort
  ports: ["%d-%d"]
`, name, first, first+count-1)
	if !strings.Contains(strings.Join(fields, ""), "reuseAfter") {
		text += "  reuseAfter: 0s\n"
	}
	for _, field := range fields {
		text += "  " + field + "\n"
	}
	w.MustApply(t, "", text)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.Delete(ctx, "prange", "", name)
	})
	return name, first
}

// allocation is the text of a PortAllocation with outside exposure. Ports are written as in YAML; %d in them
// is not replaced.
func allocation(name, rangeName string, ports ...string) string {
	return fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: %s}
spec:
  rangeName: %s
  selector: {app: %s}
  exposure: External
  ports: [%s]
`, name, rangeName, name, strings.Join(ports, ", "))
}

// anyPort asks for no number, port for a certain one.
const anyPort = "{name: main, targetPort: 8080}"

func port(number int64) string {
	return fmt.Sprintf("{name: main, targetPort: 8080, port: %d}", number)
}

// ready waits until an allocation is Ready as it is written now, and returns it.
func (w *world) ready(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	var object *unstructured.Unstructured
	kube.Eventually(t, soon, "palloc "+namespace+"/"+name+" to be Ready", func(ctx context.Context) (err error) {
		if object, err = w.Get(ctx, "palloc", namespace, name); err != nil {
			return err
		}
		if seen, _ := kube.Int(object, "status.observedGeneration"); seen != object.GetGeneration() {
			return fmt.Errorf("generation %d is not seen yet, %d is", object.GetGeneration(), seen)
		}
		return kube.HasCondition(object, "Ready", "True")
	})
	return object
}

// refused waits until an allocation is not given its numbers for a reason, in words that contain what they must.
func (w *world) refused(t *testing.T, namespace, name, reason string, says ...string) *unstructured.Unstructured {
	t.Helper()
	return w.awaitWords(t, "palloc", namespace, name, "Allocated", "False", reason, says...)
}

// awaitWords waits until a condition has a status, a reason and a message that contains some texts. A condition may
// have had the reason before for something else: only its message tells one from the other.
func (w *world) awaitWords(t *testing.T, kind, namespace, name, conditionType, status, reason string, says ...string) *unstructured.Unstructured {
	t.Helper()
	var object *unstructured.Unstructured
	kube.Eventually(t, soon, fmt.Sprintf("%s %s/%s to be %s=%s %s", kind, namespace, name, conditionType, status, reason),
		func(ctx context.Context) (err error) {
			if object, err = w.Get(ctx, kind, namespace, name); err != nil {
				return err
			}
			if err = kube.HasCondition(object, conditionType, status, reason); err != nil {
				return err
			}
			return saying(object, conditionType, says...)
		})
	return object
}

// told checks the message of a condition.
func told(t *testing.T, object *unstructured.Unstructured, conditionType string, says ...string) {
	t.Helper()
	if err := saying(object, conditionType, says...); err != nil {
		t.Error(err)
	}
}

func saying(object *unstructured.Unstructured, conditionType string, says ...string) error {
	condition, _ := kube.Condition(object, conditionType)
	for _, text := range says {
		if !strings.Contains(condition.Message, text) {
			return fmt.Errorf("%s does not say %q: %s", conditionType, text, condition.Message)
		}
	}
	return nil
}

// held returns the number of a port in the status; 0: none.
func held(object *unstructured.Unstructured, name string) int64 {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "ports")
	for _, entry := range list {
		fields, _ := entry.(map[string]any)
		if number, ok := fields["port"].(int64); ok && fields["name"] == name {
			return number
		}
	}
	return 0
}

// count waits until a counter of a range's status has a value.
func (w *world) count(t *testing.T, rangeName, field string, want int64) {
	t.Helper()
	kube.Eventually(t, soon, fmt.Sprintf("status.%s of range %s to be %d", field, rangeName, want), func(ctx context.Context) error {
		object, err := w.Get(ctx, "prange", "", rangeName)
		if err != nil {
			return err
		}
		if got, ok := kube.Int(object, "status."+field); !ok || got != want {
			return fmt.Errorf("it is %d", got)
		}
		return nil
	})
}

// must ends the test if the error is one.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// get and patch are Get and Patch (a merge patch) that have to succeed.
func (w *world) get(t *testing.T, kind, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	return must[*unstructured.Unstructured](t)(w.Get(t.Context(), kind, namespace, name))
}

func (w *world) patch(t *testing.T, kind, namespace, name, mergePatch string) *unstructured.Unstructured {
	t.Helper()
	return must[*unstructured.Unstructured](t)(w.Patch(t.Context(), kind, namespace, name, mergePatch))
}

// remove deletes an object.
func (w *world) remove(t *testing.T, kind, namespace, name string) {
	t.Helper()
	if err := w.Delete(t.Context(), kind, namespace, name); err != nil {
		t.Fatal(err)
	}
}
