# `make demo` and `make test` set everything up themselves; they need python3, Node and make.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := .ci/python-packages
LOCK := uv pip compile --quiet --universal --no-annotate --no-emit-package cdk-lightsail-containers \
	--custom-compile-command 'make requirements'
SETUP := .venv/installed .venv-runtime/installed node_modules/installed
# Where `make check` looks at spelling and words. PROSE=folder for another one.
PROSE := README.md CHANGELOG.md CONTRIBUTING.md RELEASING.md SECURITY.md docs .github prose \
	app.py benchmarks constructs demo examples findings lambda live local reliability simulation \
	tests Makefile .pre-commit-config.yaml

# The Python that AWS Lambda runs the function on. Nothing is downloaded: a machine without it uses
# the one of .venv, and CI fails. A command of pyenv works only with a version chosen.
RUNTIME := 3.13
FIND := PYENV_VERSION=$(RUNTIME) $(BIN)/uv python find --no-cache --no-python-downloads --system
MISSING := Python $(RUNTIME), which AWS Lambda runs the function on, is not installed:
define RUNTIME_VENV
	@if python=$$($(FIND) $(RUNTIME) 2>/dev/null); then :; \
	elif [ -n "$$CI" ]; then echo "$(MISSING) install it and run make again" >&2; exit 1; \
	else python=$(PYTHON); echo "$(MISSING) its tests run on $$($(PYTHON) --version)" >&2; fi; \
	$(PACKAGES) $(@D) $< "$$python" --clear --without-pip
endef
# The CDK starts Node when it is imported.
define NEEDS_NODE
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version >/dev/null || { echo "Node must be 20 or newer, with npm: install it and run make again"; exit 1; }
endef
# The function's tests run on its Python. The two that also synthesize need that of the tools.
SYNTHESIZING := tests/handler/test_asset.py tests/hostile/test_round_trips.py
# Injects faults on the Python that `make faults` has. The longest, so it comes first.
FAULTS_TEST := tests/reliability/test_faults.py
OF_THE_FUNCTION := tests/handler tests/registry tests/hostile $(addprefix --ignore ,$(SYNTHESIZING))
# Each package's own tests have every line of it: the others run without the cost of coverage. By
# night, too: the function's branches, which cost half as much again on its Python, lines nothing;
# and the local cloud's lines and branches, which cost a quarter.
OTHERS := $(filter-out $(OF_THE_FUNCTION) tests/constructs tests/support,\
	$(patsubst %/,%,$(wildcard tests/[a-z]*/)) $(wildcard tests/test_*.py)) $(SYNTHESIZING)
FAULTS_TESTS := $(wildcard tests/reliability/test_faults*.py)
# A file's tests stay together, for they share clouds. Most wait: it takes eight processes, each of up
# to half a GB, to keep two processors busy. The constructs' tests compute, with a Node for each.
CORES := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 2)')
SIDE_BY_SIDE := --dist loadfile --no-loadscope-reorder --numprocesses
COMPUTING := $(SIDE_BY_SIDE) $(CORES)
WAITING := $(SIDE_BY_SIDE) $(shell expr 2 '*' $(CORES) + 4)
FAST := tests/constructs tests/handler tests/registry tests/local $(addprefix --ignore ,\
	tests/constructs/test_findings.py tests/handler/test_asset.py tests/local/engine tests/local/containers \
	tests/local/test_page_in_browser.py tests/local/test_registry_peers.py \
	tests/registry/test_docker_registry.py)
RUNTIME_PYTHON := PYTHONPATH=constructs:lambda:local:simulation .venv-runtime-tests/bin/python

export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The setup leaves compiling to the first import: with this set, every process would compile again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo picture test test-fast test-nightly check words docs format bench builders faults unknowns load live fuzz permissions audit licences sbom requirements clean

help:  ## show these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(SETUP)  ## show the main job on a local cloud: deploy, update, a failure, destroy
	@$(BIN)/python -m demo

picture: $(SETUP)  ## take the picture of the local cloud's page, with chromium and a container engine
	@$(BIN)/python -m demo.picture

test: check .venv-runtime-tests/installed  ## everything that must hold
	$(RUNTIME_PYTHON) -m pytest $(WAITING) $(FAULTS_TEST) $(OF_THE_FUNCTION) \
		--cov=cdk_lightsail_containers_handler
	$(BIN)/pytest $(COMPUTING) tests/constructs --cov=cdk_lightsail_containers --cov-branch
	$(BIN)/pytest $(WAITING) $(OTHERS) --ignore $(FAULTS_TEST)

test-fast: $(SETUP)  ## the tests that need neither the CDK command line nor the engine
	$(BIN)/pytest $(SIDE_BY_SIDE) $(shell expr 2 '*' $(CORES)) $(FAST)

test-nightly: $(SETUP) .venv-runtime-tests/installed  ## the tests that take long and rarely fail
	$(BIN)/pytest $(WAITING) -m nightly
	$(BIN)/pytest $(WAITING) $(OF_THE_FUNCTION) \
		--cov=cdk_lightsail_containers_handler --cov-branch
	$(BIN)/pytest $(WAITING) tests/local --cov=lightsail_local --cov-branch
	$(RUNTIME_PYTHON) -m pytest $(WAITING) -m 'nightly or not nightly' \
		--hypothesis-profile nightly $(OF_THE_FUNCTION) $(FAULTS_TESTS)

