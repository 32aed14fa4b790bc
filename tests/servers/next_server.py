"""The next server of a relay: a scripted one, whose reply the recipient's name decides."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator

REPLIES = {
    "greylisted": "450 4.2.0 Greylisted, try again in 300 seconds",
    "refused": "550 5.1.1 No such user here",
    # What a hostile server would want a terminal and a parser to see.
    "hostile": "550 5.7.1 \x1b[2J\x1b]0;x\x07 ‮ postfix/smtp[1]: A: to=<x>, status=sent (250)",
}
ACCEPTED = "250 2.0.0 Ok: queued as 4NEXT"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 mx.next.test ESMTP")
        while line := self.rfile.readline().decode().strip():
            match line.upper().split(":")[0].split(" ")[0]:
                case "EHLO":
                    self._say("250 mx.next.test")
                case "RCPT":
                    name = line.partition("<")[2].partition("@")[0]
                    self._say(REPLIES.get(name, "250 2.1.5 Ok"))
                case "DATA":
                    self._say("354 Go ahead")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    self._say(ACCEPTED)
                case "QUIT":
                    self._say("221 2.0.0 Bye")
                    return
                case _:
                    self._say("250 2.0.0 Ok")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def running_next_server() -> Iterator[int]:
    """Serve on a port of 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        thread = threading.Thread(target=server.serve_forever, name="next server")
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
