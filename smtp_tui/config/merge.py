"""Bring changes onto a file that somebody else has changed since it was read.

Another program has written it: `changes_on_disk` shows what. To take theirs, `document.reload()`;
to keep ours as well, save the changes of `merged_with_disk` after a reload. Where the file
`is_gone`, `document.begin_anew()` has saving make it, with all that it held.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

from smtp_tui.config import file_reader
from smtp_tui.config.diff import DiffLine, diff_lines
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, one_line
from smtp_tui.config.mask import masked_value
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.records import record
from smtp_tui.settings.validate import equivalent


@record
class Conflict:
    """A key that was changed here and there, each time to something else; None is absent."""

    key: str
    base: object = field(repr=False)
    ours: object = field(repr=False)
    theirs: object = field(repr=False)

    def __str__(self) -> str:
        """Tell it in one line, secrets hidden."""
        values = (self.base, self.ours, self.theirs)
        base, ours, theirs = (_shown(self.key, value) for value in values)
        if ours == theirs:  # hidden, they look the same
            return f"{self.key} was {base}, and was changed both in the file and here"
        return f"{self.key} was {base}, is {theirs} in the file now, and {ours} here"


@record
class MergeResult:
    """What is to be changed in the file as it is now, and what somebody must decide."""

    changes: Mapping[str, object] = field(repr=False)
    conflicts: tuple[Conflict, ...] = ()

    def resolved(self, ours: Collection[str]) -> dict[str, object]:
        """Return all changes: of the keys in conflict those named keep our value."""
        decided = {one.key: one.ours for one in self.conflicts if one.key in ours}
        return {**self.changes, **decided}


def merge_changes(
    base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, object]
) -> MergeResult:
    """Compare a table as it was read with what it holds now, and with the changes `ours`.

    What was changed there to the same meaning is done; what was left alone there takes our change.
    """
    changes = {}
    conflicts = []
    for key, wanted in ours.items():
        before, now = base.get(key), theirs.get(key)
        if equivalent(key, now, wanted):
            continue
        if equivalent(key, before, now):
            changes[key] = wanted
        else:
            conflicts.append(Conflict(key, before, wanted, now))
    return MergeResult(changes, tuple(conflicts))


def _shown(key: str, value: object) -> str:
    if value is None:
        return "not set"
    shown = masked_value(key, value)
    try:
        return one_line(toml_value(shown), 80)
    except TypeError:  # a date, which no setting is
        return one_line(shown, 80)


def is_stale(document: Document) -> bool:
    """Tell whether the file was changed, made or removed since; DocumentError if unreadable."""
    try:
        found = file_reader.decode_text(file_reader.read_document(document.path), document.path)
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
    return diff_lines(
        document.text, fresh(document).text, one_line(document.path), document.secret_keys
    )


def merged_with_disk(document: Document, table: str, changes: Mapping[str, object]) -> MergeResult:
    """Bring changes of a table onto the file as it is now; the document stays as it is.

    DocumentError where the file, or the table that was in it, is gone or can no longer be read.
    """
    now = fresh(document)
    theirs = _values(now, table) if document.lacks(table) else now.values(table)
    return merge_changes(_values(document, table), theirs, changes)


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
