"""`smtp-tui import` and `export`: settings from and for other programs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from smtp_tui.checks.equivalents import quoted
from smtp_tui.checks.exit_status import NEGATIVE, PASSED, SETTINGS
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.edit import (
    PRIVATE,
    change_table,
    open_for_change,
    open_table,
    print_notes,
    warn_of_readers,
)
from smtp_tui.cli.parser import UsageError, read_stdin, refuse_options
from smtp_tui.cli.password import fetch
from smtp_tui.cli.terminal import StandardOutputError, print_error, print_line, print_lines
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NotTomlError, one_line
from smtp_tui.config.file_reader import LARGEST, decode_text
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import (
    ImportedFile,
    fitting,
    import_text,
    read_file,
    recognise,
)
from smtp_tui.interchange.spec import (
    QUOTINGS,
    ImportAccountError,
    Imported,
    InterchangeError,
    MissingLibraryError,
    QuotingError,
    format_named,
    text,
)
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import LiteralSource, parse_source

STDIN = "-"
_URL = (
    "the process list shows a URL on the command line, with its password; pass it to "
    "smtp-tui import - on standard input"
)
_MASK = "********"
_FOR_INTO = ("dialect", "create", "backup", "in_place", "private", "diff")


def import_settings(call: Invocation) -> int:
    """Read FILE, report what was not understood, print or save the rest; return 1 if none."""
    options = call.options
    if options.into is None:
        refuse_options(call, _FOR_INTO, "{} needs --into")
    elif options.json:
        raise UsageError("--json prints the settings and --into saves them: give only one of them")
    if options.reveal and not options.json:
        raise UsageError("--reveal needs --json")
    imported = _imported(call.words[0], options)
    if imported is None:
        return NEGATIVE
    if options.json:
        print_line(json.dumps(_as_object(imported, reveal=options.reveal)))
    elif options.into is None:
        document = Document(Path("imported.toml"), None)
        _print_file(document.changed(options.table or "smtp", imported.values))
    else:
        return _write(imported, options)
    return PASSED


def other_format(error: NotTomlError) -> DocumentError:
    """Return the error, or one that names the program whose settings the text holds."""
    try:
        format_, _ = recognise(error.text, error.path.name)
    except InterchangeError:
        return error
    return DocumentError(
        f"{one_line(error.path)} holds settings of {format_.title}, not TOML; "
        f"smtp-tui import {quoted(str(error.path))} reads them"
    )


def _imported(file: str, options: Namespace) -> Imported | None:
    """Read a file and report how it was understood; None without usable settings."""
    requested = vars(options)["from"]
    format_ = None if requested is None else _format_name(requested)
    quoting = _quoting(options)
    if "://" in file:
        raise UsageError(_URL)
    name = "standard input" if file == STDIN else one_line(file)
    if file == STDIN:
        source = ImportedFile("", decode_text(read_stdin("the settings", LARGEST), name))
    else:
        source = read_file(Path(file), format_)
    for problem in source.problems:
        print_error(problem)
    try:
        imported = import_text(
            source.content,
            format_,
            name=source.name,
            quoting=quoting,
            beside=source.beside,
            account=options.account,
        )
    except (MissingLibraryError, QuotingError, ImportAccountError) as error:
        raise UsageError(str(error)) from None
    except InterchangeError as error:
        print_error(f"{name}: {error}")
        return None
    title = format_named(imported.format).title
    print_error(f"{name}: read as {title}: {imported.why}; --from FORMAT changes that")
    for unread in imported.unread:
        print_error(f"{name}: not understood: {unread}")
    if not imported.found:  # the notes would be on the program's defaults
        print_error(f"{name}: no usable SMTP settings found")
        return None
    for remark in imported.remarks:
        print_error(f"note: {remark}")
    if "host" not in imported.values:
        print_error("note: host: not found; set it before you test")
    return imported


def _format_name(word: str) -> str:
    try:
        return format_named(word).name
    except InterchangeError as error:
        raise UsageError(str(error)) from None


def _quoting(options: Namespace) -> str | None:
    quoting: str | None = options.quoting
    if quoting is not None and quoting not in QUOTINGS:
        raise UsageError(
            text("no-such-quoting", name=repr(quoting[:40]), quotings=", ".join(QUOTINGS))
        )
    return quoting


def _print_file(content: str) -> None:
    """Print the content of a file."""
    # In another encoding, letters would be replaced and the other program would read those.
    encoding = sys.stdout.encoding or "utf-8"
    if not content.isascii() and encoding.casefold().replace("-", "") != "utf8":
        raise StandardOutputError(
            f"the text contains non-ASCII characters, and standard output uses {encoding}; "
            "set LC_ALL=C.UTF-8 and try again"
        )
    print_lines(content)


def _as_object(imported: Imported, *, reveal: bool) -> dict[str, object]:
    values = dict(imported.values)
    if not reveal and _holds_literal(imported):
        values["password"] = _MASK
    return {
        "format": imported.format,
        "title": format_named(imported.format).title,
        "why": imported.why,
        "values": values,
        "found": [key for key in BY_KEY if key in imported.found],
        "unread": [
            {"name": setting.name, "line": setting.line, "why": setting.why}
            for setting in imported.unread
        ],
        "remarks": [{"key": remark.key, "text": remark.text} for remark in imported.remarks],
    }


def _write(imported: Imported, options: Namespace) -> int:
    table = open_for_change(options.into, options)
    try:
        explicit = table.document.given(table.name)
    except DocumentError:  # the table does not exist yet
        explicit = frozenset()
    unchanged = [key for key in BY_KEY if key in explicit and key not in imported.values]
    fits = fitting(table.document, table.name, imported.values, create=options.create)
    for left_out in fits.left_out:
        print_error(f"{'warning' if left_out.protects else 'note'}: left out: {left_out.why}")
    status = change_table(table, fits.values, options, create=options.create)
    if unchanged:
        print_error(f"note: unchanged in {one_line(options.into)}: {', '.join(unchanged)}")
    if not options.diff and _holds_literal(imported):
        warn_of_readers(table.document.path, PRIVATE)
    return status


def _holds_literal(imported: Imported) -> bool:
    raw = imported.values.get("password")
    return raw is not None and isinstance(parse_source(raw), LiteralSource)


def export_settings(call: Invocation) -> int:
    """Print the exported text, and on stderr what the other program does differently."""
    options = call.options
    name, *words = call.words
    format_, quoting = _format_name(name), _quoting(options)
    table = open_table(words, options)
    print_notes(table)
    try:
        source = table.source if options.with_password else None
        exported = export_text(
            format_,
            table.values,
            with_password=options.with_password,
            secret=None if source is None else fetch(table, source),
            quoting=quoting,
        )
    except QuotingError as error:
        raise UsageError(str(error)) from None
    except InterchangeError as error:
        print_error(str(error))
        return SETTINGS
    for note in exported.notes:
        print_error(f"{'warning' if note.weakens else 'note'}: {note}")
    _print_file(exported.text)
    return PASSED
