"""Describe what to check, without loading asyncio: a table's values and the call's options."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.config.errors import PasswordError, one_line
from smtp_tui.config.paths import PEM_FIELDS, resolve_path
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import EnvironmentSource, LiteralSource, PasswordSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.message import MailRequest

if TYPE_CHECKING:
    from smtp_tui.arrival.prove import ProofRequest
    from smtp_tui.config.dialects.spec import DialectRecognition
    from smtp_tui.places.place import Place
    from smtp_tui.smtp.addresses import EarlyConnection, Network
    from smtp_tui.smtp.redaction import RedactorGroup


@record
class SuppliedPassword:
    """A password that the call supplies: the name of its place, and how to read it."""

    place: str
    read: Callable[[], bytes] = field(repr=False)


Given = PasswordSource | SuppliedPassword


def secret_in(data: bytes, place: str) -> str:
    """Decode a password without its final newline; PasswordError if invalid."""
    try:
        secret = data.decode()
    except UnicodeDecodeError:
        raise PasswordError(f"{place} is not UTF-8") from None
    # An editor or echo adds a newline; a password may end with a space.
    if secret.endswith("\n"):
        secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise PasswordError(f"{place} is empty", cause="password-missing")
    if any(character in secret for character in "\r\n\0"):
        raise PasswordError(
            f"{place} contains more than one line or a NUL byte; it must contain only the password"
        )
    return secret


def secret_at_hand(source: Given | None) -> str | None:
    """Return a password that needs no waiting and suits every mechanism, else None."""
    match source:
        case LiteralSource(value):
            secret = value
        case EnvironmentSource(name):
            secret = os.environ.get(name, "")
        case _:
            return None
    return secret if secret.isascii() and secret.isprintable() and secret else None


WITHIN = 120.0
"""Seconds to follow a message, unless the call says otherwise."""


@record(kw_only=True)
class FollowRequest:
    """Follow the sent message in the mail server's log for at most `within` seconds.

    `log` is a file or `journal`, None to find the log of this machine's mail server.
    `past_deferral` awaits later attempts too.
    """

    log: str | None = None
    within: float = WITHIN
    past_deferral: bool = False


@record(kw_only=True)
class CheckRequest:
    """What to check, and what the check may do.

    `values` are a table's raw values; the keys in `assumed` are not from the file but defaults of
    the application that owns it; `base` is the folder that relative paths start from; `secret` is
    the password itself, and `given` where to read it, either instead of the settings' source.
    `origin` is the file that names that source, None if the call or the user named it: a file that
    others can write is not fully trusted (`config.file_access`). `mail` is the message to send
    after the login; `extra` is the seconds for experiments after the dialogue, which try other
    ports of a host that cannot be reached only if it `tries_ports`: every few seconds, or for many
    hosts, that would look like a port scan. `recognition` names the application that the file is
    read as; `notes` report it, and what the table contains that is not understood. `redactors` are
    shared by related checks. `early` is a connection begun in advance; its creator closes it.
    `place` is where the application runs, for a check from there (`checks.side_by_side`), and
    `settings_from` the place whose variables hold the settings, if no file does. `network` and
    `trust` are those of the check's dialogue, None for this machine's; `inside` are the keys whose
    paths are those of a container. `follow` says how to follow
    the message after the server accepted it (`checks.after_sending`).
    """

    values: Mapping[str, object] = field(repr=False)
    base: Path
    file: str | None = None
    table: str | None = None
    assumed: frozenset[str] = frozenset()
    secret: str | None = field(default=None, repr=False)
    given: Given | None = None
    origin: Path | None = None
    mail: MailRequest | None = None
    allow_clear_password: bool = False
    extra: float = 3.0
    tries_ports: bool = True
    recognition: DialectRecognition | None = None
    notes: tuple[str, ...] = ()
    redactors: RedactorGroup | None = field(default=None, repr=False)
    early: EarlyConnection | None = field(default=None, repr=False)
    place: Place | None = None
    settings_from: str | None = None
    inside: frozenset[str] = frozenset()
    network: Network | None = field(default=None, repr=False)
    trust: str | None = field(default=None, repr=False)
    follow: FollowRequest | None = None
    prove: ProofRequest | None = None

    def without_paths_inside(self) -> CheckRequest:
        """Return the request that reads no file of this machine in place of a container's."""
        named = {key: self.values[key] for key in PEM_FIELDS if key in self.inside}
        if self.network or not any(named.values()):
            return self
        notes = [
            f"{key}: {one_line(path)} is a path inside the container, so this check does without "
            "it; check --in reads it there"
            for key, path in named.items()
        ]
        values = {key: value for key, value in self.values.items() if key not in named}
        return replace(self, values=values, notes=(*self.notes, *notes), inside=frozenset())

    @property
    def sending_settings(self) -> Settings | None:
        """The settings, with the mail's sender if it names one; None if not usable."""
        settings = parse_settings(self.values).settings
        if settings and self.mail and self.mail.sender:
            return replace(settings, sender=str(self.mail.sender))
        return settings


# Seconds; a shorter timeout is the admin's choice, and imports must not use it up.
_SHORT_TIMEOUT = 5.0
# With these, username and password are known to be sendable before a mechanism is chosen.
_PLAIN_LOGINS = {Authentication.AUTO, Authentication.PLAIN, Authentication.LOGIN}


def settings_sure_to_connect(request: CheckRequest) -> Settings | None:
    """Return the settings if only the TLS context can keep a check from connecting, else None.

    If anything else could end or delay the check first, its connection must not begin early.
    """
    settings = parse_settings(request.without_paths_inside().values).settings
    if settings is None or settings.timeout < _SHORT_TIMEOUT or settings.client_certificate:
        return None
    if not (settings.host.isascii() and settings.tls_name.isascii()) or settings.is_socket:
        return None
    if settings.proxy:
        return None
    user = settings.username or ""
    if settings.needs_password:
        secret = secret_at_hand(request.given or settings.password)
        if secret is None or settings.authentication not in _PLAIN_LOGINS or not user.isprintable():
            return None
    try:
        return resolve_path(settings, request.base)
    except RuntimeError:  # there is no home folder, which the check reports
        return None


@record(kw_only=True)
class CheckTarget:
    """One table to check: its request, or why there is none.

    `defect` is an unexpected error from reading the table. For a watch, `mark` is everything that
    decides which password is sent where: while it is the same, so is the server's answer.
    `can_change` is whether it can change while the program runs.
    """

    file: str | None = None
    table: str | None = None
    request: CheckRequest | None = None
    refusal: str = ""
    defect: Exception | None = None
    mark: object = field(default=None, repr=False)
    can_change: bool = True

    @property
    def label(self) -> str:
        """The target's display name."""
        name = ": ".join(filter(None, (self.file, self.table))) or "the call"
        place = self.request.place if self.request else None
        return f"{name} in {place.title}" if place else name
