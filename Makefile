# Everything a newcomer needs: `make run` and `make test`. Each target makes the environment that it needs, from the lock file.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.lock-$(shell sha256sum requirements.lock | cut -c1-16)

.PHONY: run test environment
run: $(STAMP)
	@$(BIN)/python -m mdm run

environment: $(STAMP)

$(STAMP): requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@rm -f $(VENV)/.lock-* && touch $@

test: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/python -m pytest
