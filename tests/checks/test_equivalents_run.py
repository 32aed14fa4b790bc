"""The command lines, run: the programs come to what the check comes to."""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from typing import Any

import pytest

from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.settings.validate import parse_settings
from tests.checks.outcomes import outcome_of
from tests.checks.scripted import saying
from tests.servers.authority import OTHER_NAME, Certificate
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.tokens import access_token
from tests.table import table
from tests.terminal import on_terminal

pytestmark = pytest.mark.integration

# What each says when nothing is wrong, when AUTH is refused, when TLS is, or its certificate.
STATUS = {
    "swaks": {"ok": {0}, "auth": {28}, "tls": {29}},
    "curl": {"ok": {0}, "auth": {67}, "tls": {60, 64}},
    "openssl": {"ok": {0}, "tls": {1}},
}


def needs(program: str) -> None:
    """Skip where a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def line_of(program: str, values: dict[str, Any]) -> str:
    settings = parse_settings(values).settings
    assert settings is not None
    return next(one.line for one in equivalent_commands(settings) if one.program == program)


def typed(line: str, secret: str, *, before: str = "") -> tuple[int, bytes]:
    """Run a line on a terminal and type the password where it is asked for."""
    environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    with on_terminal(["/bin/sh", "-c", line], environment, (200, 50)) as terminal:
        if before:
            terminal.wait_for("Username:")
            terminal.press(before, "Enter")
        terminal.wait_for("assword")
        terminal.press(secret, "\n")
        status = terminal.wait_for_end()
        return status, bytes(terminal.output)


def piped(line: str, text: str = "") -> tuple[int, bytes]:
    """Run a line without a terminal, with a text on standard input."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


def values_for(servers: MailServers, listener: Listener, **more: Any) -> dict[str, Any]:
    """Settings for a listener, but for those that are None."""
    values = {
        "host": servers.host,
        "port": servers.ports[listener],
        "domain": "client.example.test",
        "ca_file": str(servers.authority_file),
        "timeout": 20,
        **more,
    }
    return {key: value for key, value in values.items() if value is not None}


AUTO = {"encryption": "none", "starttls_auto": True}
SSL = {"encryption": "ssl"}
ODD = {"tls_minimum": "1.3", "domain": "[127.0.0.1]"}

LOGINS = [
    (Listener.STARTTLS_REQUIRED, {"authentication": "plain"}),
    (Listener.STARTTLS_REQUIRED, {"authentication": "login"}),
    (Listener.STARTTLS_OFFERED, {"authentication": "cram-md5"}),
    (Listener.STARTTLS_REQUIRED, {}),
    (Listener.IMPLICIT_TLS, {"authentication": "plain", **SSL}),
    (Listener.PLAIN, {"authentication": "plain", "encryption": "none"}),
    (Listener.PLAIN, {"authentication": "cram-md5", **AUTO}),
    (Listener.STARTTLS_OFFERED, {"authentication": "login", **AUTO}),
    (Listener.STARTTLS_WRONG_NAME, {"authentication": "plain", "server_name": OTHER_NAME}),
    (Listener.STARTTLS_WRONG_NAME, {"authentication": "plain", "openssl_verify_mode": "none"}),
    (Listener.STARTTLS_REQUIRED, {"authentication": "plain", **ODD}),
]


@pytest.mark.parametrize("program", ["swaks", "curl"])
@pytest.mark.parametrize(("listener", "more"), LOGINS)
async def test_logins(
    mail_servers: MailServers, program: str, listener: Listener, more: dict[str, Any]
) -> None:
    needs(program)
    user = mail_servers.user
    values = values_for(mail_servers, listener, username=user.name, **more)
    for secret, outcome in ((user.password, "ok"), ("never-the-right-one", "auth")):
        _, verdict = await outcome_of(values, secret=secret)
        assert verdict.stage == "auth"
        assert verdict.ok is (outcome == "ok")
        status, output = typed(line_of(program, values), secret)
        assert status in STATUS[program][outcome], output.decode(errors="replace")


@pytest.mark.parametrize("program", ["swaks", "curl"])
def test_a_password_that_is_hard_to_type(mail_servers: MailServers, program: str) -> None:
    needs(program)
    user = mail_servers.awkward_user
    values = values_for(
        mail_servers, Listener.STARTTLS_REQUIRED, username=user.name, authentication="plain"
    )
    status, output = piped(line_of(program, values), f"{user.password}\n")
    assert status == 0, output.decode(errors="replace")


def test_swaks_hides_the_password(mail_servers: MailServers) -> None:
    needs("swaks")
    user = mail_servers.user
    values = values_for(mail_servers, Listener.PLAIN, username=user.name, authentication="plain")
    line = line_of("swaks", {**values, "encryption": "none"})
    status, output = piped(line, f"{user.password}\n")
    assert status == 0
    payloads = [
        one.split()[3] for one in output.splitlines() if b"AUTH PLAIN " in one and b"->" in one
    ]
    assert payloads
    assert user.password.encode() not in output
    assert not any(user.password.encode() in b64decode(one) for one in payloads)


FAILURES = [
    (Listener.STARTTLS_WRONG_NAME, {}),
    (Listener.STARTTLS_EXPIRED, {}),
    (Listener.STARTTLS_SELF_SIGNED, {}),
    (Listener.IMPLICIT_TLS_WRONG_NAME, SSL),
    (Listener.STARTTLS_OFFERED, {"ca_file": None}),
    (Listener.STARTTLS_OFFERED, {"ca_file": Certificate.SELF_SIGNED}),
    (Listener.STARTTLS_OFFERED, {"server_name": "127.0.0.99"}),
    (Listener.PLAIN, {}),
]


