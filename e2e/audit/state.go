package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"berth.dev/e2e/cluster"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// use is an object that uses a key.
type use struct {
	by    string // "Service ns/name", "the status of ns/name", "Pod ns/name"
	owner string // UID of the allocation; of anybody else's object its own name
	ours  bool   // owner is an allocation
	claim bool   // the allocation says that the number is its own; not so a node port that nobody asked for
	open  bool   // a Service has it as node port; one behind a cluster IP may show the number without
	name  string // of the port
	since moment
}

// past are the versions of something that decisions depend on.
type past[T any] struct{ versions []version[T] }

type version[T any] struct {
	value T
	ended *moment // nil: it is in force
}

// put ends what is in force; value is what follows, nil if it was deleted.
func (p *past[T]) put(now moment, value *T) {
	if last := len(p.versions) - 1; last >= 0 && p.versions[last].ended == nil {
		p.versions[last].ended = &now
	}
	if value != nil {
		p.versions = append(p.versions, version[T]{*value, nil})
	}
}

// state is what is stored at one revision, with the indexes that the rules need.
type state struct {
	allocations map[string]*allocation // by UID
	services    map[string]*service    // by key in etcd
	pods        map[string]*pod
	generated   map[string]generated
	shards      map[string]*shard
	ranges      map[string]*past[*portRange] // by name
	namespaces  map[string]*past[labels.Set]

	byKey     map[string]string          // UID of the allocation by key in etcd
	entries   map[Key]Entry              // of all shards
	byOwner   map[string]map[Key]bool    // keys of entries by UID
	uses      map[Key]map[string]use     // by key in etcd and port
	usedBy    map[string][]usedKey       // by key in etcd
	ownedBy   map[string]map[string]bool // keys in etcd of Services, by UID of the owner
	adopters  map[string]map[string]bool // UIDs that name a Service in their status, by NAMESPACE/NAME
	nameOf    map[string]string          // NAMESPACE/NAME of every allocation there ever was, by UID
	stickyOf  map[string]bool            // UIDs that were ever sticky
	spaceOf   map[string]string          // space of every range there ever was
	perNodeOf map[string]bool
	marked    cluster.NodePortMarks
	unmarked  map[int64]bool // the API server has taken its mark from a Service that has the number
	marksSeen bool
	markTurns map[int64][]int64 // revisions at which a number was marked, unmarked, marked ...
}

type usedKey struct {
	key  Key
	port string
}

func newState() *state {
	return &state{
		allocations: map[string]*allocation{}, services: map[string]*service{}, pods: map[string]*pod{},
		generated: map[string]generated{}, shards: map[string]*shard{}, ranges: map[string]*past[*portRange]{},
		namespaces: map[string]*past[labels.Set]{}, byKey: map[string]string{}, entries: map[Key]Entry{},
		byOwner: map[string]map[Key]bool{}, uses: map[Key]map[string]use{}, usedBy: map[string][]usedKey{},
		ownedBy: map[string]map[string]bool{}, adopters: map[string]map[string]bool{}, nameOf: map[string]string{},
		stickyOf: map[string]bool{}, spaceOf: map[string]string{}, perNodeOf: map[string]bool{}, unmarked: map[int64]bool{}, markTurns: map[int64][]int64{},
	}
}

// rangeNow returns the PortRange as it is; nil if there is none.
func (s *state) rangeNow(name string) *portRange {
	versions := s.ranges[name]
	if versions == nil || len(versions.versions) == 0 {
		return nil
	}
	if last := versions.versions[len(versions.versions)-1]; last.ended == nil {
		return last.value
	}
	return nil
}

// ownerOf tells which allocation a Service publishes for: the one it was generated for, or the one whose
// status names it. A copy of a generated one under another name is its maker's.
func (s *state) ownerOf(one *service) (uid string, ours bool) {
	if one.owner != "" && s.generatedFor(one, one.owner) {
		return one.owner, true
	}
	if adopters := s.adopters[one.key]; len(adopters) > 0 {
		return slices.Min(slices.Collect(maps.Keys(adopters))), true
	}
	return "Service " + one.key + " " + one.uid, false
}

// generatedFor tells whether Berth has made the Service for the allocation; an adopted one it has not.
func (s *state) generatedFor(one *service, uid string) bool {
	name, known := s.nameOf[uid]
	return one.owner == uid && (!known || one.key == name || one.key == name+internalSuffix)
}

