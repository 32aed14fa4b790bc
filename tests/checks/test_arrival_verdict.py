"""The verdict on a message that was looked for in its mailbox."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.arrival.mailbox import MailboxError, MailboxSession, parse_mailbox_address
from smtp_tui.arrival.prove import Look, ProofRequest
from smtp_tui.checks import prove
from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.delivery import ArrivalProof, DeliveryState, DeliverySummary, Handover
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import (
    DialogueNote,
    Event,
    Finished,
    MessageQueued,
    RecipientReply,
    Stage,
)
from smtp_tui.smtp.replies import Reply

ALICE, BOB = "alice@example.test", "bob@example.test"
ADDRESS = parse_mailbox_address(f"imaps://{ALICE}@imap.example.test")
ARRIVED = ArrivalProof(found=True, mailbox=str(ADDRESS), folder="INBOX", place="inbox", seconds=0.3)
Seen = Look | ArrivalProof | MailboxError


class Sending:
    """A sending that succeeds, and what is seen in the mailbox then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recipients = [ALICE]
        self.delivery: DeliverySummary | None = None
        self.seen: list[Seen] = [ARRIVED]
        self.opens: MailboxError | None = None
        self.failed = ""
        monkeypatch.setattr(prove, "open_mailbox", self._open)
        monkeypatch.setattr(prove, "run_check", self._run)
        monkeypatch.setattr(prove, "prove", self._prove)

    async def _open(self, request: ProofRequest, *_: Any, **__: Any) -> MailboxSession:
        if self.opens:
            raise self.opens
        return MailboxSession(
            request.address, ssl.create_default_context(), "secret", is_token=False
        )

    async def _run(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        facts = CheckSummary()
        accepted = Reply(250, (b"ok",))
        events: list[Event] = [
            *(RecipientReply(seconds=0, recipient=to, reply=accepted) for to in self.recipients),
            MessageQueued(seconds=0, queue_id="A1B2C3"),
            Finished(seconds=0, stage=Stage.MESSAGE),
        ]
        for event in events:
            facts.add(event)
            yield event
        verdict = diagnose(parse_settings(request.values).settings, facts, 0.1)
        if self.failed:
            verdict = replace(verdict, ok=False, cause=self.failed)
        yield replace(verdict, delivery=self.delivery)

    async def _prove(self, *_: Any, **__: Any) -> AsyncGenerator[Look | ArrivalProof, None]:
        for one in self.seen:
            if isinstance(one, MailboxError):
                raise one
            yield one

    async def outcome(self) -> tuple[list[Event], Verdict]:
        """Run to the verdict."""
        request = CheckRequest(
            values={"host": "mail.example.test", "encryption": "none"},
            base=Path(),
            prove=ProofRequest(address=ADDRESS, secret="secret", within=5),
        )
        async with aclosing(prove.run(request)) as updates:
            *events, verdict = [update async for update in updates]
        assert isinstance(verdict, Verdict)
        return [event for event in events if not isinstance(event, Verdict)], verdict


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Sending:
    """A sending to alice whose message arrives."""
    return Sending(monkeypatch)


async def test_one_mailbox_says_nothing_about_another(sending: Sending) -> None:
    _, verdict = await sending.outcome()
    assert verdict.ok
    assert "knows nothing" not in verdict.summary
    sending.recipients = [ALICE, BOB]
    _, verdict = await sending.outcome()
    assert verdict.ok
    assert verdict.summary.endswith(
        f" smtp-tui knows nothing about {BOB}: it searched only this mailbox."
    )


@pytest.mark.parametrize(
    ("recipient", "state", "ok"),
    [
        (BOB, DeliveryState.DEFERRED, False),
        (ALICE, DeliveryState.DEFERRED, True),
        (BOB, DeliveryState.UNKNOWN, True),
    ],
)
async def test_a_mailbox_does_not_outdo_the_log_about_another(
    sending: Sending, recipient: str, state: DeliveryState, ok: bool
) -> None:
    sending.recipients = [ALICE, BOB]
    sent = {ALICE: DeliveryState.SENT, BOB: DeliveryState.SENT, recipient: state}
    sending.delivery = DeliverySummary(
        handovers=tuple(Handover(recipient=to, state=sent[to]) for to in sent)
    )
    sending.failed = "delivery-deferred"
    _, verdict = await sending.outcome()
    assert verdict.ok is ok
    assert ("knows nothing" in verdict.summary) is (state is DeliveryState.UNKNOWN)


async def test_the_dialogue_names_why_the_mailbox_cannot_be_opened(sending: Sending) -> None:
    sending.opens = MailboxError("connecting: Connection refused", cure="Check the port.")
    events, verdict = await sending.outcome()
    said = [event.text for event in events if isinstance(event, DialogueNote)]
    assert said[-1] == "the mailbox: connecting: Connection refused; nothing was sent"
    assert (verdict.cause, verdict.cure) == ("prove-mailbox-failed", "Check the port.")


async def test_the_arrival_is_told_before_dns_is_asked(sending: Sending) -> None:
    sending.seen = [Look(folder="INBOX"), ARRIVED]
    events, verdict = await sending.outcome()
    said = [event.text for event in events if isinstance(event, DialogueNote)]
    assert said[-1] == "the message is in INBOX; reading its header"
    assert verdict.ok


async def test_a_mailbox_that_went_away_shows_no_absence(sending: Sending) -> None:
    sending.seen = [
        Look(number=1, searched=("INBOX",)),
        MailboxError("since 11:20:00, no search succeeded (connecting: Connection refused)"),
    ]
    _, verdict = await sending.outcome()
    assert (verdict.ok, verdict.cause) == (False, "prove-mailbox-failed")
    assert "since 11:20:00, no search succeeded" in verdict.summary
    assert verdict.summary.endswith("the message was sent.")
    assert "bounce" not in verdict.cure
