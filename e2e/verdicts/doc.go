// Package verdicts puts the cases of e2e/cases before both judges, the admission webhook behind a real API
// server and `berth lint`, and expects the verdict that each case asks for. What needs two versions of an
// object is in ratchet_test.go.
package verdicts
