"""Read and change the SMTP tables of a TOML file, and leave everything else in it alone."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

from smtp_tui.config import atomic_write, file_reader, tablepath
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.dialects.decode import DialectTomlTable
from smtp_tui.config.dialects.detect import detect_dialect, dialect_named
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


class Document:
    """A TOML file as it was read, or a new one; see `errors` for the exceptions.

    All keys are our own, whatever the file's application calls them. `dialect` is the name of that
    application's dialect, detected unless chosen. A chosen dialect applies to every table; in a
    detected file, tables other than the application's mail settings have our keys. `text` is the
    file's text as last read or saved.
    """

    def __init__(self, path: Path, content: bytes | None, dialect: str | None = None) -> None:
        self.path = path
        self._chosen = dialect
        self._load(content)

    def _load(self, content: bytes | None) -> None:
        text = file_reader.decode_text(content or b"", self.path)
        self._data = file_reader.parse_toml(text, self.path)
        self._content, self.text = content, text
        self._detect()

    def _detect(self) -> None:
        if self._chosen is None:
            self._header, reason = detect_dialect(self._data, self.path, self.text)
        else:
            self._header, reason = dialect_named(self._chosen)
        header = self._header  # None if the keys are our own
        self.dialect = header.name if header else PLAIN
        self.application = header.application if header else None
        self.recognition = DialectRecognition(self.dialect, self.application, reason)

    @classmethod
    def open(cls, path: Path, dialect: str | None = None) -> Document:
        """Read an existing file in the named dialect, or detect it."""
        return cls(path, file_reader.read_document(path), dialect)

    @classmethod
    def new(cls, path: Path, dialect: str | None = None) -> Document:
        """Return a document for a file that does not exist yet; `save` creates it (mode 0600)."""
        if path.exists():
            raise DocumentError(f"{one_line(path)} already exists; open it instead")
        return cls(path, None, dialect)

    def in_dialect(self, name: str | None) -> Document:
        """Return the same file as it was read, in another dialect; None detects it.

        DocumentError if there is no such dialect.
        """
        other = copy.copy(self)
        other._chosen = name
        other._detect()
        return other

    @property
    def _dialect(self) -> Dialect | None:
        return dialect_at(self._header.place, own=self._header.own) if self._header else None

    @property
    def is_chosen(self) -> bool:
        """Whether the dialect was named instead of detected."""
        return self._chosen is not None

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

    @property
    def exists(self) -> bool:
        """Whether the file existed when it was read, or has been saved since."""
        return self._content is not None

    @property
    def is_recreated(self) -> bool:
        """Whether saving recreates a removed file with its old text."""
        return not self.exists and bool(self.text)

    def tables(self) -> tuple[str, ...]:
        """List the paths of the SMTP tables, `smtp` first, the others in the file's order."""
        header = self._header
        found = header.tables_in(self._data) if header else mail_tables(self._data)
        if header and self.is_chosen and not found and ANYWHERE not in header.tables:
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

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return remarks about a table: unknown or ambiguous keys, mail switched off."""
        path = self._place(table, create=True)
        if self.lacks(table):
            return ()
        content, unknown = tablepath.get(self._data, path), self.unknown_keys(table)
        unclear = self._table(path).unclear
        remarks = [
            f"{key} is {str(content[key]).lower()}: mail is switched off in this table."
            for key in content
            if key in SWITCHES and key not in unknown and content[key] is (key == "disabled")
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

    def changed(self, table: str, changes: Changes, *, create: bool = False) -> str:
        """Return the file's text with `changes` made to a table and everything else unchanged.

        None removes a key; a value equivalent to the old one changes nothing. An absent table is
        created in a new file, or with `create`.
        """
        return self._changed(table, changes, create)[0]

    def after(self, table: str, changes: Changes, *, create: bool = False) -> Document:
        """Return the document as it would be after saving `changes`; nothing is written."""
        other = copy.copy(self)
        other.text, other._data = self._changed(table, changes, create)
        return other

    def save(
        self,
        table: str,
        changes: Changes,
        *,
        create: bool = False,
        options: WriteOptions | None = None,
    ) -> None:
        """Write the file with `changes` made, unless neither they nor `options` change it."""
        # A backup would keep a password that leaves the file, so warn and make none.
        options = options or WriteOptions()
        if options.backup and not self.lacks(table):
            old = self.values(table).get("password")
            if isinstance(old, str) and not isinstance(changes.get("password", old), str):
                options.warn("no backup was made: it would keep the password that leaves the file")
                options = dataclasses.replace(options, backup=False)
        text, data = self._changed(table, changes, create)
        # Keep the timestamp and inode, so that programs watching the file are not triggered.
        if self.exists and text == self.text and not options.private:
            return
        content = text.encode("utf-8")
        atomic_write.write(self.path, content, old=self._content, options=options)
        # Before the folder is flushed, as the file has the new content even if that fails.
        self.text, self._data, self._content = text, data, content
        atomic_write.sync_folder(self.path)

    def refuse_unwritable(self, options: WriteOptions) -> None:
        """Raise what `save` would raise if the file cannot be written; nothing is changed."""
        if self._content is not None:
            atomic_write.refuse_unwritable(self.path, old=self._content, options=options)

    def recreate(self) -> None:
        """Make the next `save` create the file again after its removal (mode 0600)."""
        self._content = None

    def reload(self) -> None:
        """Read the file again; on an error the document keeps its state."""
        self._load(file_reader.read_document(self.path))

    def _changed(self, table: str, changes: Changes, create: bool) -> tuple[str, dict[str, Any]]:
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
        return self.text.removesuffix(text) + new, data

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
            if self.is_chosen or is_new or path in header.tables_in(self._data):
                return DialectTomlTable(dialect, self._data, path)
        return PlainTomlTable(content)

    def _place(self, table: str, create: bool) -> TablePath:
        try:
            return self._resolved(table)
        except NoTableError:
            names = tablepath.is_missing(self._data, tablepath.parse_path(table))
            if names is None or (self.exists and not create):
                raise
            return names

    def _resolved(self, table: str) -> TablePath:
        try:
            return tablepath.resolve(self._data, tablepath.parse_path(table))
        except NoTableError as error:
            raise NoTableError(f"{one_line(self.path)}: {error}") from None


def _where(path: tablepath.TablePath) -> str:
    return f"in [{one_line(tablepath.spelled(path), 80)}]" if path else "at the top of the file"
