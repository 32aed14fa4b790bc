"""Bring changes onto a file that somebody else has changed since it was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

from smtp_tui.config.masking import masked
from smtp_tui.config.sameness import means_the_same
from smtp_tui.config.wording import one_line
from smtp_tui.records import record


@record
class Conflict:
    """A key that was changed here and there, each time to something else; None is absent."""

    key: str
    base: object = field(repr=False)
    ours: object = field(repr=False)
    theirs: object = field(repr=False)

    def __str__(self) -> str:
        """Tell it in one line, secrets hidden."""
        base, ours, theirs = (_told(self.key, value) for value in self._values)
        if ours == theirs:  # hidden, they look the same
            return f"{self.key} was {base}, and was changed both in the file and here"
        return f"{self.key} was {base}, is {theirs} in the file now, and {ours} here"

    @property
    def _values(self) -> tuple[object, object, object]:
        return self.base, self.ours, self.theirs


@record
class Merge:
    """What is to be changed in the file as it is now, and what somebody must decide."""

    changes: Mapping[str, object] = field(repr=False)
    conflicts: tuple[Conflict, ...] = ()

    def resolved(self, ours: Collection[str]) -> dict[str, object]:
        """Return all changes: of the keys in conflict those named keep our value."""
        decided = {one.key: one.ours for one in self.conflicts if one.key in ours}
        return {**self.changes, **decided}


def merged(base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, object]) -> Merge:
    """Compare a table as it was read with what it holds now, and with the changes `ours`.

    What was changed there to the same meaning is done; what was left alone there takes our change.
    """
    changes = {}
    conflicts = []
    for key, wanted in ours.items():
        before, now = base.get(key), theirs.get(key)
        if means_the_same(key, now, wanted):
            continue
        if means_the_same(key, before, now):
            changes[key] = wanted
        else:
            conflicts.append(Conflict(key, before, wanted, now))
    return Merge(changes, tuple(conflicts))


def _told(key: str, value: object) -> str:
    from smtp_tui.config.spelling import spelled_value

    if value is None:
        return "not set"
    shown = masked(key, value)
    try:
        return one_line(spelled_value(shown), 80)
    except TypeError:  # a date, which no setting is
        return one_line(shown, 80)
