# `make` alone lists the targets. They need Python 3.11 or newer, and nothing else of this machine.
SHELL := /bin/sh
# Compiled modules are kept, whatever the environment says: without them every process of Airflow compiles anew.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help
.PHONY: help venv demo up down test test-root lint bench docs pictures sbom lock image-check clean

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
  >/dev/null 2>&1 && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO ?=
TESTS ?= tests
RAN ?=
ROOM ?=
WORKERS ?= 2
CACHE ?= .pytest_cache
# Tests of a room that do not lie in tests/<room>.
ROOM_core := tests/test_identity.py tests/test_files.py
ROOM_county := tests/test_departments.py
ROOM_workspace := tests/test_counties.py tests/test_remote.py
ROOM_quality := tests/versions/test_versions_quality.py
ROOM_submissions := tests/versions tests/questions
ROOM_screening := tests/rules
ROOM_responses := tests/transfer/test_transfer_returns.py tests/documents/test_documents_returned.py
ROOM_cli := tests/versions/test_versions_commands.py
ROOM_TESTS = $(wildcard tests/$(ROOM)) $(ROOM_$(ROOM))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY) ## make .venv with everything that is needed (once; again when requirements change)

$(READY): requirements-dev.txt pyproject.toml requirements.in
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found; say which with: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON); the first time this takes a minute or two."
	@rm -f $(READY)
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile \
	  -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib include demo dags plugins || true
	@touch $(READY)

demo: $(READY) ## a made-up county's month through a real Airflow, to workbooks that you can open
	@$(BIN)/python -m demo month $(DEMO)

up: $(READY) ## start Airflow on the demo's county to look at; prints address, user and password
	@$(BIN)/python -m demo up

down: $(READY) ## stop what `make up` started
	@$(BIN)/python -m demo down

test: $(READY) ## all tests but those about root; with ROOM=matching the quick ones of a room
ifeq ($(ROOM),)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(if $(RAN),--ran $(RAN)) $(TESTS)
else
	@test -d include/shouwang/$(ROOM) || { echo "There is no room $(ROOM) in include/shouwang." >&2; exit 1; }
	@$(BIN)/python -m pytest -q -m "not slow and not airflow and not office" $(ROOM_TESTS)
endif

test-root: $(READY) ## as root: the tests that are about root (mounted disks, the drop box, a deployment)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m root -o cache_dir=$(CACHE) \
	  $(if $(RAN),--ran $(RAN)) $(TESTS)

lint: $(READY) ## ruff, mypy --strict, the order of the rooms, the pre-commit settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pre-commit validate-config

bench: $(READY) ## seconds and memory of each step of a 40,000-household month (see docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(BENCH)

docs: $(READY) ## write the parts of the documentation that are generated
	@$(BIN)/python docs/generate.py

pictures: $(READY) ## draw the papers of docs/papers.md anew (needs LibreOffice, poppler and Chromium)
	@$(BIN)/python docs/pictures.py

sbom: $(READY) ## build/sbom.json: every package with version, hashes and licence (CycloneDX)
	@$(BIN)/python docs/supply.py

lock: $(READY) ## turn requirements*.in into locked, hashed requirements*.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

image-check: $(READY) ## as root: build the images without a registry and live a county's month, an upgrade and a restore on them
	@docker/image-check.sh

clean: ## remove the virtual environment, caches and the demo
	@test ! -x $(BIN)/python || $(BIN)/python -m demo down
	rm -rf $(VENV) var/demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
