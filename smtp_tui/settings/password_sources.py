"""Where a password is kept: pure descriptions; fetching is `config.password_store`'s business.

The mail server that a keyring entry is named for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from urllib.parse import urlsplit

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.parsers import ascii_name


@record
class Literal:
    """The password itself, written in the file."""

    value: str = field(repr=False)


@record
class Keyring:
    """An entry of the desktop's or system's keyring; the account is the user name."""

    service: str


@record
class Environment:
    """An environment variable of the process that tests."""

    name: str


@record
class File:
    """A file that holds nothing but the password."""

    path: str


@record
class Command:
    """A program, run without a shell, whose first line of output is the password."""

    argv: tuple[str, ...]


@record
class Ask:
    """Nowhere: asked for at each test."""


PasswordSource = Literal | Keyring | Environment | File | Command | Ask


def own_entry(host: str) -> Keyring:
    """Return the entry that this program makes; with the host, as many accounts are `apikey`."""
    return Keyring(f"smtp-tui {host}".strip())


SPELLINGS = (
    'a quoted string, { keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, '
    '{ command = ["argv", …] } or { ask = true }'
)


def parse_source(value: object) -> PasswordSource:
    """Read a password source from its TOML value; ValueError says what would be allowed."""
    match value:
        case str():
            return Literal(parsers.text(value))
        case Mapping() if len(value) == 1:
            ((kind, where),) = value.items()
            source = _from_pair(kind, where)
            if source is not None:
                return source
    raise ValueError(f"is neither a password nor a place of one; use {SPELLINGS}")


def _from_pair(kind: object, where: object) -> PasswordSource | None:
    match kind, where:
        case "keyring", str() if where:
            return Keyring(parsers.text(where))
        case "env", str() if where and "=" not in where:
            return Environment(parsers.text(where))
        case "file", str() if where:
            return File(parsers.text(where))
        case "command", [str(program), *words] if program and _are_texts(words):
            return Command(tuple(map(parsers.text, where)))
        case "ask", True:
            return Ask()
        case _:
            return None


def _are_texts(words: list[object]) -> bool:
    return all(isinstance(word, str) for word in words)


def source_as_toml(source: PasswordSource) -> str | dict[str, object]:
    """Return the TOML value that spells `source`."""
    match source:
        case Literal(value):
            return value
        case Keyring(service):
            return {"keyring": service}
        case Environment(name):
            return {"env": name}
        case File(path):
            return {"file": path}
        case Command(argv):
            return {"command": list(argv)}
        case Ask():
            return {"ask": True}


_OWN = "smtp-tui "
# An application's id, like org.example.Mailer, looks like a hostname; one of these does not.
_MAIL_HOST = re.compile(r"(smtp|mail|mx|relay|imap|submission)[a-z0-9-]*(\.[a-z0-9-]+){2,}\.?")


def other_host(service: str, *hosts: str | None) -> str | None:
    """Return the host that an entry's service names; None if it is one of `hosts`, or none.

    The entries that this program makes name their host, as do URLs of mail servers and hostnames
    like smtp.example.org. Of any other service nothing is known.
    """
    named = _host_in(service)
    return None if named is None or _is_one_of(named, hosts) else named


def is_named_for(service: str, host: str) -> bool:
    """Tell whether an entry's service names this host, and not another or none."""
    named = _host_in(service)
    return named is not None and _is_one_of(named, [host])


def _is_one_of(named: str, hosts: Iterable[str | None]) -> bool:
    return _folded(named) in {_folded(host) for host in hosts if host}


def _host_in(service: str) -> str | None:
    if service.startswith(_OWN):
        return service.removeprefix(_OWN).strip() or None
    if re.match(r"smtps?://", service, re.IGNORECASE):
        try:
            return urlsplit(service).hostname
        except ValueError:
            return None
    return service if _MAIL_HOST.fullmatch(service.casefold()) else None


def _folded(host: str) -> str:
    bare = host.strip().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return ascii_name(bare).casefold()
    except ValueError:
        return bare.casefold()
