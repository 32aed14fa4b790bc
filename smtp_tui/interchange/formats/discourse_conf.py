"""Import and export Discourse's `discourse.conf`; a template in it is not run."""

from __future__ import annotations

import re

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

# As Discourse's own pattern; it takes the line for a template (ERB) before.
_LINE = re.compile(
    r"""(?P<lead>[ \t]*+(?P<name>[a-z_]+[a-z0-9_]*)[ \t]*+=[ \t]*+)
    (?P<value>"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|[^#\n]*)""",
    re.VERBOSE,
)
_TEMPLATE = "<%"
# An empty value is no value, which turns this one off.
_OFF_IF_EMPTY = "smtp_enable_start_tls"


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the lines of the file."""
    builder = ImportBuilder(form, (found.entry for found in written_values(source.text, form)))
    read_declared(builder)
    return builder


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings of a discourse.conf, the last of each name."""
    del form
    found: dict[str, WrittenValue] = {}
    at = 0
    for number, line in enumerate(content.split("\n"), 1):
        if match := _LINE.match(line):
            inner = next(
                part
                for part in (match["single"], match["double"], match["value"])
                if part is not None
            )
            value: object = inner.strip()
            if _TEMPLATE in line:
                value = UnresolvedVariable("computed")
            elif not value and match["name"] == _OFF_IF_EMPTY:
                value = "false"
            start, end = at + match.start("value"), at + match.start("value")
            end += len(match["value"].rstrip())
            entry = Assignment(match["name"], value, number)
            found[entry.name] = WrittenValue(entry, start, end, at, end)
        at += len(line) + 1
    return [*found.values()]


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as a discourse.conf holds it; InterchangeError if it cannot."""
    del form
    word = str(value)
    if word == word.strip() and _TEMPLATE not in word:
        if "#" not in word and word[:1] not in ("'", '"'):
            return word
        for quote in "\"'":
            if quote not in word:
                return f"{quote}{word}{quote}"
    raise InterchangeError(text("conf-quotes", name=name))


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"{name} = {spelled(name, value, form)}"


def write(out: ExportBuilder) -> str:
    """Export the lines of the file."""
    lines = [statement(name, value, out.form) for name, value in out.pairs()]
    if out.lacks_secret:
        name = out.secret_name
        out.note("password", "secret-left-out", name=name)
        lines += [f"# {text('secret-place', name=name)}", f"# {name} ="]
    return "\n".join([*lines, ""])
