"""A mail server and a name server at addresses that only a test's own networks lead to.

Run as a program inside the server's network; it prints a line once it serves.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import struct
import sys
from functools import partial
from hmac import compare_digest
from typing import Any

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HOST, ONLY_IPV6 = "mail.example.test", "six.example.test"
ADDRESS, ADDRESS_6 = "10.77.9.9", "fd77::9"
# This address asks the same server, which then knows no name.
IGNORANT = "10.77.9.8"
PORT = 587
USER, PASSWORD = "alice", "rabbit-hole-7"
_TYPES = {1: ADDRESS, 28: ADDRESS_6}


class Names(asyncio.DatagramProtocol):
    """Answers for the two names, or for none."""

    def __init__(self, *, knows: bool) -> None:
        self._knows = knows

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self._transport = transport

    def datagram_received(self, data: bytes, client: Any) -> None:
        """Answer a query with one question."""
        end = data.index(b"\0", 12) + 5
        labels, place = [], 12
        while size := data[place]:
            labels.append(data[place + 1 : place + 1 + size].decode())
            place += size + 1
        name = ".".join(labels).casefold()
        (kind,) = struct.unpack(">H", data[end - 4 : end - 2])
        address = _TYPES.get(kind) if self._knows and name in (HOST, ONLY_IPV6) else None
        if name == ONLY_IPV6 and kind == 1:
            address = None
        is_known = self._knows and name in (HOST, ONLY_IPV6)
        answer = b""
        if address:
            packed = ipaddress.ip_address(address).packed
            answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(packed)) + packed
        head = struct.pack(">HHHHH", 0x8180 if is_known else 0x8183, 1, bool(address), 0, 0)
        self._transport.sendto(data[:2] + head + data[12:end] + answer, client)


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
    is_right = isinstance(data, LoginPassword) and compare_digest(data.password, PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


def _kept(names: Names) -> Names:
    return names


async def serve(certificate: str, *addresses: str) -> None:
    """Serve at the addresses until the program is ended."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def session() -> SMTP:
        return SMTP(
            Sink(),
            hostname=HOST,
            tls_context=context,
            require_starttls=True,
            authenticator=_authenticate,
            loop=loop,
        )

    for address in addresses:
        await loop.create_server(session, address, PORT)
    if ADDRESS in addresses:
        for address, names in ((ADDRESS, Names(knows=True)), (IGNORANT, Names(knows=False))):
            await loop.create_datagram_endpoint(partial(_kept, names), local_addr=(address, 53))
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