@pytest.mark.parametrize("program", ["swaks", "openssl", "curl"])
@pytest.mark.parametrize(("listener", "more"), FAILURES)
async def test_what_tls_does_not_take(
    mail_servers: MailServers, program: str, listener: Listener, more: dict[str, Any]
) -> None:
    needs(program)
    other = more.get("ca_file")
    if other:
        more = {"ca_file": str(mail_servers.certificate_files[other])}
    values = values_for(mail_servers, listener, **more)
    _, verdict = await outcome_of(values, extra=0)
    assert verdict.stage == "tls"
    assert not verdict.ok
    status, output = piped(line_of(program, values))
    assert status in STATUS[program]["tls"], output.decode(errors="replace")


@pytest.mark.parametrize("program", ["swaks", "openssl", "curl"])
@pytest.mark.parametrize(
    ("listener", "more"),
    [
        (Listener.STARTTLS_REQUIRED, {}),
        (Listener.STARTTLS_REQUIRED, {"host": "127.0.0.1", "source_address": "127.0.0.1"}),
        (Listener.STARTTLS_REQUIRED, {"address_family": "ipv4", "tls_minimum": "1.0"}),
        (Listener.IMPLICIT_TLS, {**SSL, "host": "127.0.0.1", "server_name": "localhost"}),
        (Listener.STARTTLS_OFFERED, {**AUTO}),
    ],
)
def test_without_a_login(
    mail_servers: MailServers, program: str, listener: Listener, more: dict[str, Any]
) -> None:
    needs(program)
    status, output = piped(line_of(program, values_for(mail_servers, listener, **more)))
    assert status == 0, output.decode(errors="replace")


@pytest.mark.parametrize("program", ["swaks", "openssl", "curl"])
def test_ipv6(mail_servers: MailServers, program: str) -> None:
    needs(program)
    if "::1" not in mail_servers.addresses:
        pytest.skip("this machine has no IPv6 loopback")
    only = {"host": "::1", "source_address": "::1", "address_family": "ipv6"}
    values = values_for(mail_servers, Listener.STARTTLS_OFFERED, **only)
    status, output = piped(line_of(program, values))
    assert status == 0, output.decode(errors="replace")


@pytest.mark.parametrize("program", ["swaks", "curl"])
def test_no_password_leaves_where_the_check_keeps_it(
    mail_servers: MailServers, program: str
) -> None:
    needs(program)
    user = mail_servers.user
    values = values_for(
        mail_servers,
        Listener.PLAIN,
        username=user.name,
        authentication="plain",
        encryption="none",
        starttls_auto=True,
    )
    status, output = piped(line_of(program, values), f"{user.password}\n")
    assert status in STATUS[program]["tls"], output.decode(errors="replace")
    assert b"> AUTH" not in output


def test_openssl_shows_the_fingerprint(mail_servers: MailServers) -> None:
    needs("openssl")
    values = values_for(
        mail_servers, Listener.STARTTLS_WRONG_NAME, tls_fingerprint="0" * 64, ca_file=None
    )
    _, output = piped(line_of("openssl", values))
    shown = output.decode().splitlines()[-1].partition("=")[2]
    assert parse_settings({**values, "tls_fingerprint": shown}).problems == ()


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token(mail_servers: MailServers, mechanism: str) -> None:
    needs("curl")
    user = mail_servers.user.name
    values = values_for(mail_servers, Listener.WITH_TOKENS, username=user, authentication=mechanism)
    for token, status in ((access_token(user), 0), (access_token(user, key=b"another"), 67)):
        ended, output = piped(line_of("curl", values), f'oauth2-bearer = "{token}"\n')
        assert ended == status, output.decode(errors="replace")


USERS = [
    "-x",
    "--help",
    "a b",
    "a;b",
    "@file",
    'it\'s "q"',
    "$HOME`id`",
    "ünï€",
    "\x1b[2J",
    "%41",
]


@table("program", ["swaks", "curl"])
@table("user", USERS)
def test_any_user_name_arrives(program: str, user: str) -> None:
    needs(program)
    greeting, hello = b"220 mail.example ESMTP\r\n", b"250-mail.example\r\n250 AUTH PLAIN\r\n"
    # curl sends PLAIN's answer after a challenge, swaks at once.
    rest = (b"334 \r\n",) if program == "curl" else ()
    with saying(greeting, hello, *rest, b"235 ok\r\n", b"250 ok\r\n", b"221 bye\r\n") as server:
        values = {
            "host": "127.0.0.1",
            "port": server.port,
            "encryption": "none",
            "username": user,
            "authentication": "plain",
        }
        is_asked = program == "swaks" and user.startswith("-")
        piped(line_of(program, values), f"{user}\nsecret\n" if is_asked else "secret\n")
    wanted = b64encode(f"\0{user}\0secret".encode())
    assert wanted in [line.split()[-1] for line in server.heard]


@pytest.mark.parametrize("program", ["swaks", "curl"])
def test_a_unix_socket_is_reached(mail_servers: MailServers, program: str) -> None:
    needs(program)
    host = f"unix:{mail_servers.smtp_socket}"
    line = line_of(program, {"host": host, "domain": "client.example.test", "timeout": 20})
    status, output = piped(line)
    assert status == 0, output
    assert b"250" in output
