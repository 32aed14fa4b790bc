"""Convert another program's entries to settings, and list those that are not understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, TypeVar

from smtp_tui.interchange.spec import FormatSpec, Imported, ImportNote, UnsupportedSetting, text
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Authentication, choice_named
from smtp_tui.settings.fields import BY_KEY, FieldKind

Known = TypeVar("Known")

LONGEST = 64 * 1024
"""Characters; only expanded variables make a value longer."""


@record
class EnvRef:
    """A value from an environment variable, or `default` if the variable is not set."""

    name: str
    default: Any = field(default=None, repr=False)


@record
class FileRef:
    """A value that the program reads from a file."""

    path: str


@record
class UnresolvedVariable:
    """A value that cannot be known; `why` is a text's id, `names` its placeholders."""

    why: str
    names: dict[str, str] = field(default_factory=dict)


@record
class Assignment:
    """A name and its value, with its line number.

    `borrowed` names the variables of the same file that the value uses. `repeated` is the key, of
    this setting or of those above it, that stands more than once in the same mapping.
    """

    name: str
    value: Any = field(repr=False)
    line: int | None = None
    borrowed: tuple[str, ...] = ()
    repeated: str = ""


@record
class WrittenValue:
    """A setting with the places of its value and of its whole statement in a text.

    `before` is where the statement begins, `after` where it ends, without its line end.
    """

    entry: Assignment
    start: int
    end: int
    before: int
    after: int


@record
class VariableUse:
    """A variable in a value, with the default for when it is not set."""

    name: str
    default: str | None = None


Pieces = list[str | VariableUse]
"""A value as literal texts and variables."""


def resolve_pieces(name: str, line: int, pieces: Pieces, known: Mapping[str, str]) -> Assignment:
    """Expand a value with `known` variables, which the file sets further up, if it can."""
    pieces = [piece for piece in pieces if piece != ""]
    uses = [piece for piece in pieces if isinstance(piece, VariableUse)]
    unknown = [use for use in uses if use.name not in known]
    if not unknown:
        parts = [known[piece.name] if isinstance(piece, VariableUse) else piece for piece in pieces]
        if sum(map(len, parts)) > LONGEST:
            return Assignment(name, UnresolvedVariable("computed"), line)
        return Assignment(name, "".join(parts), line, tuple(use.name for use in uses))
    if len(pieces) == 1:
        # An empty default counts as none.
        return Assignment(name, EnvRef(unknown[0].name, unknown[0].default or None), line)
    names = ", ".join(dict.fromkeys(use.name for use in unknown))
    return Assignment(name, UnresolvedVariable("from-variables", {"names": names}), line)


