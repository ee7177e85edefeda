// Package bare is the least that a client of the API server can be: texts in, texts out, as fast as it can.
package bare

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	"k8s.io/client-go/rest"
)

// Client talks HTTP/1.1, without a limit of its own. It is a service account like Berth, so that authorization and
// flow control treat both alike.
type Client struct {
	http  *http.Client
	host  string
	token string
}

// New makes a service account that may do everything.
func New(ctx context.Context, admin *kube.Client) (*Client, error) {
	const account = "bare"
	_, err := admin.ApplyYAML(ctx, fmt.Sprintf(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: %[1]s, namespace: %[2]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: %[1]s, namespace: %[2]s}]
`, account, programs.Namespace))
	if err != nil {
		return nil, err
	}
	config, err := story.Access(ctx, admin, account, 4*time.Hour)
	if err != nil {
		return nil, err
	}
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	return &Client{
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig: tls, MaxIdleConnsPerHost: 128, DisableCompression: true}},
		host:  config.Host,
		token: config.BearerToken,
	}, nil
}

// Open begins a request, whatever its answer is.
func (c *Client) Open(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(request)
}

// Do returns the body of a 2xx answer.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	response, err := c.Open(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(text))
	}
	return text, nil
}

// Post creates an object.
func (c *Client) Post(ctx context.Context, path, body string) ([]byte, error) {
	return c.Do(ctx, http.MethodPost, path, []byte(body))
}

// List reads all pages and looks for nothing but the next.
func (c *Client) List(ctx context.Context, path string) (objects, bytes int, err error) {
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	next := ""
	for {
		page := path + join + "limit=500"
		if next != "" {
			page += "&continue=" + url.QueryEscape(next)
		}
		text, err := c.Do(ctx, http.MethodGet, page, nil)
		if err != nil {
			return 0, 0, err
		}
		bytes += len(text)
		objects += strings.Count(string(text), `"resourceVersion":`) - 1
		if next = continueToken(text); next == "" {
			return objects, bytes, nil
		}
	}
}

// continueToken finds the token of a page without reading its objects.
func continueToken(page []byte) string {
	text := string(page)
	const key = `"continue":"`
	at := strings.Index(text, key)
	if at < 0 {
		return ""
	}
	text = text[at+len(key):]
	return text[:strings.IndexByte(text, '"')]
}

// Each calls work for 0 to n-1, so many at once, in order of their begin. The first error ends it.
func Each(workers, n int, work func(i int) error) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		once  sync.Once
		first error
	)
	for range min(workers, n) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := work(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	group.Wait()
	return first
}
