// Package narrowing shows an operator of some namespaces on a real API server, with the roles and the arguments of
// deploy/overlays/namespaced: it serves these namespaces, asks for nothing that it has no right to, and what other
// namespaces have stays theirs.
package narrowing
