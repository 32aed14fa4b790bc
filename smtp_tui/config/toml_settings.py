"""Read and change the SMTP tables of a TOML text, and leave everything else in it alone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from smtp_tui.config import file_reader, tablepath
from smtp_tui.config.dialects.decode import DialectTomlTable
from smtp_tui.config.dialects.detect import (
    all_headers,
    detect_dialect,
    dialect_named,
    user_dialects_folder,
)
from smtp_tui.config.dialects.plain import (
    MAIL_KEYS,
    SWITCHES,
    PlainTomlTable,
    mail_tables,
    meant_by,
)
from smtp_tui.config.dialects.spec import ANYWHERE, PLAIN, Dialect, DialectRecognition, dialect_at
from smtp_tui.config.errors import (
    DocumentError,
    NoTableError,
    NotExpressibleError,
    SeveralTablesError,
    one_line,
)
from smtp_tui.config.tablepath import Changes, TablePath


class TomlSettings:
    """The SMTP tables of a TOML text, by our own keys, in its application's dialect or plain.

    A chosen dialect applies to every table; in a detected file, tables other than the application's
    mail settings have our keys.
    """

    display = None  # `diff` shows TOML by itself

    def __init__(self, text: str, path: Path, chosen: str | None = None) -> None:
        self.text, self.path, self._chosen = text, path, chosen
        self._data = file_reader.parse_toml(text, path)
        if chosen is None:
            self._header, reason = detect_dialect(self._data, path, text)
        else:
            self._header, reason = dialect_named(chosen)
        header = self._header  # None if the keys are our own
        self.dialect = header.name if header else PLAIN
        self.application = header.application if header else None
        self.recognition = DialectRecognition(self.dialect, self.application, reason)

    @property
    def _dialect(self) -> Dialect | None:
        return dialect_at(self._header.place, own=self._header.own) if self._header else None

    @property
    def limits(self) -> dict[str, str]:
        """The reasons why the file's dialect cannot express some settings, by key."""
        dialect = self._dialect
        return dict(dialect.limits) if dialect else {}

    @property
    def secret_keys(self) -> frozenset[str]:
        """The application's own keys that hold the password; ours look secret anyway."""
        dialect = self._dialect
        return dialect.secret_keys if dialect else frozenset()

    def dialects(self) -> dict[str, str]:
        """List the dialects that a file can be read in, with their titles."""
        headers = all_headers(user_dialects_folder())[0]
        choices = {PLAIN: "plain: the keys of smtp-tui itself"}
        for header in sorted(headers, key=lambda header: header.application.casefold()):
            # Name the dialect too unless it is the application's name.
            is_same = header.application.casefold() == header.name
            title = header.application if is_same else f"{header.application} ({header.name})"
            choices[header.name] = title
        return choices

    def tables(self) -> tuple[str, ...]:
        """List the paths of the SMTP tables, `smtp` first, the others in the file's order."""
        header = self._header
        found = header.tables_in(self._data) if header else mail_tables(self._data)
        if header and self._chosen is not None and not found and ANYWHERE not in header.tables:
            found = header.places_in(self._data)
        return tuple(map(tablepath.spelled, found))

    def default_table(self) -> str:
        """Return the path of `smtp`, or of the only SMTP table.

        Raise NoTableError or SeveralTablesError if there is no such table.
        """
        tables = self.tables()
        if len(tables) == 1 or tables[:1] == ("smtp",):
            return tables[0]
        if tables:
            listed = one_line(", ".join(tables))
            text = f"{one_line(self.path)} has several SMTP tables; name one of {listed}"
            raise SeveralTablesError(text, tables)
        problem = (
            "no table smtp, and no other table with a host and one more SMTP setting; name "
            "the table, or add [smtp]"
        )
        if self._header:
            tops = {".": "the top of the file"}
            places = " or ".join(tops.get(table, f"[{table}]") for table in self._header.tables)
            problem = f"no mail settings yet in {places}, where {self.application} has them"
        raise NoTableError(f"{one_line(self.path)} has {problem}")

    def new_table(self) -> str:
        """Return the path for a new table of this file; NoTableError if the user must choose it."""
        path = self._header.fixed_table if self._header else ("smtp",)
        if self._header and path is None:
            wanted = " or ".join(self._header.tables)
            raise NoTableError(
                f"{self.application} has no fixed table for it; name one like {wanted}"
            )
        return tablepath.spelled(path or ())

    def lacks(self, table: str) -> bool:
        """Return whether a table is missing and saving with `create` would create it."""
        try:
            self._resolved(table)
        except NoTableError:
            return tablepath.is_missing(self._data, tablepath.parse_path(table)) is not None
        return False

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """List the unknown keys of a table; empty if the table is absent."""
        path = self._place(table, create=True)
        if self.lacks(table):
            return ()
        content = self._table(path)
        # The top of a file also holds the application's other settings.
        if isinstance(content, PlainTomlTable) and not path:
            return tuple(
                key for key in content.unknown if key in MAIL_KEYS or key in content.misspelled
            )
        return content.unknown

    def misspelled_keys(self, table: str) -> dict[str, tuple[str, str]]:
        """Return each unknown key that is nearly a known one: our key, and a sentence."""
        path = self._place(table, create=True)
        content = None if self.lacks(table) else self._table(path)
        if not isinstance(content, PlainTomlTable):
            return {}
        where = _where(path)
        return {
            key: (meant_by(name), f"{one_line(key, 80)} {where} is unknown. Did you mean {name}?")
            for key, name in content.misspelled.items()
        }

    def switches_off(self, table: str) -> tuple[str, ...]:
        """List the keys that switch mail off in a table."""
        content, unknown = (
            tablepath.get(self._data, self._resolved(table)),
            self.unknown_keys(table),
        )
        return tuple(
            key
            for key in content
            if key in SWITCHES and key not in unknown and content[key] is (key == "disabled")
        )

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return remarks about a table: unknown or ambiguous keys, mail switched off."""
        path = self._place(table, create=True)
        if self.lacks(table):
            return ()
        unknown = self.unknown_keys(table)
        unclear = self._table(path).unclear
        remarks = [
            f"{key} is {str(key == 'disabled').lower()}: mail is switched off in this table."
            for key in self.switches_off(table)
        ]
        misspelled = self.misspelled_keys(table)
        remarks += [sentence for _, sentence in misspelled.values()]
        if others := [key for key in unknown if key not in unclear and key not in misspelled]:
            listed = one_line(", ".join(others), 200)
            remarks.append(f"Unknown keys {_where(path)}: {listed}.")
        if unclear:
            remarks.append(
                f"{' and '.join(unclear)} may mean STARTTLS or implicit TLS. smtp-tui does not "
                "know which; set encryption."
            )
        return tuple(remarks)

    def values(self, table: str) -> dict[str, Any]:
        """Return a copy of a table's raw values by our keys; NoTableError if absent."""
        # A plain table's values include its unknown keys. Those of a table in a dialect include
        # the application's defaults, which `given` leaves out.
        values = self._table(self._resolved(table)).values
        inner = {key: raw for key, raw in values.items() if isinstance(raw, dict | list)}
        return values | copy.deepcopy(inner)

    def given(self, table: str) -> frozenset[str]:
        """Return which of our keys the table itself sets; NoTableError if absent."""
        return self._table(self._resolved(table)).given

    def can_express(self, table: str, key: str, value: object) -> bool:
        """Return whether the file's application can express this one value."""
        try:
            path = self._place(table, create=True)
        except NoTableError:
            return True
        return self._table(path).can_express(key, value)

    def changed(self, table: str, changes: Changes, *, create: bool) -> TomlSettings:
        """Return the settings of the text with `changes` made, and everything else unchanged."""
        # Checks only read; this import would slow down their start by several milliseconds.
        from smtp_tui.config.dialects.encode import change_table

        path = self._place(table, create)
        text = self.text.removeprefix(file_reader.BOM)
        shown = one_line(self.path)
        try:
            new, data = change_table(self._table(path), text, self._data, path, changes)
        except NotExpressibleError as error:
            raise NotExpressibleError(f"{shown}: {error}", error.key) from None
        except DocumentError as error:
            raise DocumentError(
                f"{shown} was not changed: {error}; change it in an editor"
            ) from None
        other = copy.copy(self)
        other.text, other._data = self.text.removesuffix(text) + new, data
        return other

    def _table(self, path: TablePath) -> PlainTomlTable | DialectTomlTable:
        """Return the reader of a table, plain or in the file's dialect; empty if absent."""
        try:
            content: Any = tablepath.get(self._data, path)
        except (KeyError, IndexError, TypeError):
            content = {}
        if not isinstance(content, dict):
            content = {}
        if (header := self._header) and (dialect := self._dialect):
            is_new = path == header.fixed_table and not header.has_foreign_keys(content)
            if self._chosen is not None or is_new or path in header.tables_in(self._data):
                return DialectTomlTable(dialect, self._data, path)
        return PlainTomlTable(content)

    def _place(self, table: str, create: bool) -> TablePath:
        try:
            return self._resolved(table)
        except NoTableError:
            names = tablepath.is_missing(self._data, tablepath.parse_path(table))
            if names is None or not create:
                raise
            return names

    def _resolved(self, table: str) -> TablePath:
        try:
            return tablepath.resolve(self._data, tablepath.parse_path(table))
        except NoTableError as error:
            raise NoTableError(f"{one_line(self.path)}: {error}") from None


def _where(path: TablePath) -> str:
    return f"in [{one_line(tablepath.spelled(path), 80)}]" if path else "at the top of the file"
