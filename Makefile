# Everything a user starts. `make run` does the main job, `make test` checks the project; both set up what they need.

# Python 3.11 or 3.12; the first that is there.
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' >/dev/null 2>&1 && { echo $$p; break; }; done)
# The package index that torch comes from; empty: pip's own. On Linux pip's own may bring CUDA: see the README.
TORCH_INDEX ?=
# The model of the catalogue that `make run` makes assets for; empty: the bundled one.
MODEL ?=
# The archive for `make restore`.
FROM ?=

VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)
export DAGSTER_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true
export HF_HUB_OFFLINE ?= 1
export ANONYMIZED_TELEMETRY := False
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: help install run test lint ui mlflow graph bench backup restore forget clean clean-store
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or 3.12 found. Install one, or run: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q lenovo_pipeline
	@touch $@

install: $(VENV)/.installed ## make .venv and install everything, once

run: install ## materialise the whole graph, with progress and a summary; MODEL=… for another model
	@$(BIN)/python -m lenovo_pipeline.commands.run $(if $(MODEL),--model '$(MODEL)')

test: lint ## ruff, mypy, import-linter, pytest
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: install ## the Dagster UI and daemon on http://127.0.0.1:3000
	@mkdir -p data/store
	$(BIN)/dagster dev -h 127.0.0.1 -p 3000

mlflow: install ## the MLflow UI on http://127.0.0.1:5000
	@mkdir -p data/store
	$(BIN)/mlflow server --host 127.0.0.1 --port 5000 --backend-store-uri sqlite:///$(CURDIR)/data/store/mlflow.db

graph: install ## the graph server alone, to browse and query
	@$(BIN)/python -m lenovo_pipeline.commands.graph

bench: install ## the benchmarks; prints ratios against a baseline run beside them
	@for b in lenovo_pipeline_tests/benchmarks/bench_*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

backup: install ## save data/store to data/backups
	@$(BIN)/python -m lenovo_pipeline.commands.store backup

restore: install ## put a backup back: make restore FROM=data/backups/….tar.gz
	@$(BIN)/python -m lenovo_pipeline.commands.store restore $(FROM)

forget: install ## erase a person: make forget WHO=USR-17 (or an e-mail address or a name)
	@$(BIN)/python -m lenovo_pipeline.commands.forget "$(WHO)"

clean: ## remove the virtual environment and caches; data/store stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-store: ## remove everything that was produced (data/store); the list of erased people stays
	@test ! -d data/store || find data/store -mindepth 1 -maxdepth 1 ! -name forgotten.json -exec rm -rf {} +
