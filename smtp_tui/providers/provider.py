"""Mail providers: those of `known.toml` and the admin's own, and the sources of such data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import one_line, reason
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption

KEYS = frozenset({"source", "sources", "taken"})
"""The keys of an entry that say where it is from, and the day on which somebody last read that."""


class EntryKind(StrEnum):
    """What an entry with sources is."""

    PRESET = "preset"
    REPLY = "reply"
    ADVICE = "advice"


@record(kw_only=True)
class Provenance:
    """The sources of one entry; `taken` is None where nobody wrote down the day."""

    kind: EntryKind
    name: str
    sources: tuple[str, ...]
    taken: date | None = None


def provenance_of(kind: EntryKind, name: str, entry: Mapping[str, object]) -> Provenance:
    """Read an entry's sources and date; ValueError names what is wrong."""
    sources = entry.get("sources", entry.get("source"))
    listed = [sources] if isinstance(sources, str) else sources
    texts = listed if isinstance(listed, list | tuple) else ()
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{kind} {name}: it names no source")
    taken = entry.get("taken")
    # A date with a time is a date to Python, too.
    if taken is not None and type(taken) is not date:
        raise ValueError(f"{kind} {name}: taken is not a date")
    return Provenance(kind=kind, name=name, sources=tuple(texts), taken=taken)


def older_than(entries: Iterable[Provenance], days: int, today: date) -> Iterator[Provenance]:
    """Yield the entries that are older, the undated first, then the oldest first."""
    span = timedelta(days)
    found = [entry for entry in entries if entry.taken is None or today - entry.taken > span]
    yield from sorted(found, key=lambda entry: (entry.taken or date.min, entry.kind, entry.name))


class User(StrEnum):
    """What a provider takes as the username."""

    ADDRESS = "address"  # the whole mail address
    LOGIN = "login"  # a name that the provider gave, of a form of its own
    LITERAL = "literal"  # the same word for everybody
    KEY = "key"  # a key or token that is made in the provider's console
    NONE = "none"  # nobody logs in


class Secret(StrEnum):
    """What a provider takes as the password."""

    PASSWORD = "password"  # noqa: S105 - a kind: the one the mailbox is opened with
    APP_PASSWORD = "app-password"  # noqa: S105 - a kind: one made for a single program
    KEY = "key"  # an API key, a token or SMTP credentials, made in the provider's console
    OAUTH_TOKEN = "oauth-token"  # noqa: S105 - a kind: an access token, soon expired
    NONE = "none"  # nobody logs in


