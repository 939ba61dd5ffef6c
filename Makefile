# make book · make test · make notebooks · make lab · make serve · make bench · make bench-gpu · make lint · make clean
# Each target sets up what it needs, in a virtual environment of its own.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SITE := _build/html
PORT ?= 8000
# Test processes side by side; notebooks run one after the other.
JOBS ?= 2

.NOTPARALLEL:
.PHONY: book notebooks lab serve bench bench-gpu lint test unit coverage nbval site clean
.DELETE_ON_ERROR:

book: $(VENV)/.book vendor/katex/katex.min.css
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "The book is at file://$(CURDIR)/$(SITE)/index.html (or: make serve)"

serve: book
	@echo "Serving http://localhost:$(PORT)/ (stop with Ctrl+C)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

# Run notebooks in place and store their outputs: all of them, or make notebooks NOTEBOOKS=book/pointwise.ipynb
notebooks: $(VENV)/.book
	$(BIN)/python -m tools.notebooks $(NOTEBOOKS)

# The same, and measure the times of the timed cells anew on this machine.
bench: $(VENV)/.book
	$(BIN)/python -m tools.notebooks --timings $(NOTEBOOKS)

# Measure the kernels on an NVIDIA GPU: results, sanitizers, times. They go into benchmarks/results.
bench-gpu: $(VENV)/.book
	$(BIN)/python -m benchmarks.gpu

lab: $(VENV)/.book
	$(BIN)/jupyter trust book/*.ipynb
	$(BIN)/jupyter lab --notebook-dir=book

test: lint unit nbval site

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

unit: $(VENV)/.test vendor/katex/katex.min.css
	$(BIN)/python -m pytest --ignore=tests/site -n $(JOBS) --dist worksteal

nbval: $(VENV)/.test
	$(BIN)/python -m pytest book --nbval --nbval-current-env --nbval-cell-timeout=120 \
		--nbval-sanitize-with=tests/nbval_sanitize.cfg

coverage: $(VENV)/.test vendor/katex/katex.min.css
	$(BIN)/python -m pytest --ignore=tests/site --cov --cov-report=term

site: $(VENV)/.test book
	$(BIN)/python -m pytest tests/site -n $(JOBS) --dist loadfile

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed: make PYTHON=python3.11 ...')"
	$(PYTHON) -m venv $(VENV) || (rm -rf $(VENV); echo "On Debian: apt-get install python3-venv"; exit 1)

$(VENV)/.book: $(VENV)/bin/python requirements.txt constraints.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.book requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

vendor/katex/katex.min.css: $(VENV)/.book package.json package-lock.json
	$(BIN)/python tools/vendor.py
	@touch $@

clean:
	rm -rf _build vendor $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info
