"""One request over HTTPS, with a verified certificate and bounded size, time and redirects.

It goes through the proxy that HTTPS_PROXY names, as curl's does; NO_PROXY names hosts without one.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from http.client import HTTPException, HTTPResponse
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.proxy_address import ProxyAddress
from smtp_tui.settings.proxy_address import proxy as parse_proxy
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.addresses import THIS_MACHINE, Endpoint, Network, look_up
from smtp_tui.smtp.connection import ClosedByServer, Connection, HandshakeFailed
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, HappyEyeballs, resolve
from smtp_tui.smtp.proxies import connect_through
from smtp_tui.smtp.tls import TlsContextError, client_context
from smtp_tui.smtp.tls_errors import HandshakeFault
from smtp_tui.threads import in_daemon_thread

LARGEST = 64 * 1024
"""Maximum bytes, headers and body together."""
PORT = 443
MOST_REDIRECTS = 3
MOST_ADDRESSES = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_FORM = "application/x-www-form-urlencoded"

FindAddresses = Callable[[str], Awaitable[Sequence[str]]]
"""Looks up a host, where the system's own resolver is not to be asked."""


class WebError(Exception):
    """No reply, or one that is not valid HTTP; the message says why in a few words."""


class UntrustedServer(WebError):
    """The server's certificate is not valid here, so nothing was sent."""


class ReplyTooLarge(WebError):
    """The reply is larger than any that is wanted; another one would be as large."""


