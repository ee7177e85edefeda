package story

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/process"
	"berth.dev/e2e/programs"
)

func TestNothingIsWrittenAtRest(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 4)
	// One that is served, one that waits for ever, one that lacks something: each of them is at rest.
	w.MustApply(t, namespace, fmt.Sprintf(shop, name)+"---"+allocation("named", name, "{name: main, targetPort: http}"))
	w.ready(t, namespace, "shop")
	w.AwaitCondition(t, soon, "palloc", namespace, "named", "Enforced", "False")
	w.MustApply(t, namespace, allocation("late", name, anyPort))
	w.refused(t, namespace, "late", "RangeExhausted")

	const rest = 15 * time.Second
	from := time.Now()
	revision := must[int64](t)(shared.Revision(t.Context()))
	kube.Eventually(t, 4*rest, rest.String()+" in which nothing is written", func(ctx context.Context) error {
		var written []string
		// Not everything that is stored: the API server keeps records of its own. But all that Berth may write.
		query := cluster.Query{From: revision + 1, Prefixes: []string{
			"/registry/berth.dev/", cluster.Prefix("", "services/specs"), cluster.Prefix("", "networkpolicies"),
			cluster.Prefix("", "events"), cluster.Prefix("", "secrets"), cluster.Prefix("", "validatingwebhookconfigurations"),
		}}
		err := shared.History(ctx, query, func(change cluster.Change) error {
			written = append(written, change.Key)
			revision = change.Revision
			return nil
		})
		if err != nil {
			return err
		}
		if len(written) > 0 { // what others have begun before may still end
			from = time.Now()
			return fmt.Errorf("just now: %v", written)
		}
		if quiet := time.Since(from); quiet < rest {
			return fmt.Errorf("quiet for %.1f s", quiet.Seconds())
		}
		return nil
	})

	// Nor does the operator ask for what changes nothing: that would leave no trace in history. (The webhook does
	// so once a minute, to restore its registration if need be.)
	writes := map[string]int{}
	err := shared.AuditEvents(func(event cluster.AuditEvent) error {
		lease := event.ObjectRef != nil && event.ObjectRef.Resource == "leases"
		if isProgram(event) && strings.HasSuffix(event.User.Username, OperatorAccount) && event.IsWrite() && !lease && event.Received.After(from) {
			writes[event.Verb+" "+event.RequestURI]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(writes) > 0 {
		t.Errorf("requests to write at rest: %v", writes)
	}
}

func TestLedgersThatAreLostComeBackWithTheSameNumbers(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 6)
	for i := range 4 { // not in the order of the numbers
		w.MustApply(t, namespace, allocation(fmt.Sprint("web-", 3-i), name, anyPort))
		w.ready(t, namespace, fmt.Sprint("web-", 3-i))
	}
	numbers := func() map[string]int64 {
		t.Helper()
		found := map[string]int64{}
		for i := range 4 {
			found[fmt.Sprint("web-", i)] = held(w.get(t, "palloc", namespace, fmt.Sprint("web-", i)), "main")
		}
		return found
	}
	before := numbers()
	lose := func() {
		t.Helper()
		ledgers, err := w.List(t.Context(), "pledger", "")
		if err != nil || len(ledgers) == 0 {
			t.Fatalf("%d ledgers, %v", len(ledgers), err)
		}
		for _, ledger := range ledgers {
			w.remove(t, "pledger", "", ledger.GetName())
		}
	}
	check := func(t *testing.T) {
		t.Helper()
		kube.Eventually(t, soon, "the ledgers to know all numbers again", func(ctx context.Context) error {
			ledgers, err := w.List(ctx, "pledger", "")
			if err != nil {
				return err
			}
			known := map[string]string{}
			for _, ledger := range ledgers {
				entries, _ := kube.Value(&ledger, "spec.entries")
				fields, _ := entries.(map[string]any)
				for number, entry := range fields {
					known[number], _ = entry.(string)
				}
			}
			for owner, number := range before {
				if entry := known[fmt.Sprint(number)]; !strings.Contains(entry, owner) {
					return fmt.Errorf("%d of %s is recorded as %q", number, owner, entry)
				}
			}
			return nil
		})
		for owner, number := range numbers() {
			if number != before[owner] {
				t.Errorf("%s had %d and has %d", owner, before[owner], number)
			}
			w.ready(t, namespace, owner)
		}
	}
	t.Run("under the eyes of the operator", func(t *testing.T) {
		lose()
		check(t)
	})
	t.Run("while no operator runs", func(t *testing.T) {
		if err := w.operator.Stop(); err != nil {
			t.Fatal(err)
		}
		lose()
		w.MustApply(t, namespace, allocation("new", name, anyPort)) // must not get a number of the others
		if err := w.operator.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t)
		fresh := held(w.ready(t, namespace, "new"), "main")
		for owner, number := range before {
			if number == fresh {
				t.Errorf("%d of %s was handed out again", fresh, owner)
			}
		}
	})
}

