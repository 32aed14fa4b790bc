# `make demo` shows the program, `make test` runs every test, `make check` adds lint, types, floors,
# `make bench` measures it against swaks.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

.PHONY: demo test check bench screenshots screenshots-check layouts man wheel zipapp clean

demo: $(INSTALLED)
	@$(BIN)/smtp-tui demo

# One seed: what fails once fails again. Three at a time keep two cores busy, for many tests wait.
test: $(INSTALLED)
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -q -n 3 --dist loadfile

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

man: $(INSTALLED)
	$(BIN)/python -m smtp_tui.cli.manpage > man/smtp-tui.1

wheel: $(INSTALLED)
	$(BIN)/pip wheel -q --no-deps -w dist .

# One file for a machine without Internet: python3 smtp-tui.pyz
zipapp: $(INSTALLED)
	$(BIN)/python -m pyz dist/smtp-tui.pyz

# Debian splits venv off; Python says so in six lines, we in one.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "smtp-tui needs Python 3.11 or newer, this is $$($(PYTHON) --version); make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[demo]' --group dev
	@touch $(INSTALLED)

clean:
	rm -rf $(VENV) build dist *.egg-info
