# make run      start the bot (makes .venv and installs the locked versions first)
# make test     lint, format, types and tests
# make check    lint, format and types only
# make bench    measure
# make crash    kill the real desk 1200 times and check the books (over an hour)
# make install  only make .venv and install what the bot needs
# make lock     resolve requirements*.in again into requirements*.txt
# make clean    remove .venv and caches; var/ with the database stays

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install install-dev run test check bench crash lock clean

# PYTHON=… chooses an interpreter; otherwise the newest one that can make a venv is taken.
PYTHON ?=
CANDIDATES := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3 python)
SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
CHECKED := $(wildcard bot handlers storage agents bench tests)
# Compiled tests are kept: each worker compiles all of them otherwise.
unexport PYTHONDONTWRITEBYTECODE
# More workers than cores: three of five begin with the stories, which wait most of the time.
WORKERS ?= 5

help:
	@sed -n 's/^# //p' Makefile | head -8

install: $(VENV)/.runtime
install-dev: $(VENV)/.dev

run: $(VENV)/.runtime
	$(BIN)/python -m bot

test: check
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist load

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)

bench: $(VENV)/.dev
	$(BIN)/python -m bench

crash: $(VENV)/.dev
	PARLEY_KILLS=200 $(BIN)/python -m pytest -q tests/stories/test_crashes.py
	PARLEY_LIVE_KILLS=500 $(BIN)/python -m pytest -q tests/stories/test_live_crashes.py

$(BIN)/python:
	@for python in $(CANDIDATES); do \
	  if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    exec $$python -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "Parley needs Python 3.11 or newer with its venv module, and none of these is one:" \
	  "$(CANDIDATES). Install it (on Debian and Ubuntu: apt-get install python3 python3-venv)" \
	  "or name it: make PYTHON=/path/to/python3." >&2; \
	exit 1

# A stamp is older than its lock file exactly when the lock changed since the last installation.
$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@echo "Installing the versions locked in requirements.txt"
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing the versions locked in requirements-dev.txt"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

# uv is not locked: it only writes the locks. UPGRADE=--upgrade takes newer versions.
UPGRADE ?=
UV_COMPILE = $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links
lock: | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV_COMPILE) requirements.in --output-file requirements.txt
	$(UV_COMPILE) --constraint requirements.txt requirements-dev.in --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