// exposing breaks no policy of a Service's shape, but leads from outside to PostgreSQL.
const exposing = `
{apiVersion: v1, kind: Service, metadata: {name: exposing, namespace: %s}, spec: {type: NodePort, ports: [{port: 443, nodePort: %d, targetPort: 5432}]}}`

// closedPolicy keeps PostgreSQL inside, in one namespace.
func (w *world) closedPolicy(t *testing.T, namespace string) {
	t.Helper()
	name := kube.UniqueName(t)
	w.MustApply(t, "", fmt.Sprintf(`
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: %s}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
  external: [{port: 443}]
  internal: [{port: 5432, service: PostgreSQL}]
`, name, namespace))
	t.Cleanup(func() { _ = w.Delete(context.Background(), "xpol", "", name) })
}

// denies waits until the webhook refuses a Service that exposes PostgreSQL.
func (w *world) denies(t *testing.T, namespace string, nodePort int64) {
	t.Helper()
	service := kube.MustParseOne(t, fmt.Sprintf(exposing, namespace, nodePort))
	kube.Eventually(t, soon, "the webhook to refuse a Service", func(ctx context.Context) error {
		_, err := w.DryRun(ctx, service.DeepCopy())
		if err == nil {
			return errors.New("it is admitted")
		}
		rejection, ok := kube.Rejected(err)
		if !ok || rejection.Code != http.StatusForbidden || !strings.Contains(rejection.Message, "port 5432 (PostgreSQL) is internal") {
			return err
		}
		return nil
	})
}

func TestWhileTheWebhookIsDownNothingElseStopsAndNothingSlipsThrough(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	nodePort := numbers(1)
	name, first := w.portRange(t, 1)
	w.closedPolicy(t, namespace)
	w.denies(t, namespace, nodePort)

	if err := w.webhook.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for the other tests, whatever happens here
		if err := w.webhook.Start(context.Background()); err != nil {
			t.Error(err)
		}
	})
	harmless := "{apiVersion: v1, kind: Service, metadata: {name: harmless, namespace: %s}, spec: {ports: [{port: 80}]}}"
	pod := "{apiVersion: v1, kind: Pod, metadata: {name: harmless, namespace: %s}, spec: {containers: [{name: a, image: a, " +
		"securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 65532, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]}}"
	t.Run("what it would judge is refused", func(t *testing.T) {
		for _, text := range []string{
			fmt.Sprintf(exposing, namespace, nodePort), fmt.Sprintf(harmless, namespace), fmt.Sprintf(pod, namespace),
		} {
			_, err := w.Create(t.Context(), kube.MustParseOne(t, text))
			kube.ExpectRejected(t, err, "failed calling webhook", "exposure.berth.dev")
		}
	})
	for _, excluded := range []string{"kube-system", programs.Namespace} {
		t.Run("work in "+excluded+" goes on", func(t *testing.T) {
			for _, text := range []string{harmless, pod} {
				object := kube.MustParseOne(t, fmt.Sprintf(text, excluded))
				if _, err := w.Create(t.Context(), object); err != nil {
					t.Errorf("%s: %v", kube.Name(object), err)
				}
				w.remove(t, strings.ToLower(object.GetKind()), excluded, object.GetName())
			}
		})
	}
	t.Run("nodes, leases and what opens no port go on everywhere", func(t *testing.T) {
		for _, text := range []string{
			"{apiVersion: v1, kind: Node, metadata: {name: story}}",
			"{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: story, namespace: %s}, spec: {holderIdentity: a}}",
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: story, namespace: %s}, data: {a: b}}",
			"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: story, namespace: %s}, spec: {podSelector: {}}}",
		} {
			object := kube.MustParseOne(t, strings.ReplaceAll(text, "%s", namespace))
			if _, err := w.Create(t.Context(), object); err != nil {
				t.Errorf("%s: %v", kube.Name(object), err)
			}
			w.remove(t, strings.ToLower(object.GetKind()), object.GetNamespace(), object.GetName())
		}
	})
	t.Run("the operator publishes and repairs", func(t *testing.T) {
		w.MustApply(t, namespace, allocation("web", name, anyPort))
		if got := held(w.ready(t, namespace, "web"), "main"); got != first {
			t.Errorf("got %d, want %d", got, first)
		}
		w.remove(t, "service", namespace, "web")
		kube.Eventually(t, soon, "the deleted Service to come back", func(ctx context.Context) error {
			_, err := w.Get(ctx, "service", namespace, "web")
			return err
		})
		w.remove(t, "palloc", namespace, "web")
		w.AwaitGone(t, soon, "service", namespace, "web")
	})
	t.Run("started again it judges at once", func(t *testing.T) {
		if err := w.webhook.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Ready says: it serves and has read the cluster. So there is no second chance here.
		_, err := w.DryRun(t.Context(), kube.MustParseOne(t, fmt.Sprintf(exposing, namespace, nodePort)))
		kube.ExpectRejected(t, err, "port 5432 (PostgreSQL) is internal")
		if _, err := w.DryRun(t.Context(), kube.MustParseOne(t, fmt.Sprintf(harmless, namespace))); err != nil {
			t.Error(err)
		}
	})
}

