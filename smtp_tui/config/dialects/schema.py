"""From two states of a file's data to the changes that make one of the other, table by table.

The words a file's settings are in: our own keys, or those of a dialect that was recognised.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects import detect
from smtp_tui.config.dialects.mail_tables import MAIL_KEYS, SWITCHES, mail_tables
from smtp_tui.config.dialects.plain import PlainTable
from smtp_tui.config.dialects.spec import PLAIN, DialectHeader, Recognition
from smtp_tui.config.errors import NoTableError
from smtp_tui.config.tablepath import ROOT, TablePath
from smtp_tui.config.toml_edit.edit import same_data

if TYPE_CHECKING:
    from smtp_tui.config.dialects.spec import Dialect


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
        if before is not None and same_data(before, value):
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


Data = dict[str, Any]


class FileSchema:
    """How one file's tables are read and written; `head` None means that the keys are ours.

    `chosen` tells that somebody named the dialect: every table is in it then. In a file that was
    recognised the tables that are not the application's mail settings have our keys.
    """

    def __init__(self, head: DialectHeader | None, reason: str, *, chosen: bool) -> None:
        self._head = head
        self._reason = reason
        self._chosen = chosen

    @classmethod
    def named(cls, name: str) -> FileSchema:
        """Take the dialect of this name; DocumentError where there is none."""
        return cls(*detect.dialect_named(name), chosen=True)

    @classmethod
    def of(cls, data: Data, path: Path, text: str) -> FileSchema:
        """Recognise a file's."""
        return cls(*detect.detect_dialect(data, path, text), chosen=False)

    @property
    def recognition(self) -> Recognition:
        """Which dialect it is, and why."""
        return Recognition(self.name, self.application, self._reason)

    @property
    def name(self) -> str:
        """The dialect's name, or `plain`."""
        return self._head.name if self._head else PLAIN

    @property
    def application(self) -> str | None:
        """The application whose words these are, None for ours."""
        return self._head.application if self._head else None

    @property
    def limits(self) -> dict[str, str]:
        """The settings that cannot be expressed, each with the reason."""
        return dict(self._dialect.limits) if self._dialect else {}

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of an application's keys that hold the password; ours look it anyway."""
        return self._dialect.secret_keys if self._dialect else frozenset()

    def tables(self, data: Data) -> tuple[TablePath, ...]:
        """List the SMTP tables in the file's order."""
        if self._head is None:
            return mail_tables(data)
        found = self._head.tables_in(data)
        if self._chosen and not found and not self._head.is_anywhere:
            return self._head.places_in(data)
        return found

    def new_table(self) -> str:
        """Return the path that a new table is made at; NoTableError where it needs a name."""
        if self._head is None:
            return "smtp"
        if (path := self._head.fixed_table) is None:
            wanted = " or ".join(self._head.tables)
            raise NoTableError(
                f"{self.application} has no fixed table for it; name one like {wanted}"
            )
        return tablepath.spelled(path)

    def unknown(self, data: Data, path: TablePath) -> tuple[str, ...]:
        """List the keys of a table that mean nothing to us."""
        if (dialect := self._of(data, path)) is None:
            unknown = PlainTable(tablepath.get(data, path)).unknown
            # At the top of a file there are the application's other settings as well.
            return unknown if path else tuple(key for key in unknown if key in MAIL_KEYS)
        from smtp_tui.config.dialects.decode import unknown_keys

        return unknown_keys(dialect, data, path)

    def remarks(self, data: Data, path: TablePath) -> tuple[str, ...]:
        """Say in a sentence each what a table holds besides settings that are understood."""
        table, unknown = tablepath.get(data, path), self.unknown(data, path)
        if not unknown and SWITCHES.isdisjoint(table):
            return ()
        from smtp_tui.config.dialects.plain import remarks_on  # most tables give nothing to say

        unclear = PlainTable(table).unclear if self._of(data, path) is None else ()
        return remarks_on(tablepath.spelled(path), table, unknown, unclear)

    @property
    def lack(self) -> str:
        """What a file without any of the tables has not."""
        if self._head is None:
            return (
                "no table smtp, and no other table with a host and one more SMTP setting; name "
                "the table, or add [smtp]"
            )
        wanted = " or ".join(
            "the top of the file" if one == "." else f"[{one}]" for one in self._head.tables
        )
        return f"no mail settings yet in {wanted}, where {self.application} has them"

    def values(self, data: Data, path: TablePath) -> Data:
        """Return a copy of a table's values by our keys, the application's defaults among them."""
        if (dialect := self._of(data, path)) is None:
            return copy.deepcopy(PlainTable(tablepath.get(data, path)).values)
        from smtp_tui.config.dialects.decode import decode

        return decode(dialect, copy.deepcopy(data), path).values

    def given(self, data: Data, path: TablePath) -> frozenset[str]:
        """Return those of our keys that the table itself sets."""
        if (dialect := self._of(data, path)) is None:
            return PlainTable(tablepath.get(data, path)).given
        from smtp_tui.config.dialects.decode import decode

        return decode(dialect, data, path).given

    def says(self, data: Data, path: TablePath, key: str, value: object) -> bool:
        """Tell whether a table's words can say a value of one of our keys, be it alone."""
        dialect = self._of(data, path)
        if dialect is None:
            return PlainTable(tablepath.get(data, path)).says(key, value)
        return dialect.says(key, value)

    def meant(
        self, data: Data, path: TablePath, text: str, changes: Mapping[str, object]
    ) -> list[Group]:
        """List the changes of the file's own keys, table by table, that change a meaning.

        `text` is the file's, whose comments may show what a key is called that is not there yet.

        NotExpressibleError where the application cannot say one.
        """
        if (dialect := self._of(data, path)) is None:
            try:
                values = tablepath.get(data, path)
            except KeyError:
                values = {}
            meant = PlainTable(values).changes(changes)
            if meant.keys() - values.keys():
                from smtp_tui.config.dialects.plain import in_its_words

                meant = in_its_words(text, path, values, meant)
            return [(path, meant)] if meant else []
        from smtp_tui.config.dialects.encode import encode

        return differences(data, encode(dialect, data, path, changes), path)

    @cached_property
    def _dialect(self) -> Dialect | None:
        if self._head is None:
            return None
        from smtp_tui.config.dialects.spec import dialect_at

        return dialect_at(self._head.place, own=self._head.own)

    def _of(self, data: Data, path: TablePath) -> Dialect | None:
        """Return the dialect of one table."""
        head = self._head
        if head is None:
            return None
        is_new = path == head.fixed_table and not head.contradictions(_table(data, path))
        return self._dialect if self._chosen or is_new or path in head.tables_in(data) else None


def _table(data: Data, path: TablePath) -> Mapping[str, Any]:
    try:
        found = tablepath.get(data, path)
    except (KeyError, IndexError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
