// Package packaging holds the Helm chart (charts/berth) to what it promises: with default values it installs what
// deploy/base and crds install, the API server accepts every rendering without a warning, values end up where they
// say, and wrong values are refused by name. Helm itself renders, by the libraries of its own command.
//
// It starts no program: that the roles suffice and the programs work is for the other suites, which run with the
// roles that the chart copies.
package packaging
