"""`smtp-tui export`: the settings of a file, as another program keeps them."""

from __future__ import annotations

import asyncio

from smtp_tui.checks.status import BY_STAGE, PASSED, SETTINGS
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.interchanging import format_name, quoting_of, tell_text
from smtp_tui.cli.opening import open_table, tell_notes
from smtp_tui.cli.output import complain
from smtp_tui.cli.tables import PATIENCE, Table
from smtp_tui.config.errors import PasswordError
from smtp_tui.interchange.exporting import export_text
from smtp_tui.interchange.results import InterchangeError, QuotingError


def export_settings(call: Call) -> int:
    """Print the text, and on standard error what the other program will do otherwise."""
    options = call.options
    name, *words = call.words
    form, quoting = format_name(name), quoting_of(options)
    file, document, found = open_table(words, options.table, options.dialect)
    tell_notes(document, found)
    table = Table(file, document, found)
    try:
        secret = _secret(table) if options.with_password else None
        exported = export_text(
            form,
            table.values,
            with_password=options.with_password,
            secret=secret,
            quoting=quoting,
        )
    except PasswordError as error:
        complain(str(error))
        return BY_STAGE["password"]
    except QuotingError as error:
        raise UsageError(str(error)) from None
    except InterchangeError as error:
        complain(str(error))
        return SETTINGS
    for note in exported.notes:
        complain(f"{'warning' if note.weakens else 'note'}: {note}")
    tell_text(exported.text)
    return PASSED


def _secret(table: Table) -> str | None:
    source = table.source
    return None if source is None else asyncio.run(table.place(source).fetched(PATIENCE))
