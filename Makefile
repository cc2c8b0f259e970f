# make demo     trains a character LSTM on a text and lets it write    (ITERS=6000 TEXT=book.txt)
# make test     runs the tests
# make bench    times cafflite beside PyTorch and onnxruntime, in about ten minutes  (ARGS="W5 W7 --rounds 3" takes some)
# make docs     builds the documentation into build/docs
# make lint     checks style, types, the layering, and that the generated schema files are fresh
# make clean    removes what the others made
#
# Each sets up a virtual environment by itself. PYTHON=python3.12 names another Python, VENV=folder another place.

PYTHON ?= python3
VENV ?= .venv
ITERS ?=
TEXT ?=
ARGS ?=

.PHONY: demo test bench docs lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(VENV)/bin/python models/text_gen/demo.py $(if $(ITERS),--iterations $(ITERS)) $(if $(TEXT),--text "$(TEXT)") $(ARGS)

test: $(VENV)/installed-dev
	$(VENV)/bin/python -m pytest -n auto --dist loadfile --max-worker-restart=0 $(ARGS)

# By hand: tests/benchmarks/bound.py, an iteration beside its matrix products; growth.py, how it grows with the sizes.
bench: $(VENV)/installed-bench
	mkdir -p build
	$(VENV)/bin/python tests/benchmarks/speed.py --json build/bench.json --chart build/bench.svg $(ARGS)
	$(VENV)/bin/python -m pytest tests/benchmarks --benchmark-only --benchmark-columns=min,median

docs: $(VENV)/installed-dev
	$(VENV)/bin/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

lint: $(VENV)/installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python tools/gen_proto.py --check

clean:
	rm -rf $(VENV) build demo dist docs/reference *.egg-info .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: $(VENV)/bin/python pyproject.toml setup.py
	$(VENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml setup.py
	$(VENV)/bin/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: $(VENV)/bin/python pyproject.toml setup.py
	$(VENV)/bin/python -m pip install --quiet --extra-index-url https://download.pytorch.org/whl/cpu --editable ".[bench]"
	@touch $@ $(VENV)/installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "cafflite needs Python 3.11 or newer, found: $(PYTHON) = $$($(PYTHON) --version 2>&1);" \
	  "name another one, as in: make demo PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
