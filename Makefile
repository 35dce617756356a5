# `make run` and `make test` are all that a newcomer needs. Every target first makes its environment from the lock file, if that changed.

SHELL  := bash
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --no-input -qq --require-hashes
STAMP  := $(VENV)/lock-$(shell sha256sum requirements.lock | cut -c1-16)
BENCH  := $(VENV)/bench-$(shell sha256sum requirements-bench.lock | cut -c1-16)
PIP_COMPILE := $(BIN)/python -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --resolver=backtracking

.DEFAULT_GOAL := help
.PHONY: help run test check benchmark format schema lock shell clean environment

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /make \1\t/' | expand -t 18

run: environment ## Serve web, worker and beat on this machine until Ctrl-C (PORT=8000); the first start loads a demonstration
	@exec $(BIN)/python -m mdm run

test: check ## Check style, types and layers, then run every test on SQLite and PostgreSQL
	@$(BIN)/python -m pytest --database both $(PYTEST)

check: environment
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py makemigrations --check --dry-run
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(VENV)/schema.yml
	@diff -u api/v1/schema.yml $(VENV)/schema.yml || { echo 'The API changed: make schema writes api/v1/schema.yml anew.'; exit 1; }

benchmark: $(BENCH) ## Measure: NAME=match (or import, put, lookup, ...; all without NAME); prints a JSON line per figure
	@set -e; for file in $(or $(NAME:%=tests/benchmarks/%.py),$(sort $(filter-out %/__init__.py,$(wildcard tests/benchmarks/*.py)))); do \
		$(BIN)/python -m $$(echo $${file%.py} | tr / .); done

format: environment ## Format the code and mend what ruff can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

schema: environment ## Write the API's OpenAPI document anew
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py spectacular --validate --fail-on-warn --file api/v1/schema.yml

shell: environment ## A Python shell with the project's models, on the data of `make run`
	@$(BIN)/python manage.py shell

lock: ## Choose the newest allowed versions anew and write them to the lock files
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet 'pip-tools>=7.5'
	@CUSTOM_COMPILE_COMMAND='make lock' $(PIP_COMPILE) --upgrade --extra dev --output-file requirements.lock pyproject.toml
	@CUSTOM_COMPILE_COMMAND='make lock' $(PIP_COMPILE) --upgrade --extra bench --constraint requirements.lock \
		--output-file requirements-bench.lock pyproject.toml

clean: ## Remove the environment and all data of `make run`
	@rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment: $(STAMP)

$(STAMP): requirements.lock
	@test -x $(BIN)/python || { echo 'Making the environment (about a minute).'; $(PYTHON) -m venv $(VENV); }
	@$(PIP) --requirement requirements.lock
	@rm -f $(VENV)/lock-* $(VENV)/bench-* && touch $@

$(BENCH): requirements-bench.lock $(STAMP)
	@$(PIP) --requirement requirements-bench.lock
	@rm -f $(VENV)/bench-* && touch $@
