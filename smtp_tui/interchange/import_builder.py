"""From the settings of another program to ours: what each importer takes, and what is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from smtp_tui.interchange.entries import Entry, EnvRef, FileRef, Unresolved
from smtp_tui.interchange.results import Imported, ImportNote, UnsupportedSetting, text
from smtp_tui.interchange.spec import FormatSpec
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Authentication, choice_named
from smtp_tui.settings.fields import BY_KEY, FieldKind

Known = TypeVar("Known")

# What other programs say with one word, ours says with two settings.
_LINKS: dict[str, dict[str, object]] = {
    "none": {"encryption": "none", "starttls_auto": False},
    "auto": {"encryption": "none", "starttls_auto": True},
    "tls": {"encryption": "tls"},
    "ssl": {"encryption": "ssl"},
}

# TOML promises 64 bits, and no setting is as large.
_TOO_MUCH = 10**18

MOST_LISTED = 100
"""Settings not understood, and remarks: nobody reads more, and a text may have any number."""

_MOST_KEPT = 10 * MOST_LISTED


class ImportBuilder:
    """The entries of a text, builder one by one into our values."""

    def __init__(self, form: FormatSpec, entries: Iterable[Entry]) -> None:
        self.form = form
        self.values: dict[str, Any] = {}
        self._entries: dict[str, Entry] = {}
        self._used: set[str] = set()
        self._found: set[str] = set()
        self._tried: set[str] = set()  # with a value, known or not: no default stands in for it
        # As keys of tables: a text may have a hundred thousand, each of them to be told once.
        self._unread: dict[UnsupportedSetting, None] = {}
        self._remarks: dict[ImportNote, None] = {}
        self._passed_over = 0
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        if not entry.name:
            # A line without a name is told at once; nobody would ask for it.
            known = entry.value if isinstance(entry.value, Unresolved) else Unresolved("no-setting")
            self._add_unread(entry, known.why, **known.names)
            return
        if isinstance(entry.value, int) and abs(entry.value) >= _TOO_MUCH:
            entry = Entry(entry.name, Unresolved("no-such-number"), entry.line)
        self._entries[entry.name] = entry

    def change(self, change: Callable[[Entry], Entry]) -> None:
        """Put every entry through what the program does to all of its values."""
        self._entries = {name: change(entry) for name, entry in self._entries.items()}

    def replace(self, entry: Entry, source: str) -> None:
        """Set an entry that another one, `source`, holds and that goes before one of its name."""
        line = self._entries[source].line
        self._entries[entry.name] = Entry(entry.name, entry.value, line)

    def __contains__(self, name: str) -> bool:
        """Whether the text has a setting of that name."""
        return name in self._entries

    def names(self) -> Iterable[str]:
        """Return the names of all settings of the text."""
        return self._entries

    def quoted_names(self) -> list[str]:
        """Return the names whose values have quotes round them."""
        texts = {name: one.value for name, one in self._entries.items() if type(one.value) is str}
        return [name for name, value in texts.items() if re.fullmatch(r"(?s)(['\"]).*\1", value)]

    def get(self, *names: str) -> Any:
        """Return the first of these that has a value, None where none has or it is unknown."""
        for entry in self._named(names):
            value = self._resolve(entry)
            if value is not None and value != "":
                return value
        return None

    def text(self, *names: str) -> str | None:
        """Return a value as text; a number is its digits."""
        value = self.get(*names)
        if isinstance(value, dict | list):
            self.reject(next(name for name in names if self._has_value(name)), "not-one-value")
            return None
        return value if value is None or isinstance(value, str) else str(value)

    def switch(self, name: str, default: bool | None) -> bool | None:
        """Return a switch; what is neither on nor off is told, and the default builder."""
        value = self.get(name)
        try:
            return default if value is None else parsers.switch(value)
        except ValueError as error:
            self.reject(name, "bad-value", problem=str(error))
            return default

    def choice(self, name: str, choices: Mapping[str, Known], default: Known) -> Known:
        """Return what a word stands for; an unknown one is told, and the default builder."""
        word = self.text(name)
        if word is None:
            return default
        found = choices.get(word.strip().casefold())
        if found is None:
            listed = ", ".join(choices)
            self.reject(name, "no-choice", program=self.form.title, choices=listed)
            return default
        return found

    def expect(self, name: str, *words: str) -> None:
        """List a setting with which the program would not send by SMTP."""
        value = self.text(name)
        if value is not None and value not in words:
            self.reject(name, "not-smtp")

    def take(self, key: str, *names: str) -> bool:
        """Put the first of these that is set into our `key`; tell whether there was one."""
        if any(self._has_value(name) for name in names):
            self._tried.add(key)
        value = self.get(*names)
        value = self.text(*names) if isinstance(value, dict | list) else value
        return value is not None and self.put(key, value, *names)

    def put(self, key: str, value: Any, *names: str) -> bool:
        """Set our `key`, unless the value is none for it: then that is told of the first name."""
        self._tried.add(key)
        if isinstance(value, str) and key != "password":
            value = value.strip()
            is_number = value.isascii() and value.isdigit() and len(value) <= 9
            value = int(value) if key == "port" and is_number else value
        problem = BY_KEY[key].problem_with(value)
        if problem is not None:
            name = next((one for one in names if one in self._entries), "")
            self.reject(name, "bad-value", problem=problem)
            return False
        is_choice = BY_KEY[key].kind is FieldKind.CHOICE
        self.values[key] = str(BY_KEY[key].parse(value)) if is_choice else value
        if any(name in self._entries for name in names):
            self._found.add(key)
        return True

    def put_timeout(self, *names: str) -> None:
        """Set the time-out, which bounds one step there and the whole check here."""
        value = self.text(*names)
        if value is None:
            return
        number: object = value
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
            number = int(seconds) if (seconds := float(value)).is_integer() else seconds
        if self.put("timeout", number, *names):
            self.remark("timeout", "timeout-a-step")

    def put_password(self, *names: str) -> bool:
        """Set the password: the literal, or the place where the program has it from."""
        for entry in self._named(names):
            match entry.value:
                case EnvRef(name):
                    return self.put("password", {"env": name}, entry.name)
                case FileRef(path):
                    return self.put("password", {"file": path}, entry.name)
                case Unresolved():
                    self._resolve(entry)
                case dict() | list():
                    self.reject(entry.name, "not-one-value")
                case value if value not in (None, ""):
                    return self.put("password", str(value), entry.name)
        return False

    def put_link(self, link: str) -> None:
        """Set how the link is protected: none, auto, tls or ssl."""
        self.values |= _LINKS[link]

    def put_mechanism(self, *names: str) -> bool:
        """Set the mechanism of AUTH by its name."""
        if any(self._has_value(name) for name in names):
            self._tried.add("authentication")
        word = self.text(*names)
        if word is None:
            return False
        known = choice_named(Authentication, word)
        if known is None:
            self.reject(names[0], "no-mechanism", known=", ".join(Authentication))
            return False
        return self.put("authentication", str(known), *names)

    def put_sender(self, address: str | None, name: str | None, *names: str) -> None:
        """Set the sender, with the display name that stands elsewhere."""
        if any(self._has_value(one) for one in names):
            self._tried.add("from")
        if not address:
            return
        bare = BY_KEY["from"].problem_with(address.strip()) is None and "<" not in address
        if name and bare and not set(name) & set("<>"):
            address = f"{name.strip()} <{address.strip()}>"
        self.put("from", address, *names)

    def default(self, key: str, value: object) -> None:
        """Fill in the program's own default where nothing was set; say so."""
        if key in self._tried:
            return
        self.values[key] = value
        self.remark(key, "default", program=self.form.title, value=value)

    def use(self, *names: str) -> None:
        """Count these as understood; they need no place in ours."""
        self._used.update(names)

    def reject(self, name: str, why: str, /, **names: object) -> None:
        """List a setting as not understood, with the id of the reason."""
        self._used.add(name)
        self._add_unread(self._entries.get(name, Entry(name, None)), why, **names)

    def remark(self, key: str, identity: str, /, **names: object) -> None:
        """Say something of a value of ours."""
        self._remarks[ImportNote(key, text(identity, **names))] = None

    def report_leftovers(self, *beginnings: str) -> None:
        """List what was not builder, of names that begin so, as settings that we do not have."""
        for name in self._entries:
            if name not in self._used and name.startswith(beginnings):
                self.reject(name, "no-setting")

    def join(self, other: ImportBuilder) -> None:
        """Take over what was builder from a part of the text."""
        self.values |= other.values
        self._found |= other._found
        self._unread |= other._unread
        self._remarks |= other._remarks

    def done(self) -> Imported:
        """Return the outcome."""
        ordered = {key: self.values[key] for key in BY_KEY if key in self.values}
        unread = sorted(self._unread, key=lambda one: one.line or 0)
        remarks = [*self._remarks]
        if more := len(unread[MOST_LISTED:]) + self._passed_over:
            unread[MOST_LISTED:] = [UnsupportedSetting("", None, text("more-unread", count=more))]
        if more := len(remarks[MOST_LISTED:]):
            remarks[MOST_LISTED:] = [ImportNote("", text("more-remarks", count=more))]
        return Imported(
            self.form.name, ordered, frozenset(self._found), tuple(unread), tuple(remarks)
        )

    def _has_value(self, name: str) -> bool:
        return name in self._entries and self._entries[name].value not in (None, "")

    def _named(self, names: Iterable[str]) -> list[Entry]:
        found = [self._entries[name] for name in names if name in self._entries]
        self._used.update(entry.name for entry in found)
        for entry in found:
            if entry.borrowed:
                self.remark("", "borrowed", name=entry.name, others=", ".join(entry.borrowed))
        return found

    def _resolve(self, entry: Entry) -> Any:
        match entry.value:
            case EnvRef(name, None):
                self._add_unread(entry, "from-variable", name=name)
            case EnvRef(name, default):
                self.remark("", "variable-default", name=entry.name, variable=name)
                return default
            case FileRef():
                self._add_unread(entry, "from-file")
            case Unresolved(why, names):
                self._add_unread(entry, why, **names)
            case value:
                return value
        return None

    def _add_unread(self, entry: Entry, why: str, /, **names: object) -> None:
        if len(self._unread) >= _MOST_KEPT:
            self._passed_over += 1
            return
        said = text(why, **{"program": self.form.title, **names})
        self._unread[UnsupportedSetting(entry.name, entry.line, said)] = None
