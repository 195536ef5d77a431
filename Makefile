# Each target is a step or some steps of .ci/run, so that a developer runs what CI
# runs. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help build demo test race lint cross fuzz bench compare man check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

build: ## build ./sigio
	CGO_ENABLED=0 go build -trimpath -o sigio ./cmd/sigio

demo: ## show what sigio does
	go run ./cmd/sigio demo

test: ## run the tests
	.ci/run test

race: ## run the tests with the race detector
	.ci/run race

lint: ## check the form: gofmt, vet, staticcheck
	.ci/run format vet lint

cross: ## build and vet for the other systems
	.ci/run cross

fuzz: ## run each fuzz target for FUZZTIME (15s)
	.ci/run fuzz

bench: ## run each benchmark once; for figures use go test -bench
	.ci/run bench

compare: ## measure sigio beside its peers: make compare COMPARE='--workloads tcp-echo'
	cd bench && go run . $(COMPARE)

man: ## write the manual pages to ./man
	go run ./cmd/sigio man man

check: ## everything that CI runs
	.ci/run
