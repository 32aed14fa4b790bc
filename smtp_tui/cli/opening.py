"""Which file and which table a call means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError
from smtp_tui.config.paths import default_config
from smtp_tui.config.wording import one_line


def open_file(file: str, *, named: bool) -> Document:
    """Open a file that a call names, or the usual one; DocumentError where it cannot be read."""
    try:
        return Document.open(Path(file))
    except NoFileError:
        if named:
            raise
        raise NoFileError(
            f"no FILE is named, and {one_line(file)} does not exist; "
            "name one, or check without: smtp-tui check --set host=HOST"
        ) from None


def open_table(words: Sequence[str], table: str | None) -> tuple[str, Document, str]:
    """Open the file a call names and pick its table; DocumentError when either is not there."""
    file = words[0] if words else str(default_config())
    document = open_file(file, named=bool(words))
    return file, document, table or document.default_table()
