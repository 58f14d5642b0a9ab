# `make demo` and `make test` set up everything they need and run; `make setup` alone leaves .venv/bin/dermis ready.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: setup demo demo-seeds test lint bench bench-inference bench-depth bench-reflectance bench-bursts bench-budget bench-replay bench-coral campaign train clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Dermis needs Python 3.10 or later; name one: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[sim,dev]'
	touch $@

demo: setup
	$(BIN)/dermis demo

# The same under modules and noise that nobody tuned to.
demo-seeds: setup
	for seed in 7002 7003 7004; do $(BIN)/dermis demo --seed $$seed --output build/demo-$$seed || exit 1; done

test: setup lint
	$(BIN)/python -m pytest

lint: setup typings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# Stubs for the device's modules; pyright reads them, nothing runs them.
typings: requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-user --target typings -c requirements.txt micropython-unix-stubs
	touch $@

bench: setup
	$(BIN)/python -m tests.bench

bench-inference: setup
	$(BIN)/python -m tests.bench inference

bench-depth: setup
	$(BIN)/python -m tests.bench depth

bench-reflectance: setup
	$(BIN)/python -m tests.bench reflectance

# Ten thousand bursts under everything that may befall one: some minutes.
bench-bursts: setup
	$(BIN)/python -m tests.bench.bursts

bench-budget: setup
	$(BIN)/python -m tests.bench.budget

bench-replay: setup
	$(BIN)/python -m tests.bench replay

bench-coral: setup
	$(BIN)/python -m tests.bench coral

# What takes too long for every change: hunts for faults, each with a count and a seed.
campaign: setup
	$(BIN)/python -m tests.campaign models --count 100000

# Data, float model, int8 model, golden vectors and card. Resumable: finished shards are kept in build/train.
TRAIN_PRESENTATIONS ?= 4800
train: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[sim,train]'
	$(BIN)/python -m dermis_models.generate --presentations $(TRAIN_PRESENTATIONS)
	$(BIN)/python -m dermis_models.train

clean:
	rm -rf $(VENV) build typings
