"""The password being edited: where it is kept, and what was typed. No widgets, no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import field, replace
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.settings.password_sources import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    OAuthSource,
    PasswordSource,
    own_entry,
    parse_source,
    source_as_toml,
)


class PasswordLocation(StrEnum):
    """Where a password is kept, as the form names it."""

    FILE = "this file"
    KEYRING = "keyring"
    ENV = "env"
    PATH = "file"
    COMMAND = "command"
    OAUTH = "oauth"
    ASK = "ask"


# An example source for each location, to test whether an application's format supports it.
_SOURCES: tuple[PasswordSource, ...] = (
    LiteralSource("x"),
    KeyringSource("x"),
    EnvironmentSource("X"),
    FileSource("x"),
    CommandSource(("x",)),
    OAuthSource("x"),
    AskSource(),
)
_PLACES = tuple(zip(PasswordLocation, _SOURCES, strict=True))
EXAMPLES: Mapping[PasswordLocation, object] = {
    location: source_as_toml(source) for location, source in _PLACES
}
_LOCATIONS: Mapping[type, PasswordLocation] = {
    type(source): location for location, source in _PLACES
}
PLACEHOLDERS = {
    PasswordLocation.FILE: "none",
    PasswordLocation.ENV: "the variable's name",
    PasswordLocation.PATH: "path of the file",
    PasswordLocation.COMMAND: "the command that prints it",
    PasswordLocation.OAUTH: "the name of the sign-in",
    PasswordLocation.ASK: "smtp-tui asks at each test",
}
_MISSING = {
    PasswordLocation.ENV: "has no name; type the name of the environment variable",
    PasswordLocation.PATH: "has no path; type the path of the password file",
    PasswordLocation.COMMAND: "has no command; type the command that prints the password",
    PasswordLocation.OAUTH: "has no name; type the name of the sign-in",
}
BULLETS = "••••••••"
_UNREADABLE = "the file's value cannot be used; type a password, or choose a place below"


def source_of(raw: object | None) -> PasswordSource | None:
    """Parse a password source; None if it is absent or invalid."""
    try:
        return None if raw is None else parse_source(raw)
    except ValueError:
        return None


def location_of(source: PasswordSource | None) -> PasswordLocation:
    """Return where a source keeps the password; without a source, the settings file."""
    return _LOCATIONS.get(type(source), PasswordLocation.FILE)


def typed_text(source: PasswordSource | None) -> str:
    """Return the variable, path or command that names the place; "" for other sources."""
    match source:
        case EnvironmentSource(text) | FileSource(text) | OAuthSource(text):
            return text
        case CommandSource(argv):
            return shlex.join(argv)
        case _:
            return ""


@record
class PasswordState:
    """A snapshot of what was typed and chosen for a password; no repr shows it.

    `names` has the variable, path or command typed for each location, kept when another is chosen;
    for the keyring, an entry that a test used before.
    """

    location: PasswordLocation
    names: Mapping[PasswordLocation, str] = field(repr=False)
    typed: str = field(default="", repr=False)
    is_cleared: bool = False


class PasswordDraft:
    """The password's `source` in the file, and the edits to it.

    No repr shows what was typed; `secret`, `at_hand`, `raw` and `text` return it.
    """

    def __init__(self, raw: object | None = None, host: Callable[[], str] = lambda: "") -> None:
        self._host = host
        self._file = raw
        self.source = source_of(raw)
        location = location_of(self.source)
        names = {**dict.fromkeys(PasswordLocation, ""), location: typed_text(self.source)}
        self.state = PasswordState(location, names)

    def __repr__(self) -> str:
        """Show where the password is kept, never the password."""
        return f"{type(self).__name__}(location={self.location.value!r})"

    def copy(self, host: Callable[[], str]) -> PasswordDraft:
        """Return a copy for another draft; its `host` names the keyring entry."""
        other = copy(self)
        other._host = host
        return other

    @property
    def location(self) -> PasswordLocation:
        """Where the password will be kept."""
        return self.state.location

    @property
    def is_masked(self) -> bool:
        """Whether `text` is the secret itself at this location."""
        return self.location in (PasswordLocation.FILE, PasswordLocation.KEYRING)

    @property
    def is_default(self) -> bool:
        """Whether the file will have no password key."""
        return self.raw() is None and self.location is PasswordLocation.FILE

    @property
    def text(self) -> str:
        """The text of the form's field: the typed secret, or the name of its place."""
        return self.state.typed if self.is_masked else self.state.names[self.location]

    @property
    def placeholder(self) -> str:
        """The text that the empty field shows."""
        match self.location:
            case PasswordLocation.FILE if self._has_literal:
                return BULLETS
            case PasswordLocation.FILE if self.moves:
                return f"{BULLETS}  moves to this file"
            case PasswordLocation.KEYRING if self.moves:
                return f"{BULLETS}  moves to keyring"
            case PasswordLocation.KEYRING if self._entry is not None:
                return f"{BULLETS}  in the keyring, as {self._entry.service}"
            case PasswordLocation.KEYRING:
                return "type it; saving stores it"
            case _:
                return PLACEHOLDERS[self.location]

    def type(self, text: str) -> None:
        """Set the text of the field."""
        if self.is_masked:
            self.state = replace(self.state, typed=text)
        else:
            self.state = replace(self.state, names={**self.state.names, self.location: text})

    def erase(self) -> None:
        """Drop the file's password and what was typed."""
        self.state = replace(self.state, typed="", is_cleared=True)

    def move_to(self, location: PasswordLocation) -> None:
        """Choose another location; what was typed is kept."""
        self.state = replace(self.state, location=location)

    def use_entry(self, service: str) -> None:
        """Keep the password in this keyring entry."""
        names = {**self.state.names, PasswordLocation.KEYRING: service}
        self.state = replace(self.state, location=PasswordLocation.KEYRING, names=names)

    def reset(self) -> None:
        """Remove the password key from the file."""
        self.erase()
        self.move_to(PasswordLocation.FILE)

    def raw(self) -> object | None:
        """The TOML value that saving would write; None for no key. ValueError for an open quote."""
        source, state, text = self.source, self.state, self.text.strip()
        match self.location:
            case PasswordLocation.FILE if state.typed:
                return state.typed
            case PasswordLocation.FILE:
                is_kept = self._has_literal or (source is None and not state.is_cleared)
                return self._file if is_kept else None
            case PasswordLocation.KEYRING:
                return source_as_toml(self._entry or own_entry(self._host()))
            case PasswordLocation.ASK:
                return {"ask": True}
            # Keep the spelling of the file: a command can be quoted in several ways.
            case place if place is location_of(source) and text == typed_text(source):
                return self._file
            case PasswordLocation.ENV:
                return {"env": text}
            case PasswordLocation.PATH:
                return {"file": text}
            case PasswordLocation.OAUTH:
                return {"oauth": text}
            case _:
                try:
                    return {"command": shlex.split(text)}
                except ValueError:
                    raise ValueError("a quotation mark is not closed") from None

    @property
    def changed(self) -> bool:
        """Whether saving would change the file or the keyring."""
        # A new password for the same keyring entry changes only the keyring.
        return self.raw() != self._file or self.fills_keyring

    @property
    def target(self) -> PasswordSource | None:
        """The source after saving; a literal still to be fetched is "". ValueError as in `raw`."""
        if self.location is PasswordLocation.FILE and self.moves:
            return LiteralSource("")
        return source_of(self.raw())

    @property
    def will_be_in_file(self) -> bool:
        """Whether the saved file itself will contain the password."""
        return self.location is PasswordLocation.FILE and self.target is not None

    @property
    def leaving(self) -> str:
        """The password that saving removes from the file and no backup may keep, or ""."""
        with suppress(ValueError):
            if isinstance(self.source, LiteralSource) and not isinstance(
                self.target, LiteralSource
            ):
                return self.source.value
        return ""

    @property
    def moves(self) -> bool:
        """Whether saving fetches the password from its current place and moves it to another."""
        old, state = self.source, self.state
        if state.typed or state.is_cleared or isinstance(old, OAuthSource | AskSource | None):
            return False
        if self.location is location_of(old):
            is_path = self.location is PasswordLocation.PATH
            return is_path and self.text.strip() != typed_text(old)
        # Saving writes a password only to the file, the keyring or a password file.
        return self.is_masked or self.location is PasswordLocation.PATH

    @property
    def at_hand(self) -> str:
        """The password as typed, or as the file contains it; "" if neither."""
        if isinstance(self.source, LiteralSource) and not (
            self.state.typed or self.state.is_cleared
        ):
            return self.source.value
        return self.state.typed

    def to_test(self) -> object | None:
        """The TOML value that a test uses: the file's, while the password still has to move."""
        # A test must not depend on a move that only saving makes.
        return self._file if self.moves and not self.at_hand else self.raw()

    @property
    def is_as_in_file(self) -> bool:
        """Whether a test reads the password from the source that the file names."""
        return self.to_test() == self._file

    @property
    def fills_keyring(self) -> bool:
        """Whether saving stores `at_hand` in the keyring."""
        return self.location is PasswordLocation.KEYRING and bool(self.at_hand)

    def secret(self) -> str | None:
        """The password itself if it is at hand and no other source would provide it."""
        # A newly named password file has no password before saving.
        moves_to_file = self.location is PasswordLocation.PATH and self.raw() != self._file
        return (self.at_hand or None) if self.is_masked or moves_to_file else None

    def problem(self, account: str) -> str | None:
        """Return what is missing or invalid, or None; `account` is the keyring entry's username."""
        location, state = self.location, self.state
        is_filed = self.moves or self.fills_keyring
        if location is PasswordLocation.KEYRING and is_filed and not account:
            return "a keyring needs a username for its entry; type one first"
        if location in _MISSING and not self.text.strip():
            return _MISSING[location]
        if location is PasswordLocation.FILE and self._file is not None and self.source is None:
            return None if state.typed or state.is_cleared else _UNREADABLE
        try:
            raw = self.raw()
            if raw is not None:
                parse_source(raw)
        except ValueError as error:
            return str(error)
        if location is PasswordLocation.FILE and raw is None and not state.is_cleared:
            has_none = self._file is None or self.moves
            return None if has_none else "type the password to write into this file"
        return None

    @property
    def _entry(self) -> KeyringSource | None:
        """The keyring entry that was tested before, or that the file names."""
        if service := self.state.names[PasswordLocation.KEYRING]:
            return KeyringSource(service)
        return self.source if isinstance(self.source, KeyringSource) else None

    @property
    def _has_literal(self) -> bool:
        return isinstance(self.source, LiteralSource) and not self.state.is_cleared
