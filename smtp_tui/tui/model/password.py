"""The places a password can be kept, and the words that name each. Pure.

The password while it is edited: where it is kept, and what was typed. No widget, no I/O.

What was typed stays in here: no repr shows it, and only `secret`, `to_store` and `raw` hand it out.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
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
EXAMPLES: Mapping[PasswordLocation, object] = {
    PasswordLocation.FILE: "x",
    PasswordLocation.KEYRING: {"keyring": "x"},
    PasswordLocation.ENV: {"env": "X"},
    PasswordLocation.PATH: {"file": "x"},
    PasswordLocation.COMMAND: {"command": ["x"]},
    PasswordLocation.ASK: {"ask": True},
}
"""Of each place a value that names it."""

FILLED = (PasswordLocation.FILE, PasswordLocation.KEYRING, PasswordLocation.PATH)
"""The places that saving itself puts a password into."""

NEEDS = {
    PasswordLocation.ENV: "type the name of the environment variable",
    PasswordLocation.PATH: "type the path of the file that contains the password",
    PasswordLocation.COMMAND: "type the command that prints the password",
}


def source_of(raw: object | None) -> PasswordSource | None:
    """Read a source; None where there is none or it cannot be read."""
    try:
        return None if raw is None else parse_source(raw)
    except ValueError:
        return None


def refusal_of(raw: object) -> str | None:
    """Say why a source cannot be read."""
    try:
        parse_source(raw)
    except ValueError as error:
        return str(error)
    return None


def kind_of(source: PasswordSource | None) -> PasswordLocation:
    """Name the kind of place."""
    match source:
        case password_sources.Keyring():
            return PasswordLocation.KEYRING
        case password_sources.Environment():
            return PasswordLocation.ENV
        case password_sources.File():
            return PasswordLocation.PATH
        case password_sources.Command():
            return PasswordLocation.COMMAND
        case password_sources.Ask():
            return PasswordLocation.ASK
        case password_sources.Literal() | None:
            return PasswordLocation.FILE


def words_of(source: PasswordSource) -> str:
    """Return what a person types to name the place; nothing where the secret itself is typed."""
    match source:
        case password_sources.Environment(name):
            return name
        case password_sources.File(path):
            return path
        case password_sources.Command(argv):
            return shlex.join(argv)
        case _:
            return ""


def place_as_toml(kind: PasswordLocation, text: str) -> dict[str, object]:
    """Return the TOML value for words that were typed; ValueError where they cannot be read."""
    match kind:
        case PasswordLocation.ENV:
            return {"env": text}
        case PasswordLocation.PATH:
            return {"file": text}
        case _:
            return {"command": _split(text)}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ValueError("a quotation mark is not closed") from None


BULLETS = "••••••••"
UNREADABLE = "the file's value cannot be used; type a password, or choose a place below"


@record
class PasswordState:
    """A password as it was edited up to a moment, to go back to; no repr shows it."""

    kept: PasswordLocation
    typed: str = field(repr=False)
    is_cleared: bool
    places: Mapping[PasswordLocation, str] = field(repr=False)


class PasswordDraft:
    """The password's source in the file, and the one it is to become."""

    def __init__(self, raw: object | None = None, host: Callable[[], str] = lambda: "") -> None:
        self._host = host
        self._file = raw
        self._source = source_of(raw)
        self._cleared = False
        self._typed = ""
        self._places = dict.fromkeys(PasswordLocation, "")
        self.kept = kind_of(self._source)
        if self.kept in NEEDS and self._source is not None:
            self._places[self.kept] = words_of(self._source)

    def __repr__(self) -> str:
        """Tell where the password is kept, never the password."""
        return f"{type(self).__name__}(kept={self.kept.value!r})"

    @property
    def is_masked(self) -> bool:
        """Whether the text of this place is a secret."""
        return self.kept in (PasswordLocation.FILE, PasswordLocation.KEYRING)

    @property
    def is_default(self) -> bool:
        """Whether the file is to say nothing about a password."""
        return self.raw() is None and self.kept is PasswordLocation.FILE

    @property
    def text(self) -> str:
        """What the form's field holds: the secret typed, or the words that name the place."""
        return self._typed if self.is_masked else self._places[self.kept]

    @property
    def placeholder(self) -> str:
        """What stands in the field while it is empty."""
        match self.kept:
            case PasswordLocation.FILE if self._has_literal:
                return BULLETS
            case PasswordLocation.FILE if self.comes_along:
                return f"{BULLETS}  moves to this file"
            case PasswordLocation.KEYRING if isinstance(self._source, password_sources.Keyring):
                return f"{BULLETS}  in the keyring, as {self._source.service}"
            case PasswordLocation.KEYRING if self.comes_along:
                return f"{BULLETS}  moves to the keyring"
            case PasswordLocation.KEYRING:
                return "type it; saving stores it"
            case PasswordLocation.PATH if self.comes_along:
                return "path of the file that it moves to"
            case _:
                return PLACEHOLDERS[self.kept]

    @property
    def state(self) -> PasswordState:
        """What was typed and chosen up to now."""
        return PasswordState(self.kept, self._typed, self._cleared, dict(self._places))

    def restore(self, state: PasswordState) -> None:
        """Go back to what was typed and chosen at another moment."""
        self.kept, self._typed, self._cleared = state.kept, state.typed, state.is_cleared
        self._places = {**self._places, **state.places}

    def snapshot(self) -> PasswordDraft:
        """Return another one that stays as this one is now."""
        host = self._host()
        other = PasswordDraft(self._file, lambda: host)
        other.restore(self.state)
        return other

    def type(self, text: str) -> None:
        """Take what the field holds now."""
        if self.is_masked:
            self._typed = text
        else:
            self._places[self.kept] = text

    def erase(self) -> None:
        """Forget the password that the file holds."""
        self._typed = ""
        self._cleared = True

    def keep(self, kind: PasswordLocation) -> None:
        """Keep the password elsewhere; what was typed comes along."""
        self.kept = kind

    def reset(self) -> None:
        """Let the file say nothing about a password."""
        self.erase()
        self.kept = PasswordLocation.FILE

    def raw(self) -> object | None:
        """The TOML value as it would be saved; None where the key is to be absent."""
        match self.kept:
            case PasswordLocation.FILE if self._typed:
                return self._typed
            case PasswordLocation.FILE:
                same = self._has_literal or (self._source is None and not self._cleared)
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
        return self.raw() != self._file or self.to_store() is not None

    @property
    def old(self) -> PasswordSource | None:
        """Where the file says that the password is."""
        return self._source

    @property
    def target(self) -> PasswordSource | None:
        """Where it is to be; a literal that is still to be fetched is empty. ValueError."""
        if self.kept is PasswordLocation.FILE and self.comes_along:
            return password_sources.Literal("")
        return source_of(self.raw())

    @property
    def comes_along(self) -> bool:
        """Whether saving takes the password from where it is now to another place."""
        old = self._source
        if self._typed or self._cleared or old is None or isinstance(old, password_sources.Ask):
            return False
        if self.kept is kind_of(old):
            return self.kept is PasswordLocation.PATH and self._places[
                self.kept
            ].strip() != words_of(old)
        return self.kept in FILLED

    @property
    def at_hand(self) -> str:
        """The password itself, typed or standing in the file; empty where it is neither."""
        return self._typed or (self._literal if self._has_literal else "")

    def to_test(self) -> object | None:
        """The TOML value that leads a test to the password: it moves only when it is saved."""
        return self._file if self.comes_along and not self.at_hand else self.raw()

    @property
    def is_as_in_file(self) -> bool:
        """Whether a test takes the password from where the file says."""
        return self.to_test() == self._file

    def to_store(self) -> tuple[str, str] | None:
        """The keyring's service and the secret to store there on saving, if there is one."""
        if self.kept is not PasswordLocation.KEYRING:
            return None
        return (self._service, self.at_hand) if self.at_hand else None

    def secret(self) -> str | None:
        """The password itself, where it is at hand without asking any place."""
        moves_to_file = self.kept is PasswordLocation.PATH and self.raw() != self._file
        return (self.at_hand or None) if self.is_masked or moves_to_file else None

    def problem(self, account: str) -> str | None:
        """Say what is still missing; `account` is the name that a keyring files it under."""
        is_filed = self.kept is PasswordLocation.KEYRING and (self.comes_along or self.to_store())
        if is_filed and not account:
            return "a keyring needs a username for its entry; type one first"
        if self.kept in NEEDS and not self._places[self.kept].strip():
            return NEEDS[self.kept]
        if self.kept is PasswordLocation.FILE and self._file is not None and self._source is None:
            return None if self._typed or self._cleared else UNREADABLE
        if self.kept is PasswordLocation.FILE and self.raw() is None and not self._cleared:
            has_none = self._file is None or self.comes_along
            return None if has_none else "type the password to write into this file"
        try:
            raw = self.raw()
            return None if raw is None else refusal_of(raw)
        except ValueError as error:
            return str(error)

    @property
    def _has_literal(self) -> bool:
        return isinstance(self._source, password_sources.Literal) and not self._cleared

    @property
    def _literal(self) -> str:
        return self._source.value if isinstance(self._source, password_sources.Literal) else ""

    @property
    def _service(self) -> str:
        """The entry's service: the one that the file names, else our own."""
        if isinstance(self._source, password_sources.Keyring):
            return self._source.service
        return password_sources.own_entry(self._host()).service

    def _place_as_toml(self) -> object:
        source, text = self._source, self._places[self.kept].strip()
        if source is not None and kind_of(source) is self.kept and text == words_of(source):
            return self._file
        return place_as_toml(self.kept, text)
