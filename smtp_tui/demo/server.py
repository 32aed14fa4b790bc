"""The demo's mail server: STARTTLS on one port, TLS from the first byte on another.

Its certificate comes from a CA made for this run, which the sample file trusts. It takes any
message after a login and keeps none.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from importlib.resources import files
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword

USERNAME = "tickets@example.org"
PASSWORD = "correct horse"  # noqa: S105 - the sample file shows it
ADDRESS = "127.0.0.1"
USUAL_PORTS = (2587, 2465)


@dataclass(frozen=True, slots=True)
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
        authority.issue_cert("localhost").configure_cert(context)
        with _serving(context) as (starttls_port, tls_port):
            file = folder / "mail.toml"
            file.write_text(_sample_text(starttls_port, tls_port), encoding="utf-8")
            file.chmod(0o600)
            yield Sample(file, f"Demo: a copy in {folder}, gone when you leave. F5 tests it.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sample_text(starttls_port: int, tls_port: int) -> str:
    text = (files("smtp_tui.demo") / "sample.toml").read_text(encoding="utf-8")
    return text.replace("{starttls_port}", str(starttls_port)).replace("{tls_port}", str(tls_port))


@contextmanager
def _serving(context: ssl.SSLContext) -> Iterator[tuple[int, int]]:
    ports = [_free_port(usual) for usual in USUAL_PORTS]
    common: dict[str, Any] = {
        "hostname": ADDRESS,
        "ident": "ESMTP demo",
        "server_hostname": "localhost",
        "authenticator": _authenticate,
        "auth_required": True,
    }
    controllers = [
        Controller(Sink(), port=ports[0], tls_context=context, **common),
        Controller(Sink(), port=ports[1], ssl_context=context, auth_require_tls=False, **common),
    ]
    started = []
    try:
        for controller in controllers:
            controller.start()
            started.append(controller)
        yield ports[0], ports[1]
    finally:
        for controller in started:
            controller.stop()


def _authenticate(
    _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
) -> AuthResult:
    good = (
        isinstance(login, LoginPassword)
        and compare_digest(login.login, USERNAME.encode())
        and compare_digest(login.password, PASSWORD.encode())
    )
    return AuthResult(success=good, handled=False)


def _free_port(usual: int) -> int:
    for wanted in (usual, 0):
        with closing(socket.socket()) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((ADDRESS, wanted))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise OSError("no free port on the loopback address")
