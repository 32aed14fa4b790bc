"""Fetching a small file over HTTPS: the certificate verified, size and redirects bounded.

Thunderbird's autoconfig file: what a domain says about its mail servers, over HTTPS.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Iterator, Sequence
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit

from smtp_tui.discovery.candidates import Candidate
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.steps import SearchQuery, Source
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.threads import in_daemon_thread

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


LARGEST = 64 * 1024
"""Bytes, header and file together."""
PORT = 443
MOST_REDIRECTS = 3
MOST_ADDRESSES = 3
_REDIRECTS = {301, 302, 303, 307, 308}


class NotFetched(Exception):
    """There is no such file; the text says why, in a few words."""


async def fetch(url: str, resolver: Resolver, ca_file: str | None = None) -> bytes:
    """Return the file at an HTTPS address; NotFetched when it cannot be had."""
    for _ in range(MOST_REDIRECTS + 1):
        answer = _parsed(await _raw(url, resolver, ca_file))
        if answer.status in _REDIRECTS:
            url = _joined(url, answer.getheader("Location", ""))
            continue
        if answer.status != 200:
            raise NotFetched(f"the server replies {answer.status}")
        try:
            return answer.read()
        except (HTTPException, ValueError, OSError, OverflowError):
            # The last one is for a length that no memory holds, like the chunk ffffffffffffffff.
            raise NotFetched("the reply is incomplete") from None
    raise NotFetched("too many redirects")


async def _raw(url: str, resolver: Resolver, ca_file: str | None) -> bytes:
    host, port, target = _parts(url)
    addresses = (await resolver.addresses(host)).records
    if not addresses:
        raise NotFetched(f"{host} has no address")
    try:
        # The file may be a pipe, or on a file system that hangs.
        context = await in_daemon_thread(partial(ssl.create_default_context, cafile=ca_file))
    except OSError as error:
        raise NotFetched(f"the CA file cannot be loaded: {error.strerror or error}") from None
    # From 3.13 on Python is strict about what internal CAs leave out: one verdict on all of them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    reader, writer = await _connected(host, addresses[:MOST_ADDRESSES], port, context)
    try:
        writer.write(request.encode("ascii"))
        return await _bounded(reader)
    except OSError as error:
        raise NotFetched(error.strerror or "the connection broke") from None
    finally:
        writer.transport.abort()


async def _connected(
    host: str, addresses: Sequence[str], port: int, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers."""
    words = "no connection"
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise NotFetched(f"its certificate is not valid: {error.verify_message}") from None
        except OSError as error:
            words = error.strerror or words
    raise NotFetched(words)


async def _bounded(reader: asyncio.StreamReader) -> bytes:
    data = b""
    while piece := await reader.read(LARGEST):
        data += piece
        if len(data) > LARGEST:
            raise NotFetched(f"it is larger than {LARGEST // 1024} KiB")
    return data


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise NotFetched("the URL is not valid") from None


def _parts(url: str) -> tuple[str, int, str]:
    """Split an address into host, port and what to ask for; NotFetched where it is not HTTPS."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        raise NotFetched("the URL is not valid") from None
    if parts.scheme != "https" or not host:
        raise NotFetched("it redirects to a URL without HTTPS")
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if not f"{host}{target}".isascii() or any(sign.isspace() for sign in f"{host}{target}"):
        raise NotFetched("the URL is not valid")
    return host, port, target


class _Bytes:
    """A socket as far as HTTPResponse wants one: bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        """The bytes as a file."""
        return io.BytesIO(self._data)


def _parsed(data: bytes) -> HTTPResponse:
    answer = HTTPResponse(cast("Any", _Bytes(data)))  # of a socket it wants the file alone
    try:
        answer.begin()
    except (HTTPException, ValueError, OSError):
        raise NotFetched("the reply is not HTTP") from None
    return answer


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
