"""The words a file's settings are in: our own keys, or those of a dialect that was recognised."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.config import recognising, tablepath
from smtp_tui.config.errors import NoTableError
from smtp_tui.config.heads import PLAIN, Head
from smtp_tui.config.sameness import means_the_same
from smtp_tui.config.tablepath import TablePath
from smtp_tui.settings.fields import BY_KEY

if TYPE_CHECKING:
    from smtp_tui.config.dialect import Dialect
    from smtp_tui.config.grouping import Group

Data = dict[str, Any]


class Language:
    """How one file's tables are read and written; `head` None means that the keys are ours.

    `chosen` tells that somebody named the dialect: every table is in it then. In a file that was
    recognised the tables that are not the application's mail settings have our keys.
    """

    def __init__(self, head: Head | None, *, chosen: bool) -> None:
        self._head = head
        self._chosen = chosen

    @classmethod
    def named(cls, name: str) -> Language:
        """Take the dialect of this name; DocumentError where there is none."""
        return cls(recognising.named(name), chosen=True)

    @classmethod
    def of(cls, data: Data, path: Path) -> Language:
        """Recognise a file's."""
        return cls(recognising.recognised(data, path), chosen=False)

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

    def tables(self, data: Data) -> tuple[TablePath, ...]:
        """List the SMTP tables in the file's order."""
        return self._head.tables_in(data) if self._head else tablepath.smtp_tables(data)

    def new_table(self) -> str:
        """Return the path that a new table is made at; NoTableError where it needs a name."""
        if self._head is None:
            return "smtp"
        if (path := self._head.fixed_table) is None:
            wanted = " or ".join(self._head.tables)
            raise NoTableError(f"{self.application} has no one place for it; name a table {wanted}")
        return tablepath.spelled(path)

    @property
    def lack(self) -> str:
        """What a file without any of the tables has not."""
        if self._head is None:
            return (
                "no table smtp, nor any other with host and one more SMTP setting; name the "
                "table, or add [smtp]"
            )
        wanted = " or ".join(self._head.tables)
        return f"no mail settings at {wanted}, where {self.application} has them; name the table"

    def values(self, data: Data, path: TablePath) -> Data:
        """Return a copy of a table's values by our keys, the application's defaults among them."""
        if (dialect := self._of(data, path)) is None:
            return copy.deepcopy(dict(tablepath.get(data, path)))
        from smtp_tui.config.understanding import understood

        return understood(dialect, copy.deepcopy(data), path).values

    def given(self, data: Data, path: TablePath) -> frozenset[str]:
        """Return those of our keys that the table itself sets."""
        if (dialect := self._of(data, path)) is None:
            return frozenset(key for key in tablepath.get(data, path) if key in BY_KEY)
        from smtp_tui.config.understanding import understood

        return understood(dialect, data, path).given

    def says(self, data: Data, path: TablePath, key: str, value: object) -> bool:
        """Tell whether a table's words can say a value of one of our keys, be it alone."""
        dialect = self._of(data, path)
        return dialect is None or dialect.says(key, value)

    def meant(self, data: Data, path: TablePath, changes: Mapping[str, object]) -> list[Group]:
        """List the changes of the file's own keys, table by table, that change a meaning.

        NotExpressibleError where the application cannot say one.
        """
        if (dialect := self._of(data, path)) is None:
            try:
                values = tablepath.get(data, path)
            except KeyError:
                values = {}
            meant = _meant(values, changes)
            return [(path, meant)] if meant else []
        from smtp_tui.config.grouping import differences
        from smtp_tui.config.speaking import said

        return differences(data, said(dialect, data, path, changes), path)

    @cached_property
    def _dialect(self) -> Dialect | None:
        if self._head is None:
            return None
        from smtp_tui.config.dialect_reading import dialect_at

        return dialect_at(self._head.place, own=self._head.own)

    def _of(self, data: Data, path: TablePath) -> Dialect | None:
        """Return the dialect of one table."""
        head = self._head
        if head and (self._chosen or path == head.fixed_table or path in head.tables_in(data)):
            return self._dialect
        return None


def _meant(values: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, object]:
    """Leave out the changes that change no meaning."""
    return {
        key: _typed(key, values.get(key), new)
        for key, new in changes.items()
        if not means_the_same(key, values.get(key), new)
    }


def _typed(key: str, old: object, new: object) -> object:
    """Keep the TOML type of an old value that was good."""
    from smtp_tui.config.spelling import typed_like

    field = BY_KEY.get(key)
    good = field is not None and old is not None and field.problem_with(old) is None
    return typed_like(old, new) if good else new
