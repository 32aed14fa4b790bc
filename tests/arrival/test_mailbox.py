"""The session with the IMAP server: Dovecot, and stand-ins for servers that misbehave."""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from smtp_tui.arrival import mailbox as module
from smtp_tui.arrival.mailbox import (
    Folder,
    Found,
    MailboxError,
    MailboxSession,
    parse_mailbox_address,
)
from smtp_tui.arrival.prove import Look, ProofRequest, open_mailbox, prove
from smtp_tui.diagnosis.delivery import ArrivalProof
from smtp_tui.settings import parsers
from tests.arrival.imap_stand_in import imap_stand_in
from tests.servers.mailboxes import JUNK, Mailboxes
from tests.servers.tokens import access_token
from tests.servers.users import ALICE, AWKWARD, User
from tests.table import table

TOKEN = "0123456789abcdef"


def opened(boxes: Mailboxes, user: User = ALICE, scheme: str = "imaps") -> MailboxSession:
    """A mailbox that trusts the tests' CA."""
    port = boxes.imaps_port if scheme == "imaps" else boxes.imap_port
    address = parse_mailbox_address(f"{scheme}://{user.name}@localhost:{port}")
    context = ssl.create_default_context(cafile=str(boxes.authority_file))
    return MailboxSession(address, context, user.password, is_token=False)


def put(boxes: Mailboxes, user: User, folder: str, text: str) -> None:
    """Store a message."""
    with imaplib.IMAP4("127.0.0.1", boxes.imap_port) as imap:
        secret = f"\0{user.name}\0{user.password}".encode()
        imap.authenticate("PLAIN", lambda _: secret)
        imap.create(folder)
        imap.append(folder, "", None, text.encode())


@table(
    ("text", "user", "host", "port"),
    [
        ("imaps://alice@imap.example.org", "alice", "imap.example.org", 993),
        ("imap://alice@imap.example.org", "alice", "imap.example.org", 143),
        ("imaps://alice@example.org@imap.example.org:1993", "alice@example.org", None, 1993),
        ("imaps://alice%40example.org@[::1]:99/", "alice@example.org", "::1", 99),
    ],
)
def test_the_address_of_a_mailbox(text: str, user: str, host: str | None, port: int) -> None:
    address = parse_mailbox_address(text)
    assert (address.user, address.port) == (user, port)
    assert address.host == (host or "imap.example.org")


