# `make demo` and `make test` set up everything they need and run; `make setup` alone leaves .venv/bin/dermis ready.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: setup demo demo-seeds test lint hil fuzz soak bench bench-inference bench-depth bench-reflectance bench-bursts bench-budget bench-heap bench-lock bench-replay bench-coral bench-calibration bench-species bench-update campaign train train-quick leave-one-out evaluate drawings pio clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Dermis needs Python 3.10 or later; name one: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[sim,flash,build,eol,cluster,dev]'
	touch $@

demo: setup
	$(BIN)/dermis demo

# The same under modules and noise that nobody tuned to.
demo-seeds: setup
	for seed in 7002 7003 7004; do $(BIN)/dermis demo --seed $$seed --output build/demo-$$seed || exit 1; done

# A file's tests share what they set up, so a file stays in one process.
test: setup lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
	$(BIN)/python -m pytest -c tests/hil/pytest.ini tests/hil -m "not thorough" -n 2

HIL_MODULE := $(if $(RIG),$(foreach rig,$(RIG),--rig $(rig)) $(if $(PORT),--port $(PORT)) $(if $(word 2,$(RIG)),-n $(words $(RIG))),$(if $(PORT),--port $(PORT),-n 2))

# The suite for a module on a rig: a twin a process, PORT=/dev/ttyACM0, RIG=rig.toml, or RIG="a.toml b.toml" at the same
# time. Its pytest.ini is named, as pytest looks for one beside each file on its command line, an old report too.
hil: setup
	$(BIN)/python -m pytest -c tests/hil/pytest.ini tests/hil $(HIL_MODULE) --junitxml build/hil/junit.xml --html build/hil/report.html --self-contained-html

# Every parser under guided chance: an hour or more for ten million inputs; TARGETS="cbor smp" for some of them.
fuzz: setup
	nice $(BIN)/python -m tests.fuzz $(TARGETS) --executions $(or $(EXECUTIONS),10000000)

# A day of a door in virtual time, a line an hour.
soak: setup
	$(BIN)/python -m tests.soak

lint: setup typings typings-esp32s3
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/pyright -p pyrightconfig-esp32s3.json
	$(BIN)/lint-imports

# Stubs for the device's modules; pyright reads them, nothing runs them.
typings: requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-user --target typings -c requirements.txt micropython-unix-stubs
	touch $@

# The same for the ESP32-S3; pyrightconfig-esp32s3.json reads them instead of CPython's own library.
typings-esp32s3: requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-user --target typings-esp32s3 -c requirements.txt micropython-esp32-esp32-generic-s3-stubs
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

# What a module's memory holds through a life in one run, and the smallest heap that lives it.
bench-heap: setup
	$(BIN)/python -m tests.bench heap --smallest

# How soon the OSDP device answers its panel.
bench-lock: setup
	$(BIN)/python -m tests.bench lock

bench-replay: setup
	$(BIN)/python -m tests.bench replay

bench-coral: setup
	$(BIN)/python -m tests.bench coral

# Fifty modules and every planted defect before a simulated bench: some fifteen minutes.
bench-calibration: setup
	$(BIN)/python -m tests.bench calibration

# What hw/drawings holds, from the board data.
drawings: setup
	$(BIN)/python -m dermis_hw.drawings

bench-species: setup
	$(BIN)/python -m tests.bench species

# Upload of an image by ours and by smpmgr on the same link.
bench-update: setup
	$(BIN)/python -m tests.bench update

# What takes too long for every change: hunts for faults, each with a count and a seed.
campaign: setup
	$(BIN)/python -m tests.campaign models --count 100000
	$(BIN)/python -m tests.hil.faults

# Data, float model, int8 model, golden vectors and card: 77 minutes on two cores. Resumable: finished shards and epochs are kept.
train: setup training-tools
	for plan in training training-wide development development-wide; do $(BIN)/dermis simulate models/plans/$$plan.toml -o build/train/$$plan --features || exit 1; done
	$(BIN)/python -m dermis_models.train --name spoof-5

# The same in small, beside the released model.
train-quick: setup training-tools
	for plan in training development; do $(BIN)/dermis simulate models/plans/$$plan-quick.toml -o build/quick/$$plan --features || exit 1; done
	$(BIN)/python -m dermis_models.train --training build/quick/training --development build/quick/development --checkpoints build/quick/checkpoints --release build/quick/released --epochs 25 --left-out build/quick/left_out.json

# What a model makes of a species that it never saw; needs the data of `train`.
leave-one-out: setup training-tools
	$(BIN)/python -m dermis_models.leave_one_out

# Hours: 20,880 presentations of the frozen test generator, scored in the terms of ISO/IEC 30107-3.
# Its figures go into the model card, those of missed goals (exit 1) as well.
evaluate: setup
	rm -f build/evaluate/full/report.json
	$(BIN)/dermis evaluate models/evaluations/full.toml --append docs/evaluations.md; status=$$?; \
	if [ -f build/evaluate/full/report.json ]; then $(BIN)/python -m dermis_evaluation.card build/evaluate/full/report.json || exit; fi; exit $$status

# PlatformIO with the versions that it was tried with, also where its registry is out of reach.
pio: setup
	$(BIN)/python platformio/install.py

.PHONY: training-tools
training-tools: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e '.[sim,train]'

clean:
	rm -rf $(VENV) build typings typings-esp32s3
