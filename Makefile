# From a bare checkout: `make run` and `make test`. What they need is put into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
WORKERS ?= 2

.PHONY: setup run test protocols lint bench screenshots dev chromium database clients clean

setup: $(VENV)/.serve

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ChatOps needs Python 3.11 or newer; set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv."; exit 1; }

$(VENV)/.serve: requirements.txt | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

dev: $(VENV)/.dev

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.serve $@

run: setup
	@exec $(VENV)/bin/python manage.py demo

chromium:
	@.ci/chromium

database:
	@.ci/database

test: dev chromium database clients lint
	$(VENV)/bin/pytest -n $(WORKERS)

# docs/protocols.md, from a run of everything.
protocols: dev chromium database clients
	$(VENV)/bin/pytest -n $(WORKERS) --protocols-anew

lint: dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python manage.py makemigrations --check --dry-run
	$(VENV)/bin/djhtml --check templates

bench: dev
	benchmarks/run

clients: dev
	@.ci/clients

screenshots: dev chromium
	$(VENV)/bin/python -m tests.pages.take_screenshots

clean:
	rm -rf $(VENV) .clients tests/clients/js/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
