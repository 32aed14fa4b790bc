"""What a new key of a plain table is called: as a comment in the table calls it, if one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config import synonyms
from smtp_tui.config.layout import Table
from smtp_tui.config.placing import slot_for
from smtp_tui.config.plain_table import PlainTable
from smtp_tui.config.sameness import means_the_same
from smtp_tui.config.tablepath import TablePath


def in_its_words(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> dict[str, object]:
    """Return the changes of a table with its own names for the keys that it only shows so far.

    A table with `smtp_host` and `#smtp_port =` has a place for the port, and it is not `port`.
    """
    table = Table.find(text, path)
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""

    def name(key: str, value: object) -> str:
        if value is None or key in values or slot_for(table, key, prefix):
            return key
        shown = [one for one in synonyms.NAMES.get(key, ()) if slot_for(table, one, prefix)]
        if len(shown) != 1:
            return key
        after = PlainTable({**values, shown[0]: value}).values
        return shown[0] if means_the_same(key, after.get(key), value) else key

    return {name(key, value): value for key, value in changes.items()}
