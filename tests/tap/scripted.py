"""A server on the loopback address that accepts every command, for a tap in another process."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def answering(offer: bytes = b"ok") -> Iterator[int]:
    """Yield the port of a server that greets, replies 250 to all, and 221 to QUIT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, offer), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, offer: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = listener.accept()
            with contextlib.suppress(OSError), caller, caller.makefile("rb") as stream:
                caller.sendall(b"220 mail.example ESMTP\r\n")
                for line in stream:
                    is_quit = line[:4].upper() == b"QUIT"
                    reply = (
                        b"250-mail.example\r\n250 " + offer if line[:4] == b"ehlo" else b"250 ok"
                    )
                    caller.sendall(b"221 bye\r\n" if is_quit else reply + b"\r\n")
                    if is_quit:
                        break


class Recorder:
    """A port that passes everything on to another, and keeps what went each way."""

    def __init__(self, port: int = 0) -> None:
        self.to = port
        self.forth, self.back = bytearray(), bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._relay, daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._listener.close()

    def wait(self) -> None:
        """Wait until the one connection has ended."""
        self._thread.join(20)

    def _relay(self) -> None:
        with contextlib.suppress(OSError):
            caller, _ = self._listener.accept()
            with caller, socket.create_connection(("127.0.0.1", self.to)) as called:
                pair = (caller, called, self.forth), (called, caller, self.back)
                threads = [threading.Thread(target=self._pump, args=part) for part in pair]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(20)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept += data
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
