// Package transitions shows that only the present spec counts and not the way to it. Specs are generated at
// random over every field of the schemas of PortAllocation and PortRange; then
//
//   - a chain of edits A -> B -> C ... is compared, after each edit, with an object that was created with that
//     spec at once in a namespace of its own ("fresh"): both end in the same state;
//   - an edit that the schema does not allow is refused, and leaves everything as it was;
//   - and at the end nobody writes anything, for a minute, while such edits are tried.
//
// The same state is: the same spec and status of the PortAllocation, the same Services, NetworkPolicies and
// ConfigMaps of the namespace with every field, the same entries in the ledger, the same counts and conditions
// of the PortRange. Left out is what each object has of its own (UID, times, generation, the address that the
// API server chose), and every number is replaced by the port that holds it. Numbers are judged by themselves:
//
//   - a port that asks for a number has this number;
//   - a port that had a number before keeps it, unless the edit asks for another one, for another range or
//     node or, where each protocol has numbers of its own, another protocol; with a count that changes the
//     first number stays, and a row goes on from where it is;
//   - any other port has a number that a fresh one could have had: of its range or block, not reserved, and
//     the lowest of those that neither the spec before nor another port of this one takes, nor the API server has
//     given to a load balancer of another lane.
//
// Edits that lead to another range by their purpose alone are left out: they move nothing that is held, since
// they cannot be told from an edit of the ranges. Two differences are documented and awaited:
//
//   - a number that stays is kept although it lies outside the block of the edited spec, which the message of
//     Allocated says;
//   - the class of a load balancer cannot be changed, nor does it go when the allocation leaves it out (the
//     cluster may have given it), so that the user has to delete the Service (docs/reference/reasons.md), which
//     the test does then.
//
// Where not even the fresh one can have its numbers, the edited one is refused for the same reason and keeps
// those it has.
//
// The seed is printed; TRANSITIONS_SEED=N repeats a run. TRANSITIONS=N asks for another number of edits than
// 300.
package transitions
