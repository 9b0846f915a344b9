# The verbs of the project. `make serve` runs the sandbox, `make test` tests it, `make check` is what a change must pass.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN = $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: serve test test-all check static format docs dist clean

serve: $(VENV)/.installed  ## run the sandbox; ARGS="--ports auto" passes flags
	@$(BIN)/email-sandbox serve $(ARGS)

test: $(VENV)/.dev  ## run the tests; ARGS="-k smtp" passes flags, WORKERS=0 keeps to one process
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'not thorough' $(ARGS)

test-all: $(VENV)/.dev  ## the same with the tests that take minutes
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: static test  ## format, lint, types, import contracts, tests

static: $(VENV)/.dev
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev  ## format the code and mend what the linter can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: $(VENV)/.dev  ## write the generated parts of docs/ anew
	@$(BIN)/python docs/generate.py

dist: $(VENV)/.dev  ## build the wheel and the source distribution
	@$(BIN)/python -m build

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo 'installing into $(VENV) …'
	@$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo 'installing what the tests need …'
	@$(BIN)/pip install --quiet --no-compile --group dev
	@touch $@
