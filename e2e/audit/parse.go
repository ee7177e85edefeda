package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Spaces of numbers, as PortRange.spec.space and PortLedger.spec.space write them.
const (
	nodePorts    = "NodePort"
	servicePorts = "Service"
	hostPorts    = "HostPort"
)

const (
	lowestPort  = 1
	highestPort = 65535
	shardSize   = 256
)

// Key is what has one owner at a time.
type Key struct {
	Space    string
	Number   int64
	Protocol string // "" in the space NodePort
	Node     string // "" unless the range is per node
}

func (k Key) String() string {
	text := fmt.Sprintf("%s %d", k.Space, k.Number)
	if k.Protocol != "" {
		text += "/" + k.Protocol
	}
	if k.Node != "" {
		text += " on " + k.Node
	}
	return text
}

func compareKeys(a, b Key) int { return strings.Compare(a.String(), b.String()) }

// parseKey reads a key of PortLedger.spec.entries: "24511", "443-TCP", "443-TCP@node".
func parseKey(space, text string) (Key, error) {
	rest, node, perNode := strings.Cut(text, "@")
	number, protocol, hasProtocol := strings.Cut(rest, "-")
	value, err := parsePort(number)
	switch {
	case err != nil:
		return Key{}, err
	case hasProtocol == (space == nodePorts):
		return Key{}, fmt.Errorf("%q is no key of the space %s", text, space)
	case hasProtocol && !slices.Contains([]string{"TCP", "UDP", "SCTP"}, protocol):
		return Key{}, fmt.Errorf("%q names no protocol", text)
	case perNode && (node == "" || space != hostPorts):
		return Key{}, fmt.Errorf("%q names a node wrongly", text)
	}
	return Key{space, value, protocol, node}, nil
}

func parsePort(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < lowestPort || value > highestPort || strconv.FormatInt(value, 10) != text {
		return 0, fmt.Errorf("%q is no port number", text)
	}
	return value, nil
}

// span is a run of numbers, both ends included.
type span struct{ first, last int64 }

func (s span) contains(number int64) bool { return s.first <= number && number <= s.last }

func contains(spans []span, number int64) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.contains(number) })
}

// parseSpans reads "443", "24500-24599", and what counts from base, "+10-+19".
func parseSpans(texts []string, base int64) ([]span, error) {
	var spans []span
	for _, text := range texts {
		first, last, isSpan := strings.Cut(text, "-")
		if !isSpan {
			last = first
		}
		var ends [2]int64
		for i, end := range []string{first, last} {
			offset, relative := strings.CutPrefix(end, "+")
			value, err := strconv.ParseInt(offset, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			if relative {
				value += base
			}
			if value < lowestPort || value > highestPort {
				return nil, fmt.Errorf("%q reaches beyond the port numbers", text)
			}
			ends[i] = value
		}
		if ends[0] > ends[1] {
			return nil, fmt.Errorf("%q is the wrong way round", text)
		}
		spans = append(spans, span{ends[0], ends[1]})
	}
	return spans, nil
}

// Entry is an entry of a ledger.
type Entry struct {
	Key             Key
	Held            bool   // or resting
	Owner, UID      string // Owner is NAMESPACE/NAME
	Slots           []string
	Sequence, Since int64
	Range           string
	More            map[string]string // tokens behind the fields that every entry has
}

const (
	entryVersion = "1"
	entryFields  = 8
)

// parseEntry reads "1 held mesh/api-gateway UID api/TCP,dns/UDP 17 1763700000 mesh", perhaps with tokens
// name=value behind it.
func parseEntry(space, key, text string) (Entry, error) {
	fields := strings.Split(text, " ")
	if len(fields) < entryFields || fields[0] != entryVersion {
		return Entry{}, fmt.Errorf("%q is no entry", text)
	}
	entry := Entry{Held: fields[1] == "held", Owner: fields[2], UID: fields[3], Slots: strings.Split(fields[4], ","),
		Range: fields[7], More: map[string]string{}}
	var err error
	if entry.Key, err = parseKey(space, key); err != nil {
		return Entry{}, err
	}
	if entry.Sequence, err = strconv.ParseInt(fields[5], 10, 64); err != nil {
		return Entry{}, fmt.Errorf("%q: %w", text, err)
	}
	if entry.Since, err = strconv.ParseInt(fields[6], 10, 64); err != nil {
		return Entry{}, fmt.Errorf("%q: %w", text, err)
	}
	if !entry.Held && fields[1] != "resting" || entry.UID == "" || !strings.Contains(entry.Owner, "/") {
		return Entry{}, fmt.Errorf("%q is neither held nor resting, or nobody's", text)
	}
	for _, token := range fields[entryFields:] {
		name, value, ok := strings.Cut(token, "=")
		if !ok || name == "" {
			return Entry{}, fmt.Errorf("%q ends in %q, which is no name=value", text, token)
		}
		entry.More[name] = value
	}
	return entry, nil
}

// namespace of the owner.
func (e Entry) namespace() string {
	namespace, _, _ := strings.Cut(e.Owner, "/")
	return namespace
}

// serves tells whether a slot of the entry, NAME/PROTOCOL, has this name.
func (e Entry) serves(name string) bool {
	return slices.ContainsFunc(e.Slots, func(slot string) bool {
		port, _, _ := strings.Cut(slot, "/")
		return port == name
	})
}

// sameHolder tells whether both entries say the same about who has the number.
func (e Entry) sameHolder(other Entry) bool {
	return e.UID == other.UID && e.Held == other.Held && slices.Equal(e.Slots, other.Slots) && e.Range == other.Range
}
