"""Fetch and parse Thunderbird's autoconfig file, which names a domain's mail servers.

HTTPS only, with a verified certificate; size and redirects are limited, a DTD is rejected.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import ssl
from contextlib import suppress
from functools import partial
from http.client import HTTPException, HTTPResponse
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import Candidate, CandidateSource, DiscoveryQuery
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.threads import in_daemon_thread

LARGEST = 64 * 1024
"""Maximum bytes, headers and file together."""
PORT = 443
MOST_REDIRECTS = 3
MOST_ADDRESSES = 3
MOST_SERVERS = 4
_REDIRECTS = {301, 302, 303, 307, 308}
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


async def fetch(url: str, resolver: Resolver, ca_file: str | None = None) -> bytes:
    """Return the file at an HTTPS URL; AutoconfigError if it cannot be fetched."""
    for _ in range(MOST_REDIRECTS + 1):
        data = await _get(url, resolver, ca_file)
        # HTTPResponse needs only a socket's makefile().
        source = SimpleNamespace(makefile=lambda *_, data=data: io.BytesIO(data))
        response = HTTPResponse(cast("Any", source))
        try:
            response.begin()
        except (HTTPException, ValueError, OSError):
            raise AutoconfigError("the reply is not HTTP") from None
        if response.status in _REDIRECTS:
            try:
                url = urljoin(url, response.getheader("Location", ""))
            except ValueError:
                raise AutoconfigError("the URL is not valid") from None
            continue
        if response.status != 200:
            raise AutoconfigError(f"the server replies {response.status}")
        try:
            return response.read()
        except (HTTPException, ValueError, OSError, OverflowError):
            # OverflowError: a length that no memory can hold, like the chunk ffffffffffffffff.
            raise AutoconfigError("the reply is incomplete") from None
    raise AutoconfigError("too many redirects")


async def _get(url: str, resolver: Resolver, ca_file: str | None) -> bytes:
    """Return the raw response, headers and file."""
    host, port, target = _split(url)
    addresses = (await resolver.addresses(host)).records
    if not addresses:
        raise AutoconfigError(f"{host} has no address")
    try:
        # The CA file may be a pipe, or on a file system that hangs.
        context = await in_daemon_thread(partial(ssl.create_default_context, cafile=ca_file))
    except OSError as error:
        raise AutoconfigError(f"the CA file cannot be loaded: {error.strerror or error}") from None
    # Python 3.13 and later reject what internal CAs omit: every version gives the same result.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    why = "no connection"
    for address in addresses[:MOST_ADDRESSES]:
        try:
            reader, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host
            )
            break
        except ssl.SSLCertVerificationError as error:
            raise AutoconfigError(f"its certificate is not valid: {error.verify_message}") from None
        except OSError as error:
            why = error.strerror or why
    else:
        raise AutoconfigError(why)
    try:
        writer.write(request.encode("ascii"))
        data = b""
        while chunk := await reader.read(LARGEST):
            data += chunk
            if len(data) > LARGEST:
                raise AutoconfigError(f"it is larger than {LARGEST // 1024} KiB")
        return data
    except OSError as error:
        raise AutoconfigError(error.strerror or "the connection broke") from None
    finally:
        writer.transport.abort()


def _split(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        raise AutoconfigError("the URL is not valid") from None
    if parts.scheme != "https" or not host:
        raise AutoconfigError("it redirects to a URL without HTTPS")
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if not f"{host}{target}".isascii() or any(c.isspace() for c in f"{host}{target}"):
        raise AutoconfigError("the URL is not valid")
    return host, port, target


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