// resolve tells which key an allocation means when it shows a number: one that it holds, or else one in the
// space of its range.
func (s *state) resolve(uid string, number int64, protocol string) Key {
	space, node := s.spaceFor(uid)
	var found []Key
	for key := range s.byOwner[uid] {
		if key.Number == number && (key.Protocol == "" || key.Protocol == protocol) && s.entries[key].Held {
			found = append(found, key)
		}
	}
	slices.SortFunc(found, func(a, b Key) int {
		return cmp.Or(boolean(a.Space != space)-boolean(b.Space != space), boolean(a.Node != node)-boolean(b.Node != node), compareKeys(a, b))
	})
	switch {
	case len(found) > 0:
		return found[0]
	case space == nodePorts:
		return Key{Space: space, Number: number}
	}
	return Key{space, number, protocol, node}
}

func boolean(is bool) int {
	if is {
		return 1
	}
	return 0
}

// spaceFor tells the space, and the node, that an allocation takes its numbers from.
func (s *state) spaceFor(uid string) (space, node string) {
	name := ""
	if a := s.allocations[uid]; a != nil {
		if name = a.rangeName; name == "" {
			name = s.rangeOfPurpose(a.purpose)
		}
		if s.perNodeOf[name] {
			node = a.node
		}
	}
	if space = s.spaceOf[name]; space == "" {
		for _, key := range slices.SortedFunc(maps.Keys(s.byOwner[uid]), compareKeys) {
			return key.Space, key.Node
		}
		space = nodePorts
	}
	return space, node
}

// rangeOfPurpose returns the first range that carries a purpose, itself or in a block.
func (s *state) rangeOfPurpose(purpose string) string {
	for _, name := range slices.Sorted(maps.Keys(s.ranges)) {
		one := s.rangeNow(name)
		if one == nil || purpose == "" {
			continue
		}
		if spec, _, _ := unstructured.NestedString(one.object.Object, "spec", "purpose"); spec == purpose {
			return name
		}
		for _, block := range objectsAt(one.object, "spec", "blocks") {
			if text(block, "purpose") == purpose {
				return name
			}
		}
	}
	return ""
}

// shows tells whether an allocation shows a number: in its status, or by a Service.
func (s *state) shows(uid string, key Key) bool {
	for _, one := range s.uses[key] {
		if one.ours && one.owner == uid {
			return true
		}
	}
	return false
}

// applied is what a revision has changed.
type applied struct {
	owners map[string]bool // UIDs whose objects or entries changed
	keys   map[Key]bool    // keys whose uses or entries changed
	shards []shardChange
	before map[string]*allocation // what allocations were, by UID; nil: they were not
	errors []string
}

type shardChange struct {
	name    string
	old     *shard // nil: there was none
	fresh   *shard // empty if it was deleted
	deleted bool
}

// apply takes in the changes of one revision.
func (s *state) apply(now moment, changes []cluster.Change) applied {
	done := applied{owners: map[string]bool{}, keys: map[Key]bool{}, before: map[string]*allocation{}}
	var foreign []string
	for _, change := range changes {
		var object *unstructured.Unstructured
		if !change.Deleted() {
			var err error
			if object, err = change.Object(); err != nil {
				done.errors = append(done.errors, err.Error())
				continue
			}
		}
		foreign = append(foreign, s.take(now, change, object, &done)...)
	}
	for uid := range done.owners {
		if at := s.allocations[uid]; at != nil {
			foreign = append(foreign, allocationPrefix+at.name)
		}
		foreign = append(foreign, slices.Collect(maps.Keys(s.ownedBy[uid]))...)
	}
	for _, at := range foreign {
		s.recount(now, at, &done)
	}
	return done
}

