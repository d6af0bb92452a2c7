# Vidkryto. The two commands that matter: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
PORTAL := portal/.venv
RUN := $(VENV)/bin
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup:  ## create both environments
	@$(MAKE) --no-print-directory -j2 $(VENV)/.ready $(PORTAL)/.ready

setup-dev: setup
	@$(MAKE) --no-print-directory $(VENV)/.ready-dev

demo: setup  ## bring up a real local CKAN and publish every dataset to it
	@$(RUN)/vidkryto demo

stop:  ## stop the portal, the report and whatever else was left up
	@test ! -x $(RUN)/vidkryto || $(RUN)/vidkryto stop

test: setup-dev  ## the tests (under 15 minutes)
	@$(RUN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: setup-dev  ## the slow checks too
	@$(RUN)/python -m pytest

test-search: setup  ## CKAN's own search tests against our stand-in for Solr
	@$(PORTAL)/bin/python portal/tests/own_tests.py

EXPORTS ?= ../shared/exports
bench: setup-dev  ## the benchmarks that need only this machine, and with EXPORTS=folder those over real exports
	@for name in validate disclosure quality report; do echo "== $$name"; $(RUN)/python benchmarks/$$name.py || exit 1; done
	@test -d "$(EXPORTS)" || { echo "left out, no folder $(EXPORTS): read, encodings"; exit 0; }; \
	for name in read encodings; do echo "== $$name"; $(RUN)/python benchmarks/$$name.py "$(EXPORTS)" || exit 1; done

SUPPLY := .venv-supply
sbom: $(SUPPLY)/.ready  ## bills of materials of both environments, out of the lock files, into sbom/ (CycloneDX; no network)
	@mkdir -p sbom
	@for place in . portal; do \
	  name=$$(test $$place = . && echo vidkryto || echo portal); \
	  $(SUPPLY)/bin/cyclonedx-py requirements --output-reproducible --pyproject $$place/pyproject.toml --sv 1.6 --of JSON \
	    --output-file sbom/$$name.cdx.json $$place/requirements.lock || exit 1; \
	  echo "sbom/$$name.cdx.json: $$(grep -c '"purl"' sbom/$$name.cdx.json) packages"; \
	done

audit-dependencies: $(SUPPLY)/.ready  ## known vulnerabilities of what the lock files pin (asks a service: needs the network)
	@for lock in requirements.lock portal/requirements.lock; do \
	  $(SUPPLY)/bin/pip-audit --require-hashes --disable-pip --progress-spinner off -r $$lock || exit 1; \
	done

fuzz: setup-dev  ## 100,000 mutated files of every format through pull, read and validate (hours)
	@$(RUN)/python -m tests.fuzz.campaign

SECOND := .venv-second
reproduce: setup  ## every kept run again under another Python: make reproduce SECOND_PYTHON=python3.13
	@test -n "$(SECOND_PYTHON)" || { echo "name another Python, 3.11 to 3.13: make reproduce SECOND_PYTHON=python3.13"; exit 2; }
	@$(MAKE) --no-print-directory VENV=$(SECOND) PYTHON=$(SECOND_PYTHON) $(SECOND)/.ready
	@$(SECOND)/bin/python --version; $(SECOND)/bin/vidkryto audit reproduce --all

lint: setup-dev  ## style and types
	@$(RUN)/ruff check . && $(RUN)/mypy

LOCK = --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet
lock:  ## resolve the lock files anew (needs uv on the PATH)
	uv pip compile $(LOCK) pyproject.toml --extra build --output-file requirements.lock
	uv pip compile $(LOCK) pyproject.toml --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	uv pip compile $(LOCK) --group supply --constraint requirements.lock --output-file requirements-supply.lock
	portal/lock.sh

# An environment is ready when its lock was installed whole; an interrupted installation starts anew.
PIP = -m pip install --quiet --disable-pip-version-check --no-deps
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Vidkryto needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 2; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pipeline's environment (about two minutes the first time) …"
	@{ $(RUN)/python $(PIP) --require-hashes -r requirements.lock && \
	   $(RUN)/python $(PIP) --no-build-isolation --editable .; } > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 2; }
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(RUN)/python $(PIP) --require-hashes -r requirements-dev.lock > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 2; }
	@touch $@

$(SUPPLY)/.ready: requirements-supply.lock
	@test -x $(SUPPLY)/bin/python || $(PYTHON) -m venv $(SUPPLY)
	@echo "Installing what looks at the lock files …"
	@$(SUPPLY)/bin/python $(PIP) --require-hashes -r requirements-supply.lock > $(SUPPLY)/install.log 2>&1 || { cat $(SUPPLY)/install.log; exit 2; }
	@touch $@

$(PORTAL)/.ready: portal/requirements.lock
	@test -x $(PORTAL)/bin/python || $(PYTHON) -m venv $(PORTAL)
	@echo "Installing the local portal: CKAN, PostgreSQL, Redis (about a minute the first time) …"
	@$(PORTAL)/bin/python $(PIP) --require-hashes -r portal/requirements.lock > $(PORTAL)/install.log 2>&1 || { cat $(PORTAL)/install.log; exit 2; }
	@touch $@

.PHONY: help setup setup-dev demo stop test test-all test-search bench reproduce sbom audit-dependencies fuzz lint lock
