"""LMTP (RFC 2033): LHLO, and a reply for each recipient after the message."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import RecipientReply
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tap.relay import CannotListen, parse_listen
from smtp_tui.tap.setup import refuse_server
from tests.servers import users
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.mailboxes import Mailboxes
from tests.smtp.playing import GREETING, Played, play
from tests.smtp.scripted import Peer, Step
from tests.smtp.steps import close

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
LMTP: dict[str, Any] = {"protocol": "lmtp", "from": "root@example.test"}
LHLO = f"{GREETING}\nC: LHLO client.example.test\nS: 250-mail.example.test\n"
GROUP = (
    f"{LHLO}S: 250 PIPELINING\nC: MAIL FROM:<root@example.test>\n"
    f"C: RCPT TO:<{ALICE}>\nC: RCPT TO:<{BOB}>\nC: RCPT TO:<{CAROL}>\nC: DATA\nS: 250 sender\n"
)
GO = "S: 250 a\nS: 250 b\nS: 250 c\nS: 354 go"


def mail(*recipients: str, body: str | None = "text") -> MailRequest:
    return MailRequest(recipients=tuple(map(parse_mailbox, recipients)), subject="x", body=body)


async def take_message(peer: Peer) -> None:
    """Take the client's lines up to the dot."""
    while await peer.line() != ".":
        pass


async def sent(*script: str | Step, **values: Any) -> Played:
    """Send to three recipients; the script begins after MAIL was accepted."""
    return await play((GROUP, *script), mail=mail(ALICE, BOB, CAROL), **LMTP, **values)


def codes(verdict: Verdict) -> list[int]:
    return [one.code for one in verdict.recipients]


async def test_a_check_says_lhlo() -> None:
    played = await play((f"{LHLO}S: 250 PIPELINING",), protocol="lmtp")
    assert played.verdict.ok
    assert played.sent == ["LHLO client.example.test", "QUIT"]


@pytest.mark.parametrize("greeting", ["S: 220 mail.example.test LMTP", "S: 220 mail.example.test"])
async def test_the_greeting_may_name_lmtp(greeting: str) -> None:
    script = f"{greeting}\nC: LHLO client.example.test\nS: 250 mail.example.test"
    assert (await play((script,), protocol="lmtp")).verdict.ok


async def test_a_server_that_knows_lhlo_alone_speaks_lmtp() -> None:
    script = (
        f"{GREETING}\nC: EHLO client.example.test\nS: 500 5.5.1 Unknown command\n"
        "C: HELO client.example.test\nS: 500 5.5.1 Unknown command\n"
        "C: LHLO client.example.test\nS: 250 mail.example.test"
    )
    verdict = (await play((script,))).verdict
    assert (verdict.cause, verdict.protocol, verdict.stage.value) == ("not-smtp", "LMTP", "ehlo")
    assert "(it speaks LMTP)" in verdict.summary
    assert verdict.fixes[0].change == {"protocol": "lmtp"}
    assert "begins with LHLO" in verdict.why
    assert verdict.warnings == ()


async def test_a_server_that_knows_none_of_them_is_not_named() -> None:
    script = (
        f"{GREETING}\nC: EHLO client.example.test\nS: 502 no\nC: HELO client.example.test\n"
        "S: 502 no\nC: LHLO client.example.test\nS: 502 no"
    )
    verdict = (await play((script,))).verdict
    assert (verdict.cause, verdict.protocol) == ("ehlo-refused", None)
    assert verdict.facts
    assert verdict.facts.greeted_as == "HELO client.example.test"


async def test_a_server_that_speaks_smtp_is_named() -> None:
    script = (
        f"{GREETING}\nC: LHLO client.example.test\nS: 500 5.5.1 Unknown command\n"
        "C: EHLO client.example.test\nS: 250 mail.example.test"
    )
    verdict = (await play((script,), protocol="lmtp")).verdict
    assert (verdict.cause, verdict.stage.value) == ("not-lmtp", "ehlo")
    assert verdict.fixes[0].change == {"protocol": "smtp"}


async def test_a_refused_lhlo_keeps_its_reply() -> None:
    script = f"{GREETING}\nC: LHLO client.example.test\nS: 550 5.7.1 not you"
    verdict = (await play((script,), protocol="lmtp")).verdict
    assert verdict.cause == "ehlo-refused"
    assert verdict.reply
    assert verdict.reply.text == "5.7.1 not you"


def test_the_port_is_24_unless_set() -> None:
    for values, port in (({}, 24), ({"encryption": "ssl"}, 24), ({"port": 2003}, 2003)):
        settings = parse_settings({"host": "a.example", "protocol": "lmtp", **values}).settings
        assert settings
        assert settings.port == port
    (remark,) = parse_settings({"host": "a.example", "protocol": "lmtp", "port": 25}).remarks
    assert "RFC 2033 forbids LMTP on port 25" in remark.message


async def test_each_recipient_has_a_reply_after_the_message() -> None:
    played = await sent(GO, take_message, "S: 250 one\nS: 250 queued as 4Xyz\nS: 250 three")
    assert played.verdict.ok
    assert [one.text for one in played.verdict.recipients] == ["one", "queued as 4Xyz", "three"]


async def test_only_accepted_recipients_have_one() -> None:
    go = "S: 250 a\nS: 550 5.1.1 unknown\nS: 250 c\nS: 354 go"
    played = await sent(go, take_message, "S: 250 one\nS: 452 4.2.2 full")
    assert (played.verdict.cause, played.verdict.stage.value) == ("recipient-refused", "envelope")
    assert codes(played.verdict) == [250, 550, 452]
    assert played.verdict.reply
    assert played.verdict.reply.code == 550


