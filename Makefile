# CONTRIBUTING.md explains the targets, ARCHITECTURE.md the program.
#
# `make demo` shows the program, `make test` and `make integration` run the tests, `make check` adds
# lint, types and layers, `make bench` measures it against swaks.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed
PIP = $(BIN)/pip install --disable-pip-version-check
# What meets the versions of Python and of the libraries, without what opens the form, such as
# test_no_secret_anywhere.py. The other files here try no library that these do not.
HEADLESS = $(addprefix tests/,arrival checks cli config diagnosis discovery interchange oauth providers settings smtp web test_floors.py test_interface.py test_python_examples.py test_requirements.py)
FORM = $(addprefix --ignore=tests/,cli/test_form.py cli/test_made_up_command.py config/test_made_up_dialect.py interchange/test_made_up_format.py oauth/test_form.py providers/test_made_up_provider.py settings/test_made_up_field.py) --deselect=tests/smtp/test_tls_files.py::test_the_form_stays_awake
# They need smtp-tui installed: its version, its metadata, its command.
INSTALLED_ONLY = --ignore=tests/cli/test_manpage.py --deselect=tests/cli/test_form_needs.py::test_the_packages_metadata_has_that_form --deselect=tests/cli/test_completion.py::test_tables_of_the_file_in_the_line
# Debian 13's Hypothesis takes a generator of its own for one that nobody keeps, now and then.
OLDER_TOOLS = -p tests.older_tools -W ignore::hypothesis.errors.HypothesisWarning
LOCK = --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade

.PHONY: demo test integration check floors bench screenshots screenshots-check layouts man docs wheel zipapp deb release lock clean

demo: $(INSTALLED)
	@$(BIN)/smtp-tui demo

# The tests start hundreds of processes, which would compile the program each time.
test integration: export PYTHONDONTWRITEBYTECODE =

# One seed: what fails once fails again. Three at a time keep two cores busy, for many tests wait;
# tests/conftest.py says in which order.
IN_PARALLEL = -n 3 --dist loadfile --no-loadscope-reorder

test: $(INSTALLED)
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not integration"

# What takes longer: real terminals, other programs as judges, packages, many random cases.
integration: $(INSTALLED)
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -q $(IN_PARALLEL) -m integration --hypothesis-profile=new-cases

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks

screenshots: $(INSTALLED)
	$(BIN)/python -m tests.screens screenshots

# Not in `check`: it opens the form some twenty times, which takes longer than all the rest of it.
screenshots-check: $(INSTALLED)
	$(BIN)/python -m tests.screens screenshots --check

layouts: $(INSTALLED)
	$(BIN)/python -m tests.screens.layouts tests/tui/layouts
	$(BIN)/python -m tests.newcomer tests/captures
	$(BIN)/python -m tests.linear_session > tests/linear_session.new
	mv tests/linear_session.new tests/linear_session.txt

man: $(INSTALLED)
	$(BIN)/python -m man.page > man/smtp-tui.1

# The manual as a site, in build/site. A dead link is an error.
docs: $(INSTALLED)
	$(BIN)/python -m docs.pages build/docs
	$(BIN)/sphinx-build -q -W --keep-going -n -c docs -b dirhtml build/docs build/site

wheel: $(INSTALLED)
	$(BIN)/pip wheel -q --no-deps -w dist .

# One file for a machine without Internet: python3 smtp-tui.pyz
zipapp: $(INSTALLED)
	$(BIN)/python -m pyz dist/smtp-tui.pyz

# The lower bounds of pyproject.toml: the form on the oldest Textual, all else on Debian 13's Python
# and packages.
floors: export PYTHONDONTWRITEBYTECODE =
floors: $(INSTALLED)
	rm -rf build/textual
	$(PIP) -q --no-deps --require-hashes --target build/textual -r requirements-floors.txt
	SMTP_TUI_FLOORS=form PYTHONPATH=build/textual $(BIN)/python -m pytest -q $(IN_PARALLEL) -m "not integration" tests/tui tests/test_requirements.py
	SMTP_TUI_FLOORS=headless PYTHONPATH=$(CURDIR) /usr/bin/python3 -m pytest -q -n 3 --dist loadfile -m "not integration" $(OLDER_TOOLS) $(FORM) $(INSTALLED_ONLY) $(HEADLESS)

# The Debian package of this tree, in dist/.
deb:
	.ci/deb dist

# From a tagged commit: sdist, wheel, zipapp, Debian package, the changelog's section and checksums.
release: $(INSTALLED)
	.ci/release dist

# Debian packages venv separately: one line says so, instead of Python's six. Step 2 takes half a
# minute, so on a terminal pip shows its progress.
$(INSTALLED): pyproject.toml requirements-pip.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "smtp-tui needs Python 3.11 or newer, this is $$($(PYTHON) --version); make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV), 1 of 3: a Python environment with pip"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -q --require-hashes -r requirements-pip.txt
	@echo "Setting up $(VENV), 2 of 3: the packages of smtp-tui and of its tests"
	@[ -t 1 ] || quiet=-q; $(PIP) $$quiet --require-hashes -r requirements-dev.txt
	@echo "Setting up $(VENV), 3 of 3: smtp-tui itself"
	@$(PIP) -q --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

# Resolves the dependencies again, for every Python and platform that the project supports. Commit
# the result.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q uv==0.13.9
	echo 'pip' | build/lock/bin/uv pip compile -q $(LOCK) -o requirements-pip.txt -
	build/lock/bin/uv pip compile -q $(LOCK) -o requirements-dev.txt --extra demo --group dev pyproject.toml
	sed -n 's/^    "textual>=\([^,]*\),.*/textual==\1/p' pyproject.toml | \
	  build/lock/bin/uv pip compile -q $(LOCK) --no-deps -o requirements-floors.txt -

clean:
	rm -rf $(VENV) build dist *.egg-info
