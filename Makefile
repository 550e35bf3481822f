# Every command of the project; CI runs the same ones. Each sets itself up (`make install`).
#
#   make install       the `kennel` command in .venv, from requirements.lock
#   make demo          the main job from beginning to end, on pictures it draws; ARGS="--data DIR" ...
#   make test          install, lint and all tests
#   make lint          ruff, mypy, import-linter
#   make test-clients  the AWS CLI, both sagemaker SDKs and a browser (Chromium) against a plane
#   make test-real     the recipe and the demo on photos of dogs: PHOTOS=DIR
#   make demo-least-privilege  the demo again under the policies that `kennel iam generate` writes
#   make fuzz          odd inputs against every parser and a plane, for MINUTES=60 in all
#   make soak          the tests that kill -9 planes and instances, at KILLS=200 random moments each
#   make bench         measures this machine; prints medians and ratios
#   make docs          writes the pages that are made from the code (docs/coverage.md, ...)
#   make lock          resolves the dependencies afresh into requirements.lock
#   make clean         takes away all that these made, .venv too
#
# TORCH_INDEX=URL make install takes PyTorch and torchvision from another index than the rest:
# PyTorch's own CPU index spares a Linux machine without a GPU several GB of CUDA libraries.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
TORCH := $(shell sed -n 's/.*"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
TORCHVISION := $(shell sed -n 's/.*"\(torchvision==[^"]*\)".*/\1/p' pyproject.toml)
CLIENTS := .venv-clients
SDK_V2 := 2.257.7
CLIENTS_V3 := .venv-clients-3
SDK_V3 := 3.27.0
# One more than two cores: a test waits for planes and jobs most of its time.
WORKERS ?= 3
KILLS ?= 200
MINUTES ?= 60
ARGS ?=

# The stamp's name holds what the installation was made from, so that another lock is another stamp
# whatever the files' times say.
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml | cksum | tr ' ' '-')

.PHONY: help install lint test test-clients test-real fuzz soak bench demo demo-least-privilege docs lock clean

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

install: $(STAMP)

$(STAMP):
	@test -n "$(PYTHON)" || { echo "Kennel needs Python 3.11 or later; name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@# PyTorch first: a package of the lock that asks for any PyTorch then finds this one.
	$(BIN)/python -m pip install --disable-pip-version-check $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") $(TORCH)
	@# From the same index, and it alone: no build of torchvision brings another PyTorch with it.
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") $(TORCHVISION)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.installed-*
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: install lint
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

# Clients that want other versions of things than we do, each unmodified, in an environment apart.
test-clients: install $(CLIENTS)/.installed-sagemaker-$(SDK_V2)-browser $(CLIENTS_V3)/.installed-sagemaker-$(SDK_V3)
	$(BIN)/pytest tests/clients $(ARGS)

$(CLIENTS)/.installed-sagemaker-$(SDK_V2)-browser:
	test -x $(CLIENTS)/bin/python || "$(PYTHON)" -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --disable-pip-version-check sagemaker==$(SDK_V2) papermill ipykernel playwright
	@touch $@

$(CLIENTS_V3)/.installed-sagemaker-$(SDK_V3):
	test -x $(CLIENTS_V3)/bin/python || "$(PYTHON)" -m venv $(CLIENTS_V3)
	$(CLIENTS_V3)/bin/python -m pip install --disable-pip-version-check sagemaker==$(SDK_V3)
	@touch $@

# Photos are not part of the project: train/ valid/ test/NNN.breed/*.jpg, 133 breeds.
test-real: install
	@test -n "$(PHOTOS)" || { echo "Name a folder of photos: make test-real PHOTOS=DIR" >&2; exit 2; }
	KENNEL_DOGS="$(PHOTOS)" $(BIN)/pytest tests/real $(ARGS)

fuzz: install
	$(BIN)/python -W ignore -m tests.fuzz --minutes $(MINUTES) $(ARGS)

soak: install
	KILLS=$(KILLS) SCALES="60 1" SOAK_REQUESTS=20000 SOAK_OBJECT_BYTES=5368709120 $(BIN)/pytest tests/faults \
		tests/integration/test_s3_large_objects.py $(ARGS)

bench: install
	$(BIN)/python -m benchmarks $(ARGS)

demo: install
	$(BIN)/kennel demo $(ARGS)

demo-least-privilege: install
	$(BIN)/python -m scripts.demo_least_privilege $(ARGS)

docs: install
	$(BIN)/python -m scripts.coverage_page
	$(BIN)/python -m scripts.commands_page

lock: install
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) $(CLIENTS) $(CLIENTS_V3) build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
