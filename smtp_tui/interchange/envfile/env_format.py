"""Telling an `.env` file from Python source: both may say `NAME=value`.

What the formats that are `.env` files share: reading one into an intake, writing one.
"""

from __future__ import annotations

import ast
import re

from smtp_tui.interchange import envfile
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, text
from smtp_tui.interchange.spec import FormatSpec, Source

_LINE = re.compile(r"(?P<export>export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=(?P<value>.*)")


def is_env(content: str) -> bool:
    """Whether every line sets a variable as a shell does, and some value is none to Python.

    A host name without quotes is one: Python would take it for names of its own.
    """
    lines = [line.strip() for line in content.removeprefix("\ufeff").splitlines()]
    found = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    return all(found) and any(one is not None and _is_bare(one) for one in found)


def _is_bare(line: re.Match[str]) -> bool:
    try:
        value = ast.parse(line["value"].strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return bool(line["export"]) or isinstance(value, ast.Name | ast.Attribute | ast.BinOp)


# Read raw by docker run, these lose quotes, or have variables replaced, in docker compose.
_READ_TWICE = frozenset("'\"$#\\`")
_EXPANDED = re.compile(r"\$\{?[A-Za-z_]")


def intake(form: FormatSpec, source: Source) -> ImportBuilder:
    """Read a file into an intake."""
    style = source.quoting or form.quoting or "docker"
    taken = ImportBuilder(form, envfile.read(source.text, style))
    if style == "docker":
        for name in taken.quoted_names():
            taken.remark("", "docker-quotes", name=name)
    return taken


def exported(out: ExportBuilder, pairs: list[tuple[str, str | None]], secret_name: str) -> Exported:
    """Write a file; pairs without a value are left out, the password goes last."""
    style = out.quoting or out.form.quoting or "docker"
    there = [(name, value) for name, value in pairs if value is not None]
    lines = []
    if out.wants_secret and out.secret is not None:
        there.append((secret_name, out.secret))
    elif out.wants_secret:
        out.note("password", "secret-left-out", name=secret_name)
        lines = [f"# {text('secret-place', name=secret_name)}", f"# {secret_name}="]
    if style == "docker":
        for name, value in there:
            if value != value.strip() or not _READ_TWICE.isdisjoint(value):
                out.note("", "docker-raw", name=name)
    for name, value in there if style == "node" else ():
        if _EXPANDED.search(value):
            out.note("", "node-expand", name=name)
    return out.done("\n".join([*envfile.write(there, style), *lines, ""]))
