# Two commands matter: `make edgetpu-model` and `make test`. Each sets up all that it needs, inside this folder.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
RECIPE ?= trunk
SETUP := .venv/.ready

# Compiled models to damage, where there are any; small ones are made otherwise.
PAIRS := $(firstword $(wildcard $(UNDERTONE_DATA)/edgetpu_pairs data/edgetpu_pairs ../shared/data/edgetpu_pairs))

.PHONY: help setup edgetpu-model test hil-sim twin hil device-tests firmware flash powercut schedules fuzz-protocol fuzz-edgetpu fuzz-reweight folds \
	docs bench bench-build bench-frontend bench-edgetpu bench-twin alignment style clean lock

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# The stamp holds a hash of what was installed, so that a changed lock file is installed again.
$(SETUP): tools/dev/bootstrap.py requirements.lock pyproject.toml
	@$(PYTHON) tools/dev/bootstrap.py

setup: $(SETUP)  ## make the environment (.venv); the other targets do so themselves

edgetpu-model: $(SETUP)  ## corpus to int8 networks, Edge TPU analysis and bundle (RECIPE=trunk|scratch)
	@$(BIN)/undertone build-model --recipe $(RECIPE)

hil-sim: edgetpu-model  ## stream re-recorded held-out speakers through a simulated device and check the budgets
	@$(BIN)/undertone hil --dut host

twin: edgetpu-model  ## the same through the firmware on an emulated Cortex-M7
	@$(BIN)/undertone hil --dut twin --out build/hil-twin

hil: $(SETUP)  ## the same over a board: make hil PORT=socket://10.10.10.1:7000, or any pyserial port
	@test -n "$(PORT)" || { echo "name the port: make hil PORT=socket://10.10.10.1:7000 (undertone doctor lists them)"; exit 2; }
	@$(BIN)/undertone hil --dut board:$(PORT)

device-tests: edgetpu-model  ## what every device must do, with the real bundle: DUT=host, twin or board:PORT
	@$(BIN)/python -m pytest -q tests/device --dut $(or $(DUT),twin) --bundle build/bundle

firmware: edgetpu-model  ## build it for the twin, and for the board where CORALMICRO_DIR names its SDK; memory reports
	@$(BIN)/undertone build --port twin
	@if [ -n "$$CORALMICRO_DIR" ]; then $(BIN)/undertone build --port coralmicro; else echo "CORALMICRO_DIR is not set: not built for the board"; fi

flash: firmware  ## write firmware and bundle to a board and make sure that it runs them (SERIAL=... where there are several)
	@$(BIN)/undertone flash $(if $(SERIAL),--serial $(SERIAL)) $(if $(PORT),--port $(PORT))

schedules: edgetpu-model  ## TPU faults, hangs and resets by seed on the emulated firmware: it must come back (COUNT=10000 FIRST=0)
	@$(BIN)/undertone endure schedules --bundle $(or $(BUNDLE),build/bundle) --count $(or $(COUNT),10000) --first $(or $(FIRST),0)

powercut: edgetpu-model  ## cut the power at every flash operation of an update: the old or the new bundle must answer
	@$(BIN)/undertone endure powercut

fuzz-protocol: $(SETUP)  ## ten million damaged inputs against the device's core, under sanitizers (INPUTS=...)
	@$(BIN)/undertone fuzz protocol --count $(or $(INPUTS),10000000)

fuzz-edgetpu: $(SETUP)  ## damaged model files against every tool that reads them (COUNT=100000)
	@$(BIN)/undertone fuzz edgetpu --count $(or $(COUNT),100000) $(PAIRS)

fuzz-reweight: $(SETUP)  ## damaged triples against reweight: the honest file or a refusal (COUNT=100000)
	@$(BIN)/undertone fuzz reweight --count $(or $(COUNT),100000) $(PAIRS) $(wildcard $(dir $(PAIRS))edgetpu_same_architecture)

folds: $(SETUP)  ## six leave-three-actors-out folds of the acoustic recipe
	@$(BIN)/undertone folds --recipe $(RECIPE)

bench-frontend: $(SETUP)  ## race our front-end against the stock ones (those that are installed)
	@$(BIN)/undertone bench frontend

# MLTK's wrapper is the one oracle outside the lock file: its metadata clashes with ours (see tools/lab/oracles.txt).
alignment: $(SETUP)  ## golden vectors through every implementation of the front-end: report and verdict in LSB
	@test -d build/oracles/mltk || $(BIN)/uv pip install --quiet --no-deps --target build/oracles -r tools/lab/oracles.txt || echo "MLTK's wrapper could not be fetched: compared without it" >&2
	@$(BIN)/undertone alignment

test: $(SETUP)  ## the whole test-suite, with coverage
	@$(BIN)/python -m tools.dev.run_tests

style: $(SETUP)  ## linters, types, import rules, and our row of the style table
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo --no-cache && $(BIN)/python -m tools.dev.c_style && $(BIN)/python -m tools.dev.style

bench-build: $(SETUP)  ## a build from nothing, minutes: seconds per stage
	@$(BIN)/undertone bench build --recipe $(RECIPE)

bench-twin: edgetpu-model  ## a minute of audio through the emulated firmware: speed, instructions by function
	@$(BIN)/undertone bench twin

bench-edgetpu: edgetpu-model  ## how long analyse and inspect take, on our networks and on the largest ones at hand
	@$(BIN)/undertone bench edgetpu build/bundle/ $(PAIRS) $(wildcard $(dir $(PAIRS))models)

docs: $(SETUP)  ## the pages that are made from the code, and the site: build/docs/index.html
	@$(BIN)/python -c "import sphinx, myst_parser, furo" 2>/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r docs/requirements.lock
	@$(BIN)/python -m tools.dev.docs

bench: bench-frontend bench-build bench-edgetpu bench-twin  ## all benchmarks; timings are never part of the tests

lock:  ## resolve pyproject.toml into requirements.lock again
	@$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock
	@$(BIN)/uv pip compile --group pyproject.toml:docs --constraints requirements.lock --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet -o docs/requirements.lock

clean:  ## remove what was built (the environment stays)
	rm -rf build
