"""What the file was read as, why, and what in its table the form does not show."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.config.dialects.spec import PLAIN as PLAIN_KEYS
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.style import STRONG, WARNING
from smtp_tui.tui.widgets.text_page import Block, plain


def format_name(document: Document) -> str:
    """Name whose settings the file holds, for the first line."""
    return document.application or PLAIN_KEYS


def remarks(document: Document, table: str) -> tuple[str, ...]:
    """Return a sentence for each thing in the table that the form does not show."""
    try:
        return tuple(map(escape_controls, document.remarks(table)))
    except DocumentError:  # what is wrong shows where the table is opened
        return ()


def file_blocks(document: Document, table: str) -> Iterator[Block]:
    """Yield what the file was read as and why, the remarks, and the key that changes it."""
    yield plain("The file", STRONG)
    yield plain(f"{escape_controls(str(document.recognition))}.", gap=False)
    yield from (plain(one, WARNING, gap=False) for one in remarks(document, table))
    yield plain(f"{key_of('dialect')} chooses another format.", gap=False)
