# Each goal sets up what it needs: a virtual environment with the pinned packages of requirements/, made once and again
# when the pins change. PYTHON=python3.12 takes another interpreter, ARGS="-k door" goes to pytest.

PYTHON ?= python3
RUN := .venv
DEV := .venv-dev
PIP := -m pip --disable-pip-version-check --quiet
# Of `make model`: labelled pictures (models/PERSON.md says which), the teacher, and folders for some gigabytes on the way and
# for what comes out. STEPS and DRAWN say how long it trains and how many pictures it draws: few, to try whether it runs.
DATA ?= ../shared/assets/train
TEACHER ?= ../shared/assets/models/yolox_nano_416.onnx
WORK ?= .model-work
OUT ?= models
STEPS ?=
DRAWN ?= 3000
TRAIN := .venv-train
VERSIONS := 3.10 3.11 3.12 3.13

.DEFAULT_GOAL := help
.PHONY: help demo model chaos test lint format types pytest doctest matrix lock lock-check clean system test-system
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(RUN)/project ## the whole path on a drawn shop: no camera, broker or download needed
	@$(RUN)/bin/edge demo

model: $(TRAIN)/project $(WORK)/store/index.npz ## train the person detectors anew: DATA=, TEACHER=, WORK=, OUT=, STEPS=; hours; goes on where it was cut
	@set -e; for name in person-n person-s; do \
	    $(TRAIN)/bin/python -m models.train fit $$name --teacher $(TEACHER) --work $(WORK) $(if $(STEPS),--steps $(STEPS)); \
	    $(TRAIN)/bin/python -m models.train export $$name --work $(WORK) --out $(OUT); done

$(WORK)/store/index.npz: | $(TRAIN)/project
	@$(TRAIN)/bin/python -m edge.demo.scenes $(WORK)/drawn $(DRAWN) 1 252 448
	@$(TRAIN)/bin/python -m models.train prepare --drawn $(WORK)/drawn --data $(DATA) --teacher $(TEACHER) --work $(WORK)

test: lint format types pytest ## everything that CI checks

lint: $(DEV)/project ## ruff check
	@echo "== lint"
	@$(DEV)/bin/ruff check --quiet .

format: $(DEV)/project ## ruff format, only looking
	@echo "== format"
	@$(DEV)/bin/ruff format --quiet --check .

types: $(DEV)/project ## mypy --strict
	@echo "== types"
	@$(DEV)/bin/mypy

pytest: test-system $(DEV)/project ## unit, property, integration and doc tests
	@echo "== tests"
	@$(DEV)/bin/python -m pytest -q $(ARGS)

chaos: test-system $(DEV)/project ## kills, power cuts, full disks, wrong clocks; ARGS="--size full" for docs/reliability.md
	@$(DEV)/bin/python -m benchmarks.chaos --folder out/chaos $(ARGS)

doctest: $(DEV)/project ## the examples in docstrings alone
	@$(DEV)/bin/python -m pytest -q edge calibration analytics $(ARGS)

matrix: ## the tests on every Python from 3.10 to 3.13 that is there
	@set -e; for version in $(VERSIONS); do \
	    if python$$version -c "" 2>/dev/null; then \
	        echo "== Python $$version"; $(MAKE) pytest PYTHON=python$$version DEV=.venvs/$$version; \
	    else echo "== Python $$version is not there"; fi; done

clean: ## remove the virtual environments and caches
	rm -rf .venv .venv-dev .venv-train .venvs .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

# Virtual environments. "locked" stands for the pinned packages, "project" for the project itself on top of them.

$(RUN)/locked: requirements/demo.txt
$(DEV)/locked: requirements/dev.txt
$(TRAIN)/locked: requirements/train.txt

%/locked: | system
	@echo "== installing $< into $* (some minutes the first time)"
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python $(PIP) install --require-hashes --no-deps --requirement $<
	@touch $@

%/project: %/locked pyproject.toml
	@$*/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Phony, so that make -j never runs apt-get twice at once.
system:
	@PYTHON=$(PYTHON) requirements/system.sh

test-system: | system
	@PYTHON=$(PYTHON) requirements/system.sh mosquitto mosquitto-clients openssl strace shellcheck postgresql chromium

# Lock files. One file holds the hashes for x86-64 and aarch64 and the markers for all Pythons. Pins stay as they are
# while they fit; make lock UPGRADE=--upgrade takes the newest.

COMPILE = $(DEV)/bin/uv pip compile --quiet --no-config --no-emit-index-url --default-index https://pypi.org/simple \
    --universal --python-version 3.10 --generate-hashes --custom-compile-command "make lock" $(UPGRADE)
PROJECT := pyproject.toml requirements/build.in

lock: $(DEV)/locked ## write requirements/*.txt anew
	@$(COMPILE) $(PROJECT) --output-file requirements/run.txt
	@$(COMPILE) $(PROJECT) --constraints requirements/run.txt --extra demo --output-file requirements/demo.txt
	@$(COMPILE) $(PROJECT) --constraints requirements/run.txt --extra analytics --extra parquet \
	    --output-file requirements/analytics.txt
	@$(COMPILE) $(PROJECT) --constraints requirements/run.txt --extra dev \
	    --excludes requirements/dev-excludes.txt --output-file requirements/dev.txt
	@$(COMPILE) $(PROJECT) requirements/train.in --constraints requirements/run.txt --extra train \
	    --output-file requirements/train.txt
	@$(COMPILE) requirements/ultralytics.in --constraints requirements/run.txt \
	    --excludes requirements/ultralytics-excludes.txt --output-file requirements/ultralytics.txt

lock-check: $(DEV)/locked ## ask PyPI for a wheel of every pin, for each Python on x86-64 and aarch64
	@set -e; for lock in run demo analytics dev train ultralytics; do for version in $(VERSIONS); do for machine in x86_64 aarch64; do \
	    printf '%-12s %-5s %-8s ' $$lock $$version $$machine; \
	    found=$$($(DEV)/bin/uv pip install --no-config --default-index https://pypi.org/simple --dry-run --no-deps \
	        --only-binary :all: --require-hashes --target $(DEV)/lock-check --python-version $$version \
	        --python-platform $$machine-manylinux_2_35 --requirement requirements/$$lock.txt 2>&1) \
	        || { echo; echo "$$found"; exit 1; }; \
	    echo "$$found" | grep --count '^ + '; done; done; done
