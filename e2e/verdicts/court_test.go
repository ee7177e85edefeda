package verdicts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/cases"
	"berth.dev/e2e/cluster"
	"berth.dev/e2e/crds"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// A kind that sounds like a way in, and that no adapter reads.
const unknownGroup, unknownKind = "edge.example.org", "SideDoorRoute"

const (
	workers  = 6
	patience = 60 * time.Second
)

// court is the API server with everything that the cases say is there, the policy, and the webhook. All of it
// stood there before the webhook began: what it knows is what it read, and nothing has to be waited for.
type court struct {
	*kube.Client
	docket  []cases.Case
	webhook *programs.Program
}

var hold = sync.OnceValues(convene)

// theCourt is the same for all tests of the package.
func theCourt(t *testing.T) *court {
	t.Helper()
	c, err := hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the log of the webhook:\n%s", c.webhook.Process().Tail(20))
		}
	})
	return c
}

func convene() (*court, error) {
	ctx := context.Background()
	client, err := kube.New(shared.AdminConfig())
	if err != nil {
		return nil, err
	}
	root, err := programs.Root()
	if err != nil {
		return nil, err
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/webhook-rbac.yaml"} {
		if _, err := client.ApplyPath(ctx, filepath.Join(root, path)); err != nil {
			return nil, err
		}
	}
	if err := crds.InstallGatewayAPI(ctx, client); err != nil {
		return nil, err
	}
	if err := crds.InstallAdapted(ctx, client); err != nil {
		return nil, err
	}
	if err := crds.InstallOpenReports(ctx, client); err != nil {
		return nil, err
	}
	if err := crds.InstallUnknown(ctx, client, unknownGroup, unknownKind); err != nil {
		return nil, err
	}
	docket, err := cases.Load()
	if err != nil {
		return nil, err
	}
	free, err := reserve(ctx, client, docket)
	if err != nil {
		return nil, err
	}
	if err := furnish(ctx, client, docket); err != nil {
		return nil, err
	}
	if err := free(); err != nil {
		return nil, err
	}
	if _, err := client.ApplyYAML(ctx, legacy); err != nil {
		return nil, err
	}
	if err := applyPolicy(ctx, client, docket); err != nil {
		return nil, err
	}
	config, err := shared.ServiceAccountConfig(ctx, programs.Namespace, "berth-webhook")
	if err != nil {
		return nil, err
	}
	webhook, err := programs.StartWebhook(ctx, programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: filepath.Join(shared.Dir(), "webhook")},
	})
	if err != nil {
		return nil, err
	}
	// The webhook is ready, the API server learns of it a moment later.
	canary, err := kube.Parse(exposed("default", "canary"))
	if err != nil {
		return nil, err
	}
	err = kube.Poll(ctx, patience, "the webhook to be asked", func(ctx context.Context) error {
		if _, err := client.DryRun(ctx, canary[0]); err != nil {
			return nil
		}
		return fmt.Errorf("%s was admitted", kube.Name(canary[0]))
	})
	return &court{client, docket, webhook}, err
}

// asked is how many reviews the webhook has answered.
func (c *court) asked(t *testing.T) float64 {
	t.Helper()
	metrics, err := c.webhook.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := metrics.Sum("berth_admission_reviews_total")
	return sum
}

// exposed is a manifest that the policy of the cases refuses.
func exposed(namespace, name string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: %s}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 443, targetPort: 5432}]}
`, namespace, name)
}

// reserve holds the node ports that judged Services ask for: otherwise the API server may give one of them to a
// Service that is there and asks for none.
func reserve(ctx context.Context, client *kube.Client, docket []cases.Case) (free func() error, err error) {
	const namespace = "default"
	names := map[int64]string{}
	for _, one := range docket {
		_, judged := one.Objects()
		for _, number := range writtenNodePorts(judged) {
			if names[number] != "" {
				continue
			}
			names[number] = fmt.Sprintf("reserved-%d", number)
			_, err := client.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: %s}
spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}
`, namespace, names[number], number))
			if err != nil {
				return nil, err
			}
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no case asks for a node port")
	}
	return func() error {
		for _, name := range names {
			if err := client.Delete(ctx, "services", namespace, name); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func writtenNodePorts(object *unstructured.Unstructured) (numbers []int64) {
	if object.GetKind() != "Service" {
		return nil
	}
	if number, _, _ := unstructured.NestedInt64(object.Object, "spec", "healthCheckNodePort"); number != 0 {
		numbers = append(numbers, number)
	}
	ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	for _, port := range ports {
		if number, _, _ := unstructured.NestedInt64(port.(map[string]any), "nodePort"); number != 0 {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// furnish brings in what is there in the cases, each in its own namespaces.
func furnish(ctx context.Context, client *kube.Client, docket []cases.Case) error {
	err := parallel(len(docket), func(i int) error {
		there, judged := docket[i].Objects()
		for _, namespace := range caseNamespaces {
			if !used(namespace, append(there, judged)) {
				continue
			}
			if err := makeNamespace(ctx, client, own(i, namespace)); err != nil {
				return err
			}
		}
		for _, object := range there {
			if _, err := client.Create(ctx, moveTo(i, object)); err != nil {
				return fmt.Errorf("%s: %s is there, but: %w", docket[i].Name, kube.Name(object), err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := unknownFields(client.Warnings()); err != nil {
		return fmt.Errorf("among what is there in the cases: %w", err)
	}
	return nil
}

func used(namespace string, objects []*unstructured.Unstructured) bool {
	for _, object := range objects {
		if object.GetNamespace() == namespace {
			return true
		}
	}
	return false
}

// makeNamespace returns when Pods can be created in it.
func makeNamespace(ctx context.Context, client *kube.Client, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.Typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	return kube.Poll(ctx, patience, "the service account of namespace "+name, func(ctx context.Context) error {
		_, err := client.Typed.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// applyPolicy applies the policy of the cases. Its exceptions are for one namespace each: every case whose
// name says that it is about them gets the same ones for its own.
func applyPolicy(ctx context.Context, client *kube.Client, docket []cases.Case) error {
	objects, err := kube.ParsePath(filepath.Join(caseFolder, "policy.yaml"))
	if err != nil {
		return err
	}
	exceptions, _, err := unstructured.NestedSlice(objects[0].Object, "spec", "exceptions")
	if err != nil {
		return err
	}
	var all []any
	for i, one := range docket {
		if !strings.Contains(one.Name, "exception") {
			continue
		}
		for _, exception := range exceptions {
			moved := map[string]any{}
			for key, value := range exception.(map[string]any) {
				moved[key] = value
			}
			moved["namespace"] = own(i, fmt.Sprint(moved["namespace"]))
			all = append(all, moved)
		}
	}
	if err := unstructured.SetNestedSlice(objects[0].Object, append(exceptions, all...), "spec", "exceptions"); err != nil {
		return err
	}
	_, err = client.Apply(ctx, objects...)
	return err
}

// parallel calls each for 0 to count-1 by a few workers, and returns the first error.
func parallel(count int, each func(int) error) error {
	next := make(chan int)
	var group sync.WaitGroup
	var mu sync.Mutex
	var first error
	for range workers {
		group.Go(func() {
			for i := range next {
				if err := each(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	group.Wait()
	return first
}
