"""A sentence that holds.

The login: who, with what, by which mechanism.

The server, the way to it, and the names that are said to it.

TLS: what is asked of the server's certificate, and what is shown of our own.

What a field's value amounts to together with the others, in a sentence or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache

from smtp_tui.diagnosis import value_notes
from smtp_tui.diagnosis.partial_settings import LinkSecurity, PartialSettings, parse_partial
from smtp_tui.diagnosis.text_catalog import load_texts
from smtp_tui.providers.known import provider_of
from smtp_tui.providers.provider import Provider, User
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, TlsVersion, VerifyMode
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.settings.parsers import is_address
from smtp_tui.settings.password_sources import (
    Ask,
    Command,
    Environment,
    File,
    Keyring,
    Literal,
    PasswordSource,
)
from smtp_tui.smtp.escaping import escape_controls


@record
class TextPart:
    """The name of a sentence among its field's, or those for any, and what fills its braces."""

    name: str
    names: Mapping[str, str] = field(default_factory=dict)


Meaning = Callable[[PartialSettings], Iterator[TextPart]]


_CLEAR = (Authentication.PLAIN, Authentication.LOGIN)
_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
_PLACES: dict[type[PasswordSource], str] = {
    Literal: "in-file",
    Keyring: "in-keyring",
    Environment: "in-variable",
    File: "in-another-file",
    Command: "by-program",
    Ask: "asked",
}


def _username(given: PartialSettings) -> Iterator[TextPart]:
    authentication = given["authentication"]
    if given["username"]:
        if authentication is Authentication.NONE:
            yield TextPart("idle")
        elif authentication is not None:
            yield TextPart("used", {"authentication": str(authentication)})
        return
    yield TextPart("nobody")
    if (provider := _provider(given)) and provider.user is not User.NONE:
        yield TextPart("at-provider", {"provider": provider.name, "wanted": provider.username_is})


def _password(given: PartialSettings) -> Iterator[TextPart]:
    source, is_wanted = given["password"], given.mechanism not in (None, Authentication.EXTERNAL)
    if source is not None:
        yield TextPart(_PLACES[type(source)])
        if given["authentication"] is not None and not is_wanted:
            yield TextPart("idle")
    elif is_wanted:
        yield TextPart("missing")
    else:
        yield TextPart("not-needed")
    provider = _provider(given)
    if provider and is_wanted:
        yield TextPart("at-provider", {"provider": provider.name, "wanted": provider.password_is})


def _authentication(given: PartialSettings) -> Iterator[TextPart]:
    mechanism = given.mechanism
    names = {"mechanism": str(given["authentication"]).upper()}
    if mechanism is None:
        is_auto = given["authentication"] is Authentication.AUTO
        yield TextPart("auto-for-nobody" if is_auto else "nobody")
    elif mechanism is Authentication.AUTO:
        yield from _auto(given.link)
    elif mechanism in _CLEAR:
        link = given.link or LinkSecurity.TLS
        yield TextPart(f"clear-{link.value}", names)
    elif mechanism in _TOKENS:
        yield TextPart("token", names)
    elif mechanism is Authentication.EXTERNAL:
        yield TextPart("external")
    else:
        yield TextPart("proof", names)


def _auto(link: LinkSecurity | None) -> Iterator[TextPart]:
    if link is not None:
        from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN

        names = {"encrypted": _listed(AUTO_ENCRYPTED), "open": _listed(AUTO_OPEN)}
        yield TextPart(f"auto-{link.value}", names)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _provider(given: PartialSettings) -> Provider | None:
    host = given["host"]
    return provider_of(host) if host and not given.is_near else None


LOGIN_NOTES: dict[str, Meaning] = {
    "username": _username,
    "password": _password,
    "authentication": _authentication,
}


def _host(given: PartialSettings) -> Iterator[TextPart]:
    host = given["host"]
    if not host:
        yield TextPart("missing")
        return
    provider = None if given.is_near else provider_of(host)
    if provider is not None:
        yield TextPart("provider", {"provider": provider.name})
        yield from (TextPart("as-it-is", {"text": note}) for note in provider.notes[:1])
    else:
        yield TextPart("local" if given.is_local else "address" if is_address(host) else "name")
    if given.link in (LinkSecurity.TLS, LinkSecurity.PERHAPS) and given.verifies:
        yield TextPart("shown", {"name": given["server_name"] or host})


