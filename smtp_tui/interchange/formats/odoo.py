"""Import and export the mail settings of odoo.conf, as Python's configparser reads them."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.steps import STEPS
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, WrittenValue
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_SECTION = "options"
# Odoo turns these words into values of Python.
_NOTHING = frozenset({"false", "none", ""})
_WORDS = _NOTHING | {"true"}
_LINE = re.compile(r"(?P<name>[^\s=:;#\[][^=:\n]*?)[ \t]*[=:][ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?$")


def _entries(content: str) -> Iterator[Assignment]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(content.removeprefix("\ufeff"))
    except configparser.Error:
        raise InterchangeError(text("not-ini", section=_SECTION)) from None
    if parser.has_section(_SECTION):
        for name, value in parser.items(_SECTION):
            yield Assignment(name, None if value.casefold() in _NOTHING else value)


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings of the section that stand on one line, the last of each name."""
    del form
    known = {entry.name: entry for entry in _entries(content)}
    found: dict[str, WrittenValue] = {}
    at, section = 0, ""
    for line in content.split("\n"):
        if line.removeprefix("\ufeff").startswith("["):
            section = line.strip("\ufeff\t\r ")[1:].partition("]")[0]
        elif section == _SECTION and (match := _LINE.match(line)):
            name, start, end = match["name"].lower(), *map(at.__add__, match.span("value"))
            entry = known[name] if name in known else Assignment(name, None)
            is_off = name == "smtp_ssl" and entry.value in (None, "True", "true")
            value = entry.value is not None if is_off else entry.value
            found[name] = WrittenValue(Assignment(name, value), start, end, at, end)
        at += len(line) + 1
    return [*found.values()]


def place_for_new(content: str, form: FormatSpec) -> int:
    """Return where the line with the section's name ends."""
    del form
    match = re.search(rf"^\ufeff?+\[{_SECTION}\][^\n]*+\n?", content, re.MULTILINE)
    return match.end() if match else len(content)


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it; InterchangeError if it would mean something else."""
    if isinstance(value, str) and (value.casefold() in _WORDS or value != value.strip()):
        raise InterchangeError(text("replaced", name=name, program=form.title))
    return str(value)


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"{name} = {spelled(name, value, form)}"


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the section, with Odoo's defaults."""
    builder = ImportBuilder(form, _entries(source.text))
    read_declared(builder, STEPS)
    if builder.values["encryption"] != "none":
        builder.values["openssl_verify_mode"] = "none"
        builder.remark("openssl_verify_mode", "never-verifies")
    if source.text.startswith("\ufeff"):
        builder.remark("", "byte-order-mark")
    builder.report_leftovers("smtp_")
    return builder


def write(out: ExportBuilder) -> str:
    """Export the section."""
    lines = [statement(name, value, out.form) for name, value in out.pairs()]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name=out.secret_name)
        lines += [f"; {text('secret-place', name=out.secret_name)}", f"; {out.secret_name} ="]
    return "\n".join([f"[{_SECTION}]", *lines, ""])
