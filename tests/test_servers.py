"""The real servers behave as their names say, and leave nothing behind."""

import base64
import dataclasses
import hashlib
import hmac
import imaplib
import os
import shutil
import smtplib
import ssl
import time
from collections.abc import Callable, Generator

import pytest
from scramp import ScramClient

from tests.servers import envelopes, requirements
from tests.servers.authority import Certificate
from tests.servers.daemon import ServerError, running
from tests.servers.dovecot import MECHANISMS
from tests.servers.listeners import SERVICES, Listener, Tls
from tests.servers.mail import MailServers, running_mail_servers
from tests.servers.mailboxes import JUNK, Mailboxes
from tests.servers.users import ALICE, AWKWARD, FULL, USERS, User

CLIENT_NAME = "client.example.test"
ENVELOPE_SENDER = ALICE.name

# OpenSSL's X509_V_ERR_ numbers.
VERIFY_ERRORS = {
    Certificate.WRONG_NAME: 62,
    Certificate.EXPIRED: 10,
    Certificate.SELF_SIGNED: 18,
}

# A client's side of a mechanism: is sent challenges, yields responses.
Exchange = Generator[bytes, bytes, None]


def _plain(user: User) -> Exchange:
    yield b""
    yield f"\0{user.name}\0{user.password}".encode()


def _login(user: User) -> Exchange:
    yield b""
    yield user.name.encode()
    yield user.password.encode()


def _cram_md5(user: User) -> Exchange:
    challenge = yield b""
    proof = hmac.new(user.password.encode(), challenge, hashlib.md5).hexdigest()
    yield f"{user.name} {proof}".encode()


def _scram_sha_256(user: User) -> Exchange:
    client = ScramClient(["SCRAM-SHA-256"], user.name, user.password)
    yield b""
    server_first = yield client.get_client_first().encode()
    client.set_server_first(server_first.decode())
    server_final = yield client.get_client_final().encode()
    client.set_server_final(server_final.decode())
    yield b""


EXCHANGES: dict[str, Callable[[User], Exchange]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "SCRAM-SHA-256": _scram_sha_256,
}


def _authenticate(client: smtplib.SMTP, mechanism: str, user: User) -> int:
    exchange = EXCHANGES[mechanism](user)
    next(exchange)
    code, text = client.docmd("AUTH", mechanism)
    while code == 334:
        response = exchange.send(base64.b64decode(text))
        code, text = client.docmd(base64.b64encode(response).decode())
    return code


def _context(servers: MailServers) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(servers.authority_file)
    return context


def _connect(servers: MailServers, listener: Listener, host: str | None = None) -> smtplib.SMTP:
    host, port = host or servers.host, servers.ports[listener]
    if SERVICES[listener].tls is Tls.IMPLICIT:
        return smtplib.SMTP_SSL(host, port, CLIENT_NAME, timeout=10, context=_context(servers))
    return smtplib.SMTP(host, port, CLIENT_NAME, timeout=10)


def _connect_securely(servers: MailServers, listener: Listener) -> smtplib.SMTP:
    client = _connect(servers, listener)
    if SERVICES[listener].tls in (Tls.OFFERED, Tls.REQUIRED):
        try:
            client.starttls(context=_context(servers))
        except ssl.SSLError:
            client.close()
            raise
    client.ehlo()
    return client


def _mechanisms(client: smtplib.SMTP) -> set[str]:
    return set(client.esmtp_features.get("auth", "").split())


@pytest.mark.parametrize(
    ("listener", "starttls", "auth"),
    [
        (Listener.PLAIN, False, True),
        (Listener.STARTTLS_OFFERED, True, True),
        (Listener.STARTTLS_REQUIRED, True, False),
        (Listener.IMPLICIT_TLS, False, True),
        (Listener.WITHOUT_AUTH, True, False),
    ],
)
def test_first_ehlo(
    mail_servers: MailServers, listener: Listener, starttls: bool, auth: bool
) -> None:
    with _connect(mail_servers, listener) as client:
        client.ehlo()
        assert client.has_extn("starttls") == starttls
        assert _mechanisms(client) == (set(MECHANISMS) if auth else set())


@pytest.mark.parametrize(
    ("listener", "auth"),
    [
        (Listener.STARTTLS_OFFERED, True),
        (Listener.STARTTLS_REQUIRED, True),
        (Listener.IMPLICIT_TLS, True),
        (Listener.WITHOUT_AUTH, False),
    ],
)
def test_ehlo_under_verified_tls(mail_servers: MailServers, listener: Listener, auth: bool) -> None:
    with _connect_securely(mail_servers, listener) as client:
        assert not client.has_extn("starttls")
        assert _mechanisms(client) == (set(MECHANISMS) if auth else set())


@pytest.mark.parametrize(
    "listener", [name for name in Listener if SERVICES[name].certificate in VERIFY_ERRORS]
)
def test_faulty_certificate_is_seen(mail_servers: MailServers, listener: Listener) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        _connect_securely(mail_servers, listener)
    assert caught.value.verify_code == VERIFY_ERRORS[SERVICES[listener].certificate]


def test_every_loopback_address_answers(mail_servers: MailServers) -> None:
    for address in mail_servers.addresses:
        with _connect(mail_servers, Listener.IMPLICIT_TLS, address) as client:
            assert client.noop()[0] == 250


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_right_password(mail_servers: MailServers, mechanism: str, user: User) -> None:
    with _connect_securely(mail_servers, Listener.STARTTLS_REQUIRED) as client:
        assert _authenticate(client, mechanism, user) == 235


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_right_password_in_the_clear(mail_servers: MailServers, mechanism: str) -> None:
    with _connect(mail_servers, Listener.PLAIN) as client:
        client.ehlo()
        assert _authenticate(client, mechanism, ALICE) == 235


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_wrong_password(mail_servers: MailServers, mechanism: str) -> None:
    wrong = dataclasses.replace(AWKWARD, password="wrong")
    with _connect_securely(mail_servers, Listener.IMPLICIT_TLS) as client:
        assert _authenticate(client, mechanism, wrong) == 535