@table(
    ("text", "complaint"),
    [
        ("imap.example.org", "must begin with imaps:// or imap://"),
        ("https://a@b", "must begin with imaps:// or imap://"),
        ("imaps://imap.example.org", "needs a user, such as imaps://alice@imap.example.org"),
        ("imaps://a:secret@b", "must not contain a password; use --prove-password"),
        ("imaps://a@b/INBOX", "must end after the host or the port"),
        ("imaps://a%0d@b", "contains a control character in the user"),
    ],
)
def test_what_is_no_address(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_mailbox_address(text)


@pytest.mark.integration
@pytest.mark.parametrize("user", [ALICE, AWKWARD])
@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_a_message_is_found_by_its_token_and_removed_alone(
    mailboxes: Mailboxes, user: User, scheme: str
) -> None:
    put(mailboxes, user, JUNK, f"Message-ID: <x.{TOKEN}1@a>\r\n\r\nOne\r\n")
    put(mailboxes, user, JUNK, "Message-ID: <other@a>\r\n\r\nTwo\r\n")
    with closing(opened(mailboxes, user, scheme)) as mailbox:
        folders = mailbox.folders(5)
        assert [folder.place for folder in folders[:2]] == ["inbox", "junk"]
        found = mailbox.find(f"{TOKEN}1", folders, 5)
        assert found is not None
        assert (found.folder.shown, found.message.endswith(b"One\r\n")) == (JUNK, True)
        count = len(mailboxes.files_of(user.name, JUNK))
        assert mailbox.remove(found, 5)
        assert mailbox.find(f"{TOKEN}1", folders, 5) is None
        assert len(mailboxes.files_of(user.name, JUNK)) == count - 1


@pytest.mark.integration
def test_a_server_that_replaced_the_message_id(mailboxes: Mailboxes) -> None:
    put(
        mailboxes, ALICE, "INBOX", f"X-Smtp-Tui-Proof: {TOKEN}2\r\nMessage-ID: <ses@a>\r\n\r\nx\r\n"
    )
    with closing(opened(mailboxes)) as mailbox:
        found = mailbox.find(f"{TOKEN}2", mailbox.folders(5), 5)
        assert found is not None
        assert found.folder.place == "inbox"


@pytest.mark.integration
def test_a_copy_of_what_was_sent_has_not_arrived(mailboxes: Mailboxes) -> None:
    put(mailboxes, ALICE, "Sent", f"Message-ID: <x.{TOKEN}3@a>\r\n\r\nx\r\n")
    put(mailboxes, ALICE, "Drafts", f"Message-ID: <x.{TOKEN}3@a>\r\n\r\nx\r\n")
    with closing(opened(mailboxes)) as mailbox:
        assert mailbox.find(f"{TOKEN}3", mailbox.folders(5), 5) is None


@pytest.mark.integration
@pytest.mark.parametrize("scheme", ["imaps", "imap"])
async def test_an_unknown_ca(mailboxes: Mailboxes, scheme: str) -> None:
    address = opened(mailboxes, ALICE, scheme).address
    with pytest.raises(MailboxError, match="the certificate: ") as caught:
        await open_mailbox(ProofRequest(address=address, secret=ALICE.password), None)
    assert caught.value.is_final


def test_the_folders_of_a_list_reply() -> None:
    lines: list[Any] = [
        rb'(\HasNoChildren) "/" "INBOX"',
        rb'(\HasNoChildren) "/" "Entw&APw-rfe &- Ideen"',
        rb'(\HasNoChildren \Junk) "/" "Unerw&APw-nscht"',
        (rb'(\HasNoChildren) "." {4}', b'a"\\b'),
        rb'(\Noselect) "/" "[Gmail]"',
        rb'(\HasNoChildren \Sent) "/" "[Gmail]/Gesendet"',
        rb'(\All) "/" "[Gmail]/All Mail"',
        rb'() "/" "Sent Items"',
        rb'() "." INBOX.Spam',
        (rb'() "/" {9}', b"x\r\nA1 DEL"),
        b"nonsense",
        None,
    ]
    found = [(folder.shown, folder.place) for folder in module._listed(lines)]
    assert found == [
        *(("Unerwünscht", "junk"), ("INBOX.Spam", "junk")),
        *(("INBOX", "other"), ("Entwürfe & Ideen", "other"), ('a"\\b', "other")),
    ]


def test_a_name_goes_back_to_the_server_as_it_came() -> None:
    assert module._quoted(b'a"\\b\xfc') == '"a\\"\\\\b\xfc"'


async def test_a_server_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPLY_LIMIT", 0.3)
    with imap_stand_in(silent_after="LOGIN") as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        began = time.monotonic()
        with pytest.raises(MailboxError, match="did not reply in time"):
            await open_mailbox(ProofRequest(address=address, secret="x"), None)
        assert time.monotonic() - began < 3


async def test_the_timeout_of_the_settings_limits_the_login() -> None:
    with imap_stand_in(silent_after="LOGIN") as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        began = time.monotonic()
        with pytest.raises(MailboxError, match="did not reply in time"):
            await open_mailbox(ProofRequest(address=address, secret="x"), None, limit=0.3)
        assert time.monotonic() - began < 5


async def test_a_server_that_goes_away_in_the_middle() -> None:
    with imap_stand_in(closes_at="EXAMINE") as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        request = ProofRequest(address=address, secret="x", within=1.5)
        mailbox = await open_mailbox(request, None)
        seen: list[Look | ArrivalProof] = []
        began = time.monotonic()

        async def look_until_the_end() -> None:
            async for look in prove(mailbox, request, TOKEN, accepted=began, pause=0.5):
                seen.append(look)

        with pytest.raises(MailboxError, match="searching the mailbox: "):
            await look_until_the_end()
        assert time.monotonic() - began < 5
        assert seen
        assert all(isinstance(look, Look) and look.trouble for look in seen)


@pytest.mark.parametrize(
    ("doing", "said"),
    [
        ("searching", "searching: the server closed the connection"),
        ("connecting", "connecting: TLS failed: the server answers in another way"),
    ],
)
def test_an_end_without_a_farewell_of_tls(doing: str, said: str) -> None:
    address = parse_mailbox_address("imaps://a@imap.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    mailbox = MailboxSession(address, context, "x", is_token=False)
    with pytest.raises(MailboxError) as caught:
        mailbox.fail(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), doing)
    assert str(caught.value) == said


class DyingMailbox(MailboxSession):
    """A mailbox whose server goes away after the first look."""

    looks = 0

    def folders(self, limit: float) -> tuple[Folder, ...]:
        assert limit >= 1  # the look at the end has time as well
        self.looks += 1
        if self.looks > 1:
            raise MailboxError("connecting: Connection refused")
        return (Folder(b"INBOX", "INBOX", "inbox"),)

    def find(self, token: str, folders: Sequence[Folder], limit: float) -> Found | None:
        return None


async def test_a_server_that_dies_does_not_show_that_nothing_arrived() -> None:
    address = parse_mailbox_address("imap://a@127.0.0.1:1")
    mailbox = DyingMailbox(address, ssl.create_default_context(), "x", is_token=False)
    request = ProofRequest(address=address, secret="x", within=0.7)
    looks = prove(mailbox, request, TOKEN, accepted=time.monotonic(), pause=0.2)

    async def look_until_the_end() -> None:
        assert all([isinstance(look, Look) async for look in looks])

    with pytest.raises(
        MailboxError, match=r"^since ..:..:.., no search succeeded \(connecting"
    ) as caught:
        await look_until_the_end()
    assert "still runs" in caught.value.cure
    assert mailbox.looks > 1


async def test_what_a_server_says_is_escaped_and_without_the_password() -> None:
    with imap_stand_in(refusal=b"no \x1b[31m hunter22 is wrong") as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        with pytest.raises(MailboxError) as caught:
            await open_mailbox(ProofRequest(address=address, secret="hunter22"), None)
    assert "hunter22" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.is_final


async def test_no_password_goes_to_another_machine_unencrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parsers, "is_this_machine", lambda _: False)
    with imap_stand_in() as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        with pytest.raises(MailboxError, match="does not offer STARTTLS"):
            await open_mailbox(ProofRequest(address=address, secret="x"), None)