// post sends a body to the webhook as the API server would.
func (w *world) post(t *testing.T, client *http.Client, contentType, body string) (int, string) {
	t.Helper()
	registered := w.get(t, "validatingwebhookconfiguration", "", "berth-exposure")
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost,
		kube.Text(registered, "webhooks.0.clientConfig.url")+"?timeout=3s", strings.NewReader(body)))
	request.Header.Set("Content-Type", contentType)
	answer, err := client.Do(request)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	text := must[[]byte](t)(io.ReadAll(answer.Body))
	return answer.StatusCode, string(text)
}

// webhookClient trusts the CA that is registered, and nothing else.
func (w *world) webhookClient(t *testing.T) *http.Client {
	t.Helper()
	registered := w.get(t, "validatingwebhookconfiguration", "", "berth-exposure")
	bundle := must[[]byte](t)(base64.StdEncoding.DecodeString(kube.Text(registered, "webhooks.0.clientConfig.caBundle")))
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		t.Fatal("the registered caBundle holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

const review = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"11111111-2222-3333-4444-555555555555",` +
	`"kind":{"group":"","version":"v1","kind":"Service"},"resource":{"group":"","version":"v1","resource":"services"},` +
	`"namespace":"nowhere","name":"web","operation":"CREATE","userInfo":{"username":"me"},"object":%s}}`

const plain = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"nowhere"},"spec":{"ports":[{"port":80}]}}`

