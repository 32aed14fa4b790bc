"""Where a file's settings stand, and how it spells new ones.

A format of its own syntax has these in its module: `written_values(content, form)`, which lists
the settings with their places, `spelled(name, value, form)` and `statement(name, value, form)`. A
module may also say which texts it is for (`is_own_syntax(content)`), where a new setting goes
in a text without any (`place_for_new(content, form)`), which lines go before it there
(`opening(content, form)`), and what is `between(form)` two of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from smtp_tui.interchange import envfile
from smtp_tui.interchange.compose import env_files
from smtp_tui.interchange.import_builder import WrittenValue
from smtp_tui.interchange.spec import FormatSpec, InterchangeError, text
from smtp_tui.records import record

_COMMENT = re.compile(r"[ \t]+#")
_LINE = re.compile(r"[ \t]*+(?:export[ \t]++)?+(?P<name>[\w.]++)[ \t]*+=")


@record
class FileSyntax:
    """A file's syntax; `separator` goes between two statements on one line, if they can share it.

    `between` must stand between two statements on lines of their own, and not after the last.

    With `has_examples`, a comment that sets a name shows where the name belongs; with `can_refer`,
    a value may be an environment variable.
    """

    written: Callable[[str], list[WrittenValue]]
    spelled: Callable[[str, object], str]
    statement: Callable[[str, object], str]
    place_for_new: Callable[[str], int]
    opening: Callable[[str], list[str]] = lambda _: []
    separator: str | None = None
    has_examples: bool = True
    can_refer: bool = False
    between: str = ""


def syntax_of(form: FormatSpec, content: str) -> FileSyntax | None:
    """Return the syntax of a text in this format; None if smtp-tui cannot change such a text."""
    module = import_module(f"smtp_tui.interchange.formats.{form.module}")
    written = getattr(module, "written_values", None)
    is_own = getattr(module, "is_own_syntax", lambda _: True)(content)
    if written and is_own and not form.has_variables(content):
        place = getattr(module, "place_for_new", None)
        opening = getattr(module, "opening", None)
        return FileSyntax(
            lambda text: written(text, form),
            lambda name, value: module.spelled(name, value, form),
            lambda name, value: module.statement(name, value, form),
            lambda text: place(text, form) if place else len(text),
            lambda text: opening(text, form) if opening else [],
            getattr(module, "SEPARATOR", None),
            has_examples=place is None,
            can_refer=getattr(module, "CAN_REFER", False),
            between=getattr(module, "between", lambda _: "")(form),
        )
    if form.has_variables(content) or form.quoting:
        return _variables(form.quoting or "docker")
    return _variables("python") if form.may_be_env and envfile.is_env(content) else None


def _variables(quoting: str) -> FileSyntax:
    """Return the syntax of `.env` files in a quoting."""

    def statement(name: str, value: object) -> str:
        # Nothing says which of the two reads the file.
        if quoting == "docker" and not _is_same_in_compose(str(value)):
            raise InterchangeError(text("inplace-docker", name=name))
        (line,) = envfile.write([(name, str(value))], quoting)
        return line

    def spelled(name: str, value: object) -> str:
        return statement(name, value).removeprefix(f"{name}=")

    return FileSyntax(lambda text: _in_lines(text, quoting), spelled, statement, len)


def _is_same_in_compose(value: str) -> bool:
    """Whether docker compose reads a value as docker run does, which undoes no quoting."""
    try:
        found = [line.value for line in env_files.read(f"NAME={value}", lambda _: None)]
    except env_files.EnvFileError:
        return False
    return [one.value for one in found] == [value] and not found[0].names


def _in_lines(content: str, quoting: str) -> list[WrittenValue]:
    """List the variables that stand on a line of their own, the last of each name."""
    known = {entry.name: entry for entry in envfile.read(content, quoting) if entry.name}
    found: dict[str, WrittenValue] = {}
    at = 0
    for number, line in enumerate(content.split("\n"), 1):
        match = _LINE.match(line)
        entry = known.get(match["name"]) if match else None
        if match and entry and entry.line == number:
            start, end = match.end(), len(line.rstrip())
            for comment in _COMMENT.finditer(line, start):
                if _value(line[: comment.start()], quoting) == _value(line, quoting):
                    end = min(end, comment.start())
                    break
            found[entry.name] = WrittenValue(
                entry, at + start, at + max(start, end), at, at + len(line.rstrip("\r"))
            )
        at += len(line) + 1
    return [*found.values()]


def _value(line: str, quoting: str) -> object:
    entries = envfile.read(line, quoting)
    return entries[0].value if len(entries) == 1 else None
