"""The demo: a mail server, a CA made for this run, and a sample file that trusts it.

The server speaks STARTTLS on one port, TLS from the first byte on another; it accepts any message
after a login and keeps none.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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
PASSWORD = "correct horse"  # noqa: S105 - the sample file shows it
USUAL_PORTS = (2587, 2465)
ADDRESS, _ADDRESS_6 = "127.0.0.1", "::1"
_ATTEMPTS = 20
DAY = timedelta(days=1)
LASTS = 90 * DAY

# Its remarks would go to the screen, in the middle of the form.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


@record
class Sample:
    """The sample file, and what to say when the form opens on it."""

    file: Path
    notice: str


@contextmanager
def running_demo() -> Iterator[Sample]:
    """Run the server and lay out the sample file in a folder of its own; both end with it."""
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
            yield Sample(file, f"Demo: a copy in {folder}, gone when you leave. F5 tests it.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[tuple[int, int]]:
    """Serve until the block ends; yields the STARTTLS port and the port of implicit TLS."""
    with ExitStack() as stack:
        (starttls_port, starttls), (tls_port, tls) = (
            stack.enter_context(listening(port)) for port in USUAL_PORTS
        )
        loop, ended = asyncio.new_event_loop(), asyncio.Event()

        def serve() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(_serve(context, starttls, tls, ended))

        # The sockets listen already: whoever connects before the thread runs waits for a moment.
        thread = threading.Thread(target=serve, name="smtp-tui demo", daemon=True)
        thread.start()
        try:
            yield starttls_port, tls_port
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
    # A client that breaks off is no news here.
    loop.set_exception_handler(lambda *_: None)
    sessions: list[SMTP] = []

    def session(**more: Any) -> SMTP:
        sessions.append(
            SMTP(
                Sink(),
                hostname="localhost",
                ident="ESMTP demo",
                authenticator=_authenticate,
                # Where TLS comes first, aiosmtpd does not know of it.
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
    for each in sessions:
        if each.transport is not None:
            each.transport.close()


@contextmanager
def listening(usual: int) -> Iterator[tuple[int, list[socket.socket]]]:
    """Listen at `usual`, else at another port, by IPv4 and, where the machine has it, by IPv6."""
    with ExitStack() as stack:
        for wanted in (usual, *[0] * _ATTEMPTS):
            with suppress(OSError), ExitStack() as attempt:
                listeners = [attempt.enter_context(_listener(ADDRESS, wanted))]
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
    # It sets IPV6_V6ONLY itself, so that both families may have the port.
    listener = socket.create_server((address, port), family=family)
    listener.setblocking(False)
    return listener


def _has_ipv6() -> bool:
    with suppress(OSError):
        _listener(_ADDRESS_6, 0).close()
        return True
    return False


def _authenticate(
    _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
) -> AuthResult:
    good = (
        isinstance(login, LoginPassword)
        and compare_digest(login.login, USERNAME.encode())
        and compare_digest(login.password, PASSWORD.encode())
    )
    return AuthResult(success=good, handled=False)
