// Package wall shows the admission policies that Berth makes of ExposurePolicies on a real API server: that they
// stand while no webhook is there, that nobody takes them down, and that they refuse nothing that the webhook admits.
package wall
