"""`smtp-tui set`: change settings in a file, and nothing else in it."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.checks.status import PASSED, SETTINGS
from smtp_tui.cli.opening import open_table
from smtp_tui.cli.options import Call
from smtp_tui.cli.output import complain
from smtp_tui.cli.values import assignments
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError
from smtp_tui.settings.fields import BY_KEY, Kind


def set_values(call: Call) -> int:
    """Write the values; 3 when one of them is refused."""
    file, *pairs = call.words
    values = assignments(pairs)
    changes = {}
    refused = 0
    for key, value in values.items():
        problem = BY_KEY[key].problem_with(value)
        if problem:
            complain(f"{BY_KEY[key].label} ({key}): {problem}")
            refused = SETTINGS
        else:
            changes[key] = _typed(key, value)
    if refused:
        return refused
    document, table = _target(file, call.options.table, create=call.options.create)
    document.save(table, changes, create=call.options.create)
    return PASSED


def _target(file: str, table: str | None, *, create: bool) -> tuple[Document, str]:
    try:
        _, document, found = open_table([file], table)
    except NoFileError:
        if not create:
            raise
        return Document.new(Path(file)), table or "smtp"
    except NoTableError:
        if not create:
            raise
        return Document.open(Path(file)), table or "smtp"
    return document, found


def _typed(key: str, value: object) -> object:
    field = BY_KEY[key]
    parsed = field.parse(value)
    match field.kind:
        case Kind.NUMBER:
            number = float(str(parsed))
            return int(number) if number.is_integer() else number
        case Kind.SWITCH:
            return parsed
        case Kind.CHOICE:
            return str(parsed)
        case _:
            return value
