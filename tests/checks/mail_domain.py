"""A domain with name server, mail servers and policy server, in a network of the test's own.

Run as a program inside that network; it prints a line once it serves.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from functools import partial
from typing import Any

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from tests.dns.server import name_server


def _context(file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _session(hostname: str, context: ssl.SSLContext) -> SMTP:
    loop = asyncio.get_running_loop()
    return SMTP(Sink(), hostname=hostname, tls_context=context, loop=loop)


async def _serve(wanted: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    for address, (hostname, file) in wanted["mail"].items():
        await loop.create_server(partial(_session, hostname, _context(file)), address, 25)
    address, file, policy = wanted["web"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(policy)}"
        writer.write(f"{head}\r\n\r\n{policy}".encode())
        await writer.drain()
        writer.close()

    await asyncio.start_server(answer, address, 443, ssl=_context(file))
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    _wanted = json.loads(sys.argv[1])
    with name_server(_wanted["zone"], vouches=_wanted["vouches"], port=53):
        asyncio.run(_serve(_wanted))
