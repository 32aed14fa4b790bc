"""What is known of one mail provider, and where it, a reply rule or an advice is from.

An entry of a data file has `source` (a text) or `sources` (a list of texts), and `taken`, the day
on which somebody last read them. What is old is asked for: nothing here looks at the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption

KEYS = frozenset({"source", "sources", "taken"})
"""The keys of an entry that belong here."""


class EntryKind(StrEnum):
    """What an entry is."""

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

    def is_older_than(self, days: int, today: date) -> bool:
        """Whether more than so many days have passed since; an undated entry is always older."""
        return self.taken is None or today - self.taken > timedelta(days)


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
    found = [entry for entry in entries if entry.is_older_than(days, today)]
    yield from sorted(found, key=lambda entry: (entry.taken or date.min, entry.kind, entry.name))


Values = dict[str, object]
"""Values for our fields, by key, as they would stand in a file."""


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


# Where `auto` is named, the way the password is handed over is the server's to offer.
_LEFT_TO_AUTO = frozenset(
    {
        Authentication.PLAIN,
        Authentication.LOGIN,
        Authentication.CRAM_MD5,
        Authentication.SCRAM_SHA_1,
        Authentication.SCRAM_SHA_256,
    }
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
        pattern = self.signature
        return pattern is not None and re.search(pattern, words, re.IGNORECASE) is not None

    def takes_username(self, username: str) -> bool:
        """Whether a username can be a right one, as far as its form tells."""
        pattern = self.username_pattern
        if pattern is None:
            return self.username in (None, username)
        return re.fullmatch(pattern, username) is not None

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

    def preset(self) -> Values:
        """Return values for our fields by key; what only the admin knows is left out."""
        best = self.ways[0]
        values: Values = {
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
