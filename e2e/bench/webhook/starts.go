package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// review is what the API server would post for a Service that shows 5432.
const review = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"bench","kind":{"group":"","version":"v1",` +
	`"kind":"Service"},"resource":{"group":"","version":"v1","resource":"services"},"name":"web","namespace":"judged","operation":"CREATE",` +
	`"userInfo":{"username":"bench"},"object":{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"judged"},` +
	`"spec":{"type":"LoadBalancer","selector":{"app":"pg"},"ports":[{"port":443,"targetPort":5432}]}}}}`

// firstDenials starts the webhook and asks it, over and over, until it says why the Service must not be; meanwhile
// it may refuse to say, and never admit.
func (s *site) firstDenials(ctx context.Context) error {
	// It makes its certificate at the very first start.
	if err := s.withWebhook(ctx, func(*programs.Program) error { return nil }); err != nil {
		return err
	}
	var took []float64
	for range s.Starts {
		one, err := s.firstDenial(ctx)
		if err != nil {
			return err
		}
		took = append(took, figures.Milliseconds(one))
	}
	s.say("first correct denial after %v ms", took)
	s.lines.AtMost("first correct denial after the start, empty cluster", "ms", figures.Quantile(took, 0.5), 100)
	return nil
}

func (s *site) firstDenial(ctx context.Context) (time.Duration, error) {
	webhook, err := programs.NewWebhook(s.judge)
	if err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Second}
	defer client.CloseIdleConnections()
	began := time.Now()
	if err := webhook.Launch(); err != nil {
		return 0, err
	}
	defer webhook.Kill() //nolint:errcheck // nothing depends on its end
	for time.Since(began) < 20*time.Second {
		told, allowed, err := ask(ctx, client, webhook.URL)
		if err == nil && allowed {
			return 0, errors.New("an internal port was admitted before the picture was whole")
		}
		if err == nil && bytes.Contains(told, []byte("port 5432 (PostgreSQL) is internal")) {
			return time.Since(began), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.New("it has not decided within 20 s")
}

func ask(ctx context.Context, client *http.Client, url string) (told []byte, allowed bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/review", bytes.NewReader([]byte(review)))
	if err != nil {
		return nil, false, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, false, err
	}
	defer response.Body.Close()
	told, err = io.ReadAll(response.Body)
	if err != nil {
		return nil, false, err
	}
	var answer struct{ Response struct{ Allowed bool } }
	if err := json.Unmarshal(told, &answer); err != nil {
		return nil, false, fmt.Errorf("%w in %q", err, told)
	}
	return told, answer.Response.Allowed, nil
}

// What the webhook lists before it answers, but for the kinds of adapters, which are not installed here.
var read = []string{
	"/apis/berth.dev/v1alpha1/exposurepolicies", "/apis/berth.dev/v1alpha1/portallocations",
	"/apis/berth.dev/v1alpha1/portranges", "/apis/berth.dev/v1alpha1/portledgers",
	"/api/v1/namespaces", "/api/v1/services", "/api/v1/configmaps", "/api/v1/pods", "/api/v1/podtemplates",
	"/api/v1/replicationcontrollers", "/apis/networking.k8s.io/v1/ingresses", "/apis/networking.k8s.io/v1/networkpolicies",
	"/apis/discovery.k8s.io/v1/endpointslices", "/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets",
	"/apis/apps/v1/daemonsets", "/apis/apps/v1/replicasets", "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs",
}

// starts compares being ready with reading the same in pages by a client that does nothing with it.
func (s *site) starts(ctx context.Context) error {
	var bare, berth, ratios []float64
	for range s.Starts {
		began := time.Now()
		objects := 0
		for _, path := range read {
			n, _, err := s.bare.List(ctx, path)
			if err != nil {
				return err
			}
			objects += n
		}
		bare = append(bare, time.Since(began).Seconds())

		began = time.Now()
		webhook, err := programs.NewWebhook(s.judge)
		if err != nil {
			return err
		}
		if err := webhook.Launch(); err != nil {
			return err
		}
		err = kube.Poll(ctx, 5*time.Minute, "the webhook to be ready", func(ctx context.Context) error { return webhook.Ready(ctx) })
		berth = append(berth, time.Since(began).Seconds())
		if err := errors.Join(err, webhook.Stop()); err != nil {
			return err
		}
		ratios = append(ratios, berth[len(berth)-1]/bare[len(bare)-1])
		s.say("start with %d objects: bare %.2f s, ready %.2f s", objects, bare[len(bare)-1], berth[len(berth)-1])
	}
	s.lines.AgainstInTurns(fmt.Sprintf("ready after the start, %d objects", s.Objects), "s", figures.Quantile(berth, 0.5),
		figures.Quantile(bare, 0.5), figures.Quantile(ratios, 0.5), 1.3)
	return nil
}
