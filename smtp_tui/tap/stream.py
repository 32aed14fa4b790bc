"""One side of a tap: a stream of bytes, inside TLS or not, that can change to TLS on the way.

TLS runs over memory buffers: bytes from before a handshake stay apart from those inside it, and
one task can read while another writes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from contextlib import suppress

from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.tls import peer_certificates
from smtp_tui.tap.events import StreamTotal

CHUNK = 16 * 1024
# The streams contain passwords, and a plain hash of them would let passwords be tried offline.
_KEY = os.urandom(32)


class _Total:
    def __init__(self) -> None:
        self._size = 0
        self._hash = hashlib.blake2b(key=_KEY, digest_size=32)

    def add(self, data: bytes) -> None:
        self._size += len(data)
        self._hash.update(data)

    @property
    def total(self) -> StreamTotal:
        return StreamTotal(size=self._size, digest=self._hash.hexdigest())


NOTHING = _Total().total


class TapStream:
    """A connection to the application or the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unsent = bytearray()
        self._received = _Total()
        self._sent = _Total()
        self.is_shaking_hands = False

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS has begun."""
        return self._tls is not None

    @property
    def received(self) -> StreamTotal:
        """What the other program sent, as it is inside TLS."""
        return self._received.total

    @property
    def sent(self) -> StreamTotal:
        """What the tap sent, as it is inside TLS."""
        return self._sent.total

    @property
    def protocol(self) -> tuple[str, str]:
        """The TLS version and the cipher suite."""
        cipher = self._tls.cipher() if self._tls else None
        return (self._tls and self._tls.version()) or "unknown", cipher[0] if cipher else "unknown"

    def peer_chain(self) -> list[Certificate]:
        """The certificates that the other program sent."""
        return peer_certificates(self._tls) if self._tls else []

    def address(self, which: str) -> tuple[str, int]:
        """The address and port of `peername` or `sockname`."""
        found = self._writer.get_extra_info(which) or ("", 0)
        return str(found[0]), int(found[1])

    async def read(self) -> bytes:
        """Return raw bytes for `decode`; empty at the end. OSError if the connection is reset."""
        return await self._reader.read(CHUNK)

    def begin_tls(
        self, context: ssl.SSLContext, *, server_name: str | None = None, server_side: bool = False
    ) -> None:
        """Begin a handshake, which goes on in `decode`; what is written waits for its end.

        Raises ValueError or ssl.SSLError if TLS cannot use the name.
        """
        self.flush()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )
        self.is_shaking_hands = True
        self._shake_hands()

    def decode(self, raw: bytes) -> bytes:
        """Return the bytes inside the raw ones; ssl.SSLError if TLS fails."""
        if self._tls is None:
            self._received.add(raw)
            return raw
        self._incoming.write(raw)
        if self.is_shaking_hands:
            self._shake_hands()
        data = bytearray()
        while not self.is_shaking_hands:
            try:
                piece = self._tls.read(CHUNK)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                break
            if not piece:
                break
            data += piece
        self.flush()
        inside = bytes(data)
        self._received.add(inside)
        return inside

    def write(self, data: bytes) -> None:
        """Send bytes with the next `flush`, in one piece if they were received so."""
        self._sent.add(data)
        self._unsent += data

    def flush(self) -> None:
        """Send what was written, unless a handshake must end first; ssl.SSLError if TLS fails."""
        if self._tls is None:
            # Taken first: after a signal in between, nothing is sent twice.
            data = bytes(self._unsent)
            self._unsent.clear()
            if data:
                self._send(data)
        elif not self.is_shaking_hands:
            with suppress(ssl.SSLWantReadError):  # the other program renegotiates first
                if self._unsent:
                    self._tls.write(self._unsent)
                    self._unsent.clear()
        self._send_records()

    async def drain(self) -> None:
        """Wait until the other program has taken most of what was sent."""
        await self._writer.drain()

    def end(self) -> None:
        """Send nothing more, but go on to receive."""
        with suppress(OSError, ssl.SSLError):
            self.flush()
            if self._tls:
                self._tls.unwrap()
        with suppress(OSError, RuntimeError):
            self._send_records()
            self._writer.write_eof()

    async def close(self) -> None:
        """Close the connection; the bytes sent so far get one more second."""
        self.end()
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def _shake_hands(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        else:
            self.is_shaking_hands = False
        finally:
            self._send_records()  # after a failure, the alert

    def _send_records(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())

    def _send(self, data: bytes) -> None:
        # To a connection that is gone, asyncio would log that it cannot write.
        if not self._writer.transport.is_closing():
            self._writer.write(data)
