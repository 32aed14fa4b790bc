"""A scripted web server over TLS: it answers each request with the next of its replies."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.smtp import pki


class WebAuthority:
    """An authority of its own, with a certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        issued = pki.issue("Web CA", is_authority=True)
        self.file = folder / "web.pem"
        self.file.write_bytes(issued.pem)
        leaf = pki.issue("127.0.0.1", "127.0.0.1", issuer=issued)
        self.context = pki.server_context(folder, leaf)


def as_json(value: object, status: int = 200) -> bytes:
    """A reply with a JSON body."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n"
    return head.encode() + json.dumps(value).encode()


@asynccontextmanager
async def serving(
    context: ssl.SSLContext,
    *replies: bytes,
    endless: bool = False,
    asked: asyncio.Event | None = None,
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Yield the server's URL, and the requests it gets; the last reply is repeated.

    `@URL@` in a reply stands for the server's URL; `asked` is set at the first request.
    """
    seen: list[bytes] = []
    tasks: list[asyncio.Task[None] | None] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        writers.append(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            seen.append(head + await reader.readexactly(length))
            if asked:
                asked.set()
            reply = replies[min(len(seen), len(replies)) - 1]
            writer.write(reply.replace(b"@URL@", url.encode()))
            while endless:
                writer.write(b"x" * 16384)
                await writer.drain()
            await writer.drain()
        except OSError:
            pass
        finally:
            if endless:
                writer.transport.abort()
            else:
                writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield url, seen
    finally:
        server.close()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)
        # TLS closes in a round. What is open when the loop ends is a warning, much later.
        await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)
        await server.wait_closed()
