"""Change a table of a file as `set` and `unset` do, or print what would change."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from smtp_tui.checks.status import NEGATIVE, PASSED
from smtp_tui.cli.opening import open_table, tell_notes
from smtp_tui.cli.output import complain, tell
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoRenameError, NoTableError
from smtp_tui.config.wording import one_line
from smtp_tui.config.writing import Manner

PRIVATE = "with --private only its owner can read it"


def target(file: str, options: Namespace, *, create: bool = False) -> tuple[Document, str]:
    """Open the file and find the table; DocumentError where one is missing, unless `create`."""
    wish, dialect = options.table, options.dialect
    try:
        _, document, found = open_table([file], wish, dialect)
        document.values(found)
    except NoFileError:
        if not create:
            raise NoFileError(f"{one_line(file)} does not exist; --create creates it") from None
        document = Document.new(Path(file), dialect)
    except NoTableError as error:
        if not create:
            raise NoTableError(f"{error}; --create creates it") from None
        document = Document.open(Path(file), dialect)
    else:
        tell_notes(document, found)
        return document, found
    found = wish or document.new_table()
    tell_notes(document, found)
    return document, found


def change(
    document: Document,
    table: str,
    changes: Mapping[str, object],
    options: Namespace,
    *,
    create: bool = False,
) -> int:
    """Write the changes, or with --diff print them; return the exit status."""
    if options.diff:
        return _print_differences(document, document.changed(table, changes, create=create))
    manner = Manner(
        in_place=options.in_place, backup=options.backup, private=options.private, tell=complain
    )
    save(document, table, changes, manner, create=create)
    return PASSED


def save(
    document: Document,
    table: str,
    changes: Mapping[str, object],
    manner: Manner,
    *,
    create: bool = False,
) -> None:
    """Save a document, and name the option that would overwrite it where nothing else can."""
    with naming_in_place():
        document.save(table, changes, create=create, manner=manner)


@contextmanager
def naming_in_place() -> Iterator[None]:
    """Name the option that overwrites a file which cannot be replaced."""
    try:
        yield
    except NoRenameError as error:
        raise NoRenameError(f"{error}; --in-place overwrites it") from None


def _print_differences(document: Document, text: str) -> int:
    from smtp_tui.config.diffing import differences

    found = differences(document.text, text, str(document.path), document.secret_keys)
    for line in found:
        tell(str(line).expandtabs())
    return NEGATIVE if found else PASSED
