// Package chaos holds what must not break Berth: clients that all want the last numbers at once, an operator
// that is killed again and again in the middle of its work, an API server that goes away and comes back, watches
// whose past was thrown away.
//
// What happened is judged afterwards and completely: package audit looks at every revision that etcd
// has kept. Every test prints the seed of its random moments; CHAOS_SEED=N repeats one.
package chaos
