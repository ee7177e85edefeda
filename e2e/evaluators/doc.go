// Package evaluators asks everybody who judges exposure the same questions, of random policies and random objects:
// the webhook, the audit, `berth lint` and the admission policies. They must agree.
//
// PAIRS says how many pairs of policy and object (5000 if not set), EVALUATORS_SEED repeats a run.
package evaluators