check: $(SETUP)  ## format, lint, types, words, and known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy app.py demo prose reliability live examples tests/constructs/habits_app.py
	$(BIN)/bandit --quiet -c pyproject.toml -r .
	$(MAKE) --no-print-directory words
	$(BIN)/python -m reliability audit

words: .venv/installed  ## spelling, and words to avoid; PROSE='lambda tests' for other folders
	@$(BIN)/codespell --toml pyproject.toml $(PROSE)
	@$(BIN)/python -m prose $(PROSE)

# pdoc takes subprocesses away from what it imports, and the CDK needs Node.
docs: .venv/installed  ## write the API reference into dist/docs
	@rm -rf dist/docs
	@PDOC_ALLOW_EXEC=1 $(BIN)/pdoc --docformat google --no-show-source --output-directory dist/docs cdk_lightsail_containers
	@echo "dist/docs/index.html"

format: $(SETUP)  ## apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(SETUP)  ## measure, beside skopeo and other tools
	@$(BIN)/python -m benchmarks $(BENCH)

faults: $(SETUP) .venv-runtime-tests/installed  ## inject every fault into every call of every lifecycle, and print the table
	@$(RUNTIME_PYTHON) -m reliability faults $(FAULTS)

unknowns: $(SETUP)  ## run every lifecycle under every assumption about undocumented behavior
	@$(BIN)/python -m reliability unknowns $(UNKNOWNS)

builders: $(SETUP)  ## read images from the builders on this machine, and print the table
	@$(BIN)/python -m reliability builders $(BUILDERS)

fuzz: $(SETUP) .venv/fuzz-installed  ## feed every parser with input that reaches new code, 20 seconds each
	@$(BIN)/python -m reliability fuzz $(FUZZ)

permissions: $(SETUP)  ## compare what stacks may do with what they do
	@$(BIN)/python -m reliability permissions $(PERMISSIONS)

audit: $(SETUP)  ## known vulnerabilities of all Python dependencies; fails also without network
	@$(BIN)/python -m reliability audit --insist

licences: $(SETUP)  ## the licenses of all dependencies
	@$(BIN)/python -m reliability licences $(LICENCES)

sbom: $(SETUP)  ## write what the package and its function contain into dist/
	@$(BIN)/python -m reliability sbom

requirements: $(SETUP)  ## pin again what pyproject.toml names; UPGRADE=--upgrade takes the newest
	@$(BIN)/$(LOCK) $(UPGRADE) --generate-hashes --extra local --group dev pyproject.toml \
		--output-file requirements-dev.txt
	@$(BIN)/$(LOCK) $(UPGRADE) --generate-hashes --group pyproject.toml:runtime \
		--output-file requirements-runtime.txt
	@$(BIN)/$(LOCK) $(UPGRADE) --generate-hashes --group pyproject.toml:runtime-tests pyproject.toml \
		--constraints requirements-runtime.txt --output-file requirements-runtime-tests.txt
	@$(BIN)/$(LOCK) --generate-hashes --group pyproject.toml:fuzz \
		--output-file requirements-fuzz.txt
	@echo '-e .' | $(BIN)/uv pip compile --quiet --universal --no-annotate \
		--custom-compile-command 'make requirements' --constraints requirements-dev.txt \
		--output-file requirements.txt -

live: $(SETUP)  ## try everything in a real account: shows the cost, asks, removes everything
	@$(BIN)/python -m live $(LIVE)

load: $(SETUP)  ## try many stacks at once, with little room, and print the tables
	@$(BIN)/python -m reliability load $(LOAD)

clean:  ## remove what was set up
	rm -rf .venv .venv-runtime .venv-runtime-tests node_modules cdk.out

.venv/installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 must be 3.11 or newer, this one is " + sys.version.split()[0])'
	$(NEEDS_NODE)
	@echo "Setup: Python packages into .venv (the first time half a minute or so)"
	@$(PACKAGES) .venv requirements-dev.txt $(PYTHON)
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python .ci/unpack-cdk
	@touch $@

.venv/fuzz-installed: requirements-fuzz.txt .venv/installed
	@$(BIN)/pip install --quiet --require-hashes --no-deps --only-binary :all: --requirement $<
	@touch $@

.venv-runtime/installed: requirements-runtime.txt | .venv/installed
	@echo "Setup: what the Lambda runtime has, into .venv-runtime"
	$(RUNTIME_VENV)
	@$(@D)/bin/python -m compileall -q $(@D)/lib
	@touch $@

.venv-runtime-tests/installed: requirements-runtime-tests.txt | .venv/installed
	@echo "Setup: what the function's tests need beside the Lambda runtime, into .venv-runtime-tests"
	$(RUNTIME_VENV)
	@$(BIN)/pip --python $(@D) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/installed: package.json package-lock.json
	$(NEEDS_NODE)
	@echo "Setup: the CDK command line into node_modules"
	@npm ci --silent --no-audit --no-fund
	@touch $@
