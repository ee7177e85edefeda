package transitions

import (
	"fmt"
	"slices"
	"strings"
)

var (
	allocations = kind{"portallocations", with(nil), mendAllocation}
	ranges      = kind{"portranges", with(makers{"spec.ports": makeRangePorts}), mendRange}
	kinds       = []kind{allocations, ranges}
)

// home is where the numbers of an allocation come from.
type home struct {
	space     string
	rangeName func(l lane) string // "" if it is found by purpose
	purpose   func(l lane) string
	block     func(l lane) string // what every port writes; "" means that it may leave it out
	inBlock   bool                // the purpose is that of a block
	place     string              // the range behind it, the same for all homes that share it
	numbers   string              // which numbers of the lane, if not those of the space
}

func token(end string) func(lane) string { return func(l lane) string { return l.token + end } }
func share(prefix string) func(lane) string {
	return func(l lane) string { return l.share(prefix) }
}

var homes = []home{
	{space: "NodePort", rangeName: token(""), place: "own"},
	{space: "NodePort", rangeName: token(""), place: "own"},
	{space: "NodePort", purpose: token(""), place: "own"},
	{space: "NodePort", purpose: token("-b"), inBlock: true, place: "own"},
	{space: "Service", rangeName: share("svc"), block: token(""), place: "svc"},
	{space: "Service", purpose: token("-s"), place: "svc"},
	{space: "HostPort", rangeName: share("host"), block: token(""), place: "host"},
	{space: "HostPort", purpose: token("-h"), place: "host"},
	{space: "HostPort", rangeName: share("node"), block: token(""), place: "node", numbers: perNode},
}

func (h home) base(l lane) int {
	if h.numbers != "" {
		return l.base(h.numbers)
	}
	return l.base(h.space)
}

func (m *maker) home() home {
	var fit []home
	for _, one := range homes {
		ofNode := one.numbers == perNode
		switch {
		case ofNode && !m.has("spec.nodeName"):
		case m.must == "spec.nodeName" && !ofNode:
		case m.must == "spec.ports[].hostIP" && one.space != "HostPort":
		case m.musts("spec.service") && one.space == "HostPort":
		case m.must == "spec.rangeName" && one.rangeName == nil, m.must == "spec.purpose" && one.purpose == nil:
		case m.must == "spec.ports[].block" && one.rangeName == nil:
		case (m.must == "spec.ports[].port" || m.musts("spec.ports[].migrateFrom")) && one.inBlock:
		default:
			fit = append(fit, one)
		}
	}
	return fit[m.IntN(len(fit))]
}

// has tells whether the schema has a field.
func (m *maker) has(path string) bool {
	return slices.ContainsFunc(m.schema.leaves(), func(leaf string) bool { return leaf == path || strings.HasPrefix(leaf, path+".") })
}

// mendAllocation makes the fields of a PortAllocation fit each other, as the rules of its schema ask for, and
// keeps what the maker must show.
func mendAllocation(m *maker, spec map[string]any) {
	where := m.home()
	delete(spec, "rangeName")
	delete(spec, "purpose")
	if where.rangeName != nil {
		spec["rangeName"] = where.rangeName(m.lane)
	} else {
		spec["purpose"] = where.purpose(m.lane)
	}
	if where.place != "node" {
		delete(spec, "nodeName")
	} else {
		spec["nodeName"] = pick(m, "node-a", "node-b")
	}
	spec["selector"] = map[string]any{"app": pick(m, "web", "api")}
	if m.must == "spec.ports[].allowFrom[].network" || m.must == "spec.ports[].allowFrom[].cidr" || m.musts("spec.service.type") || m.musts("spec.service.loadBalancerClass") {
		spec["exposure"] = "External"
	}
	m.mendPorts(where, spec)
	for _, rule := range objects(spec["allowTo"]) {
		m.mendPeer(rule, "spec.allowTo[]")
		for _, port := range objects(rule["ports"]) {
			if end, ok := port["endPort"].(int64); ok && end < port["port"].(int64) {
				port["endPort"] = port["port"]
			}
		}
	}
	m.mendService(where, spec)
}

