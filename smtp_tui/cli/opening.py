"""Which file and which table a call means, and what there is to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from smtp_tui.cli.output import complain
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError
from smtp_tui.config.paths import default_config
from smtp_tui.config.reading import readable_by_others
from smtp_tui.config.recognising import faults
from smtp_tui.config.wording import one_line


def open_file(file: str, *, named: bool, dialect: str | None = None) -> Document:
    """Open a file that a call names, or the usual one; DocumentError where it cannot be read.

    `dialect` is the one the file is in, where it is not to be recognised.
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
    for line in faults():
        _complain_once(line)
    return document


def notes_on(document: Document, table: str) -> tuple[str, ...]:
    """Say as which application a file is read and why, and what a table holds besides settings."""
    recognition = document.recognition
    is_plain = recognition.application is None
    named = () if is_plain and not document.is_chosen else (f"{recognition}.",)
    return (*named, *document.remarks(table))


def tell_notes(document: Document, table: str) -> None:
    """Print these notes on standard error."""
    for note in notes_on(document, table):
        complain(f"note: {note}")


@cache
def _complain_once(line: str) -> None:
    complain(line)


def open_table(
    words: Sequence[str], table: str | None, dialect: str | None = None
) -> tuple[str, Document, str]:
    """Open the file a call names and pick its table; DocumentError when either is not there."""
    file = words[0] if words else str(default_config())
    document = open_file(file, named=bool(words), dialect=dialect)
    return file, document, table or document.default_table()


def warn_of_readers(file: Path, remedy: str = "") -> None:
    """Say that others can read the password that stands in the file now."""
    if readable_by_others(file):
        from shlex import quote  # a check has its own words for this

        remedy = remedy or f"remove that right: chmod o= {quote(str(file))}"
        complain(
            f"warning: every user of this machine can read {one_line(file)} and the password in "
            f"it; {remedy}"
        )
