"""A command is declared in one place: what is added there is a command everywhere."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import smtp_tui
from man.page import manpage
from smtp_tui.cli.check import FORMATS, REPORT
from smtp_tui.cli.commands import COMMANDS, COMPLETE, FORM, CommandLineCommand, Invocation
from smtp_tui.cli.complete import answer
from smtp_tui.cli.terminal import print_line
from smtp_tui.lazy import load
from tests.cli.program import Outcome
from tests.table import table

PROGRAM = Path(smtp_tui.__file__).parent

Call = Callable[..., Outcome]


@pytest.fixture
def greet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that greets somebody."""

    def run(call: Invocation) -> int:
        print_line(f"Hello, {call.words[0]}{'!' if call.options.quiet else '.'}")
        return 7

    module = ModuleType("smtp_tui.greeting")
    monkeypatch.setattr(module, "greet", run, raising=False)
    monkeypatch.setitem(sys.modules, "smtp_tui.greeting", module)
    spec = CommandLineCommand("greet red|green", "greet a colour", "greeting:greet", ("quiet",))
    COMMANDS.append(spec)
    yield
    COMMANDS.remove(spec)


@pytest.mark.usefixtures("greet")
def test_it_is_found_everywhere_and_runs(call: Call) -> None:
    assert "  greet red|green" in call("--help").out
    assert call("greet", "--help").out.startswith("Usage: smtp-tui greet red|green\n\nGreet a")
    page = manpage()
    assert ".B smtp\\-tui greet red|green\n" in page
    assert "Greet a colour. Options: \\-\\-quiet." in page
    assert answer(["gr"], 1)[1]["greet"] == "greet a colour"
    assert answer(["greet", ""], 2) == ("words", {"red": "", "green": ""})
    assert list(answer(["greet", "-"], 2)[1]) == ["--quiet", "--help"]
    assert call("greet", "red") == Outcome(7, "Hello, red.\n", "")
    assert call("greet", "red", "--quiet") == Outcome(7, "Hello, red!\n", "")
    assert "an argument is missing; usage: smtp-tui greet red|green" in call("greet").err
    assert "the command greet has no option --json" in call("greet", "red", "--json").err


@table("spec", [FORM, *COMMANDS, COMPLETE], ids=lambda spec: spec.name or "form")
def test_every_handler_is_there(spec: CommandLineCommand) -> None:
    signature = inspect.signature(load(spec.handler), eval_str=True)
    (parameter,) = signature.parameters.values()
    assert (parameter.annotation, signature.return_annotation) == (Invocation, int)


@table("target", [*FORMATS.values(), REPORT])
def test_every_reporter_is_there(target: str) -> None:
    methods = ("on_event", "on_result", "on_domain", "finish")
    assert all(callable(getattr(load(target), name)) for name in methods)


def test_what_the_program_loads_by_name_is_there() -> None:
    sources = [file.read_text(encoding="utf-8") for file in PROGRAM.rglob("*.py")]
    targets = {name for source in sources for name in re.findall(r"\bload\(\s*\"([^\"]+)", source)}
    targets |= {
        f"tui.controllers.{name}"
        for source in sources
        for name in re.findall(r"\b_make\(\"([^\"]+)", source)
    }
    assert len(targets) > 30
    for target in targets:
        load(target)
