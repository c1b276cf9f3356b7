# The labs from nothing: each target sets up what it needs in .venv first.
#   make labs        run every lab on the built-in data; results in build/labs/index.html
#   make test        style, types, all tests, and the committed labs cell by cell
#   make quick       the fast lane, under a minute: style, and all tests that take little time
#   make fuzz        thousands of damaged files and 30 killed writers; prints how each ended
#   make test-colab  the widgets with the versions that Google Colab has, in .venv-colab
#   make jupyter     open JupyterLab on the start page of the labs
#   make notebooks   rebuild and execute the labs from notebooks/src
#   make links       write the repository's address into them: make links REPO=owner/name
#   make explorer    write docs/explorer.html, the latent explorer as a page of its own
#   make results     write the tables of RESULTS.md from results/*.json
#   make bench       speed, side by side
#   make clean       remove .venv, .venv-colab and build
PYTHON ?= python3
BIN := .venv/bin

# torch's threads soon yield while they wait: on shared cores that is several times faster
# (see vaekit/__init__.py)
export GOMP_SPINCOUNT ?= 1000

# constraints.txt is the tested set on Python 3.11; another Python takes the newest versions that
# pyproject.toml allows
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PINS := $(if $(filter 3.11,$(VERSION)),-c constraints.txt)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PINS)

# a worker per core with one thread each, and each file (so each notebook) to one worker, in the
# order of tests/conftest.py: what takes long begins first
WORKERS := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(WORKERS)
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg

.DELETE_ON_ERROR:
.PHONY: labs test test-colab quick fuzz style types jupyter notebooks links explorer results bench clean

labs: .venv/labs.stamp
	$(BIN)/vaekit labs

test: style types
	$(PYTEST) $(NBVAL) tests notebooks --durations=8

quick: style
	$(PYTEST) tests -m "not slow"

# in one process, which counts; another number by make fuzz VAEKIT_FUZZ=20000
VAEKIT_FUZZ ?= 3000
fuzz: .venv/test.stamp
	VAEKIT_FUZZ=$(VAEKIT_FUZZ) OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/fuzz
	$(BIN)/python tests/fuzz/kills.py 30

# Colab has Python 3.12 or later; without one, the widgets are tested on what there is
COLAB_PYTHON = $(shell for python in python3.13 python3.12 $(PYTHON); \
  do $$python --version >/dev/null 2>&1 && echo $$python && break; done)

test-colab: .venv-colab/installed.stamp
	.venv-colab/bin/python --version
	VAEKIT_COLAB=1 OMP_NUM_THREADS=1 .venv-colab/bin/python -m pytest tests/colab

.venv-colab/installed.stamp: pyproject.toml tests/colab/requirements.txt
	$(COLAB_PYTHON) -m venv .venv-colab
	.venv-colab/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r tests/colab/requirements.txt
	.venv-colab/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

style: .venv/test.stamp
	$(BIN)/ruff check

types: .venv/test.stamp
	$(BIN)/mypy

jupyter: .venv/labs.stamp
	JUPYTER_CONFIG_PATH=$(CURDIR)/binder/jupyter $(BIN)/jupyter lab --ip=127.0.0.1 \
	  --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/00_start.ipynb

notebooks: .venv/labs.stamp
	$(BIN)/python notebooks/src/build.py

links: .venv/labs.stamp
	$(BIN)/python notebooks/src/links.py $(REPO) $(TAG)

EXPLORED := vae-fashion-z2 vae-fashion-z2-beta0.1 vae-fashion-z2-beta4 vae-fashion-z2-beta10
explorer: .venv/labs.stamp
	$(BIN)/vaekit explore --html docs/explorer.html $(EXPLORED)

results: .venv/labs.stamp
	$(BIN)/vaekit results

bench: .venv/test.stamp
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/metrics_speed.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/labs.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e ".[labs]"
	touch $@

.venv/test.stamp: pyproject.toml constraints.txt | .venv/labs.stamp
	$(PIP) -e ".[labs,test]"
	touch $@

clean:
	rm -rf .venv .venv-colab build
