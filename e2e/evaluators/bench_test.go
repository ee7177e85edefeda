package evaluators

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bench is the API server with the policies and their namespaces, and the webhook, which knows all of it.
type bench struct {
	*kube.Client
	t       *testing.T
	worlds  []world
	program *programs.Program
	dir     string
}

func newBench(t *testing.T, worlds []world) *bench {
	t.Helper()
	ctx := t.Context()
	client := kube.MustNew(t, shared.AdminConfig())
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/webhook-rbac.yaml"} {
		if _, err := client.ApplyPath(ctx, filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	// The garbage collector takes its time with thousands of objects on a busy machine.
	kube.Eventually(t, 5*patience, "the worlds of the round before to be gone", func(ctx context.Context) error {
		namespaces, err := client.List(ctx, "namespaces", "")
		for _, one := range namespaces {
			if strings.HasPrefix(one.GetName(), "world-") {
				return fmt.Errorf("%s is still there", one.GetName()) // and so are its node ports
			}
		}
		return err
	})
	for _, w := range worlds {
		t.Cleanup(func() {
			_ = client.Delete(context.Background(), "exposurepolicies", "", w.namespace)
			_ = client.Delete(context.Background(), "namespaces", "", w.namespace)
		})
		if _, err := client.Apply(ctx, w.policy.DeepCopy()); err != nil {
			t.Fatalf("%s: %v", w.namespace, err)
		}
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
		if _, err := client.Typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range worlds {
		kube.Eventually(t, patience, "the service account of "+w.namespace, func(ctx context.Context) error {
			_, err := client.Typed.CoreV1().ServiceAccounts(w.namespace).Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	}
	config, err := shared.ServiceAccountConfig(ctx, programs.Namespace, "berth-webhook")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program, err := programs.StartWebhook(ctx, programs.WebhookOptions{
		Options: programs.Options{Config: config, Dir: dir, LogFormat: "json"},
	})
	if err != nil {
		t.Fatal(err)
	}
	program.EndWith(t)
	return &bench{client, t, worlds, program, dir}
}

// ask dry-runs the creation of every object and reads each answer.
func (b *bench) ask(w world, read func(client *kube.Client, err error) verdict) []verdict {
	b.t.Helper()
	answers := make([]verdict, len(w.objects))
	each(b.t, len(w.objects), func(client *kube.Client, k int) {
		_, err := client.DryRun(b.t.Context(), w.objects[k].DeepCopy())
		answers[k] = read(client, err)
	})
	return answers
}

// webhook answers for all worlds, once the API server asks it.
func (b *bench) webhook() (all [][]verdict) {
	b.t.Helper()
	kube.Eventually(b.t, patience, "the webhook to be asked", func(ctx context.Context) error {
		canary := kube.MustParseOne(b.t, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {namespace: %s, name: canary}
spec: {type: NodePort, ports: [{port: 1, nodePort: %d}]}
`, b.worlds[0].namespace, lastNodePort))
		before, err := b.program.Metrics(ctx)
		if err != nil {
			return err
		}
		_, _ = b.DryRun(ctx, canary)
		after, err := b.program.Metrics(ctx)
		if err != nil {
			return err
		}
		was, _ := before.Sum("berth_admission_reviews_total")
		is, _ := after.Sum("berth_admission_reviews_total")
		if is <= was {
			return fmt.Errorf("%v reviews", is)
		}
		return nil
	})
	for _, w := range b.worlds {
		all = append(all, b.ask(w, answerOfWebhook))
	}
	return all
}

// silenceWebhook is the way out of emergencies: from now on nobody asks it.
func (b *bench) silenceWebhook() {
	b.t.Helper()
	if err := b.Delete(b.t.Context(), "validatingwebhookconfigurations", "", "berth-exposure"); err != nil {
		b.t.Fatal(err)
	}
}

// wall answers for all worlds, and is taken down again.
func (b *bench) wall() (all [][]verdict) {
	b.t.Helper()
	for _, w := range b.worlds {
		b.raise(w, w.policy)
	}
	for _, w := range b.worlds {
		all = append(all, b.askWall(w))
	}
	for _, w := range b.worlds {
		b.lower(w)
	}
	return all
}

// raise applies the admission policies of a world and returns when they are in force.
func (b *bench) raise(w world, policy *unstructured.Unstructured) {
	b.t.Helper()
	text, err := run("export", nil, "admission-policy", b.file(w.namespace+".policy.yaml", policy))
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return // nothing is internal
	}
	// All bindings of one moment take effect together, so one more that refuses a name tells when they have.
	name := "asked-" + w.namespace
	if _, err := b.ApplyYAML(b.t.Context(), string(text)+fmt.Sprintf(`
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[2]s}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  validations: [{expression: "false"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
`, name, w.namespace)); err != nil {
		b.t.Fatal(err)
	}
	canary := kube.MustParseOne(b.t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {namespace: %s, name: canary}}", w.namespace))
	kube.Eventually(b.t, patience, "the wall of "+w.namespace+" to be in force", func(ctx context.Context) error {
		if _, err := b.DryRun(ctx, canary); err == nil {
			return fmt.Errorf("%s was admitted", kube.Name(canary))
		}
		return nil
	})
}

func (b *bench) askWall(w world) []verdict { return b.ask(w, answerOfWall) }

// lower returns when the API server has forgotten the wall: what tells so goes last.
func (b *bench) lower(w world) {
	b.t.Helper()
	for _, prefix := range []string{w.namespace + ".", "asked-" + w.namespace} {
		for _, kind := range []string{"validatingadmissionpolicybindings", "validatingadmissionpolicies"} {
			all, err := b.List(b.t.Context(), kind, "")
			if err != nil {
				b.t.Fatal(err)
			}
			for _, one := range all {
				if !strings.HasPrefix(one.GetName(), prefix) {
					continue
				}
				if err := b.Delete(b.t.Context(), kind, "", one.GetName()); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
	canary := kube.MustParseOne(b.t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {namespace: %s, name: canary}}", w.namespace))
	kube.Eventually(b.t, patience, "the wall of "+w.namespace+" to be gone", func(ctx context.Context) error {
		_, err := b.DryRun(ctx, canary)
		return err
	})
}

// askForgetfulWall asks the wall of a policy without the first half of what is internal.
func (b *bench) askForgetfulWall(w world) []verdict {
	b.t.Helper()
	policy := w.policy.DeepCopy()
	internal, _, _ := unstructured.NestedSlice(policy.Object, "spec", "internal")
	if err := unstructured.SetNestedSlice(policy.Object, internal[(len(internal)+1)/2:], "spec", "internal"); err != nil {
		b.t.Fatal(err)
	}
	b.raise(w, policy)
	return b.askWall(w)
}

// lint judges the objects of each world by the command.
func (b *bench) lint() (all [][]verdict) {
	b.t.Helper()
	for _, w := range b.worlds {
		answers, err := lintWorld(w, b.file(w.namespace+".policy.yaml", w.policy), b.file(w.namespace+".yaml", w.objects...))
		if err != nil {
			b.t.Fatalf("%s: %v", w.namespace, err)
		}
		all = append(all, answers)
	}
	return all
}

// audit brings everything in, while nobody refuses it, and reads what the webhook tells of what stands.
func (b *bench) audit(byWebhook [][]verdict) (all [][]verdict) {
	b.t.Helper()
	for i, w := range b.worlds {
		each(b.t, len(w.objects), func(client *kube.Client, k int) {
			if _, err := client.Create(b.t.Context(), w.objects[k].DeepCopy()); err != nil && byWebhook[i][k].invalid == "" {
				b.t.Errorf("%s was not brought in: %v", kube.Name(w.objects[k]), err)
			}
		})
	}
	var told map[string]string
	var steady int
	kube.Eventually(b.t, patience, "the audit to have told everything", func(context.Context) error {
		text, err := b.program.LogText()
		if err != nil {
			return err
		}
		before := len(told)
		told = toldByAudit(text)
		if len(told) != before {
			steady = 0
		}
		if steady++; steady < 20 { // five seconds; it looks twice a second
			return fmt.Errorf("%d violations are told, perhaps not all yet", len(told))
		}
		return nil
	})
	for _, w := range b.worlds {
		var answers []verdict
		for _, object := range w.objects {
			why, denied := told[kube.Name(object)]
			answers = append(answers, verdict{deny: denied, said: why})
		}
		all = append(all, answers)
	}
	return all
}
