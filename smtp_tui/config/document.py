"""A TOML file whose SMTP tables can be read and changed, everything else in it left alone."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from smtp_tui.config import atomic_write, file_reader, tablepath
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.dialects.schema import FileSchema
from smtp_tui.config.dialects.spec import Recognition
from smtp_tui.config.errors import (
    ChangedOnDiskError,
    DocumentError,
    NoFileError,
    NoRenameError,
    NoTableError,
    NotExpressibleError,
    SeveralTablesError,
    one_line,
)
from smtp_tui.config.tablepath import TablePath

__all__ = [
    "ChangedOnDiskError",
    "Document",
    "DocumentError",
    "NoFileError",
    "NoRenameError",
    "NoTableError",
    "NotExpressibleError",
    "SeveralTablesError",
]


class Document:
    """A TOML file as it was read, or one that is to be made; see `errors` for what it raises.

    Its keys are ours, whatever the application whose file it is calls them: `dialect` names the
    one whose words it is in, which is recognised unless it was named.
    """

    def __init__(self, path: Path, content: bytes | None, dialect: str | None = None) -> None:
        self.path = path
        self._take(content)
        self._wish = dialect
        if dialect is not None:
            _ = self.dialect  # a name that is none shows at once

    def _take(self, content: bytes | None) -> None:
        text = file_reader.decode_text(content or b"", self.path)
        self._data = file_reader.parse_toml(text, self.path)
        self._content = content
        self._text = text

    @classmethod
    def open(cls, path: Path, dialect: str | None = None) -> Document:
        """Read an existing file, in the dialect that is named or the one that is recognised."""
        return cls(path, file_reader.read_document(path), dialect)

    @classmethod
    def new(cls, path: Path, dialect: str | None = None) -> Document:
        """Begin a file that does not exist yet; `save` makes it, mode 0600."""
        if path.exists():
            raise DocumentError(f"{one_line(path)} already exists; open it instead")
        return cls(path, None, dialect)

    @cached_property
    def _schema(self) -> FileSchema:
        if self._wish is not None:
            return FileSchema.named(self._wish)
        return FileSchema.of(self._data, self.path, self._text)

    @property
    def dialect(self) -> str:
        """The name of the dialect that the file is in; `plain` where the keys are our own."""
        return self._schema.name

    @property
    def application(self) -> str | None:
        """The application whose file it is, None where the keys are our own."""
        return self._schema.application

    @property
    def recognition(self) -> Recognition:
        """The dialect that the file is read in, its application, and why."""
        return self._schema.recognition

    @property
    def is_chosen(self) -> bool:
        """Whether somebody named the dialect, so that nothing was recognised."""
        return self._wish is not None

    def in_dialect(self, name: str | None) -> Document:
        """Return the same file as it was read, in another dialect; None recognises it.

        DocumentError where there is no such dialect.
        """
        other = copy.copy(self)
        other._wish = name
        vars(other).pop("_schema", None)
        _ = other.dialect
        return other

    @property
    def limits(self) -> dict[str, str]:
        """The settings that the file's dialect cannot express, each with the reason."""
        dialect = self._schema.dialect
        return dict(dialect.limits) if dialect else {}

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the application's own keys that hold the password; ours look it anyway."""
        dialect = self._schema.dialect
        return dialect.secret_keys if dialect else frozenset()

    @property
    def exists(self) -> bool:
        """Whether the file was there when it was read, or has been saved since."""
        return self._content is not None

    @property
    def is_begun_anew(self) -> bool:
        """Whether saving makes a file that was removed, with the text that it had."""
        return not self.exists and bool(self._text)

    @property
    def text(self) -> str:
        """The file's text as it was read or saved last."""
        return self._text

    def tables(self) -> tuple[str, ...]:
        """List the paths of the SMTP tables in the file's order, but `smtp` before all others."""
        return tuple(map(tablepath.spelled, self._schema.tables(self._data)))

    def default_table(self) -> str:
        """Return the path of `smtp`, or of the only SMTP table.

        NoTableError, or SeveralTablesError naming them.
        """
        match self.tables():
            case (only,) | (("smtp" as only), *_):
                return only
            case ():
                raise NoTableError(f"{one_line(self.path)} has {self._schema.lack}")
            case names:
                listed = one_line(", ".join(names))
                raise SeveralTablesError(
                    f"{one_line(self.path)} has several SMTP tables; name one of {listed}", names
                )

    def new_table(self) -> str:
        """Return the path that a table of this file is made at; NoTableError if it needs a name."""
        return self._schema.new_table()

    def lacks(self, table: str) -> bool:
        """Tell whether a table is not in the file, and saving with `create` would make it."""
        try:
            self._resolved(table)
        except NoTableError:
            return tablepath.is_missing(self._data, tablepath.parse_path(table)) is not None
        return False

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """List the keys of a table that mean nothing to us; none of a table that is absent."""
        path = self._place(table, create=True)
        return () if self.lacks(table) else self._schema.unknown(self._data, path)

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return sentences about a table: unknown keys, unclear ones, a mailer switched off."""
        path = self._place(table, create=True)
        return () if self.lacks(table) else self._schema.remarks(self._data, path)

    def values(self, table: str) -> dict[str, Any]:
        """Return a copy of a table's raw values by our keys; NoTableError if absent.

        Of a plain table unknown keys are among them; of one in a dialect the application's
        defaults are, which `given` leaves out.
        """
        values = self._schema.table(self._data, self._resolved(table)).values
        return {
            key: copy.deepcopy(raw) if isinstance(raw, dict | list) else raw
            for key, raw in values.items()
        }

    def given(self, table: str) -> frozenset[str]:
        """Return those of our keys that the table itself sets; NoTableError if absent."""
        return self._schema.table(self._data, self._resolved(table)).given

    def says(self, table: str, key: str, value: object) -> bool:
        """Tell whether the application whose file it is has a way to say a value, be it alone."""
        try:
            path = self._place(table, create=True)
        except NoTableError:
            return True
        return self._schema.table(self._data, path).says(key, value)

    def changed(self, table: str, changes: Mapping[str, object], *, create: bool = False) -> str:
        """Return the file's text with `changes` made to a table, everything else as it is.

        None removes a key; a value that means the same as the old one changes nothing. A table
        that is absent is made in a new file, or with `create`.
        """
        return self._changed(table, changes, create)[0]

    def after(self, table: str, changes: Mapping[str, object], *, create: bool = False) -> Document:
        """Return the document as saving `changes` would leave it; nothing is written."""
        other = copy.copy(self)
        other._text, other._data = self._changed(table, changes, create)
        return other

    def save(
        self,
        table: str,
        changes: Mapping[str, object],
        *,
        create: bool = False,
        manner: WriteOptions | None = None,
    ) -> None:
        """Write the file with `changes` made, unless they change nothing and nor does `manner`.

        No backup keeps a password that leaves the file; that is told where one was wanted.
        """
        manner = manner or WriteOptions()
        if manner.backup and self._loses_password(table, changes):
            manner.tell("no backup was made: it would keep the password that leaves the file")
            manner = dataclasses.replace(manner, backup=False)
        text, data = self._changed(table, changes, create)
        if self.exists and text == self._text and not manner.private:
            return
        content = text.encode("utf-8")
        atomic_write.write(self.path, content, old=self._content, manner=manner)
        self._text, self._data, self._content = text, data, content
        atomic_write.sync_folder(self.path)

    def refuse_unwritable(self, manner: WriteOptions) -> None:
        """Raise what `save` would raise where the file cannot be written; nothing is changed."""
        if self._content is not None:
            atomic_write.refuse_unwritable(self.path, old=self._content, manner=manner)

    def begin_anew(self) -> None:
        """Have the next save make the file, which was removed since; see `Document.new`."""
        self._content = None

    def reload(self) -> None:
        """Read the file anew, whatever was read or saved before; on an error all stays as it is."""
        self._take(file_reader.read_document(self.path))
        if self._wish is None:
            vars(self).pop("_schema", None)

    def _loses_password(self, table: str, changes: Mapping[str, object]) -> bool:
        try:
            old = self.values(table).get("password")
        except NoTableError:
            return False
        return isinstance(old, str) and not isinstance(changes.get("password", old), str)

    def _changed(
        self, table: str, changes: Mapping[str, object], create: bool
    ) -> tuple[str, dict[str, Any]]:
        # A check only reads; what an edit needs would cost its start several milliseconds.
        from smtp_tui.config.change import change_table

        path = self._place(table, create)
        text = self._text.removeprefix(file_reader.BOM)
        shown = one_line(self.path)
        try:
            new, data = change_table(self._schema, text, self._data, path, changes)
        except NotExpressibleError as error:
            raise NotExpressibleError(f"{shown}: {error}", error.key) from None
        except DocumentError as error:
            raise DocumentError(
                f"{shown} was not changed: {error}; change it in an editor"
            ) from None
        return self._text.removesuffix(text) + new, data

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
