"""Change our keys of one table in a file's text: translate, edit, and prove it before it counts.

A check only reads: `document` loads this module, and with it the editor, for a change alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects.decode import DialectTable
from smtp_tui.config.dialects.encode import encode
from smtp_tui.config.dialects.mail_tables import NAMES
from smtp_tui.config.dialects.plain import PlainTable
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.file_reader import excess
from smtp_tui.config.tablepath import ROOT, TablePath
from smtp_tui.config.toml_edit import edit
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.insert import insertion_point_for
from smtp_tui.config.toml_edit.layout import TableLayout
from smtp_tui.settings.validate import equivalent

Data = dict[str, Any]
Group = tuple[TablePath, dict[str, object]]


def change_table(
    table: PlainTable | DialectTable,
    text: str,
    data: Data,
    path: TablePath,
    changes: Mapping[str, object],
) -> tuple[str, Data]:
    """Return a text, and what it means, with `changes` of our keys made to the table at `path`.

    `table` is that table's reader, which knows the words it is in.

    NotExpressibleError where the file's words cannot say one; DocumentError where the text cannot
    be edited, or the outcome is not exactly what was wanted.
    """
    if isinstance(table, PlainTable):
        try:
            content: Mapping[str, Any] = tablepath.get(data, path)
        except KeyError:
            content = {}
        own = table.changes(changes)
        if own.keys() - content.keys():
            own = _in_its_words(text, path, content, own)
        groups = [(path, own)] if own else []
    else:
        groups = list(_differences(ROOT, data, encode(table, changes), path))
    for place, wanted in groups:
        try:
            here: Mapping[str, Any] = tablepath.get(data, place)
        except KeyError:
            here = {}
        try:
            new = edit.apply_edits(text, place, here, wanted)
            new.encode("utf-8")
        except UnicodeEncodeError:
            raise DocumentError(
                "a value contains a character that UTF-8 cannot encode; type it again"
            ) from None
        if too_much := excess(new):
            raise DocumentError(f"it would contain {too_much}")
        text, data = new, edit.verify_edit(text, new, data, place, wanted)
    return text, data


def _in_its_words(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> dict[str, object]:
    """Return the changes of a table with its own names for the keys that it only shows so far.

    A table with `smtp_host` and `#smtp_port =` has a place for the port, and it is not `port`.
    """
    table = TableLayout.find(text, path)
    prefix = table.prefix(table.members[-1]) if table.members else ""

    def name(key: str, value: object) -> str:
        if value is None or key in values or insertion_point_for(table, key, prefix):
            return key
        shown = [name for name in NAMES.get(key, ()) if insertion_point_for(table, name, prefix)]
        if len(shown) != 1:
            return key
        after = PlainTable({**values, shown[0]: value}).values
        return shown[0] if equivalent(key, after.get(key), value) else key

    return {name(key, value): value for key, value in changes.items()}


def _differences(
    path: TablePath, old: Mapping[str, Any], new: Mapping[str, Any], section: TablePath
) -> Iterator[Group]:
    """Yield each table's changed keys, None for one that goes.

    A new table gets a header of its own, but not inside the one at `section`: there it stands in
    its holder, between braces.
    """
    changes: dict[str, object] = {key: None for key in old if key not in new}
    inner: list[Group] = []
    for key, value in new.items():
        before = old.get(key)
        here = (*path, key)
        if before is not None and same_data(before, value):
            continue
        inside = len(here) > len(section) and here[: len(section)] == section
        entered = isinstance(before, dict) or (before is None and not inside)
        if isinstance(value, dict) and entered:
            inner += _differences(here, before or {}, value, section)
        elif isinstance(value, list) and isinstance(before, list) and len(value) == len(before):
            for index, (was, now) in enumerate(zip(before, value, strict=True)):
                if isinstance(was, dict) and isinstance(now, dict):
                    inner += _differences((*here, index), was, now, section)
        else:
            changes[key] = value
    if changes:
        yield path, changes
    yield from inner
