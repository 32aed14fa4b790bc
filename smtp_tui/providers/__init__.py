"""Load mail providers from `known.toml` and the admin's own files, with their sources."""

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
from smtp_tui.settings.parsers import socket_path

KEYS = frozenset({"source", "sources", "taken"})
"""The keys of an entry that name its sources and the day they were last read."""


class ProviderEntryKind(StrEnum):
    """The kinds of entries with sources."""

    PRESET = "preset"
    REPLY = "reply"
    ADVICE = "advice"
    EGRESS = "egress"
    OAUTH = "oauth"
    DEMAND = "demand"
    LIST = "list"
    APPLICATION = "app"


@record(kw_only=True)
class DataProvenance:
    """The sources of one entry; `taken` is the day they were read, if known."""

    kind: ProviderEntryKind
    name: str
    sources: tuple[str, ...]
    taken: date | None = None


def provenance_of(
    kind: ProviderEntryKind, name: str, entry: Mapping[str, object]
) -> DataProvenance:
    """Parse an entry's sources and date; ValueError says what is wrong."""
    sources = entry.get("sources", entry.get("source"))
    listed = [sources] if isinstance(sources, str) else sources
    texts = listed if isinstance(listed, list | tuple) else ()
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{kind} {name}: it names no source")
    taken = entry.get("taken")
    # isinstance() would accept a datetime, too.
    if taken is not None and type(taken) is not date:
        raise ValueError(f"{kind} {name}: taken is not a date")
    return DataProvenance(kind=kind, name=name, sources=tuple(texts), taken=taken)


def older_than(
    entries: Iterable[DataProvenance], days: int, today: date
) -> Iterator[DataProvenance]:
    """Yield entries older than `days`, the undated first, then the oldest first."""
    span = timedelta(days)
    found = [entry for entry in entries if entry.taken is None or today - entry.taken > span]
    yield from sorted(found, key=lambda entry: (entry.taken or date.min, entry.kind, entry.name))


class UsernameKind(StrEnum):
    """The kind of username that a provider accepts."""

    ADDRESS = "address"  # the whole mail address
    LOGIN = "login"  # a login name in the provider's own form
    LITERAL = "literal"  # the same for everybody
    KEY = "key"  # a key or token from the provider's console
    NONE = "none"  # no login


class SecretKind(StrEnum):
    """The kind of password that a provider accepts."""

    PASSWORD = "password"  # noqa: S105 - a kind: the mailbox's own password
    APP_PASSWORD = "app-password"  # noqa: S105 - a kind: one created for a single program
    KEY = "key"  # an API key, a token or SMTP credentials from the provider's console
    OAUTH_TOKEN = "oauth-token"  # noqa: S105 - a kind: a short-lived access token
    NONE = "none"  # no login


