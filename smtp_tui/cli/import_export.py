"""What import and export share: names of formats and quotings, and the text that they print.

`smtp-tui import`: settings of another program, printed as TOML or written into a file.

`smtp-tui export`: the settings of a file, as another program keeps them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from pathlib import Path

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED, SETTINGS
from smtp_tui.cli.edit import (
    PRIVATE,
    change_document,
    edit_target,
    open_table,
    tell_notes,
    warn_of_readers,
)
from smtp_tui.cli.output import PATIENCE, OutputFailed, TextTable, print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, PasswordError, one_line
from smtp_tui.config.file_reader import LARGEST
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import (
    Fitting,
    TextFile,
    decoded,
    fitting,
    import_text,
    read_file,
)
from smtp_tui.interchange.results import (
    AccountError,
    Imported,
    InterchangeError,
    MissingLibraryError,
    QuotingError,
    text,
)
from smtp_tui.interchange.spec import QUOTINGS, format_named
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import Literal, parse_source


def format_name(word: str) -> str:
    """Return a format's name; UsageError lists them."""
    try:
        return format_named(word).name
    except InterchangeError as error:
        raise UsageError(str(error)) from None


def quoting_of(options: Namespace) -> str | None:
    """Return the quoting that a call names; UsageError lists them."""
    quoting: str | None = options.quoting
    if quoting is not None and quoting not in QUOTINGS:
        raise UsageError(
            text("no-such-quoting", name=repr(quoting[:40]), quotings=", ".join(QUOTINGS))
        )
    return quoting


def print_text(content: str) -> None:
    """Print a text that is to be a file; one that standard output would change is not printed."""
    encoding = sys.stdout.encoding or "utf-8"
    if not content.isascii() and encoding.casefold().replace("-", "") != "utf8":
        raise OutputFailed(
            f"the text contains non-ASCII characters, and standard output uses {encoding}; "
            "set LC_ALL=C.UTF-8 and try again"
        )
    for line in content.removesuffix("\n").split("\n"):
        print_line(line)


STDIN = "-"
_URL = (
    "the process list shows a URL on the command line, with its password; pass it to "
    "smtp-tui import - on standard input"
)
_MASK = "********"
_FOR_INTO = ("dialect", "create", "backup", "in_place", "private", "diff")


def import_settings(call: Invocation) -> int:
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
        print_error(problem)
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
        print_error(f"{_shown(file)}: {error}")
        return NEGATIVE
    _tell_of(imported, file)
    if not imported.found:
        print_error(f"{_shown(file)}: no usable SMTP settings found")
        return NEGATIVE
    if options.json:
        return _print_json(imported, reveal=options.reveal)
    return _print(imported, options) if options.into is None else _write(imported, options)


def _text(file: str, form: str | None) -> TextFile:
    if file != STDIN:
        return read_file(Path(file), form)
    if sys.stdin.isatty():
        print_error("paste the settings, then press Ctrl+D on an empty line")
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"standard input is larger than {LARGEST >> 20} MiB")
    return TextFile("", decoded(data, _shown(file)))


def _shown(file: str) -> str:
    return "standard input" if file == STDIN else one_line(file)


def _tell_of(imported: Imported, file: str) -> None:
    title = format_named(imported.format).title
    print_error(f"{_shown(file)}: read as {title}: {imported.why}; --from FORMAT changes that")
    for one in imported.unread:
        print_error(f"{_shown(file)}: not understood: {one}")
    for note in imported.remarks:
        print_error(f"note: {note}")
    if imported.found and "host" not in imported.values:
        print_error("note: host: not found; set it before you test")


def _print(imported: Imported, options: Namespace) -> int:
    document = Document(Path("imported.toml"), None)
    print_text(document.changed(options.table or "smtp", imported.values))
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
    print_line(json.dumps(told))
    return PASSED


def _write(imported: Imported, options: Namespace) -> int:
    document, table = edit_target(options.into, options, create=options.create)
    kept = _kept(document, table, imported)
    fits = fitting(document, table, imported.values, create=options.create)
    _tell_of_rest(fits)
    status = change_document(document, table, fits.values, options, create=options.create)
    if kept:
        print_error(f"note: unchanged in {one_line(options.into)}: {', '.join(kept)}")
    if not options.diff and _holds_literal(imported):
        warn_of_readers(document.path, PRIVATE)
    return status


def _tell_of_rest(fits: Fitting) -> None:
    for one in fits.left_out:
        print_error(f"{'warning' if one.protects else 'note'}: left out: {one.why}")


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


def export_settings(call: Invocation) -> int:
    """Print the text, and on standard error what the other program will do otherwise."""
    options = call.options
    name, *words = call.words
    form, quoting = format_name(name), quoting_of(options)
    file, document, found = open_table(words, options.table, options.dialect)
    tell_notes(document, found)
    table = TextTable(file, document, found)
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
        print_error(str(error))
        return BY_STAGE["password"]
    except QuotingError as error:
        raise UsageError(str(error)) from None
    except InterchangeError as error:
        print_error(str(error))
        return SETTINGS
    for note in exported.notes:
        print_error(f"{'warning' if note.weakens else 'note'}: {note}")
    print_text(exported.text)
    return PASSED


def _secret(table: TextTable) -> str | None:
    source = table.source
    return None if source is None else asyncio.run(table.place(source).fetched(PATIENCE))
