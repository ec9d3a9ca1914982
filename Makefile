# SPDX-License-Identifier: Apache-2.0

# Cutwater's commands. `make` alone lists them.

TOOL  := go tool -modfile=hack/tools/go.mod
# Google's storage client leaves out what gRPC needs for service meshes: 13 MB of hook.
TAGS  := disable_grpc_modules
BENCH ?= .
COUNT ?= 1
OUR_GO = $(shell git ls-files --cached --others --exclude-standard '*.go' | grep -v -e '^internal/client/' -e zz_generated)

.DEFAULT_GOAL := help
.PHONY: help up build test golden fuzz bench check fmt lint generate images cluster-up cluster-down e2e clean

help: ## List the commands.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Everyday

up: build ## Bring everything up on this machine and show a comment become a result. ARGS="--help" for more.
	@bin/cutwater up $(ARGS)

build: ## Compile every program into bin/.
	@echo "building the programs (a fresh machine takes some minutes) ..."
	@mkdir -p bin
	@go build -tags "$(TAGS)" -o bin/ ./cmd/...
	@CGO_ENABLED=0 go build -ldflags "-s -w" -o bin/ ./cmd/entrypoint # runs inside other images, so it is static

test: ## Run every test. Needs neither root nor a cluster; the first run builds a control plane.
	go test -timeout 40m ./... # the first run also builds a control plane and the servers of the bucket tests
	cd hack/openapi && go test ./... # a module of its own
	@$(MAKE) --no-print-directory fuzz

fuzz: ## Fuzz each target for a few seconds.
	@hack/fuzz.sh

bench: ## Run the benchmarks; BENCH picks some, COUNT repeats for benchstat.
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 60m $$(go list ./... | grep -v /test/bench)
	@# The whole system does its work once, whatever that takes.
	go test -run '^$$' -bench '$(BENCH)' -benchtime 1x -count $(COUNT) -timeout 60m ./test/bench

##@ On a real cluster

cluster-up: ## Start a real Kubernetes with Knative and Cutwater on this machine; needs root, and some minutes the first time.
	go run ./test/cluster up $(ARGS)

cluster-down: ## End it, and remove its data.
	go run ./test/cluster down $(ARGS)

e2e: ## Test on a cluster of its own; needs root. NAME=dev: on the one that stands; RUN=/from-zero: one story.
	@NAME="$(NAME)" RUN="$(RUN)" hack/e2e.sh

##@ Before a submission

check: ## Check formatting, vet, fixes, modules, generated files and house rules, in seconds.
	@hack/check.sh

lint: ## Run the linters of .golangci.yaml.
	$(TOOL) golangci-lint run ./...

fmt: ## Format the code.
	@$(TOOL) gofumpt -w $(OUR_GO)

generate: ## Generate the client, the CRD and the generated docs.
	hack/codegen/generate.sh
	go generate ./...

clean: ## Remove what was built here.
	rm -rf bin
