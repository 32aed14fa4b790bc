"""A server at a UNIX socket."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.addresses import Network
from smtp_tui.smtp.events import Connected, Connecting, Resolved
from smtp_tui.smtp.message import MailRequest
from tests.servers.envelopes import ACCEPTED_RECIPIENT
from tests.servers.mail import MailServers
from tests.smtp import pki
from tests.smtp.playing import EHLO, GREETING, OPEN, USER, play
from tests.smtp.steps import tls

AUTH = f"{GREETING}\n{EHLO}\nS: 250-mail.example.test\nS: 250 AUTH PLAIN\nC: AUTH PLAIN …"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(os.path.relpath(tmp_path / "s")) if len(str(tmp_path)) > 100 else tmp_path / "s"


def settings(**values: Any) -> Settings:
    parsed = parse_settings(values)
    assert parsed.settings, parsed.problems
    return parsed.settings


async def test_the_dialogue_runs_over_it(path: Path) -> None:
    played = await play((f"{OPEN}S: 250 PIPELINING",), path=path)
    assert played.verdict.ok
    assert played.verdict.address == f"unix:{path}"
    assert not any(isinstance(event, Resolved) for event in played.events)
    (tried,) = [event for event in played.events if isinstance(event, Connecting)]
    (connected,) = [event for event in played.events if isinstance(event, Connected)]
    assert (tried.port, connected.port, connected.local_address) == (None, None, None)
    assert f"connected to unix:{path}\n" in played.text


async def test_without_a_name_the_literal_of_this_machine_is_given(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Network, "own_name", lambda _: "localhost")
    script = f"{GREETING}\nC: EHLO [127.0.0.1]\nS: 250 mail.example.test"
    assert (await play((script,), path=path, domain=None)).verdict.ok


@pytest.mark.parametrize("authentication", ["auto", "plain"])
async def test_a_password_may_cross_it(path: Path, authentication: str) -> None:
    played = await play(
        (AUTH, "S: 235 2.7.0 welcome"), path=path, username=USER, authentication=authentication
    )
    assert played.verdict.ok
    assert played.verdict.warnings == ()
    assert "safe on a UNIX socket" in played.text or authentication == "plain"


async def test_starttls_that_is_not_offered_is_no_risk(path: Path) -> None:
    values: dict[str, Any] = {"starttls_auto": True, "server_name": pki.HOST}
    played = await play((f"{OPEN}S: 250 SIZE",), path=path, **values)
    assert (played.verdict.ok, played.verdict.warnings) == (True, ())


async def test_tls_runs_over_it(path: Path, context: ssl.SSLContext, ca_file: str) -> None:
    values: dict[str, Any] = {"encryption": "ssl", "server_name": pki.HOST, "ca_file": ca_file}
    played = await play((tls(context), f"{OPEN}S: 250 SIZE"), path=path, **values)
    assert played.verdict.ok
    unnamed: dict[str, Any] = {
        "encryption": "ssl",
        "openssl_verify_mode": "none",
        "ca_file": ca_file,
    }
    played = await play((tls(context), f"{OPEN}S: 250 SIZE"), path=path.with_name("t"), **unnamed)
    assert played.verdict.ok


def test_the_certificate_needs_a_name() -> None:
    host = "unix:/run/smtp.sock"
    for values in ({"encryption": "tls"}, {"encryption": "none", "starttls_auto": True}):
        (problem,) = parse_settings({"host": host, **values}).problems
        assert problem.key == "server_name"
    assert settings(host=host).tls_name == ""
    assert settings(host=host, encryption="tls", server_name="a.example").tls_name == "a.example"


def test_what_no_socket_needs_is_said_to_be_unused() -> None:
    values = {"port": 25, "address_family": "ipv4", "source_address": "127.0.0.1"}
    remarks = parse_settings({"host": "unix:/run/smtp.sock", **values}).remarks
    assert [remark.key for remark in remarks] == ["port", "address_family", "source_address"]


def test_its_encryption_is_none_unless_set() -> None:
    assert settings(host="unix:/run/smtp.sock").encryption == "none"
    assert settings(host="mail.example").encryption == "tls"


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("unix:/run/x y.sock", "unix:/run/x y.sock"),
        ("UNIX:///run/x.sock", "unix:/run/x.sock"),
        (f"unix:/{'a' * 106}", f"unix:/{'a' * 106}"),
    ],
)
def test_its_spellings(written: str, host: str) -> None:
    assert settings(host=written).host == host


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("unix:smtp.sock", "not an absolute path"),
        ("unix:", "not an absolute path"),
        (f"unix:/{'a' * 107}", "has 108 bytes; the system allows 107"),
        (f"unix:/{'ä' * 54}", "has 109 bytes"),
        ("unix:/run/\x1b[31m", "control character"),
    ],
)
def test_a_path_that_cannot_be_one(written: str, text: str) -> None:
    (problem,) = parse_settings({"host": written}).problems
    assert text in problem.message
    assert "\x1b" not in problem.message


def test_a_server_name_is_no_socket() -> None:
    parsed = parse_settings({"host": "mail.example", "server_name": "unix:/run/x"})
    assert [problem.key for problem in parsed.problems] == ["server_name"]


def dead(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def datagrams(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(path))
    return server


@pytest.mark.parametrize(
    ("make", "cause", "text"),
    [
        (lambda _: None, "socket-missing", "No such file"),
        (Path.touch, "socket-missing", "the file is not a socket"),
        (Path.mkdir, "socket-missing", "the file is not a socket"),
        (dead, "socket-refused", "Connection refused"),
        (datagrams, "socket-missing", "not a stream socket"),
    ],
)
async def test_nobody_answers(path: Path, make: Any, cause: str, text: str) -> None:
    other = path.with_name("other")
    with make(other) or nullcontext():
        played = await play((f"{OPEN}S: 250 SIZE",), path=path, host=f"unix:{other}")
    assert (played.verdict.stage.value, played.verdict.cause) == ("connect", cause)
    assert text in played.verdict.summary
    assert not played.server.peers


async def test_a_full_queue_is_named(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        full = path.with_name("full")
        server.bind(str(full))
        server.listen(0)
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(full))
            played = await play((), path=path, host=f"unix:{full}", timeout=0.3)
    assert played.verdict.cause == "socket-refused"
    assert "its queue of connections stayed full, no answer within 0.3 s" in played.verdict.summary


_AS_NOBODY = """
import asyncio, os, sys
from smtp_tui.smtp.addresses import Network
from smtp_tui.smtp.unix_sockets import connect_socket
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
os.setgid(65534), os.setgroups([]), os.setuid(65534)
try:
    asyncio.run(connect_socket(sys.argv[1], Network()))
