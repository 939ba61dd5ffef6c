# make book · make test · make notebooks · make lab · make serve · make bench · make lint · make clean
# Each target sets up what it needs, in a virtual environment of its own.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SITE := _build/html
PORT ?= 8000

.PHONY: book notebooks lab serve bench lint test unit nbval site clean
.DELETE_ON_ERROR:

book: $(VENV)/.book vendor/katex/katex.min.css
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "The book is at file://$(CURDIR)/$(SITE)/index.html (or: make serve)"

serve: book
	@echo "Serving http://localhost:$(PORT)/ (stop with Ctrl+C)"
	@$(BIN)/python -m http.server --directory $(SITE) $(PORT)

# Run notebooks in place and store their outputs: all of them, or make notebooks NOTEBOOKS=book/pointwise.ipynb
notebooks: $(VENV)/.book
	$(BIN)/python -m tools.notebooks $(NOTEBOOKS)

# The same, and measure the times of the timed cells anew on this machine.
bench: $(VENV)/.book
	$(BIN)/python -m tools.notebooks --timings $(NOTEBOOKS)

lab: $(VENV)/.book
	$(BIN)/jupyter trust book/*.ipynb
	$(BIN)/jupyter lab --notebook-dir=book

test: lint unit nbval site

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

unit: $(VENV)/.test vendor/katex/katex.min.css
	$(BIN)/python -m pytest --ignore=tests/site

nbval: $(VENV)/.test
	$(BIN)/python -m pytest book --nbval --nbval-current-env --nbval-cell-timeout=120 \
		--nbval-sanitize-with=tests/nbval_sanitize.cfg

site: $(VENV)/.test book
	$(BIN)/python -m pytest tests/site

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed')"
	$(PYTHON) -m venv $(VENV)

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
