package wall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/cases"
	"berth.dev/e2e/kube"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What shows in one object alone, by the names of the cases in e2e/cases/exposing.
var shows = []string{
	"row01-lb-443-to-5432", "row01-lb-80-to-27017", "row01-nodeport-30080-to-8200", "row01-nodeport-443-to-5672",
	"row01-second-port-of-two",
	"row05-service-port-internal", "row05-target-absent", "row05-target-empty", "row05-target-zero",
	"row08-external-ip-443-to-27017", "row08-external-ip-on-cluster-ip",
	"row10-annotation-without-value", "row10-hidden-node-port-27017", "row10-internal-lb-opens-node-ports",
	"row10-internal-lb-with-written-node-port",
	"row11-health-check-node-port-27017",
	"row42-host-port-15432-to-5432", "row42-host-port-443-to-5432", "row42-host-port-in-a-cronjob", "row42-host-port-number-5432",
	"row43-second-container", "row43-third-port-of-the-container",
	"row44-host-port-of-a-sidecar", "row44-host-port-of-an-init-container",
	"row46-host-network-daemonset", "row46-host-network-deployment", "row46-host-network-loopback-host-ip",
	"row46-host-network-pod-init-container", "row46-host-network-replicationcontroller",
	"row47-host-ip-every-ipv4", "row47-host-ip-every-ipv6", "row47-host-ip-of-a-node",
	"row52-container-declares-nothing",
	"row53-internal-udp-port",
	"row59-source-ranges-do-not-excuse", "row59-source-ranges-of-everybody",
	"row61-made-by-an-operator",
	"row76-exception-of-another-namespace", "row76-exception-that-ended",
	"row78-node-port-27017",
	"api-deprecated-and-internal", "api-range",
}

// The wall applied as a user would who has no operator, and asked for every case: the objects before the last are not
// there, so only what shows in the last one can be refused.
func TestTheWallSeesWhatShowsInOneObjectAndRefusesNothingHarmless(t *testing.T) {
	all, err := cases.Load()
	if err != nil {
		t.Fatal(err)
	}
	client := kube.MustNew(t, shared.AdminConfig())
	for _, namespace := range []string{"data", "web", "data-of-others"} {
		made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if _, err := client.Typed.CoreV1().Namespaces().Create(t.Context(), made, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Delete(context.Background(), "namespaces", "", namespace) })
		kube.Eventually(t, patience, "the service account of "+namespace, func(ctx context.Context) error {
			_, err := client.Typed.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	}
	applyExported(t, client)

	asked := 0
	for _, one := range all {
		_, judged := one.Objects()
		// The exceptions of the policy are for numbers in data: only the cases about them are asked there.
		if judged.GetNamespace() == "data" && !strings.Contains(one.Name, "exception") {
			judged.SetNamespace("data-of-others")
		}
		_, err := client.DryRun(t.Context(), judged)
		refused := refusedByWall(err)
		if err != nil && !refused {
			if !served(err) {
				continue // a kind of an add-on that is not installed here
			}
			t.Errorf("%s: %v", one.Name, err)
		}
		asked++
		_, name, _ := strings.Cut(one.Name, "/")
		if expected := one.Expect == "Deny" && slices.Contains(shows, name); refused != expected {
			t.Errorf("%s: refused is %t, want %t: %v", one.Name, refused, expected, err)
		}
	}
	t.Logf("asked about %d of %d cases, %d of them show in one object", asked, len(all), len(shows))
	if asked < 200 {
		t.Errorf("only %d cases were asked", asked)
	}
}

func refusedByWall(err error) bool {
	rejection, ok := kube.Rejected(err)
	return ok && strings.Contains(rejection.Message, "ValidatingAdmissionPolicy 'control-plane.")
}

// served is false for a kind that the API server does not have.
func served(err error) bool {
	return !strings.Contains(err.Error(), "no matches for kind") && !strings.Contains(err.Error(), "could not find the requested resource")
}

// applyExported prints the policy of the cases as a user would, applies that, and returns when it is in force.
func applyExported(t *testing.T, client *kube.Client) {
	t.Helper()
	folder, err := cases.Folder()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile(filepath.Join(folder, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects := client.MustApply(t, "", export(t, string(policy)))
	t.Cleanup(func() {
		for _, object := range slices.Backward(objects) {
			_ = client.Delete(context.Background(), object.GroupVersionKind().GroupKind().String(), "", object.GetName())
		}
	})
	for _, object := range objects {
		if object.GetKind() != "ValidatingAdmissionPolicy" {
			continue
		}
		kube.Eventually(t, patience, kube.Name(object)+" to be checked", func(ctx context.Context) error {
			live, err := client.Get(ctx, policies, "", object.GetName())
			if err != nil {
				return err
			}
			if _, checked, _ := unstructured.NestedMap(live.Object, "status", "typeChecking"); !checked {
				return errors.New("no typeChecking yet")
			}
			if warnings, _, _ := unstructured.NestedSlice(live.Object, "status", "typeChecking", "expressionWarnings"); len(warnings) > 0 {
				return kube.Stop(fmt.Errorf("the API server complains: %v", warnings))
			}
			return nil
		})
	}
	// One refusal by each admission policy: the API server takes up what it has heard of once a second, and that may be
	// some of them only.
	const template = "spec: {containers: [{name: a, image: a, ports: [{containerPort: 1, hostPort: 5432}]}]}"
	for _, canary := range []string{
		"{apiVersion: v1, kind: Service, metadata: {name: canary, namespace: web}, spec: {type: NodePort, ports: [{port: 5432}]}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: web}, " + template + "}",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: canary, namespace: web}, spec: {selector: {matchLabels: {a: b}}, " +
			"template: {metadata: {labels: {a: b}}, " + template + "}}}",
		`{apiVersion: batch/v1, kind: CronJob, metadata: {name: canary, namespace: web}, spec: {schedule: "0 0 * * *", jobTemplate: ` +
			"{spec: {template: " + strings.Replace("{"+template+"}", "spec: {", "spec: {restartPolicy: Never, ", 1) + "}}}}",
		"{apiVersion: v1, kind: PodTemplate, metadata: {name: canary, namespace: web}, template: {metadata: {labels: {a: b}}, " + template + "}}",
	} {
		object := kube.MustParseOne(t, canary)
		kube.Eventually(t, patience, kube.Name(object)+" to be refused", func(ctx context.Context) error {
			if _, err := client.DryRun(ctx, object); !refusedByWall(err) {
				return fmt.Errorf("the answer is %v", err)
			}
			return nil
		})
	}
}