except AddressLookupError as error:
    print(error.fault.value, error.detail)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("folder_mode", "text"),
    [(0o700, "; the folder {folder} has mode 0700"), (0o755, "; the socket has mode 0600")],
)
def test_who_may_connect_is_said(folder_mode: int, text: str) -> None:
    folder = Path(f"/tmp/streams-{os.getpid()}")
    folder.mkdir()
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(folder / "s"))
            server.listen()
            (folder / "s").chmod(0o600)
            folder.chmod(folder_mode)
            call = [sys.executable, "-c", _AS_NOBODY, f"unix:{folder}/s"]
            said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    finally:
        (folder / "s").unlink()
        folder.rmdir()
    assert said.startswith("socket-denied Permission denied")
    assert f"{text.format(folder=folder)}, owner root and group root" in said


async def test_postfix_answers_at_its_own(mail_servers: MailServers, path: Path) -> None:
    mail = MailRequest(
        recipients=(parse_mailbox(ACCEPTED_RECIPIENT),),
        sender=parse_mailbox("root@example.test"),
        subject="At the socket",
        body="text",
    )
    host = f"unix:{mail_servers.smtp_socket}"
    verdict = (await play((), path=path, host=host, mail=mail)).verdict
    assert verdict.ok
    assert verdict.queue_id
    assert verdict.address == host
