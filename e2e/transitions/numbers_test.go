package transitions

import (
	"fmt"
	"slices"
	"strings"
)

// asked is a port of a spec, with the members of a count, a further protocol and the old number of a migration
// taken apart.
type asked struct {
	name, protocol string
	number         int    // asked for; 0: Berth chooses
	row            string // the port whose count, or whose two protocols, it is one of; "" if it stands alone
	index          int    // its place in the row
	twin           bool   // it is the further protocol
	old            bool   // it is the number that is migrated from
	block          string
}

// otherName is the name that a port had before it got a count, or lost it; "" if it cannot have had one.
func (a asked) otherName() string {
	switch {
	case a.old || a.index > 0 || a.twin:
		return ""
	case a.row != "" && a.row != a.name:
		return a.row
	}
	return a.name + "-0"
}

func text(fields map[string]any, name string) string {
	value, _ := fields[name].(string)
	return value
}

func whole(fields map[string]any, name string) int {
	value, _ := fields[name].(int64)
	return int(value)
}

func askedOf(spec map[string]any) []asked {
	var all []asked
	for _, port := range objects(spec["ports"]) {
		one := asked{name: text(port, "name"), protocol: text(port, "protocol"), number: whole(port, "port"), block: text(port, "block")}
		if one.protocol == "" {
			one.protocol = "TCP"
		}
		old := 0
		if migration, ok := port["migrateFrom"].(map[string]any); ok {
			old = whole(migration, "port")
		}
		if also := text(port, "alsoProtocol"); also != "" {
			one.row = one.name
			twin := one
			twin.name, twin.protocol, twin.twin = one.name+"-"+strings.ToLower(also), also, true
			all = append(all, twin)
			if old != 0 {
				twin.name, twin.number, twin.old = twin.name+"-old", old, true
				all = append(all, twin)
			}
		}
		count := whole(port, "count")
		for i := range max(count, 1) {
			member := one
			if count > 1 { // a count of one is no count
				member.name, member.row, member.index = fmt.Sprintf("%s-%d", one.name, i), one.name, i
				if one.number != 0 {
					member.number = one.number + i
				}
			}
			all = append(all, member)
			if old != 0 {
				member.name, member.number, member.old = member.name+"-old", old+i, true
				all = append(all, member)
			}
		}
	}
	return all
}

// placeOf tells which range a spec of a lane leads to, and whether to its block.
func placeOf(spec map[string]any, l lane) home {
	for _, one := range homes {
		if one.rangeName != nil && one.rangeName(l) == text(spec, "rangeName") || one.purpose != nil && one.purpose(l) == text(spec, "purpose") {
			return one
		}
	}
	panic(fmt.Sprintf("%v leads nowhere", spec))
}

// renumbering is an edit, as far as it is about numbers.
type renumbering struct {
	lane          lane
	was, place    home
	before, after []asked // before is empty where the allocation is created
	sameNode      bool
	had           map[string]int        // the numbers shown before it, by port
	taken         func(number int) bool // by somebody else, once
}

func (s *stage) renumbering(l lane, before, after map[string]any, had map[string]int) renumbering {
	e := newRenumbering(l, before, after, had)
	e.taken = func(number int) bool { return s.strangers.had(number, l) }
	return e
}

func newRenumbering(l lane, before, after map[string]any, had map[string]int) renumbering {
	e := renumbering{lane: l, place: placeOf(after, l), after: askedOf(after), had: had, taken: func(int) bool { return false }}
	if before != nil {
		e.was, e.before = placeOf(before, l), askedOf(before)
		e.sameNode = text(before, "nodeName") == text(after, "nodeName")
	}
	return e
}

// judge tells what is wrong with the numbers that an allocation shows after the edit, by the rules of the
// package.
func (e renumbering) judge(has map[string]int) error {
	taken := map[int]bool{e.reserved(): true}
	for _, numbers := range []map[string]int{e.had, has} {
		for _, number := range numbers {
			taken[number] = true
		}
	}
	for _, one := range e.after {
		if one.number != 0 {
			taken[one.number] = true
		}
	}
	if len(has) != len(e.after) {
		return fmt.Errorf("it shows %v and asks for %d", has, len(e.after))
	}
	for _, one := range e.after {
		number, found := has[one.name]
		if !found {
			return fmt.Errorf("port %s has no number", one.name)
		}
		kept, grown := e.keeps(one), e.grows(one)
		switch {
		case one.twin && !one.old && number != has[one.row]:
			return fmt.Errorf("port %s has %d, and %s with which it shares its number has %d", one.name, number, one.row, has[one.row])
		case one.number != 0:
			if number != one.number {
				return fmt.Errorf("port %s asks for %d and has %d", one.name, one.number, number)
			}
		case kept != 0:
			if number != kept {
				return fmt.Errorf("port %s had %d, its edit asks for nothing else, and has %d", one.name, kept, number)
			}
		case grown != 0:
			if number != grown {
				return fmt.Errorf("port %s goes on from what port %s had, with %d, and has %d", one.name, one.row, grown, number)
			}
		default:
			if err := e.judgeChoice(one, number, taken); err != nil {
				return err
			}
		}
	}
	return nil
}

