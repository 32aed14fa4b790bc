"""What became of an open document's file on the disk, and how to go on from there.

Another program has written it: `changes_on_disk` shows what. To take theirs, `document.reload()`;
to keep ours as well, save the changes of `merged_with_disk` after a reload. Where the file
`is_gone`, `document.begin_anew()` has saving make it, with all that it held.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smtp_tui.config import reading
from smtp_tui.config.errors import NoFileError, NoTableError
from smtp_tui.config.wording import one_line

if TYPE_CHECKING:
    from smtp_tui.config.diffing import DiffLine
    from smtp_tui.config.document import Document
    from smtp_tui.config.merging import Merge


def is_stale(document: Document) -> bool:
    """Tell whether the file was changed, made or removed since; DocumentError if unreadable."""
    try:
        found = reading.decoded(reading.read(document.path), document.path)
    except NoFileError:
        return document.exists
    return not document.exists or found != document.text


def is_gone(document: Document) -> bool:
    """Tell whether the file was removed since it was read."""
    try:
        document.path.stat()
    except FileNotFoundError:
        return document.exists
    except OSError:  # it may be there; to read it will tell what is wrong
        return False
    return False


def changes_on_disk(document: Document) -> tuple[DiffLine, ...]:
    """Compare the file as it was read with the file as it is, without secrets; DocumentError."""
    from smtp_tui.config.diffing import differences

    return differences(
        document.text, fresh(document).text, one_line(document.path), document.secret_keys
    )


def merged_with_disk(document: Document, table: str, changes: Mapping[str, object]) -> Merge:
    """Bring changes of a table onto the file as it is now; the document stays as it is.

    DocumentError where the file, or the table that was in it, is gone or can no longer be read.
    """
    from smtp_tui.config.merging import merged

    now = fresh(document)
    theirs = _values(now, table) if document.lacks(table) else now.values(table)
    return merged(_values(document, table), theirs, changes)


def fresh(document: Document) -> Document:
    """Read the document's file into another document; DocumentError if that is impossible."""
    other = copy.copy(document)
    other.reload()
    return other


def _values(document: Document, table: str) -> dict[str, Any]:
    try:
        return document.values(table)
    except NoTableError:  # it was to be made
        return {}
