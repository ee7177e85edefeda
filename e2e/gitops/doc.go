// Package gitops shows that tools which apply manifests from Git and wait for their health get along with Berth: Argo CD
// by the health.lua files of gitops/argocd, Flux and Helm 4 by kstatus; and that what was applied stays as it was applied.
package gitops
