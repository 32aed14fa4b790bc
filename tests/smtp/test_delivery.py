"""MAIL, RCPT and DATA against a scripted server: groups of commands, and answers that stay away."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp import delivery
from smtp_tui.smtp.message import ForbiddenMailHeaderError, MailRequest
from tests.smtp.playing import OPEN, Played, play
from tests.smtp.scripted import Peer, Step
from tests.smtp.steps import close, silence

SENDER, FIRST, SECOND = map(parse_mailbox, ("a@b.example", "c@d.example", "e@f.example"))
PIPELINING = f"{OPEN}S: 250 PIPELINING"
PLAIN = f"{OPEN}S: 250 HELP"
MAIL, RCPT = "C: MAIL FROM:<a@b.example>", "C: RCPT TO:<c@d.example>"


async def take_message(peer: Peer) -> None:
    """Take the client's lines up to the dot."""
    while await peer.line() != ".":
        pass


async def handed(
    *script: str | Step, body: str | None = "Hello", to: int = 1, **values: Any
) -> Played:
    mail = MailRequest(sender=SENDER, recipients=(FIRST, SECOND)[:to], subject="Test", body=body)
    return await play(script, mail=mail, **values)


async def test_commands_go_together_where_pipelining_is_offered() -> None:
    group = f"{MAIL}\n{RCPT}\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go"
    played = await handed(PIPELINING, group, take_message, "S: 250 2.0.0 Ok: queued as 4Xy")
    assert played.verdict.ok
    assert played.verdict.queue_id == "4Xy"


async def test_the_queue_id_of_opensmtpd() -> None:
    group = f"{MAIL}\n{RCPT}\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go"
    accepted = "S: 250 2.0.0 3f5c9ca1 Message accepted for delivery"
    assert (await handed(PIPELINING, group, take_message, accepted)).verdict.queue_id == "3f5c9ca1"


async def test_one_by_one_where_it_is_not() -> None:
    script = f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: DATA\nS: 354 go"
    played = await handed(PLAIN, script, take_message, "S: 250 OK id=1sT-0000-Ab")
    assert played.verdict.ok
    assert played.verdict.queue_id == "1sT-0000-Ab"


async def test_a_group_that_gets_lost_goes_once_more_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "GROUP_LIMIT", 0.05)
    lost = f"{MAIL}\n{RCPT}\nC: DATA\nS: 250 ok\nC: RSET\nS: 250 ok"
    again = f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: DATA\nS: 354 go"
    played = await handed(PIPELINING, lost, again, take_message, "S: 250 ok")
    assert played.verdict.ok
    assert "pipelining-suspect" in played.verdict.warnings
    assert len(played.verdict.recipients) == 1


async def test_nobody_left_ends_an_open_data() -> None:
    group = f"{MAIL}\n{RCPT}\nC: DATA\nS: 250 ok\nS: 550 5.1.1 no\nS: 354 go\nC: .\nS: 554 no"
    played = await handed(PIPELINING, group)
    assert (played.verdict.stage, played.verdict.cause) == ("envelope", "recipient-refused")


