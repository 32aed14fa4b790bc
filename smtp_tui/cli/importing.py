"""`smtp-tui import`: settings of another program, printed as TOML or written into a file."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from smtp_tui.checks.status import NEGATIVE, PASSED
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.changing import PRIVATE, change, target
from smtp_tui.cli.interchanging import format_name, quoting_of, tell_text
from smtp_tui.cli.opening import warn_of_readers
from smtp_tui.cli.output import complain, tell
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.reading import LARGEST
from smtp_tui.config.wording import one_line
from smtp_tui.interchange.fitting import Fitting, fitting
from smtp_tui.interchange.importing import import_text
from smtp_tui.interchange.known import format_named
from smtp_tui.interchange.results import (
    AccountError,
    Imported,
    InterchangeError,
    MissingLibraryError,
    QuotingError,
)
from smtp_tui.interchange.text_files import TextFile, decoded, read_file
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.sources import Literal, parse_source

STDIN = "-"
_URL = (
    "the process list shows a URL on the command line, with its password; pass it to "
    "smtp-tui import - on standard input"
)
_MASK = "********"
_FOR_INTO = ("dialect", "create", "backup", "in_place", "private", "diff")


def import_settings(call: Call) -> int:
    """Read FILE, report what was not understood, print or save the rest; 1 if there is none."""
    options = call.options
    given = [name for name in _FOR_INTO if getattr(options, name) and options.into is None]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} needs --into")
    if options.json and options.into is not None:
        raise UsageError("--json prints the settings and --into saves them: give only one of them")
    if options.reveal and not options.json:
        raise UsageError("--reveal needs --json")
    named = getattr(options, "from")
    form = None if named is None else format_name(named)
    quoting = quoting_of(options)
    file = call.words[0]
    if "://" in file:
        raise UsageError(_URL)
    text = _text(file, form)
    for problem in text.problems:
        complain(problem)
    try:
        imported = import_text(
            text.content,
            form,
            name=text.name,
            quoting=quoting,
            beside=text.beside,
            account=options.account,
        )
    except (MissingLibraryError, QuotingError, AccountError) as error:
        raise UsageError(str(error)) from None
    except InterchangeError as error:
        complain(f"{_shown(file)}: {error}")
        return NEGATIVE
    _tell_of(imported, file)
    if not imported.found:
        complain(f"{_shown(file)}: no usable SMTP settings found")
        return NEGATIVE
    if options.json:
        return _print_json(imported, reveal=options.reveal)
    return _print(imported, options) if options.into is None else _write(imported, options)


def _text(file: str, form: str | None) -> TextFile:
    if file != STDIN:
        return read_file(Path(file), form)
    if sys.stdin.isatty():
        complain("paste the settings, then press Ctrl+D on an empty line")
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"standard input is larger than {LARGEST >> 20} MiB")
    return TextFile("", decoded(data, _shown(file)))


def _shown(file: str) -> str:
    return "standard input" if file == STDIN else one_line(file)


def _tell_of(imported: Imported, file: str) -> None:
    title = format_named(imported.format).title
    complain(f"{_shown(file)}: read as {title}: {imported.why}; --from FORMAT changes that")
    for one in imported.unread:
        complain(f"{_shown(file)}: not understood: {one}")
    for note in imported.remarks:
        complain(f"note: {note}")
    if imported.found and "host" not in imported.values:
        complain("note: host: not found; set it before you test")


def _print(imported: Imported, options: Namespace) -> int:
    document = Document(Path("imported.toml"), None)
    tell_text(document.changed(options.table or "smtp", imported.values))
    return PASSED


def _print_json(imported: Imported, *, reveal: bool) -> int:
    values = dict(imported.values)
    if not reveal and _holds_literal(imported):
        values["password"] = _MASK
    told = {
        "format": imported.format,
        "title": format_named(imported.format).title,
        "why": imported.why,
        "values": values,
        "found": [key for key in BY_KEY if key in imported.found],
        "unread": [{"name": one.name, "line": one.line, "why": one.why} for one in imported.unread],
        "remarks": [{"key": one.key, "text": one.text} for one in imported.remarks],
    }
    tell(json.dumps(told))
    return PASSED


def _write(imported: Imported, options: Namespace) -> int:
    document, table = target(options.into, options, create=options.create)
    kept = _kept(document, table, imported)
    fits = fitting(document, table, imported.values, create=options.create)
    _tell_of_rest(fits)
    status = change(document, table, fits.values, options, create=options.create)
    if kept:
        complain(f"note: unchanged in {one_line(options.into)}: {', '.join(kept)}")
    if not options.diff and _holds_literal(imported):
        warn_of_readers(document.path, PRIVATE)
    return status


def _tell_of_rest(fits: Fitting) -> None:
    for one in fits.left_out:
        complain(f"{'warning' if one.protects else 'note'}: left out: {one.why}")


def _kept(document: Document, table: str, imported: Imported) -> list[str]:
    """Return the settings of the table that the import says nothing of."""
    try:
        given = document.given(table)
    except DocumentError:
        return []
    return [key for key in BY_KEY if key in given and key not in imported.values]


def _holds_literal(imported: Imported) -> bool:
    raw = imported.values.get("password")
    return raw is not None and isinstance(parse_source(raw), Literal)
