"""A rule that holds.

Port and encryption: what goes together, and what can be read on the way.

The login: who, by which mechanism, with what secret, and what other programs make of it.

Names and numbers: the host, the name in EHLO, the sender, the time there is.

What does not fit the provider whose server the host is, as `providers` knows it.

TLS: whom it takes for the server, and which settings have no part in it.

Advice while editing: what does not go together, before a test finds it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field as default
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from smtp_tui.diagnosis.partial_settings import (
    LinkSecurity,
    PartialSettings,
    domain_of,
    parse_partial,
)
from smtp_tui.diagnosis.text_catalog import load_texts
from smtp_tui.providers.known import provider_of, providers_naming
from smtp_tui.providers.provider import Provider, User
from smtp_tui.records import record
from smtp_tui.settings.choices import (
    AddressFamily,
    Authentication,
    Encryption,
    TlsVersion,
    VerifyMode,
)
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.escaping import escape_controls

if TYPE_CHECKING:
    pass  # rf


@record
class AdviceMatch:
    """The id of an advice, what fills the names in its text, and its field where that varies."""

    id: str
    names: Mapping[str, str] = default(default_factory=dict)
    field: str = ""


FROM_THE_FIRST_BYTE = (465, 2465)
STARTS_PLAIN = (25, 587, 2587)
SUBMISSION = (587, 2587)
# Not 80 and 443: some providers take mail there, for networks that let nothing else out.
OTHERS_PORTS = {110: "POP3", 143: "IMAP", 993: "IMAP", 995: "POP3", 4190: "ManageSieve"}
TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
READABLE = (Authentication.PLAIN, Authentication.LOGIN, *TOKENS)


def connection_advice(given: PartialSettings) -> Iterator[AdviceMatch]:
    """Yield what holds."""
    yield from _port(given)
    if given.link is LinkSecurity.OPEN:
        yield from _open(given)
    yield from _starttls_auto(given)


def clash(port: int | None, encryption: Encryption | None) -> str | None:
    """Return the id of what is told of a port and an encryption that do not go together."""
    if port in FROM_THE_FIRST_BYTE and encryption in (Encryption.NONE, Encryption.TLS):
        return "port-wants-ssl"
    if port in STARTS_PLAIN and encryption is Encryption.SSL:
        return "port-wants-tls"
    return "port-2525-with-ssl" if port == 2525 and encryption is Encryption.SSL else None


def _port(given: PartialSettings) -> Iterator[AdviceMatch]:
    port, encryption = given["port"], given["encryption"]
    names = {"port": str(port), "encryption": str(encryption)}
    if (told := clash(port, encryption)) and not _is_documented(given):
        yield AdviceMatch(told, names)
    elif protocol := OTHERS_PORTS.get(port):
        yield AdviceMatch("port-of-another-protocol", names | {"protocol": protocol})
    elif port == 25 and given.mechanism and not given.is_near:
        yield AdviceMatch("port-25-for-a-login")


def _is_documented(given: PartialSettings) -> bool:
    """Whether the host's provider documents this port with this encryption, odd as it is."""
    provider = provider_of(given["host"]) if given["host"] else None
    return provider is not None and provider.offers(given["port"], given["encryption"])


def _open(given: PartialSettings) -> Iterator[AdviceMatch]:
    mechanism = given.mechanism
    if mechanism is Authentication.AUTO:
        yield AdviceMatch("auto-on-an-open-link")
    if given.is_local or given["port"] in FROM_THE_FIRST_BYTE:
        return  # nothing leaves the machine, or nothing will go over that link at all
    if mechanism in READABLE:
        what = "The access token" if mechanism in TOKENS else "The password"
        yield AdviceMatch(f"secret-readable{'-nearby' if given.is_near else ''}", {"what": what})
    elif mechanism is None and not given.is_near and given["authentication"] is not None:
        is_submission = given["port"] in SUBMISSION
        yield AdviceMatch("submission-in-clear" if is_submission else "mail-readable")


def _starttls_auto(given: PartialSettings) -> Iterator[AdviceMatch]:
    if given.link is LinkSecurity.PERHAPS and not given.is_local:
        yield AdviceMatch("starttls-auto-strippable")
    elif given["starttls_auto"] and given["encryption"] is Encryption.TLS:
        yield AdviceMatch("starttls-auto-ignored")
    elif given["starttls_auto"] and given["encryption"] is Encryption.SSL:
        yield AdviceMatch("starttls-auto-with-ssl")


# What a shell, a .env file or Compose may take for its own.
_SPECIAL = frozenset("$#\"'`\\ ")


def login_advice(given: PartialSettings) -> Iterator[AdviceMatch]:
    """Yield what holds."""
    yield from _mechanism(given)
    yield from _user(given)
    yield from _secret(given)


