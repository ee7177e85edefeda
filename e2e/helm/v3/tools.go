//go:build tools

// Package helm pins the program. It is never compiled.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
