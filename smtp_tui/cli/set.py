"""`smtp-tui set`: change settings in a file, and nothing else in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from smtp_tui.checks.status import PASSED, SETTINGS, USAGE
from smtp_tui.cli.calls import Call
from smtp_tui.cli.opening import open_table
from smtp_tui.cli.output import complain
from smtp_tui.cli.values import read_pairs
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoRenameError, NoTableError
from smtp_tui.config.wording import one_line
from smtp_tui.settings.fields import BY_KEY, Kind


def set_values(call: Call) -> int:
    """Write the values; every one that is off is told, and then none is written."""
    file, *pairs = call.words
    values, faults = read_pairs(pairs)
    refused = [f"{BY_KEY[key].label} ({key}): {problem}" for key, problem in _problems(values)]
    for line in (*faults, *refused):
        complain(line)
    if faults or refused:
        return USAGE if faults else SETTINGS
    options = call.options
    document, table = _target(file, options.table, create=options.create)
    changes = {key: _typed(key, value) for key, value in values.items()}
    try:
        document.save(
            table,
            changes,
            create=options.create,
            in_place=options.in_place,
            backup=options.backup,
        )
    except NoRenameError as error:
        raise NoRenameError(f"{error}; --in-place does it all the same") from None
    return PASSED


def _problems(values: Mapping[str, object]) -> list[tuple[str, str]]:
    found = [(key, BY_KEY[key].problem_with(value)) for key, value in values.items()]
    return [(key, problem) for key, problem in found if problem]


def _target(file: str, table: str | None, *, create: bool) -> tuple[Document, str]:
    try:
        _, document, found = open_table([file], table)
        document.values(found)
    except NoFileError:
        if not create:
            raise NoFileError(f"{one_line(file)} does not exist; --create makes it") from None
        return Document.new(Path(file)), table or "smtp"
    except NoTableError as error:
        if not create:
            raise NoTableError(f"{error}; --create makes it") from None
        return Document.open(Path(file)), table or "smtp"
    return document, found


def _typed(key: str, value: object) -> object:
    """Give a value that was typed as text the TOML type of its field."""
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
