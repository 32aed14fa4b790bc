"""From two states of a file's data to the changes that make one of the other, table by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config.proof import same
from smtp_tui.config.tablepath import ROOT, TablePath

Group = tuple[TablePath, dict[str, object]]


def differences(old: Mapping[str, Any], new: Mapping[str, Any], section: TablePath) -> list[Group]:
    """List each table's changed keys, None for one that goes.

    A new table gets a header of its own, but not inside the one at `section`: there it stands in
    its holder, between braces.
    """
    return list(_below(ROOT, old, new, section))


def _below(
    path: TablePath, old: Mapping[str, Any], new: Mapping[str, Any], section: TablePath
) -> Iterator[Group]:
    changes: dict[str, object] = {key: None for key in old if key not in new}
    inner: list[Group] = []
    for key, value in new.items():
        before = old.get(key)
        here = (*path, key)
        if before is not None and same(before, value):
            continue
        inside = len(here) > len(section) and here[: len(section)] == section
        entered = isinstance(before, dict) or (before is None and not inside)
        if isinstance(value, dict) and entered:
            inner += _below(here, before or {}, value, section)
        elif isinstance(value, list) and isinstance(before, list) and len(value) == len(before):
            inner += _elements(here, before, value, section)
        else:
            changes[key] = value
    if changes:
        yield path, changes
    yield from inner


def _elements(
    path: TablePath, old: list[Any], new: list[Any], section: TablePath
) -> Iterator[Group]:
    for index, (before, value) in enumerate(zip(old, new, strict=True)):
        if isinstance(before, dict) and isinstance(value, dict):
            yield from _below((*path, index), before, value, section)