def _mechanism(given: PartialSettings) -> Iterator[AdviceMatch]:
    authentication = given["authentication"]
    has_user = "username" in given.present
    if authentication is Authentication.EXTERNAL:
        if "client_certificate" not in given.present:
            yield AdviceMatch("external-without-certificate")
        if given.link is LinkSecurity.OPEN:
            yield AdviceMatch("external-on-an-open-link")
    elif authentication is Authentication.AUTO:
        if not has_user:
            yield AdviceMatch("auto-without-username")
    elif authentication not in (None, Authentication.NONE) and not has_user:
        yield AdviceMatch("mechanism-without-username", {"authentication": str(authentication)})
    if authentication is Authentication.CRAM_MD5:
        yield AdviceMatch("cram-md5")


def _user(given: PartialSettings) -> Iterator[AdviceMatch]:
    username, authentication = given["username"], given["authentication"]
    if username and authentication is Authentication.NONE:
        yield AdviceMatch("username-unused")
    if username and given.mechanism and not username.isascii():
        yield AdviceMatch("not-ascii", {"what": "The username"}, "username")
    idle = (Authentication.NONE, Authentication.AUTO)
    has_user = "username" in given.present
    if "password" in given.present and not has_user and authentication in idle:
        yield AdviceMatch("password-without-username")


def _secret(given: PartialSettings) -> Iterator[AdviceMatch]:
    """What is told never tells which characters the secret has."""
    secret = given.secret
    if not secret:
        return
    if given["authentication"] in TOKENS:
        yield AdviceMatch("token-in-the-file")
    elif secret != secret.strip():
        yield AdviceMatch("password-with-margins")
    elif _SPECIAL.intersection(secret):
        yield AdviceMatch("password-needs-quotes")
    if not secret.isascii():
        yield AdviceMatch("not-ascii", {"what": "The password"}, "password")


SHORTEST = 5  # seconds; Ruby's default for each single answer
_NOBODYS = (".localdomain", ".localhost")


def name_advice(given: PartialSettings) -> Iterator[AdviceMatch]:
    """Yield what holds."""
    yield from _host(given)
    yield from _domain(given)
    yield from _sender(given)
    timeout = given["timeout"]
    if timeout is not None and timeout < SHORTEST:
        yield AdviceMatch("timeout-short", {"timeout": f"{timeout:g}"})


def _host(given: PartialSettings) -> Iterator[AdviceMatch]:
    host, family = given["host"] or "", given["address_family"]
    if is_address(host) and family not in (None, AddressFamily.ANY):
        own = AddressFamily.IPV6 if ":" in host else AddressFamily.IPV4
        if own is not family:
            yield AdviceMatch("host-not-of-the-family", {"own": own.value, "family": family.value})


def _domain(given: PartialSettings) -> Iterator[AdviceMatch]:
    if "domain" not in given.present or given.is_local:
        return
    domain = (given["domain"] or "").casefold().rstrip(".")
    if not domain or domain.startswith("["):
        return
    if "." not in domain or domain.endswith(_NOBODYS):
        yield AdviceMatch("domain-not-full", {"domain": domain})
    elif domain == (given["host"] or "").casefold().rstrip("."):
        yield AdviceMatch("domain-is-the-servers")


def _sender(given: PartialSettings) -> Iterator[AdviceMatch]:
    if "from" not in given.present or not given.mechanism:
        return
    sender, user = domain_of(given["from"] or ""), domain_of(given["username"] or "")
    if sender and user and not _are_related(sender, user):
        yield AdviceMatch("sender-of-another-domain", {"sender": sender, "user": user})


def _are_related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


AMAZON_SES = "amazon-ses"
_IAM_SECRET = 40  # characters; an SMTP password of the same provider has 44


def provider_advice(given: PartialSettings) -> Iterator[AdviceMatch]:
    """Yield what holds."""
    host = given["host"]
    if not host or given.is_near:
        return
    provider = provider_of(host)
    if provider is not None:
        yield from _way(given, provider)
        yield from _login(given, provider)
    else:
        yield from _wrong_host(host)


def _way(given: PartialSettings, provider: Provider) -> Iterator[AdviceMatch]:
    port, encryption = given["port"], given["encryption"]
    if None in (port, encryption) or provider.offers(port, encryption) or clash(port, encryption):
        return
    if provider.more_ways:  # what no source tells of may work all the same
        return
    ways = [f"{way.port} with {way.encryption}" for way in provider.ways]
    yield AdviceMatch("provider-way", {"provider": provider.name, "ways": _listed(ways)})


