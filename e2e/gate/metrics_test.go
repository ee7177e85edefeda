package gate

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
)

// scrape asks for the guarded metrics on a connection of its own.
func scrape(ctx context.Context, port int, token string) (status int, body string, err error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} // it signs itself
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/metrics", port), nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestGuardedMetricsAreForThoseWhomTheAPIServerLetsReadThem(t *testing.T) {
	client := kube.MustNew(t, shared.AdminConfig())
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"crds", "deploy/base/namespace.yaml", "deploy/base/operator-rbac.yaml", "deploy/base/webhook-rbac.yaml", "deploy/base/metrics-rbac.yaml"} {
		if _, err := client.ApplyPath(t.Context(), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	namespace := client.Namespace(t)
	tokens := map[string]string{}
	for _, account := range []string{"reader", "stranger"} {
		token, err := cluster.ServiceAccountToken(t.Context(), client.Typed, namespace, account)
		if err != nil {
			t.Fatal(err)
		}
		tokens[account] = token
	}
	client.MustApply(t, "", fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: berth-metrics-reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: %s}]`, namespace, namespace))

	for _, name := range []string{"berth-operator", "berth-webhook"} {
		t.Run(name, func(t *testing.T) {
			port, err := process.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			config, err := shared.ServiceAccountConfig(t.Context(), programs.Namespace, name)
			if err != nil {
				t.Fatal(err)
			}
			options := programs.Options{Config: config, Dir: t.TempDir(), LogLevel: "debug",
				Args: []string{"--metrics-listen", fmt.Sprintf("127.0.0.1:%d", port)}}
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
			for _, one := range []struct {
				who, token string
				status     int
			}{
				{"nobody", "", http.StatusUnauthorized},
				{"a wrong token", "canary-of-no-account", http.StatusUnauthorized},
				{"a damaged token", tokens["reader"][:len(tokens["reader"])-3], http.StatusUnauthorized},
				{"who may not", tokens["stranger"], http.StatusForbidden},
				{"who may", tokens["reader"], http.StatusOK},
			} {
				status, body, err := scrape(t.Context(), port, one.token)
				if err != nil || status != one.status {
					t.Errorf("%s: %d %v, not %d", one.who, status, err, one.status)
				}
				if got := strings.Contains(body, "process_cpu_seconds_total"); got != (one.status == http.StatusOK) {
					t.Errorf("%s: metrics shown: %v", one.who, got)
				}
			}
			if _, err := program.Metrics(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
				t.Errorf("the plain listener shows them too: %v", err)
			}
			if err := shared.APIServer.Pause(); err != nil {
				t.Fatal(err)
			}
			status, _, err := scrape(t.Context(), port, "another-canary")
			if resumed := shared.APIServer.Resume(); resumed != nil {
				t.Fatal(resumed)
			}
			if err != nil || status != http.StatusServiceUnavailable {
				t.Errorf("with an API server that does not answer: %d %v, not 503", status, err)
			}
			text, err := program.LogText()
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{tokens["reader"], tokens["stranger"], "canary"} {
				if strings.Contains(text, secret) {
					t.Error("a token stands in the log")
				}
			}
			if err := program.Kill(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = client.Delete(ctx, "validatingwebhookconfigurations", "", "berth-exposure")
		})
	}
}