@record(kw_only=True)
class HttpReply:
    """A complete reply; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@record(kw_only=True)
class _Request:
    """One request, without its URL."""

    form: Mapping[str, str] | None = field(repr=False)
    authorization: str = field(repr=False)
    network: Network
    find: FindAddresses | None
    ca_file: str | None


async def request(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    authorization: str = "",
    limit: float = 10.0,
    redirects: int = MOST_REDIRECTS,
    network: Network = THIS_MACHINE,
    find: FindAddresses | None = None,
    ca_file: str | None = None,
) -> HttpReply:
    """GET an HTTPS URL, or POST a form to it; WebError if there is no reply.

    A GET follows `redirects`; a POST none, and returns the reply that redirects. `limit` are the
    seconds for all of it. `ca_file` replaces the system's authorities.
    """
    wanted = _Request(
        form=form, authorization=authorization, network=network, find=find, ca_file=ca_file
    )
    left = 0 if form is not None else redirects
    try:
        async with asyncio.timeout(limit):
            reply = await _exchange(url, wanted)
            while reply.status in _REDIRECTS and redirects and form is None:
                if not left:
                    raise WebError("too many redirects")
                left -= 1
                url = _joined(url, reply.headers.get("location", ""))
                # The credentials are for the first server.
                wanted = replace(wanted, authorization="")
                reply = await _exchange(url, wanted)
            return reply
    except TimeoutError:
        raise WebError("no answer in time") from None


async def _exchange(url: str, wanted: _Request) -> HttpReply:
    """Send one request and read its reply."""
    settings, target = _split(url, wanted.ca_file)
    host, port = settings.host, settings.port
    name = f"[{host}]" if ":" in host else host
    head = [
        f"{'GET' if wanted.form is None else 'POST'} {target} HTTP/1.1",
        f"Host: {name}{'' if port == 443 else f':{port}'}",
        "Accept: */*",
        "Connection: close",
    ]
    if wanted.authorization:
        head.append(f"Authorization: {wanted.authorization}")
    body = b""
    if wanted.form is not None:
        body = urlencode(wanted.form).encode("ascii")
        head += [f"Content-Type: {_FORM}", f"Content-Length: {len(body)}"]
    sent = "\r\n".join((*head, "", "")).encode("ascii") + body
    connection = await _connect(settings, wanted)
    try:
        await connection.send(sent)
        data = b""
        while chunk := await connection.receive():
            data += chunk
            if len(data) > LARGEST:
                raise ReplyTooLarge(f"it is larger than {LARGEST // 1024} KiB")
    except (OSError, ssl.SSLError) as error:
        raise WebError(error.strerror or "the connection broke") from None
    finally:
        connection.close()
    return _parse(data)


async def _connect(settings: Settings, wanted: _Request) -> Connection:
    """Connect to the first address that answers, and do the TLS handshake."""
    try:
        # The CA file may be a pipe, or on a file system that hangs.
        context = await in_daemon_thread(partial(client_context, settings))
    except TlsContextError as error:
        raise WebError(f"the CA file cannot be loaded: {error}") from None
    connection, is_secure = await _opened(settings, wanted), False
    try:
        await connection.start_tls(context, settings.host)
        is_secure = True
    except HandshakeFailed as error:
        raise _handshake_error(error.failure) from None
    except ClosedByServer:
        raise WebError("the server closed the connection during TLS") from None
    except (OSError, TlsContextError) as error:
        raise WebError(f"TLS failed: {error}") from None
    finally:
        if not is_secure:
            connection.close()
    return connection


async def _opened(settings: Settings, wanted: _Request) -> Connection:
    """Connect to the host, or to the proxy, which looks the host up."""
    proxy = proxy_for(settings.host) if wanted.network is THIS_MACHINE else None
    nearest = settings
    if proxy:
        nearest = replace(settings, host=proxy.host, port=proxy.port)
        # The system's resolver finds the proxy: `find` is for names of the Internet.
        wanted = replace(wanted, find=None)
    whose = f"the proxy {proxy} of HTTPS_PROXY: " if proxy else ""
    try:
        endpoints = await _endpoints(nearest, wanted)
        if not endpoints:
            raise WebError(f"{nearest.host} has no address")
        opened, _ = await HappyEyeballs(None, network=wanted.network).connect(endpoints)
        try:
            if proxy:
                await connect_through(proxy, opened, settings.host, settings.port)
        except BaseException:
            opened.close()
            raise
    except AddressLookupError as error:
        raise WebError(f"{whose}{_lowered(error.detail)}") from None
    except OSError as error:
        raise WebError(f"{whose}{error.strerror or 'no connection'}") from None
    return Connection(opened)


def proxy_for(host: str) -> ProxyAddress | None:
    """Return the proxy that HTTPS_PROXY names for a host, unless NO_PROXY names the host."""
    named = getproxies_environment().get("https", "")
    if not named or proxy_bypass(host):
        return None
    try:
        return parse_proxy(named)
    except ValueError as error:
        # The value may hold a password.
        raise WebError(f"HTTPS_PROXY cannot be used: {error}") from None


def _handshake_error(failure: HandshakeFault) -> WebError:
    # The detail may name a URL from the certificate.
    detail = shortened(escape_controls(failure.detail), 160)
    if failure.fault.startswith("certificate-"):
        return UntrustedServer(f"its certificate is not valid: {detail}")
    return WebError(f"TLS failed: {detail}")


async def _endpoints(settings: Settings, wanted: _Request) -> list[Endpoint]:
    try:
        if wanted.find is None:
            return (await resolve(settings, network=wanted.network))[:MOST_ADDRESSES]
        found = await wanted.find(settings.host)
        return [
            endpoint
            for address in found[:MOST_ADDRESSES]
            for endpoint in look_up(replace(settings, host=address), wanted.network)
        ]
    except AddressLookupError as error:
        raise WebError(error.detail) from None
    except (OSError, ValueError):
        return []


def _split(url: str, ca_file: str | None) -> tuple[Settings, str]:
    """Return the server and the target of a request."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        raise WebError("the URL is not valid") from None
    if parts.scheme != "https" or not host:
        raise WebError("it redirects to a URL without HTTPS")
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    values = {"host": host, "port": port, "encryption": "ssl", "ca_file": ca_file}
    settings = parse_settings({key: value for key, value in values.items() if value}).settings
    if settings is None or not target.isascii() or not target.isprintable() or " " in target:
        raise WebError("the URL is not valid")
    return settings, target


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise WebError("the URL is not valid") from None


def _parse(data: bytes) -> HttpReply:
    # HTTPResponse needs only a socket's makefile().
    source = SimpleNamespace(makefile=lambda *_: io.BytesIO(data))
    response = HTTPResponse(cast("Any", source))
    try:
        response.begin()
    except (HTTPException, ValueError, OSError):
        raise WebError("the reply is not HTTP") from None
    headers = {name.lower(): value for name, value in response.getheaders()}
    try:
        return HttpReply(status=response.status, headers=headers, body=response.read())
    except (HTTPException, ValueError, OSError, OverflowError):
        # OverflowError: a length that no memory can hold, like the chunk ffffffffffffffff.
        raise WebError("the reply is incomplete") from None


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
