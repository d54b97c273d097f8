# Two commands matter: `make edgetpu-model` and `make test`. Each sets up all that it needs, inside this folder.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
RECIPE ?= trunk
SETUP := .venv/.ready

.PHONY: help setup edgetpu-model test hil-sim hil folds bench bench-frontend alignment style clean lock

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# The stamp holds a hash of what was installed, so that a changed lock file is installed again.
$(SETUP): tools/bootstrap.py requirements.lock pyproject.toml
	@$(PYTHON) tools/bootstrap.py

setup: $(SETUP)  ## make the environment (.venv); the other targets do so themselves

edgetpu-model: $(SETUP)  ## corpus to int8 networks, Edge TPU analysis and bundle (RECIPE=trunk|scratch)
	@$(BIN)/undertone build-model --recipe $(RECIPE)

hil-sim: edgetpu-model  ## stream re-recorded held-out speakers through a simulated device and check the budgets
	@$(BIN)/undertone hil --dut host

hil: $(SETUP)  ## the same over a board: make hil PORT=/dev/ttyACM0, or any pyserial URL
	@test -n "$(PORT)" || { echo "name the port: make hil PORT=/dev/ttyACM0 (undertone doctor lists them)"; exit 2; }
	@$(BIN)/undertone hil --dut board:$(PORT)

folds: $(SETUP)  ## six leave-three-actors-out folds of the acoustic recipe
	@$(BIN)/undertone folds --recipe $(RECIPE)

bench-frontend: $(SETUP)  ## race our front-end against the stock ones (those that are installed)
	@$(BIN)/python -m tools.bench_frontend

# MLTK's wrapper is the one oracle outside the lock file: its metadata clashes with ours (see tools/oracles.txt).
alignment: $(SETUP)  ## golden vectors through every implementation of the front-end: report and verdict in LSB
	@test -d build/oracles/mltk || $(BIN)/uv pip install --quiet --no-deps --target build/oracles -r tools/oracles.txt || echo "MLTK's wrapper could not be fetched: compared without it" >&2
	@$(BIN)/python -m tools.alignment

test: $(SETUP)  ## the whole test-suite, with coverage
	@$(BIN)/python -m tools.run_tests

style: $(SETUP)  ## linters, types, import rules, and our row of the style table
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m tools.style

bench: bench-frontend  ## all benchmarks; timings are never part of the tests

lock:  ## resolve pyproject.toml into requirements.lock again
	@$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock

clean:  ## remove what was built (the environment stays)
	rm -rf build
