# make book · serve · lab · notebooks · test · quick · kernels-long · bench · bench-gpu · studies · screenshots ·
# lighthouse · coverage · mutants · floor · upgrade · clean
# `make book` needs the site's tools alone, in .venv-book; all other targets use .venv, which `make env` makes.

PYTHON ?= python3
VENV ?= .venv
BOOK ?= .venv-book
BIN := $(VENV)/bin
SITE := _build/html
PORT ?= 8000
# Test processes side by side; notebooks run one after the other.
JOBS ?= 2

.NOTPARALLEL:
.PHONY: book serve env notebooks bench bench-gpu studies lab test quick kernels-long lint unit coverage nbval site \
	screenshots lighthouse mutants floor upgrade clean
.DELETE_ON_ERROR:

book: $(BOOK)/.made
	@$(PYTHON) tools/alone.py $(BOOK)/bin/jupyter-book build . -W -n --keep-going -q
	@echo "The book is at file://$(CURDIR)/$(SITE)/index.html (or: make serve)"

serve: book
	@$(BOOK)/bin/python -c "import socket; socket.create_server(('127.0.0.1', $(PORT)))" 2>/dev/null || \
		{ echo "Port $(PORT) is in use: name another, as in make serve PORT=8001" >&2; exit 1; }
	@echo "Serving http://localhost:$(PORT)/ (stop with Ctrl+C)"
	@$(BOOK)/bin/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

env: $(VENV)/.made

# Run notebooks in place and store their outputs: all of them, or make notebooks NOTEBOOKS="pointwise separable"
notebooks: $(VENV)/.made
	$(BIN)/python -m tools.notebooks $(NOTEBOOKS)

# The same, and measure the times of the timed cells anew on this machine.
bench: $(VENV)/.made
	$(BIN)/python -m tools.notebooks --timings $(NOTEBOOKS)

# Measure the kernels on an NVIDIA GPU: results, sanitizers, times. They go into benchmarks/results.
bench-gpu: $(VENV)/.made
	$(BIN)/python -m benchmarks.gpu

# Run what is missing of the recorded studies, on every core: make studies STUDIES="heads-digits-100 ...". It takes
# hours, may be stopped at any time, and goes on where it was.
studies: $(VENV)/.made
	$(BIN)/python -m benchmarks.studies $(STUDIES)
	$(BIN)/python -m benchmarks.studies --times $(STUDIES)

lab: $(VENV)/.made
	$(BIN)/jupyter trust book/*.ipynb
	$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/book/index.ipynb

test: lint unit nbval site

# For daily work: lint, the notebooks' hygiene, and the units of what has changed since the last commit, or of one
# room: make quick ROOM=cost
quick: $(VENV)/.made
	$(BIN)/python -m tools.quick --jobs $(JOBS) $(ROOM)

# Every variant of the CUDA kernels on two hundred random layers in the emulator, and compiled for every GPU.
kernels-long: $(VENV)/.made
	$(BIN)/python -m pytest tests/kernels/long.py -n $(JOBS) --dist worksteal

lint: $(VENV)/.made
	$(BIN)/ruff check
	$(BIN)/ruff format --check

unit: $(VENV)/.made
	@$(BIN)/python tools/vendor.py
	$(BIN)/python -m pytest --ignore=tests/site -n $(JOBS) --dist worksteal

# With one thread: beside other programs two that wait for each other take many times as long.
nbval: $(VENV)/.made
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest book --nbval --nbval-current-env --nbval-cell-timeout=300

# A picture of every page, wide and on a phone, light and dark, into _build/screenshots.
screenshots: $(VENV)/.made book
	$(BIN)/python -m tools.screenshots

# Lighthouse's scores of every page, or PAGES="index pointwise"; wants an idle machine, and half an hour.
lighthouse: $(VENV)/.made book
	@$(BIN)/python tools/vendor.py
	$(BIN)/python -m tools.lighthouse $(PAGES)

coverage: $(VENV)/.made
	@$(BIN)/python tools/vendor.py
	$(BIN)/python -m pytest --ignore=tests/site -n $(JOBS) --dist worksteal --cov --cov-report=term

# Faults planted in the arithmetic, and how many the tests notice: all rooms, or make mutants ROOMS="cost pointwise".
mutants: $(VENV)/.made
	$(BIN)/python -m tools.mutants $(ROOMS)

# The units with the oldest versions that pyproject.toml allows, in an environment of their own.
floor:
	@$(PYTHON) -m venv .venv-floor
	@$(PYTHON) tools/floor.py > .venv-floor/requirements.txt
	.venv-floor/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r .venv-floor/requirements.txt
	PYTHONPATH="$(CURDIR)" .venv-floor/bin/python -m pytest companion tests --ignore=tests/site --ignore=tests/test_make.py \
		--ignore-glob="tests/test_benchmarks_*" -n $(JOBS) --dist worksteal

# Renew the pins of PyPI and npm, and say what has changed.
upgrade: $(VENV)/.made
	@$(BIN)/python -m tools.upgrade

site: $(VENV)/.made book
	@$(BIN)/python tools/vendor.py
	$(BIN)/python -m pytest tests/site -n $(JOBS) --dist loadfile

# An environment counts as made once everything is in it: the stamp is written last, with the folder's path in it, and
# without it all begins anew; so it does where the folder has moved, or where the environment's Python is gone. One
# run of make at a time makes an environment; a second waits, and looks again.
$(foreach made,$(wildcard $(VENV)/.made $(BOOK)/.made),$(shell \
	{ grep -qxF "$(CURDIR)" $(made) && $(dir $(made))bin/python -c ""; } >/dev/null 2>&1 || rm -f $(made)))

ifndef LOCKED
define environment
	@$(PYTHON) tools/alone.py $(MAKE) --no-print-directory --silent LOCKED=yes $@
endef
else
define environment
	@$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed, \
	as in: make PYTHON=python3.12 ...')"
	@test -e $@ || $(PYTHON) -m venv --clear $(@D) || { rm -rf $(@D); echo "No virtual environment could be made; \
	where it is venv that is missing, on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(@D)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r $< || { echo "$< could not be installed. \
	This needs a network, the first time; where there is one, pip says above what is wrong." >&2; exit 1; }
	@printf "%s\n" "$(CURDIR)" > $@
endef
endif

$(BOOK)/.made: requirements-book.txt constraints.txt
	$(environment)

$(VENV)/.made: requirements-test.txt requirements.txt requirements-book.txt constraints.txt pyproject.toml
	$(environment)

clean:
	rm -rf $(VENV) $(BOOK) .venv-floor _build build vendor *.egg-info .coverage .coverage.* .hypothesis .pytest_cache .make.lock
	find . -path ./.git -prune -o \( -name __pycache__ -o -name .ruff_cache -o -name .ipynb_checkpoints -o -name "*.new" \) \
		-prune -exec rm -rf {} +
