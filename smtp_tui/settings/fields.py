"""The one field table: what an SMTP configuration is, each field declared once.

Form, sidebar, TOML keys, command line, validation and reference are all made from `FIELDS`. A new
field is one declaration in `Settings` and, where its summary does not say all, one page in
`explanations`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import (
    AddressFamily,
    Authentication,
    Encryption,
    TlsVersion,
    VerifyMode,
)
from smtp_tui.settings.mailbox import mailbox_text
from smtp_tui.settings.password_sources import PasswordSource, parse_source

Values = Mapping[str, Any]
Default = Callable[[Values], Any]


class FieldKind(StrEnum):
    """How a field is edited and written."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SWITCH = "switch"
    PASSWORD = "password"  # noqa: S105 - the kind's name, not a secret


@record(kw_only=True)
class Field:
    """One setting as the world sees it.

    `attribute` is its name in `Settings`. `default` computes from the other fields' parsed values;
    `default_text` is how people name that default where it is no value of the field. `advanced`
    fields are shown when wanted.
    """

    key: str
    attribute: str
    label: str
    kind: FieldKind
    parse: parsers.Parser
    default: Default
    summary: str
    default_text: str = ""
    choices: tuple[str, ...] = ()
    advanced: bool = False

    def problem_with(self, value: object) -> str | None:
        """Say what is wrong with a raw value in words that stand beside the field."""
        try:
            self.parse(value)
        except ValueError as error:
            return str(error)
        return None


def declare(
    label: str,
    kind: FieldKind | type[StrEnum],
    parse: parsers.Parser | None = None,
    *,
    summary: str,
    default: object = None,
    default_text: str = "",
    advanced: bool = False,
    key: str | None = None,
) -> Any:
    """Make the dataclass field of a setting; the name it is given there is its key.

    A choice has its members' class as `kind`. `default` is a value, or a function of the other
    fields' values; `key` is another name where Python keeps that word for itself.
    """
    choices: tuple[str, ...] = ()
    if not isinstance(kind, FieldKind):
        choices, parse, kind = tuple(kind), parsers.choice(kind), FieldKind.CHOICE
    assert parse is not None
    details = {
        "label": label,
        "kind": kind,
        # A dialect hands over what it cannot read, with the reason.
        "parse": parsers.refusing_unreadable(parse),
        "summary": summary,
        "default": default if callable(default) else lambda _values: default,
        "default_text": default_text,
        "choices": choices,
        "advanced": advanced,
    }
    if key is not None:
        details["key"] = key
    return dataclasses.field(default=None, metadata={"declared": details})


USUAL_PORTS = {Encryption.NONE: 25, Encryption.TLS: 587, Encryption.SSL: 465}
PORT_NAMES = {25: "smtp", 465: "submissions", 587: "submission", 2525: "submission, unofficial"}


def _default_port(values: Values) -> int:
    return USUAL_PORTS[values.get("encryption") or Encryption.TLS]


def _default_authentication(values: Values) -> Authentication:
    return Authentication.AUTO if values.get("username") else Authentication.NONE


def _default_sender(values: Values) -> str | None:
    username, domain = values.get("username"), values.get("domain")
    if not username:
        return None
    # Many logins are mail addresses; the domain is this machine's name, not the server's.
    sender = username if "@" in username else f"{username}@{domain}" if domain else ""
    try:
        return mailbox_text(sender)
    except ValueError:  # a name for the login need not be one for mail
        return None


