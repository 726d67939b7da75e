# SPDX-License-Identifier: Apache-2.0
# Madoguchi: `make run` and `make test` are all a new machine needs; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# readonly: what is built is what go.mod and go.sum say.
export GOFLAGS := -mod=readonly -buildvcs=false -trimpath
# The second net around the PIN page (package pin); the page itself does not depend on it.
export GOEXPERIMENT := runtimesecret
export GOTOOLCHAIN := local

GO       ?= go
TOOLS    := $(CURDIR)/.tools
SYSROOT  := $(TOOLS)/arm64
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
CROSS    := GOOS=linux GOARCH=arm64 CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc \
            PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$(SYSROOT)

# The rooms of the box and of the wire; cmd/ is what stands around them.
ROOMS    := ./pinpad/... ./display/... ./card/... ./sync/... ./device/...
RUN_ARGS ?=

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## build and start the simulator: the whole box on this machine; prints its address (RUN_ARGS="--city matsue")
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -ldflags '$(LDFLAGS)' -o bin/simulator ./cmd/simulator
	@exec bin/simulator $(RUN_ARGS)

.PHONY: show-rollout
show-rollout: ## fifty simulated boxes, a rollout that stops by itself in wave 2, in the terminal and on city hall's page (KEEP=1)
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/simulator ./cmd/fleet
	@cmd/fleet/show.sh

.PHONY: show-attacks
show-attacks: setup ## what box and fleet come to when a program is killed at each point, and under each attack by name: one table, run now
	@$(GO) run ./cmd/internal/proof -attacks

.PHONY: run-reader
run-reader: setup ## the same with a real card reader on this machine (needs pcscd)
	@mkdir -p bin
	CGO_ENABLED=1 $(GO) build -ldflags '$(LDFLAGS)' -o bin/simulator ./cmd/simulator
	@exec bin/simulator --card pcsc $(RUN_ARGS)

.PHONY: setup
setup: ## install what test and check need (Debian 12 packages, check tools); runs by itself
	@.ci/setup

.PHONY: test
test: setup ## run every test
	$(GO) test -timeout 30m $(ROOMS)
	$(GO) test -timeout 30m -p 1 ./cmd/...

.PHONY: bench-boot
bench-boot: setup ## boot the box in an arm64 machine: units, walls, keys, panel, card, a cut of power (log and pictures: dist/bench)
	$(GO) vet -tags bench ./cmd/internal/bench
	$(GO) test -tags bench -count=1 -timeout 40m -v -run 'TestRehearsal|TestBench' ./cmd/internal/bench

.PHONY: bench-faults
bench-faults: setup ## start the box in that machine with all kinds of bad input: each shown as what it is, and mended
	$(GO) vet -tags bench ./cmd/internal/bench
	$(GO) test -tags bench -count=1 -timeout 40m -v -run TestFaults ./cmd/internal/bench

.PHONY: bench-update
bench-update: setup ## install bundles by RAUC in that machine: a good one, one of somebody else, one that does not start (ten minutes)
	$(GO) vet -tags bench ./cmd/internal/bench
	$(GO) test -tags bench -count=1 -timeout 60m -v -run TestUpdate ./cmd/internal/bench

.PHONY: check
check: setup ## formatting, vet, staticcheck, known vulnerabilities, race tests, arm64 build, clean tree
	@echo 'check: gofmt'; out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "run gofmt -w on:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOLS)/bin/staticcheck ./...
	@.ci/vulncheck $(TOOLS)/bin/govulncheck
	$(GO) test -timeout 30m -race $(ROOMS)
	$(MAKE) --no-print-directory firmware
	@echo 'check: tree is clean'; test -z "$$(git status --porcelain)" || { echo "the tree has changes that are not committed:"; git status --short; exit 1; }

.PHONY: firmware
firmware: setup ## counter, installer and link for linux/arm64 and linux/amd64, each with its list of parts (sbom.cdx.json), into dist/
	@mkdir -p dist/arm64 dist/amd64
	$(CROSS) $(GO) build -ldflags '$(LDFLAGS)' -o dist/arm64/ ./cmd/counter ./cmd/installer ./cmd/link
	CGO_ENABLED=1 $(GO) build -ldflags '$(LDFLAGS)' -o dist/amd64/ ./cmd/counter ./cmd/installer ./cmd/link
	@for a in arm64 amd64; do $(GO) run ./cmd/internal/sbom --version '$(VERSION)' dist/$$a/counter dist/$$a/installer dist/$$a/link >dist/$$a/sbom.cdx.json; done
	@ls -l dist/arm64 dist/amd64 | awk 'NF>8 {printf "  %-8s %6.1f MiB\n", $$9, $$5/1048576}'

.PHONY: source
source: ## the committed tree with its dependencies, for the image: dist/src (buildroot/README.md)
	rm -rf dist/src && mkdir -p dist/src
	git archive HEAD | tar -x -C dist/src
	cd dist/src && $(GO) mod vendor
	git describe --tags --always >dist/src/VERSION
	@echo "dist/src is $$(cat dist/src/VERSION)"

.PHONY: bench
bench: setup ## the performance table: each figure beside what it is measured against, in one run
	$(GO) run ./cmd/internal/benchtable

.PHONY: proof
proof: setup ## each promise of the product with its tests, its figure, and the proof that breaking it is noticed (PROOF_ARGS="-short")
	$(GO) run ./cmd/internal/proof $(PROOF_ARGS)

.PHONY: soak
soak: setup ## 10,000 cases at random with every kind of fault, each with its one record (SOAK=10000; about half an hour)
	$(GO) test ./device -run TestSoak -v -timeout 4h -soak $(or $(SOAK),10000)

.PHONY: screens
screens: ## every screen in every language on one sheet, in large print too: dist/screens.png
	@mkdir -p dist
	$(GO) run ./display/internal/contactsheet dist/screens.png

.PHONY: generate
generate: setup ## rebuild the committed glyph files and the page's fonts
	$(GO) generate ./display/... ./cmd/internal/frontpanel

.PHONY: clean
clean: ## remove what the build made (not the downloaded tools)
	rm -rf bin dist
