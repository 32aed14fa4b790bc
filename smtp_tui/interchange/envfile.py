"""`.env` files: telling one from Python source, reading one, writing one."""

from __future__ import annotations

import ast
import re

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.quotings import quote, read_entries
from smtp_tui.interchange.results import Exported, InterchangeError, text
from smtp_tui.interchange.spec import QUOTINGS, FormatSpec, Source

_BOM = "\ufeff"
_LINE = re.compile(r"(?P<export>export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=(?P<value>.*)")
# Read raw by docker run, these lose quotes, or have variables replaced, in docker compose.
_READ_TWICE = frozenset("'\"$#\\`")
_EXPANDED = re.compile(r"\$\{?[A-Za-z_]")


def read(content: str, quoting: str) -> list[Entry]:
    """Return what stands in a file; a line that cannot be read has an entry without a name."""
    _known(quoting)
    return read_entries(content.removeprefix(_BOM), quoting)


def write(pairs: list[tuple[str, str]], quoting: str) -> list[str]:
    """Return the lines of a file; InterchangeError where a value does not fit the quoting."""
    _known(quoting)
    lines = []
    for name, value in pairs:
        try:
            lines.append(f"{name}={quote(value, quoting)}")
        except ValueError as error:
            why = text(str(error))
            message = text("does-not-fit", name=name, quoting=quoting, why=why)
            raise InterchangeError(message) from None
    return lines


def _known(quoting: str) -> None:
    if quoting not in QUOTINGS:
        listed = ", ".join(QUOTINGS)
        raise InterchangeError(text("no-such-quoting", name=repr(quoting[:40]), quotings=listed))


def is_env(content: str) -> bool:
    """Whether every line sets a variable as a shell does, and some value is none to Python.

    A host name without quotes is one: Python would take it for names of its own.
    """
    lines = [line.strip() for line in content.removeprefix(_BOM).splitlines()]
    found = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    return all(found) and any(match is not None and _is_bare(match) for match in found)


def _is_bare(line: re.Match[str]) -> bool:
    try:
        value = ast.parse(line["value"].strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return bool(line["export"]) or isinstance(value, ast.Name | ast.Attribute | ast.BinOp)


def import_env(form: FormatSpec, source: Source) -> ImportBuilder:
    """Read a file's variables."""
    # Where nobody says who reads the file, docker does: it undoes no quoting at all.
    quoting = source.quoting or form.quoting or "docker"
    builder = ImportBuilder(form, read(source.text, quoting))
    if quoting == "docker":
        for name in builder.quoted_names():
            builder.remark("", "docker-quotes", name=name)
    return builder


def export_env(
    out: ExportBuilder, pairs: list[tuple[str, str | None]], secret_name: str
) -> Exported:
    """Write a file; pairs without a value are left out, the password goes last."""
    quoting = out.quoting or out.form.quoting or "docker"
    there = [(name, value) for name, value in pairs if value is not None]
    lines = []
    if out.wants_secret and out.secret is not None:
        there.append((secret_name, out.secret))
    elif out.wants_secret:
        out.note("password", "secret-left-out", name=secret_name)
        lines = [f"# {text('secret-place', name=secret_name)}", f"# {secret_name}="]
    for name, value in there:
        if quoting == "docker" and (value != value.strip() or not _READ_TWICE.isdisjoint(value)):
            out.note("", "docker-raw", name=name)
        if quoting == "node" and _EXPANDED.search(value):
            out.note("", "node-expand", name=name)
    return out.done("\n".join([*write(there, quoting), *lines, ""]))