@record(kw_only=True)
class Settings:
    """An SMTP configuration, every default filled in.

    `given` names the keys that were set; the rest stand at their defaults. `domain` None means
    this machine's FQDN, found when it is needed; `server_name` None means the host; `sender` None
    means that user name and domain make none, so the dialogue finds one.
    """

    host: str = declare(
        "SMTP Host",
        FieldKind.TEXT,
        parsers.host,
        summary="The server that accepts the mail: a hostname or an IP address.",
        default_text="required",
    )
    port: int = declare(
        "SMTP Port",
        FieldKind.NUMBER,
        parsers.port,
        summary="The TCP port: 587 for STARTTLS, 465 for implicit TLS, 25 between servers.",
        default=_default_port,
    )
    domain: str | None = declare(
        "Domain",
        FieldKind.TEXT,
        parsers.domain,
        summary="The name this machine gives in EHLO; not the mail server's.",
        default_text="this machine's FQDN or address",
    )
    encryption: Encryption = declare(
        "Encryption Type",
        Encryption,
        default=Encryption.TLS,
        summary="none: plain text; tls: STARTTLS required; ssl: implicit TLS.",
    )
    starttls_auto: bool = declare(
        "Start TLS Auto",
        FieldKind.SWITCH,
        parsers.switch,
        summary="With encryption none: use STARTTLS if offered, else continue unencrypted.",
        default=False,
    )
    username: str | None = declare(
        "SMTP Username",
        FieldKind.TEXT,
        parsers.public_text,
        summary="The account to log in with; empty if the server takes no login.",
        default_text="none",
    )
    password: PasswordSource | None = declare(
        "SMTP Password",
        FieldKind.PASSWORD,
        parse_source,
        summary="The password, or the place where it is kept.",
        default_text="none",
    )
    authentication: Authentication = declare(
        "Authentication Type",
        Authentication,
        default=_default_authentication,
        summary="How to log in; auto chooses the strongest safe mechanism.",
    )
    openssl_verify_mode: VerifyMode = declare(
        "OpenSSL Verify Mode",
        VerifyMode,
        default=VerifyMode.PEER,
        summary="peer: check the certificate's chain, dates and name; none: accept any.",
    )
    sender: str | None = declare(
        "From",
        FieldKind.TEXT,
        mailbox_text,
        summary="The sender of test messages, in the envelope and in the From line.",
        default=_default_sender,
        default_text="from the username",
        advanced=True,
        key="from",
    )
    timeout: float = declare(
        "Timeout",
        FieldKind.NUMBER,
        parsers.seconds,
        summary="Seconds for the whole check, from connect to verdict.",
        default=30.0,
        advanced=True,
    )
    ca_file: str | None = declare(
        "CA File",
        FieldKind.TEXT,
        parsers.public_text,
        summary="Certificates to trust in place of the system's, as a PEM file.",
        default_text="the system's",
        advanced=True,
    )
    server_name: str | None = declare(
        "Server Name",
        FieldKind.TEXT,
        parsers.host,
        summary="The name sent in TLS (SNI) and required in the certificate.",
        default_text="the host",
        advanced=True,
    )
    tls_minimum: TlsVersion = declare(
        "TLS Minimum",
        TlsVersion,
        default=TlsVersion.V1_2,
        summary="The oldest TLS version to accept.",
        advanced=True,
    )
    tls_fingerprint: str | None = declare(
        "TLS Fingerprint",
        FieldKind.TEXT,
        parsers.fingerprint,
        summary="SHA-256 of the one certificate to accept, in place of chain and name checks.",
        default_text="none",
        advanced=True,
    )
    client_certificate: str | None = declare(
        "Client Certificate",
        FieldKind.TEXT,
        parsers.public_text,
        summary="PEM file with the certificate to show to the server.",
        default_text="none",
        advanced=True,
    )
    client_key: str | None = declare(
        "Client Key",
        FieldKind.TEXT,
        parsers.public_text,
        summary="PEM file with the client certificate's private key.",
        default_text="in the certificate's file",
        advanced=True,
    )
    address_family: AddressFamily = declare(
        "Address Family",
        AddressFamily,
        default=AddressFamily.ANY,
        summary="Reach the host by IPv4, by IPv6, or by whichever answers first.",
        advanced=True,
    )
    source_address: str | None = declare(
        "Source Address",
        FieldKind.TEXT,
        parsers.address,
        summary="The local address to connect from.",
        default_text="chosen by the system",
        advanced=True,
    )
    given: frozenset[str] = frozenset()

    @property
    def authenticates(self) -> bool:
        """Whether the settings ask for AUTH; `auto` has nobody to log in without a user name."""
        if self.authentication is Authentication.AUTO:
            return bool(self.username)
        return self.authentication is not Authentication.NONE

    @property
    def needs_password(self) -> bool:
        """Whether AUTH, if it comes to it, will need a secret."""
        return self.authenticates and self.authentication is not Authentication.EXTERNAL

    @property
    def tls_name(self) -> str:
        """The name for SNI and the certificate check."""
        return self.server_name or self.host


def declared_fields(settings: type[Settings]) -> tuple[Field, ...]:
    """List the fields that a class of settings declares."""
    return tuple(
        Field(**{"key": made.name, "attribute": made.name, **made.metadata["declared"]})
        for made in dataclasses.fields(settings)
        if "declared" in made.metadata
    )


FIELDS: tuple[Field, ...] = declared_fields(Settings)
BY_KEY: dict[str, Field] = {field.key: field for field in FIELDS}
PLAIN_KEYS: tuple[str, ...] = tuple(field.key for field in FIELDS if not field.advanced)
