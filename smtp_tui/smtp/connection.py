"""A connection to a server: bytes, TLS driven by hand, and a clean end.

TLS runs over memory buffers so that nothing is hidden: what came before the handshake stays apart
from what came inside it, and the alert of a failed handshake is sent before the socket closes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.tls import ContextError, asked_for_certificate, peer_certificates
from smtp_tui.smtp.tls_errors import HandshakeFault, handshake_fault

CHUNK = 16 * 1024
# Of what came in place of a handshake as much is kept as an admin needs to recognise it.
FIRST_BYTES = 512


class ClosedByServer(Exception):
    """The server ended the stream where more was expected."""


class HandshakeFailed(Exception):
    """The TLS handshake did not end well; `first_bytes` is what the server answered."""

    def __init__(self, failure: HandshakeFault, first_bytes: bytes) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.first_bytes = first_bytes


@record
class Handshake:
    """What a handshake agreed on."""

    version: str
    cipher: str
    chain: tuple[Certificate, ...]


class Connection:
    """A connected socket with the little that SMTP needs of it.

    Reading and writing raise OSError for a reset, and ssl.SSLError for a broken TLS stream.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._coming: asyncio.Future[bytes] | None = None
        self._is_watched = False
        self.asked_for_certificate = False

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS stands on this connection."""
        return self._tls is not None

    @property
    def local_address(self) -> str:
        """The address this end left from."""
        return str(self._socket.getsockname()[0])

    async def send(self, data: bytes) -> None:
        """Write all of `data`."""
        if self._tls is None:
            await self._loop.sock_sendall(self._socket, data)
            return
        self._tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        """Return the next bytes, at least one; empty at the end of the stream."""
        if self._tls is None:
            return await self._read()
        while (data := self._decrypted()) is None:
            await self._flush()
            if not await self._feed():
                return b""
        return data

    def waiting_bytes(self) -> bytes:
        """Return what has arrived and was not read yet, without waiting."""
        try:
            data = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            data = b""
        if self._tls is None:
            return data
        self._incoming.write(data)
        return self._decrypted() or b""

    async def start_tls(self, context: ssl.SSLContext, name: str) -> Handshake:
        """Do the TLS handshake.

        Raises HandshakeFailed, ClosedByServer or OSError when it fails, ContextError when no
        handshake can be made for `name`.
        """
        try:
            # As bytes: for text, Python loads its tables of international names, which takes 2 ms.
            # They also reject labels that no name can have (RFC 1035, section 2.3.4).
            is_plain = all(0 < len(label) < 64 for label in name.split("."))
            named = name.encode("ascii") if is_plain else name
            link = context.wrap_bio(self._incoming, self._outgoing, server_hostname=named)
        except (ValueError, ssl.SSLError) as error:
            raise ContextError(
                "server_name", f"TLS cannot use {name!r} as a server name: {error}"
            ) from None
        first_bytes = b""
        while True:
            try:
                link.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._feed()
                if not data:
                    raise ClosedByServer from None
                first_bytes += data[: FIRST_BYTES - len(first_bytes)]
            except ssl.SSLZeroReturnError:
                raise ClosedByServer from None
            except ssl.SSLError as error:
                with suppress(OSError):
                    await self._flush()
                chain = peer_certificates(link)
                failure = handshake_fault(error, chain, name, asked=asked_for_certificate(link))
                raise HandshakeFailed(failure, first_bytes) from None
            else:
                await self._flush()
                self._tls = link
                self.asked_for_certificate = asked_for_certificate(link)
                cipher = link.cipher()
                return Handshake(
                    version=link.version() or "unknown",
                    cipher=cipher[0] if cipher else "unknown",
                    chain=tuple(peer_certificates(link)),
                )

    def close(self) -> None:
        """Close at once; inside TLS with a close_notify where the socket takes it."""
        if self._tls is not None:
            with suppress(ssl.SSLError, OSError):
                self._tls.unwrap()
            with suppress(OSError):
                self._socket.send(self._outgoing.read())
        self._stop_watching()
        self._socket.close()

    def _decrypted(self) -> bytes | None:
        """What TLS has for us; None where it needs more first, empty at the end of the stream."""
        if self._tls is None:
            raise AssertionError("nothing is encrypted yet")
        try:
            return self._tls.read(CHUNK)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _read(self) -> bytes:
        # Not `loop.sock_recv`: to watch the socket anew for each read takes 0.05 ms. And it returns
        # what is there without waiting, so that a server that never stops sending would keep the
        # loop from the timeout, and the next command would go out before a reader can leave.
        self._coming = self._loop.create_future()
        if not self._is_watched:
            # By number: in 3.11 asyncio writes the `repr` of a socket, and throws it away.
            self._loop.add_reader(self._socket.fileno(), self._take_bytes)
            self._is_watched = True
        return await self._coming

    def _take_bytes(self) -> None:
        if self._coming is None or self._coming.done():
            self._stop_watching()  # nobody reads them yet, and this would be called again and again
            return
        try:
            self._coming.set_result(self._socket.recv(CHUNK))
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._coming.set_exception(error)

    def _stop_watching(self) -> None:
        if self._is_watched:
            self._loop.remove_reader(self._socket.fileno())
            self._is_watched = False

    async def _feed(self) -> bytes:
        data = await self._read()
        self._incoming.write(data)
        return data

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._socket, self._outgoing.read())
