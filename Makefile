# Two commands set everything up on a machine with Python 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

ROWS ?= 1000000
AI_FINOPS_SHARED_DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint conformance dev analyst bench real-data lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock pyproject.toml
	@echo "Installing the locked packages into $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@# Some environments forbid Python to write bytecode at run time; every command would then compile its imports again.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib || true
	@# The first night of every warehouse goes on from them.
	@$(BIN)/python -m orchestration.dbt_parse
	@$(BIN)/python -m orchestration.frame
	@touch $(STAMP)

profiles.yml: profiles.example.yml
	@cp profiles.example.yml profiles.yml

setup: $(STAMP) profiles.yml ## Create the environment

demo: setup ## Simulate the demo company, run the nightly job, publish, show the first screen
	@$(BIN)/ai-finops demo

test: setup ## All tests, on two cores
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: setup ## ruff, sqlfluff, dbt-bouncer
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@rm -rf target/compiled
	@AI_FINOPS_ANALYST_PATH=target/lint.duckdb $(BIN)/dbt compile --quiet --target analyst
	@$(BIN)/sqlfluff lint --config .sqlfluff --disable-progress-bar --processes 2 target/compiled
	@$(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml

conformance: setup ## The official FOCUS validator over what is published, where there is Python 3.12
	@$(BIN)/python tests/conformance/focus_validator.py

dev: setup ## Dagster with the asset graph
	@DAGSTER_HOME=$${DAGSTER_HOME:-$(CURDIR)/.dagster} $(BIN)/ai-finops dev

analyst: setup ## A DuckDB file of your own over the same raw tables, for dbt build by hand
	@$(BIN)/ai-finops analyst

real-data: setup ## Land and run the real exports in AI_FINOPS_SHARED_DATA
	@AI_FINOPS_HOME=warehouse/real-data $(BIN)/ai-finops land-list examples/real_data/deliveries.yml --root $(AI_FINOPS_SHARED_DATA)
	@AI_FINOPS_HOME=warehouse/real-data $(BIN)/ai-finops run

bench: setup ## Time the nightly job against hand-written SQL, e.g. make bench ROWS=10000000
	@$(BIN)/python -m bench --rows $(ROWS)

lock: setup ## Resolve pyproject.toml into requirements.lock
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-strip-extras --no-header --extra dev --python-version 3.11 pyproject.toml -o requirements.lock

clean: ## Remove what was built (not the environment)
	@rm -rf warehouse target logs .pytest_cache
