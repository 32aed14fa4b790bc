"""Declare the fields of an SMTP configuration.

The form, sidebar, TOML keys, command line, validation and reference are all generated from
`FIELDS`. A new field is one declaration in `Settings` and, if its summary is not enough, one page
in `explanations`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import (
    AddressFamily,
    Authentication,
    Encryption,
    Protocol,
    TlsVersion,
    VerifyMode,
)
from smtp_tui.settings.parsers import mailbox_text, socket_path
from smtp_tui.settings.password_sources import PasswordSource, parse_source
from smtp_tui.settings.proxy_address import ProxyAddress
from smtp_tui.settings.proxy_address import proxy as proxy_address

Values = Mapping[str, Any]
Default = Callable[[Values], Any]


class FieldKind(StrEnum):
    """The type of a field, which determines how it is edited and written."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SWITCH = "switch"
    PASSWORD = "password"  # noqa: S105 - the kind's name, not a secret


@record(kw_only=True)
class Field:
    """One setting: its names, parser, default and help text."""

    key: str
    attribute: str  # the name in `Settings`
    label: str
    kind: FieldKind
    parser: parsers.Parser
    default: Default  # computed from the other fields' parsed values
    summary: str
    default_text: str = ""  # describes a default that is not a fixed value
    choices: tuple[str, ...] = ()
    advanced: bool = False  # shown on request

    def parse(self, value: object) -> object:
        """Parse a raw value; ValueError names the allowed values."""
        # A dialect passes the reason why it cannot read a value.
        if isinstance(value, parsers.UnreadableValue):
            raise ValueError(value.reason)
        return self.parser(value)

    def problem_with(self, value: object) -> str | None:
        """Return the error of a raw value, to be shown next to the field, or None."""
        try:
            self.parse(value)
        except ValueError as error:
            return str(error)
        return None


_KINDS: Mapping[parsers.Parser, FieldKind] = {
    parsers.port: FieldKind.NUMBER,
    parsers.seconds: FieldKind.NUMBER,
    parsers.switch: FieldKind.SWITCH,
    parse_source: FieldKind.PASSWORD,
}


def declare(
    label: str,
    parse: parsers.Parser | type[StrEnum],
    summary: str,
    *,
    default: object = None,
    default_text: str = "",
    advanced: bool = False,
    key: str | None = None,
) -> Any:
    """Return the dataclass field of a setting; its attribute name is its key.

    `parse` determines the field's kind; an enum class makes a choice. `default` is a value, or a
    function of the other fields' values; `key` replaces the attribute name where the key is a
    Python keyword.
    """
    choices: tuple[str, ...] = ()
    if isinstance(parse, type) and issubclass(parse, StrEnum):
        choices, kind, parse = tuple(parse), FieldKind.CHOICE, parsers.choice(parse)
    else:
        kind = _KINDS.get(parse, FieldKind.TEXT)
    factory = partial(
        Field,
        label=label,
        kind=kind,
        parser=parse,
        summary=summary,
        default=default if callable(default) else lambda _values: default,
        default_text=default_text,
        choices=choices,
        advanced=advanced,
    )
    return dataclasses.field(default=None, metadata={"declared": factory, "key": key})


def declare_advanced(
    label: str, parse: parsers.Parser | type[StrEnum], summary: str, **more: Any
) -> Any:
    """Return the field of a setting that is shown on request; see `declare`."""
    return declare(label, parse, summary, advanced=True, **more)


USUAL_PORTS = {Encryption.NONE: 25, Encryption.TLS: 587, Encryption.SSL: 465}
SMTP_PORT, LMTP_PORT = 25, 24
PORT_NAMES = {25: "smtp", 465: "submissions", 587: "submission", 2525: "submission, unofficial"}


def _default_port(values: Values) -> int:
    # RFC 2033 forbids port 25; 24 is for private mail systems, and what Dovecot's examples use.
    if values.get("protocol") is Protocol.LMTP:
        return LMTP_PORT
    return USUAL_PORTS[values.get("encryption") or Encryption.TLS]


def _default_sender(values: Values) -> str | None:
    username, domain = values.get("username"), values.get("domain")
    if not username:
        return None
    # Many usernames are mail addresses; `domain` is this machine's name, not the server's.
    sender = username if "@" in username else f"{username}@{domain}" if domain else ""
    try:
        return mailbox_text(sender)
    except ValueError:  # a username need not be valid in a mail address
        return None


