package allocation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"berth.dev/e2e/bench/bare"
	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
)

// The bare client's kinds are Berth's own schemas under another group, so that every write costs the API
// server the same and Berth does not see it.
const (
	berthGroup = "berth.dev"
	bareGroup  = "bare.bench"

	berthNamespaces = "berth"
	peerNamespaces  = "bare"
)

// bareClient is a bare client that knows the benches' kinds.
type bareClient struct{ *bare.Client }

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

// written is what the bare client needs of an answer.
type written struct {
	Metadata struct {
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
}

func (b *bareClient) write(ctx context.Context, method, path, body string) (written, error) {
	text, err := b.Do(ctx, method, path, []byte(body))
	if err != nil {
		return written{}, err
	}
	var answer written
	return answer, json.Unmarshal(text, &answer)
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
