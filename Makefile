# Tawny. `make demo` shows what it does, `make test` checks it; `make` alone lists the rest.
# Needs Python 3.11 or newer with pip; another one than the first found: make PYTHON=... demo

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
export PYTHON


# The rules that need no server, no browser and no second process.
QUICK := architecture translations templates validation schema zones opening guard naming columns

.PHONY: help demo stop check test lint docs bench soak lock clean

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/runtime.stamp ## Simulate a care centre, run its exports into demo/, serve it; PORT=8080
	@$(BIN)/python scripts/demo.py $(if $(PORT),--port $(PORT))

stop: .venv/runtime.stamp ## Stop the server that make demo left running
	@$(BIN)/python scripts/demo.py --stop

check: lint ## Style, types, imports and the quick tests: about a minute
	$(BIN)/python -m pytest $(QUICK:%=tests/test_%.py)
	$(BIN)/python -m pytest tests/test_cases.py -k response

test: lint .venv-engines/stamp ## Install what the tests need and run them: style, types, fresh documentation, code
	@scripts/system-packages.sh
	$(BIN)/python -m pytest --ignore tests/browser $(PYTEST)
	$(BIN)/python -m pytest -n 2 tests/browser

lint: .venv/dev.stamp ## Style and strict types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tests bench scripts

docs: .venv/dev.stamp ## Write the generated parts of README and docs/ again
	$(BIN)/python scripts/generate_docs.py

bench: .venv/dev.stamp ## Measure ingest and exports against limits of this machine (minutes)
	$(BIN)/python bench/bench.py

soak: .venv/dev.stamp .venv-engines/stamp .venv-apache/stamp ## The tests that take long: more random logs, mutated events, odd calls, kills, full disks; TAWNY_SOAK=10 for ten times more
	TAWNY_SOAK=$${TAWNY_SOAK:-1} $(BIN)/python -m pytest $(PYTEST)

lock: .venv/runtime.stamp ## Write the lock files again; make lock UPGRADE=1 for newer versions
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## Stop the demo's server and remove what make made: .venv, demo, caches
	@if [ -e demo/server.pid ] && [ -x $(BIN)/python ]; then $(BIN)/python scripts/demo.py --stop; fi
	rm -rf .venv .venv-engines .venv-apache demo bench/out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/runtime.stamp: requirements.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh requirements-dev.lock
	@touch .venv/runtime.stamp $@

.venv-engines/stamp .venv-apache/stamp: .venv-%/stamp: requirements-%.lock scripts/venv.sh
	@scripts/venv.sh $< .venv-$*
	@touch $@
