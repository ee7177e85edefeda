// What is installed from other projects. A module of its own: only their files are used, none of their code.
module berth.dev/e2e/crds/modules

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.3
