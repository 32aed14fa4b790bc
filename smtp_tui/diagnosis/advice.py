"""Advise during editing on settings that conflict, before a test shows it.

Each advice is an entry of `advice.toml`; the rules here say when it applies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from smtp_tui.diagnosis.causes import listed, texts_of
from smtp_tui.diagnosis.experiments import TriedEncryptions
from smtp_tui.providers import Provider, UsernameKind, provider_of, providers_naming
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.settings.choices import Authentication, Encryption, TlsVersion, VerifyMode
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.parsers import is_address, is_this_machine, socket_path
from smtp_tui.settings.password_sources import LiteralSource
from smtp_tui.settings.validate import defaults, parse_fields

# Fields with an unknown default while another cannot be parsed.
_DEPENDS_ON = {
    "port": {"encryption"},
    "authentication": {"username"},
    "from": {"username", "domain"},
}
_PRIVATE_NAMES = (
    ".localhost", ".localdomain", ".local", ".lan", ".home", ".internal", ".home.arpa",
)  # fmt: skip


class ConnectionSecurity(StrEnum):
    """How the connection is encrypted."""

    OPEN = "open"
    PERHAPS = "perhaps"  # STARTTLS where it is offered
    TLS = "tls"


@record
class PartialSettings:
    """Each field's value by key during editing, or its default if unset.

    A value that cannot be parsed is left out. `present` names the fields that are set, parsable or
    not.
    """

    values: Mapping[str, Any]
    present: frozenset[str]

    def __getitem__(self, key: str) -> Any:
        """Return a field's value; None if it has none or cannot be parsed."""
        return self.values.get(key)

    @property
    def link(self) -> ConnectionSecurity | None:
        """How the connection is encrypted; None if unknown."""
        encryption = self["encryption"]
        if encryption is Encryption.NONE:
            return {True: ConnectionSecurity.PERHAPS, False: ConnectionSecurity.OPEN}.get(
                self["starttls_auto"]
            )
        return encryption and ConnectionSecurity.TLS

    @property
    def is_open(self) -> bool:
        """Whether nothing is encrypted."""
        return self.link is ConnectionSecurity.OPEN

    @property
    def mechanism(self) -> Authentication | None:
        """The login's mechanism; None if there is no login or it is unknown."""
        authentication: Authentication | None = self["authentication"]
        without_user = authentication is Authentication.AUTO and not self["username"]
        return None if authentication is Authentication.NONE or without_user else authentication

    @property
    def secret(self) -> str:
        """The password if it is in the file, else empty."""
        source = self["password"]
        return source.value if isinstance(source, LiteralSource) else ""

    @property
    def verifies(self) -> bool:
        """Whether TLS verifies the certificate's chain and name."""
        by_mode = self["openssl_verify_mode"] not in (None, VerifyMode.NONE)
        return by_mode and "tls_fingerprint" not in self.present

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine."""
        return is_this_machine(self["host"] or "")

    @property
    def is_socket(self) -> bool:
        """Whether the host is a UNIX socket, which has no port and needs no encryption."""
        return socket_path(self["host"] or "") is not None

    @property
    def is_near(self) -> bool:
        """Whether the host's name or address is a private network's, or not set yet."""
        host = (self["host"] or "").casefold().rstrip(".")
        if is_address(host):
            return ipaddress.ip_address(host).is_private
        return self.is_local or "." not in host or host.endswith(_PRIVATE_NAMES)

    @property
    def provider(self) -> Provider | None:
        """The known provider that runs the host."""
        return provider_of(self["host"]) if self["host"] and not self.is_near else None


def parse_partial(values: Mapping[str, object]) -> PartialSettings:
    """Parse the raw values of a table, valid or not."""
    parsed, problems = parse_fields(values)
    unparsable = {problem.key for problem in problems}
    unknown = unparsable | {
        key for key, others in _DEPENDS_ON.items() if others & unparsable and key not in parsed
    }
    whole = {**defaults(parsed), **parsed}
    known = {key: value for key, value in whole.items() if key not in unknown}
    return PartialSettings(known, frozenset(parsed) | unparsable)


Match = tuple[str, Mapping[str, str]]
"""The id of a text, and its placeholders."""

_IMPLICIT_TLS_PORTS = (465, 2465)
_PLAIN_PORTS = (25, 587, 2587)
_SUBMISSION_PORTS = (587, 2587)
# Not 80 and 443: some providers accept mail there, for networks that block everything else.
_OTHER_PROTOCOLS = {110: "POP3", 143: "IMAP", 993: "IMAP", 995: "POP3", 4190: "ManageSieve"}
_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
_READABLE = (Authentication.PLAIN, Authentication.LOGIN, *_TOKENS)
# Characters that a shell, an .env file or Compose may expand.
_SPECIAL = frozenset("$#\"'`\\ ")
_SHORTEST_TIMEOUT = 5  # seconds; Ruby's default for each single reply
_UNREAL_DOMAINS = (".localdomain", ".localhost")
_ONLY_IN_TLS = ("server_name", "tls_fingerprint", "client_certificate")
_AMAZON_SES = "amazon-ses"
_IAM_SECRET = 40  # characters; an SMTP password of the same provider has 44


def _port_conflict(port: int | None, encryption: Encryption | None) -> str | None:
    """Return the id of the advice on a port and encryption that conflict."""
    if port in _IMPLICIT_TLS_PORTS and encryption in (Encryption.NONE, Encryption.TLS):
        return "port-wants-ssl"
    if port in _PLAIN_PORTS and encryption is Encryption.SSL:
        return "port-wants-tls"
    return "port-2525-with-ssl" if port == 2525 and encryption is Encryption.SSL else None


def _connection_advice(settings: PartialSettings) -> Iterator[Match]:
    port, encryption, mechanism = settings["port"], settings["encryption"], settings.mechanism
    names = {"port": str(port), "encryption": str(encryption)}
    provider = provider_of(settings["host"]) if settings["host"] else None
    # A provider may document a port with an unusual encryption.
    is_documented = provider is not None and provider.offers(port, encryption)
    if settings.is_socket:
        return
    if (conflict := _port_conflict(port, encryption)) and not is_documented:
        yield conflict, names
    elif protocol := _OTHER_PROTOCOLS.get(port):
        yield "port-of-another-protocol", names | {"protocol": protocol}
    elif port == 25 and mechanism and not settings.is_near:
        yield "port-25-for-a-login", {}
    if settings.is_open and mechanism is Authentication.AUTO:
        yield "auto-on-an-open-link", {}
    # A port for implicit TLS accepts nothing over an unencrypted connection.
    if settings.is_open and not settings.is_local and port not in _IMPLICIT_TLS_PORTS:
        if mechanism in _READABLE:
            what = "The access token" if mechanism in _TOKENS else "The password"
            yield f"secret-readable{'-nearby' if settings.is_near else ''}", {"what": what}
        elif mechanism is None and not settings.is_near and settings["authentication"] is not None:
            yield "submission-in-clear" if port in _SUBMISSION_PORTS else "mail-readable", {}
    if settings.link is ConnectionSecurity.PERHAPS and not settings.is_local:
        yield "starttls-auto-strippable", {}
    elif settings["starttls_auto"] and encryption is Encryption.TLS:
        yield "starttls-auto-ignored", {}
    elif settings["starttls_auto"] and encryption is Encryption.SSL:
        yield "starttls-auto-with-ssl", {}


def _login_advice(settings: PartialSettings) -> Iterator[Match]:
    username, authentication = settings["username"], settings["authentication"]
    secret, has_user = settings.secret, "username" in settings.present
    if authentication is Authentication.EXTERNAL:
        if "client_certificate" not in settings.present:
            yield "external-without-certificate", {}
        if settings.is_open:
            yield "external-on-an-open-link", {}
    elif authentication is Authentication.AUTO and not has_user:
        yield "auto-without-username", {}
    elif authentication not in (None, Authentication.NONE) and not has_user:
        yield "mechanism-without-username", {"authentication": str(authentication)}
    if authentication is Authentication.CRAM_MD5:
        yield "cram-md5", {}
    if username and authentication is Authentication.NONE:
        yield "username-unused", {}
    if username and settings.mechanism and not username.isascii():
        yield "not-ascii", {"what": "The username", "field": "username"}
    idle = (Authentication.NONE, Authentication.AUTO)
    if "password" in settings.present and not has_user and authentication in idle:
        yield "password-without-username", {}
    # No advice reveals the secret's characters.
    if secret and authentication in _TOKENS:
        yield "token-in-the-file", {}
    elif secret != secret.strip():
        yield "password-with-margins", {}
    elif _SPECIAL.intersection(secret):
        yield "password-needs-quotes", {}
    if not secret.isascii():
        yield "not-ascii", {"what": "The password", "field": "password"}


def _certificate_advice(settings: PartialSettings) -> Iterator[Match]:
    present, mode = settings.present, settings["openssl_verify_mode"]
    if "client_key" in present and "client_certificate" not in present:
        yield "client-key-alone", {}
    if settings["tls_minimum"] in (TlsVersion.V1_0, TlsVersion.V1_1):
        yield "tls-minimum-withdrawn", {"version": str(settings["tls_minimum"])}
    if settings.is_open:
        yield from (("only-in-tls", {"field": key}) for key in _ONLY_IN_TLS if key in present)
        if "ca_file" in present:
            yield "ca-file-only-for-mailbox", {}
    if settings.link in (None, ConnectionSecurity.OPEN):
        return
    if mode is VerifyMode.FAIL_IF_NO_PEER_CERT:
        yield "verify-same-as-peer", {}
    if "tls_fingerprint" in present:
        yield "fingerprint-in-place-of-verify", {}
        if "ca_file" in present:
            yield "ca-file-with-fingerprint", {}
    elif mode is VerifyMode.NONE:
        if not settings.is_local:
            yield "verify-none", {}
        if "ca_file" in present:
            yield "ca-file-without-verify", {}
    if is_address(settings["host"] or "") and settings.verifies and "server_name" not in present:
        yield "host-is-an-address", {}


def _name_advice(settings: PartialSettings) -> Iterator[Match]:
    host, family, timeout = settings["host"] or "", settings["address_family"], settings["timeout"]
    if is_address(host) and family is not None:
        own = "ipv6" if ":" in host else "ipv4"
        if family.value not in ("any", own):
            yield "host-not-of-the-family", {"own": own, "family": family.value}
    domain = (settings["domain"] or "").casefold().rstrip(".")
    is_sent = "domain" in settings.present and not settings.is_local
    if is_sent and domain and not domain.startswith("["):
        if "." not in domain or domain.endswith(_UNREAL_DOMAINS):
            yield "domain-not-full", {"domain": domain}
        elif domain == host.casefold().rstrip("."):
            yield "domain-is-the-servers", {}
    if "from" in settings.present and settings.mechanism:
        sender, user = _domain_of(settings["from"] or ""), _domain_of(settings["username"] or "")
        is_related = sender == user or sender.endswith(f".{user}") or user.endswith(f".{sender}")
        if sender and user and not is_related:
            yield "sender-of-another-domain", {"sender": sender, "user": user}
    if timeout is not None and timeout < _SHORTEST_TIMEOUT:
        yield "timeout-short", {"timeout": f"{timeout:g}"}


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].rstrip("> ").casefold() if "@" in address else ""


def _provider_advice(settings: PartialSettings) -> Iterator[Match]:
    """Yield advice on settings that do not fit the host's provider."""
    provider = settings.provider
    if provider is None:
        if settings["host"] and not settings.is_near:
            yield from _wrong_host(settings["host"])
        return
    names = {"provider": provider.name}
    port, encryption = settings["port"], settings["encryption"]
    is_known_combination = (
        None in (port, encryption)
        or provider.offers(port, encryption)
        or _port_conflict(port, encryption)
        or provider.more_ways  # undocumented combinations may still work
    )
    if not is_known_combination:
        ways = [f"{way.port} with {way.encryption}" for way in provider.ways]
        yield "provider-way", names | {"ways": listed(ways, "or")}
    username, mechanism = settings["username"], settings.mechanism
    if settings["authentication"] is Authentication.NONE and "authentication" in settings.present:
        if Authentication.NONE not in provider.authentication:
            yield "provider-wants-a-login", names
    elif provider.user is UsernameKind.NONE and mechanism:
        yield "provider-without-login", names
    if provider.user is UsernameKind.NONE or mechanism in (None, Authentication.EXTERNAL):
        return
    if username and not provider.takes_username(username):
        yield "provider-username", names | {"wanted": provider.username_is}
    if not provider.takes_mechanism(mechanism):
        yield (
            "provider-authentication",
            names | {"mechanisms": listed(provider.authentication, "or")},
        )
    if provider.id == _AMAZON_SES and len(settings.secret) == _IAM_SECRET:
        yield "password-of-iam", {}


