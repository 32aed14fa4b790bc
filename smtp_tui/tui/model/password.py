"""The password while it is edited: where it is kept, and what was typed. No widget, no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.settings import password_sources
from smtp_tui.settings.password_sources import PasswordSource, parse_source, source_as_toml


class PasswordLocation(StrEnum):
    """Where a password is kept, as the form names it."""

    FILE = "this file"
    KEYRING = "keyring"
    ENV = "env"
    PATH = "file"
    COMMAND = "command"
    ASK = "ask"


PLACEHOLDERS = {
    PasswordLocation.FILE: "none",
    PasswordLocation.ENV: "the variable's name",
    PasswordLocation.PATH: "path of the file that contains it",
    PasswordLocation.COMMAND: "the command that prints it",
    PasswordLocation.ASK: "smtp-tui asks at each test",
}
# Of each place a value that names it, to ask an application's format whether it has such a place.
EXAMPLES: Mapping[PasswordLocation, object] = {
    PasswordLocation.FILE: "x",
    PasswordLocation.KEYRING: {"keyring": "x"},
    PasswordLocation.ENV: {"env": "X"},
    PasswordLocation.PATH: {"file": "x"},
    PasswordLocation.COMMAND: {"command": ["x"]},
    PasswordLocation.ASK: {"ask": True},
}
# The places that saving itself puts a password into.
FILLED = (PasswordLocation.FILE, PasswordLocation.KEYRING, PasswordLocation.PATH)
NEEDS = {
    PasswordLocation.ENV: "type the name of the environment variable",
    PasswordLocation.PATH: "type the path of the file that contains the password",
    PasswordLocation.COMMAND: "type the command that prints the password",
}


_LOCATIONS: Mapping[type, PasswordLocation] = {
    password_sources.Literal: PasswordLocation.FILE,
    password_sources.Keyring: PasswordLocation.KEYRING,
    password_sources.Environment: PasswordLocation.ENV,
    password_sources.File: PasswordLocation.PATH,
    password_sources.Command: PasswordLocation.COMMAND,
    password_sources.Ask: PasswordLocation.ASK,
}


def source_of(raw: object | None) -> PasswordSource | None:
    """Read a source; None where there is none or it cannot be read."""
    try:
        return None if raw is None else parse_source(raw)
    except ValueError:
        return None


def location_of(source: PasswordSource | None) -> PasswordLocation:
    """Return where a source keeps the password; a file that names none would hold it itself."""
    return _LOCATIONS.get(type(source), PasswordLocation.FILE)


def typed_text(source: PasswordSource) -> str:
    """Return what a person types to name the place; nothing where the secret itself is typed."""
    match source:
        case password_sources.Environment(text) | password_sources.File(text):
            return text
        case password_sources.Command(argv):
            return shlex.join(argv)
        case _:
            return ""


BULLETS = "••••••••"
UNREADABLE = "the file's value cannot be used; type a password, or choose a place below"


@record
class PasswordState:
    """A password as it was edited up to a moment, to go back to; no repr shows it."""

    location: PasswordLocation
    typed: str = field(repr=False)
    is_cleared: bool
    places: Mapping[PasswordLocation, str] = field(repr=False)


class PasswordDraft:
    """The password's `source` in the file, and the one it is to become.

    What was typed stays in here: no repr shows it; `secret`, `to_store` and `raw` hand it out.
    """

    def __init__(self, raw: object | None = None, host: Callable[[], str] = lambda: "") -> None:
        self._host = host
        self._file = raw
        self.source = source_of(raw)
        self._is_cleared = False
        self._typed = ""
        # Of each place what was typed for it: who comes back to it finds it again.
        self._places = dict.fromkeys(PasswordLocation, "")
        self.location = location_of(self.source)
        if self.location in NEEDS and self.source is not None:
            self._places[self.location] = typed_text(self.source)

    def __repr__(self) -> str:
        """Tell where the password is kept, never the password."""
        return f"{type(self).__name__}(location={self.location.value!r})"

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
        return self._typed if self.is_masked else self._places[self.location]

    @property
    def placeholder(self) -> str:
        """What stands in the field while it is empty."""
        match self.location:
            case PasswordLocation.FILE if self._has_literal:
                return BULLETS
            case PasswordLocation.FILE if self.moves:
                return f"{BULLETS}  moves to this file"
            case PasswordLocation.KEYRING if isinstance(self.source, password_sources.Keyring):
                return f"{BULLETS}  in the keyring, as {self.source.service}"
            case PasswordLocation.KEYRING if self.moves:
                return f"{BULLETS}  moves to the keyring"
            case PasswordLocation.KEYRING:
                return "type it; saving stores it"
            case PasswordLocation.PATH if self.moves:
                return "path of the file that it moves to"
            case _:
                return PLACEHOLDERS[self.location]

    @property
    def state(self) -> PasswordState:
        """What was typed and chosen up to now."""
        return PasswordState(self.location, self._typed, self._is_cleared, dict(self._places))

    def restore(self, state: PasswordState) -> None:
        """Go back to what was typed and chosen at another moment."""
        self.location, self._typed, self._is_cleared = state.location, state.typed, state.is_cleared
        self._places = {**self._places, **state.places}

    def type(self, text: str) -> None:
        """Take what the field holds now."""
        if self.is_masked:
            self._typed = text
        else:
            self._places[self.location] = text

    def erase(self) -> None:
        """Forget the password that the file holds."""
        self._typed = ""
        self._is_cleared = True

    def move_to(self, location: PasswordLocation) -> None:
        """Keep the password elsewhere; what was typed comes along."""
        self.location = location

    def reset(self) -> None:
        """Let the file say nothing about a password."""
        self.erase()
        self.location = PasswordLocation.FILE

    def raw(self) -> object | None:
        """The TOML value as it would be saved; None where the key is to be absent."""
        match self.location:
            case PasswordLocation.FILE if self._typed:
                return self._typed
            case PasswordLocation.FILE:
                same = self._has_literal or (self.source is None and not self._is_cleared)
                return self._file if same else None
            case PasswordLocation.KEYRING:
                return {"keyring": self._service}
            case PasswordLocation.ASK:
                return source_as_toml(password_sources.Ask())
            case _:
                return self._place_as_toml()

    @property
    def changed(self) -> bool:
        """Whether saving would change the file or the keyring."""
        # A new password for the same entry of a keyring changes nothing in the file.
        return self.raw() != self._file or self.to_store() is not None

    @property
    def target(self) -> PasswordSource | None:
        """Where it is to be; a literal that is still to be fetched is empty. ValueError."""
        if self.location is PasswordLocation.FILE and self.moves:
            return password_sources.Literal("")
        return source_of(self.raw())

    @property
    def will_be_in_file(self) -> bool:
        """Whether the file itself contains the password once it is saved."""
        with suppress(ValueError):
            return self.location is PasswordLocation.FILE and self.target is not None
        return False

    @property
    def leaving(self) -> str:
        """The password that saving takes out of the file, which no backup may keep; often none."""
        with suppress(ValueError):
            return "" if isinstance(self.target, password_sources.Literal) else self._literal
        return ""

    @property
    def moves(self) -> bool:
        """Whether saving takes the password from where it is now to another place."""
        old = self.source
        if self._typed or self._is_cleared or old is None or isinstance(old, password_sources.Ask):
            return False
        if self.location is not location_of(old):
            return self.location in FILLED
        typed = self._places[self.location].strip()
        return self.location is PasswordLocation.PATH and typed != typed_text(old)

    @property
    def at_hand(self) -> str:
        """The password itself, typed or standing in the file; empty where it is neither."""
        return self._typed or (self._literal if self._has_literal else "")

    def to_test(self) -> object | None:
        """The TOML value that leads a test to the password: it moves only when it is saved."""
        # A test must not depend on what saving has yet to do.
        return self._file if self.moves and not self.at_hand else self.raw()

    @property
    def is_as_in_file(self) -> bool:
        """Whether a test takes the password from where the file says."""
        return self.to_test() == self._file

    def to_store(self) -> tuple[str, str] | None:
        """The keyring's service and the secret to store there on saving, if there is one."""
        if self.location is not PasswordLocation.KEYRING:
            return None
        return (self._service, self.at_hand) if self.at_hand else None

    def secret(self) -> str | None:
        """The password itself, where it is at hand without asking any place."""
        # The file that is named does not have it before it is saved.
        moves_to_file = self.location is PasswordLocation.PATH and self.raw() != self._file
        return (self.at_hand or None) if self.is_masked or moves_to_file else None

    def problem(self, account: str) -> str | None:
        """Say what is still missing; `account` is the name that a keyring files it under."""
        location, is_filed = self.location, self.moves or self.to_store()
        if location is PasswordLocation.KEYRING and is_filed and not account:
            return "a keyring needs a username for its entry; type one first"
        if location in NEEDS and not self._places[location].strip():
            return NEEDS[location]
        is_erased = bool(self._typed) or self._is_cleared
        if location is PasswordLocation.FILE and self._file is not None and self.source is None:
            return None if is_erased else UNREADABLE
        if location is PasswordLocation.FILE and self.raw() is None and not self._is_cleared:
            has_none = self._file is None or self.moves
            return None if has_none else "type the password to write into this file"
        try:
            raw = self.raw()
            if raw is not None:
                parse_source(raw)
        except ValueError as error:
            return str(error)
        return None

    @property
    def _has_literal(self) -> bool:
        return isinstance(self.source, password_sources.Literal) and not self._is_cleared

    @property
    def _literal(self) -> str:
        return self.source.value if isinstance(self.source, password_sources.Literal) else ""

    @property
    def _service(self) -> str:
        """The entry's service: the one that the file names, else our own."""
        if isinstance(self.source, password_sources.Keyring):
            return self.source.service
        return password_sources.own_entry(self._host()).service

    def _place_as_toml(self) -> object:
        """Return the TOML value for the words that were typed; ValueError if they are none."""
        source, text = self.source, self._places[self.location].strip()
        is_same_place = source is not None and location_of(source) is self.location
        # As the file spells it: a command may be quoted in more than one way.
        if source is not None and is_same_place and text == typed_text(source):
            return self._file
        if self.location is not PasswordLocation.COMMAND:
            return {"env" if self.location is PasswordLocation.ENV else "file": text}
        try:
            return {"command": shlex.split(text)}
        except ValueError:
            raise ValueError("a quotation mark is not closed") from None