@pytest.mark.parametrize(
    ("script", "stage", "cause"),
    [
        (f"{MAIL}\nS: 421 bye", "envelope", "server-busy"),
        (f"{MAIL}\nS: 354 what", "envelope", "reply-unexpected"),
        (f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 530 5.7.0 Authentication required", "envelope", None),
        (f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: DATA\nS: 452 4.3.1 full", "message", None),
        (f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: DATA\nS: 250 what", "message", None),
    ],
)
async def test_refusals(script: str, stage: str, cause: str | None) -> None:
    verdict = (await handed(PLAIN, script)).verdict
    assert not verdict.ok
    assert verdict.stage == stage
    assert cause is None or verdict.cause == cause


@pytest.mark.parametrize(
    ("end", "cause"), [(close, "server-closed"), (silence, "reply-timeout")], ids=["close", "late"]
)
async def test_no_answer_after_the_dot_leaves_delivery_unknown(end: Step, cause: str) -> None:
    script = f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: DATA\nS: 354 go"
    verdict = (await handed(PLAIN, script, take_message, end, timeout=0.3)).verdict
    assert (verdict.stage, verdict.cause) == ("message", cause)
    assert "delivery-unknown" in verdict.warnings


ASKS_LOGIN = "550 5.7.9 Mail to submission port must be authenticated"
GROUP = f"{MAIL}\n{RCPT}\nC: DATA"
TWO = f"{MAIL}\n{RCPT}\nC: RCPT TO:<e@f.example>\nC: DATA"
FIRST_REFUSALS: list[tuple[str, tuple[str | Step, ...], int, str, str]] = [
    (
        "chasquid",
        (f"{GROUP}\nS: {ASKS_LOGIN}\nS: 503 5.5.1 no\nS: 421 4.5.0 Too many errors", close),
        1,
        "envelope",
        "auth-required",
    ),
    ("closed", (f"{GROUP}\nS: {ASKS_LOGIN}", close), 1, "envelope", "auth-required"),
    ("silent", (f"{GROUP}\nS: {ASKS_LOGIN}", silence), 1, "envelope", "auth-required"),
    ("unreadable", (f"{GROUP}\nS: {ASKS_LOGIN}\nS: what?",), 1, "envelope", "auth-required"),
    (
        "closed after the empty message",
        (f"{GROUP}\nS: {ASKS_LOGIN}\nS: 503 no\nS: 354 go\nC: .", close),
        1,
        "envelope",
        "auth-required",
    ),
    (
        "a recipient",
        (f"{GROUP}\nS: 250 ok\nS: 550 5.1.1 no such user\nS: 421 Too many errors", close),
        1,
        "envelope",
        "recipient-refused",
    ),
    (
        "one recipient of two",
        (f"{TWO}\nS: 250 ok\nS: 550 5.1.1 no such user\nS: 250 ok\nS: 421 bye", close),
        2,
        "envelope",
        "recipient-refused",
    ),
    (
        "one recipient of two, and DATA",
        (f"{TWO}\nS: 250 ok\nS: 550 5.1.1 no such user\nS: 250 ok\nS: 451 4.3.0 later",),
        2,
        "envelope",
        "recipient-refused",
    ),
    ("421 to MAIL", (f"{GROUP}\nS: 421 bye", close), 1, "envelope", "server-busy"),
    ("421 to RCPT", (f"{GROUP}\nS: 250 ok\nS: 421 bye", close), 1, "envelope", "server-busy"),
    (
        "421 to DATA",
        (f"{GROUP}\nS: 250 ok\nS: 250 ok\nS: 421 bye", close),
        1,
        "message",
        "server-busy",
    ),
]


@pytest.mark.parametrize(
    ("script", "to", "stage", "cause"),
    [one[1:] for one in FIRST_REFUSALS],
    ids=[one[0] for one in FIRST_REFUSALS],
)
async def test_the_first_refusal_of_a_group_counts(
    monkeypatch: pytest.MonkeyPatch,
    script: tuple[str | Step, ...],
    to: int,
    stage: str,
    cause: str,
) -> None:
    monkeypatch.setattr(delivery, "GROUP_LIMIT", 0.05)
    verdict = (await handed(PIPELINING, *script, to=to)).verdict
    assert (verdict.stage, verdict.cause) == (stage, cause)


async def test_the_first_refusal_counts_when_the_time_is_over() -> None:
    verdict = (await handed(PIPELINING, f"{GROUP}\nS: {ASKS_LOGIN}", silence, timeout=0.3)).verdict
    assert (verdict.stage, verdict.cause) == ("envelope", "auth-required")


async def test_a_refusal_in_a_lost_group_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GROUP_LIMIT", 0.05)
    lost = f"{GROUP}\nS: 250 ok\nS: 450 4.2.0 later\nC: RSET\nS: 250 ok\n{MAIL}"
    verdict = (await handed(PIPELINING, lost, silence, timeout=0.4)).verdict
    assert (verdict.stage, verdict.cause) == ("envelope", "reply-timeout")


async def test_a_probe_sends_nothing() -> None:
    script = f"{MAIL}\nS: 250 ok\n{RCPT}\nS: 250 ok\nC: RSET\nS: 250 ok"
    played = await handed(PLAIN, script, body=None)
    assert played.verdict.ok
    assert not played.verdict.queue_id


async def test_smtputf8_that_is_not_offered() -> None:
    mail = MailRequest(sender=SENDER, recipients=(parse_mailbox("grün@d.example"),), body="x")
    verdict = (await play((PLAIN,), mail=mail)).verdict
    assert (verdict.stage, verdict.cause) == ("envelope", "smtputf8-not-offered")


async def test_a_defect_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def message_of(*_: object) -> bytes:
        raise ForbiddenMailHeaderError

    monkeypatch.setattr(delivery, "message_of", message_of)
    verdict = (await handed(PLAIN)).verdict
    assert (verdict.stage, verdict.cause) == ("envelope", "internal-error")
    assert "ForbiddenMailHeaderError at test_delivery.py:" in verdict.summary
