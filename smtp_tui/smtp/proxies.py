"""Ask a proxy for a connection: SOCKS5 (RFC 1928), or CONNECT of HTTP (RFC 9110, section 9.3.6).

A handshake is a generator that does no I/O: it yields bytes to send and how many to read, and gets
those it asked for. Nothing is read beyond the proxy's answer: what follows is the mail server's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Generator
from contextlib import suppress

from smtp_tui.settings.parsers import ascii_name, is_address
from smtp_tui.settings.proxy_address import ProxyAddress
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
from smtp_tui.smtp.replies import begins_with_code, protocol_of

Handshake = Generator[tuple[bytes, int], bytes, None]

# Bytes of an HTTP proxy's answer, and of an answer that shows what else is there.
_HEADER_LIMIT, _SEEN = 8 * 1024, 64
_REASON = 80  # characters of a proxy's text in a verdict
_VERSION, _CONNECT, _NO_LOGIN, _NO_METHOD = 5, 1, 0, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4
# RFC 1928, section 6.
_REPLIES = {
    1: "general failure, without a reason",
    2: "its rules do not allow this connection",
    3: "network unreachable from the proxy",
    4: "host unreachable from the proxy",
    5: "the mail server refused the connection",
    6: "TTL expired",
    7: "it does not support CONNECT",
    8: "it does not support this type of address",
}
# Seconds for a SOCKS5 proxy's first answer, for which it needs nobody else.
_FIRST_LIMIT = 5.0
_WANTS_LOGIN = "it wants a login, which smtp-tui does not do yet"


class ProxyRefused(Exception):
    """The proxy does not make the connection; the text says why."""


class _NoAnswer(Exception):
    """No first answer came in time."""


class NotAProxy(Exception):
    """The answer is not that of such a proxy."""

    def __init__(self, seen: bytes) -> None:
        super().__init__()
        self.seen = seen


def socks5(host: str, port: int) -> Handshake:
    """Connect without a login; the proxy looks names up."""
    version, method = yield bytes((_VERSION, 1, _NO_LOGIN)), 2
    if version == _VERSION and method == _NO_METHOD:
        raise ProxyRefused(_WANTS_LOGIN)
    if (version, method) != (_VERSION, _NO_LOGIN):
        raise NotAProxy(bytes((version, method)))
    request = bytes((_VERSION, _CONNECT, 0)) + _destination(host) + port.to_bytes(2, "big")
    version, code, reserved, kind = yield request, 4
    if version != _VERSION:
        raise NotAProxy(bytes((version, code, reserved, kind)))
    if code != 0:
        raise ProxyRefused(_REPLIES.get(code, f"reply {code}"))
    length = {_IPV4: 4, _IPV6: 16}.get(kind)
    if kind == _NAME:
        (length,) = yield b"", 1
    if length is None:
        raise NotAProxy(bytes((version, code, reserved, kind)))
    yield b"", length + 2  # the address and port that the proxy connects from


def _destination(host: str) -> bytes:
    if is_address(host):
        packed = ipaddress.ip_address(host.partition("%")[0]).packed
        return bytes((_IPV4 if len(packed) == 4 else _IPV6,)) + packed
    name = host.encode("ascii")
    return bytes((_NAME, len(name))) + name


def http_connect(host: str, port: int) -> Handshake:
    """Ask for a tunnel; an answer may have a body only if there is none."""
    target = f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"
    seen = yield f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"), 1
    while not seen.endswith((b"\r\n\r\n", b"\n\n")):
        if len(seen) >= _HEADER_LIMIT or not b"HTTP/".startswith(seen[:5]):
            raise NotAProxy(seen)
        seen += yield b"", 1
    match = re.match(rb"HTTP/1\.[01] ([2-5][0-9]{2})(?: ([^\r\n]*))?\r?\n", seen)
    if match is None:
        raise NotAProxy(seen)
    if match[1].startswith(b"2"):
        return
    if match[1] == b"407":
        raise ProxyRefused(f"407, {_WANTS_LOGIN}")
    raise ProxyRefused(f"{match[1].decode()} {(match[2] or b'').decode('latin-1')[:_REASON]}")


_HANDSHAKES = {"socks5": socks5, "http": http_connect}


async def connect_through(
    proxy: ProxyAddress, connected: socket.socket, host: str, port: int
) -> None:
    """Have a proxy, to which a socket is `connected`, connect it to a server.

    AddressLookupError if the proxy does not; the caller closes the socket.
    """
    try:
        handshake = _HANDSHAKES[proxy.scheme](ascii_name(host), port)
        await _run(handshake, connected, _FIRST_LIMIT if proxy.scheme == "socks5" else None)
    except ProxyRefused as refusal:
        raise AddressLookupError(Cause.PROXY_REFUSED, str(refusal).strip()) from None
    except NotAProxy as error:
        text = _what_answers(error.seen, connected)
        raise AddressLookupError(Cause.PROXY_NOT_A_PROXY, text) from None
    except _NoAnswer:
        text = f"it sent no SOCKS5 answer within {_FIRST_LIMIT:g} s"
        raise AddressLookupError(Cause.PROXY_NOT_A_PROXY, text) from None
    except EOFError:
        text = "it closed the connection without an answer"
        raise AddressLookupError(Cause.PROXY_NOT_A_PROXY, text) from None
    except OSError as error:
        text = f"the connection broke: {error.strerror or error}"
        raise AddressLookupError(Cause.PROXY_NOT_A_PROXY, text) from None


async def _run(handshake: Handshake, connected: socket.socket, first_limit: float | None) -> None:
    with suppress(StopIteration):  # the end of the handshake
        data, count = next(handshake)
        limit = asyncio.timeout(first_limit)
        try:
            async with limit:
                received = await _exchange(connected, data, count)
        except TimeoutError:
            if limit.expired():
                raise _NoAnswer from None
            raise
        while True:
            data, count = handshake.send(received)
            received = await _exchange(connected, data, count)


async def _exchange(connected: socket.socket, data: bytes, count: int) -> bytes:
    """Send `data` and return the next `count` bytes; EOFError if the stream ends before."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connected, data)
    received = b""
    while len(received) < count:
        part = await loop.sock_recv(connected, count - len(received))
        if not part:
            raise EOFError
        received += part
    return received


def _what_answers(seen: bytes, connected: socket.socket) -> str:
    """Say what answers instead of a proxy, as far as its first bytes show."""
    with suppress(OSError):
        seen += connected.recv(_SEEN)
    if begins_with_code(seen):
        return "a mail server answers there"
    if seen[:1] == bytes((_VERSION,)):
        return "a SOCKS5 proxy answers there"
    name = protocol_of(seen)
    return f"{name} answers there" if name else "its answer is of another kind"
