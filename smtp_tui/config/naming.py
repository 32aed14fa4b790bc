"""What a new key of a plain table is called: as a comment in the table calls it, if one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config import synonyms
from smtp_tui.config.plain_table import PlainTable
from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.toml_edit.insert import insertion_point_for
from smtp_tui.config.toml_edit.layout import TableLayout
from smtp_tui.config.toml_edit.values import equivalent


def in_its_words(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> dict[str, object]:
    """Return the changes of a table with its own names for the keys that it only shows so far.

    A table with `smtp_host` and `#smtp_port =` has a place for the port, and it is not `port`.
    """
    table = TableLayout.find(text, path)
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""

    def name(key: str, value: object) -> str:
        if value is None or key in values or insertion_point_for(table, key, prefix):
            return key
        shown = [
            one for one in synonyms.NAMES.get(key, ()) if insertion_point_for(table, one, prefix)
        ]
        if len(shown) != 1:
            return key
        after = PlainTable({**values, shown[0]: value}).values
        return shown[0] if equivalent(key, after.get(key), value) else key

    return {name(key, value): value for key, value in changes.items()}
