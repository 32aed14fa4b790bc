"""Import and export the mail settings of odoo.conf, as Python's configparser reads them."""

from __future__ import annotations

import configparser
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.beside import refuse
from smtp_tui.interchange.formats.steps import STEPS
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_SECTION = "options"
# Odoo turns these words into values of Python.
_NOTHING = frozenset({"false", "none", ""})
_WORDS = _NOTHING | {"true"}


def _entries(content: str) -> Iterator[Assignment]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(content.removeprefix("\ufeff"))
    except configparser.Error:
        raise InterchangeError(text("not-ini", section=_SECTION)) from None
    if parser.has_section(_SECTION):
        for name, value in parser.items(_SECTION):
            yield Assignment(name, None if value.casefold() in _NOTHING else value)


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the section, with Odoo's defaults."""
    builder = ImportBuilder(form, _entries(source.text))
    read_declared(builder, STEPS)
    if builder.values["encryption"] != "none":
        builder.values["openssl_verify_mode"] = "none"
        builder.remark("openssl_verify_mode", "never-verifies")
    builder.report_leftovers("smtp_")
    return builder


def write(out: ExportBuilder) -> str:
    """Export the section."""
    pairs = out.pairs()
    for name, value in pairs:
        if isinstance(value, str):
            refuse(out, name, value, "")
            if value.casefold() in _WORDS:
                raise InterchangeError(text("replaced", name=name, program=out.form.title))
    lines = [f"{name} = {value}" for name, value in pairs]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name=out.secret_name)
        lines += [f"; {text('secret-place', name=out.secret_name)}", f"; {out.secret_name} ="]
    return "\n".join([f"[{_SECTION}]", *lines, ""])