def _wrong_host(host: str) -> Iterator[Match]:
    for provider in providers_naming(host):
        names = {"provider": provider.name, "right": provider.host or "its submission server"}
        if host.casefold().rstrip(".") in provider.domains:
            yield "host-is-a-mail-domain", names
            return
        if provider.takes_mail_at(host):
            yield "host-takes-incoming-mail", names
            return


class Severity(StrEnum):
    """How serious an advice is, the worst first."""

    ERROR = "error"  # it cannot work, or gives a secret away
    WARNING = "warning"  # it may fail, or protects less than it seems to
    NOTE = "note"  # good to know


@record(kw_only=True)
class Advice:
    """Advice on a field's value in combination with the others.

    `short` fits next to the value; `text` is the full advice, `more` what to do. `field` is where
    it is shown, `others` are the fields that it depends on too.
    """

    id: str
    severity: Severity
    field: str
    short: str
    text: str
    more: str = ""
    others: tuple[str, ...] = ()

    def concerns(self, key: str) -> bool:
        """Whether the advice is about a field or depends on it."""
        return key == self.field or key in self.others


_LONGEST = 80  # characters of a value that a text repeats
_SEVERITIES = tuple(Severity)
_FIELD_ORDER = {field.key: place for place, field in enumerate(FIELDS)}
_RULES = (
    _connection_advice, _login_advice, _certificate_advice, _name_advice, _provider_advice,
)  # fmt: skip