func (m *maker) mendPorts(where home, spec map[string]any) {
	slots := m.Perm((oldAt - askedAt) / 2)
	var kept []any
	names := map[string]bool{}
	migrated := false
	for i, port := range objects(spec["ports"]) {
		if names[port["name"].(string)] {
			continue
		}
		names[port["name"].(string)] = true
		delete(port, "block")
		if where.block != nil {
			port["block"] = where.block(m.lane)
		} else if where.rangeName != nil && (m.must == "spec.ports[].block" || m.IntN(4) == 0) {
			port["block"] = "b1"
			if m.must != "spec.ports[].port" {
				delete(port, "port")
			}
		}
		if port["port"] != nil && port["block"] == "b1" {
			delete(port, "block")
		}
		if port["port"] != nil {
			port["port"] = int64(where.base(m.lane) + askedAt + 2*slots[i])
		}
		if where.inBlock {
			delete(port, "port")
		}
		if migration, ok := port["migrateFrom"].(map[string]any); ok {
			if migrated || where.inBlock || port["block"] == "b1" {
				delete(port, "migrateFrom")
			} else {
				migration["port"] = int64(where.base(m.lane) + oldAt)
				migrated = true
			}
		}
		if port["health"] != nil { // is asked over HTTP
			delete(port, "protocol")
		}
		if port["alsoProtocol"] != nil {
			m.mendAlsoProtocol(port)
		}
		if port["count"] != nil || port["alsoProtocol"] != nil {
			port["targetPort"] = pick[any](m, int64(8080), int64(9090))
		}
		m.mendAllowFrom(spec, port)
		if where.space != "HostPort" {
			delete(port, "hostIP")
		} else if port["hostIP"] != nil {
			port["hostIP"] = pick(m, "192.0.2.10", "2001:db8::7")
			if exposureOf(spec, port) == "Localhost" {
				port["hostIP"] = "127.0.0.1" // what nobody outside the node reaches
			}
		}
		kept = append(kept, port)
	}
	spec["ports"] = kept
}

// A port has one of count and alsoProtocol, and not the same protocol twice.
func (m *maker) mendAlsoProtocol(port map[string]any) {
	if m.must == "spec.ports[].count" {
		delete(port, "alsoProtocol")
		return
	}
	delete(port, "count")
	protocol := text(port, "protocol")
	if protocol == "" {
		protocol = "TCP"
	}
	if port["alsoProtocol"] == protocol {
		port["alsoProtocol"] = map[string]string{"TCP": "UDP", "UDP": "SCTP", "SCTP": "TCP"}[protocol]
	}
}

func exposureOf(spec, port map[string]any) string {
	for _, one := range []map[string]any{port, spec} {
		if text, ok := one["exposure"].(string); ok {
			return text
		}
	}
	return "Cluster"
}

func (m *maker) mendAllowFrom(spec, port map[string]any) {
	if m.musts("spec.ports[].allowFrom") {
		port["exposure"] = "External"
	}
	var kept []any
	for _, peer := range objects(port["allowFrom"]) {
		m.mendPeer(peer, "spec.ports[].allowFrom[]")
		pods := peer["podSelector"] != nil && len(peer) == 1
		addresses := peer["network"] != nil || peer["cidr"] != nil
		switch exposureOf(spec, port) {
		case "External":
			kept = append(kept, peer)
		case "Cluster":
			if !addresses {
				kept = append(kept, peer)
			}
		case "Namespace":
			if pods {
				kept = append(kept, peer)
			}
		}
	}
	delete(port, "allowFrom")
	if kept != nil {
		port["allowFrom"] = kept
	}
}

// mendPeer leaves one kind of peer in an entry.
func (m *maker) mendPeer(peer map[string]any, path string) {
	var sorts [][]string
	for _, sort := range [][]string{{"network"}, {"cidr"}, {"namespace", "podSelector"}, {"namespaceSelector", "podSelector"}, {"podSelector"}} {
		if peer[sort[0]] == nil {
			continue
		}
		sorts = append(sorts, sort)
		for _, field := range sort {
			if m.musts(path + "." + field) {
				sorts = [][]string{sort}
			}
		}
		if len(sorts) == 1 && m.musts(path+"."+sorts[0][0]) {
			break
		}
	}
	if sorts == nil {
		sorts = [][]string{{"cidr"}}
		peer["cidr"] = "10.20.0.0/16"
	}
	chosen := sorts[m.IntN(len(sorts))]
	for _, field := range []string{"network", "cidr", "namespace", "namespaceSelector", "podSelector"} {
		if !slices.Contains(chosen, field) {
			delete(peer, field)
		}
	}
	for _, field := range []string{"namespaceSelector", "podSelector"} {
		if selector, ok := peer[field].(map[string]any); ok {
			mendSelector(selector)
		}
	}
}

