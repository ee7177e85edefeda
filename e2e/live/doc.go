// Package live shows the berth command beside a real API server: lint, explain and what-if, joined with what stands
// there, by a user who may list and nothing else.
package live