@record(kw_only=True)
class Settings:
    """An SMTP configuration with all defaults filled in.

    `given` holds the keys that were set; the others have their defaults. `domain` None means this
    machine's FQDN, found when it is needed; `server_name` None means the host; `sender` None means
    that username and domain make no address, so the SMTP client finds one.
    """

    host: str = declare(
        "SMTP Host",
        parsers.server,
        "The server that accepts the mail: a hostname, an IP address or unix:/path.",
        default_text="required",
    )
    port: int = declare(
        "SMTP Port",
        parsers.port,
        "The TCP port: 587 for STARTTLS, 465 for implicit TLS, 25 between servers.",
        default=_default_port,
    )
    domain: str | None = declare(
        "Domain",
        parsers.domain,
        "The name this machine gives in EHLO; not the mail server's.",
        default_text="this machine's FQDN or address",
    )
    encryption: Encryption = declare(
        "Encryption Type",
        Encryption,
        "none: plain text; tls: STARTTLS required; ssl: implicit TLS.",
        # What crosses a UNIX socket does not leave the machine.
        default=lambda values: (
            Encryption.TLS if socket_path(values.get("host") or "") is None else Encryption.NONE
        ),
    )
    starttls_auto: bool = declare(
        "Start TLS Auto",
        parsers.switch,
        "With encryption none: use STARTTLS if offered, else continue unencrypted.",
        default=False,
    )
    username: str | None = declare(
        "SMTP Username",
        parsers.public_text,
        "The account to log in with; empty if the server takes no login.",
        default_text="none",
    )
    password: PasswordSource | None = declare(
        "SMTP Password",
        parse_source,
        "The password, or the place where it is kept.",
        default_text="none",
    )
    authentication: Authentication = declare(
        "Authentication Type",
        Authentication,
        "How to log in; auto chooses the strongest safe mechanism.",
        default=lambda values: (
            Authentication.AUTO if values.get("username") else Authentication.NONE
        ),
    )
    openssl_verify_mode: VerifyMode = declare(
        "OpenSSL Verify Mode",
        VerifyMode,
        "peer: check the certificate's chain, dates and name; none: accept any.",
        default=VerifyMode.PEER,
    )
    sender: str | None = declare_advanced(
        "From",
        mailbox_text,
        "The sender of test messages, in the envelope and in the From line.",
        default=_default_sender,
        default_text="from the username",
        key="from",
    )
    timeout: float = declare_advanced(
        "Timeout",
        parsers.seconds,
        "Seconds for the whole check, from connect to verdict.",
        default=30.0,
    )
    ca_file: str | None = declare_advanced(
        "CA File",
        parsers.public_text,
        "Certificates to trust in place of the system's, as a PEM file.",
        default_text="the system's",
    )
    server_name: str | None = declare_advanced(
        "Server Name",
        parsers.host,
        "The name sent in TLS (SNI) and required in the certificate.",
        default_text="the host",
    )
    tls_minimum: TlsVersion = declare_advanced(
        "TLS Minimum", TlsVersion, "The oldest TLS version to accept.", default=TlsVersion.V1_2
    )
    tls_fingerprint: str | None = declare_advanced(
        "TLS Fingerprint",
        parsers.fingerprint,
        "SHA-256 of the one certificate to accept, in place of chain and name checks.",
        default_text="none",
    )
    client_certificate: str | None = declare_advanced(
        "Client Certificate",
        parsers.public_text,
        "PEM file with the certificate to show to the server.",
        default_text="none",
    )
    client_key: str | None = declare_advanced(
        "Client Key",
        parsers.public_text,
        "PEM file with the client certificate's private key.",
        default_text="in the certificate's file",
    )
    address_family: AddressFamily = declare_advanced(
        "Address Family",
        AddressFamily,
        "Reach the host by IPv4, by IPv6, or by whichever answers first.",
        default=AddressFamily.ANY,
    )
    source_address: str | None = declare_advanced(
        "Source Address",
        parsers.address,
        "The local address to connect from.",
        default_text="chosen by the system",
    )
    proxy: ProxyAddress | None = declare_advanced(
        "Proxy",
        proxy_address,
        "Connect through it: socks5://host:1080, or http://host:3128 for CONNECT.",
        default_text="none",
    )
    protocol: Protocol = declare_advanced(
        "Protocol",
        Protocol,
        "smtp, or lmtp for a server that delivers to mailboxes, such as Dovecot's.",
        default=Protocol.SMTP,
    )
    given: frozenset[str] = frozenset()

    @property
    def authenticates(self) -> bool:
        """Whether the settings require AUTH; `auto` does so only with a username."""
        if self.authentication is Authentication.AUTO:
            return bool(self.username)
        return self.authentication is not Authentication.NONE

    @property
    def needs_password(self) -> bool:
        """Whether AUTH needs a password."""
        return self.authenticates and self.authentication is not Authentication.EXTERNAL

    @property
    def tls_name(self) -> str:
        """The name for SNI and the certificate check; empty for a UNIX socket without one."""
        return self.server_name or ("" if self.is_socket else self.host)

    @property
    def is_lmtp(self) -> bool:
        """Whether the server speaks LMTP."""
        return self.protocol is Protocol.LMTP

    @property
    def is_socket(self) -> bool:
        """Whether the host is a UNIX socket."""
        return socket_path(self.host) is not None


def declared_fields(settings: type[Settings]) -> tuple[Field, ...]:
    """Return the fields that a settings class declares."""
    return tuple(
        field.metadata["declared"](attribute=field.name, key=field.metadata["key"] or field.name)
        for field in dataclasses.fields(settings)
        if "declared" in field.metadata
    )


FIELDS: tuple[Field, ...] = declared_fields(Settings)
BY_KEY: dict[str, Field] = {field.key: field for field in FIELDS}
PLAIN_KEYS: tuple[str, ...] = tuple(field.key for field in FIELDS if not field.advanced)
