package webhook

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/bench/figures"
	"berth.dev/e2e/programs"
)

// A Service of each kind of question; %s is its name.
const (
	harmless = `{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"labels":{"app":"web"}},"spec":{"selector":{"app":"web"},` +
		`"ports":[{"name":"http","port":80,"targetPort":8080},{"name":"https","port":443,"targetPort":8443}]}}`
	exposing = `{"apiVersion":"v1","kind":"Service","metadata":{"name":%q},"spec":{"type":"LoadBalancer","selector":{"app":"pg"},` +
		`"ports":[{"port":443,"targetPort":5432}]}}`
	joining = `{"apiVersion":"v1","kind":"Service","metadata":{"name":%q},"spec":{"type":"LoadBalancer","selector":{"app":"web"},` +
		`"ports":[{"port":8080,"targetPort":"web"}]}}`
)

var counter atomic.Int64

// create asks for a dry run of a creation, which costs the API server the same but for etcd.
func (s *site) create(ctx context.Context, ns, name, text string) ([]byte, error) {
	name = fmt.Sprintf("%s-%d", name, counter.Add(1))
	return s.bare.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+ns+"/services?dryRun=All", fmt.Appendf(nil, text, name))
}

// noop runs a webhook in Go that admits everything, in a process of its own, registered for one namespace.
func (s *site) noop(ctx context.Context, ns string, http2 bool) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, self, "noop", fmt.Sprintf("--http2=%t", http2))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop = func() { _ = command.Process.Kill(); _ = command.Wait() }
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		stop()
		return nil, fmt.Errorf("the webhook in Go has not started: %w", lines.Err())
	}
	url, ca, _ := strings.Cut(lines.Text(), " ")
	_, err = s.admin.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: %[1]s}
webhooks:
- name: %[1]s.bench.example.org
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  clientConfig: {url: %[2]q, caBundle: %[3]q}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
  rules: [{apiGroups: [""], apiVersions: [v1], resources: [services], operations: [CREATE, UPDATE]}]
`, ns, url, base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(ca, `\n`, "\n")))))
	if err != nil {
		stop()
	}
	return stop, err
}

// turn is what one namespace's requests of one round took.
type turn struct {
	p50  time.Duration
	rate float64 // a second
}

// ask makes so many requests, some at once.
func (s *site) ask(ctx context.Context, ns, text string, count, inFlight int) (turn, error) {
	took := make([]time.Duration, count)
	began := time.Now()
	err := bare.Each(inFlight, count, func(i int) error {
		at := time.Now()
		_, err := s.create(ctx, ns, "web", text)
		took[i] = time.Since(at)
		return err
	})
	if err != nil {
		return turn{}, err
	}
	return turn{figures.Quantile(took, 0.5), float64(count) / time.Since(began).Seconds()}, nil
}

// rounds asks in the namespaces one after another, again and again, each round beginning with the next of them.
func (s *site) rounds(ctx context.Context, text string, count, inFlight int, namespaces ...string) (map[string][]turn, error) {
	measured := map[string][]turn{}
	for round := range s.Rounds + 1 {
		for i := range namespaces {
			ns := namespaces[(i+round)%len(namespaces)]
			one, err := s.ask(ctx, ns, text, count, inFlight)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", ns, err)
			}
			if round > 0 { // the first warms up
				measured[ns] = append(measured[ns], one)
			}
		}
	}
	return measured, nil
}

// added is what a webhook adds to the latency of the same request without one, and the median of the ratios of the
// rounds.
func added(of, peer, without []turn) (berth, noop, ratio float64) {
	var ours, theirs, ratios []float64
	for i := range of {
		ours = append(ours, figures.Milliseconds(of[i].p50-without[i].p50))
		theirs = append(theirs, figures.Milliseconds(peer[i].p50-without[i].p50))
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return figures.Quantile(ours, 0.5), figures.Quantile(theirs, 0.5), figures.Quantile(ratios, 0.5)
}

// requests compares what webhooks add to a request that they admit.
func (s *site) requests(ctx context.Context) error {
	for _, one := range []struct {
		ns    string
		http2 bool
	}{{noop1, false}, {noop2, true}} {
		stop, err := s.noop(ctx, one.ns, one.http2)
		if err != nil {
			return err
		}
		defer stop()
	}
	return s.withWebhook(ctx, func(*programs.Program) error {
		for _, way := range []struct {
			what            string
			count, inFlight int
		}{{"1 in flight", s.Singles, 1}, {"16 in flight", s.Together, 16}} {
			measured, err := s.rounds(ctx, harmless, way.count, way.inFlight, alone, judged, noop1, noop2)
			if err != nil {
				return err
			}
			berth, noop, ratio := added(measured[judged], measured[noop1], measured[alone])
			s.lines.AgainstInTurns("added latency, "+way.what+", Go over HTTP/1.1", "ms", berth, noop, ratio, 1.0)
			berth, noop, ratio = added(measured[judged], measured[noop2], measured[alone])
			s.lines.AgainstInTurns("added latency, "+way.what+", Go over HTTP/2", "ms", berth, noop, ratio, 1.1)
			s.say("%s: without %.2f ms, judged %.2f, Go %.2f and %.2f", way.what, p50(measured[alone]), p50(measured[judged]),
				p50(measured[noop1]), p50(measured[noop2]))
		}
		return nil
	})
}

func p50(turns []turn) float64 {
	var all []float64
	for _, one := range turns {
		all = append(all, figures.Milliseconds(one.p50))
	}
	return figures.Quantile(all, 0.5)
}
