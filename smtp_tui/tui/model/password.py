"""The password while it is edited: where it is kept, and what was typed. No widget, no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import field, replace
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.settings.password_sources import (
    Ask,
    Command,
    Environment,
    File,
    Keyring,
    Literal,
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
    ASK = "ask"


# A source for each place, to ask an application's format whether it has such a place.
_SOURCES: tuple[PasswordSource, ...] = (
    Literal("x"),
    Keyring("x"),
    Environment("X"),
    File("x"),
    Command(("x",)),
    Ask(),
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
    PasswordLocation.PATH: "path of the file that contains it",
    PasswordLocation.COMMAND: "the command that prints it",
    PasswordLocation.ASK: "smtp-tui asks at each test",
}
_MISSING = {
    PasswordLocation.ENV: "type the name of the environment variable",
    PasswordLocation.PATH: "type the path of the file that contains the password",
    PasswordLocation.COMMAND: "type the command that prints the password",
}
BULLETS = "••••••••"
_UNREADABLE = "the file's value cannot be used; type a password, or choose a place below"


def source_of(raw: object | None) -> PasswordSource | None:
    """Read a source; None where there is none or it cannot be read."""
    try:
        return None if raw is None else parse_source(raw)
    except ValueError:
        return None


def location_of(source: PasswordSource | None) -> PasswordLocation:
    """Return where a source keeps the password; a file that names none would hold it itself."""
    return _LOCATIONS.get(type(source), PasswordLocation.FILE)


def typed_text(source: PasswordSource | None) -> str:
    """Return what a person types to name the place; nothing where the secret itself is typed."""
    match source:
        case Environment(text) | File(text):
            return text
        case Command(argv):
            return shlex.join(argv)
        case _:
            return ""


@record
class PasswordState:
    """What was typed and chosen for a password up to a moment; no repr shows it.

    `names` has for each place what was typed to name it: who comes back to it finds it again.
    """

    location: PasswordLocation
    names: Mapping[PasswordLocation, str] = field(repr=False)
    typed: str = field(default="", repr=False)
    is_cleared: bool = False


class PasswordDraft:
    """The password's `source` in the file, and the one it is to become.

    What was typed stays in here: no repr shows it; `secret`, `at_hand` and `raw` hand it out.
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
        """Return another one for a copy of the draft, whose `host` names the keyring's entry."""
        other = copy(self)
        other._host = host
        return other

    @property
    def location(self) -> PasswordLocation:
        """Where it is to be kept."""
        return self.state.location

    @property
    def is_masked(self) -> bool:
        """Whether the text of this place is a secret."""
        return self.location in (PasswordLocation.FILE, PasswordLocation.KEYRING)

    @property
    def is_default(self) -> bool:
        """Whether the file is to say nothing about a password."""
        return self.raw() is None and self.location is PasswordLocation.FILE

    @property
    def text(self) -> str:
        """What the form's field holds: the secret typed, or the words that name the place."""
        return self.state.typed if self.is_masked else self.state.names[self.location]

    @property
    def placeholder(self) -> str:
        """What stands in the field while it is empty."""
        match self.location:
            case PasswordLocation.FILE if self._has_literal:
                return BULLETS
            case PasswordLocation.FILE if self.moves:
                return f"{BULLETS}  moves to this file"
            case PasswordLocation.KEYRING if isinstance(self.source, Keyring):
                return f"{BULLETS}  in the keyring, as {self.source.service}"
            case PasswordLocation.KEYRING if self.moves:
                return f"{BULLETS}  moves to the keyring"
            case PasswordLocation.KEYRING:
                return "type it; saving stores it"
            case PasswordLocation.PATH if self.moves:
                return "path of the file that it moves to"
            case _:
                return PLACEHOLDERS[self.location]

    def type(self, text: str) -> None:
        """Set what the field holds."""
        if self.is_masked:
            self.state = replace(self.state, typed=text)
        else:
            self.state = replace(self.state, names={**self.state.names, self.location: text})

    def erase(self) -> None:
        """Forget the password that the file holds."""
        self.state = replace(self.state, typed="", is_cleared=True)

    def move_to(self, location: PasswordLocation) -> None:
        """Keep the password elsewhere; what was typed comes along."""
        self.state = replace(self.state, location=location)

    def reset(self) -> None:
        """Let the file say nothing about a password."""
        self.erase()
        self.move_to(PasswordLocation.FILE)

    def raw(self) -> object | None:
        """The TOML value as it would be saved; None where the key is to be absent."""
        source, state, text = self.source, self.state, self.text.strip()
        match self.location:
            case PasswordLocation.FILE if state.typed:
                return state.typed
            case PasswordLocation.FILE:
                is_kept = self._has_literal or (source is None and not state.is_cleared)
                return self._file if is_kept else None
            case PasswordLocation.KEYRING:
                # The file may name an entry already.
                entry = source if isinstance(source, Keyring) else own_entry(self._host())
                return {"keyring": entry.service}
            case PasswordLocation.ASK:
                return {"ask": True}
            # As the file spells it: a command may be quoted in more than one way.
            case place if place is location_of(source) and text == typed_text(source):
                return self._file
            case PasswordLocation.ENV:
                return {"env": text}
            case PasswordLocation.PATH:
                return {"file": text}
            case _:
                try:
                    return {"command": shlex.split(text)}
                except ValueError:
                    raise ValueError("a quotation mark is not closed") from None

    @property
    def changed(self) -> bool:
        """Whether saving would change the file or the keyring."""
        # A new password for the same entry of a keyring changes nothing in the file.
        return self.raw() != self._file or self.fills_keyring

    @property
    def target(self) -> PasswordSource | None:
        """Where it is to be; a literal that is still to be fetched is empty. ValueError."""
        if self.location is PasswordLocation.FILE and self.moves:
            return Literal("")
        return source_of(self.raw())

    @property
    def will_be_in_file(self) -> bool:
        """Whether the file itself contains the password once it is saved."""
        return self.location is PasswordLocation.FILE and self.target is not None

    @property
    def leaving(self) -> str:
        """The password that saving takes out of the file, which no backup may keep; often none."""
        with suppress(ValueError):
            if isinstance(self.source, Literal) and not isinstance(self.target, Literal):
                return self.source.value
        return ""

    @property
    def moves(self) -> bool:
        """Whether saving takes the password from where it is now to another place."""
        old, state = self.source, self.state
        if state.typed or state.is_cleared or old is None or isinstance(old, Ask):
            return False
        if self.location is location_of(old):
            is_path = self.location is PasswordLocation.PATH
            return is_path and self.text.strip() != typed_text(old)
        # Only these does saving itself put a password into.
        return self.is_masked or self.location is PasswordLocation.PATH

    @property
    def at_hand(self) -> str:
        """The password itself, typed or standing in the file; empty where it is neither."""
        if isinstance(self.source, Literal) and not (self.state.typed or self.state.is_cleared):
            return self.source.value
        return self.state.typed

    def to_test(self) -> object | None:
        """The TOML value that leads a test to the password: it moves only when it is saved."""
        # A test must not depend on what saving has yet to do.
        return self._file if self.moves and not self.at_hand else self.raw()

    @property
    def is_as_in_file(self) -> bool:
        """Whether a test takes the password from where the file says."""
        return self.to_test() == self._file

    @property
    def fills_keyring(self) -> bool:
        """Whether saving stores what is at hand in a keyring."""
        return self.location is PasswordLocation.KEYRING and bool(self.at_hand)

    def secret(self) -> str | None:
        """The password itself, where it is at hand without asking any place."""
        # The file that is named does not have it before it is saved.
        moves_to_file = self.location is PasswordLocation.PATH and self.raw() != self._file
        return (self.at_hand or None) if self.is_masked or moves_to_file else None

    def problem(self, account: str) -> str | None:
        """Return what is still missing; `account` is the name that a keyring files it under."""
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
    def _has_literal(self) -> bool:
        return isinstance(self.source, Literal) and not self.state.is_cleared
