# make demo | test | lint | bench | docs | clean; needs Python 3.10 to 3.13, g++ and make, nothing else.
# make -j4 csynth PROJECTS='runs/*' and the other targets of generated projects: for many of them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODELS ?= ../shared/models
DEMO := build/demo
WORKERS ?= 2

.PHONY: demo test lint bench docs clean
.DEFAULT_GOAL := demo

# each stamp is an installation with more packages than the one before
CORE := $(VENV)/core.stamp
DEV := $(VENV)/dev.stamp
TRAIN := $(VENV)/train.stamp
DOCS := $(VENV)/docs.stamp

$(CORE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): $(CORE)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# TensorFlow has no build for some platforms; the tests that need it are then skipped
$(TRAIN): $(DEV)
	$(BIN)/python -m pip install --quiet --editable '.[train,hgq]' || echo "no TensorFlow for this platform"
	@touch $@

$(DOCS): $(CORE)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

demo: $(CORE)
	$(BIN)/accelgen build examples/jet_tagger/model.keras --board pynq-z2 -o $(DEMO)
	$(BIN)/accelgen verify $(DEMO) --data examples/jet_tagger/test.npz

test: lint $(TRAIN)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(TRAIN)
	$(BIN)/python benchmarks/build_vs_hls4ml.py
	$(BIN)/python benchmarks/exactness.py $(MODELS)
	$(BIN)/python benchmarks/estimate_speed.py

docs: $(DOCS)
	$(BIN)/mkdocs build --strict --quiet --site-dir build/site

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

include templates/flow/sweep.mk