# Where `auto` is named, the server decides which of these it offers.
_LEFT_TO_AUTO = frozenset(
    map(Authentication, ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"))
)


@record
class Way:
    """A port, and how the link on it is protected."""

    port: int
    encryption: Encryption


@record(kw_only=True)
class Provider:
    """A mail provider's submission service.

    `hosts` are names, with `*` for one label (or a part of one) of a name. `ways` and
    `authentication` come best first; `auto` there means that plain mechanisms take what `secret`
    says. Where there may be `more_ways`, the sources do not tell all. `username` is the very word
    where the username is a literal, `username_pattern` what a right username looks like as a whole;
    `username_is` and `password_is` say it in a phrase, which ends "the username is …".
    `page` is where an admin gets the credentials. `domains` are those of the addresses that the
    provider gives away, `mx` the hosts (as in `hosts`) that take mail for its customers' domains.
    `signature` is a regular expression for what only its servers put into a reply.
    """

    id: str
    name: str
    hosts: tuple[str, ...]
    ways: tuple[Way, ...]
    authentication: tuple[Authentication, ...]
    user: User
    username_is: str
    secret: Secret
    password_is: str
    sources: tuple[str, ...]
    taken: date
    more_ways: bool = False
    username: str | None = None
    username_pattern: str | None = None
    page: str | None = None
    limits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    signature: str | None = None

    def matches(self, host: str) -> bool:
        """Whether this host is one of the provider's submission servers."""
        return fits(self.hosts, host)

    def takes_mail_at(self, host: str) -> bool:
        """Whether this host, found as an MX, takes mail for the provider's customers."""
        return fits(self.mx, host)

    def signs(self, words: str) -> bool:
        """Whether a reply says by its words that it is from this provider."""
        return bool(self.signature and re.search(self.signature, words, re.IGNORECASE))

    def takes_username(self, username: str) -> bool:
        """Whether a username can be a right one, as far as its form tells."""
        if self.username_pattern is None:
            return self.username in (None, username)
        return re.fullmatch(self.username_pattern, username) is not None

    def takes_mechanism(self, mechanism: Authentication) -> bool:
        """Whether a login by a mechanism, or by what `auto` finds, is one that it takes."""
        taken = self.authentication
        if mechanism is Authentication.AUTO:
            return not _LEFT_TO_AUTO.union({mechanism}).isdisjoint(taken)
        return mechanism in taken or (Authentication.AUTO in taken and mechanism in _LEFT_TO_AUTO)

    def offers(self, port: int | None, encryption: Encryption | None) -> bool:
        """Whether this is one of the ways that are known."""
        return any((way.port, way.encryption) == (port, encryption) for way in self.ways)

    @property
    def provenance(self) -> Provenance:
        """Where the entry is from."""
        return Provenance(
            kind=EntryKind.PRESET, name=self.id, sources=self.sources, taken=self.taken
        )

    @property
    def host(self) -> str | None:
        """The host to begin with; None where the admin must choose, as a region."""
        return self.hosts[0] if "*" not in self.hosts[0] else None

    def preset(self) -> dict[str, object]:
        """Return values for our fields by key; what only the admin knows is left out."""
        best = self.ways[0]
        values = {
            "host": self.host,
            "port": best.port,
            "encryption": best.encryption.value,
            "username": self.username,
            "authentication": self.authentication[0].value,
        }
        return {key: value for key, value in values.items() if value is not None}


def fits(patterns: tuple[str, ...], host: str) -> bool:
    """Whether a host is one of these, a `*` in them standing for one label or a part of one."""
    name = host.strip().rstrip(".").casefold()
    if name in patterns:
        return True
    stars = [p for p in patterns if "*" in p and name.endswith(p.rpartition("*")[2])]
    return any(_compiled(pattern).fullmatch(name) for pattern in stars)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("[^.]+".join(map(re.escape, pattern.split("*"))))


FILE = Path(__file__).with_name("known.toml")
LARGEST = 1024 * 1024
"""Bytes of one file; more is no file of providers."""

_ENTRY = "[[provider]]"
_NAMES = re.compile(r"^(?:hosts|domains|mx) = \[(.*)\]$", re.MULTILINE)
_TEXTS = {
    *("id", "name", "username_is", "password_is"),
    *("username", "username_pattern", "page", "signature"),
}
_LISTS = ("hosts", "sources", "limits", "notes", "domains", "mx")


@cache
def providers() -> tuple[Provider, ...]:
    """Return every provider, in the order of the file; their hosts do not overlap."""
    return providers_in(FILE.read_text(encoding="utf-8"))


def provider_of(host: str) -> Provider | None:
    """Return the provider whose server this host is, or None."""
    return next((found for found in providers_naming(host) if found.matches(host)), None)


def providers_naming(name: str) -> Iterator[Provider]:
    """Yield those that have a name among their hosts, domains or MX hosts."""
    return (_provider_of_entry(entry) for entry, names in _entries() if fits(names, name))


@cache
def _entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    # A host is looked up before the form is seen, and most hosts are no provider's: only the entry
    # that names the host is parsed.
    entries = FILE.read_text(encoding="utf-8").split(f"\n{_ENTRY}\n")[1:]
    return tuple(
        (entry, tuple(re.findall(r'"([^"]+)"', " ".join(_NAMES.findall(entry)))))
        for entry in entries
    )


@cache
def _provider_of_entry(entry: str) -> Provider:
    (provider,) = providers_in(f"{_ENTRY}\n{entry}")
    return provider


def providers_in(text: str) -> tuple[Provider, ...]:
    """Return the providers of a file's text, in its order; ValueError names what is wrong."""
    # 3 ms that a check with a host of nobody's has no use for.
    import tomllib

    tables = tomllib.loads(text).get("provider", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("it contains no [[provider]] tables")
    found: dict[str, Provider] = {}
    for number, table in enumerate(tables, start=1):
        where = str(table.get("id", f"number {number}"))
        try:
            provider = _provider(dict(table))
        except KeyError as error:
            raise ValueError(f"provider {where}: lacks {error}") from error
        except (TypeError, ValueError, re.error) as error:
            raise ValueError(f"provider {where}: {error}") from error
        if where in found:
            raise ValueError(f"provider {where}: named twice")
        found[where] = provider
    return tuple(found.values())


def _provider(table: dict[str, Any]) -> Provider:
    for key in sorted(_TEXTS & table.keys()):
        if not isinstance(table[key], str):
            raise ValueError(f"{key} is not text")
    for key in _LISTS:
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError(f"{key} is not a list of texts")
        table[key] = tuple(values)
    if not table["hosts"] or not table["sources"]:
        raise ValueError("needs hosts and sources")
    if type(table["taken"]) is not date:  # a date with a time is a date to Python, too
        raise ValueError("taken is not a date")
    if not isinstance(table.get("more_ways", False), bool):
        raise ValueError("more_ways is neither true nor false")
    for key in ("username_pattern", "signature"):
        re.compile(table.get(key, ""))
    for key, read in (("ways", _way), ("authentication", Authentication)):
        if not isinstance(table[key], list) or not table[key]:
            raise ValueError(f"{key} is not a list, or is empty")
        table[key] = tuple(map(read, table[key]))
    table["user"], table["secret"] = User(table["user"]), Secret(table["secret"])
    # Checked here, for an admin: what Python says of an argument is for programmers.
    known = {field.name: field for field in fields(Provider)}
    for name, field in known.items():
        if name not in table and field.default is MISSING:
            raise ValueError(f"Provider lacks {name}")
    if unknown := [name for name in table if name not in known]:
        raise ValueError(f"Provider has no {', '.join(unknown)}")
    return Provider(**table)


def _way(table: Any) -> Way:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table of port and encryption")
    if not isinstance(table["port"], int) or not 0 < table["port"] < 65536:
        raise ValueError(f"{table['port']!r} is not a port")
    return Way(table["port"], Encryption(table["encryption"]))


@record(kw_only=True)
class Presets:
    """The providers, each id once, and what is wrong with files that cannot be read."""

    providers: tuple[Provider, ...]
    own: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def presets_with(folder: Path) -> Presets:
    """Return all providers; those in the folder's `*.toml` files stand in place of ours."""
    found: dict[str, Provider] = {}
    faults = []
    try:
        paths = sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        paths = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ValueError("it is larger than 1 MiB")
            for provider in providers_in(data.decode("utf-8")):
                found.setdefault(provider.id, provider)
        except OSError as error:
            faults.append(f"{one_line(path)} cannot be read: {reason(error)}")
        except UnicodeDecodeError:  # a ValueError whose own text would show bytes of the file
            faults.append(f"{one_line(path)} is ignored: it is not UTF-8")
        except ValueError as error:
            faults.append(f"{one_line(path)} is ignored: {one_line(error)}")
    own = frozenset(found)
    for provider in providers():
        found.setdefault(provider.id, provider)
    return Presets(providers=tuple(found.values()), own=own, faults=tuple(faults))
