"""Envelope and message against a real Postfix: what it takes, and what it says to the rest."""

from __future__ import annotations

import subprocess
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.events import Event, Sent
from smtp_tui.smtp.message import MailRequest
from tests.checks.outcomes import outcome_of
from tests.servers import envelopes
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.requirements import program

GOOD, BAD = envelopes.ACCEPTED_RECIPIENT, envelopes.REFUSED_RECIPIENT


async def handed_over(
    servers: MailServers,
    *recipients: str,
    body: str | None = None,
    subject: str = "Test",
    login: bool = True,
    **values: Any,
) -> tuple[list[Event], Verdict]:
    """What comes of an envelope, and of a message where there is a body."""
    settings = {
        "host": servers.host,
        "port": servers.ports[Listener.STARTTLS_REQUIRED],
        "ca_file": str(servers.authority_file),
        "domain": "client.example.test",
        **({"username": servers.user.name} if login else {}),
        **values,
    }
    mail = MailRequest(recipients=tuple(map(parse_mailbox, recipients)), subject=subject, body=body)
    return await outcome_of(settings, secret=servers.user.password, mail=mail)


def said(events: list[Event]) -> list[str]:
    return [event.text.partition(" ")[0] for event in events if isinstance(event, Sent)]


@pytest.mark.parametrize(
    ("recipient", "values", "cause"),
    [
        (GOOD, {}, None),
        (BAD, {}, "recipient-refused"),
        (envelopes.GREYLISTED_RECIPIENT, {}, "greylisted"),
        (envelopes.FULL_RECIPIENT, {}, "recipient-temporarily-refused"),
        (GOOD, {"from": f"App <{envelopes.REFUSED_SENDER}>"}, "sender-refused"),
    ],
)
@pytest.mark.parametrize("body", [None, "Hello"])
async def test_what_the_server_says_to_the_envelope(
    mail_servers: MailServers,
    recipient: str,
    values: dict[str, Any],
    cause: str | None,
    body: str | None,
) -> None:
    events, verdict = await handed_over(mail_servers, recipient, body=body, **values)
    assert (verdict.ok, verdict.cause) == (cause is None, cause), verdict.summary
    assert verdict.stage == ("message" if cause is None and body else "envelope")
    assert [one.address for one in verdict.recipients] == [recipient]
    assert (verdict.queue_id is not None) == (cause is None and body is not None)
    commands = said(events)
    assert ("DATA" in commands) == (body is not None)
    assert ("RSET" in commands) == (cause is None and body is None)


async def test_relaying_needs_a_login(mail_servers: MailServers) -> None:
    _, verdict = await handed_over(mail_servers, envelopes.RELAYED_RECIPIENT, login=False)
    assert (verdict.stage, verdict.cause) == ("envelope", "relay-denied")
    _, verdict = await handed_over(mail_servers, envelopes.RELAYED_RECIPIENT)
    assert verdict.ok


async def test_some_recipients_refused(mail_servers: MailServers) -> None:
    _, verdict = await handed_over(mail_servers, BAD, GOOD, body="Hello")
    assert (verdict.ok, verdict.stage, verdict.cause) == (False, "envelope", "recipient-refused")
    assert verdict.queue_id
    codes = [(one.address, one.code) for one in verdict.recipients]
    assert codes == [(BAD, 550), (GOOD, 250)]


async def test_size_is_respected_before_anything_is_sent(mail_servers: MailServers) -> None:
    body = "x" * 70 + "\n"
    large = body * (envelopes.MESSAGE_SIZE_LIMIT // len(body) + 1)
    events, verdict = await handed_over(mail_servers, GOOD, body=large)
    assert (verdict.stage, verdict.cause) == ("message", "message-too-large")
    assert "MAIL" not in said(events)


async def test_addresses_beyond_ascii(mail_servers: MailServers) -> None:
    events, verdict = await handed_over(mail_servers, "grün@example.test", body="Grüße\n.\n..\n")
    assert verdict.ok, verdict.summary
    (mail,) = [event.text for event in events if isinstance(event, Sent) and "MAIL" in event.text]
    assert mail.endswith("BODY=8BITMIME SMTPUTF8")


def delivered(servers: MailServers, queue_id: str) -> Message:
    """The message that Postfix holds under this name."""
    folder = servers.folder / "postfix"
    command = (program("postcat"), "-c", folder, "-bhq", queue_id)
    found = subprocess.run(command, capture_output=True, check=True).stdout
    return message_from_bytes(found)


INJECTED = "=?utf-8?q?Hello=0D=0ABcc:_eve=40example.net=0D=0A=0D=0Aanother_body?="


async def test_an_encoded_word_adds_no_header_and_no_body(mail_servers: MailServers) -> None:
    recipient = f"{INJECTED} <{envelopes.HELD_RECIPIENT}>"
    values: dict[str, Any] = {"from": f"{INJECTED} <app@example.test>"}
    _, verdict = await handed_over(
        mail_servers, recipient, subject=INJECTED, body="Hello\n", **values
    )
    assert verdict.ok, verdict.summary
    assert verdict.queue_id
    message = delivered(mail_servers, verdict.queue_id)
    ours = {"Date", "Message-ID", "From", "To", "Subject", "MIME-Version"}
    ours |= {"Content-Type", "Content-Transfer-Encoding"}
    assert set(message.keys()) == {*ours, "Received"}
    assert message.get_payload() == "Hello\n"
    assert str(make_header(decode_header(message["Subject"]))) == INJECTED
