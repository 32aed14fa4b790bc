"""A TOML file whose SMTP tables can be read and changed, everything else in it left alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smtp_tui.config import reading, tablepath
from smtp_tui.config.errors import (
    ChangedOnDiskError,
    DocumentError,
    NoFileError,
    NoRenameError,
    NoTableError,
    SeveralTablesError,
)
from smtp_tui.config.tablepath import TablePath
from smtp_tui.config.wording import one_line
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.reading import is_absent

__all__ = [
    "ChangedOnDiskError",
    "Document",
    "DocumentError",
    "NoFileError",
    "NoRenameError",
    "NoTableError",
    "SeveralTablesError",
]


class Document:
    """A TOML file as it was read, or one that is to be made; see `errors` for what it raises."""

    def __init__(self, path: Path, content: bytes | None) -> None:
        self.path = path
        self._take(content)

    def _take(self, content: bytes | None) -> None:
        text = reading.decoded(content or b"", self.path)
        self._data = reading.parsed(text, self.path)
        self._content = content
        self._text = text

    @classmethod
    def open(cls, path: Path) -> Document:
        """Read an existing file."""
        return cls(path, reading.read(path))

    @classmethod
    def new(cls, path: Path) -> Document:
        """Begin a file that does not exist yet; `save` makes it, mode 0600."""
        if path.exists():
            raise DocumentError(f"{one_line(path)} exists already; open it instead")
        return cls(path, None)

    @property
    def exists(self) -> bool:
        """Whether the file was there when it was read, or has been saved since."""
        return self._content is not None

    @property
    def text(self) -> str:
        """The file's text as it was read or saved last."""
        return self._text

    def tables(self) -> tuple[str, ...]:
        """List the paths of the SMTP tables in the file's order."""
        return tuple(map(tablepath.spelled, tablepath.smtp_tables(self._data)))

    def default_table(self) -> str:
        """Return the only SMTP table's path; NoTableError, or SeveralTablesError naming them."""
        match self.tables():
            case (only,):
                return only
            case ():
                raise NoTableError(
                    f"{one_line(self.path)} has no table smtp, nor any other with host and one "
                    "more SMTP setting; name the table, or add [smtp]"
                )
            case names:
                listed = one_line(", ".join(names))
                raise SeveralTablesError(
                    f"{one_line(self.path)} has several SMTP tables; name one of {listed}", names
                )

    def values(self, table: str) -> dict[str, Any]:
        """Return a copy of a table's raw values, unknown keys included; NoTableError if absent."""
        values: dict[str, Any] = copy.deepcopy(tablepath.get(self._data, self._resolved(table)))
        return values

    def changed(self, table: str, changes: Mapping[str, object], *, create: bool = False) -> str:
        """Return the file's text with `changes` made to a table, everything else as it is.

        None removes a key; a value that means the same as the old one changes nothing. A table
        that is absent is made in a new file, or with `create`.
        """
        text, _ = self._changed(table, changes, create)
        return text

    def save(
        self,
        table: str,
        changes: Mapping[str, object],
        *,
        create: bool = False,
        in_place: bool = False,
        backup: bool = False,
    ) -> None:
        """Write the file with `changes` made, unless they change nothing.

        `in_place` allows to overwrite the file where it cannot be replaced by a rename; `backup`
        keeps the old content in a file with a `~` at the end of its name.
        """
        from smtp_tui.config import writing

        text, data = self._changed(table, changes, create)
        if self.exists and text == self._text:
            return
        content = text.encode("utf-8")
        writing.write(self.path, content, old=self._content, in_place=in_place, backup=backup)
        self._text, self._data, self._content = text, data, content
        writing.sync_folder(self.path)

    def _changed(
        self, table: str, changes: Mapping[str, object], create: bool
    ) -> tuple[str, dict[str, Any]]:
        # A check only reads; what an edit needs would cost its start several milliseconds.
        from smtp_tui.config.editing import edited
        from smtp_tui.config.proof import prove

        path, values = self._place(table, create)
        meant = _meant(values, changes)
        bom = reading.BOM if self._text.startswith(reading.BOM) else ""
        old = self._text.removeprefix(reading.BOM)
        if not meant:
            return self._text, self._data
        try:
            new = edited(old, path, values, meant)
            new.encode("utf-8")
            data = prove(old, new, self._data, path, meant)
        except UnicodeEncodeError:
            raise DocumentError(
                "a value holds a character that UTF-8 cannot carry; type it anew"
            ) from None
        except DocumentError as error:
            raise DocumentError(
                f"{one_line(self.path)} was left alone: {error}; change it in an editor"
            ) from None
        return bom + new, data

    def _place(self, table: str, create: bool) -> tuple[TablePath, dict[str, Any]]:
        try:
            path = self._resolved(table)
        except NoTableError:
            names = tablepath.absent(self._data, tablepath.parse_path(table))
            if names is None or (self.exists and not create):
                raise
            return names, {}
        values: dict[str, Any] = tablepath.get(self._data, path)
        return path, values

    def _resolved(self, table: str) -> TablePath:
        try:
            return tablepath.resolve(self._data, tablepath.parse_path(table))
        except NoTableError as error:
            raise NoTableError(f"{one_line(self.path)}: {error}") from None


def _meant(values: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, object]:
    """Leave out the changes that change no meaning."""
    return {
        key: _typed(key, values.get(key), new)
        for key, new in changes.items()
        if not _means_the_same(key, values.get(key), new)
    }


def _typed(key: str, old: object, new: object) -> object:
    """Keep the TOML type of an old value that was good."""
    from smtp_tui.config.spelling import typed_like

    field = BY_KEY.get(key)
    good = field is not None and old is not None and field.problem_with(old) is None
    return typed_like(old, new) if good else new


def _means_the_same(key: str, old: object, new: object) -> bool:
    if old is None or new is None:
        return old is new
    if type(old) is type(new) and old == new:
        return True
    field = BY_KEY.get(key)
    if field is None:
        return False
    if is_absent(field, old) or is_absent(field, new):
        return is_absent(field, old) and is_absent(field, new)
    try:
        return field.parse(old) == field.parse(new)
    except ValueError:
        return False
