"""The words a file's settings are in: our own keys, or those of a dialect that was recognised."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects import detect
from smtp_tui.config.dialects.decode import DialectTable
from smtp_tui.config.dialects.load import dialect_at
from smtp_tui.config.dialects.mail_tables import MAIL_KEYS, SWITCHES, mail_tables
from smtp_tui.config.dialects.plain import PlainTable
from smtp_tui.config.dialects.spec import ANYWHERE, PLAIN, Dialect, DialectHeader, Recognition
from smtp_tui.config.errors import NoTableError, one_line
from smtp_tui.config.tablepath import TablePath

Data = dict[str, Any]


class FileSchema:
    """How one file's tables are read and written; `head` None means that the keys are ours.

    `chosen` tells that somebody named the dialect: every table is in it then. In a file that was
    recognised the tables that are not the application's mail settings have our keys.
    """

    def __init__(self, head: DialectHeader | None, reason: str, *, chosen: bool) -> None:
        self._head = head
        self._chosen = chosen
        self.name = head.name if head else PLAIN
        self.application = head.application if head else None
        self.recognition = Recognition(self.name, self.application, reason)

    @classmethod
    def named(cls, name: str) -> FileSchema:
        """Take the dialect of this name; DocumentError where there is none."""
        return cls(*detect.dialect_named(name), chosen=True)

    @classmethod
    def of(cls, data: Data, path: Path, text: str) -> FileSchema:
        """Recognise a file's."""
        return cls(*detect.detect_dialect(data, path, text), chosen=False)

    @cached_property
    def dialect(self) -> Dialect | None:
        """The whole dialect, None where the keys are our own."""
        return dialect_at(self._head.place, own=self._head.own) if self._head else None

    def tables(self, data: Data) -> tuple[TablePath, ...]:
        """List the SMTP tables in the file's order."""
        if self._head is None:
            return mail_tables(data)
        found = self._head.tables_in(data)
        if self._chosen and not found and ANYWHERE not in self._head.tables:
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

    @property
    def lack(self) -> str:
        """What a file without any of the tables has not."""
        if self._head is None:
            return (
                "no table smtp, and no other table with a host and one more SMTP setting; name "
                "the table, or add [smtp]"
            )
        wanted = " or ".join(
            "the top of the file" if table == "." else f"[{table}]" for table in self._head.tables
        )
        return f"no mail settings yet in {wanted}, where {self.application} has them"

    def table(self, data: Data, path: TablePath) -> PlainTable | DialectTable:
        """Return the reader of a table, in the words it is in; an absent one is empty."""
        try:
            found = tablepath.get(data, path)
        except (KeyError, IndexError, TypeError):
            found = {}
        content: Mapping[str, Any] = found if isinstance(found, dict) else {}
        head, dialect = self._head, self.dialect
        if head is None or dialect is None:
            return PlainTable(content)
        is_new = path == head.fixed_table and not head.contradictions(content)
        if self._chosen or is_new or path in head.tables_in(data):
            return DialectTable(dialect, data, path)
        return PlainTable(content)

    def unknown(self, data: Data, path: TablePath) -> tuple[str, ...]:
        """List the keys of a table that mean nothing to us."""
        table = self.table(data, path)
        # At the top of a file there are the application's other settings as well.
        if isinstance(table, PlainTable) and not path:
            return tuple(key for key in table.unknown if key in MAIL_KEYS)
        return table.unknown

    def remarks(self, data: Data, path: TablePath) -> tuple[str, ...]:
        """Say in a sentence each what a table holds besides settings that are understood."""
        content, unknown = tablepath.get(data, path), self.unknown(data, path)
        unclear = self.table(data, path).unclear
        remarks = [
            f"{key} is {str(content[key]).lower()}: mail is switched off in this table."
            for key in content
            if key in SWITCHES and key not in unknown and content[key] is (key == "disabled")
        ]
        if strange := [key for key in unknown if key not in unclear]:
            name = tablepath.spelled(path)
            where = "at the top of the file" if name == "." else f"in [{one_line(name, 80)}]"
            remarks.append(f"Unknown keys {where}: {one_line(', '.join(strange), 200)}.")
        if unclear:
            remarks.append(
                f"{' and '.join(unclear)} may mean STARTTLS or implicit TLS. smtp-tui does not "
                "know which; set encryption."
            )
        return tuple(remarks)