func mendSelector(selector map[string]any) {
	for _, expression := range objects(selector["matchExpressions"]) {
		switch expression["operator"] {
		case "In", "NotIn":
			if expression["values"] == nil {
				expression["values"] = []any{"a"}
			}
		default:
			delete(expression, "values")
		}
	}
}

func (m *maker) mendService(where home, spec map[string]any) {
	service, ok := spec["service"].(map[string]any)
	if !ok {
		return
	}
	if where.space == "HostPort" {
		delete(spec, "service")
		return
	}
	if m.musts("spec.service.loadBalancerClass") {
		service["type"] = "LoadBalancer"
	}
	if service["loadBalancerClass"] != nil && service["type"] != nil && service["type"] != "LoadBalancer" {
		delete(service, "loadBalancerClass")
	}
	external := slices.ContainsFunc(objects(spec["ports"]), func(port map[string]any) bool { return exposureOf(spec, port) == "External" })
	if (service["type"] == "NodePort" || service["type"] == "LoadBalancer") && !external {
		delete(service, "type")
		if m.musts("spec.service.type") || m.musts("spec.service.loadBalancerClass") {
			objects(spec["ports"])[0]["exposure"] = "External"
			service["type"] = "LoadBalancer"
		}
	}
}

func makeRangePorts(m *maker) any {
	base := m.lane.base(m.space)
	at := func(first, last int) string { return fmt.Sprintf("%d-%d", base+first, base+last) }
	return pick(m, []any{at(0, laneSize-1)}, []any{at(0, 9), at(12, 20)}, []any{at(2, 7), fmt.Sprint(base + 22)}, []any{at(4, 15)})
}

// mendRange gives blocks and reserved numbers places inside the range that do not overlap.
func mendRange(m *maker, spec map[string]any) {
	base := m.lane.base(m.space)
	if m.musts("spec.blocks") || m.musts("spec.reserved") {
		spec["ports"] = []any{fmt.Sprintf("%d-%d", base, base+laneSize-1)}
	}
	free := placesOf(spec["ports"].([]any))
	lowest := free[0]
	place := func() (first, last int, ok bool) { // two numbers in a row
		for i := 0; i+1 < len(free); i++ {
			if free[i+1] == free[i]+1 {
				first, last = free[i], free[i+1]
				free = slices.Delete(free, i, i+2)
				return first, last, true
			}
		}
		return 0, 0, false
	}
	var blocks, reserved []any
	for i, block := range objects(spec["blocks"]) {
		first, last, ok := place()
		if !ok {
			break
		}
		block["name"] = fmt.Sprintf("block%d", i)
		block["ports"] = []any{fmt.Sprintf("%d-%d", first, last)}
		if m.IntN(2) == 0 {
			block["ports"] = []any{fmt.Sprintf("+%d-+%d", first-lowest, last-lowest)}
		}
		if block["purpose"] != nil {
			block["purpose"] = fmt.Sprintf("%s-b%d", m.lane.token, i)
		}
		blocks = append(blocks, block)
	}
	for _, one := range objects(spec["reserved"]) {
		if first, last, ok := place(); ok {
			one["ports"] = []any{fmt.Sprintf("%d-%d", first, last)}
			reserved = append(reserved, one)
		}
	}
	for name, list := range map[string][]any{"blocks": blocks, "reserved": reserved} {
		delete(spec, name)
		if list != nil {
			spec[name] = list
		}
	}
	if spec["reuseAfter"] == nil {
		spec["reuseAfter"] = "0s" // its default would keep the numbers from the next edit for two minutes
	}
	if m.space != "HostPort" {
		delete(spec, "perNode")
	}
	if selector, ok := spec["namespaceSelector"].(map[string]any); ok {
		mendSelector(selector)
	}
}

// placesOf lists the numbers of spans.
func placesOf(spans []any) []int {
	var numbers []int
	for _, one := range spans {
		var first, last int
		if count, _ := fmt.Sscanf(one.(string), "%d-%d", &first, &last); count < 2 {
			last = first
		}
		for number := first; number <= last; number++ {
			numbers = append(numbers, number)
		}
	}
	return numbers
}
