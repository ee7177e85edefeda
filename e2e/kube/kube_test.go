package kube_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

// An object of the kind comes before the kind, and both before the namespace.
const crateAndKind = `
apiVersion: example.dev/v1
kind: Crate
metadata: {name: small, namespace: store}
spec: {weight: 3, labels: [fragile, blue]}
---
# nothing but a comment
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crates.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {kind: Crate, plural: crates, singular: crate, shortNames: [cr8]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              weight: {type: integer, maximum: 10}
              labels: {type: array, items: {type: string}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: store}}
`

func TestApplyBringsKindsAndNamespacesFirstAndFindsKindsByEveryName(t *testing.T) {
	c := kube.MustNew(t, shared.AdminConfig())
	path := filepath.Join(t.TempDir(), "crate.yaml")
	if err := os.WriteFile(path, []byte(crateAndKind), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time nothing changes
		answers, err := c.ApplyPath(t.Context(), filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if len(answers) != 3 || answers[0].GetUID() == "" || answers[0].GetGeneration() != 1 {
			t.Fatalf("got %v", answers)
		}
	}
	for _, kind := range []string{"crates", "crate", "Crate", "cr8", "crates.example.dev", "crates.v1.example.dev"} {
		crate, err := c.Get(t.Context(), kind, "store", "small")
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if weight, ok := kube.Int(crate, "spec.weight"); !ok || weight != 3 || kube.Text(crate, "spec.labels.1") != "blue" {
			t.Errorf("%s: %v", kind, crate)
		}
	}
	if _, err := c.Get(t.Context(), "barrel", "store", "small"); err == nil {
		t.Error("found a kind that does not exist")
	}
	if err := c.Delete(t.Context(), "cr8", "store", "small"); err != nil {
		t.Fatal(err)
	}
	c.AwaitGone(t, 10*time.Second, "cr8", "store", "small")

	heavy := kube.MustParseOne(t, `{apiVersion: example.dev/v1, kind: Crate, metadata: {name: heavy, namespace: store}, spec: {weight: 11}}`)
	_, err := c.DryRun(t.Context(), heavy)
	rejection := kube.ExpectRejected(t, err, "less than or equal to 10")
	if rejection.Code != 422 || len(rejection.Fields) != 1 || rejection.Fields[0].Path != "spec.weight" {
		t.Errorf("%+v", rejection)
	}
}

func TestObjectsGoIntoTheNamespaceOfTheTestUnlessTheyNameOne(t *testing.T) {
	c := kube.MustNew(t, shared.AdminConfig())
	namespace := c.Namespace(t, "team=blue", "tier=1")
	answers := c.MustApply(t, namespace, `
{apiVersion: v1, kind: ConfigMap, metadata: {name: mine}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: public, namespace: kube-public}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: nothing}}
`)
	var got []string
	for _, answer := range answers {
		got = append(got, kube.Name(answer))
	}
	want := "ConfigMap " + namespace + "/mine, ConfigMap kube-public/public, ClusterRole nothing"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	own, err := c.Get(t.Context(), "ns", "", namespace)
	if err != nil || own.GetLabels()["team"] != "blue" || own.GetLabels()["tier"] != "1" {
		t.Errorf("%v, %v", own.GetLabels(), err)
	}
}

func TestWarningsOfTheAPIServerAreKept(t *testing.T) {
	c := kube.MustNew(t, shared.AdminConfig())
	// Apply would refuse it; Create does as kubectl create --validate=false.
	object := kube.MustParseOne(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dato: {}}`)
	object.SetNamespace(c.Namespace(t))
	if _, err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if warnings := c.Warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], `unknown field "dato"`) {
		t.Errorf("%q", warnings)
	}
	if warnings := c.Warnings(); len(warnings) != 0 {
		t.Errorf("not forgotten: %q", warnings)
	}
}

func TestManifestsThatSayTwoThingsAreRefused(t *testing.T) {
	for _, text := range []string{
		"{apiVersion: v1, kind: ConfigMap, kind: Secret}",
		"{kind: ConfigMap}",
		"{apiVersion: v1}",
		"[]",
		"{",
	} {
		if objects, err := kube.Parse(text); err == nil {
			t.Errorf("%q gives %v", text, objects)
		}
	}
}

func TestPollSaysWhatWasMissing(t *testing.T) {
	tries := 0
	err := kube.Poll(t.Context(), 200*time.Millisecond, "three ships", func(ctx context.Context) error {
		tries++
		if tries > 3 { // what comes last, when the time is up, tells nothing
			<-ctx.Done()
			return ctx.Err()
		}
		return errors.New("only two are here")
	})
	if err == nil || !strings.Contains(err.Error(), "three ships") || !strings.Contains(err.Error(), "only two are here") {
		t.Errorf("got %v", err)
	}

	tries = 0
	sunk := errors.New("one has sunk")
	err = kube.Poll(t.Context(), time.Minute, "three ships", func(context.Context) error { tries++; return kube.Stop(sunk) })
	if tries != 1 || !errors.Is(err, sunk) {
		t.Errorf("%d tries, %v", tries, err)
	}

	tries = 0
	err = kube.Poll(t.Context(), time.Minute, "three ships", func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not all")
		}
		return nil
	})
	if tries != 3 || err != nil {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestConditionsAreComparedByStatusAndReason(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"kind": "Crate", "metadata": map[string]any{"name": "x"},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "Ready", "status": "False", "reason": "Empty", "message": "nothing in it"},
		}},
	}}
	for _, test := range []struct {
		conditionType, status string
		reason                []string
		want                  string
	}{
		{"Ready", "False", nil, ""},
		{"Ready", "False", []string{"Empty"}, ""},
		{"Ready", "False", []string{"Full"}, "Crate x is Ready=False, reason Empty: nothing in it"},
		{"Ready", "True", nil, "Crate x is Ready=False, reason Empty: nothing in it"},
		{"Sold", "True", nil, "Crate x has no condition Sold"},
	} {
		got := ""
		if err := kube.HasCondition(object, test.conditionType, test.status, test.reason...); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%v: got %q", test, got)
		}
	}
}