// reserved is the number of the lane that nobody gets, 0 if there is none.
func (e renumbering) reserved() int {
	if e.place.place != "own" {
		return 0
	}
	return e.place.base(e.lane) + reservedAt
}

// keeps returns the number that a port had before and has to keep, or 0.
func (e renumbering) keeps(one asked) int {
	if e.was.place != e.place.place || e.place.place == "node" && !e.sameNode {
		return 0
	}
	for _, name := range []string{one.name, one.otherName()} {
		named := func(other asked) bool { return other.name == name }
		i := slices.IndexFunc(e.before, named)
		if i < 0 || name != one.name && slices.ContainsFunc(e.after, named) {
			continue
		}
		if e.place.space == "NodePort" || e.before[i].protocol == one.protocol {
			return e.had[name]
		}
	}
	return 0
}

// hadBy returns the number that the port of a name had, perhaps under the name it had without or with a count.
func (e renumbering) hadBy(name string) int {
	if number := e.had[name]; number != 0 {
		return number
	}
	for _, one := range e.after {
		if one.name == name {
			return e.had[one.otherName()]
		}
	}
	return 0
}

// grows returns the number that a port must get because another of its row keeps its own, or 0.
func (e renumbering) grows(one asked) int {
	if one.row == "" || one.old || one.number != 0 || e.keeps(one) != 0 {
		return 0
	}
	for _, other := range e.after {
		if kept := e.keeps(other); other.row == one.row && !other.old && kept != 0 {
			return kept - other.index + one.index
		}
	}
	return 0
}

// span is where the number of a port may lie that Berth chooses.
func (e renumbering) span(one asked) (first, last int) {
	base := e.place.base(e.lane)
	if e.place.inBlock || one.block == "b1" {
		return base + blockAt, base + askedAt - 1
	}
	return base, base + laneSize - 1
}

// judgeChoice: a number that Berth chose is the lowest there was, as far as it stands alone.
func (e renumbering) judgeChoice(one asked, number int, taken map[int]bool) error {
	first, last := e.span(one)
	if number < first || number > last || number == e.reserved() {
		return fmt.Errorf("port %s has %d, which is not one of %d-%d, or reserved", one.name, number, first, last)
	}
	for lower := first; lower < number && one.row == ""; lower++ {
		if !taken[lower] && (e.place.space != "NodePort" || !e.taken(lower)) {
			return fmt.Errorf("port %s has %d, and %d was free", one.name, number, lower)
		}
	}
	return nil
}

// waitsFor tells why an edit cannot be granted although a fresh allocation of its spec might be: a port asks
// for a number that another one of the same spec keeps, or a row that must go on from where it is finds the
// next number taken. Returned are the reasons that Allocated may have; none if it need not wait.
func (e renumbering) waitsFor() (why string, reasons []string) {
	if rival := e.rival(); rival != "" {
		return "port " + rival + " keeps the number that another one asks for", []string{"PortTaken", "PortRequestedTwice"}
	}
	for _, one := range e.after {
		if next := e.grows(one); next != 0 && !e.isLeft(one, next) {
			return fmt.Sprintf("port %s cannot go on with %d", one.row, next), []string{"CannotGrow"}
		}
	}
	return "", nil
}

// rival returns the port that keeps a number for which another port of the same spec asks; "" if there is
// none.
func (e renumbering) rival() string {
	for _, one := range e.after {
		for _, other := range e.after {
			wants, kept := one.number, e.keeps(other)
			if wants == 0 { // then it keeps what it had, perhaps shared under another protocol up to now
				wants = e.keeps(one)
			}
			// With another protocol they share the number, or it is two.
			if other.name != one.name && other.number == 0 && kept != 0 && kept == wants && one.protocol == other.protocol {
				return other.name
			}
		}
	}
	return ""
}

// isLeft tells whether a row may go on with a number: it is where the port may be, and no port that stays in
// the spec has it or asks for it.
func (e renumbering) isLeft(one asked, number int) bool {
	first, last := e.span(one)
	held := one.row != "" && e.place.space == "NodePort" && e.hadBy(one.row) == number // it only gets a further protocol
	if !held && (number < first || number > last || number == e.reserved()) {
		return false
	}
	for _, other := range e.after {
		// Under another protocol it is two numbers, or one that both share.
		twins := one.row != "" && one.row == other.row
		if other.name == one.name || other.protocol != one.protocol && (twins || e.place.space != "NodePort") {
			continue
		}
		if e.hadBy(other.name) == number || other.number == number {
			return false
		}
	}
	return true
}