# An `auto` in `authentication` stands for those of these that the server offers.
_LEFT_TO_AUTO = frozenset(
    map(Authentication, ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"))
)


@record
class ProviderPort:
    """A port and its encryption."""

    port: int
    encryption: Encryption


@record(kw_only=True)
class Provider:
    """A mail provider's submission service.

    `hosts` are names, with `*` for one label (or a part of one). `ways` and `authentication` are
    listed best first; `auto` means that password mechanisms accept `secret`. `more_ways` is set if
    the sources may not list all ways. `username` is a literal username, `username_pattern` a
    regular expression that matches all of a valid one; `username_is` and `password_is` are phrases
    that complete "the username is …". `page` is where an admin gets the credentials. `domains` are
    the provider's own mail domains, `mx` the hosts (as in `hosts`) that accept mail for its
    customers' domains. `signature` is a regular expression for text that only its servers send.
    """

    id: str
    name: str
    hosts: tuple[str, ...]
    ways: tuple[ProviderPort, ...]
    authentication: tuple[Authentication, ...]
    user: UsernameKind
    username_is: str
    secret: SecretKind
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
        """Whether this MX host accepts mail for the provider's customers."""
        return fits(self.mx, host)

    def signs(self, text: str) -> bool:
        """Whether the text of a reply identifies this provider."""
        return bool(self.signature and re.search(self.signature, text, re.IGNORECASE))

    def takes_username(self, username: str) -> bool:
        """Whether a username has a form that the provider accepts."""
        if self.username_pattern is None:
            return self.username in (None, username)
        return re.fullmatch(self.username_pattern, username) is not None

    def takes_mechanism(self, mechanism: Authentication) -> bool:
        """Whether the provider accepts a mechanism, or one that `auto` can choose."""
        taken = self.authentication
        if mechanism is Authentication.AUTO:
            return not _LEFT_TO_AUTO.union({mechanism}).isdisjoint(taken)
        return mechanism in taken or (Authentication.AUTO in taken and mechanism in _LEFT_TO_AUTO)

    def offers(self, port: int | None, encryption: Encryption | None) -> bool:
        """Whether this port and encryption are known."""
        return any((way.port, way.encryption) == (port, encryption) for way in self.ways)

    @property
    def provenance(self) -> DataProvenance:
        """The entry's sources."""
        return DataProvenance(
            kind=ProviderEntryKind.PRESET, name=self.id, sources=self.sources, taken=self.taken
        )

    @property
    def host(self) -> str | None:
        """The host to try first; None if the admin must choose, e.g. a region."""
        return self.hosts[0] if "*" not in self.hosts[0] else None

    def preset(self) -> dict[str, object]:
        """Return values by field key; those that only the admin knows are left out."""
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
    """Whether a host matches a pattern, in which `*` is one label or a part of one."""
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
"""Maximum bytes of a providers file."""

_ENTRY = "[[provider]]"
_NAMES = re.compile(r"^(?:hosts|domains|mx) = \[(.*)\]$", re.MULTILINE)
_TEXTS = {
    *("id", "name", "username_is", "password_is"),
    *("username", "username_pattern", "page", "signature"),
}
_LISTS = ("hosts", "sources", "limits", "notes", "domains", "mx")


@cache
def providers() -> tuple[Provider, ...]:
    """Return our own providers in the order of the file; their hosts do not overlap."""
    return providers_in(FILE.read_text(encoding="utf-8"))


def provider_of(host: str) -> Provider | None:
    """Return the provider that a host belongs to, or None."""
    # A path may contain any name.
    if socket_path(host) is not None:
        return None
    return next((found for found in providers_naming(host) if found.matches(host)), None)


def providers_naming(name: str) -> Iterator[Provider]:
    """Yield providers with a name among their hosts, domains or MX hosts."""
    return (_provider_of_entry(entry) for entry, names in _entries() if fits(names, name))


@cache
def _entries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    # A host is looked up before the form appears, and most hosts belong to no provider: only the
    # entry that names the host is parsed.
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
    """Parse the providers in a file's text, in order; ValueError says what is wrong."""
    # Takes 3 ms, which only a check of a provider's host needs to spend.
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
    if type(table["taken"]) is not date:  # isinstance() would accept a datetime, too
        raise ValueError("taken is not a date")
    if not isinstance(table.get("more_ways", False), bool):
        raise ValueError("more_ways is neither true nor false")
    for key in ("username_pattern", "signature"):
        re.compile(table.get(key, ""))
    for key, read in (("ways", _way), ("authentication", Authentication)):
        if not isinstance(table[key], list) or not table[key]:
            raise ValueError(f"{key} is not a list, or is empty")
        table[key] = tuple(map(read, table[key]))
    table["user"], table["secret"] = UsernameKind(table["user"]), SecretKind(table["secret"])
    # Checked here, for an admin: Python's argument errors are for programmers.
    known = {field.name: field for field in fields(Provider)}
    for name, field in known.items():
        if name not in table and field.default is MISSING:
            raise ValueError(f"Provider lacks {name}")
    if unknown := [name for name in table if name not in known]:
        raise ValueError(f"Provider has no {', '.join(unknown)}")
    return Provider(**table)


def _way(table: Any) -> ProviderPort:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table of port and encryption")
    if not isinstance(table["port"], int) or not 0 < table["port"] < 65536:
        raise ValueError(f"{table['port']!r} is not a port")
    return ProviderPort(table["port"], Encryption(table["encryption"]))


@record(kw_only=True)
class Presets:
    """The providers, each id once, and the errors of files that cannot be used."""

    providers: tuple[Provider, ...]
    own: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def presets_with(folder: Path) -> Presets:
    """Return all providers; those in the folder's `*.toml` files replace ours by id."""
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
        except UnicodeDecodeError:  # a ValueError whose message would show bytes of the file
            faults.append(f"{one_line(path)} is ignored: it is not UTF-8")
        except ValueError as error:
            faults.append(f"{one_line(path)} is ignored: {one_line(error)}")
    own = frozenset(found)
    for provider in providers():
        found.setdefault(provider.id, provider)
    return Presets(providers=tuple(found.values()), own=own, faults=tuple(faults))