def host_and_port(value: str) -> tuple[str, str | None]:
    """Split `host:port`, `[host]:port` or a host alone; an IPv6 address needs its brackets."""
    value = value.strip()
    if value.startswith("["):
        host, _, rest = value[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, sign, port = value.rpartition(":")
    return (host, port or None) if sign and ":" not in host else (value, None)


# smtp-tui uses two settings where other programs use one word.
_LINKS: dict[str, dict[str, object]] = {
    "none": {"encryption": "none", "starttls_auto": False},
    "auto": {"encryption": "none", "starttls_auto": True},
    "tls": {"encryption": "tls"},
    "ssl": {"encryption": "ssl"},
}

# TOML guarantees 64 bits; no setting is as large.
_INTEGER_LIMIT = 10**18

MOST_LISTED = 100
"""Limit on unread settings and remarks: nobody reads more, and a text may have any number."""

_MOST_KEPT = 10 * MOST_LISTED


class ImportBuilder:
    """Converts a text's `entries` to settings in `values`."""

    def __init__(self, form: FormatSpec, entries: Iterable[Assignment]) -> None:
        self.form = form
        self.values: dict[str, Any] = {}
        self.entries: dict[str, Assignment] = {}
        self.assumed: set[str] = set()  # names that the text does not have
        self._used = {*form.ignore}
        self._found: set[str] = set()
        self._tried: set[str] = set()  # keys with a value, known or not: no default applies
        # Dict keys: a text may have a hundred thousand, and each is reported once.
        self._unread: dict[UnsupportedSetting, None] = {}
        self._remarks: dict[ImportNote, None] = {}
        self._passed_over = 0
        for entry in entries:
            if entry.repeated:
                self.remark("", "repeated-key", name=entry.repeated)
            if not entry.name:
                # Report a line without a name now: nobody would ask for it.
                is_unresolved = isinstance(entry.value, UnresolvedVariable)
                unresolved = entry.value if is_unresolved else UnresolvedVariable("no-setting")
                self._add_unread(entry, unresolved.why, **unresolved.names)
            elif isinstance(entry.value, int) and abs(entry.value) >= _INTEGER_LIMIT:
                too_large = Assignment(entry.name, UnresolvedVariable("no-such-number"), entry.line)
                self.entries[entry.name] = too_large
            else:
                self.entries[entry.name] = entry

    def __contains__(self, name: str) -> bool:
        """Whether the text has a setting of this name."""
        return name in self.entries

    def is_unknown(self, name: str) -> bool:
        """Whether the text sets a name to a value that is known only when the program runs."""
        value = self.entries[name].value if name in self else None
        is_open = isinstance(value, EnvRef) and value.default is None
        return is_open or isinstance(value, FileRef | UnresolvedVariable)

    def get(self, *names: str) -> Any:
        """Return the first known, non-empty value of these names, or None."""
        for entry in self._named(names):
            value = self._resolve(entry)
            if value is not None and value != "":
                return value
        return None

    def text(self, *names: str) -> str | None:
        """Return a value as text; reject a list or mapping."""
        value = self.get(*names)
        if isinstance(value, dict | list):
            self.reject(next(name for name in names if self._has_value(name)), "not-one-value")
            return None
        # A str of YAML may know that it has no quotes; a setting is a bare one.
        return None if value is None else str(value)

    def switch(self, name: str, default: bool | None) -> bool | None:
        """Return a switch; reject any other value and return the default."""
        value = self.get(name)
        try:
            return default if value is None else parsers.switch(value)
        except ValueError as error:
            self.reject(name, "bad-value", problem=str(error))
            return default

    def choice(self, name: str, choices: Mapping[str, Known], default: Known) -> Known:
        """Return the choice for a word; reject an unknown one and return the default."""
        return self._choice(name, choices, default, (self.text(name) or "").strip().casefold())

    def exact_choice(self, name: str, choices: Mapping[str, Known], default: Known) -> Known:
        """Return the choice for a word whose case counts."""
        return self._choice(name, choices, default, self.text(name) or "")

    def _choice(self, name: str, choices: Mapping[str, Known], default: Known, word: str) -> Known:
        if self.text(name) is None:
            return default
        found = choices.get(word)
        if found is None:
            self.reject(name, "no-choice", choices=", ".join(choices))
            return default
        return found

    def expect(self, name: str, *words: str) -> None:
        """Reject a setting with which the program does not send by SMTP."""
        value = self.text(name)
        if value is not None and value not in words:
            self.reject(name, "not-smtp")

    def take(self, key: str, *names: str) -> bool:
        """Set `key` to the first of these values; return whether a valid one was set."""
        self._mark_tried(key, names)
        value = self.get(*names)
        value = self.text(*names) if isinstance(value, dict | list) else value
        return value is not None and self.put(key, value, *names)

    def take_each(self, **names: str) -> None:
        """Set each key from the program's setting."""
        for key, name in names.items():
            self.take(key, name)

    def put(self, key: str, value: Any, *names: str) -> bool:
        """Set `key`, or reject the first of `names` in the text if the value is invalid."""
        self._tried.add(key)
        if isinstance(value, str) and key != "password":
            value = value.strip()
            is_number = value.isascii() and value.isdigit() and len(value) <= 9
            value = int(value) if key == "port" and is_number else value
        problem = BY_KEY[key].problem_with(value)
        if problem is not None:
            name = next((name for name in names if name in self), "")
            self.reject(name, "bad-value", problem=problem)
            return False
        is_choice = BY_KEY[key].kind is FieldKind.CHOICE
        self.values[key] = str(BY_KEY[key].parse(value)) if is_choice else value
        if any(name in self and name not in self.assumed for name in names):
            self._found.add(key)
        return True

    def put_found(self, key: str, value: Any) -> None:
        """Set `key` to a value that the text has under no name."""
        if self.put(key, value):
            self._found.add(key)

    def put_host_and_port(self, value: str, name: str) -> None:
        """Set host and port from `host:port`; a missing port leaves `port` unchanged."""
        host, port = host_and_port(value)
        self.put("host", host, name)
        if port is not None:
            self.put("port", port, name)

    def put_timeout(self, name: str) -> None:
        """Set the timeout: a limit per step there, for the whole check here."""
        self._mark_tried("timeout", (name,))
        value = self.text(name)
        if value is None:
            return
        number: object = value
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
            number = int(seconds) if (seconds := float(value)).is_integer() else seconds
        if self.put("timeout", number, name):
            self.remark("timeout", "timeout-a-step")

    def put_password(self, *names: str) -> bool:
        """Set the password: the literal, or the source that the program uses."""
        for entry in self._named(names):
            match entry.value:
                case EnvRef(name):
                    return self.put("password", {"env": name}, entry.name)
                case FileRef(path):
                    return self.put("password", {"file": path}, entry.name)
                case UnresolvedVariable():
                    self._resolve(entry)
                case dict() | list():
                    self.reject(entry.name, "not-one-value")
                case value if value not in (None, ""):
                    return self.put("password", str(value), entry.name)
        return False

    def put_password_file(self, name: str) -> bool:
        """Set the password to the file that a setting names; return whether it names one."""
        path = self.text(name)
        if path:
            self.put("password", {"file": path}, name)
        return bool(path)

    def put_link(self, link: str, if_auto: str = "") -> None:
        """Set the encryption: none, auto, tls or ssl; `if_auto` is the remark on auto."""
        self.values |= _LINKS[link]
        if link == "auto" and if_auto:
            self.remark("starttls_auto", if_auto)

    def put_mechanism(self, *names: str) -> bool:
        """Set the AUTH mechanism by its name."""
        self._mark_tried("authentication", names)
        word = self.text(*names)
        if word is None:
            return False
        known = choice_named(Authentication, word)
        if known is None:
            self.reject(names[0], "no-mechanism", known=", ".join(Authentication))
            return False
        return self.put("authentication", str(known), *names)

    def remark_own_choice(self, mechanisms: str) -> None:
        """Remark that the program chooses the mechanism, if it logs in."""
        if "username" in self.values:
            self.remark("authentication", "own-choice", names=mechanisms)

    def take_sender(self, *names: str, display: str = "") -> None:
        """Set the sender, with the display name from a separate setting."""
        self.put_sender(self.text(*names), self.text(display), *names)

    def put_sender(self, address: str | None, name: str | None, *names: str) -> None:
        """Set the sender from an address and a display name."""
        self._mark_tried("from", names)
        if not address:
            return
        is_bare = BY_KEY["from"].problem_with(address.strip()) is None and "<" not in address
        if name and is_bare and not set(name) & set("<>"):
            address = f"{name.strip()} <{address.strip()}>"
        self.put("from", address, *names)

    def default(self, key: str, value: object) -> None:
        """Set the program's default if nothing was set, with a remark."""
        if key not in self._tried:
            self.values[key] = value
            self.remark(key, "default", value=value)

    def leave_open(self, *keys: str) -> None:
        """Set no default of these keys: the program gets them from elsewhere."""
        self._tried.update(keys)

    def use(self, *names: str) -> None:
        """Mark these as understood, without setting a key."""
        self._used.update(names)

    def reject(self, name: str, why: str, /, **names: object) -> None:
        """List a setting as not understood; `why` is a text's id."""
        self._used.add(name)
        self._add_unread(self.entries.get(name, Assignment(name, None)), why, **names)

    def remark(self, key: str, identity: str, /, **names: object) -> None:
        """Add a remark on a key."""
        message = text(identity, **{"program": self.form.title, **names})
        self._remarks[ImportNote(key, message)] = None

    def report_leftovers(self, *prefixes: str) -> None:
        """Reject unused settings with these prefixes: smtp-tui does not have them."""
        for name in self.entries:
            if name not in self._used and name.startswith(prefixes):
                self.reject(name, "no-setting")

    def join(self, other: ImportBuilder) -> None:
        """Add the results of another builder."""
        self._unread |= other._unread
        self.join_part(other, "")

    def join_part(self, other: ImportBuilder, name: str) -> None:
        """Add the results of another builder for a part of the setting `name`."""
        self.values |= other.values
        self._found |= other._found
        if name and other._unread:
            names = ", ".join(setting.name for setting in other._unread)
            self.reject(name, "laravel-url-options", names=names[:80])
        self._remarks |= other._remarks

    def done(self) -> Imported:
        """Return the import."""
        ordered = {key: self.values[key] for key in BY_KEY if key in self.values}
        unread = sorted(self._unread, key=lambda setting: setting.line or 0)
        remarks = [*self._remarks]
        if more := len(unread[MOST_LISTED:]) + self._passed_over:
            unread[MOST_LISTED:] = [UnsupportedSetting("", None, text("more-unread", count=more))]
        if more := len(remarks[MOST_LISTED:]):
            remarks[MOST_LISTED:] = [ImportNote("", text("more-remarks", count=more))]
        found = frozenset(self._found)
        return Imported(self.form.name, ordered, found, tuple(unread), tuple(remarks))

    def _has_value(self, name: str) -> bool:
        return name in self and self.entries[name].value not in (None, "")

    def _mark_tried(self, key: str, names: Iterable[str]) -> None:
        if any(self._has_value(name) for name in names):
            self._tried.add(key)

    def _named(self, names: Iterable[str]) -> list[Assignment]:
        known = [name for name in names if name in self]
        found = [self.entries[name] for name in known]
        self._used.update(known)
        for entry in found:
            if entry.borrowed:
                self.remark("", "borrowed", name=entry.name, others=", ".join(entry.borrowed))
        return found

    def _resolve(self, entry: Assignment) -> Any:
        match entry.value:
            case EnvRef(name, None):
                self._add_unread(entry, "from-variable", name=name)
            case EnvRef(name, default):
                self.remark("", "variable-default", name=entry.name, variable=name)
                return default
            case FileRef():
                self._add_unread(entry, "from-file")
            case UnresolvedVariable(why, names):
                self._add_unread(entry, why, **names)
            case value:
                return value
        return None

    def _add_unread(self, entry: Assignment, why: str, /, **names: object) -> None:
        if len(self._unread) >= _MOST_KEPT:
            self._passed_over += 1
            return
        message = text(why, **{"program": self.form.title, **names})
        self._unread[UnsupportedSetting(entry.name, entry.line, message)] = None
