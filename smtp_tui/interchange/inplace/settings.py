"""The settings in another program's file, which is changed in place: one table, `smtp`."""

from __future__ import annotations

import copy
from functools import partial
from pathlib import Path
from typing import Any

from smtp_tui.config.dialects.spec import DialectRecognition
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, NotExpressibleError, one_line
from smtp_tui.config.file_reader import decode_text, read_document
from smtp_tui.config.tablepath import Changes
from smtp_tui.interchange.compose import encode
from smtp_tui.interchange.export_builder import EXPORTED_TOGETHER
from smtp_tui.interchange.importer import import_text, is_compose, recognise_to_change
from smtp_tui.interchange.inplace.display import FileForDisplay
from smtp_tui.interchange.inplace.edit import apply_changes
from smtp_tui.interchange.inplace.syntax import FileSyntax, syntax_of
from smtp_tui.interchange.spec import (
    Imported,
    InterchangeError,
    format_named,
    formats,
    text,
)
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent

TABLE = "smtp"
"""The only table of such a file."""

_ENCRYPTION = ("encryption", "starttls_auto")


def open_in_place(path: Path, dialect: str | None = None) -> Document | None:
    """Open a file of a program that smtp-tui can change; None if it is none.

    `dialect` is the name of its format. DocumentError if the file cannot be read.
    """
    if not can_change(decode_text(read_document(path), path), path.name, dialect):
        return None
    return Document.open(path, dialect, InPlaceSettings)


def can_change(content: str, name: str, format: str | None = None) -> bool:
    """Whether a text has a format that smtp-tui can change in place."""
    try:
        form = format_named(format) if format else recognise_to_change(content, name)[0]
        return not is_compose(content, name) and syntax_of(form, content) is not None
    except InterchangeError:
        return False


class InPlaceSettings:
    """The settings of one program's file by our own keys."""

    def __init__(self, content: str, path: Path, chosen: str | None = None) -> None:
        self.text, self._path = content, path
        try:
            named = (format_named(chosen), text("format-named")) if chosen else None
            self._form, self._why = named or recognise_to_change(content, path.name)
            syntax = syntax_of(self._form, content)
            if syntax is None:
                raise InterchangeError(text("inplace-no-settings", format=self._form.name))
            self._syntax: FileSyntax = syntax
            self._values = self._read(content)
            self._names = _names_in(syntax, content)
        except InterchangeError as error:
            raise DocumentError(f"{one_line(path)}: {error}") from None

    def _read(self, content: str) -> Imported:
        return import_text(content, self._form.name, name=self._path.name)

    @property
    def _by_keys(self) -> bool:
        """Whether the names are the keys of the program's file and not its variables."""
        return not self._form.has_variables(self.text)

    @property
    def dialect(self) -> str:
        """The name of the format."""
        return self._form.name

    @property
    def application(self) -> str | None:
        """The program whose file it is."""
        return self._form.title

    @property
    def recognition(self) -> DialectRecognition:
        """The format, and why the text has it."""
        return DialectRecognition(self._form.name, self._form.title, self._why)

    @property
    def display(self) -> Any:
        """What `diff` needs to show the text with its secrets masked."""
        return partial(FileForDisplay, self._syntax)

    @property
    def limits(self) -> dict[str, str]:
        """The reasons why the program cannot express some settings, by key."""
        known = self._form.expresses | EXPORTED_TOGETHER
        return {
            key: f"{self._form.title} has no such setting." for key in BY_KEY if key not in known
        }

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the settings with passwords; a URL shows which part of it is one."""
        if self._form.in_one:
            return frozenset()
        key = encode.secret_name(self._form)
        prefixes = self._form.prefixes or (self._form.outer_prefix,)
        return frozenset({key, *(self._form.variable_of(key, prefix) for prefix in prefixes)})

    def dialects(self) -> dict[str, str]:
        """List the formats that such a text can be read in, with their titles."""
        return {
            form.name: form.title
            for form in formats().values()
            if form.takes_quoting or form is self._form
        }

    def tables(self) -> tuple[str, ...]:
        """Return the only table."""
        return (TABLE,)

    def default_table(self) -> str:
        """Return the only table."""
        return TABLE

    def new_table(self) -> str:
        """Return the only table."""
        return TABLE

    def lacks(self, table: str) -> bool:
        """Return False: the table is the file."""
        self._check(table)
        return False

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """List the settings that were not understood."""
        self._check(table)
        return tuple(unread.name for unread in self._values.unread if unread.name)

    def misspelled_keys(self, table: str) -> dict[str, tuple[str, str]]:
        """Return nothing: the file also has the settings of everything else."""
        self._check(table)
        return {}

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return remarks on the settings that were not understood, and on the encryption."""
        self._check(table)
        on_link = [note for note in self._values.remarks if note.key in ("", *_ENCRYPTION)]
        return tuple(f"{line}." for line in (*self._values.unread, *on_link))

    def values(self, table: str) -> dict[str, Any]:
        """Return the raw values by our keys; NoTableError for another table."""
        self._check(table)
        return dict(self._values.values)

    def given(self, table: str) -> frozenset[str]:
        """Return which of our keys the file sets; NoTableError for another table."""
        self._check(table)
        found = self._values.found
        if encode.decides_link(self._form, self._names, by_keys=self._by_keys):
            found |= {key for key in _ENCRYPTION if key in self._values.values}
        return found

    def can_express(self, table: str, key: str, value: object) -> bool:
        """Return whether the program can express this one value."""
        changes = {key: value}
        if key == "password":
            # The form sets both, and a password alone counts for nothing.
            changes.setdefault("username", self.values(table).get("username") or "user")
        try:
            self.changed(table, changes, create=False)
        except NotExpressibleError as error:
            return error.key != key
        except DocumentError:
            return True
        return True

    def changed(self, table: str, changes: Changes, *, create: bool) -> InPlaceSettings:
        """Return the settings of the text with `changes` made, and everything else unchanged."""
        del create  # the table is the file
        old, given = self.values(table), self.given(table)
        wanted = {
            key: value
            for key, value in changes.items()
            if not equivalent(key, old.get(key), value) and (value is not None or key in given)
        }
        if not wanted:
            return self
        shown, form = one_line(self._path), self._form
        try:
            names, notes = encode.wanted_variables(
                form,
                self._names,
                old,
                wanted,
                by_keys=self._by_keys,
                can_refer=self._syntax.can_refer,
            )
            near = encode.names(form, self._names, by_keys=self._by_keys)
            other = copy.copy(self)
            other.text = apply_changes(self.text, self._syntax, names, near)
            other._names = _names_in(self._syntax, other.text)
            other._values = self._read(other.text)
            encode.check(form, old, given, other.values(table), wanted, notes)
        except NotExpressibleError as error:
            raise NotExpressibleError(f"{shown}: {error}", error.key) from None
        except (DocumentError, InterchangeError) as error:
            raise DocumentError(f"{shown} was not changed: {error}") from None
        return other

    def _check(self, table: str) -> None:
        if table != TABLE:
            raise NoTableError(f"{one_line(self._path)}: {text('inplace-one', table=TABLE)}")


def _names_in(syntax: FileSyntax, content: str) -> list[str]:
    return [written.entry.name for written in syntax.written(content)]
