"""A stand-in for IMAP servers that hang, go away or refuse: no real one does so on demand."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def imap_stand_in(
    *,
    silent_after: str = "",
    closes_at: str = "",
    refusal: bytes | None = None,
    on_command: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Serve on loopback: silent after a command, closed at one, or with every login refused."""
    released = threading.Event()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, rest = line.decode().strip().partition(" ")
                on_command()
                verb = rest.split(" ")[0].upper()
                if verb == closes_at:
                    return
                if verb == silent_after:
                    released.wait(30)
                    return
                if verb == "CAPABILITY":
                    self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
                elif verb == "LIST":
                    self.wfile.write(b'* LIST () "/" INBOX\r\n')
                elif verb == "LOGIN" and refusal is not None:
                    self.wfile.write(f"{tag} NO ".encode() + refusal + b"\r\n")
                    continue
                self.wfile.write(f"{tag} OK done\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            released.set()
            server.shutdown()
            thread.join()