// take stores one object and returns the keys in etcd of those whose uses must be counted anew.
func (s *state) take(now moment, change cluster.Change, object *unstructured.Unstructured, done *applied) []string {
	at := change.Key
	switch {
	case strings.HasPrefix(at, allocationPrefix):
		return s.takeAllocation(at, object, done)
	case strings.HasPrefix(at, ledgerPrefix):
		s.takeShard(at, object, len(change.Value), done)
	case strings.HasPrefix(at, servicePrefix), strings.HasPrefix(at, policyPrefix):
		delete(s.generated, at)
		if object != nil {
			if one, ok := readGenerated(object); ok {
				s.generated[at] = one
			}
		}
		if strings.HasPrefix(at, servicePrefix) {
			s.takeService(at, object, done)
			return []string{at}
		}
	case strings.HasPrefix(at, podPrefix):
		delete(s.pods, at)
		if object != nil {
			s.pods[at] = readPod(object)
		}
		return []string{at}
	case strings.HasPrefix(at, rangePrefix):
		s.takeRange(now, strings.TrimPrefix(at, rangePrefix), object, done)
	case at == cluster.NodePortMarksKey && object != nil:
		fresh, err := cluster.ReadNodePortMarks(object)
		if err != nil {
			done.errors = append(done.errors, err.Error())
		}
		s.takeMarks(now, fresh)
	case strings.HasPrefix(at, namespacePrefix):
		name := strings.TrimPrefix(at, namespacePrefix)
		if s.namespaces[name] == nil {
			s.namespaces[name] = &past[labels.Set]{}
		}
		var value *labels.Set
		if object != nil {
			set := labels.Set(object.GetLabels())
			value = &set
		}
		s.namespaces[name].put(now, value)
	}
	return nil
}

func (s *state) takeAllocation(at string, object *unstructured.Unstructured, done *applied) []string {
	var concerned []string
	note := func(one *allocation, add bool) {
		if one == nil || one.serviceName == "" {
			return
		}
		service := one.namespace() + "/" + one.serviceName
		if s.adopters[service] == nil {
			s.adopters[service] = map[string]bool{}
		}
		delete(s.adopters[service], one.uid)
		if add {
			s.adopters[service][one.uid] = true
		}
		concerned = append(concerned, servicePrefix+service)
	}
	if uid := s.byKey[at]; uid != "" {
		before := s.allocations[uid]
		done.before[uid] = before
		done.owners[uid] = true
		note(before, false)
		delete(s.allocations, uid)
		delete(s.byKey, at)
	}
	if object != nil {
		fresh := readAllocation(object)
		if _, known := done.before[fresh.uid]; !known {
			done.before[fresh.uid] = nil
		}
		s.allocations[fresh.uid], s.byKey[at] = fresh, fresh.uid
		s.nameOf[fresh.uid] = fresh.name
		s.stickyOf[fresh.uid] = s.stickyOf[fresh.uid] || fresh.sticky
		done.owners[fresh.uid] = true
		note(fresh, true)
	}
	return append(concerned, at)
}

func (s *state) takeService(at string, object *unstructured.Unstructured, done *applied) {
	if before := s.services[at]; before != nil {
		if uid, ours := s.ownerOf(before); ours {
			done.owners[uid] = true
			delete(s.ownedBy[uid], at)
		}
		delete(s.services, at)
	}
	if object == nil {
		return
	}
	s.services[at] = readService(object)
	for _, number := range s.services[at].nodePorts() {
		if s.marksSeen && !s.marked.Has(number) { // the mark was lost before the Service was stored
			s.unmarked[number] = true
		}
	}
}

// takeMarks follows the API server's own marks of node ports.
func (s *state) takeMarks(now moment, fresh cluster.NodePortMarks) {
	for _, number := range s.marked.Numbers() {
		if !fresh.Has(number) {
			s.unmarked[number] = s.hasNodePort(number)
			s.markTurns[number] = append(s.markTurns[number], now.revision)
		}
	}
	for _, number := range fresh.Numbers() {
		if !s.marked.Has(number) {
			s.markTurns[number] = append(s.markTurns[number], now.revision)
		}
	}
	s.marked, s.marksSeen = fresh, true
}

func (s *state) takeRange(now moment, name string, object *unstructured.Unstructured, done *applied) {
	if s.ranges[name] == nil {
		s.ranges[name] = &past[*portRange]{}
	}
	if object == nil {
		s.ranges[name].put(now, nil)
		return
	}
	fresh, err := readRange(object)
	if err != nil {
		done.errors = append(done.errors, "PortRange "+name+": "+err.Error())
		s.ranges[name].put(now, nil)
		return
	}
	if before := s.rangeNow(name); before != nil && before.object.GetGeneration() == fresh.object.GetGeneration() &&
		fresh.object.GetGeneration() != 0 {
		before.object = fresh.object // only its status is new
		return
	}
	s.ranges[name].put(now, &fresh)
	s.spaceOf[name], s.perNodeOf[name] = fresh.space, fresh.perNode
}