def test_wrong_passwords_cost_no_time(mail_servers: MailServers) -> None:
    wrong = dataclasses.replace(ALICE, password="wrong")
    start = time.monotonic()
    for _ in range(20):
        with _connect(mail_servers, Listener.PLAIN) as client:
            client.ehlo()
            assert {_authenticate(client, "PLAIN", wrong) for _ in range(5)} == {535}
    # A single delay after each of them would make it a hundred seconds and more.
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    ("command", "code"), [("AUTH PLAIN", 530), ("MAIL FROM:<alice@example.test>", 530)]
)
def test_required_tls_is_required(mail_servers: MailServers, command: str, code: int) -> None:
    with _connect(mail_servers, Listener.STARTTLS_REQUIRED) as client:
        client.ehlo()
        assert client.docmd(command)[0] == code


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        (envelopes.ACCEPTED_RECIPIENT, (250, "2.1.5")),
        (envelopes.RELAYED_RECIPIENT, (554, "5.7.1")),
        (envelopes.REFUSED_RECIPIENT, (550, "5.1.1")),
        (envelopes.GREYLISTED_RECIPIENT, (450, "4.2.0")),
        (envelopes.FULL_RECIPIENT, (452, "4.2.2")),
    ],
)
def test_recipient(mail_servers: MailServers, recipient: str, reply: tuple[int, str]) -> None:
    with _connect(mail_servers, Listener.WITHOUT_AUTH) as client:
        client.ehlo()
        client.mail(ENVELOPE_SENDER)
        code, text = client.rcpt(recipient)
        assert (code, text.decode().split()[0]) == reply


def test_refused_sender(mail_servers: MailServers) -> None:
    with _connect(mail_servers, Listener.PLAIN) as client:
        client.ehlo()
        client.mail(envelopes.REFUSED_SENDER)
        assert client.rcpt(envelopes.ACCEPTED_RECIPIENT)[0] == 553


def test_message_after_auth_is_taken(mail_servers: MailServers) -> None:
    recipients = [envelopes.ACCEPTED_RECIPIENT, envelopes.RELAYED_RECIPIENT]
    with _connect_securely(mail_servers, Listener.STARTTLS_REQUIRED) as client:
        assert _authenticate(client, "PLAIN", ALICE) == 235
        assert client.sendmail(ENVELOPE_SENDER, recipients, "Subject: test\r\n\r\n") == {}


def test_message_above_the_limit_is_refused(mail_servers: MailServers) -> None:
    with _connect(mail_servers, Listener.PLAIN) as client:
        client.ehlo()
        size = envelopes.MESSAGE_SIZE_LIMIT + 1
        assert client.mail(ENVELOPE_SENDER, [f"SIZE={size}"])[0] == 552


@pytest.mark.usefixtures("mail_servers")
def test_stop_leaves_nothing_behind() -> None:
    with running_mail_servers() as servers, _connect(servers, Listener.PLAIN) as client:
        client.ehlo()
        assert _authenticate(client, "PLAIN", ALICE) == 235
        assert len(servers.process_ids()) > len(servers.daemons)
    assert servers.process_ids() == []
    assert not servers.folder.exists()


@pytest.mark.usefixtures("mail_servers")
def test_stop_does_not_wait_for_clients() -> None:
    with running_mail_servers() as servers:
        client = _connect(servers, Listener.PLAIN)
        client.ehlo()
        assert _authenticate(client, "PLAIN", ALICE) == 235
    client.close()
    assert servers.process_ids() == []


def test_failed_start_tells_the_log() -> None:
    command = ("/bin/sh", "-c", "echo bad configuration; exit 1")
    with (
        pytest.raises(ServerError, match="bad configuration"),
        running("Postfix", command, ready_text="daemon started"),
    ):
        pass


def test_missing_server_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(requirements.REQUIRE_VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        requirements.require("Dovecot is not installed")


def test_missing_server_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(requirements.REQUIRE_VARIABLE, "1")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        requirements.require("Dovecot is not installed")


def test_ordinary_user_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name, path: f"/usr/sbin/{name}")
    assert requirements.obstacle() == "Postfix starts as root only"


@pytest.mark.integration
def test_the_mailboxes_reply_for_each_recipient_and_show_what_came(mailboxes: Mailboxes) -> None:
    recipients = (ALICE.name, FULL.name, f"alice+{JUNK}@example.test")
    with smtplib.LMTP("127.0.0.1", mailboxes.lmtp_port, CLIENT_NAME) as client:
        client.ehlo()
        client.mail("sender@example.test")
        assert [client.rcpt(address)[0] for address in recipients] == [250] * 3
        client.docmd("DATA")
        client.send(b"Message-ID: <one@example.test>\r\n\r\nHello\r\n.\r\n")
        assert [client.getreply()[0] for _ in recipients] == [250, 552, 250]
    with imaplib.IMAP4("127.0.0.1", mailboxes.imap_port) as mailbox:
        mailbox.login(ALICE.name, ALICE.password)
        for folder in ("INBOX", JUNK):
            mailbox.select(folder, readonly=True)
            found = mailbox.search(None, "HEADER", "Message-ID", "one@example.test")[1]
            assert found[0].split(), folder
