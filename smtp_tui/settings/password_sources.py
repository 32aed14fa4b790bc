"""Describe where a password is kept; `config.password_store` fetches and stores it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from smtp_tui.records import record
from smtp_tui.settings import parsers


@record
class LiteralSource:
    """The password itself, written in the file."""

    value: str = field(repr=False)


@record
class KeyringSource:
    """An entry of the system keyring; the account is the username."""

    service: str


@record
class EnvironmentSource:
    """An environment variable of the smtp-tui process."""

    name: str


@record
class FileSource:
    """A file that holds only the password."""

    path: str


@record
class CommandSource:
    """A program, run without a shell, whose first line of output is the password."""

    argv: tuple[str, ...]


@record
class OAuthSource:
    """A sign-in: what `smtp-tui login` was granted, under this name or in the file of this path."""

    name: str

    @property
    def is_path(self) -> bool:
        """Whether the name is the path of a file; else it names an entry of smtp-tui's own."""
        return "/" in self.name


@record
class AskSource:
    """No place: smtp-tui asks for the password at each test."""


PasswordSource = (
    LiteralSource
    | KeyringSource
    | EnvironmentSource
    | FileSource
    | CommandSource
    | OAuthSource
    | AskSource
)


def own_entry(host: str) -> KeyringSource:
    """Return smtp-tui's entry for a host; usernames such as `apikey` are not unique."""
    return KeyringSource(f"smtp-tui {host}".strip())


SPELLINGS = (
    'a quoted string, { keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, '
    '{ command = ["argv", …] }, { oauth = "NAME" } or { ask = true }'
)


def parse_source(value: object) -> PasswordSource:
    """Parse a password source from its TOML value; ValueError names the allowed forms."""
    if isinstance(value, Mapping) and len(value) != 1:
        value = None
    match value:
        case str():
            return LiteralSource(parsers.text(value))
        case {"keyring": str(service)} if service:
            return KeyringSource(parsers.text(service))
        case {"env": str(name)} if name and "=" not in name:
            return EnvironmentSource(parsers.text(name))
        case {"file": str(path)} if path:
            return FileSource(parsers.text(path))
        case {"command": [str(program), *arguments] as argv} if program and all(
            isinstance(argument, str) for argument in arguments
        ):
            return CommandSource(tuple(map(parsers.text, argv)))
        case {"oauth": str(name)} if name:
            return OAuthSource(parsers.text(name))
        # `{ ask = false }` is rejected, as it has no meaning.
        case {"ask": True}:
            return AskSource()
        case _:
            raise ValueError(f"is neither a password nor a place of one; use {SPELLINGS}")


def source_as_toml(source: PasswordSource) -> str | dict[str, object]:
    """Return the TOML value of `source`."""
    match source:
        case LiteralSource(value):
            return value
        case KeyringSource(service):
            return {"keyring": service}
        case EnvironmentSource(name):
            return {"env": name}
        case FileSource(path):
            return {"file": path}
        case CommandSource(argv):
            return {"command": list(argv)}
        case OAuthSource(name):
            return {"oauth": name}
        case AskSource():
            return {"ask": True}


def describe_source(source: PasswordSource) -> str:
    """Name the place of a password in words, never the password."""
    match source:
        case LiteralSource():
            return "a password in the file"
        case KeyringSource(service):
            return f"the keyring's entry {service}"
        case EnvironmentSource(name):
            return f"the environment variable {name}"
        case FileSource(path):
            return f"the file {path}"
        case CommandSource(argv):
            return f"what the command {argv[0]} prints"
        case OAuthSource(name):
            return f"the sign-in {name}"
        case AskSource():
            return "asked for at each test"


_OWN = "smtp-tui "
# Only these names count as hosts, as an application ID such as org.example.Mailer looks like one.
_MAIL_HOST = re.compile(r"(smtp|mail|mx|relay|imap|submission)[a-z0-9-]*(\.[a-z0-9-]+){2,}\.?")


def other_host(service: str, *hosts: str | None) -> str | None:
    """Return the host that an entry's service names, or None if it names none or one of `hosts`."""
    # smtp-tui's own entries, URLs of mail servers and hostnames like smtp.example.org name a host.
    # Any other service name gives no host.
    named = _host_in(service)
    others = {_folded(host) for host in hosts if host}
    return None if named is None or _folded(named) in others else named


def is_named_for(service: str, host: str) -> bool:
    """Return whether an entry's service names this host."""
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
