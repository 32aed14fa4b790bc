"""Open, change and save a settings file; `TomlSettings` has what its text means."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from smtp_tui.config import atomic_write, file_reader
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.dialects.spec import DialectRecognition
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.tablepath import Changes
from smtp_tui.config.toml_settings import TomlSettings


class SettingsText(Protocol):
    """What a file's text means, by our own keys; `Document` describes the members.

    `changed` verifies its result.
    """

    text: str

    @property
    def dialect(self) -> str:
        """Name of the dialect."""

    @property
    def application(self) -> str | None:
        """Name of the application; None if the keys are our own."""

    @property
    def recognition(self) -> DialectRecognition:
        """Why the text is read in its dialect."""

    @property
    def display(self) -> Any:
        """A class like `diff.TomlForDisplay`, or None for that one."""

    @property
    def limits(self) -> dict[str, str]:
        """Reasons by our keys."""

    @property
    def secret_keys(self) -> frozenset[str]:
        """Names of the application's keys."""

    def dialects(self) -> dict[str, str]:
        """Titles by names."""

    def tables(self) -> tuple[str, ...]:
        """Paths of tables."""

    def default_table(self) -> str:
        """Path of a table; NoTableError, SeveralTablesError."""

    def new_table(self) -> str:
        """Path of a table; NoTableError."""

    def lacks(self, table: str) -> bool:
        """Whether `create` would create the table."""

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """Names of the application's keys."""

    def misspelled_keys(self, table: str) -> dict[str, tuple[str, str]]:
        """Names of the application's keys, each with our key and a sentence."""

    def remarks(self, table: str) -> tuple[str, ...]:
        """Sentences."""

    def values(self, table: str) -> dict[str, Any]:
        """Raw values by our keys; NoTableError."""

    def given(self, table: str) -> frozenset[str]:
        """Our keys; NoTableError."""

    def can_express(self, table: str, key: str, value: object) -> bool:
        """Whether the application can."""

    def changed(self, table: str, changes: Changes, *, create: bool) -> SettingsText:
        """Return the settings of the changed text; DocumentError."""


SettingsReader = Callable[[str, Path, str | None], SettingsText]
"""Reads a text, with its file's path and the dialect that was chosen, if any."""


class Document:
    """A settings file as it was read, or a new one; see `errors` for the exceptions.

    All keys are our own, whatever the file's application calls them. `dialect` is the name of that
    application's dialect, detected unless chosen. `text` is the file's text as last read or saved.
    A file is TOML unless another `reader` is given.
    """

    def __init__(
        self,
        path: Path,
        content: bytes | None,
        dialect: str | None = None,
        reader: SettingsReader = TomlSettings,
    ) -> None:
        self.path = path
        self._chosen = dialect
        self._reader = reader
        self._load(content)

    def _load(self, content: bytes | None) -> None:
        text = file_reader.decode_text(content or b"", self.path)
        self._settings = self._reader(text, self.path, self._chosen)
        self._content = content

    @classmethod
    def open(
        cls, path: Path, dialect: str | None = None, reader: SettingsReader = TomlSettings
    ) -> Document:
        """Read an existing file in the named dialect, or detect it."""
        return cls(path, file_reader.read_document(path), dialect, reader)

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
        other._settings = self._reader(self.text, self.path, name)
        return other

    @property
    def text(self) -> str:
        """The file's text as last read or saved."""
        return self._settings.text

    @property
    def dialect(self) -> str:
        """The name of the application's dialect, or `plain`."""
        return self._settings.dialect

    @property
    def application(self) -> str | None:
        """The application whose file it is; None if the keys are our own."""
        return self._settings.application

    @property
    def recognition(self) -> DialectRecognition:
        """The dialect, and why the file is read in it."""
        return self._settings.recognition

    @property
    def display(self) -> Any:
        """What `diff` needs to show the text with secrets masked; None for TOML."""
        return self._settings.display

    @property
    def is_chosen(self) -> bool:
        """Whether the dialect was named instead of detected."""
        return self._chosen is not None

    @property
    def limits(self) -> dict[str, str]:
        """The reasons why the file's dialect cannot express some settings, by key."""
        return self._settings.limits

    @property
    def secret_keys(self) -> frozenset[str]:
        """The application's own keys that hold the password; ours look secret anyway."""
        return self._settings.secret_keys

    @property
    def exists(self) -> bool:
        """Whether the file existed when it was read, or has been saved since."""
        return self._content is not None

    @property
    def is_recreated(self) -> bool:
        """Whether saving recreates a removed file with its old text."""
        return not self.exists and bool(self.text)

    def dialects(self) -> dict[str, str]:
        """List the dialects that such a file can be read in, with their titles."""
        return self._settings.dialects()

    def tables(self) -> tuple[str, ...]:
        """List the paths of the SMTP tables, `smtp` first, the others in the file's order."""
        return self._settings.tables()

    def default_table(self) -> str:
        """Return the path of `smtp`, or of the only SMTP table.

        Raise NoTableError or SeveralTablesError if there is no such table.
        """
        return self._settings.default_table()

    def new_table(self) -> str:
        """Return the path for a new table of this file; NoTableError if the user must choose it."""
        return self._settings.new_table()

    def lacks(self, table: str) -> bool:
        """Return whether a table is missing and saving with `create` would create it."""
        return self._settings.lacks(table)

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """List the unknown keys of a table; empty if the table is absent."""
        return self._settings.unknown_keys(table)

    def misspelled_keys(self, table: str) -> dict[str, tuple[str, str]]:
        """Return each unknown key that is nearly a known one: our key, and a sentence."""
        return self._settings.misspelled_keys(table)

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return remarks about a table: unknown or ambiguous keys, mail switched off."""
        return self._settings.remarks(table)

    def values(self, table: str) -> dict[str, Any]:
        """Return a copy of a table's raw values by our keys; NoTableError if absent."""
        return self._settings.values(table)

    def given(self, table: str) -> frozenset[str]:
        """Return which of our keys the table itself sets; NoTableError if absent."""
        return self._settings.given(table)

    def can_express(self, table: str, key: str, value: object) -> bool:
        """Return whether the file's application can express this one value."""
        return self._settings.can_express(table, key, value)

    def changed(self, table: str, changes: Changes, *, create: bool = False) -> str:
        """Return the file's text with `changes` made to a table and everything else unchanged.

        None removes a key; a value equivalent to the old one changes nothing. An absent table is
        created in a new file, or with `create`.
        """
        return self._changed(table, changes, create).text

    def after(self, table: str, changes: Changes, *, create: bool = False) -> Document:
        """Return the document as it would be after saving `changes`; nothing is written."""
        other = copy.copy(self)
        other._settings = self._changed(table, changes, create)
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
        settings = self._changed(table, changes, create)
        # Keep the timestamp and inode, so that programs watching the file are not triggered.
        if self.exists and settings.text == self.text and not options.private:
            return
        content = settings.text.encode("utf-8")
        atomic_write.write(self.path, content, old=self._content, options=options)
        # Before the folder is flushed, as the file has the new content even if that fails.
        self._settings, self._content = settings, content
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

    def _changed(self, table: str, changes: Changes, create: bool) -> SettingsText:
        return self._settings.changed(table, changes, create=create or not self.exists)
