# `make run` and `make test` are all that a newcomer needs. Every target first makes its environment from the lock file, if that changed.

SHELL  := bash
PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --no-input -qq --require-hashes
# One stamp per lock file, named by its content: an environment is made anew only when its lock changed.
stamp   = $(VENV)/$(1)-$(shell sha256sum $(1) | cut -c1-16)
RUNTIME := $(call stamp,requirements.lock)
DEV     := $(call stamp,requirements-dev.lock)
BENCH   := $(call stamp,requirements-bench.lock)
PIP_COMPILE := $(BIN)/python -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --resolver=backtracking --upgrade

.DEFAULT_GOAL := help
.PHONY: help run test check torture benchmark format messages schema lock shell clean environment

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /make \1\t/' | expand -t 18

run: $(RUNTIME) ## Serve web, worker and beat on this machine until Ctrl-C (PORT=8000); the first start loads a demonstration
	@exec $(BIN)/python -m mdm run

test: check ## Check style, types and layers, then run every test on SQLite and PostgreSQL
	@$(BIN)/python -m pytest --database both $(PYTEST)

check: $(DEV)
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py makemigrations --check --dry-run
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(VENV)/schema.yml
	@diff -u api/v1/schema.yml $(VENV)/schema.yml || { echo 'The API changed: make schema writes api/v1/schema.yml anew.'; exit 1; }

torture: $(DEV) ## Races, kills, lost brokers and shuffles, then verify; writes docs/torture-report.md (MINUTES=n goes on for so long)
	@$(BIN)/python -m tests.torture --report docs/torture-report.md $(MINUTES:%=--minutes %)

benchmark: $(BENCH) ## Measure: NAME=match (or import, put, lookup, ...; all without NAME); prints a JSON line per figure
	@set -e; for file in $(or $(NAME:%=tests/benchmarks/%.py),$(sort $(filter-out %/__init__.py,$(wildcard tests/benchmarks/*.py)))); do \
		$(BIN)/python -m $$(echo $${file%.py} | tr / .); done

format: $(DEV) ## Format the code and mend what ruff can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

messages: $(DEV) ## Gather the texts of the pages, compile their translation, and name what is not translated
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py messages

schema: $(DEV) ## Write the API's OpenAPI document anew
	@MDM_DATA_DIR=$(VENV)/check $(BIN)/python manage.py spectacular --validate --fail-on-warn --file api/v1/schema.yml

shell: $(RUNTIME) ## A Python shell with the project's models, on the data of `make run`
	@$(BIN)/python manage.py shell

lock: ## Choose the newest allowed versions anew and write them to the lock files
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet 'pip-tools>=7.5'
	@$(PIP_COMPILE) --output-file requirements.lock pyproject.toml
	@$(PIP_COMPILE) --constraint requirements.lock --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(PIP_COMPILE) --constraint requirements-dev.lock --extra bench --output-file requirements-bench.lock pyproject.toml

clean: ## Remove the environment and all data of `make run`
	@rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment: $(DEV)

$(RUNTIME): requirements.lock
	@test -x $(BIN)/python || { echo 'Making the environment (about a minute).'; $(PYTHON) -m venv $(VENV); }
	@$(PIP) --requirement $<
	@rm -f $(VENV)/requirements*.lock-* && touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@$(PIP) --requirement $<
	@rm -f $(VENV)/$<-* && touch $@

$(BENCH): requirements-bench.lock $(DEV)
	@$(PIP) --requirement $<
	@rm -f $(VENV)/$<-* && touch $@
