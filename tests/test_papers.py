"""ARCHITECTURE.md and CONTRIBUTING.md speak of what is there: each name in them exists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from smtp_tui.cli.commands import COMMANDS
from tests.table import table

ROOT = Path(__file__).parent.parent
PAPERS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
LAYERS = re.compile(r"<!-- (layers.*?) -->\n```\n(.*?)\n```\n<!-- /\1 -->", re.DOTALL)
CODE = re.compile(r"^```\n(.*?)^```$|`([^`]+)`", re.DOTALL | re.MULTILINE)

_DOTTED = re.compile(r"smtp_tui(?:\.\w+)*")
# A path in this tree: it has a folder, or the kind of file that stands at the top.
_PATH = re.compile(
    r"\.?[\w-][\w.-]*(?:/[\w.-]+)+|[\w-]+\.(?:md|toml|txt)|Makefile|tests|pyz|screenshots"
)
# A word in capitals stands for any name.
_ANY = re.compile(r"\b(?:NAME|KEY)\b")
_OTHERS = {"mail.toml", "build/site"}
"""A file of an admin, which an example names, and what `make docs` makes."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def codes(text: str) -> list[str]:
    """What stands in backticks or in a block, in one line each."""
    return [" ".join((block or span).split()) for block, span in CODE.findall(text)]


def missing(text: str) -> Iterator[str]:
    """Yield the names in a text that stand for nothing."""
    targets = re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE)
    commands = {command.name for command in COMMANDS}
    for code in codes(text):
        if _DOTTED.fullmatch(code) and not _exists(code):
            yield code
        if _PATH.fullmatch(code) and code not in _OTHERS and not _is_there(code):
            yield code
        yield from (
            f"make {one}" for one in re.findall(r"\bmake ([\w-]+)", code) if one not in targets
        )
        for module in re.findall(r"python -m ([\w.]+)", code):
            if find_spec(module) is None:
                yield module
        for name in re.findall(r"smtp-tui ([a-z]+)", code):
            if name not in commands:
                yield f"smtp-tui {name}"


def _exists(dotted: str) -> bool:
    """Whether a dotted name is a module, or leads from one to what it defines."""
    names = dotted.split(".")
    found = import_module(names[0])
    for at, name in enumerate(names[1:], start=2):
        if not hasattr(found, name) and isinstance(found, ModuleType):
            try:
                found = import_module(".".join(names[:at]))
            except ModuleNotFoundError:
                return False
        elif hasattr(found, name):
            found = getattr(found, name)
        else:
            return False
    return True


def _is_there(path: str) -> bool:
    return any(ROOT.glob(_ANY.sub("*", path)))


@pytest.mark.parametrize("name", PAPERS)
def test_what_is_named_exists(name: str) -> None:
    assert [*missing(read(name))] == []


@pytest.mark.parametrize("name", PAPERS)
def test_enough_is_named_to_be_of_use(name: str) -> None:
    found = codes(read(name))
    assert sum(map(bool, map(_DOTTED.fullmatch, found))) > 25
    assert sum(map(bool, map(_PATH.fullmatch, found))) > 8


@table(
    "code",
    [
        "smtp_tui.nowhere",
        "smtp_tui.smtp.session.nothing",
        "smtp_tui.records.record.nothing",
        "tests/nowhere.py",
        "smtp_tui/nowhere/NAME.toml",
        "NOWHERE.md",
        "make nothing",
        "smtp-tui nothing",
    ],
)
def test_what_does_not_exist_is_noticed(code: str) -> None:
    assert [*missing(f"See `{code}`.\n")] == [code]


def test_the_module_of_a_call_is_looked_for() -> None:
    assert [*missing("```\npython -m tests.nowhere\n```\n")] == ["tests.nowhere"]


def test_the_layers_are_those_that_are_proven() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    proven = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    told = [layers.splitlines() for _, layers in LAYERS.findall(read("ARCHITECTURE.md"))]
    assert told == proven


def test_it_is_read_in_ten_minutes() -> None:
    assert len(read("ARCHITECTURE.md").splitlines()) <= 300


def test_the_readme_leads_to_both() -> None:
    assert all(f"]({name})" in read("README.md") for name in PAPERS)


def test_every_package_is_described() -> None:
    found = set(codes(read("ARCHITECTURE.md")))
    packages = {one.parent.name for one in (ROOT / "smtp_tui").glob("*/__init__.py")}
    assert {f"smtp_tui.{name}" for name in packages} <= found


def test_every_target_is_described() -> None:
    text = " ".join(codes(read("CONTRIBUTING.md")))
    for target in re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE):
        assert re.search(rf"\bmake {target}(?![\w-])", text), target
