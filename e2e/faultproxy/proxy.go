package faultproxy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"berth.dev/e2e/process"
	"k8s.io/client-go/rest"
)

// mostBody is more than an API server accepts.
const mostBody = 16 << 20

// Proxy listens with TLS on a port of loopback and passes on what it gets.
type Proxy struct {
	upstream  string // https://HOST:PORT
	transport *http.Transport
	server    *http.Server
	address   string
	authority []byte // PEM, what clients must trust

	life context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	rules   []*Rule
	number  int
	writes  []*Write
	reads   map[string]int // by verb and resource
	watches map[*openWatch]bool
	changed chan struct{} // closed and replaced by each arrival and each answer
}

// Rule is what When has added.
type Rule struct {
	match  Match
	action Action

	mu   sync.Mutex
	seen int // requests that fit
	hits int // and that were taken
}

// Hits tells how many requests the rule has been applied to.
func (r *Rule) Hits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits
}

func (r *Rule) takes(request *Request) bool {
	if !r.match.Fits(request) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	if r.seen <= r.match.Skip || r.match.Times > 0 && r.hits >= r.match.Times {
		return false
	}
	r.hits++
	return true
}

// Start begins to listen. Of upstream only the address and the authority count: who asks says the client's
// own token, which is passed on.
func Start(upstream *rest.Config) (*Proxy, error) {
	upstream = rest.CopyConfig(upstream)
	if err := rest.LoadTLSFiles(upstream); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(upstream.CAData) {
		return nil, errors.New("the API server's authority is no certificate")
	}
	certificate, authority, err := newCertificate()
	if err != nil {
		return nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		upstream: upstream.Host,
		transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 64,
			DisableCompression:  true, // bytes pass as they are
		},
		address:   "https://" + listener.Addr().String(),
		authority: authority,
		reads:     map[string]int{},
		watches:   map[*openWatch]bool{},
		changed:   make(chan struct{}),
	}
	p.life, p.end = context.WithCancel(context.Background())
	p.server = &http.Server{
		Handler:           p,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1 only
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that are killed break off
	}
	go func() { _ = p.server.ServeTLS(listener, "", "") }()
	return p, nil
}

// Close ends all connections and whatever waits.
func (p *Proxy) Close() {
	p.end()
	_ = p.server.Close()
	p.transport.CloseIdleConnections()
}

// URL returns https://127.0.0.1:PORT.
func (p *Proxy) URL() string { return p.address }

// Config returns the same access by way of the proxy. It must be by a token: a certificate ends at the proxy.
func (p *Proxy) Config(account *rest.Config) (*rest.Config, error) {
	if account.BearerToken == "" {
		return nil, errors.New("access through the proxy needs a bearer token")
	}
	return &rest.Config{
		Host:            p.address,
		BearerToken:     account.BearerToken,
		TLSClientConfig: rest.TLSClientConfig{CAData: p.authority},
		QPS:             -1,
	}, nil
}

// When adds a rule behind those there are.
func (p *Proxy) When(match Match, action Action) *Rule {
	rule := &Rule{match: match, action: action}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, rule)
	return rule
}

// WhenFirst adds a rule in front of those there are.
func (p *Proxy) WhenFirst(match Match, action Action) *Rule {
	rule := &Rule{match: match, action: action}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append([]*Rule{rule}, p.rules...)
	return rule
}

// Remove takes rules away: requests that come later pass. What is held stays held.
func (p *Proxy) Remove(rules ...*Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []*Rule
	for _, rule := range p.rules {
		gone := false
		for _, one := range rules {
			gone = gone || rule == one
		}
		if !gone {
			left = append(left, rule)
		}
	}
	p.rules = left
}

// Clear takes all rules away.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// ServeHTTP passes one request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, incoming *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, incoming.Body, mostBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request := &Request{
		At:     time.Now(),
		Method: incoming.Method,
		Path:   incoming.URL.Path,
		Query:  incoming.URL.Query(),
		Header: incoming.Header.Clone(),
		Body:   body,
	}
	request.read()
	rules, write := p.arrived(request)

	// A request that has been received is on its way also when its sender dies. Only a watch ends with him.
	ctx, cancel := context.WithCancel(p.life)
	defer cancel()
	if request.Verb == "watch" {
		stop := context.AfterFunc(incoming.Context(), cancel)
		defer stop()
		watch := &openWatch{request, cancel}
		p.opened(watch)
		defer p.closed(watch)
	}
	send := func(request *Request) (*Answer, error) {
		answer, err := p.forward(ctx, request)
		if write != nil && err == nil {
			p.note(func() { write.Stored = answer.Status })
		}
		return answer, err
	}
	for i := len(rules) - 1; i >= 0; i-- {
		action, next := rules[i].action, send
		send = func(request *Request) (*Answer, error) { return action(ctx, request, next) }
	}
	answer, err := send(request)
	if err != nil {
		p.note(func() { write.end() })
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	p.reply(w, answer, write)
}

// forward asks the API server.
func (p *Proxy) forward(ctx context.Context, request *Request) (*Answer, error) {
	outgoing, err := http.NewRequestWithContext(ctx, request.Method, p.upstream+request.Path, reader(request.Body))
	if err != nil {
		return nil, err
	}
	outgoing.URL.RawQuery = request.Query.Encode()
	outgoing.Header = request.Header.Clone()
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		outgoing.Header.Del(name)
	}
	outgoing.ContentLength = int64(len(request.Body))
	response, err := p.transport.RoundTrip(outgoing)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Status: response.StatusCode, Header: response.Header}
	if request.Verb == "watch" && response.StatusCode == http.StatusOK {
		answer.Stream = response.Body
		return answer, nil
	}
	defer response.Body.Close()
	answer.Body, err = io.ReadAll(response.Body)
	return answer, err
}

// reply tells the client.
func (p *Proxy) reply(w http.ResponseWriter, answer *Answer, write *Write) {
	for name, values := range answer.Header {
		switch name {
		case "Connection", "Content-Length", "Transfer-Encoding":
			continue
		}
		w.Header()[name] = values
	}
	controller := http.NewResponseController(w)
	if answer.Stream != nil {
		defer answer.Stream.Close()
		w.WriteHeader(answer.Status)
		_ = controller.Flush()
		buffer := make([]byte, 64<<10)
		for {
			n, err := answer.Stream.Read(buffer)
			if _, failed := w.Write(buffer[:n]); failed != nil || controller.Flush() != nil {
				return
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(answer.Body)))
	w.WriteHeader(answer.Status)
	_, err := w.Write(answer.Body)
	if err == nil {
		err = controller.Flush()
	}
	p.note(func() {
		if err == nil && write != nil {
			write.Told = answer.Status
		}
		write.end()
	})
	for _, do := range answer.sent {
		do()
	}
}

// newCertificate makes one that is its own authority.
func newCertificate() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "faultproxy"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority, nil
}
