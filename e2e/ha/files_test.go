package ha

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/authority"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mount writes a new certificate as a mounted Secret has it: all behind one link, exchanged in one step.
func mount(t *testing.T, by *authority.Authority, dir string) {
	t.Helper()
	files, err := by.Serve(nil, net.IPv4(127, 0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	version := fmt.Sprintf("..%d", time.Now().UnixNano())
	if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, version, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		os.Symlink(version, filepath.Join(dir, "..data_tmp")),
		os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
	); err != nil {
		t.Fatal(err)
	}
}

func TestCertificatesOfSomebodyElseAreTakenFromFilesIntoARegistrationThatIsThere(t *testing.T) {
	client := install(t)
	forget(t, client)
	t.Cleanup(func() { forget(t, client) })
	// As a chart leaves it: nothing in it, and words of others on it.
	client.MustApply(t, "", `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: berth-exposure, labels: {helm.sh/chart: berth}, annotations: {example.org/owner: platform}}`)
	dir := t.TempDir()
	replica := webhooks(t, client, 1, "", "--certificate-dir", dir, "--certificate-settle=1s", "--no-audit")[0]
	if err := replica.Launch(); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, soon, "the missing file to be named", func(ctx context.Context) error {
		err := replica.Check(ctx)
		if err == nil || !strings.Contains(err.Error(), "tls.crt") {
			return fmt.Errorf("readyz says %v", err)
		}
		return nil
	})
	namespace := client.Namespace(t)
	admitted := func(ctx context.Context) error {
		one := &load{began: time.Now()}
		one.ask(client.Typed, namespace)
		return one.firstError
	}
	first := authority.New(t)
	mount(t, first, dir)
	if err := replica.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, soon, "an admission", admitted)

	second := authority.New(t)
	mount(t, second, dir)
	kube.Eventually(t, soon, "the next certificate to be served", func(ctx context.Context) error {
		if err := admitted(ctx); err != nil {
			return kube.Stop(err) // at no moment may one fail
		}
		return serves(replica, second.Certificate)
	})
	configuration, err := client.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), registration, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if configuration.Labels["helm.sh/chart"] != "berth" || configuration.Annotations["example.org/owner"] != "platform" {
		t.Errorf("what others wrote is gone: %v %v", configuration.Labels, configuration.Annotations)
	}
	for _, webhook := range configuration.Webhooks {
		believed, err := certificatesIn(webhook.ClientConfig.CABundle)
		if err != nil || len(believed) != 2 {
			t.Errorf("%s believes in %d authorities, %v: another replica may still serve the first one's", webhook.Name, len(believed), err)
		}
	}
	if _, err := client.Typed.CoreV1().Secrets(programs.Namespace).Get(t.Context(), secretName, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a Secret was made: %v", err)
	}
	version := configuration.ResourceVersion
	kube.Always(t, 2*time.Second, "no write without a change", func(ctx context.Context) error {
		now, err := client.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, registration, metav1.GetOptions{})
		if err == nil && now.ResourceVersion != version {
			return errors.New("the registration was written")
		}
		return err
	})
}