def _login(given: PartialSettings, provider: Provider) -> Iterator[AdviceMatch]:
    names = {"provider": provider.name}
    username, mechanism = given["username"], given.mechanism
    if given["authentication"] is Authentication.NONE and "authentication" in given.present:
        if Authentication.NONE not in provider.authentication:
            yield AdviceMatch("provider-wants-a-login", names)
    elif provider.user is User.NONE and mechanism:
        yield AdviceMatch("provider-without-login", names)
    if provider.user is User.NONE or mechanism in (None, Authentication.EXTERNAL):
        return
    if username and not provider.takes_username(username):
        yield AdviceMatch("provider-username", names | {"wanted": provider.username_is})
    if not provider.takes_mechanism(mechanism):
        told = _listed(provider.authentication)
        yield AdviceMatch("provider-authentication", names | {"mechanisms": told})
    if provider.id == AMAZON_SES and len(given.secret or "") == _IAM_SECRET:
        yield AdviceMatch("password-of-iam")


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _wrong_host(host: str) -> Iterator[AdviceMatch]:
    name = host.casefold().rstrip(".")
    for provider in providers_naming(host):
        names = {"provider": provider.name, "right": provider.host or "its submission server"}
        if name in provider.domains:
            yield AdviceMatch("host-is-a-mail-domain", names)
        elif provider.takes_mail_at(host):
            yield AdviceMatch("host-takes-incoming-mail", names)
        else:
            continue
        return


ONLY_IN_TLS = ("ca_file", "server_name", "tls_fingerprint", "client_certificate")


def certificate_advice(given: PartialSettings) -> Iterator[AdviceMatch]:
    """Yield what holds."""
    if "client_key" in given.present and "client_certificate" not in given.present:
        yield AdviceMatch("client-key-alone")
    if given["tls_minimum"] in (TlsVersion.V1_0, TlsVersion.V1_1):
        yield AdviceMatch("tls-minimum-withdrawn", {"version": str(given["tls_minimum"])})
    if given.link is LinkSecurity.OPEN:
        for key in ONLY_IN_TLS:
            if key in given.present:
                yield AdviceMatch("only-in-tls", field=key)
    elif given.link is not None:
        yield from _mode(given)
        yield from _name(given)


def _mode(given: PartialSettings) -> Iterator[AdviceMatch]:
    mode = given["openssl_verify_mode"]
    if mode is VerifyMode.FAIL_IF_NO_PEER_CERT:
        yield AdviceMatch("verify-same-as-peer")
    if "tls_fingerprint" in given.present:
        yield AdviceMatch("fingerprint-in-place-of-verify")
        if "ca_file" in given.present:
            yield AdviceMatch("ca-file-with-fingerprint")
    elif mode is VerifyMode.NONE:
        if not given.is_local:
            yield AdviceMatch("verify-none")
        if "ca_file" in given.present:
            yield AdviceMatch("ca-file-without-verify")


def _name(given: PartialSettings) -> Iterator[AdviceMatch]:
    if is_address(given["host"] or "") and given.verifies and "server_name" not in given.present:
        yield AdviceMatch("host-is-an-address")


_PLACES = {field.key: place for place, field in enumerate(FIELDS)}


class Severity(StrEnum):
    """How much depends on it, the gravest first."""

    ERROR = "error"  # it cannot work, or gives a secret away
    WARNING = "warning"  # it may fail, or protects less than it seems to
    NOTE = "note"  # good to know


_GRAVEST = tuple(Severity)


@record(kw_only=True)
class Advice:
    """What there is to say about a field as it stands together with the others.

    `short` fits beside the value; `text` says it whole, `more` what to do. `field` is where it is
    told, `others` are the fields that it depends on too.
    """

    id: str
    severity: Severity
    field: str
    short: str
    text: str
    more: str = ""
    others: tuple[str, ...] = ()

    def concerns(self, key: str) -> bool:
        """Whether it is about a field, in the first place or beside others."""
        return key == self.field or key in self.others


def advise(values: Mapping[str, object]) -> tuple[Advice, ...]:
    """Return what there is to say of a table's raw values, the gravest first."""
    given = parse_partial(values)
    found = [_advice(hit) for hit in _hits(given)]
    return tuple(sorted(found, key=lambda one: (_GRAVEST.index(one.severity), _PLACES[one.field])))


def _hits(given: PartialSettings) -> Iterator[AdviceMatch]:
    # Whoever only names an advice needs no rules; the form stands before it is advised.
    # rf

    yield from connection_advice(given)
    yield from login_advice(given)
    yield from certificate_advice(given)
    yield from name_advice(given)
    yield from provider_advice(given)


def _advice(hit: AdviceMatch) -> Advice:
    told = advice_texts()[hit.id]
    filled = {name: escape_controls(_cut(text)) for name, text in hit.names.items()}
    return Advice(
        id=hit.id,
        severity=Severity(told["severity"]),
        field=hit.field or told["field"],
        short=told["short"].format_map(filled),
        text=told["text"].format_map(filled),
        more=told.get("more", "").format_map(filled),
        others=tuple(told.get("others", ())),
    )


@cache
def advice_texts() -> dict[str, dict[str, Any]]:
    """Return what is told, by id."""
    return load_texts("advice.toml")


def _cut(text: str, longest: int = 80) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
