"""A server on the loopback address that says what it is told to, whatever it hears."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

EHLO = b"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n"


@dataclass
class Scripted:
    """Where it listens, and each line that it heard."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def saying(
    *replies: bytes, connections: int = 1, tls: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    """Say the first reply at once and each of the others after a line; then hear to the end.

    With `tls` all of it is inside TLS, from the first byte.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, replies, connections, tls))
        thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # nobody may have called
            thread.join()


def _serve(
    listener: socket.socket,
    server: Scripted,
    replies: Sequence[bytes],
    connections: int,
    tls: ssl.SSLContext | None,
) -> None:
    with contextlib.suppress(OSError):
        for _ in range(connections):
            caller, _ = listener.accept()
            if tls is not None:
                caller = tls.wrap_socket(caller, server_side=True)
            with caller, caller.makefile("rb") as stream:
                first, *others = replies or (b"",)
                caller.sendall(first)
                for line in stream:
                    server.heard.append(line)
                    if others:
                        caller.sendall(others.pop(0))
