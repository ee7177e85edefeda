// Package faults holds what happens between the operator and its API server, request by request: package
// faultproxy stands in between.
//
//   - crash_test.go: the operator is killed at every write it makes, before it is sent, before the answer,
//     after it; a new one must come to the same end, with the same creates and deletes. FAULTS=all also
//     kills at every repetition of a write; the default takes each kind of write of each workload.
//   - abuse_test.go: an API server that refuses, fails, is slow, and loses its answers.
//   - guards_test.go: what each precondition is good for. The proxy takes it away, and the auditor must find
//     a broken invariant; with it, none.
//
// What is right is judged by package audit, over every revision of the history.
package faults
