"""The file and the table that a call names, and what there is to say about them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

from smtp_tui.cli.terminal import print_error
from smtp_tui.config.dialects.detect import dialect_problems
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoFileError, one_line
from smtp_tui.config.file_access import readable_by_others
from smtp_tui.config.paths import default_config
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import PasswordSource, parse_source


@record
class SettingsTable:
    """One SMTP table of an open file."""

    file: str
    document: Document
    name: str

    @property
    def values(self) -> dict[str, Any]:
        """Its raw values."""
        return self.document.values(self.name)

    @property
    def host(self) -> str:
        """The mail server, as the file names it."""
        return str(self.values.get("host") or "")

    @property
    def source(self) -> PasswordSource | None:
        """Where it says that the password is kept; DocumentError if that cannot be understood."""
        raw, field = self.values.get("password"), BY_KEY["password"]
        if raw is None:
            return None
        if problem := field.problem_with(raw):
            raise DocumentError(
                f"{one_line(self.file)}: {field.label} (password): {one_line(problem)}"
            )
        return parse_source(raw)

    @property
    def owner(self) -> str:
        """Whose password it is, to be put behind that word."""
        account = self.values.get("username")
        at = f" at {one_line(self.host, 80)}" if self.host else ""
        return f" of {one_line(account, 80)}{at}" if account else at


def open_file(file: str, *, named: bool, dialect: str | None = None) -> Document:
    """Open a file that a call names, or the usual one; DocumentError where it cannot be read.

    `dialect` is the one the file is in, where it is not to be detected.
    """
    try:
        document = Document.open(Path(file), dialect)
    except NoFileError:
        if named:
            raise
        raise NoFileError(
            f"no FILE was given, and {one_line(file)} does not exist; "
            "give one, or check without a file: smtp-tui check --set host=HOST"
        ) from None
    for problem in dialect_problems():
        _print_error_once(problem)
    return document


# Every file of a batch is read with the same dialects, so their problems come again and again.
_print_error_once = cache(print_error)


def open_table(words: Sequence[str], options: Namespace) -> SettingsTable:
    """Open the file a call names and pick its table; DocumentError when either is not there."""
    file = words[0] if words else str(default_config())
    document = open_file(file, named=bool(words), dialect=options.dialect)
    return SettingsTable(file, document, options.table or document.default_table())


def notes_on(document: Document, table: str) -> tuple[str, ...]:
    """Say as which application a file is read and why, and what a table holds besides settings."""
    recognition = document.recognition
    is_plain = recognition.application is None
    named = () if is_plain and not document.is_chosen else (f"{recognition}.",)
    return (*named, *document.remarks(table))


def print_notes(table: SettingsTable) -> None:
    """Print these notes on standard error."""
    for note in notes_on(table.document, table.name):
        print_error(f"note: {note}")


def warn_of_readers(file: Path, remedy: str = "") -> None:
    """Say that others can read the password that stands in the file now."""
    if readable_by_others(file):
        remedy = remedy or f"remove that right: chmod o= {quote(str(file))}"
        print_error(
            f"warning: every user of this machine can read {one_line(file)} and the password in "
            f"it; {remedy}"
        )
