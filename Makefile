# Berth: every task of the project is one word here. A plain `make` shows them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Objects built in one clone serve every other one.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

JOBS ?= $(shell nproc)
GO := $(CURDIR)/.ci/go
.PHONY: help
help: ## show the targets
	@echo "Berth assigns ports and polices them. Targets:"; echo
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16 | sed 's/^/  make /'
	@echo; echo "Start with: make demo   (a real local control plane with the whole story, then left running)"

.PHONY: deps
deps: ## install what is missing: Debian packages and Go
	@.ci/deps

.PHONY: build
build: deps ## build/bin/berth-operator, berth-webhook and berth, as shipped
	@cmake --preset release >build-release.log 2>&1 || { cat build-release.log; rm -f build-release.log; exit 1; }
	@rm -f build-release.log
	@cmake --build --preset release -j $(JOBS)

.PHONY: image
image: build ## build/dist: the container image as an OCI archive, without a Docker engine
	@image/build --programs build/bin --archive build/dist/berth-image.tar

.PHONY: model
model: deps ## every interleaving of two leaders, and what breaks without each precondition
	@model/check

.PHONY: unit
unit: deps ## unit and simulation tests with address and undefined sanitizers
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)
	@.ci/checks/ctest dev

SCHEDULES ?= 20000
.PHONY: simulation
simulation: deps ## seeded schedules with faults, crashes and two leaders (SCHEDULES=n [SEED=n])
	@cmake --preset release >/dev/null
	@cmake --build build -j $(JOBS) --target operator_simulation
	@build/bin/operator_simulation $(SCHEDULES) $(SEED)

.PHONY: tsan
tsan: deps ## what has threads, under the thread sanitizer
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS) --target threads_tests
	@.ci/checks/ctest tsan

FUZZ_SECONDS ?= 20
.PHONY: fuzz
fuzz: deps ## texts that no person wrote, each reader of them for FUZZ_SECONDS=20 (ONLY=name [SEED=n])
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@fuzz/run $(FUZZ_SECONDS)

.PHONY: e2e
e2e: build ## end-to-end tests on a real API server (all of them, or RUN=regex)
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target kube_conformance
	@cd e2e && $(GO) run ./cmd/cluster build && $(GO) vet ./...
	@rm -rf build/rights
	@cd e2e && BERTH_RIGHTS=$(CURDIR)/build/rights $(GO) test -count=1 -timeout 40m -p 2 $(if $(RUN),-run '$(RUN)') ./...
	@cd e2e && $(if $(RUN),true,$(GO) run ./cmd/rights ../build/rights)

.PHONY: upgrade
upgrade: build ## from the release before to this one, back and up again, with 500 live allocations; builds that one once
	@release/previous >/dev/null
	@cd e2e && $(GO) run ./cmd/cluster build && $(GO) test -count=1 -timeout 40m -v ./upgrade

.PHONY: e2e-oldest
e2e-oldest: export BERTH_KUBERNETES := oldest
e2e-oldest: build ## a part of the end-to-end tests on the oldest Kubernetes that is supported; builds that one once
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target kube_conformance
	@cd e2e && $(GO) run ./cmd/cluster build
	@cd e2e && $(GO) test -count=1 -timeout 40m -p 1 ./conformance ./vectors ./packaging ./story ./verdicts ./wall ./chaos

.PHONY: release-dry-run
release-dry-run: deps ## build/dist/VERSION: every artefact of a release with checksums, publishes nothing (ARGS="--arch amd64 --arch arm64")
	@release/build $(ARGS)

.PHONY: e2e-helm4
e2e-helm4: build ## installing with Helm 4, too, which takes six minutes to build once
	@cd e2e && $(GO) run ./cmd/cluster build
	@cd e2e && BERTH_HELM4=1 $(GO) test -count=1 -timeout 40m -run Helm ./installation

.PHONY: soak
soak: export SEEDS := $(or $(SEEDS),fresh)
soak: export FAULTS := $(or $(FAULTS),all)
soak: export STALE_PLANS := $(or $(STALE_PLANS),400)
soak: export TRANSITIONS := $(or $(TRANSITIONS),5000)
soak: export LEADERS_MINUTES := $(or $(LEADERS_MINUTES),5)
soak: export PAIRS := $(or $(PAIRS),100000)
soak: export UNINSTALL_ORDERS := $(or $(UNINSTALL_ORDERS),all)
soak: export RESTARTS := $(or $(RESTARTS),500)
soak: export ROTATIONS := $(or $(ROTATIONS),100)
soak: export RACES := $(or $(RACES),100)
soak: build ## much more of the same, about four and a half hours: ten minutes of fuzzing for each reader, kills at every repetition of a write, 400 stale views, 5000 edits, minutes of two leaders, 100000 questions to four evaluators, 500 restarts and 100 exchanged certificates under load
	@$(MAKE) fuzz FUZZ_SECONDS=$(or $(SOAK_FUZZ_SECONDS),600)
	@cd e2e && $(GO) run ./cmd/cluster build
	@cd e2e && $(GO) test -count=1 -timeout 4h -p 1 ./disaster ./evaluators ./faults ./ha ./installation ./stale ./transitions