async def test_a_refusal_after_the_message_is_of_the_stage_message() -> None:
    played = await sent(GO, take_message, "S: 250 one\nS: 452 4.2.2 full\nS: 552 5.2.2 over")
    assert (played.verdict.cause, played.verdict.stage.value) == ("recipient-refused", "message")
    assert codes(played.verdict) == [250, 452, 552]
    assert played.verdict.reply
    assert played.verdict.reply.code == 452


async def test_the_first_refusal_after_the_message_is_not_of_the_envelope() -> None:
    # The verdict quotes the first recipient's reply, which came after the message.
    go = "S: 250 a\nS: 250 b\nS: 550 5.1.1 unknown\nS: 354 go"
    played = await sent(go, take_message, "S: 552 5.2.2 over\nS: 250 two")
    assert played.verdict.reply
    assert (played.verdict.reply.code, played.verdict.stage.value) == (552, "message")


async def test_nobody_gets_it() -> None:
    played = await sent(GO, take_message, "S: 552 5.2.2 x\nS: 552 5.2.2 y\nS: 452 4.2.2 z")
    assert (played.verdict.ok, played.verdict.stage.value) == (False, "message")
    assert codes(played.verdict) == [552, 552, 452]
    assert played.verdict.facts
    assert not played.verdict.facts.is_accepted


async def test_a_reply_that_never_comes_is_named() -> None:
    played = await sent(GO, take_message, "S: 250 one", close)
    assert played.verdict.cause == "server-closed"
    assert "no reply for bob@example.test after the message was sent" in played.notes
    assert "delivery-unknown" in played.verdict.warnings
    assert codes(played.verdict) == [250, 250, 250]


async def test_an_empty_message_to_nobody_has_no_reply() -> None:
    # A server that answers 354 without a recipient breaks RFC 2033, and must not be waited for.
    refused = "S: 550 a\nS: 550 b\nS: 550 c\nS: 354 go\nC: ."
    played = await sent(refused)
    assert codes(played.verdict) == [550, 550, 550]
    assert played.seconds < 2


def at(boxes: Mailboxes, way: str) -> dict[str, Any]:
    if way == "socket":
        return {"host": f"unix:{boxes.lmtp_socket}"}
    return {"host": "127.0.0.1", "port": boxes.lmtp_port}


async def to_dovecot(boxes: Mailboxes, way: str, *recipients: str, **values: Any) -> Played:
    """Send to Dovecot."""
    body = values.pop("body", "text")
    request = mail(*recipients, body=body)
    return await play((), mail=request, **LMTP, **at(boxes, way), **values)


@pytest.mark.integration
@pytest.mark.parametrize("way", ["port", "socket"])
async def test_dovecot_takes_a_message_for_one_and_not_for_another(
    mailboxes: Mailboxes, way: str
) -> None:
    before = len(mailboxes.files_of(users.ALICE.name))
    played = await to_dovecot(mailboxes, way, "alice@example.test", "full@example.test")
    verdict = played.verdict
    assert (verdict.ok, verdict.cause, verdict.stage.value) == (
        False,
        "recipient-refused",
        "message",
    )
    assert codes(verdict) == [250, 552]
    assert "Saved" in verdict.recipients[0].text
    finals = [one for one in played.events if isinstance(one, RecipientReply) and one.is_final]
    assert len(finals) == 2
    assert len(mailboxes.files_of(users.ALICE.name)) == before + 1


@pytest.mark.integration
async def test_dovecot_takes_a_message_for_nobody(mailboxes: Mailboxes) -> None:
    verdict = (await to_dovecot(mailboxes, "socket", "full@example.test")).verdict
    assert (verdict.ok, verdict.stage.value) == (False, "message")
    assert codes(verdict) == [552]
    assert "552" in verdict.summary


@pytest.mark.integration
async def test_dovecot_refuses_an_unknown_recipient_before_the_message(
    mailboxes: Mailboxes,
) -> None:
    verdict = (await to_dovecot(mailboxes, "port", "alice@example.test", "nobody@x.test")).verdict
    assert (verdict.cause, verdict.stage.value) == ("recipient-refused", "envelope")
    assert codes(verdict) == [250, 550]


@pytest.mark.integration
async def test_dovecot_answers_about_recipients_without_a_message(mailboxes: Mailboxes) -> None:
    played = await to_dovecot(mailboxes, "socket", "alice@example.test", body=None)
    assert played.verdict.ok
    assert "RSET" in played.sent


@pytest.mark.integration
@pytest.mark.parametrize("way", ["port", "socket"])
async def test_dovecot_is_not_taken_for_smtp(mailboxes: Mailboxes, way: str) -> None:
    verdict = (await play((), **at(mailboxes, way))).verdict
    assert (verdict.cause, verdict.protocol) == ("not-smtp", "LMTP")
    assert verdict.fixes[0].change["protocol"] == "lmtp"


async def test_postfix_is_not_taken_for_lmtp(mail_servers: MailServers) -> None:
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    verdict = (await play((), host=mail_servers.host, port=port, protocol="lmtp")).verdict
    assert verdict.cause == "not-lmtp"
    host = f"unix:{mail_servers.smtp_socket}"
    assert (await play((), host=host, port=None, protocol="lmtp")).verdict.cause == "not-lmtp"


def test_a_tap_does_not_translate() -> None:
    settings = parse_settings({"host": "a.example", "protocol": "lmtp"}).settings
    assert settings
    with pytest.raises(CannotListen, match="does not translate"):
        refuse_server(settings, parse_listen("127.0.0.1:2525"))
