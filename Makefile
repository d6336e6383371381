# Each verb prepares what it needs: a fresh machine needs only make and Python 3.11 or newer.
# ARGS="..." is handed on: make up ARGS="--for 30s", make test ARGS="tests/market -x".

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Tests run on up to four cores; those of one file on one of them: they may share a server.
PYTEST = $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup up test lint format types docs bench campaign check lock torch packages

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

setup: $(READY) ## make .venv with the locked dependencies and this project
	@echo "Ready: $(BIN)/cryptoscalp --help"

up: $(READY) ## start the embedded PostgreSQL, migrate it, run a feed and show it live
	@$(BIN)/cryptoscalp up $(ARGS)

# With ARGS every test that they choose is run.
test: $(READY) ## run the tests on the embedded server; what needs more is skipped and named
	@CRYPTOSCALP_SHORT=$(if $(ARGS),,1) $(PYTEST) $(ARGS)

lint: $(READY) ## check style, format and the import contracts between the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

format: $(READY) ## put the code into its format and sort the imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(READY) ## check the types (mypy --strict)
	@$(BIN)/mypy

docs: $(READY) ## check that the texts agree with the project
	@$(BIN)/python -m pytest -m docs $(ARGS)

bench: $(READY) ## measure, each figure beside its limit or peer
	@$(BIN)/python -m bench $(ARGS)

campaign: $(READY) ## run the campaign NAME=… (long) and keep its evidence in docs/evidence
	@$(BIN)/python -m campaigns $(NAME) $(ARGS)

check: packages torch lint types ## run all of CI: lint, types, then every test, none of them left out
	@CRYPTOSCALP_REQUIRE_ALL=1 $(PYTEST) $(ARGS)

lock: $(READY) ## bring requirements.lock up to pyproject.toml; ARGS=--upgrade moves every version
	@$(BIN)/uv pip compile --quiet $(ARGS) --universal --python-version 3.11 --group dev \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

torch: $(READY) ## install PyTorch and Stable-Baselines3, which tests of their adapters need
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements.lock --requirement requirements-torch.txt

packages: ## install the system PostgreSQL that tests need (Debian and Ubuntu, as root), start none
	@sh .ci/packages

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "cryptoscalp needs Python 3.11 or newer, and none was found;" \
		"install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu install its" \
		"venv package (apt-get install python3-venv) and run make again" >&2; exit 1; }
	@echo "Installing the locked dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@