def advise(
    values: Mapping[str, object], tried: TriedEncryptions | None = None
) -> tuple[Advice, ...]:
    """Return the advice on a table's raw values, the most severe first.

    No advice contradicts what was `tried` at the same host.
    """
    settings = parse_partial(values)
    if tried is not None and tried.host != (settings["host"] or "").casefold():
        tried = None
    matches = [match for rule in _RULES for match in rule(settings)]
    if tried is not None:
        matches = [match for match in matches if not _is_refuted(match[0], settings, tried)]
    found = [_advice(*match) for match in matches]
    if tried is not None:
        found = [_without_vain_remedy(advice, settings, tried) for advice in found]

    def rank(advice: Advice) -> tuple[int, int]:
        return _SEVERITIES.index(advice.severity), _FIELD_ORDER[advice.field]

    return tuple(sorted(found, key=rank))


def _is_refuted(identity: str, settings: PartialSettings, tried: TriedEncryptions) -> bool:
    """Whether a test showed that the port does not expect what the advice says it does."""
    expected, port = texts_of("advice.toml")[identity].get("expects"), settings["port"]
    as_set = (port, str(settings["encryption"]))
    return bool(expected) and ((port, expected) in tried.failed or as_set in tried.worked)


def _without_vain_remedy(
    advice: Advice, settings: PartialSettings, tried: TriedEncryptions
) -> Advice:
    entry = texts_of("advice.toml")[advice.id]
    if (settings["port"], entry.get("remedy")) in tried.failed:
        return replace(advice, more="")
    others = [
        more for port, more in entry.get("if_refused", {}).items() if int(port) in tried.refused
    ]
    if others:
        # If every port that it names is refused, nothing is left to recommend.
        return replace(advice, more=others[0] if len(others) == 1 else "")
    return advice


def _advice(identity: str, names: Mapping[str, str]) -> Advice:
    entry = texts_of("advice.toml")[identity]
    filled = {name: escape_controls(shortened(text, _LONGEST)) for name, text in names.items()}
    return Advice(
        id=identity,
        severity=Severity(entry["severity"]),
        field=names.get("field", entry["field"]),
        short=entry["short"].format_map(filled),
        text=entry["text"].format_map(filled),
        more=entry.get("more", "").format_map(filled),
        others=tuple(entry.get("others", ())),
    )
