"""Run the demo: a mail server, a CA made for this run, and a sample file that trusts it.

The server uses STARTTLS on one port, implicit TLS on another; after a login it accepts any message
and discards it. One of the sample's settings does not work, so that there is something to fix.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from smtp_tui.records import record

USERNAME = "tickets@example.org"
PASSWORD = "correct-horse"  # noqa: S105 - the sample file shows it
USUAL_PORTS = (2587, 2465)
ADDRESS, _ADDRESS_6 = "127.0.0.1", "::1"
_ATTEMPTS = 20
DAY = timedelta(days=1)
LASTS = 90 * DAY

# The fix for the sample, the same as the form's best fix.
CURE = {"authentication": "auto"}

# aiosmtpd's log messages would appear in the middle of the form.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


@record
class SampleFile:
    """The sample file and its first text."""

    file: Path
    text: str = field(repr=False)  # it contains the password

    @property
    def cure(self) -> dict[str, str]:
        """The values that make the settings work, by key."""
        return CURE

    @property
    def is_saved(self) -> bool:
        """Whether the file has been changed since it was made."""
        # Another program may have removed the copy, or made it no text.
        with suppress(OSError, ValueError):
            return self.file.read_text(encoding="utf-8") != self.text
        return False


@contextmanager
def running_demo() -> Iterator[SampleFile]:
    """Run the server and create the sample file in a temporary folder, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="smtp-tui-demo-"))
    try:
        authority = trustme.CA(organization_name="smtp-tui demo")
        authority.cert_pem.write_to_path(folder / "demo-ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        now = datetime.now(UTC)
        certificate = authority.issue_cert("localhost", not_before=now - DAY, not_after=now + LASTS)
        certificate.configure_cert(context)
        with serving(context) as (starttls_port, tls_port):
            text = Path(__file__).with_name("sample.toml").read_text(encoding="utf-8")
            text = text.format(starttls_port=starttls_port, tls_port=tls_port)
            file = folder / "mail.toml"
            file.write_text(text, encoding="utf-8")
            file.chmod(0o600)
            yield SampleFile(file, text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[tuple[int, int]]:
    """Serve until the block ends; yield the STARTTLS port and the implicit TLS port."""
    with ExitStack() as stack:
        (starttls_port, starttls), (tls_port, tls) = (
            stack.enter_context(listening(port)) for port in USUAL_PORTS
        )
        with in_thread(partial(_serve, context, starttls, tls)):
            yield starttls_port, tls_port


@contextmanager
def in_thread(serve: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> Iterator[None]:
    """Run a server in a thread until the block ends, which sets the event."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve(ended))

    # The sockets already listen: clients that connect before the thread runs wait briefly.
    thread = threading.Thread(target=run, name="smtp-tui demo", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


async def _serve(
    context: ssl.SSLContext,
    starttls: list[socket.socket],
    tls: list[socket.socket],
    ended: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    # A client that disconnects early is not an error here.
    loop.set_exception_handler(lambda *_: None)
    sessions: list[SMTP] = []

    def session(**more: Any) -> SMTP:
        sessions.append(
            SMTP(
                Sink(),
                hostname="localhost",
                ident="ESMTP demo",
                authenticator=_authenticate,
                # aiosmtpd does not know about implicit TLS.
                auth_require_tls="tls_context" in more,
                loop=loop,
                **more,
            )
        )
        return sessions[-1]

    for listener in starttls:
        with_tls = partial(session, tls_context=context, auth_required=True)
        await loop.create_server(with_tls, sock=listener)
    for listener in tls:
        await loop.create_server(session, sock=listener, ssl=context)
    await ended.wait()
    for opened in sessions:
        if opened.transport is not None:
            opened.transport.close()


@contextmanager
def listening(usual: int) -> Iterator[tuple[int, list[socket.socket]]]:
    """Listen on port `usual`, else on another, over IPv4 and, if available, IPv6."""
    with ExitStack() as stack:
        for requested in (usual, *[0] * _ATTEMPTS):
            with suppress(OSError), ExitStack() as attempt:
                listeners = [attempt.enter_context(_listener(ADDRESS, requested))]
                port = int(listeners[0].getsockname()[1])
                if _has_ipv6():
                    listeners.append(attempt.enter_context(_listener(_ADDRESS_6, port)))
                stack.push(attempt.pop_all())
                break
        else:
            raise OSError("no free port on the loopback addresses")
        yield port, listeners


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # create_server() sets IPV6_V6ONLY, so that both families can share the port.
    listener = socket.create_server((address, port), family=family)
    listener.setblocking(False)
    # aiosmtpd writes each line of a reply by itself: without this, Nagle's algorithm holds the
    # second until the client's delayed acknowledgement, 40 ms. asyncio would set it, but only on
    # sockets made with an explicit IPPROTO_TCP. Accepted connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _has_ipv6() -> bool:
    with suppress(OSError):
        _listener(_ADDRESS_6, 0).close()
        return True
    return False


def _authenticate(
    _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
) -> AuthResult:
    is_correct = (
        isinstance(login, LoginPassword)
        and compare_digest(login.login, USERNAME.encode())
        and compare_digest(login.password, PASSWORD.encode())
    )
    return AuthResult(success=is_correct, handled=False)
