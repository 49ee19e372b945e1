# `make demo` and `make test` set everything up themselves; they need python3, Node and make.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/installed .venv-runtime/installed node_modules/installed

export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test check format bench faults load clean

demo: $(SETUP)  ## show the main job on a local cloud: deploy, update, a failure, destroy
	@$(BIN)/python -m demo

test: check  ## everything that must hold
	$(BIN)/pytest --numprocesses 4 --dist loadfile --cov

check: $(SETUP)  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy app.py demo reliability

format: $(SETUP)  ## mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(SETUP)  ## measure, side by side with what users have otherwise
	@$(BIN)/python -m benchmarks

faults: $(SETUP)  ## strike every call of every scenario with every fault, and print the table
	@$(BIN)/python -m reliability.faults $(FAULTS)

load: $(SETUP)  ## try many stacks at once, with little room, and print the tables
	@$(BIN)/python -m reliability.load $(LOAD)

clean:  ## remove what was set up
	rm -rf .venv .venv-runtime node_modules cdk.out

.venv/installed: requirements.txt requirements-runtime.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 must be 3.11 or newer, this one is " + sys.version.split()[0])'
	@echo "Installing Python packages into .venv (the first time a minute or so) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@

.venv-runtime/installed: requirements-runtime.txt
	@echo "Installing what the Lambda runtime has into .venv-runtime ..."
	@$(PYTHON) -m venv .venv-runtime
	@.venv-runtime/bin/pip install --quiet --requirement requirements-runtime.txt
	@touch $@

node_modules/installed: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node must be 20 or newer: install it and run make again"; exit 1; }
	@echo "Installing the CDK command line into node_modules ..."
	@npm ci --silent --no-audit --no-fund
	@touch $@
