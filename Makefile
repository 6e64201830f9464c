# The menu. `make up` and `make test` do all the set-up they need on a fresh clone.

PYTHON ?= python3
BENCH ?= # flags of the bench, e.g. make bench BENCH=--quick
FAULTS ?= full
SOAK ?= 2h
WORKERS ?= 6 # processes of the fault runs, each with a control plane of its own
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help up down test faults soak check format bench crds proto docs pictures lock clean

help: ## Show this menu
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11"; echo "hint: make PYTHON=/path/to/python3.11 …"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: $(STAMP) ## Start a sandbox where there is no cluster and bring up the quickstart stack; Ctrl-C stops
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/kubectl-prism up --sandbox

down: $(STAMP) ## Stop the sandbox and remove everything it made
	@$(BIN)/kubectl-prism sandbox down

test: $(STAMP) ## Run all tests, against a real control plane (built once, on demand)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

faults: $(STAMP) ## Run every fault of the plan, for an hour, and write docs/reliability.md
	PRISM_FAULTS=$(FAULTS) $(BIN)/pytest -n $(WORKERS) --dist load --no-loadscope-reorder tests/faults

soak: $(STAMP) ## Change 2,000 patterns for two hours, or SOAK=10m, and write docs/soak.md
	$(BIN)/python -m tests.faults.soak $(SOAK)

check: $(STAMP) ## Lint, format, types, and which way dependencies point
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure start-up against kubectl, the dashboard, and the reconciler against a bare client and a Kopf operator
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.screen $(filter --quick,$(BENCH))
	$(BIN)/python -m bench $(BENCH)

crds: $(STAMP) ## Generate the CRDs from the models
	$(BIN)/python -m kubectl_prism.model.crd kubectl_prism/manifests/crds

proto: $(STAMP) ## Generate the Python of the .proto files
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. kubectl_prism/proxy/proto/*.proto

docs: $(STAMP) ## Generate the reference pages that follow from the program
	$(BIN)/python -m docs.generate docs/reference

pictures: $(STAMP) ## Draw every page of the dashboard over a sandbox of its own, for the docs
	$(BIN)/python -m docs.pictures docs/pictures

lock: ## Resolve the dependencies anew and write requirements.lock
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-options --no-header --extra dev -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-options --no-header -o bench/requirements.lock bench/requirements.in

clean: ## Remove the virtual environment and caches; the sandbox and its programs stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
