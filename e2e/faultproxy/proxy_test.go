package faultproxy_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/e2e/faultproxy"
	"k8s.io/client-go/rest"
)

const patience = 10 * time.Second

// server is an API server as far as the proxy needs one: it remembers what it was asked.
type server struct {
	*httptest.Server
	answer http.HandlerFunc // nil: 200 and an object

	mu    sync.Mutex
	asked []string // METHOD URI BODY
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	w.Header().Set("Authorized-As", r.Header.Get("Authorization"))
	fmt.Fprint(w, `{"kind":"Thing","metadata":{"resourceVersion":"7"}}`)
}

func (s *server) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, "\n")
}

// start returns a server, a proxy before it and a client of the proxy.
func start(t *testing.T, answer http.HandlerFunc) (*server, *faultproxy.Proxy, *http.Client) {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	proxy, err := faultproxy.Start(&rest.Config{Host: s.URL, TLSClientConfig: rest.TLSClientConfig{CAData: authority}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	config, err := proxy.Config(&rest.Config{BearerToken: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return s, proxy, client
}

// ask sends a request and returns status and body; 0 when there was no answer.
func ask(t *testing.T, client *http.Client, proxy *faultproxy.Proxy, method, path, body string) (int, string, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, proxy.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%s %s: no answer and no end of the connection", method, path)
		}
		return 0, err.Error(), nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

const (
	ledger  = "/apis/berth.dev/v1alpha1/portledgers/nodeport-95"
	service = "/api/v1/namespaces/shop/services/web"
)

func TestWithoutRulesEverythingPassesAsItIs(t *testing.T) {
	s, proxy, client := start(t, nil)
	status, body, header := ask(t, client, proxy, "PUT", ledger+"?fieldManager=x%2Fy", `{"a": 1}`)
	if status != 200 || !strings.Contains(body, `"Thing"`) || header.Get("Authorized-As") != "Bearer secret" {
		t.Errorf("answered %d %s, as %q", status, body, header.Get("Authorized-As"))
	}
	if want := "PUT " + ledger + `?fieldManager=x%2Fy {"a": 1}`; s.log() != want {
		t.Errorf("asked\n%s\nwant\n%s", s.log(), want)
	}
}

func TestACertificateCannotPassThroughTheProxy(t *testing.T) {
	_, proxy, _ := start(t, nil)
	if _, err := proxy.Config(&rest.Config{TLSClientConfig: rest.TLSClientConfig{CertData: []byte("x")}}); err == nil {
		t.Error("a config without a token was accepted")
	}
}

func TestRequestsAreCalledAsTheAuditLogCallsThem(t *testing.T) {
	for _, test := range []struct{ method, path, body, want string }{
		{"GET", service, "", "get services shop/web"},
		{"GET", "/api/v1/services", "", "list services"},
		{"GET", "/api/v1/namespaces", "", "list namespaces"},
		{"GET", "/api/v1/namespaces/shop", "", "get namespaces shop"},
		{"GET", "/apis/berth.dev/v1alpha1/portallocations?watch=true", "", "watch portallocations"},
		{"POST", "/api/v1/namespaces/shop/services", `{"metadata":{"name":"web"}}`, "create services shop/web"},
		{"PUT", "/apis/berth.dev/v1alpha1/namespaces/shop/portallocations/web/status", "{}", "update portallocations/status shop/web"},
		{"PATCH", service, "{}", "patch services shop/web"},
		{"DELETE", service, "", "delete services shop/web"},
		{"DELETE", "/api/v1/namespaces/shop/services", "", "deletecollection services shop/"},
		{"GET", "/readyz", "", "GET /readyz"},
	} {
		_, proxy, client := start(t, nil)
		var got string
		proxy.When(faultproxy.Match{Where: func(r *faultproxy.Request) bool { got = r.String(); return false }}, nil)
		ask(t, client, proxy, test.method, test.path, test.body)
		if got != test.want {
			t.Errorf("%s %s: %q, want %q", test.method, test.path, got, test.want)
		}
	}
}

func TestARuleTakesTheRequestsItIsMeantFor(t *testing.T) {
	for name, test := range map[string]struct {
		match faultproxy.Match
		want  string // statuses of GET service, PUT ledger, PUT ledger, PUT ledger
	}{
		"all":            {faultproxy.Match{}, "503 503 503 503"},
		"writes":         {faultproxy.Match{Where: faultproxy.Writes}, "200 503 503 503"},
		"verbs":          {faultproxy.Match{Verbs: "get list"}, "503 200 200 200"},
		"resource":       {faultproxy.Match{Resource: "portledgers"}, "200 503 503 503"},
		"name":           {faultproxy.Match{Name: "web"}, "503 200 200 200"},
		"namespace":      {faultproxy.Match{Namespace: "shop"}, "503 200 200 200"},
		"other name":     {faultproxy.Match{Namespace: "shop", Name: "api"}, "200 200 200 200"},
		"path":           {faultproxy.Match{Path: "/apis/"}, "200 503 503 503"},
		"the second":     {faultproxy.Match{Verbs: "update", Skip: 1, Times: 1}, "200 200 503 200"},
		"the first two":  {faultproxy.Match{Times: 2}, "503 503 200 200"},
		"all but one":    {faultproxy.Match{Skip: 1}, "200 503 503 503"},
		"no subresource": {faultproxy.Match{Resource: "portledgers/status"}, "200 200 200 200"},
	} {
		t.Run(name, func(t *testing.T) {
			_, proxy, client := start(t, nil)
			rule := proxy.When(test.match, faultproxy.Refuse(503, 0))
			var got []string
			for _, request := range [][2]string{{"GET", service}, {"PUT", ledger}, {"PUT", ledger}, {"PUT", ledger}} {
				status, _, _ := ask(t, client, proxy, request[0], request[1], "{}")
				got = append(got, fmt.Sprint(status))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
			if rule.Hits() != strings.Count(test.want, "503") {
				t.Errorf("%d hits", rule.Hits())
			}
		})
	}
}

func TestRefusalsLookLikeThoseOfAnAPIServer(t *testing.T) {
	s, proxy, client := start(t, nil)
	for _, test := range []struct {
		status     int
		retryAfter time.Duration
		want       string
	}{
		{409, 0, `"reason":"Conflict"`},
		{429, 2 * time.Second, "Too many requests, please try again later.\n"},
		{500, 0, `"reason":"InternalError"`},
		{503, 5 * time.Second, `"code":503`},
	} {
		rule := proxy.When(faultproxy.Match{}, faultproxy.Refuse(test.status, test.retryAfter))
		status, body, header := ask(t, client, proxy, "PUT", ledger, "{}")
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%d: answered %d %s", test.status, status, body)
		}
		retry := ""
		if test.retryAfter > 0 {
			retry = fmt.Sprint(test.retryAfter.Seconds())
		}
		if header.Get("Retry-After") != retry {
			t.Errorf("%d: Retry-After is %q", test.status, header.Get("Retry-After"))
		}
		proxy.Remove(rule)
	}
	if s.log() != "" {
		t.Errorf("the API server was asked %s", s.log())
	}
}

func TestEveryMomentOfAWriteIsTheOneItSays(t *testing.T) {
	for moment, want := range map[faultproxy.Moment]struct{ stored, told int }{
		faultproxy.BeforeSend:  {0, 0},
		faultproxy.BeforeReply: {200, 0},
		faultproxy.AfterReply:  {200, 200},
	} {
		t.Run(string(moment), func(t *testing.T) {
			s, proxy, client := start(t, nil)
			asked := make(chan string, 1)
			proxy.When(faultproxy.Match{Times: 1}, faultproxy.At(moment, func() { asked <- s.log() }))
			status, _, _ := ask(t, client, proxy, "PUT", ledger, "{}")
			if status != want.told {
				t.Errorf("the client was told %d, want %d", status, want.told)
			}
			if stored := <-asked != ""; stored != (want.stored != 0) {
				t.Errorf("stored: %v", stored)
			}
			writes := proxy.Writes()
			if len(writes) != 1 || writes[0].Stored != want.stored || writes[0].Told != want.told || writes[0].Ended.IsZero() {
				t.Errorf("recorded %+v", writes)
			}
			if status, _, _ = ask(t, client, proxy, "PUT", ledger, "{}"); status != 200 {
				t.Errorf("the next one was answered %d", status)
			}
		})
	}
}

func TestLostAnswersAreStoredAndLostRequestsAreNot(t *testing.T) {
	s, proxy, client := start(t, nil)
	proxy.When(faultproxy.Match{Verbs: "update"}, faultproxy.LoseAnswer())
	proxy.When(faultproxy.Match{Verbs: "delete"}, faultproxy.Lose())
	for _, method := range []string{"PUT", "DELETE"} {
		if status, _, _ := ask(t, client, proxy, method, ledger, "{}"); status != 0 {
			t.Errorf("%s was answered %d", method, status)
		}
	}
	if want := "PUT " + ledger + " {}"; s.log() != want {
		t.Errorf("asked\n%s\nwant\n%s", s.log(), want)
	}
}

func TestAHeldRequestIsSentWhenTheGateOpensThoughItsSenderHasGone(t *testing.T) {
	s, proxy, client := start(t, nil)
	gate := faultproxy.NewGate()
	proxy.When(faultproxy.Match{Verbs: "update"}, faultproxy.Hold(gate))
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		request, err := http.NewRequestWithContext(ctx, "PUT", proxy.URL()+ledger, strings.NewReader("{}"))
		if err == nil {
			_, err = client.Do(request)
		}
		done <- err
	}()
	<-gate.Reached()
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s.log() != "" {
		t.Fatalf("sent before the gate was open: %s", s.log())
	}
	gate.Open()
	await(t, proxy, func() bool { return s.log() == "PUT "+ledger+" {}" })
}

func TestAHeldAnswerComesWhenTheGateOpens(t *testing.T) {
	s, proxy, client := start(t, nil)
	gate := faultproxy.NewGate()
	proxy.When(faultproxy.Match{Verbs: "update"}, faultproxy.HoldAnswer(gate))
	go func() {
		<-gate.Reached()
		if s.log() == "" {
			t.Error("the answer is held, and nothing was sent")
		}
		gate.Open()
	}()
	if status, _, _ := ask(t, client, proxy, "PUT", ledger, "{}"); status != 200 {
		t.Errorf("answered %d", status)
	}
}

func TestADelayedAnswerTakesThatLong(t *testing.T) {
	_, proxy, client := start(t, nil)
	const delay = 50 * time.Millisecond
	proxy.When(faultproxy.Match{}, faultproxy.Delay(delay))
	began := time.Now()
	if status, _, _ := ask(t, client, proxy, "GET", ledger, ""); status != 200 || time.Since(began) < delay {
		t.Errorf("answered %d after %s", status, time.Since(began))
	}
}

func TestPreconditionsAreStrippedWhereTheyStand(t *testing.T) {
	for name, test := range map[string]struct {
		method, body string
		strip        []faultproxy.Precondition
		want         string
	}{
		"a DELETE's uid": {"DELETE", `{"kind":"DeleteOptions","preconditions":{"resourceVersion":"3","uid":"u"}}`,
			[]faultproxy.Precondition{faultproxy.UID}, `{"kind":"DeleteOptions","preconditions":{"resourceVersion":"3"}}`},
		"both of a DELETE": {"DELETE", `{"preconditions":{"resourceVersion":"3","uid":"u"}}`,
			[]faultproxy.Precondition{faultproxy.UID, faultproxy.Version}, `{"preconditions":{}}`},
		"both of a patch": {"PATCH", `{"metadata":{"resourceVersion":"3","uid":"u","labels":{"a":"b"}},"spec":{"n":10000000001}}`,
			[]faultproxy.Precondition{faultproxy.UID, faultproxy.Version}, `{"metadata":{"labels":{"a":"b"}},"spec":{"n":10000000001}}`},
		"a PUT's version becomes the newest": {"PUT", `{"metadata":{"resourceVersion":"3","uid":"u"}}`,
			[]faultproxy.Precondition{faultproxy.Version}, `{"metadata":{"resourceVersion":"7","uid":"u"}}`},
		"a status' version is that of the object": {"PUT /status", `{"metadata":{"resourceVersion":"3"}}`,
			[]faultproxy.Precondition{faultproxy.Version}, `{"metadata":{"resourceVersion":"7"}}`},
		"a DELETE without a body": {"DELETE", "", []faultproxy.Precondition{faultproxy.UID}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, proxy, client := start(t, nil)
			proxy.When(faultproxy.Match{}, faultproxy.Strip(test.strip...))
			method, subresource, _ := strings.Cut(test.method, " ")
			if status, body, _ := ask(t, client, proxy, method, service+subresource, test.body); status != 200 {
				t.Fatalf("answered %d %s", status, body)
			}
			asked := strings.Split(s.log(), "\n")
			if got, want := asked[len(asked)-1], strings.TrimSpace(method+" "+service+subresource+" "+test.want); got != want {
				t.Errorf("asked\n%s\nwant\n%s", got, want)
			}
			if len(asked) > 1 && asked[0] != "GET "+service {
				t.Errorf("read %s", asked[0])
			}
		})
	}
}

func TestFieldsBecomeWhatTheyAreOnTheServer(t *testing.T) {
	s, proxy, client := start(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"metadata":{"resourceVersion":"7"},"spec":{"fence":10000000001,"nextSeq":4,"entries":{}}}`)
	})
	proxy.When(faultproxy.Match{}, faultproxy.Newest("metadata.resourceVersion", "spec.fence", "spec.nextSeq", "spec.none"))
	ask(t, client, proxy, "PUT", ledger, `{"metadata":{"resourceVersion":"3"},"spec":{"fence":1,"nextSeq":5,"entries":{"1":"x"}}}`)
	want := "GET " + ledger + "\nPUT " + ledger + ` {"metadata":{"resourceVersion":"7"},"spec":{"entries":{"1":"x"},"fence":10000000001,"nextSeq":5}}`
	if s.log() != want {
		t.Errorf("asked\n%s\nwant\n%s", s.log(), want)
	}
}

func TestTheNewestVersionIsReadAgainWhenSomebodyWasFaster(t *testing.T) {
	version := 0
	_, proxy, client := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			version++
			fmt.Fprintf(w, `{"metadata":{"resourceVersion":"%d"}}`, version)
			return
		}
		if version < 3 {
			w.WriteHeader(http.StatusConflict)
		}
	})
	proxy.When(faultproxy.Match{}, faultproxy.Strip(faultproxy.Version))
	if status, _, _ := ask(t, client, proxy, "PUT", ledger, `{"metadata":{"resourceVersion":"0"}}`); status != 200 || version != 3 {
		t.Errorf("answered %d after %d reads", status, version)
	}
}

func TestReadsOfThePastAreListsOfThatRevision(t *testing.T) {
	s, proxy, client := start(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("fieldSelector"), "web") {
			fmt.Fprint(w, `{"kind":"ServiceList","apiVersion":"v1","items":[{"metadata":{"name":"web"}}]}`)
			return
		}
		fmt.Fprint(w, `{"kind":"ServiceList","apiVersion":"v1","items":[]}`)
	})
	proxy.When(faultproxy.Match{}, faultproxy.AsOf(42))
	if status, body, _ := ask(t, client, proxy, "GET", service, ""); status != 200 ||
		body != `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}}` {
		t.Errorf("get: %d %s", status, body)
	}
	if status, body, _ := ask(t, client, proxy, "GET", "/api/v1/namespaces/shop/services/api", ""); status != 404 ||
		!strings.Contains(body, `"reason":"NotFound"`) {
		t.Errorf("get of what was not there: %d %s", status, body)
	}
	ask(t, client, proxy, "GET", "/api/v1/services?limit=500", "")
	ask(t, client, proxy, "GET", "/api/v1/services?continue=x", "")
	ask(t, client, proxy, "PUT", service, "{}")
	want := `GET /api/v1/namespaces/shop/services?fieldSelector=metadata.name%3Dweb&resourceVersion=42&resourceVersionMatch=Exact
GET /api/v1/namespaces/shop/services?fieldSelector=metadata.name%3Dapi&resourceVersion=42&resourceVersionMatch=Exact
GET /api/v1/services?limit=500&resourceVersion=42&resourceVersionMatch=Exact
GET /api/v1/services?continue=x
PUT /api/v1/namespaces/shop/services/web {}`
	if s.log() != want {
		t.Errorf("asked\n%s\nwant\n%s", s.log(), want)
	}
}

func TestObjectsAreRewrittenWhereverTheyAreRead(t *testing.T) {
	_, proxy, client := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("watch") == "true":
			fmt.Fprintln(w, `{"type":"ADDED","object":{"n":1}}`)
		case strings.HasSuffix(r.URL.Path, "services"):
			fmt.Fprint(w, `{"items":[{"n":1},{"n":2}]}`)
		default:
			fmt.Fprint(w, `{"n":1}`)
		}
	})
	proxy.When(faultproxy.Match{}, faultproxy.Rewrite(func(object map[string]any) { object["n"] = 0 }))
	for path, want := range map[string]string{
		service:                       `{"n":0}`,
		"/api/v1/services":            `{"items":[{"n":0},{"n":0}]}`,
		"/api/v1/services?watch=true": `{"object":{"n":0},"type":"ADDED"}`,
	} {
		if _, body, _ := ask(t, client, proxy, "GET", path, ""); strings.TrimSpace(body) != want {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
}

func TestOneLeaseIsKeptInTheProxy(t *testing.T) {
	const leases = "/apis/coordination.k8s.io/v1/namespaces/system/leases"
	s, proxy, client := start(t, nil)
	proxy.When(faultproxy.Match{Resource: "leases"}, faultproxy.OwnLease(5))
	if status, _, _ := ask(t, client, proxy, "GET", leases+"/one", ""); status != 404 {
		t.Errorf("before it exists: %d", status)
	}
	made := `{"metadata":{"name":"one"},"spec":{"holderIdentity":"me","leaseTransitions":0}}`
	if status, _, _ := ask(t, client, proxy, "POST", leases, made); status != 200 {
		t.Errorf("create: %d", status)
	}
	var lease struct {
		Metadata struct{ ResourceVersion string }
		Spec     struct {
			HolderIdentity   string
			LeaseTransitions int
		}
	}
	_, body, _ := ask(t, client, proxy, "GET", leases+"/one", "")
	if err := json.Unmarshal([]byte(body), &lease); err != nil || lease.Spec.HolderIdentity != "me" ||
		lease.Spec.LeaseTransitions != 5 || lease.Metadata.ResourceVersion != "1" {
		t.Errorf("%s: %v", body, err)
	}
	if s.log() != "" {
		t.Errorf("the API server was asked %s", s.log())
	}
}
