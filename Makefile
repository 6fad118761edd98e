# `make run` shows the program with demo data, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

export PORT ?= 8000
PYTHON_BIN := .venv/bin/python
QUICK := not database and not postgres and not browser and not long and not slow

.PHONY: help
help: ## this list
	@echo "make ..."
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: ## set up, then start with demo data (PORT=8000, MHFA_DATA_DIR=./instance); Ctrl-C stops it
	@deploy/system.sh run || echo "Going on without; certificates cannot be drawn as PDF until that is installed."
	@deploy/venv.sh run
	@exec .venv/bin/mhfa-lms serve --demo --port "$$PORT"

.PHONY: test
test: set-up lint types ## set up, then everything CI checks: format, lint, types, all tests on both databases
	@deploy/test.sh -m "not long"

.PHONY: test-long
test-long: set-up ## the full-size kill and load loops (long)
	@deploy/test.sh -m long

.PHONY: check
check: venv lint types ## the quick one, for every save: format, lint, types, unit tests
	@$(PYTHON_BIN) -m pytest -q -n 2 --dist worksteal -m "$(QUICK)"

.PHONY: bench
bench: venv ## measure speed and size; prints figures with their floor (BENCH=--full for a million certificates)
	@deploy/bench.sh $(BENCH)

.PHONY: marks
marks: set-up ## draw the site's icons and the certificate's stones anew
	@$(PYTHON_BIN) -m tests.marks

.PHONY: pictures
pictures: set-up ## draw the README's pictures anew
	@$(PYTHON_BIN) -m tests.pictures

.PHONY: lock
lock: venv ## write the lock files anew from pyproject.toml and package.json (UPGRADE=1 for the newest of all)
	@deploy/lock.sh

.PHONY: wheel
wheel: venv ## build the installable package into dist/
	@$(PYTHON_BIN) -m hatchling build -t wheel

.PHONY: system
system: ## install what the system lacks: Pango and fonts; for tests PostgreSQL, Chromium, poppler, qpdf, zbar, Node
	@deploy/system.sh test && echo "The system has all it needs."

.PHONY: clean
clean: ## remove what make made; an installation's data in instance/ stays
	@rm -rf .venv node_modules dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The steps that the targets above share.
.PHONY: set-up venv lint types
set-up:
	@deploy/system.sh test
	@deploy/venv.sh dev
	@$(MAKE) --silent node_modules/.package-lock.json

venv:
	@deploy/venv.sh dev

lint: venv
	@$(PYTHON_BIN) -m ruff format --check --quiet . || { echo "Run: .venv/bin/ruff format"; exit 1; }
	@$(PYTHON_BIN) -m ruff check --quiet .

types: venv
	@$(PYTHON_BIN) -m mypy

node_modules/.package-lock.json: package-lock.json
	@echo "Installing axe-core for the browser tests ..."
	@npm ci --silent --no-audit --no-fund </dev/null && touch $@
