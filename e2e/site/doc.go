// Package site is what the proofs (chaos, faults, stale, transitions) have in common: Berth installed in a cluster
// without its programs, operators with exactly the rights that the manifests give them and a keeper who starts them
// again as a node does, who leads, and who has written since when.
//
// It knows no test: what a proof does to its site, and what it expects of it, stands in the proof.
package site
