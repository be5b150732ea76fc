# Two commands for everyone: `make demo` and `make test`. The rest is for those who change fixtrail.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
NODE_ENV = export PATH="$$(eval "$$(scripts/setup-editors --node --print-env)"; echo "$$FIXTRAIL_NODE_BIN"):$$PATH"

.PHONY: help demo test test-quick test-nightly soak lint schema vsix bench python docker node editors model histories fixes runners extension clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: python ## Record and score a bug fix, start to end
	@scripts/setup-docker --optional && scripts/base-image || true
	@$(BIN)/fixtrail demo

test: python docker runners editors model histories fixes extension ## Install what the tests need, and run every test
	@$(NODE_ENV); cd vscode-extension && npm test
	@eval "$$(scripts/setup-editors --print-env)"; eval "$$(scripts/setup-model --print-env)"; eval "$$(scripts/setup-histories --print-env)"; eval "$$(scripts/setup-fixes --print-env)"; $(BIN)/python -m pytest

test-quick: python ## The tests that need no Docker, editor or model
	@$(BIN)/python -m pytest -m 'not docker and not editor and not model'

test-nightly: python ## Ten times as many random sessions
	@FIXTRAIL_SESSIONS=2000 $(BIN)/python -m pytest tests/integration/test_replay_sessions.py

soak: python editors ## A thousand kills, a hundred power cuts, faults of the first 50 writes and syncs, 100,000 malformed messages
	@FIXTRAIL_KILLS=1000 FIXTRAIL_CUTS=100 FIXTRAIL_FAULTS=50 FIXTRAIL_FUZZ=100000 $(BIN)/python -m pytest \
	  tests/integration/test_kill.py tests/integration/test_power_cut.py tests/integration/test_faults.py tests/integration/test_fuzz.py tests/integration/test_guided_fuzz.py

lint: python extension ## Style, types, imports, freshness of what is generated
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@folder=$$(mktemp -d); trap 'rm -r "$$folder"' EXIT; $(BIN)/python -m fixtrail_protocol.schema "$$folder"; \
	  diff -r protocol/schema "$$folder" >/dev/null || { echo "protocol/schema is stale: run make schema" >&2; exit 1; }
	@$(NODE_ENV); scripts/generate-types --check
	@$(NODE_ENV); cd vscode-extension && npm run --silent lint && npm run --silent typecheck
	@scripts/check-tree

schema: python extension ## Write protocol/schema and the extension's types from the models
	@$(BIN)/python -m fixtrail_protocol.schema protocol/schema
	@$(NODE_ENV); scripts/generate-types

vsix: extension ## Package the VS Code extension
	@$(NODE_ENV); cd vscode-extension && npm run --silent package

bench: python docker ## Measure, as ratios against a baseline in the same run
	@$(BIN)/python -m tests.benchmarks

python:
	@scripts/setup-python

docker:
	@scripts/setup-docker
	@scripts/base-image

node:
	@scripts/setup-editors --node

runners:
	@scripts/runner-images

editors:
	@scripts/setup-editors

model:
	@scripts/setup-model

histories: python
	@scripts/setup-histories

fixes: python
	@scripts/setup-fixes

extension: node vscode-extension/node_modules/.package-lock.json

vscode-extension/node_modules/.package-lock.json: vscode-extension/package-lock.json
	@$(NODE_ENV); cd vscode-extension && npm ci --no-fund --no-audit --loglevel=error

clean: ## Remove what was made in the checkout
	rm -rf .venv artifacts build dist vscode-extension/{node_modules,dist,out,fixtrail.vsix}
