"""A server on the loopback address that accepts every command, for a tap in another process."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def answering() -> Iterator[int]:
    """Yield the port of a server that greets, replies 250 to all, and 221 to QUIT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            caller, _ = listener.accept()
            with contextlib.suppress(OSError), caller, caller.makefile("rb") as stream:
                caller.sendall(b"220 mail.example ESMTP\r\n")
                for line in stream:
                    is_quit = line[:4].upper() == b"QUIT"
                    caller.sendall(b"221 bye\r\n" if is_quit else b"250 ok\r\n")
                    if is_quit:
                        break
