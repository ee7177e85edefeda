// Package installation installs Berth as people do, by Helm, by kustomize and from install.yaml, on a control plane whose
// pods package standin runs: the images' programs with the arguments, mounts, users and tokens that were rendered. Whatever
// way it came, the whole story of the demo must pass through it; it is upgraded, rolled back and removed.
//
// Helm 4 takes part where BERTH_HELM4 is set (make e2e-helm4): building it takes minutes.
package installation
