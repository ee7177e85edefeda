package ha

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	secretName   = "berth-webhook-tls"
	registration = "berth-exposure"
)

// amount is how much of something is done: more in a soak.
func amount(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		t.Fatalf("%s=%q is no number of at least 1", variable, text)
	}
	return number
}

// install puts Berth's kinds and rights into the cluster.
func install(t *testing.T) *kube.Client {
	t.Helper()
	client := kube.MustNew(t, shared.AdminConfig())
	if err := story.Install(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return client
}

// webhooks makes so many replicas that register under one URL, none of them started.
func webhooks(t *testing.T, client *kube.Client, count int, url string, args ...string) []*programs.Program {
	t.Helper()
	dir := t.TempDir()
	var replicas []*programs.Program
	for i := range count {
		config, err := story.Access(t.Context(), client, story.WebhookAccount, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		replica, err := programs.NewWebhook(programs.WebhookOptions{
			Options: programs.Options{Config: config, Dir: dir, Name: fmt.Sprintf("webhook-%d", i), Args: args},
			URL:     url,
		})
		if err != nil {
			t.Fatal(err)
		}
		replica.EndWith(t)
		replicas = append(replicas, replica)
	}
	return replicas
}

// begin starts them and waits until all are ready.
func begin(t *testing.T, replicas ...*programs.Program) {
	t.Helper()
	for _, replica := range replicas {
		if err := replica.Launch(); err != nil {
			t.Fatal(err)
		}
	}
	for _, replica := range replicas {
		if err := replica.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// forget removes what replicas share, as if Berth had never been there.
func forget(t *testing.T, client *kube.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	err := client.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(ctx, registration, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	err = client.Typed.CoreV1().Secrets(programs.Namespace).Delete(ctx, secretName, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// certificatesIn reads every certificate of a PEM text.
func certificatesIn(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// bundle is what stands in the Secret.
func bundle(ctx context.Context, client *kube.Client) (authorities []*x509.Certificate, leaf *x509.Certificate, err error) {
	secret, err := client.Typed.CoreV1().Secrets(programs.Namespace).Get(ctx, secretName, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	if authorities, err = certificatesIn(secret.Data["ca.crt"]); err != nil {
		return nil, nil, err
	}
	leaves, err := certificatesIn(secret.Data["tls.crt"])
	if err != nil || len(leaves) != 1 || len(authorities) == 0 {
		return nil, nil, fmt.Errorf("the Secret holds %d authorities and %d leaves: %w", len(authorities), len(leaves), err)
	}
	return authorities, leaves[0], nil
}
