# Two commands do everything: `make run` and `make test`. Each target is also a single command.
PYTHON ?= python3
BIN := .venv/bin
SCREEN := xvfb-run -a -s "-screen 0 1600x1000x24 -noreset"
PYTEST := $(SCREEN) $(BIN)/python -m pytest

.PHONY: help prepare run test lint types contracts tests unit golden journeys bench evaluate lock clean

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

prepare:         ## environment, locked dependencies, llama.cpp build
	@$(PYTHON) packaging/prepare.py

run: prepare     ## the window on the demo study
	$(BIN)/second-read $(wildcard resources/demo_study/*/)

test: prepare    ## everything that must be green
	@$(MAKE) --no-print-directory lint types contracts tests

lint:            ## ruff
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .

types:           ## mypy, strict
	$(BIN)/mypy

contracts:       ## who may import whom
	$(BIN)/lint-imports

tests:           ## pytest in a virtual screen
	$(PYTEST)

unit:            ## tests without a window
	$(BIN)/python -m pytest tests/unit

golden:          ## pictures against their truth
	$(PYTEST) tests/golden

journeys:        ## what a reader does, in the real window
	$(PYTEST) tests/journeys

bench:           ## the figures of README's table
	$(SCREEN) $(BIN)/python tests/benchmarks/run.py

evaluate:        ## the model that ships, on 300 drawn patients that it never saw
	$(BIN)/python packaging/evaluate_demo_model.py --work build/evaluation

lock:            ## resolve the dependencies anew for all systems and Pythons
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra dev --upgrade -q pyproject.toml -o requirements.lock

clean:           ## drop what was built here; the llama.cpp wheel stays in its cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
