"""The specifications of the formats, and the results and errors of imports and exports."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from smtp_tui.records import record


class InterchangeError(Exception):
    """The text is not in the format, or a value does not fit; one line, no secrets."""


class MissingLibraryError(InterchangeError):
    """A library for this format is missing; the message says how to get it."""


class QuotingError(InterchangeError):
    """A quoting was given for a format without `.env` files."""


class ImportAccountError(InterchangeError):
    """The text lacks the given account, or its format has no accounts."""


@record
class ImportNote:
    """A note on the setting `key`, which is empty if the note is on no single setting.

    `weakens` marks a note that mail or password is less protected than the settings ask.
    """

    key: str
    text: str
    weakens: bool = False

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


@record
class UnsupportedSetting:
    """A setting of the other program that was not understood, and why; never its value."""

    name: str
    line: int | None
    why: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [self.name] if self.name else []
        return f"{', '.join(place)}: {self.why}" if place else self.why


@record
class Imported:
    """The imported raw values, as in TOML, and remarks on them.

    `found` names the keys whose values the text has; the others follow from them, or are the
    program's defaults. `why` is a text on why this format was chosen.
    """

    format: str
    values: dict[str, Any] = field(repr=False)
    found: frozenset[str] = frozenset()
    unread: tuple[UnsupportedSetting, ...] = ()
    remarks: tuple[ImportNote, ...] = ()
    why: str = ""


@record
class Exported:
    """A text in another program's format, and notes on what that program does differently."""

    format: str
    text: str = field(repr=False)
    notes: tuple[ImportNote, ...] = ()


# Characters of a file's content that a text quotes; no real name or list is longer.
_LONGEST = 400


def text(identity: str, /, **names: object) -> str:
    """Return a text with its placeholders filled in."""
    for name, value in names.items():
        if isinstance(value, str) and len(value) > _LONGEST:
            names[name] = f"{value[:_LONGEST]}…"
    return _texts()[identity].format(**names)


@cache
def _texts() -> dict[str, str]:
    source = Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
    return {
        identity: template
        for group in tomllib.loads(source).values()
        for identity, template in group.items()
    }


@record
class ImportSource:
    """A text to import: its `.env` quoting, companion files' texts by name, account to read.

    `entries` are given in place of the text where the variables are known one by one. They are
    Assignments.
    """

    text: str = field(repr=False)
    quoting: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: str | None = None
    entries: tuple[Any, ...] | None = field(default=None, repr=False)


QUOTINGS = ("docker", "systemd", "ruby", "python", "laravel", "node")
"""The quotings of `.env` files, named after their readers."""

_MOST_SHOWN = 4


