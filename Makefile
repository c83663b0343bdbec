# SPDX-License-Identifier: Apache-2.0
# The two commands that do everything are `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
CHECKS := check-style check-format check-types check-layers
.PHONY: help setup demo setup-test test test-long lint $(CHECKS) format lock clean

BIN := .venv/bin
# The tests run against the installed wheel, not against src/. Where .venv is a link, because others may not pass the
# clone's folder, the programs must know their place by its real name.
PYTEST = $$(readlink -f .venv)/bin/python -m pytest -o pythonpath=tests --continue-on-collection-errors
# Three modules at a time: most tests wait for a spooler or a disk. A module stays together, for its fixtures' sake.
SHARE := -n 3 --dist loadscope --no-loadscope-reorder
# Further arguments for pytest: make test PYTEST_ARGS='tests/core -x'
PYTEST_ARGS ?=

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install Debian packages (as root) and Pagetoll into .venv/
	@tools/packages.sh run
	@tools/venv.sh run
	@echo "Pagetoll is installed in .venv/. Next: make demo (see it work), or .venv/bin/pagetoll init (start for real)."

demo: setup ## print real documents through a private CUPS, one charged, one refused
	@$(BIN)/pagetoll demo

setup-test:
	@tools/packages.sh test
	@tools/venv.sh test

test: setup-test ## install what the tests need and run all checks and tests
	@failed=0; $(MAKE) --no-print-directory --keep-going $(CHECKS) || failed=1; \
	$(PYTEST) $(SHARE) $(PYTEST_ARGS) || failed=1; exit $$failed

test-long: setup-test ## the tests that take minutes (kills at random times, many queues), and new cases for properties
	@failed=0; $(PYTEST) -m long $(PYTEST_ARGS) || failed=1; \
	$(PYTEST) -m hypothesis --hypothesis-profile=search $(PYTEST_ARGS) || failed=1; exit $$failed

lint: setup-test ## style, types and layers
	@$(MAKE) --no-print-directory --keep-going $(CHECKS)

check-style:
	$(BIN)/ruff check

check-format:
	$(BIN)/ruff format --check

check-types:
	$(BIN)/mypy

check-layers:
	PYTHONPATH=src $(BIN)/lint-imports

format: setup-test ## rewrite the sources in the house's format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: ## make the lock files anew from pyproject.toml
	@tools/lock.sh

clean: ## remove what was built (the environment in /opt/pagetoll stays)
	rm -rf .venv .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
