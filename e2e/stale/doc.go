// Package stale shows that an operator which sees the past does no harm. It talks to an API server of its own,
// which reaches etcd through a Link, and through a second Link to that server. A Link passes bytes on, and
// can hold those of chosen connections, in one direction or both, and cut them. So a plan may
//
//   - hold the API server's requests to etcd, or etcd's answers and watch events: a genuine stale server;
//   - hold what some connections of the operator bring it: its watches of some kinds stand still while others
//     go on, answers to writes that were carried out are late;
//   - cut connections of either link at any moment;
//   - start that API server again: every watch is told that its position expired (410).
//
// Meanwhile people work at another API server that is up to date: they create, edit, delete, and create again
// under the same name before the operator has seen that the old one is gone; strangers take and leave numbers.
// Sometimes a second operator, with a healthy view, takes the lease meanwhile. When everything is let go, all
// allocations must be served, and package audit finds nothing wrong in any revision.
//
// A disturbed API server may leave node ports marked as taken that nobody has, which its own repair removes after up
// to nine minutes. The plans do that for it within seconds, so that they need not wait for it.
//
// A plan is made by its seed, which is printed; STALE_SEED=N repeats one plan. STALE_PLANS=N asks for another
// number of plans than 60.
package stale
