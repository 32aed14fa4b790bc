"""Thunderbird's autoconfig file: what a domain says about its mail servers, over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtp_tui.discovery.candidates import Candidate
from smtp_tui.discovery.steps import SearchQuery, Source
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_SERVERS = 4
_ENCRYPTION = {"SSL": Encryption.SSL, "STARTTLS": Encryption.TLS, "plain": Encryption.NONE}


class AutoconfigError(Exception):
    """The file is no autoconfig file; the text says why."""


def urls(name: str) -> tuple[str, ...]:
    """Where a domain may keep its file; the address is told to nobody."""
    return (
        f"https://autoconfig.{name}/mail/config-v1.1.xml",
        f"https://{name}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def is_available() -> bool:
    """Whether the parser that is proof against hostile XML is installed."""
    try:
        import defusedxml  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def places_in(data: bytes, subject: SearchQuery) -> tuple[Candidate, ...]:
    """Return the places that a file names, in its order; NotReadable when it is none."""
    import defusedxml
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        raise AutoconfigError("it is not well-formed XML without entities") from None
    if root.tag != "clientConfig":
        raise AutoconfigError("it is not an autoconfig file")
    return tuple(_places(root, subject))[:MOST_SERVERS]


def _places(root: Element, subject: SearchQuery) -> Iterator[Candidate]:
    for order, server in enumerate(root.iterfind("emailProvider/outgoingServer")):
        if server.get("type") != "smtp":
            continue
        host = _filled(server.findtext("hostname", ""), subject)
        try:
            port = parsers.port(server.findtext("port", ""))
            host = parsers.ascii_name(parsers.host(host or "")).removesuffix(".").lower()
        except ValueError:
            continue
        yield Candidate(
            host=host,
            port=port,
            source=Source.AUTOCONFIG,
            order=order,
            encryption=_ENCRYPTION.get(server.findtext("socketType", "").strip()),
            username=_username(server.findtext("username", ""), subject),
            secure=True,
        )


def _username(said: str, subject: SearchQuery) -> str | None:
    name = _filled(said, subject)
    try:
        return parsers.text(name) if name else None
    except ValueError:
        return None


def _filled(said: str, subject: SearchQuery) -> str | None:
    """Fill in what stands for parts of the address; None where nobody gave one."""
    address = subject.address or ""
    filled = said.strip().replace("%EMAILDOMAIN%", subject.name)
    if address:
        filled = filled.replace("%EMAILADDRESS%", address)
        filled = filled.replace("%EMAILLOCALPART%", address.rpartition("@")[0])
    return filled if filled and "%" not in filled else None
