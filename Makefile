# Needs Python >= 3.11, git and make. The environment (.venv) is made from envs/requirements.lock once, and again when the
# lock changes. To use one of your own (conda), which is left as it is:  make demo VENV=$CONDA_PREFIX
SHELL := /bin/bash
.DEFAULT_GOAL := help

EXPERIMENT ?= demo
STUDY ?= study_small
SEED ?= 1
# a folder of your own with experiments/, datasets/, networks/, methods/
CONFIG_DIR ?=
CORES ?= all
PYTEST ?= -n auto --maxprocesses 4 --dist worksteal
TARGETS ?= results/$(EXPERIMENT)/report.html

ifdef VENV
BIN := $(VENV)/bin
ENVIRONMENT :=
else
BIN := .venv/bin
# The name holds what was installed, and where: a half-made or a moved environment lacks it and is made anew.
MADE := .venv/made-$(shell { cat envs/requirements.lock; pwd; } | git hash-object --stdin)
# The library itself is installed again, in seconds, when its own description changes.
ENVIRONMENT := .venv/installed-$(shell cat pyproject.toml setup.py | git hash-object --stdin)
endif
# Commands come from the environment, and else from the one that is active: DVC runs its stages without asking for .venv.
export PATH := $(abspath $(BIN)):$(PATH)

OPTIONS = $(if $(CONFIG_DIR),--config config_dir=$(CONFIG_DIR))
STAGES = PYTHONPATH=workflow/scripts python -m dissent.planning.dvc $(EXPERIMENT) $(if $(CONFIG_DIR),--config-dir $(CONFIG_DIR))
PYTHON_CODE := workflow tests benchmarks docs/hooks.py
SNAKE_CODE := Snakefile workflow/rules

.PHONY: help environment demo test faults docs lint format bench bench-full estimate stages settings scores stage plan repro pull clean

help:
	@echo "make demo     train the demo: generations of pseudo-labels on real microscopy images"
	@echo "make test     all tests"
	@echo "make faults   harm files, kill jobs, fill disks: one table of what was silent or lost (docs/explanation/reliability.md)"
	@echo "make docs     the pages as a site: build/site/index.html; a link that leads nowhere is an error"
	@echo "make lint     check the style of Python and Snakemake files"
	@echo "make format   put it right"
	@echo "make bench    measure speed and memory as ratios: one table (docs/explanation/performance.md); bench-full goes to 100,000 images"
	@echo "make estimate what a study takes (jobs, hours, disk) before it starts: make estimate STUDY=study_b"
	@echo "make repro    dvc repro: the experiment of dvc.yaml, one stage a generation"
	@echo "make stages   write dvc.yaml for another one: make stages EXPERIMENT=isic"
	@echo "make pull     dvc pull, and tell Snakemake that what came is up to date"
	@echo "make clean    delete the demo's results, and caches"

environment: $(ENVIRONMENT)

# python3, or the newest that will do where that is older
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)