.PHONY: fmt
fmt: ## format C++ and Go in place
	@git ls-files -z '*.h' '*.cpp' | xargs -0 -r clang-format-16 -i
	@gofmt=$$($(GO) env GOROOT)/bin/gofmt; git ls-files -z '*.go' | xargs -0 -r $$gofmt -w

.PHONY: lint
lint: deps monitoring ## formatting, layering, purity of core, headers alone, clang-tidy, monitoring
	@.ci/checks/format
	@.ci/checks/layering.py
	@cmake --preset dev >/dev/null
	@.ci/checks/pure_core
	@cmake --build --preset dev -j $(JOBS) --target all_verify_interface_header_sets
	@.ci/checks/tidy $(JOBS)

.PHONY: monitoring
monitoring: deps ## alerts with their tests, dashboard, runbooks and docs/metrics.md against each other and the code
	@.ci/checks/monitoring.py

.PHONY: docs
docs: deps ## the docs site in build/site; a link or an anchor that leads nowhere is an error
	@.ci/mkdocs python site/commonmark_test.py
	@.ci/mkdocs mkdocs build --config-file site/mkdocs.yml 2>&1 | sed '/^INFO/d'
	@echo "make docs: build/site/index.html"

.PHONY: test
test: ## everything CI runs
	@for stage in deps lint docs model unit simulation tsan fuzz e2e; do \
	  began=$$SECONDS; $(MAKE) $$stage; \
	  echo "make test: $$stage passed in $$((SECONDS - began)) s"; \
	done
	@echo "make test: all passed"

.PHONY: chart-readme
chart-readme: deps ## the values in charts/berth/README.md, from the comments of values.yaml
	@cd e2e && $(GO) run ./cmd/chart-readme

IMAGE ?=
.PHONY: install-manifests
install-manifests: deps ## build/dist/install.yaml and crds.yaml, to install Berth without Helm (IMAGE=REGISTRY/berth:TAG)
	@cd e2e && $(GO) run ./cmd/install-manifests --out ../build/dist $(if $(IMAGE),--image '$(IMAGE)')

.PHONY: cluster-up
cluster-up: deps ## start the local control plane and leave it running
	@cd e2e && $(GO) run ./cmd/cluster up

.PHONY: cluster-down
cluster-down: deps ## stop the local control plane and remove its data
	@cd e2e && $(GO) run ./cmd/cluster down

.PHONY: demo
demo: build ## the whole story on a local control plane (or on the cluster of KUBECONFIG)
	@cd e2e && $(GO) run ./cmd/demo up

.PHONY: demo-down
demo-down: deps ## remove everything that the demo started
	@cd e2e && $(GO) run ./cmd/demo down

.PHONY: bench
bench: deps ## micro benches, and the webhook's HTTP server beside nginx, Go and cpprestsdk
	@cmake --preset release -DBERTH_BENCH=ON >/dev/null
	@cmake --build build -j $(JOBS)
	@bench/run

.PHONY: bench-http
bench-http: deps ## the webhook's HTTP server beside nginx, Go and cpprestsdk (QUICK=1: small)
	@cmake --preset release -DBERTH_BENCH=ON >/dev/null
	@cmake --build build -j $(JOBS) --target berth_server load
	@bench/http/run $(if $(QUICK),--quick)

.PHONY: bench-allocation
bench-allocation: build ## ten thousand allocations beside a bare client, at rest and at a cold start (QUICK=1: small)
	@cd e2e && $(GO) run ./cmd/cluster build >/dev/null
	@cd e2e && $(GO) run ./cmd/bench-allocation run $(if $(QUICK),--quick) --json ../build/bench/allocation.json

.PHONY: bench-webhook
bench-webhook: build ## the webhook at the API server beside one in Go that admits everything; its starts and its memory; then bench-http (QUICK=1: small)
	@cd e2e && $(GO) run ./cmd/cluster build >/dev/null
	@cd e2e && $(GO) build -o ../build/bench/bench-webhook ./cmd/bench-webhook
	@cd e2e && ../build/bench/bench-webhook run $(if $(QUICK),--quick) --json ../build/bench/webhook.json
	@$(MAKE) bench-http

.PHONY: clean
clean: ## remove build output (the control plane binaries stay in their cache)
	@rm -rf build
