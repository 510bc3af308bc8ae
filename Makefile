# Each target works from a fresh clone: it first makes .venv from the hash-locked requirements.
VENV := .venv
BIN  := $(VENV)/bin
RIVALS := .venv-rivals
EMULATORS := tests/emulators/node_modules
PIP  := $(BIN)/python -m pip --disable-pip-version-check -qq install
LOCK  = $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

# A name on the PATH proves nothing (a version manager leaves stand-ins that only print), so each
# candidate has to run, be a version we support, and be able to make an environment.
PROBE := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))

.DEFAULT_GOAL := help
.PHONY: help demo test test-release lint bench bench-sink bench-source bench-job lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST)

demo: $(VENV)/run ## bundled data through the real flow into an emulated stream
	@$(BIN)/profile-export demo

test: lint $(EMULATORS)/made ## lint, then every test
	@$(BIN)/pytest -q -n auto

test-release: $(VENV)/dev $(EMULATORS)/made ## every test with far more examples and simulated lives: hours
	@HYPOTHESIS_PROFILE=release $(BIN)/pytest -q -n auto

lint: $(VENV)/dev ## style, format and types
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy

bench: $(VENV)/dev ## measure the join against the job as tutorials write it
	@$(BIN)/python -m benchmarks.join

bench-sink: $(VENV)/dev $(RIVALS)/made ## measure the sink against other writers of Kinesis
	@$(BIN)/python -m benchmarks.sink

bench-source: $(VENV)/dev $(RIVALS)/made ## measure the source against other readers of Kinesis
	@$(BIN)/python -m benchmarks.source

bench-job: $(VENV)/dev ## measure the whole job: speed, freshness, commits, two processes
	@$(BIN)/python -m benchmarks.end_to_end
	@$(BIN)/python -m benchmarks.freshness
	@$(BIN)/python -m benchmarks.snapshots
	@$(BIN)/python -m benchmarks.processes

lock: $(VENV)/dev ## re-make requirements/ from pyproject.toml (UPGRADE=1: newest versions)
	@$(LOCK) pyproject.toml --extra emulator --extra kafka --group dev -o requirements/dev.txt
	@$(LOCK) pyproject.toml --extra emulator --extra kafka -c requirements/dev.txt -o requirements/run.txt
	@$(LOCK) --group build -c requirements/dev.txt -o requirements/build.txt
	@$(LOCK) --group rivals -o requirements/rivals.txt

clean: ## remove the environment and everything generated
	@rm -rf $(VENV) $(RIVALS) $(EMULATORS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made:
	@for python in $(PYTHON) python3.12 python3.11 python3.10 python3; do \
	  if "$$python" -c '$(PROBE)' >/dev/null 2>&1; then \
	    "$$python" -m venv --clear $(VENV) && touch $@; exit; fi; done; \
	if command -v uv >/dev/null; then \
	  uv venv --quiet --clear --seed --python '>=3.10,<3.13' $(VENV) && touch $@; exit; fi; \
	echo 'No Python 3.10, 3.11 or 3.12 that can make an environment was found.' >&2; \
	echo 'Install one with its venv module (Debian and Ubuntu: apt install python3-venv;' >&2; \
	echo 'macOS: brew install python@3.12) or install uv, then run make again.' >&2; exit 1

$(VENV)/run: requirements/build.txt requirements/run.txt pyproject.toml | $(VENV)/made
	@echo 'Installing requirements/run.txt into $(VENV)' >&2
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/made
	@echo 'Installing requirements/dev.txt into $(VENV)' >&2
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(EMULATORS)/made: tests/emulators/package-lock.json | $(VENV)/dev
	@echo 'Installing tests/emulators/package-lock.json into $(EMULATORS)' >&2
	@$(BIN)/npm ci --loglevel=error --no-audit --no-fund --ignore-scripts --prefix tests/emulators >/dev/null
	@touch $@

$(RIVALS)/made: requirements/rivals.txt | $(VENV)/dev
	@echo 'Installing requirements/rivals.txt into $(RIVALS)' >&2
	@$(BIN)/uv venv --quiet --clear --seed --python $(BIN)/python $(RIVALS)
	@$(RIVALS)/bin/python -m pip --disable-pip-version-check -qq install --require-hashes \
	  -r requirements/rivals.txt
	@touch $@
