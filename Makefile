# Needs Python 3.11 or newer and make, nothing else: every target sets up .venv first. (On Windows: GNU make, from
# Git Bash, as the recipes are written for a POSIX shell.)
#
#   make demo    trains a reader of 4 digits, tests it and says what to type next
#   make test    format, lint, types, import contract and all tests (the same as `make check`, and as CI)
#
# On Linux without a GPU, torch's CPU build saves gigabytes:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
# Another package index (a mirror) for everything else:
#   make demo PIP_INDEX=https://mirror.example/simple

PIP_INDEX ?=
TORCH_INDEX ?=

VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
  PYTHON ?= python
else
  BIN := $(VENV)/bin
  PYTHON ?= python3
endif
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
       $(if $(PIP_INDEX),--index-url $(PIP_INDEX))

.PHONY: help venv demo test check lint types docs-schemes docs-results
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

venv: $(READY)

# Runs again only when the project file or the pins changed. What a first try left half-made (Debian's Python without
# python3-venv leaves an environment without pip) is made anew.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "captchalab needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing captchalab into $(VENV) (the first time takes some minutes)"
ifneq ($(TORCH_INDEX),)
	@$(PIP) --extra-index-url $(TORCH_INDEX) torch
endif
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation -e '.[train,parquet,serve,dev]'
	@touch $(READY)

test: check

check: lint types
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

# What docs/schemes.md says of the code, and its pictures: after every change of a scheme or an effect.
docs-schemes: $(READY)
	$(BIN)/python benchmarks/schemes_page.py

# docs/results.md: after every run of a benchmark that is to stand there.
docs-results: $(READY)
	$(BIN)/python benchmarks/results_page.py

# The demo is made of plain commands, printed as they run, so that each can be typed by hand.
DEMO := runs/demo
UNSEEN := python:captcha.image:ImageCaptcha?alphabet=digits&length=4&width=160&height=60&seed=20260

demo: $(READY)
	@rm -rf $(DEMO)
	$(BIN)/captchalab train 'scheme:lepture?alphabet=digits&length=4' --from scratch --minutes 1 --out $(DEMO)
	$(BIN)/captchalab evaluate $(DEMO) '$(UNSEEN)' --limit 1000 --report $(DEMO)/unseen
	$(BIN)/captchalab generate '$(UNSEEN)' $(DEMO)/pictures -n 20
	$(BIN)/captchalab read $(DEMO)/pictures -m $(DEMO)
	@echo
	@echo "The model:     $(DEMO)/model.onnx (one file; the base install reads with it, torch is not needed)"
	@echo "The curves:    $(DEMO)/curves.png"
	@echo "The mistakes:  $(DEMO)/mistakes.png, and on the unseen pictures $(DEMO)/unseen/report.html"
	@echo
	@echo "What to type next:"
	@echo "  $(BIN)/captchalab read YOUR.png -m $(DEMO)"
	@echo "      reads a picture of yours"
	@echo "  $(BIN)/captchalab check FOLDER"
	@echo "      looks over pictures of yours, named TEXT_anything.png"
	@echo "  $(BIN)/captchalab train FOLDER --from $(DEMO) --out runs/mine"
	@echo "      trains on them, from what this model knows already"
