"""The demo's mail server itself: STARTTLS on one port, TLS from the first byte on another.

It takes any message after a login and keeps none.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hmac import compare_digest
from typing import Any

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from smtp_tui.demo.ports import listening

USERNAME = "tickets@example.org"
PASSWORD = "correct horse"  # noqa: S105 - the sample file shows it
USUAL_PORTS = (2587, 2465)

# Its remarks would go to the screen, in the middle of the form.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[tuple[int, int]]:
    """Serve until the block ends; yields the STARTTLS port and the port of TLS at once."""
    with ExitStack() as held:
        (starttls_port, starttls), (tls_port, tls) = (
            held.enter_context(listening(port)) for port in USUAL_PORTS
        )
        server = _Server(context, starttls=starttls, tls=tls)
        # They listen already: whoever connects before the thread runs waits for a moment.
        thread = threading.Thread(target=server.run, name="smtp-tui demo", daemon=True)
        thread.start()
        try:
            yield starttls_port, tls_port
        finally:
            server.stop()
            thread.join()


class _Server:
    """Both ports in an event loop of their own, in a thread beside the form's."""

    def __init__(
        self, context: ssl.SSLContext, *, starttls: list[socket.socket], tls: list[socket.socket]
    ) -> None:
        self._context = context
        self._starttls = starttls
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._sessions: list[SMTP] = []

    def run(self) -> None:
        """Serve until `stop`."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """End, from another thread."""
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        # A client that breaks off is no news here.
        loop.set_exception_handler(lambda *_: None)
        for listener in self._starttls:
            await loop.create_server(self._session_with_starttls, sock=listener)
        for listener in self._tls:
            await loop.create_server(self._session, sock=listener, ssl=self._context)
        await self._ended.wait()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()

    def _session_with_starttls(self) -> SMTP:
        return self._session(tls_context=self._context, auth_required=True)

    def _session(self, **more: Any) -> SMTP:
        session = SMTP(
            Sink(),
            hostname="localhost",
            ident="ESMTP demo",
            authenticator=_authenticate,
            # Where TLS comes first, aiosmtpd does not know of it.
            auth_require_tls="tls_context" in more,
            loop=self._loop,
            **more,
        )
        self._sessions.append(session)
        return session


def _authenticate(
    _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
) -> AuthResult:
    good = (
        isinstance(login, LoginPassword)
        and compare_digest(login.login, USERNAME.encode())
        and compare_digest(login.password, PASSWORD.encode())
    )
    return AuthResult(success=good, handled=False)
