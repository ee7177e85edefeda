// Package lockout shows that Berth locks nobody out of a cluster: with the webhook registered and dead, and admission
// policies in force, a whole control plane comes up, nodes join, and everything that no tenant exposes is admitted.
package lockout