@record(kw_only=True)
class FormatSpec:
    """A program's format and what it can express.

    `links` maps each of smtp-tui's kinds of encryption (`none`, `auto` for STARTTLS if offered,
    `tls`, `ssl`) to itself or the nearest that the program has. `mechanisms` are the AUTH
    mechanisms that it can name, `expresses` the smtp-tui keys that it has a place for. `goes_on`,
    `in_clear` and `cannot_require` are the ids of notes on a connection that stays unencrypted:
    programs in Go differ there. `sockets` is whether the program connects
    to UNIX sockets. `images` are the container images of the program. `prefixes`
    make variables of the keys of its file. `outer_prefix` goes before the variables inside its
    container; there, the variable `carrier` may hold the whole file. `values` is how it
    reads the values of variables: `json` is as JSON where it can, `json-twice` is the same and once
    more with the result, `quotes` strips blanks and a pair of quotes. `in_one` is whether one
    variable has all settings.
    `tree` says where the settings stand in YAML or JSON (see `formats/tree.py`). `refuses` are the
    kinds of encryption that the program lacks altogether. For detection, see `formats.toml` and
    `evidence`.
    """

    name: str
    title: str
    expresses: frozenset[str]
    about: str = ""
    module: str = ""
    read: Mapping[str, Any] = field(default_factory=dict)
    write: Mapping[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    mechanisms: tuple[str, ...] = ()
    verify: tuple[str, ...] = ("peer",)
    quoting: str | None = None
    may_be_env: bool = False
    sockets: bool = False
    has_accounts: bool = False
    goes_on: str = "auto-goes-on"
    in_clear: str = "password-in-clear"
    cannot_require: str = "tls-becomes-auto"
    hosts: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    generic: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    images: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    outer_prefix: str = ""
    carrier: str = ""
    values: str = ""
    in_one: bool = False
    find: tuple[str, ...] = ()
    second_signs: tuple[str, ...] = ()
    sign: str = ""
    files: tuple[str, ...] = ()
    by_name: bool = False
    begun: tuple[str, ...] = ()
    over: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    tree: Mapping[str, Any] = field(default_factory=dict)
    next_to: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()

    def evidence(self, content: str, names: Iterable[str], file: str = "") -> FormatEvidence | None:
        """Return the evidence for this format in a text that sets these variables, or None.

        Names in `shares` count only with a name in `own` or `hosts`, those in `beside` only with
        one in `hosts`. `file` is the name of the text's file.
        """
        if self.by_name and not self.is_named(file):
            return None
        names = [*names]
        if self.prefixes and (found := self.variable_evidence(names)):
            return found
        ours = self.own | self.shares
        if not self.hosts.isdisjoint(names):
            ours |= self.beside
        known = tuple(name for name in names if name in ours)
        own = tuple(name for name in known if name not in self.shares)
        if own or any(name in self.hosts for name in known):
            words = text("own-names", names=listed(own or known))
            is_guess = self.generic.issuperset(own) or not self.against.isdisjoint(names)
            return FormatEvidence(known, own, words, is_guess=is_guess)
        return self._evidence_of_text(content, file)

    def _evidence_of_text(self, content: str, file: str) -> FormatEvidence | None:
        searched = [re.search(pattern, content, re.MULTILINE) for pattern in self.find]
        if None in searched or not (searched or self.by_name):
            return None
        if self.second_signs and not (is_named := self.has_own_name(file)):
            seconds = (re.search(one, content, re.MULTILINE) for one in self.second_signs)
            second = next(filter(None, seconds), None)
            if second is None:
                return None
            searched.append(second)
        keys = [match["key"] for match in searched if match and match.groupdict().get("key")]
        found = self._keys_in(content)
        if found == []:
            return None
        last = [name.rpartition(".")[2] for name in found or ()]
        keys = [key for key in keys if key in last] or keys or last
        words = self.sign.format(keys=listed(dict.fromkeys(keys)))
        if self.second_signs and is_named:
            words = text("own-name", name=file, words=words)
        return FormatEvidence((), (), words)

    def _keys_in(self, content: str) -> list[str] | None:
        """Return the settings that a text really has; None if nobody can say."""
        module = import_module(f"smtp_tui.interchange.formats.{self.module}")
        try:
            return [*module.keys_in(content, self)] if hasattr(module, "keys_in") else None
        except InterchangeError:
            return None  # an error to report, once the text is read

    def has_begun(self, content: str, file: str) -> bool:
        """Whether a text is the program's by its file's name, though it may set no mail."""
        found = (re.search(pattern, content, re.MULTILINE) for pattern in self.begun)
        return bool(self.begun) and self.is_named(file) and all(found)

    def is_named(self, file: str) -> bool:
        """Whether a file of this name may be the program's."""
        patterns = (*self.files, *self.next_to)
        return any(fnmatchcase(file, pattern.rpartition("/")[2]) for pattern in patterns)

    def has_own_name(self, file: str) -> bool:
        """Whether a file's name, without the folders above, is a sign of the program."""
        return any(fnmatchcase(file, pattern) for pattern in self.files if "/" not in pattern)

    def variable_evidence(self, names: Iterable[str]) -> FormatEvidence | None:
        """Return the evidence for this format in an environment of these names, or None."""
        if not self.prefixes:
            return self.evidence("", names)
        own = tuple(name for name in names if name.startswith(self.prefixes) and "=" not in name)
        return FormatEvidence(own, own, text("own-names", names=listed(own))) if own else None

    def variable_of(self, key: str, prefix: str = "") -> str:
        """Return the variable for a key of the format's file; most formats have no file."""
        if not self.prefixes:
            return prefix + key
        prefix = prefix or self.prefixes[0]
        return prefix + (key.upper() if prefix.isupper() else key)

    def key_of(self, variable: str) -> str:
        """Return the key of the file for a variable, whatever its case."""
        prefix = next((one for one in self.prefixes if variable.startswith(one)), "")
        key = variable.removeprefix(prefix)
        folded = {name.casefold(): name for name in self.write}
        return (
            folded.get(key.casefold(), key.lower() if prefix.isupper() else key) if prefix else key
        )

    def runs_in(self, image: str) -> bool:
        """Whether a container image, with registry and tag or without, is the program's."""
        path = image.partition("@")[0]
        folder, sign, name = path.rpartition("/")
        path = f"{folder}{sign}{name.partition(':')[0]}"
        return any(path == own or path.endswith(f"/{own}") for own in self.images)

    def code(self, action: str) -> Any:
        """Return the function that reads or writes this format.

        The module is imported on demand: importing all takes 20 ms.
        """
        module = import_module(f"smtp_tui.interchange.formats.{self.module}")
        return getattr(module, f"{action}_{self.name}", None) or getattr(module, action)

    @property
    def takes_variables(self) -> bool:
        """Whether the program reads its settings from variables."""
        return self.takes_quoting or bool(self.carrier)

    @property
    def takes_quoting(self) -> bool:
        """Whether the format is, or can be, an `.env` file."""
        return self.quoting is not None or self.may_be_env or bool(self.prefixes)

    def has_variables(self, content: str) -> bool:
        """Whether a text sets variables that go before the keys of the format's file."""
        names = "|".join(map(re.escape, self.prefixes))
        pattern = rf"^[ \t]*+(?:export[ \t]++)?+(?:{names})\w++="
        return bool(names and re.search(pattern, content, re.MULTILINE))


@record
class FormatEvidence:
    """The evidence for a format: its known names, its own names, and both as a text.

    `is_guess`: any program may use names like these.
    """

    known: tuple[str, ...]
    own: tuple[str, ...]
    words: str
    is_guess: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it is more than names that other formats share."""
        return not self.is_guess

    def outdoes(self, other: FormatEvidence) -> bool:
        """Whether it rules out another format with the same names."""
        ours, theirs = set(self.known), set(other.known)
        if not theirs or not theirs <= ours:
            return False
        return theirs < ours or bool(self.own and not other.own)


def listed(names: Iterable[str]) -> str:
    """Join the first few names."""
    some = [*names]
    return ", ".join(some[:_MOST_SHOWN]) + ", …" * (len(some) > _MOST_SHOWN)


@cache
def formats() -> dict[str, FormatSpec]:
    """Return all formats by name."""
    source = Path(__file__).with_name("formats.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(source)
    for table in tables.values():
        for key, value in tables.get(table.pop("like", ""), {}).items():
            if key not in _OF_ITS_OWN:
                table.setdefault(key, value)
    return {name: format_of(name, table) for name, table in tables.items()}


def descriptions() -> dict[str, str]:
    """Return what a name stands for: the title, and which file where a program has several."""
    titles = [form.title for form in formats().values()]
    return {
        name: form.title
        if titles.count(form.title) == 1
        else f"{form.title}: {form.about.replace('`', '')}"
        for name, form in sorted(formats().items())
    }


def labels() -> dict[str, str]:
    """Return how a list shows the formats, by title; a program with several has the names too."""
    titles = [form.title for form in formats().values()]
    return {
        name: form.title if titles.count(form.title) == 1 else f"{form.title} ({name})"
        for name, form in sorted(formats().items(), key=lambda one: one[1].title.casefold())
    }


def format_of(name: str, table: dict[str, Any]) -> FormatSpec:
    """Build a format from its table."""
    sets = {key: frozenset(table.get(key, ())) for key in _SETS}
    lists = {key: tuple(table[key]) for key in _LISTS if key in table}
    links = {link: link for link in _LINKS} | table.get("links", {})
    return FormatSpec(**{"module": name, **table, **sets, **lists, "name": name, "links": links})


_LINKS = ("none", "auto", "tls", "ssl")
_LISTS = (
    *("find", "images", "prefixes", "mechanisms", "verify", "first"),
    *("files", "next_to", "companions", "second_signs"),
)
_SETS = (
    *("expresses", "hosts", "own", "generic", "against", "shares", "beside"),
    *("ignore", "over", "refuses"),
)
# By these a text is recognised, or read: they are not those of a format that is `like` it.
_OF_ITS_OWN = frozenset(
    {"hosts", "own", "generic", "against", "shares", "beside", "find", "images", "files"}
    | {"prefixes", "module", "quoting", "about", "over", "second_signs"}
)


def format_named(name: str) -> FormatSpec:
    """Return a format; InterchangeError if there is none of that name."""
    form = formats().get(name.casefold())
    if form is None:
        raise InterchangeError(text("no-such-format", name=repr(name[:40])))
    return form
