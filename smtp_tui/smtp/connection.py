"""A connection to a server, with TLS over memory buffers and a clean close.

The buffers keep data from before the handshake apart from data inside it, and let the alert of a
failed handshake be sent before the socket closes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.tls import TlsContextError, asked_for_certificate, peer_certificates
from smtp_tui.smtp.tls_errors import HandshakeFault, handshake_fault

CHUNK = 16 * 1024
# Bytes kept of an answer that is not TLS, enough for an admin to recognise it.
FIRST_BYTES = 512


class ClosedByServer(Exception):
    """The server closed the connection during the TLS handshake."""


class HandshakeFailed(Exception):
    """The TLS handshake failed; `first_bytes` is the start of the server's answer."""

    def __init__(self, failure: HandshakeFault, first_bytes: bytes) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.first_bytes = first_bytes


@record
class Handshake:
    """The result of a TLS handshake."""

    version: str
    cipher: str
    chain: tuple[Certificate, ...]


class Connection:
    """A connected socket with the operations that SMTP needs.

    Reading and writing raise OSError for a reset, and ssl.SSLError for a broken TLS stream.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._pending_read: asyncio.Future[bytes] | None = None
        self._is_watched = False
        self.asked_for_certificate = False

    @property
    def is_encrypted(self) -> bool:
        """Whether this connection uses TLS."""
        return self._tls is not None

    @property
    def local_address(self) -> str | None:
        """The local IP address; None for a UNIX socket."""
        name = self._socket.getsockname()
        return str(name[0]) if isinstance(name, tuple) else None

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
        """Return the bytes that have arrived but are unread, without waiting."""
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

        Raises HandshakeFailed, ClosedByServer or OSError if it fails, TlsContextError if TLS cannot
        use `name` as a server name.
        """
        try:
            if not name and context.check_hostname:  # OpenSSL would compare nothing
                raise ValueError("the certificate must show one")
            # As bytes: for a str, Python loads its IDNA tables, which takes 2 ms. They are needed
            # to reject labels of invalid length (RFC 1035, section 2.3.4).
            is_plain = all(0 < len(label) < 64 for label in name.split("."))
            server_name = name.encode("ascii") if is_plain else name or None
            tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        except (ValueError, ssl.SSLError) as error:
            raise TlsContextError(
                "server_name", f"TLS cannot use {name!r} as a server name: {error}"
            ) from None
        first_bytes = b""
        while True:
            try:
                tls.do_handshake()
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
                chain = peer_certificates(tls)
                failure = handshake_fault(error, chain, name, asked=asked_for_certificate(tls))
                raise HandshakeFailed(failure, first_bytes) from None
            else:
                await self._flush()
                self._tls = tls
                self.asked_for_certificate = asked_for_certificate(tls)
                cipher = tls.cipher()
                return Handshake(
                    version=tls.version() or "unknown",
                    cipher=cipher[0] if cipher else "unknown",
                    chain=tuple(peer_certificates(tls)),
                )

    def close(self) -> None:
        """Close at once; inside TLS, send a close_notify if the socket accepts it."""
        if self._tls is not None:
            with suppress(ssl.SSLError, OSError):
                self._tls.unwrap()
            with suppress(OSError):
                self._socket.send(self._outgoing.read())
        self._stop_watching()
        self._socket.close()

    def _decrypted(self) -> bytes | None:
        """Return decrypted bytes; None if TLS needs more data, empty at the end of the stream."""
        if self._tls is None:
            raise AssertionError("nothing is encrypted yet")
        try:
            return self._tls.read(CHUNK)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _read(self) -> bytes:
        # Not `loop.sock_recv`: watching the socket again for each read takes 0.05 ms. It also
        # returns available data without waiting: a server that never stops sending would keep the
        # loop from the timeout, and the next command would be sent before a reader can leave.
        self._pending_read = self._loop.create_future()
        if not self._is_watched:
            # By file descriptor: in Python 3.11 asyncio formats a socket's `repr` for nothing.
            self._loop.add_reader(self._socket.fileno(), self._on_readable)
            self._is_watched = True
        return await self._pending_read

    def _on_readable(self) -> None:
        if self._pending_read is None or self._pending_read.done():
            self._stop_watching()  # nobody reads, and the loop would call this again and again
            return
        try:
            self._pending_read.set_result(self._socket.recv(CHUNK))
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._pending_read.set_exception(error)

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
