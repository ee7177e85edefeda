package installation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"berth.dev/e2e/authority"
	"berth.dev/e2e/crds"
	"berth.dev/e2e/helm"
	"berth.dev/e2e/kube"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// installWith installs the chart with values, and waits until it is ready.
func (s *site) installWith(t *testing.T, values ...string) {
	t.Helper()
	program, err := helm.Ensure(t.Context(), 3, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"install", release, source(t, "charts/berth"), "--namespace=" + namespace, "--wait", "--timeout=90s"}
	for _, value := range values {
		args = append(args, "--set="+value)
	}
	s.run(t, program, args...)
}

// deliver makes a certificate for the names, and puts it into a Secret. It makes the Secret if there is none.
func (s *site) deliver(ctx context.Context, by *authority.Authority, secret string, names []string) error {
	files, err := by.Serve(names)
	if err != nil {
		return err
	}
	secrets := s.Typed.CoreV1().Secrets(namespace)
	object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secret}, Type: corev1.SecretTypeTLS, Data: files}
	if _, err = secrets.Create(ctx, object, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(ctx, object, metav1.UpdateOptions{})
	}
	return err
}

// believesIn ends the test unless every entry of the registration comes to believe in the authority while the webhook goes
// on refusing.
func (s *site) believesIn(t *testing.T, who *authority.Authority) {
	t.Helper()
	kube.Eventually(t, soon, "the authority to be believed in", func(ctx context.Context) error {
		s.refuses(t)
		configuration, err := s.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, "berth-exposure", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(configuration.Webhooks) == 0 {
			return errors.New("there is no entry")
		}
		for _, webhook := range configuration.Webhooks {
			if !bytes.Contains(webhook.ClientConfig.CABundle, who.PEM()) {
				return fmt.Errorf("%s does not believe in it", webhook.Name)
			}
		}
		return nil
	})
}

// noSecretOfItsOwn ends the test if the webhook has made certificates although it is given some.
func (s *site) noSecretOfItsOwn(t *testing.T) {
	t.Helper()
	_, err := s.Typed.CoreV1().Secrets(namespace).Get(t.Context(), "berth-webhook-tls", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the Secret of its own: %v", err)
	}
}

func TestCertificatesOfAnExistingSecretAreServedAndTakenUpWhenTheyChange(t *testing.T) {
	s := newSite(t)
	s.kubectl(t, "apply", "--server-side", "-f", source(t, "deploy/base/namespace.yaml"))
	names := []string{"berth-webhook." + namespace + ".svc"}
	first, second := authority.New(t), authority.New(t)
	if err := s.deliver(t.Context(), first, "harbour-tls", names); err != nil {
		t.Fatal(err)
	}
	s.installWith(t, "webhook.certificates.source=existingSecret", "webhook.certificates.secretName=harbour-tls")
	s.tell(t)
	s.believesIn(t, first)

	if err := s.deliver(t.Context(), second, "harbour-tls", names); err != nil {
		t.Fatal(err)
	}
	s.believesIn(t, second)
	s.noSecretOfItsOwn(t)
}

// certManager plays the part of cert-manager until the context ends: whatever Certificate is there gets its Secret, signed by
// one authority.
func (s *site) certManager(ctx context.Context, by *authority.Authority) error {
	for {
		certificates, err := s.List(ctx, "certificates.cert-manager.io", namespace)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for i := range certificates {
			if err := s.issue(ctx, by, &certificates[i]); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// issue does for one Certificate what it asks for, once.
func (s *site) issue(ctx context.Context, by *authority.Authority, certificate *unstructured.Unstructured) error {
	secret, _, _ := unstructured.NestedString(certificate.Object, "spec", "secretName")
	names, _, _ := unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames")
	_, err := s.Typed.CoreV1().Secrets(namespace).Get(ctx, secret, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	return s.deliver(ctx, by, secret, names)
}

func TestCertificatesOfCertManagerAreServed(t *testing.T) {
	s := newSite(t)
	s.kubectl(t, "apply", "--server-side", "-f", source(t, "deploy/base/namespace.yaml"))
	if err := crds.InstallForChart(t.Context(), s.Client); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	manager, ended := authority.New(t), make(chan error, 1)
	go func() { ended <- s.certManager(ctx, manager) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the stand-in for cert-manager: %v", err)
		}
	}()
	s.installWith(t, "webhook.certificates.source=certManager", "metrics.certificate.source=certManager")
	s.tell(t)
	s.believesIn(t, manager)
	s.noSecretOfItsOwn(t)
}
