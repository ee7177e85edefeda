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
	number         int // asked for; 0: Berth chooses
	grouped        bool
	shares         bool   // the number has to be free for a further protocol too
	with           *asked // whose number it has, under a further protocol
	block          string
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
			one.shares = true
			twin := one
			twin.name, twin.protocol, twin.with = one.name+"-"+strings.ToLower(also), also, &one
			all = append(all, twin)
			if old != 0 {
				twin.name, twin.number, twin.with = twin.name+"-old", old, nil
				all = append(all, twin)
			}
		}
		count := whole(port, "count")
		for i := range max(count, 1) {
			member := one
			if count > 1 { // a count of one is no count
				member.name, member.grouped = fmt.Sprintf("%s-%d", one.name, i), true
				if one.number != 0 {
					member.number = one.number + i
				}
			}
			all = append(all, member)
			if old != 0 {
				member.name, member.number = member.name+"-old", old+i
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

// judgeNumbers tells what is wrong with the numbers that an allocation shows after an edit, by the rules of
// the package.
func judgeNumbers(l lane, before, after map[string]any, had, has map[string]int) error {
	place, was := placeOf(after, l), home{}
	if before != nil {
		was = placeOf(before, l)
	}
	base := place.base(l)
	taken := map[int]bool{base + reservedAt: place.place == "own"}
	for _, numbers := range []map[string]int{had, has} {
		for _, number := range numbers {
			taken[number] = true
		}
	}
	list := askedOf(after)
	for _, one := range list {
		if one.number != 0 {
			taken[one.number] = true
		}
	}
	if len(has) != len(list) {
		return fmt.Errorf("it shows %v and asks for %d", has, len(list))
	}
	for _, one := range list {
		number, found := has[one.name]
		if !found {
			return fmt.Errorf("port %s has no number", one.name)
		}
		if one.number != 0 {
			if number != one.number {
				return fmt.Errorf("port %s asks for %d and has %d", one.name, one.number, number)
			}
			continue
		}
		if one.with != nil {
			if number != has[one.with.name] {
				return fmt.Errorf("port %s has %d, and %s with which it shares its number has %d", one.name, number, one.with.name, has[one.with.name])
			}
			continue
		}
		if number == keeps(one, before, place, was, had) {
			continue
		}
		if kept := keeps(one, before, place, was, had); kept != 0 {
			return fmt.Errorf("port %s had %d, its edit asks for nothing else, and has %d", one.name, kept, number)
		}
		if err := judgeChoice(one, place, base, number, taken); err != nil {
			return err
		}
	}
	return nil
}

// keeps returns the number that a port had before and has to keep, or 0.
func keeps(one asked, before map[string]any, place, was home, had map[string]int) int {
	if one.with != nil {
		return keeps(*one.with, before, place, was, had)
	}
	if before == nil || was.place != place.place || was.place == "node" {
		return 0
	}
	i := slices.IndexFunc(askedOf(before), func(other asked) bool { return other.name == one.name })
	if i < 0 || one.grouped {
		return 0
	}
	if old := askedOf(before)[i]; place.space != "NodePort" && old.protocol != one.protocol {
		return 0
	}
	return had[one.name]
}

// judgeChoice: a number that Berth chose is the lowest there was.
func judgeChoice(one asked, place home, base, number int, taken map[int]bool) error {
	first, last := base, base+laneSize-1
	if place.inBlock || one.block == "b1" {
		first, last = base+blockAt, base+askedAt-1
	}
	if number < first || number > last || place.place == "own" && number == base+reservedAt {
		return fmt.Errorf("port %s has %d, which is not one of %d-%d, or reserved", one.name, number, first, last)
	}
	for lower := first; lower < number && !one.grouped && !one.shares; lower++ {
		if !taken[lower] {
			return fmt.Errorf("port %s has %d, and %d was free", one.name, number, lower)
		}
	}
	return nil
}

// ownRival returns the port that keeps a number for which another port of the same spec asks; "" if there is
// none.
func ownRival(l lane, before, after map[string]any, had map[string]int) string {
	if before == nil {
		return ""
	}
	place, was := placeOf(after, l), placeOf(before, l)
	list := askedOf(after)
	for _, one := range list {
		for _, other := range list {
			wants, kept := one.number, keeps(other, before, place, was, had)
			if wants == 0 { // then it keeps what it had, perhaps shared under another protocol up to now
				wants = keeps(one, before, place, was, had)
			}
			// With another protocol they share the number, or it is two.
			if other.name != one.name && other.number == 0 && kept != 0 && kept == wants && one.protocol == other.protocol {
				return other.name
			}
		}
	}
	return ""
}
