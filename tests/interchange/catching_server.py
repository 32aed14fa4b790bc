"""A server on loopback that takes every login and message, and remembers them."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Caught:
    """What the clients said."""

    port: int
    hellos: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    caught: Caught


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        if not isinstance(self.server, _Server):
            raise TypeError
        caught = self.server.caught
        self._say("220 mail.test ESMTP")
        while line := self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            word = word.upper()
            caught.commands.append(word)
            if word in ("EHLO", "HELO"):
                caught.hellos.append(rest)
                self._say("250-mail.test", "250 AUTH PLAIN LOGIN")
            elif word == "AUTH":
                caught.logins.append(self._login(rest))
                self._say("235 welcome")
            elif word == "DATA":
                self._say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self._say("250 taken")
                caught.done.set()
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                caught.senders += [rest] if word == "MAIL" else []
                self._say("250 fine")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _login(self, rest: str) -> tuple[str, str]:
        mechanism, _, first = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = self._decoded(first or self._asked("")).split("\0")
            return user, password
        user = self._decoded(first or self._asked("VXNlcm5hbWU6"))
        return user, self._decoded(self._asked("UGFzc3dvcmQ6"))

    def _asked(self, challenge: str) -> str:
        self._say(f"334 {challenge}")
        return self.rfile.readline().decode().strip()

    @staticmethod
    def _decoded(text: str) -> str:
        return base64.b64decode(text).decode("utf-8", "replace")


@contextmanager
def catching_server() -> Iterator[Caught]:
    """Run the server on a free port of loopback."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.caught = caught = Caught(int(server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield caught
        finally:
            server.shutdown()
            thread.join()
