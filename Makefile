# The labs from nothing: each target sets up what it needs in .venv first.
#   make labs        run every lab on the built-in data; results in build/labs/index.html
#   make test        everything that must hold
#   make jupyter     open JupyterLab on the labs        make notebooks   rebuild and execute them from notebooks/src
#   make bench       what is faster than what           make clean       remove .venv and build
PYTHON ?= python3
# torch's threads soon yield while they wait: on shared cores that is several times faster (see vaekit/__init__.py)
export GOMP_SPINCOUNT ?= 1000
BIN := .venv/bin
# constraints.txt is the tested set on Python 3.11; another Python takes the newest versions that pyproject.toml allows
PINS := $(shell $(PYTHON) -c 'import sys; print("-c constraints.txt" if sys.version_info[:2] == (3, 11) else "")')
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PINS)
# a worker a core with one thread each, and each file (so each notebook) to one worker
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile
.DELETE_ON_ERROR:
.PHONY: labs test jupyter notebooks bench clean

labs: .venv/labs.stamp
	$(BIN)/vaekit labs

test: .venv/test.stamp
	$(BIN)/ruff check
	$(PYTEST) tests --durations=8
	TQDM_DISABLE=1 $(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg notebooks

jupyter: .venv/labs.stamp
	$(BIN)/jupyter lab --ip=127.0.0.1 --ServerApp.root_dir=notebooks

notebooks: .venv/labs.stamp
	$(BIN)/python notebooks/build.py

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
	rm -rf .venv build