func TestMalformedReviewsAreDeniedAndHarmNobody(t *testing.T) {
	w := connect(t)
	client := w.webhookClient(t)
	pid := w.webhook.Process().PID()
	good := fmt.Sprintf(review, plain)
	code, body := w.post(t, client, "application/json", good)
	if code != 200 || !strings.Contains(body, `"allowed":true`) || !strings.Contains(body, "11111111-2222-3333-4444-555555555555") {
		t.Fatalf("a harmless Service: %d %s", code, body)
	}
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	for name, body := range map[string]string{
		"nothing":                 "",
		"no JSON":                 "\x00\x01\xfe\xff",
		"a number":                "42",
		"an empty object":         "{}",
		"a list":                  "[]",
		"cut off":                 good[:len(good)/2],
		"text behind":             good + "{}",
		"no request":              `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`,
		"another version":         strings.Replace(good, "admission.k8s.io/v1", "admission.k8s.io/v1beta1", 1),
		"another kind":            strings.Replace(good, `"kind":"AdmissionReview"`, `"kind":"Pod"`, 1),
		"no uid":                  strings.Replace(good, `"uid":"11111111-2222-3333-4444-555555555555",`, "", 1),
		"a kind nobody registers": strings.Replace(good, `"kind":"Service"},"resource"`, `"kind":"Secret"},"resource"`, 1),
		"an operation of no kind": strings.Replace(good, "CREATE", "EXPLODE", 1),
		"no object":               fmt.Sprintf(review, "null"),
		"a port that is a text":   fmt.Sprintf(review, strings.Replace(plain, "80", `"80"`, 1)),
		"a port with a fraction":  fmt.Sprintf(review, strings.Replace(plain, "80", "80.5", 1)),
		"a port that wraps":       fmt.Sprintf(review, strings.Replace(plain, "80", "4294972728", 1)),
		"a port beyond 64 bits":   fmt.Sprintf(review, strings.Replace(plain, "80", "18446744073709557048", 1)),
		"ports that are no list":  fmt.Sprintf(review, strings.Replace(plain, `[{"port":80}]`, `{"port":80}`, 1)),
		"a key twice":             fmt.Sprintf(review, strings.Replace(plain, `"port":80`, `"port":80,"port":5432`, 1)),
		"broken UTF-8":            fmt.Sprintf(review, strings.Replace(plain, `"web"`, "\"w\xffb\"", 1)),
		"a very deep object":      fmt.Sprintf(review, deep),
		"a very deep text":        strings.Repeat("[", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			code, answer := w.post(t, client, "application/json", body)
			var parsed struct {
				Kind     string
				Response struct {
					Allowed *bool
					Status  struct{ Message string }
				}
			}
			if err := json.Unmarshal([]byte(answer), &parsed); code != 200 || err != nil || parsed.Kind != "AdmissionReview" {
				t.Fatalf("the answer is no review: %d %.300s", code, answer)
			}
			if parsed.Response.Allowed == nil || *parsed.Response.Allowed || parsed.Response.Status.Message == "" {
				t.Errorf("not denied with a reason: %.300s", answer)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		code, answer := w.post(t, client, "application/json", strings.Replace(good, `"web"`, `"`+strings.Repeat("w", 20<<20)+`"`, 1))
		if code == 200 && !strings.Contains(answer, `"allowed":false`) {
			t.Errorf("%d %.300s", code, answer)
		}
	})
	t.Run("another content type", func(t *testing.T) {
		if code, answer := w.post(t, client, "text/plain", good); code < 400 {
			t.Errorf("%d %.300s", code, answer)
		}
	})
	code, body = w.post(t, client, "application/json", good)
	if code != 200 || !strings.Contains(body, `"allowed":true`) {
		t.Errorf("afterwards a harmless Service: %d %s", code, body)
	}
	if err := w.webhook.Check(t.Context()); err != nil || w.webhook.Process().PID() != pid {
		t.Errorf("the webhook is not what it was: %v", err)
	}
}

func TestBothProgramsTellHowTheyAre(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 2)
	w.closedPolicy(t, namespace)
	w.denies(t, namespace, numbers(1))
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	w.ready(t, namespace, "web")
	w.count(t, name, "allocated", 1)

	for _, program := range []*programs.Program{w.operator, w.webhook} {
		for _, path := range []string{"/healthz", "/livez", "/readyz"} {
			if err := process.AnswersOK(t.Context(), nil, program.HealthURL+path); err != nil {
				t.Errorf("%s %s: %v", program.Name(), path, err)
			}
		}
		answer := must[*http.Response](t)(http.Get(program.HealthURL + "/nothing"))
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s /nothing: %s", program.Name(), answer.Status)
		}
	}
	atLeast := func(metrics programs.Metrics, least float64, metric string, labels ...string) {
		t.Helper()
		if sum, found := metrics.Sum(metric, labels...); found == 0 || sum < least {
			t.Errorf("%s %v is %v in %d samples, want at least %v", metric, labels, sum, found, least)
		}
	}
	var metrics programs.Metrics
	kube.Eventually(t, soon, "the metrics of the range", func(ctx context.Context) (err error) {
		if metrics, err = w.operator.Metrics(ctx); err != nil {
			return err
		}
		if sum, _ := metrics.Sum("berth_ports", `range="`+name+`"`, `state="allocated"`); sum != 1 {
			return fmt.Errorf("%v numbers allocated", sum)
		}
		return nil
	})
	atLeast(metrics, 1, "berth_ports", `range="`+name+`"`, `state="available"`, `space="NodePort"`)
	atLeast(metrics, 1, "berth_allocations_total")
	atLeast(metrics, 1, "berth_ledger_writes_total", `result="ok"`)
	atLeast(metrics, 1, "leader_election_master_status")
	atLeast(metrics, 1, "controller_runtime_reconcile_total", `result="success"`)
	atLeast(metrics, 1, "workqueue_adds_total")
	atLeast(metrics, 1, "rest_client_requests_total", `code="201"`)
	atLeast(metrics, 1, "process_resident_memory_bytes")

	metrics = must[programs.Metrics](t)(w.webhook.Metrics(t.Context()))
	atLeast(metrics, 1, "berth_admission_reviews_total", `decision="Deny"`, `allowed="false"`)
	atLeast(metrics, 1, "controller_runtime_webhook_requests_total", `code="200"`)
	atLeast(metrics, 1, "controller_runtime_webhook_latency_seconds_count")
	atLeast(metrics, float64(time.Now().Unix()), "berth_certificate_expiry_seconds")
	atLeast(metrics, 1, "process_resident_memory_bytes")
}

func TestTheOperatorGivesItsLeaseBackWhenItStops(t *testing.T) {
	w := connect(t)
	namespace := w.Namespace(t)
	name, _ := w.portRange(t, 1)
	began := time.Now()
	if err := w.operator.Stop(); err != nil {
		t.Error(err)
	}
	if err := w.operator.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.MustApply(t, namespace, allocation("web", name, anyPort))
	w.ready(t, namespace, "web")
	if took := time.Since(began); took > 10*time.Second { // the lease lasts 15 s
		t.Errorf("the next leader needed %s", took)
	}
	text := must[string](t)(w.operator.LogText())
	if !bytes.Contains([]byte(text), []byte("Stopped")) {
		t.Error("the log does not say that it stopped")
	}
}
