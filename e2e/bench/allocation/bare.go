package allocation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/story"
	"k8s.io/client-go/rest"
)

// The bare client's kinds are Berth's own schemas under another group, so that every write costs the API
// server the same and Berth does not see it.
const (
	berthGroup = "berth.dev"
	bareGroup  = "bare.bench"

	berthNamespaces = "berth"
	peerNamespaces  = "bare"
)

// bareClient talks HTTP/1.1 as fast as it can: texts in, texts out, no limit of its own. It is a service
// account like Berth, so that authorization and flow control treat both alike.
type bareClient struct {
	http  *http.Client
	host  string
	token string
}

func (s *site) newBareClient(ctx context.Context) (*bareClient, error) {
	const account = "bare"
	_, err := s.admin.ApplyYAML(ctx, fmt.Sprintf(`
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
	config, err := story.Access(ctx, s.admin, account, 4*time.Hour)
	if err != nil {
		return nil, err
	}
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	return &bareClient{
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig: tls, MaxIdleConnsPerHost: 128, DisableCompression: true}},
		host:  config.Host,
		token: config.BearerToken,
	}, nil
}

func (s *site) installBareKinds(ctx context.Context) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	for _, plural := range []string{"portallocations", "portledgers"} {
		definitions, err := kube.ParsePath(filepath.Join(root, "crds", berthGroup+"_"+plural+".yaml"))
		if err != nil {
			return err
		}
		for _, definition := range definitions {
			text, err := definition.MarshalJSON()
			if err != nil {
				return err
			}
			// Short names belong to one group.
			text = bytes.ReplaceAll(text, []byte(berthGroup), []byte(bareGroup))
			text = bytes.ReplaceAll(text, []byte(`"shortNames":["`), []byte(`"shortNames":["bare`))
			if _, err := s.admin.ApplyYAML(ctx, string(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bareClient) open(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, b.host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return b.http.Do(request)
}

// do returns the body of a 2xx answer.
func (b *bareClient) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	response, err := b.open(ctx, method, path, body)
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

func (b *bareClient) post(ctx context.Context, path, body string) ([]byte, error) {
	return b.do(ctx, http.MethodPost, path, []byte(body))
}

// written is what the bare client needs of an answer.
type written struct {
	Metadata struct {
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
}

func (b *bareClient) write(ctx context.Context, method, path, body string) (written, error) {
	text, err := b.do(ctx, method, path, []byte(body))
	if err != nil {
		return written{}, err
	}
	var answer written
	return answer, json.Unmarshal(text, &answer)
}

// each calls work for 0 to n-1, so many at once, in order of their begin. The first error ends it.
func each(workers, n int, work func(i int) error) error {
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

func namespace(prefix string, i int) string { return fmt.Sprintf("%s-%03d", prefix, i) }

func namespaceText(name string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name)
}

// place is where the i-th of all allocations stands.
func (s *site) place(prefix string, i int) (ns, name string) {
	return namespace(prefix, i%s.Namespaces), fmt.Sprintf("app-%05d", i)
}

// allocationText is what a user applies, for the pods with that app label.
func allocationText(group, inRange, ns, name, app string) string {
	return fmt.Sprintf(`{"apiVersion":"%s/v1alpha1","kind":"PortAllocation","metadata":{"name":%q,"namespace":%q},`+
		`"spec":{"rangeName":%q,"selector":{"app":%q},"exposure":"External","ports":[{"name":"web","targetPort":8080}]}}`,
		group, name, ns, inRange, app)
}

func allocationPath(group, ns string, name ...string) string {
	path := "/apis/" + group + "/v1alpha1"
	if ns != "" {
		path += "/namespaces/" + ns
	}
	return strings.Join(append([]string{path, "portallocations"}, name...), "/")
}
