"""Five real clients through the tap to a real Postfix, with and without TLS on either side."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import smtplib
import socket
import ssl
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.tap.clients import BODY, CLIENTS, SENDER, Sending
from tests.tap.running import RunningTap, running_tap
from tests.tap.scripted import Recorder

pytestmark = pytest.mark.integration

SERVERS = {
    "none": {"encryption": "none", "authentication": "plain"},
    "starttls": {"encryption": "tls"},
    "implicit": {"encryption": "ssl"},
}
LISTENERS = {
    "none": Listener.PLAIN,
    "starttls": Listener.STARTTLS_REQUIRED,
    "implicit": Listener.IMPLICIT_TLS,
}
EHLO_NAMES = {
    "swaks": "swaks.example.test",
    "msmtp": "msmtp.example.test",
    "smtplib": "python.example.test",
    "ruby": "ruby.example.test",
    "nodemailer": "node.example.test",
}


def settings_file(servers: MailServers, folder: Path, server: str, **more: Any) -> Path:
    values = {
        "host": servers.host,
        "port": servers.ports[LISTENERS[server]],
        "ca_file": str(servers.authority_file),
        "domain": "check.example.test",
        "username": servers.user.name,
        "password": servers.user.password,
        "from": SENDER,
        **SERVERS[server],
        **more,
    }
    path = folder / "mail.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path.write_text("\n".join(["[smtp]", *lines, ""]), encoding="utf-8")
    path.chmod(0o600)
    return path


def sent_through(
    servers: MailServers, folder: Path, client: str, mode: str, server: str, **more: Any
) -> RunningTap:
    """Send a message with a client and return the tap after its end."""
    file = settings_file(servers, folder, server, **more)
    ca_file = folder / "ca.pem"
    options = ("--clients", "1", "--json", "--ca-out", str(ca_file))
    with running_tap(file, *options) as tap:
        user = servers.user
        CLIENTS[client](Sending(tap.port, mode, ca_file, user.name, user.password))
        tap.end()
    return tap


def assert_nothing_leaks(tap: RunningTap, servers: MailServers) -> None:
    user, password = servers.user.name.encode(), servers.user.password.encode()
    for around in (b"", b"\0", b"\0\0", b"\0" + user + b"\0", user + b":"):
        encoded = b64encode(around + password).rstrip(b"=")[-len(password) :].decode()
        assert encoded not in tap.out + tap.err
    assert servers.user.password not in tap.out + tap.err
    for line in BODY.splitlines():
        assert line not in tap.out + tap.err


def accounted(tap: RunningTap) -> None:
    """Assert that what was changed accounts for every byte of difference in size."""
    (ended,) = tap.of("ended")
    for taken, given, direction in (
        ("from_application", "to_server", "server"),
        ("from_server", "to_application", "application"),
    ):
        changes = [line for line in tap.of("changed") if line["direction"] == direction]
        size = ended[taken]["size"]
        size += sum(one["size"] if one["added"] else -one["size"] for one in changes)
        assert size == ended[given]["size"]
        if not changes:
            assert ended[taken] == ended[given]


@pytest.mark.parametrize(
    ("mode", "server"),
    [
        ("none", "none"),
        ("none", "starttls"),
        ("none", "implicit"),
        ("starttls", "starttls"),
        ("implicit", "implicit"),
        ("implicit", "none"),
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_message_arrives_and_nothing_leaks(
    mail_servers: MailServers, tmp_path: Path, client: str, mode: str, server: str
) -> None:
    tap = sent_through(mail_servers, tmp_path, client, mode, server)
    assert not tap.err
    codes = [line["code"] for line in tap.of("received")]
    assert codes[-1] == (250 if client == "nodemailer" else 221)
    assert_nothing_leaks(tap, mail_servers)
    accounted(tap)
    sent = [line["text"] for line in tap.of("sent")]
    assert any(re.fullmatch(r"\[message hidden: \d+ bytes\]", text) for text in sent)
    assert f"EHLO {EHLO_NAMES[client]}".casefold() in map(str.casefold, sent)
    expected = TRUE_DIFFERENCES[client] | unencrypted(mode, server)
    if server == "none" and client in ("msmtp", "ruby"):
        expected -= {"tap-mechanism"}  # both use PLAIN
    assert tap.differences == expected
    assert tap.status == 1


# Each client names itself; the check is told another name, and takes SCRAM-SHA-256 inside TLS and
# PLAIN outside. nodemailer closes its pool of one without QUIT, msmtp sends RCPT and DATA at once.
TRUE_DIFFERENCES = {
    "swaks": {"tap-ehlo-name", "tap-mechanism"},
    "msmtp": {"tap-ehlo-name", "tap-mechanism", "tap-pipelines"},
    "smtplib": {"tap-ehlo-name", "tap-mechanism"},
    "ruby": {"tap-ehlo-name", "tap-mechanism"},
    "nodemailer": {"tap-ehlo-name", "tap-mechanism", "tap-no-quit"},
}


def unencrypted(mode: str, server: str) -> set[str]:
    """What the tap says of a client that encrypts otherwise than the settings say."""
    if mode == server:
        return set()
    return {"tap-no-starttls" if (mode, server) == ("none", "starttls") else "tap-encryption"}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_each_client_shares_with_a_check_is_not_named(
    mail_servers: MailServers, tmp_path: Path, client: str
) -> None:
    mechanism = {"swaks": "cram-md5", "smtplib": "cram-md5", "nodemailer": "login"}
    more = {"domain": EHLO_NAMES[client], "authentication": mechanism.get(client, "plain")}
    tap = sent_through(mail_servers, tmp_path, client, "starttls", "starttls", **more)
    assert tap.differences == TRUE_DIFFERENCES[client] - {"tap-ehlo-name", "tap-mechanism"}
    assert tap.status == (1 if tap.differences else 0)


def test_another_login_and_sender(mail_servers: MailServers, tmp_path: Path) -> None:
    more = {"password": "never-the-right-one", "username": "carol@example.test", "from": "c@d.test"}
    tap = sent_through(mail_servers, tmp_path, "ruby", "none", "none", **more)
    named = {"tap-password-differs", "tap-username-differs", "tap-mail-from"}
    assert tap.differences == named | {"tap-ehlo-name"}
    assert_nothing_leaks(tap, mail_servers)
    assert "never-the-right-one" not in tap.out


@pytest.mark.parametrize("client", CLIENTS)
def test_another_program_sees_equal_bytes_on_both_sides(
    mail_servers: MailServers, tmp_path: Path, client: str
) -> None:
    """The judge is no part of the tap: a recorder before it, and one behind it."""
    port = mail_servers.ports[Listener.PLAIN]
    with Recorder(port) as behind, Recorder() as before:
        file = settings_file(mail_servers, tmp_path, "none", host="127.0.0.1", port=behind.port)
        with running_tap(file, "--clients", "1", "--json") as tap:
            before.to = tap.port
            user = mail_servers.user
            sending = Sending(before.port, "none", mail_servers.authority_file, user.name,
                              user.password)  # fmt: skip
            CLIENTS[client](sending)
            before.wait()
            tap.end()
        behind.wait()
    assert sha256(before.forth).hexdigest() == sha256(behind.forth).hexdigest()
    assert sha256(before.back).hexdigest() == sha256(behind.back).hexdigest()
    assert len(before.forth) == tap.of("ended")[0]["from_application"]["size"]
    assert b"last line" in behind.forth
    assert not tap.of("changed")


def test_hostile_clients_harm_neither_the_tap_nor_the_server(
    mail_servers: MailServers, tmp_path: Path
) -> None:
    file, ca_file = settings_file(mail_servers, tmp_path, "starttls"), tmp_path / "ca.pem"
    hostile = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03junk",
        bytes(range(256)) * 300,
        b"A" * 300_000,
        b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b.example>\r\n",
        b"AUTH PLAIN\r\n" * 500,
        b"EHLO x\r\nDATA\r\nBDAT 999999999999\r\n" + b"y" * 100_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"",
    )
    # Quiet: nobody reads the output before the end.
    with running_tap(file, "--json", "--quiet", "--ca-out", str(ca_file)) as tap:
        for data in hostile:
            with (
                contextlib.suppress(ConnectionError),
                socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client,
            ):
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        with contextlib.ExitStack() as half_open:
            for _ in range(30):
                half_open.enter_context(socket.create_connection(("127.0.0.1", tap.port)))
        user = mail_servers.user
        # The eight half-open ones need a moment to end.
        sending = Sending(tap.port, "starttls", ca_file, user.name, user.password)
        has_sent = False
        while not has_sent:
            with contextlib.suppress(smtplib.SMTPConnectError):
                CLIENTS["smtplib"](sending)
                has_sent = True
        assert tap.end(signal.SIGINT) == 130
    assert not tap.err
    assert "panic" not in mail_servers.log
    assert "fatal" not in mail_servers.log
    assert tap.of("finished")[0]["clients"] > len(hostile)


def test_a_server_without_the_starttls_that_the_settings_require(
    mail_servers: MailServers, tmp_path: Path
) -> None:
    plain = mail_servers.ports[Listener.PLAIN]
    file = settings_file(mail_servers, tmp_path, "starttls", port=plain)
    with running_tap(file, "--json", "--clients", "1") as tap:
        with smtplib.SMTP("127.0.0.1", tap.port) as client, contextlib.suppress(OSError):
            client.login(mail_servers.user.name, mail_servers.user.password)
        assert tap.end() == 8
    (ended,) = tap.of("ended")
    assert ended["detail"] == "the server does not offer STARTTLS, and the settings require it"
    assert_nothing_leaks(tap, mail_servers)


@pytest.mark.parametrize(
    ("listener", "reason"),
    [
        (Listener.STARTTLS_WRONG_NAME, "not valid for 'localhost'"),
        (Listener.STARTTLS_EXPIRED, "certificate has expired"),
    ],
)
def test_a_server_whose_certificate_is_not_valid(
    mail_servers: MailServers, tmp_path: Path, listener: Listener, reason: str
) -> None:
    port = mail_servers.ports[listener]
    file = settings_file(mail_servers, tmp_path, "starttls", port=port)
    with running_tap(file, "--json", "--clients", "1") as tap:
        with smtplib.SMTP("127.0.0.1", tap.port) as client, contextlib.suppress(OSError):
            client.login(mail_servers.user.name, mail_servers.user.password)
        assert tap.end() == 8
    assert reason in tap.of("ended")[0]["detail"]
    assert_nothing_leaks(tap, mail_servers)


def replies_to(connection: socket.socket, data: bytes) -> list[bytes]:
    """The codes that a server sends after one write, up to the end of the connection."""
    with connection, connection.makefile("rb") as stream:
        connection.sendall(data)
        return [line[:4] for line in stream if line[3:4] == b" "]


@pytest.mark.parametrize("mode", ["none", "implicit"])
def test_a_server_rejects_commands_that_come_too_early_as_without_the_tap(
    mail_servers: MailServers, tmp_path: Path, mode: str
) -> None:
    """Postfix 3.9 and newer breaks off (smtpd_forbid_unauth_pipelining)."""
    data = b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n"
    ca_file = tmp_path / "ca.pem"

    def opened(port: int, trusted: Path) -> socket.socket:
        plain = socket.create_connection(("localhost", port), timeout=20)
        if mode == "none":
            assert plain.recv(1000).startswith(b"220 ")
            return plain
        context = ssl.create_default_context(cafile=str(trusted))
        secured = context.wrap_socket(plain, server_hostname="localhost")
        assert secured.recv(1000).startswith(b"220 ")
        return secured

    direct = opened(mail_servers.ports[LISTENERS[mode]], mail_servers.authority_file)
    expected = replies_to(direct, data)
    file = settings_file(mail_servers, tmp_path, mode)
    options = ("--clients", "1", "--json", "--ca-out", str(ca_file))
    with running_tap(file, *options) as tap:
        assert replies_to(opened(tap.port, ca_file), data) == expected
        tap.end()
    assert "tap-does-not-wait" in tap.differences


def test_what_a_careless_application_does_is_named(
    mail_servers: MailServers, tmp_path: Path
) -> None:
    """Bytes beyond ASCII, bare LF and long lines, more than the server's SIZE, and no QUIT."""
    content = b"Subject: x\r\n\r\nprivate words\nand \xe4\r\n" + b"z" * 1000 + b"\r\n.\r\n"
    commands = (
        b"EHLO check.example.test\n",
        b"MAIL FROM:<app@example.test> SIZE=100001\r\n",
        b"RSET\r\n",
        b"MAIL FROM:<app@example.test>\r\n",
        b"RCPT TO:<alice@example.test>\r\n",
        b"DATA\r\n",
        content,
        b"PASS the-secret\r\n",
    )
    more = {"username": "", "password": "", "authentication": "none"}
    file = settings_file(mail_servers, tmp_path, "none", **more)
    codes = []
    with running_tap(file, "--clients", "1", "--json") as tap:
        with (
            socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client,
            client.makefile("rb") as stream,
        ):
            stream.readline()
            for data in commands:
                client.sendall(data)
                codes.append(next((int(line[:3]) for line in stream if line[3:4] == b" "), 0))
        tap.end()
    assert codes == [250, 552, 250, 250, 250, 354, 250, 500]
    assert tap.differences == {
        "tap-size", "tap-bare-lf", "tap-8bit", "tap-long-line", "tap-command-bare-lf",
        "tap-unknown-command", "tap-no-quit",
    }  # fmt: skip
    assert "the-secret" not in tap.out
    assert "private words" not in tap.out
