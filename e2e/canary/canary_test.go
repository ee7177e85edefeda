// Package canary puts secrets where Berth works, and looks for them in everything that Berth tells: logs at the level
// debug, metrics, events, statuses, denials. conventions.md P29.
package canary

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/site"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const soon = time.Minute

// Where people put secrets, although some of these places are none.
const planted = `
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: canary-in-a-secret}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: pg}
spec:
  selector: {matchLabels: {app: pg}}
  template:
    metadata: {labels: {app: pg}}
    spec:
      containers:
      - name: postgres
        image: postgres
        args: [--password=canary-in-an-argument]
        env: [{name: PASSWORD, value: canary-in-the-environment}]
        ports: [{name: pg, containerPort: 5432}]
        livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: Authorization, value: canary-in-a-header}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {"5000": "canary/in-a-config-map:80", token: canary-in-data}
---
apiVersion: berth.dev/v1alpha1
kind: PortAllocation
metadata: {name: pg}
spec:
  rangeName: canary
  selector: {app: pg}
  exposure: Cluster
  ports: [{name: pg, targetPort: 5432}]
`

const refused = `
apiVersion: v1
kind: Service
metadata:
  name: pg-outside
  annotations: {example.com/token: canary-in-an-annotation}
spec: {type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}
`

func TestNoSecretIsToldToAnybody(t *testing.T) {
	client := kube.MustNew(t, shared.AdminConfig())
	if err := site.Install(t.Context(), client, site.WebhookRights); err != nil {
		t.Fatal(err)
	}
	client.MustApply(t, "", `{apiVersion: berth.dev/v1alpha1, kind: PortRange, metadata: {name: canary}, spec: {space: Service, ports: ["7000-7009"]}}`)
	client.MustApply(t, "", `{apiVersion: berth.dev/v1alpha1, kind: ExposurePolicy, metadata: {name: canary}, spec: {internal: [{port: 5432, service: PostgreSQL}]}}`)
	secrets := []string{"canary-in-a", "canary-in-the-environment", "canary-in-data"}
	start := func(name string) *programs.Program {
		t.Helper()
		config, err := shared.ServiceAccountConfig(t.Context(), programs.Namespace, name)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, config.BearerToken)
		options := programs.Options{Config: config, Dir: t.TempDir(), Name: name, LogLevel: "debug", LogFormat: "json"}
		var program *programs.Program
		if name == "berth-operator" {
			program, err = programs.StartOperator(t.Context(), programs.OperatorOptions{Options: options})
		} else {
			program, err = programs.StartWebhook(t.Context(), programs.WebhookOptions{Options: options})
		}
		if err != nil {
			t.Fatal(err)
		}
		program.EndWith(t)
		return program
	}
	all := []*programs.Program{start("berth-operator"), start("berth-webhook")}
	namespace := client.Namespace(t)
	client.MustApply(t, namespace, planted)
	client.AwaitCondition(t, soon, "palloc", namespace, "pg", "Ready", "True")
	var told []string
	kube.Eventually(t, soon, "the Service to be refused", func(ctx context.Context) error {
		object := kube.MustParseOne(t, refused)
		object.SetNamespace(namespace)
		_, err := client.DryRun(ctx, object)
		if err == nil {
			return fmt.Errorf("it is let in")
		}
		told = append(told, err.Error())
		return nil
	})
	secrets = append(secrets, keysOf(t, client)...)

	for _, program := range all {
		log, err := program.LogText()
		if err != nil {
			t.Fatal(err)
		}
		metrics, err := program.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, log, fmt.Sprint(metrics))
	}
	events, err := client.Typed.EventsV1().Events("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told = append(told, fmt.Sprint(events.Items))
	for _, kind := range []string{"portallocations", "portranges", "exposurepolicies", "portledgers"} {
		objects, err := client.List(t.Context(), kind, "")
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, fmt.Sprint(withoutOthers(objects)))
	}
	if found := leaked(secrets, told); len(found) > 0 {
		t.Errorf("told: %q", found)
	}
	if len(told) < 8 || !strings.Contains(strings.Join(told, ""), "PostgreSQL") {
		t.Errorf("nothing is told at all, so nothing is proved: %d texts", len(told))
	}
}

// What clients write beside an object is theirs.
func withoutOthers(objects []unstructured.Unstructured) []unstructured.Unstructured {
	for i := range objects {
		objects[i].SetManagedFields(nil)
	}
	return objects
}

// keysOf are the private keys of the webhook, line by line, as they are kept and as they are.
func keysOf(t *testing.T, client *kube.Client) []string {
	t.Helper()
	secret, err := client.Get(t.Context(), "secrets", programs.Namespace, "berth-webhook-tls")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, name := range []string{"tls.key", "ca.key"} {
		data, _, err := unstructured.NestedString(secret.Object, "data", name)
		if err != nil || data == "" {
			t.Fatalf("%s of the Secret: %v", name, err)
		}
		pem, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, data)
		for line := range strings.Lines(string(pem)) {
			if line = strings.TrimSpace(line); len(line) > 30 && !strings.HasPrefix(line, "-----") {
				keys = append(keys, line)
			}
		}
	}
	return keys
}

// leaked are the secrets that stand in any of the texts.
func leaked(secrets, texts []string) []string {
	var found []string
	for _, secret := range secrets {
		if secret == "" || strings.Contains(strings.Join(texts, "\n"), secret) {
			found = append(found, secret)
		}
	}
	return found
}

func TestALeakIsNoticed(t *testing.T) {
	if found := leaked([]string{"abc.def", "ghi"}, []string{"nothing", "Authorization: Bearer abc.def"}); len(found) != 1 || found[0] != "abc.def" {
		t.Errorf("noticed: %q", found)
	}
}