def _port(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.TLS:
        yield TextPart(given["encryption"].value)
    elif given.link is not None:
        yield TextPart(given.link.value)


def _encryption(given: PartialSettings) -> Iterator[TextPart]:
    yield from _port(given)


def _starttls_auto(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.TLS:
        yield TextPart("idle", {"encryption": given["encryption"].value})
    elif given.link is not None:
        yield TextPart(given.link.value)


def _domain(given: PartialSettings) -> Iterator[TextPart]:
    domain = given["domain"]
    yield TextPart("said", {"domain": domain}) if domain else TextPart("found")


def _sender(given: PartialSettings) -> Iterator[TextPart]:
    sender = given["from"]
    if not sender:
        yield TextPart("found")
        return
    envelope = parse_mailbox(sender).envelope
    yield TextPart("said" if "from" in given.present else "made", {"sender": envelope})


def _timeout(given: PartialSettings) -> Iterator[TextPart]:
    yield TextPart("limit", {"timeout": f"{given['timeout']:g}"})


def _address_family(given: PartialSettings) -> Iterator[TextPart]:
    yield TextPart(given["address_family"].value)


def _source_address(given: PartialSettings) -> Iterator[TextPart]:
    source = given["source_address"]
    yield TextPart("left-from", {"source": source}) if source else TextPart("chosen")


SERVER_NOTES: dict[str, Meaning] = {
    "host": _host,
    "port": _port,
    "domain": _domain,
    "encryption": _encryption,
    "starttls_auto": _starttls_auto,
    "from": _sender,
    "timeout": _timeout,
    "address_family": _address_family,
    "source_address": _source_address,
}


def _verify_mode(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    elif "tls_fingerprint" in given.present:
        yield TextPart("pinned")
    elif given["openssl_verify_mode"] is VerifyMode.NONE:
        yield TextPart("any")
    elif name := given["server_name"] or given["host"]:
        trusted = "by-file" if "ca_file" in given.present else "by-system"
        yield TextPart(trusted, {"name": name})


def _ca_file(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    elif not given.verifies:
        yield TextPart("idle")
    else:
        yield TextPart("trusted" if given["ca_file"] else "system")


def _server_name(given: PartialSettings) -> Iterator[TextPart]:
    name = given["server_name"]
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    elif name:
        yield TextPart("wanted" if given.verifies else "asked", {"name": name})
    elif given["host"]:
        yield TextPart("host" if given.verifies else "host-asked", {"host": given["host"]})


def _tls_minimum(given: PartialSettings) -> Iterator[TextPart]:
    version = given["tls_minimum"]
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    else:
        yield TextPart(
            "alone" if version is TlsVersion.V1_3 else "newer", {"version": str(version)}
        )


def _tls_fingerprint(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    else:
        yield TextPart("pinned" if given["tls_fingerprint"] else "none")


def _client_certificate(given: PartialSettings) -> Iterator[TextPart]:
    if given.link is LinkSecurity.OPEN:
        yield TextPart("no-tls")
    else:
        yield TextPart("shown" if given["client_certificate"] else "none")


def _client_key(given: PartialSettings) -> Iterator[TextPart]:
    if "client_certificate" not in given.present:
        yield TextPart("alone" if given["client_key"] else "none")
    else:
        yield TextPart("apart" if given["client_key"] else "within")


TLS_NOTES: dict[str, Meaning] = {
    "openssl_verify_mode": _verify_mode,
    "ca_file": _ca_file,
    "server_name": _server_name,
    "tls_minimum": _tls_minimum,
    "tls_fingerprint": _tls_fingerprint,
    "client_certificate": _client_certificate,
    "client_key": _client_key,
}


_OF = {**value_notes.SERVER_NOTES, **value_notes.LOGIN_NOTES, **value_notes.TLS_NOTES}
# Their texts say themselves what holds where nothing is set.
_SELF_EVIDENT = (FieldKind.TEXT, FieldKind.PASSWORD)


def value_note(key: str, values: Mapping[str, object]) -> str:
    """Say what a field amounts to among a table's raw values; nothing where it cannot be read."""
    given = parse_partial(values)
    if key not in given.values:
        return ""
    parts = [*_unset(key, given), *_OF[key](given)]
    return escape_controls(" ".join(_sentence(key, part) for part in parts))


@cache
def note_texts() -> dict[str, dict[str, str]]:
    """Return the sentences of each field, by what they are for."""
    return load_texts("meaning.toml")


def _unset(key: str, given: PartialSettings) -> list[TextPart]:
    kind, value = BY_KEY[key].kind, given[key]
    if key in given.present or kind in _SELF_EVIDENT:
        return []
    if kind is FieldKind.SWITCH:
        return [TextPart("unset", {"value": "yes" if value else "no"})]
    return [TextPart("unset", {"value": f"{value:g}" if kind is FieldKind.NUMBER else str(value)})]


def _sentence(key: str, part: TextPart) -> str:
    own = note_texts().get(key, {})
    text = own[part.name] if part.name in own else note_texts()["any"][part.name]
    return text.format_map(part.names)
