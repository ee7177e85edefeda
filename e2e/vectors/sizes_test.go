package vectors

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// list makes n items.
func list(n int, item func(i int) any) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = item(i)
	}
	return items
}

func text(n int) string { return strings.Repeat("x", n) }

// largestSelector fills a label selector as far as its bounds allow.
func largestSelector(expressions, values int) map[string]any {
	labels := map[string]any{}
	for i := range 16 {
		labels[fmt.Sprintf("example.org/key-%d", i)] = text(30)
	}
	return map[string]any{
		"matchLabels": labels,
		"matchExpressions": list(expressions, func(i int) any {
			return map[string]any{"key": fmt.Sprintf("key-%d", i), "operator": "In",
				"values": list(values, func(i int) any { return fmt.Sprintf("%02d%s", i, text(20)) })}
		}),
	}
}

func largestRange(blocks int) map[string]any {
	return map[string]any{
		"space": "NodePort",
		"ports": list(32, func(i int) any { return fmt.Sprintf("%d-%d", 1000+i*2000, 1000+i*2000+1799) }),
		"blocks": list(blocks, func(i int) any {
			return map[string]any{"name": fmt.Sprintf("block-%d", i), "ports": list(4, func(j int) any {
				return fmt.Sprintf("+%d-+%d", i%32*2000+i/32*50+j*100, i%32*2000+i/32*50+j*100+40)
			})}
		}),
		"reserved": list(64, func(i int) any {
			return map[string]any{"reason": text(200), "ports": list(8, func(j int) any {
				return fmt.Sprint(1000 + i/2*2000 + i%2*900 + j)
			})}
		}),
		"namespaceSelector": largestSelector(16, 32),
	}
}

func largestAllocation(ports int) map[string]any {
	return map[string]any{
		"rangeName": "mesh",
		"selector":  map[string]any{"app": "web"},
		"exposure":  "External",
		"ports": list(ports, func(i int) any {
			return map[string]any{"name": fmt.Sprintf("port-%d", i), "targetPort": int64(1000 + i), "port": int64(2000 + i),
				"allowFrom": list(16, func(j int) any {
					if j < 3 {
						return map[string]any{"namespaceSelector": largestSelector(6, 16), "podSelector": largestSelector(6, 16)}
					}
					return map[string]any{"cidr": fmt.Sprintf("10.%d.%d.0/24", i, j)}
				})}
		}),
		"allowTo": list(32, func(i int) any {
			return map[string]any{"cidr": fmt.Sprintf("10.%d.0.0/16", i), "ports": list(32, func(j int) any {
				return map[string]any{"port": int64(1000 + j), "endPort": int64(2000 + j)}
			})}
		}),
	}
}

func largestPolicy(ports int) map[string]any {
	networks := list(64, func(i int) any {
		return map[string]any{"name": fmt.Sprintf("%s-%02d", text(60), i),
			"cidrs": list(64, func(j int) any { return fmt.Sprintf("10.%d.%d.0/24", i, j) })}
	})
	names := list(16, func(i int) any { return fmt.Sprintf("%s-%02d", text(60), 63-i) })
	return map[string]any{
		"networks": networks,
		"external": list(ports, func(i int) any { return map[string]any{"port": int64(i + 1), "from": names, "shownOn": names} }),
		"outbound": list(256, func(i int) any { return map[string]any{"port": int64(i + 1), "to": names} }),
		"internal": list(256, func(i int) any {
			if i%2 == 0 {
				return map[string]any{"port": int64(1000 + i)}
			}
			return map[string]any{"ports": list(16, func(j int) any { return fmt.Sprintf("%d-%d", 2000+100*j, 2050+100*j) })}
		}),
		"exceptions": list(128, func(int) any {
			return map[string]any{"namespace": "data", "workload": map[string]any{"kind": "StatefulSet", "name": text(200)},
				"port": int64(5432), "via": []any{"LoadBalancer"}, "owner": text(100), "reason": text(500),
				"expiresAt": "2027-01-31T00:00:00Z"}
		}),
		"namespaceSelector": largestSelector(16, 32),
	}
}

func largestLedger(space string, entries, length int) map[string]any {
	held := map[string]any{}
	for i := range entries {
		held[fmt.Sprint(24320+i)] = text(length)
	}
	return map[string]any{"space": space, "shard": int64(95), "entries": held}
}

// The rules cost something at run time too: an object as large as the bounds allow must still be judged.
func TestBoundsAreWhatTheRulesCanBear(t *testing.T) {
	s := connect(t)
	cases := []struct {
		name, kind string
		spec       map[string]any
		refusal    string
	}{
		{"range", "PortRange", largestRange(32), ""},
		{"range with a block too many", "PortRange", largestRange(33), "must have at most 32 items"},
		{"allocation", "PortAllocation", largestAllocation(32), ""},
		{"allocation with a port too many", "PortAllocation", largestAllocation(33), "must have at most 32 items"},
		{"policy", "ExposurePolicy", largestPolicy(256), ""},
		{"policy with a port too many", "ExposurePolicy", largestPolicy(257), "must have at most 256 items"},
		{"ledger of node ports", "PortLedger", largestLedger("NodePort", 256, 512), ""},
		{"ledger of ports per protocol", "PortLedger", largestLedger("Service", 1024, 512), ""},
		{"ledger of host ports per node", "PortLedger", largestLedger("HostPort", 4096, 120), ""},
		{"ledger with an entry too many", "PortLedger", largestLedger("HostPort", 4097, 20), "must have at most 4096 items"},
		{"ledger with an entry that is too long", "PortLedger", largestLedger("Service", 1, 513), "may not be more than 512 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			object := vector{kind: c.kind}.object(c.spec, s.namespace)
			_, err := s.dryRun(t, object)
			if c.refusal == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			expectRefusal(t, err, c.refusal)
		})
	}
}

func expectRefusal(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatal("the API server accepted it")
	}
	for _, cause := range causes(t, err) {
		if strings.Contains(cause.Message, text) {
			return
		}
	}
	t.Fatalf("nothing is said like %q: %v", text, err)
}

// A misspelled field must not be lost in silence: with strict validation, as kubectl asks for, it is refused.
func TestAFieldThatDoesNotExistIsRefused(t *testing.T) {
	s := connect(t)
	for _, kind := range []string{"PortRange", "PortAllocation", "ExposurePolicy", "PortLedger"} {
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind,
			"metadata": map[string]any{"name": "misspelled"}, "spec": map[string]any{"reserveds": "x"}}}
		if kind == "PortAllocation" {
			object.SetNamespace(s.namespace)
		}
		_, err := s.dryRun(t, object)
		if err == nil || !strings.Contains(err.Error(), `unknown field "spec.reserveds"`) {
			t.Errorf("%s: got %v, want a refusal of the unknown field", kind, err)
		}
	}
}
