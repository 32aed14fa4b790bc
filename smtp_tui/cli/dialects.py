"""`smtp-tui dialects`: the applications whose own TOML keys are understood."""

from __future__ import annotations

import json
from pathlib import Path

from smtp_tui.checks.exit_status import PASSED, SETTINGS
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation
from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.config.dialects.spec import ANYWHERE, DialectHeader


def dialects(call: Invocation) -> int:
    """List them in the order in which they are tried; report a faulty one and end with 3."""
    heads, faults = all_headers(user_dialects_folder())
    if call.options.json:
        print_line(json.dumps([_as_object(head) for head in heads]))
    else:
        for line in _columns(list(heads)):
            print_line(line)
    for fault in faults:
        print_error(fault)
    return SETTINGS if faults else PASSED


def _columns(heads: list[DialectHeader]) -> list[str]:
    rows = [(head.name, head.application, _file(head), _whose(head)) for head in heads]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _file(head: DialectHeader) -> str:
    """The file that holds such settings, and where in it."""
    named = {".": "the top of the file", ANYWHERE: "any table"}
    tables = ", ".join(named.get(one, f"[{one}]") for one in head.tables)
    return f"{head.files[0]}: {tables}" if head.files else tables


def _whose(head: DialectHeader) -> str:
    return f"your own, {_tilde(head.place)}" if head.own else "shipped"


def _tilde(place: Path) -> str:
    home = Path.home()
    return f"~/{place.relative_to(home)}" if place.is_relative_to(home) else str(place)


def _as_object(head: DialectHeader) -> dict[str, object]:
    return {
        "name": head.name,
        "application": head.application,
        "file": str(head.place),
        "own": head.own,
        "files": list(head.files),
        "tables": list(head.tables),
        "source": list(head.source),
    }
