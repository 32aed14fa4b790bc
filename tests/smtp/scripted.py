"""A mail server that follows a script, however odd, on loopback and in the test's own loop."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

CHUNK = 64 * 1024
# Seconds that a client has to leave after its check is over.
LEAVE_LIMIT = 2.0


class Gone(Exception):
    """The client has left."""


class Peer:
    """One connection, as the server has it.

    `lines` are what the client said, `ended` how it left: `eof` or `reset`.
    """

    def __init__(self, connection: socket.socket, server: ScriptedServer) -> None:
        self.server = server
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._buffer = b""
        self.hung_up = False
        self.lines: list[str] = []
        self.ended: str | None = None
        self.handshake_error: ssl.SSLError | None = None

    async def send(self, data: bytes) -> None:
        """Send bytes; a client that has left misses them."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        await self.send_raw(data)

    async def send_raw(self, data: bytes) -> None:
        """Send bytes past TLS, where there is any."""
        with suppress(ConnectionError):
            if data and not self.hung_up:
                await self._loop.sock_sendall(self._socket, data)

    async def line(self) -> str:
        """Return the client's next line without its CR LF.

        Gone when it has left, or begins TLS where nobody expects it.
        """
        while b"\n" not in self._buffer:
            data = await self._receive()
            if not data or data.startswith(b"\x16\x03"):
                raise Gone
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        assert line.endswith(b"\r"), f"the client ends a line with a bare LF: {line!r}"
        self.lines.append(line[:-1].decode())
        return self.lines[-1]

    async def expect(self, wanted: str) -> None:
        """Take the client's next line, which must be `wanted`; `…` stands for anything."""
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        try:
            line = await self.line()
        except Gone:
            if self.server.may_leave:
                raise
            raise AssertionError(f"the client left before it said {wanted!r}") from None
        assert re.fullmatch(pattern, line), f"{line!r} where {wanted!r} was expected"

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's part of a handshake; Gone when the client breaks it off."""
        link = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                link.do_handshake()
            except ssl.SSLWantReadError:
                await self.send_raw(self._outgoing.read())
                self._incoming.write(await self._receive_raw())
            except ssl.SSLError as error:
                self.handshake_error = error
                await self.send_raw(self._outgoing.read())
                raise Gone from None
            else:
                await self.send_raw(self._outgoing.read())
                self._tls = link
                return

    async def end_tls(self) -> None:
        """Say that nothing more comes inside TLS."""
        if self._tls is not None:
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            await self.send_raw(self._outgoing.read())

    async def is_told_the_end(self) -> bool:
        """Whether the client ends TLS by saying so."""
        assert self._tls is not None
        try:
            return self._tls.read(CHUNK) == b""
        except ssl.SSLWantReadError:
            self._incoming.write(await self._receive_raw())
            return await self.is_told_the_end()
        except ssl.SSLZeroReturnError:
            return True

    async def take_bytes(self) -> None:
        """Wait for bytes of a handshake, and keep them for it."""
        self._incoming.write(await self._receive_raw())

    async def take_any(self) -> None:
        """Wait for bytes of any kind, and forget them."""
        await self._receive_raw()

    def finish(self) -> None:
        """Say that nothing more will come; what the client does is still seen."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close in good order, at TCP's level."""
        self.hung_up = True
        self._socket.close()

    def reset(self) -> None:
        """Close with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    async def be_left(self) -> None:
        """Read until the client has left, answering nothing."""
        with suppress(Gone):
            while not self.hung_up and self.ended is None:
                await self._receive_raw()

    async def serve_out(self) -> None:
        """Answer QUIT, and nothing else, until the client has left."""
        with suppress(Gone):
            while not self.hung_up:
                if await self.line() == "QUIT":
                    await self.send(b"221 2.0.0 bye\r\n")

    async def _receive(self) -> bytes:
        while self._tls is not None:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                self._incoming.write(await self._receive_raw())
            except ssl.SSLError as error:
                self.handshake_error = error
                await self.send_raw(self._outgoing.read())
                return b""
        return await self._receive_raw()

    async def _receive_raw(self) -> bytes:
        if self.ended is not None:
            raise Gone
        try:
            data = await self._loop.sock_recv(self._socket, CHUNK)
        except ConnectionError:
            self.ended = "reset"
            raise Gone from None
        if not data:
            self.ended = "eof"
            raise Gone
        return data


Step = Callable[[Peer], Awaitable[None]]
Script = tuple["str | Step", ...]


class ScriptedServer:
    """Follows a script for each connection, the last one again and again.

    The client must stay to the end of a script, unless it `may_leave`.
    """

    def __init__(
        self, listening: socket.socket, scripts: tuple[Script, ...], *, may_leave: bool
    ) -> None:
        self.may_leave = may_leave
        self._listening = listening
        self._scripts = scripts
        self._tasks: list[asyncio.Task[None]] = []
        self._is_tcp = listening.family == socket.AF_INET
        self.port: int = listening.getsockname()[1] if self._is_tcp else 0
        self.peers: list[Peer] = []
        self._came = asyncio.Condition()

    async def has_peers(self, count: int) -> None:
        """Wait until so many connections have come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.peers) >= count)

    async def accept(self) -> None:
        """Serve every connection that comes."""
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._listening)
            if self._is_tcp:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self._scripts[min(len(self.peers), len(self._scripts) - 1)]
            self.peers.append(Peer(connection, self))
            async with self._came:
                self._came.notify_all()
            self._tasks.append(asyncio.create_task(self._follow(self.peers[-1], script)))

    async def all_left(self) -> None:
        """Wait until every client has left; fail when one does not, or a script went wrong."""
        if not self._tasks:
            return
        done, staying = await asyncio.wait(self._tasks, timeout=LEAVE_LIMIT)
        assert not staying, "the client has left a connection open"
        for task in done:
            task.result()

    async def abandon(self) -> None:
        """End whatever is still going on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def said(self) -> list[str]:
        """What the client said on its first connection."""
        return self.peers[0].lines if self.peers else []

    async def _follow(self, peer: Peer, script: Script) -> None:
        try:
            with suppress(Gone):
                for part in script:
                    await _steps(part)(peer)
                await peer.serve_out()
            await peer.be_left()
        finally:
            peer.close()


def _steps(part: str | Step) -> Step:
    """Make a step of a transcript: `S:` lines are sent, `C:` lines expected."""
    if not isinstance(part, str):
        return part

    async def follow(peer: Peer) -> None:
        for line in part.strip().split("\n"):
            who, _, text = line.strip().partition(": ")
            match who.rstrip(":"):
                case "S":
                    await peer.send(text.encode() + b"\r\n")
                case "C":
                    await peer.expect(text)
                case _:
                    raise AssertionError(f"neither S: nor C: in {line!r}")

    return follow


@asynccontextmanager
async def serving(
    *scripts: Script, may_leave: bool = False, path: Path | None = None
) -> AsyncIterator[ScriptedServer]:
    """Serve the scripts, one a connection; on leaving, every client must have left.

    With a `path` at a UNIX socket.
    """
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as listening:
        listening.bind(str(path) if path else ("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        server = ScriptedServer(listening, scripts, may_leave=may_leave)
        accepting = asyncio.create_task(server.accept())
        try:
            yield server
            await server.all_left()
        finally:
            accepting.cancel()
            await asyncio.gather(accepting, return_exceptions=True)
            await server.abandon()
