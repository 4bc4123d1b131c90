# Every target sets up what it needs: a virtual environment, locked dependencies, an editable install.
PYTHON ?= python3
# Of the tests: by default one worker per processor, each computing with one thread.
WORKERS ?= logical
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-real lint types bench clean

demo: $(READY)
	$(BIN)/segue demo --out out/demo --overwrite

# Many tests start Python anew, so compiled modules are kept, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE =
test: export OMP_NUM_THREADS = 1
test: export OPENCV_FOR_THREADS_NUM = 1
test: $(READY)
	$(BIN)/pytest -m "not real" --durations=15 --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal

test-real: $(READY)
	$(BIN)/pytest -m real --durations=10

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python benchmarks/speed.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Segue needs Python 3.11 to 3.13; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[demo,train,dev]"
	touch $@

clean:
	rm -rf $(VENV) out build dist
