// What is installed from other projects. A module of its own: only their files are used, none of their code.
module berth.dev/e2e/crds/modules

go 1.26.1

require (
	github.com/argoproj/argo-rollouts v1.10.1 // later ones ask for a newer Go than .ci/go brings
	github.com/cert-manager/cert-manager v1.21.2
	github.com/elastic/cloud-on-k8s/v3 v3.5.0
	github.com/projectcontour/contour v1.33.8
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/traefik/traefik/v3 v3.7.13
	istio.io/api v1.31.1
	knative.dev/serving v0.51.0
	sigs.k8s.io/gateway-api v1.6.3
	sigs.k8s.io/mcs-api v0.5.2
)

// The module is named otherwise than the place that it comes from.
require openreports.io v0.2.1

replace openreports.io => github.com/openreports/reports-api v0.2.1