ifndef VENV
# Only what make made itself, whole or half, is removed: made-by-make is there before anything else.
$(MADE):
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { \
	  echo "error: dissent needs Python 3.11 or newer; $(or $(PYTHON),python3) is $$("$(or $(PYTHON),python3)" --version 2>/dev/null || echo missing)"; \
	  echo "Install one, or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; } >&2
	@rmdir .venv 2>/dev/null || { [ ! -e .venv ] && [ ! -L .venv ]; } || compgen -G ".venv/made-*" >/dev/null || { \
	  echo "error: .venv is there and make did not make it (it lacks .venv/made-...): it is left as it is. To use it:"; \
	  echo "  make $(MAKECMDGOALS) VENV=.venv"; echo "else give it another name, or remove it: make then makes its own"; exit 1; } >&2
	@echo "Making .venv from envs/requirements.lock: some minutes, about 6 GB with torch's CUDA libraries ..."
	@rm -rf .venv
	@mkdir .venv && touch .venv/made-by-make
	@"$(PYTHON)" -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement envs/requirements.lock
	@touch $@

# Named in full, as make would take a file between two patterns for scaffolding: remove it, and not miss it.
$(ENVIRONMENT): $(MADE)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f .venv/installed-*
	@touch $@
endif

demo: $(ENVIRONMENT)
	snakemake --cores $(CORES) results/demo/report.html
	@echo
	@echo "Done. Open"
	@echo "  results/demo/report.html                   scores of every generation beside its controls, and a sheet of images"
	@echo "  results/demo/browse.html                   every image, those on which the teachers disagree first"
	@echo "  results/demo/gen1/predictions/teacher1/    what one teacher says"
	@echo "  results/demo/gen1/masks/inconsistency/     where the teachers disagree"
	@echo "  results/demo/gen1/masks/consensus/         the label on which they agree"
	@echo "  results/demo/gen2/metrics.json             scores of the last generation, each with its definition"
	@echo "and label images of your own with its students:"
	@echo "  $(BIN)/dissent predict results/demo/gen2 FOLDER OUT"

test: $(ENVIRONMENT)
	python -m pytest -q $(PYTEST)

# SEED=3: other places, files and moments. ONLY="A1:17 C3": some of them again, with what went wrong in full.
faults: $(ENVIRONMENT)
	PYTHONPATH=workflow/scripts:tests:tests/helpers python -m faults --seed $(SEED) $(if $(ONLY),--only $(ONLY))

# No notice of other versions, and nothing is fetched: the same pages give the same bytes.
docs: $(ENVIRONMENT)
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
	@echo "Done: build/site/index.html"

lint: $(ENVIRONMENT)
	ruff check $(PYTHON_CODE)
	ruff format --check --quiet $(PYTHON_CODE)
	mypy --no-error-summary --cache-dir build/mypy
	snakefmt --check $(SNAKE_CODE)
	snakemake --lint

format: $(ENVIRONMENT)
	ruff check --fix $(PYTHON_CODE)
	ruff format $(PYTHON_CODE)
	snakefmt $(SNAKE_CODE)

bench: $(ENVIRONMENT)
	python benchmarks

bench-full: $(ENVIRONMENT)
	python benchmarks --full

estimate: $(ENVIRONMENT)
	@PYTHONPATH=workflow/scripts python -m dissent.cli estimate $(STUDY) $(if $(TFLOPS),--tflops $(TFLOPS)) $(if $(CONFIG_DIR),--config-dir $(CONFIG_DIR))

stages: $(ENVIRONMENT)
	@$(STAGES) > dvc.yaml.tmp && mv dvc.yaml.tmp dvc.yaml || { rm -f dvc.yaml.tmp; exit 2; }

# What the stages of dvc.yaml run, in the environment that DVC runs in.
settings:
	@$(STAGES) --write

scores:
	@$(STAGES) --scores

stage:
	snakemake --cores $(CORES) $(TARGETS) $(OPTIONS)

plan: $(ENVIRONMENT)
	snakemake --cores $(CORES) $(TARGETS) $(OPTIONS) --dry-run --quiet rules

repro: $(ENVIRONMENT)
	dvc repro

# DVC keeps no dates: the touch tells Snakemake that what came is up to date, which the check makes sure of.
pull: $(ENVIRONMENT)
	@test -f dvc.lock || { echo "error: there is no dvc.lock here: nothing was built by \`dvc repro\`, committed and pushed yet"; exit 1; } >&2
	dvc pull
	@$(STAGES) --check
	snakemake --cores 1 $(TARGETS) $(OPTIONS) --touch --forceall --quiet rules

clean:
	rm -rf results/demo results/demo.* logs/demo logs/demo.*
	grep -lsE '^results/demo[./]' work/state/*/asked_by.txt | xargs -r dirname | xargs -r rm -rf
	rm -rf .pytest_cache .ruff_cache .hypothesis build dist workflow/scripts/*.egg-info
	find workflow tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
