"""Fetch and parse Thunderbird's autoconfig file, which names a domain's mail servers.

HTTPS only, with a verified certificate; a DTD is rejected.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import suppress

from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import Candidate, CandidateSource, DiscoveryQuery
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.web.https import WebError, request

MOST_SERVERS = 4
_ENCRYPTION = {"SSL": Encryption.SSL, "STARTTLS": Encryption.TLS, "plain": Encryption.NONE}


class AutoconfigError(Exception):
    """No valid file could be fetched; the message says why in a few words."""


def urls(name: str) -> tuple[str, ...]:
    """Return the URLs of a domain's file."""
    # Without Thunderbird's ?emailaddress=…: a domain need not learn the address.
    return (
        f"https://autoconfig.{name}/mail/config-v1.1.xml",
        f"https://{name}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def is_available() -> bool:
    """Whether defusedxml, the parser for untrusted XML, is installed."""
    return importlib.util.find_spec("defusedxml") is not None


async def fetch(
    url: str, resolver: Resolver, ca_file: str | None = None, seconds: float = 10.0
) -> bytes:
    """Return the file at an HTTPS URL; AutoconfigError if it cannot be fetched."""

    async def find(host: str) -> Sequence[str]:
        return (await resolver.addresses(host)).records

    try:
        reply = await request(url, find=find, ca_file=ca_file, limit=seconds)
    except WebError as error:
        raise AutoconfigError(str(error)) from None
    if reply.status != 200:
        raise AutoconfigError(f"the server replies {reply.status}")
    return reply.body


def candidates_in(data: bytes, query: DiscoveryQuery) -> tuple[Candidate, ...]:
    """Return the servers that a file names, in its order; AutoconfigError if invalid."""
    # An optional dependency, which may not be installed.
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):  # defusedxml's own errors are ValueErrors
        raise AutoconfigError("it is not well-formed XML without entities") from None
    if root.tag != "clientConfig":
        raise AutoconfigError("it is not an autoconfig file")
    found = []
    for order, server in enumerate(root.iterfind("emailProvider/outgoingServer")):
        if server.get("type") != "smtp":
            continue
        try:
            port = parsers.port(server.findtext("port", ""))
            host = parsers.host(_fill_in(server.findtext("hostname", ""), query) or "")
            host = parsers.ascii_name(host).removesuffix(".").lower()
        except ValueError:
            continue
        username = None
        with suppress(ValueError):
            username = parsers.text(_fill_in(server.findtext("username", ""), query) or "") or None
        found.append(
            Candidate(
                host=host,
                port=port,
                source=CandidateSource.AUTOCONFIG,
                order=order,
                encryption=_ENCRYPTION.get(server.findtext("socketType", "").strip()),
                username=username,
                secure=True,
            )
        )
    return tuple(found[:MOST_SERVERS])


def _fill_in(text: str, query: DiscoveryQuery) -> str | None:
    """Fill in the placeholders; None if the result is empty or one is left."""
    filled = text.strip().replace("%EMAILDOMAIN%", query.name)
    if query.address:
        filled = filled.replace("%EMAILADDRESS%", query.address)
        filled = filled.replace("%EMAILLOCALPART%", query.address.rpartition("@")[0])
    return filled if filled and "%" not in filled else None
