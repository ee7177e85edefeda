// Package audit judges the history of a cluster in which Berth hands out numbers: every revision that etcd
// ever committed, in order. It reads nothing but what the API server has stored and shares no code with
// Berth: it reads ranges, entries and Services in its own way, and is the other opinion.
//
//	watch := audit.Start(t, shared)   // before anything happens: from here on it also knows the time
//	...                               // whatever the test does to the programs and the API server
//	watch.Check(t)                    // every revision since Start
//	watch.CheckAtRest(t)              // the same, and that nothing is left to do
//
// Where no rest must be timed, audit.Check(t, shared) judges everything from the first revision on, and
// audit.CheckNow(t, shared) what there is when history was compacted away.
//
// # What is judged
//
// A key is what has one owner: a number in the space NodePort, a number and protocol in the spaces Service
// and HostPort, and there with a node where a range is per node. A number is shown by the status of a
// PortAllocation, by a Service that Berth generated for it, and by one that its status names (adopted).
//
//   - I1: no two owners show one key; no two Services have one nodePort.
//   - I2: who shows a number holds it: the ledger has an entry of the same UID for it.
//   - I3: an entry does not outlive its owner: it is released within Options.Grace of a working leader, and
//     at rest there is none.
//   - I4: a number passes to somebody else only when nobody shows it any more and it has rested for the
//     reuseAfter of its range; the same holds for its being freed. Only an heir of the same namespace and
//     name takes it at once, if the allocation was sticky.
//   - I5: a number that was shown stays with its port. Only an edit that asks for something else for this
//     very port (another number, protocol, count, range, purpose or node) moves it, or its removal.
//   - I6: when a number is issued, its namespace holds no more of the range than limits.perNamespace.
//   - I7: nothing is issued under a fence that no lease has granted, nor while a number that was shown before
//     that leader came is without an entry: what exists is re-claimed first.
//   - I8: fence and nextSeq of a shard only grow; a changed entry has a sequence of its own, not below the old
//     nextSeq; a held number comes to rest before it is free, and only under the name of its holder.
//   - I9: a status shows all numbers that the spec it speaks of asks for, or none; those of a count are in a
//     row, and a port with two protocols has one number. At rest the ledger holds all of an allocation's numbers or none, too.
//   - I10: a number that is issued lies in its range, is reserved by no range of the space, is not in use by
//     an object without allocation, and the range is open to the namespace.
//   - I11 (at rest): who has no numbers is told why.
//   - I12: a ledger is at most 64 KiB.
//   - I13 (at rest): a range counts what the ledger says.
//   - I14 (Report.Empty): when all allocations are gone, nothing is held.
//
// What Berth cannot have seen yet is no offence: an older version of a range, or a Service that came a moment
// before, may explain a decision for Options.ViewLag. What people did by hand is no offence of Berth: who
// wrote is taken from managedFields. A ledger that was deleted leaves its numbers without entry until they
// are re-claimed. A number that Berth chose and has not yet published may be exchanged when the API server calls it
// taken, as its own marks of node ports tell, although nobody has it: a create that was cut short left it so. Where the
// same marks show that the API server freed a number that a Service has, and then gave it to another Service by
// itself, the two are not Berth's doing.
package audit