async def test_a_server_that_accepts_no_token() -> None:
    with imap_stand_in() as port:
        address = parse_mailbox_address(f"imap://a@127.0.0.1:{port}")
        mailbox = MailboxSession(address, ssl.create_default_context(), "x", is_token=True)
        with (
            closing(mailbox),
            pytest.raises(MailboxError, match="neither XOAUTH2 nor OAUTHBEARER") as caught,
        ):
            mailbox.folders(5)
    assert caught.value.is_final


@pytest.mark.integration
def test_a_token_instead_of_a_password(mailboxes: Mailboxes) -> None:
    put(mailboxes, ALICE, "INBOX", f"Message-ID: <x.{TOKEN}4@a>\r\n\r\nx\r\n")
    address = opened(mailboxes).address
    context = ssl.create_default_context(cafile=str(mailboxes.authority_file))
    token = access_token(ALICE.name)
    with closing(MailboxSession(address, context, token, is_token=True)) as mailbox:
        assert mailbox.find(f"{TOKEN}4", mailbox.folders(5), 5) is not None
    stale = access_token(ALICE.name, expires_in=-60)
    with (
        closing(MailboxSession(address, context, stale, is_token=True)) as mailbox,
        pytest.raises(MailboxError, match="rejected the access token") as caught,
    ):
        mailbox.folders(5)
    assert caught.value.is_final
    assert "the server says that the token is expired, revoked or not for it" in str(caught.value)
    assert stale not in str(caught.value)
