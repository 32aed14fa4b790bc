"""Port and encryption: what goes together, and what can be read on the way."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.diagnosis.advising.hits import Hit
from smtp_tui.diagnosis.given import Given, Link
from smtp_tui.providers.known import provider_of
from smtp_tui.settings.choices import Authentication, Encryption

FROM_THE_FIRST_BYTE = (465, 2465)
STARTS_PLAIN = (25, 587, 2587)
SUBMISSION = (587, 2587)
# Not 80 and 443: some providers take mail there, for networks that let nothing else out.
OTHERS_PORTS = {110: "POP3", 143: "IMAP", 993: "IMAP", 995: "POP3", 4190: "ManageSieve"}
TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
READABLE = (Authentication.PLAIN, Authentication.LOGIN, *TOKENS)


def hits(given: Given) -> Iterator[Hit]:
    """Yield what holds."""
    yield from _port(given)
    if given.link is Link.OPEN:
        yield from _open(given)
    yield from _starttls_auto(given)


def clash(port: int | None, encryption: Encryption | None) -> str | None:
    """Return the id of what is told of a port and an encryption that do not go together."""
    if port in FROM_THE_FIRST_BYTE and encryption in (Encryption.NONE, Encryption.TLS):
        return "port-wants-ssl"
    if port in STARTS_PLAIN and encryption is Encryption.SSL:
        return "port-wants-tls"
    return "port-2525-with-ssl" if port == 2525 and encryption is Encryption.SSL else None


def _port(given: Given) -> Iterator[Hit]:
    port, encryption = given["port"], given["encryption"]
    names = {"port": str(port), "encryption": str(encryption)}
    if (told := clash(port, encryption)) and not _is_documented(given):
        yield Hit(told, names)
    elif protocol := OTHERS_PORTS.get(port):
        yield Hit("port-of-another-protocol", names | {"protocol": protocol})
    elif port == 25 and given.mechanism and not given.is_near:
        yield Hit("port-25-for-a-login")


def _is_documented(given: Given) -> bool:
    """Whether the host's provider documents this port with this encryption, odd as it is."""
    provider = provider_of(given["host"]) if given["host"] else None
    return provider is not None and provider.offers(given["port"], given["encryption"])


def _open(given: Given) -> Iterator[Hit]:
    mechanism = given.mechanism
    if mechanism is Authentication.AUTO:
        yield Hit("auto-on-an-open-link")
    if given.is_local or given["port"] in FROM_THE_FIRST_BYTE:
        return  # nothing leaves the machine, or nothing will go over that link at all
    if mechanism in READABLE:
        what = "The access token" if mechanism in TOKENS else "The password"
        yield Hit(f"secret-readable{'-nearby' if given.is_near else ''}", {"what": what})
    elif mechanism is None and not given.is_near and given["authentication"] is not None:
        is_submission = given["port"] in SUBMISSION
        yield Hit("submission-in-clear" if is_submission else "mail-readable")


def _starttls_auto(given: Given) -> Iterator[Hit]:
    if given.link is Link.PERHAPS and not given.is_local:
        yield Hit("starttls-auto-strippable")
    elif given["starttls_auto"] and given["encryption"] is Encryption.TLS:
        yield Hit("starttls-auto-ignored")
    elif given["starttls_auto"] and given["encryption"] is Encryption.SSL:
        yield Hit("starttls-auto-with-ssl")
