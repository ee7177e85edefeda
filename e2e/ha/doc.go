// Package ha shows that several replicas lose nothing: webhooks behind one address that are restarted and whose
// certificates are exchanged under load, replicas that start at the same moment, an operator that hands over.
//
// Amounts by environment: RESTARTS (default 30), ROTATIONS (5), RACES (20), HANDOVERS (3), RATE (500 admissions a
// second).
package ha
