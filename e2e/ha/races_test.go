package ha

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTwoReplicasThatStartAtTheSameMomentEndInOneAuthority(t *testing.T) {
	client := install(t)
	t.Cleanup(func() { forget(t, client) })
	replicas := webhooks(t, client, 2, "https://127.0.0.1:1", "--no-audit")
	for race := range amount(t, "RACES", 20) {
		forget(t, client)
		var both sync.WaitGroup
		for _, replica := range replicas {
			both.Go(func() {
				if err := replica.Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if t.Failed() {
			t.FailNow()
		}
		if err := oneAuthority(t.Context(), client, replicas); err != nil {
			t.Fatalf("race %d: %v", race+1, err)
		}
		for _, replica := range replicas {
			if err := replica.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// oneAuthority holds when one authority stands in the Secret and in every entry, and every replica serves a
// certificate of it.
func oneAuthority(ctx context.Context, client *kube.Client, replicas []*programs.Program) error {
	authorities, _, err := bundle(ctx, client)
	if err != nil {
		return err
	}
	if len(authorities) != 1 {
		return fmt.Errorf("%d authorities stand in the Secret", len(authorities))
	}
	configuration, err := client.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, registration, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, webhook := range configuration.Webhooks {
		registered, err := certificatesIn(webhook.ClientConfig.CABundle)
		if err != nil {
			return err
		}
		if len(registered) != 1 || !registered[0].Equal(authorities[0]) {
			return fmt.Errorf("%s believes in %d authorities, and not in that of the Secret alone", webhook.Name, len(registered))
		}
	}
	for _, replica := range replicas {
		if err := serves(replica, authorities[0]); err != nil {
			return err
		}
	}
	return nil
}

// serves holds when a replica shows a certificate of that authority.
func serves(replica *programs.Program, of *x509.Certificate) error {
	believed := x509.NewCertPool()
	believed.AddCert(of)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(replica.URL, "https://"), &tls.Config{RootCAs: believed})
	if err != nil {
		return fmt.Errorf("%s: %w", replica.Name(), err)
	}
	return conn.Close()
}
