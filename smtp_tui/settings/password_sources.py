"""Where a password is kept: pure descriptions; `config.password_store` fetches and stores it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from smtp_tui.records import record
from smtp_tui.settings import parsers


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
    if isinstance(value, Mapping) and len(value) != 1:
        value = None
    match value:
        case str():
            return Literal(parsers.text(value))
        case {"keyring": str(service)} if service:
            return Keyring(parsers.text(service))
        case {"env": str(name)} if name and "=" not in name:
            return Environment(parsers.text(name))
        case {"file": str(path)} if path:
            return File(parsers.text(path))
        case {"command": [str(program), *words] as argv} if program and all(
            isinstance(word, str) for word in words
        ):
            return Command(tuple(map(parsers.text, argv)))
        # `{ ask = false }` says nothing, and is refused.
        case {"ask": True}:
            return Ask()
        case _:
            raise ValueError(f"is neither a password nor a place of one; use {SPELLINGS}")


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
    """Return the host that an entry's service names; None if it is one of `hosts`, or none."""
    # The entries that this program makes name their host, as do URLs of mail servers and hostnames
    # like smtp.example.org. Of any other service nothing is known.
    named = _host_in(service)
    others = {_folded(host) for host in hosts if host}
    return None if named is None or _folded(named) in others else named


def is_named_for(service: str, host: str) -> bool:
    """Tell whether an entry's service names this host, and not another or none."""
    named = _host_in(service)
    return bool(named and host) and other_host(service, host) is None


def _host_in(service: str) -> str | None:
    if service.startswith(_OWN):
        return service.removeprefix(_OWN).strip() or None
    if re.match(r"smtps?://", service, re.IGNORECASE):
        with contextlib.suppress(ValueError):
            return urlsplit(service).hostname
        return None
    return service if _MAIL_HOST.fullmatch(service.casefold()) else None


def _folded(host: str) -> str:
    bare = host.strip().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return parsers.ascii_name(bare).casefold()
    except ValueError:
        return bare.casefold()
