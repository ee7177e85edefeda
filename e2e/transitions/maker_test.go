package transitions

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// lane is what one object under test has for itself: a namespace, a range, numbers. Everything that it names
// bears its token and nothing else does.
type lane struct {
	token string
	slot  int
}

const (
	laneSize  = 24 // numbers of a lane in each space
	shareSize = 32 // lanes that share a range of the other spaces, with a block for each

	// What the numbers of a lane are for, counted from its first.
	reservedAt = 3
	blockAt    = 8
	askedAt    = 16
	oldAt      = 22
)

// Where the numbers of all lanes begin: in each space, and of host ports that are per node.
var firstOf = map[string]int{"NodePort": 24000, "Service": 33000, "HostPort": 43000, perNode: 53000}

const perNode = "HostPort per node"

func (l lane) base(numbers string) int { return firstOf[numbers] + l.slot*laneSize }

func (l lane) share(prefix string) string { return fmt.Sprintf("%s%03d", prefix, l.slot/shareSize) }

// makers make a value of a field, by the path of the field or the end of it (beginning with "*").
type makers map[string]func(m *maker) any

func (all makers) find(path string) func(m *maker) any {
	if found := all[path]; found != nil {
		return found
	}
	for end, found := range all {
		if tail, ok := strings.CutPrefix(end, "*"); ok && strings.HasSuffix(path, tail) {
			return found
		}
	}
	return nil
}

// kind is a kind under test.
type kind struct {
	plural string
	makers makers
	mend   func(m *maker, spec map[string]any) // makes what the rules between fields ask for
}

// maker makes specs at random.
type maker struct {
	*rand.Rand
	kind   kind
	schema node
	lane   lane
	must   string // the path of a leaf that has to be there
	space  string // of a PortRange
}

func newMaker(seed uint64, kind kind, schema node, own lane) *maker {
	return &maker{Rand: rand.New(rand.NewPCG(seed, uint64(own.slot))), kind: kind, schema: schema, lane: own}
}

// spec makes a valid spec in which the leaf is written.
func (m *maker) spec(leaf string) map[string]any {
	m.must = leaf
	spec := m.value(m.schema).(map[string]any)
	m.kind.mend(m, spec)
	return spec
}

// musts tells whether something at or below a path has to be there.
func (m *maker) musts(path string) bool {
	rest, ok := strings.CutPrefix(m.must, path)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], ".[{"))
}

func (m *maker) value(n node) any {
	const mostItems = 3
	if found := m.kind.makers.find(n.path); found != nil {
		return found(m)
	}
	if properties := n.properties(); len(properties) > 0 {
		object := map[string]any{}
		for _, property := range properties {
			if n.requires(property.name()) || m.musts(property.path) || m.Float64() < 0.35 {
				object[property.name()] = m.value(property)
			}
		}
		return object
	}
	if values, ok := n.values(); ok {
		object := map[string]any{}
		for range 1 + m.IntN(2) {
			object[pick(m, "app", "tier", "example.org/team")] = m.value(values)
		}
		return object
	}
	if items, ok := n.items(); ok {
		var list []any
		for range 1 + m.IntN(mostItems) {
			list = append(list, m.value(items))
		}
		return list
	}
	if choices, ok := n.schema["enum"].([]any); ok {
		return choices[m.IntN(len(choices))]
	}
	if n.schema["type"] == "boolean" {
		return m.IntN(2) == 0
	}
	panic(fmt.Sprintf("%s has no generator", n.path))
}

func pick[T any](m *maker, choices ...T) T { return choices[m.IntN(len(choices))] }

func one[T any](choices ...T) func(*maker) any {
	return func(m *maker) any { return choices[m.IntN(len(choices))] }
}

// Values of both kinds.
var shared = makers{
	"*.description":                      one("what it is for", "words for people, with \"quotes\" and ünïcode"),
	"*Selector.matchLabels{}":            one("a", "b"),
	"*.matchExpressions[].key":           one("team", "app", "example.org/tier"),
	"*.matchExpressions[].values[]":      one("a", "b", "c"),
	"*Selector.matchLabels":              func(m *maker) any { return map[string]any{pick(m, "team", "app"): pick(m, "a", "b")} },
	"spec.limits.perNamespace":           one[any](int64(1), int64(3), int64(20)),
	"spec.allowTo[].ports[].port":        one[any](int64(443), int64(5353), int64(8080)),
	"spec.allowTo[].ports[].endPort":     one[any](int64(9000), int64(9090)),
	"spec.ports[].health.path":           one("/healthz", "/ready?full=1"),
	"spec.ports[].allowFrom[].network":   one("admins", "offices"),
	"*[].cidr":                           one("10.20.0.0/16", "192.0.2.7/32", "2001:db8::/32"),
	"*[].namespace":                      one("default", "kube-system"),
	"spec.service.annotations{}":         one("30s", ""),
	"spec.service.loadBalancerClass":     one("example.org/internal", "example.org/edge"),
	"spec.selector{}":                    one("web", "api"),
	"spec.nodeName":                      one("node-a", "node-b"),
	"spec.stickyFor":                     one("10m", "1h"),
	"spec.configMap.name":                one("numbers", "ports"),
	"spec.ports[].hostIP":                one("192.0.2.10", "127.0.0.1"),
	"spec.ports[].count":                 one[any](int64(1), int64(2)),
	"spec.ports[].alsoProtocol":          one("TCP", "UDP", "SCTP"),
	"spec.ports[].migrateFrom.port":      func(m *maker) any { return int64(0) }, // mend knows the space
	"spec.ports[].migrateFrom.until":     one("2031-01-01T00:00:00Z"),
	"spec.ports[].port":                  func(m *maker) any { return int64(0) }, // mend knows the space
	"spec.ports[].targetPort":            one[any](int64(8080), int64(9090), "http", "grpc"),
	"spec.ports[].name":                  one("api", "web", "dns", "x1"),
	"spec.ports[].block":                 one("b1"),
	"spec.rangeName":                     func(m *maker) any { return m.lane.token },
	"spec.purpose":                       func(m *maker) any { return m.lane.token },
	"spec.reserved[].reason":             one("threat intelligence", "later"),
	"spec.reuseAfter":                    one("0s", "1s", "0h0m1s"),
	"spec.blocks[].purpose":              one(""), // mend gives each its own
	"spec.blocks[].name":                 one(""),
	"spec.blocks[].ports":                func(m *maker) any { return []any{} },
	"spec.reserved[].ports":              func(m *maker) any { return []any{} },
	"spec.space":                         func(m *maker) any { return m.space },
	"spec.namespaceSelector.matchLabels": func(m *maker) any { return map[string]any{"team": pick(m, "a", "a", "b")} },
}

// with returns the makers that a kind has beside, or instead of, the shared ones.
func with(own makers) makers {
	all := makers{}
	for path, make := range shared {
		all[path] = make
	}
	for path, make := range own {
		all[path] = make
	}
	return all
}

func objects(list any) []map[string]any {
	items, _ := list.([]any)
	var found []map[string]any
	for _, item := range items {
		found = append(found, item.(map[string]any))
	}
	return found
}