func (s *state) takeShard(at string, object *unstructured.Unstructured, size int, done *applied) {
	name := strings.TrimPrefix(at, ledgerPrefix)
	change := shardChange{name: name, old: s.shards[name], fresh: &shard{name: name, entries: map[Key]Entry{}}}
	before := map[Key]Entry{}
	if change.old != nil {
		before = change.old.entries
	}
	delete(s.shards, name)
	if object == nil {
		change.deleted = true
	} else {
		change.fresh = readShard(object)
		change.fresh.size = size
		s.shards[name] = change.fresh
	}
	for key, entry := range before {
		if change.fresh.entries[key].Sequence == entry.Sequence && change.fresh.entries[key].sameHolder(entry) {
			continue
		}
		delete(s.entries, key)
		delete(s.byOwner[entry.UID], key)
		done.keys[key], done.owners[entry.UID] = true, true
	}
	for key, entry := range change.fresh.entries {
		if _, known := s.entries[key]; !known {
			if s.byOwner[entry.UID] == nil {
				s.byOwner[entry.UID] = map[Key]bool{}
			}
			s.byOwner[entry.UID][key] = true
			done.keys[key], done.owners[entry.UID] = true, true
		}
		s.entries[key] = entry
	}
	done.shards = append(done.shards, change)
}

// recount counts the uses of one object anew.
func (s *state) recount(now moment, at string, done *applied) {
	before := map[usedKey]use{}
	for _, used := range s.usedBy[at] {
		before[used] = s.uses[used.key][at+" "+used.port]
		delete(s.uses[used.key], at+" "+used.port)
		done.keys[used.key] = true
	}
	delete(s.usedBy, at)
	add := func(key Key, one use) {
		used := usedKey{key, one.name}
		one.since = now
		if old, was := before[used]; was && old.owner == one.owner {
			one.since = old.since
		}
		if s.uses[key] == nil {
			s.uses[key] = map[string]use{}
		}
		s.uses[key][at+" "+one.name] = one
		s.usedBy[at] = append(s.usedBy[at], used)
		done.keys[key] = true
	}
	if uid := s.byKey[at]; uid != "" {
		one := s.allocations[uid]
		for name, number := range one.status {
			add(s.resolve(uid, number.number, number.protocol), use{by: "the status of " + one.name, owner: uid, ours: true, claim: true, name: name})
		}
	}
	if one := s.services[at]; one != nil {
		if owner, ours := s.ownerOf(one); ours {
			done.owners[owner] = true
		}
		s.countService(at, one, add)
	}
	if one := s.pods[at]; one != nil {
		for _, port := range one.ports {
			name := port.name + " " + port.protocol
			taken := use{by: "Pod " + one.key, owner: "Pod " + one.key, name: name}
			add(Key{hostPorts, port.port, port.protocol, ""}, taken)
			if one.node != "" {
				taken.name += " " + one.node
				add(Key{hostPorts, port.port, port.protocol, one.node}, taken)
			}
		}
	}
}

// countService adds the numbers that a Service uses: its node ports, whoever it is of; and its ports, if it
// publishes for an allocation or is a load balancer.
func (s *state) countService(at string, one *service, add func(Key, use)) {
	owner, ours := s.ownerOf(one)
	if ours {
		if s.ownedBy[owner] == nil {
			s.ownedBy[owner] = map[string]bool{}
		}
		s.ownedBy[owner][at] = true
	}
	whose := use{by: "Service " + one.key, owner: owner, ours: ours}
	generated := ours && s.generatedFor(one, owner)
	for _, port := range one.ports {
		whose.name = port.name
		key := s.resolve(owner, port.port, port.protocol)
		if port.nodePort != 0 {
			whose.open, whose.claim = true, generated && !one.handMade && key.Space == nodePorts
			add(Key{Space: nodePorts, Number: port.nodePort}, whose)
		}
		whose.open, whose.claim = false, generated && !one.handMade
		switch {
		case generated && key.Space == nodePorts && port.nodePort != 0: // that was it
		case generated:
			add(key, whose)
		case one.kind == "LoadBalancer":
			add(Key{servicePorts, port.port, port.protocol, ""}, whose)
		}
	}
	if one.health != 0 {
		whose.open, whose.claim, whose.name = true, false, "healthCheck"
		add(Key{Space: nodePorts, Number: one.health}, whose)
	}
}
