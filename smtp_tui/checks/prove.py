"""Send a message, and look for it in its mailbox before the verdict."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.arrival.mailbox import MailboxError, MailboxSession
from smtp_tui.arrival.prove import ProofRequest, open_mailbox, prove
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run as run_check
from smtp_tui.config.paths import resolve_path
from smtp_tui.diagnosis.causes import listed
from smtp_tui.diagnosis.delivery import ArrivalProof, DeliveryState, DeliverySummary
from smtp_tui.diagnosis.diagnose import diagnose, warning_text
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.lazy import load
from smtp_tui.safe_text import abridged, escape_controls, shortened
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import (
    Cause,
    DialogueNote,
    Event,
    Finished,
    Stage,
    WarningId,
)

# 128 bits: nobody guesses the id of a message that is still on its way.
_TOKEN_BYTES = 16
_FOLDERS_NAMED = 5
_NAMES_SHOWN = 3
# Leaves space to say that nothing was sent.
_LONGEST = 130
_NOTABLE_PRECISION = 2.0
# A message in these states arrives nowhere else.
_ENDED = {DeliveryState.BOUNCED, DeliveryState.EXPIRED, DeliveryState.DISCARDED}
# What the log could not show does not matter once the mailbox has shown the message.
_OUTDONE = {
    *("delivery-unfinished", "delivery-deferred", "delivery-held"),
    *("delivery-log-elsewhere", "delivery-log-unreadable"),
}


async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Yield events, the verdict last. Wrap it in `contextlib.aclosing`."""
    plan, mailbox = request.prove, None
    assert plan is not None
    settings = parse_settings(request.values).settings
    try:
        if settings:
            text = f"logging in to the mailbox of {plan.address}"
            yield DialogueNote(seconds=0.0, text=text)
            try:
                # Before the message: without a mailbox to look into, nothing needs to be sent.
                ca_file = resolve_path(settings, request.base).ca_file
                mailbox = await open_mailbox(plan, ca_file, limit=settings.timeout)
            except MailboxError as error:
                why = shortened(str(error), _LONGEST)
                # A small form shows the beginning of the verdict only.
                text = f"the mailbox: {escape_controls(why)}; nothing was sent"
                yield DialogueNote(seconds=0.0, text=text)
                detail = f"{plan.address}: {why}; nothing was sent"
                failed = _failed(request, CheckSummary(), Stage.SETTINGS, 0.0, detail)
                yield replace(failed, cure=error.cure or failed.cure)
                return
        async with aclosing(_send_and_look(request, plan, mailbox)) as updates:
            async for update in updates:
                yield update
    finally:
        if mailbox:
            mailbox.close()


async def _send_and_look(
    request: CheckRequest, plan: ProofRequest, mailbox: MailboxSession | None
) -> AsyncGenerator[Event | Verdict, None]:
    token = secrets.token_hex(_TOKEN_BYTES)
    verdict: Verdict | None = None
    if request.mail:
        request = replace(request, mail=replace(request.mail, token=token))
    runner = load("checks.after_sending:run") if request.follow else run_check
    async with aclosing(runner(request)) as updates:
        async for update in updates:
            if isinstance(update, Verdict):
                verdict = update
            else:
                yield update
    assert verdict is not None
    facts = verdict.facts
    if mailbox is None or facts is None or not facts.is_accepted or _has_ended(verdict):
        yield verdict
        return
    # The check counts its seconds from an early connection.
    began = time.monotonic() - verdict.seconds
    accepted = began + (facts.accepted_at or 0.0)
    recipients = [each.recipient for each in facts.recipients if each.reply.category == 2]
    looks = prove(mailbox, plan, token, accepted=accepted, recipients=recipients)
    text = f"looking for the message in the mailbox of {plan.address}, for {plan.within:g} s"
    yield DialogueNote(seconds=time.monotonic() - began, text=text)
    trouble = ""
    try:
        async with aclosing(looks) as seen:
            async for look in seen:
                now = time.monotonic() - began
                if isinstance(look, ArrivalProof):
                    yield _concluded(request, replace(verdict, seconds=now), look)
                elif look.folder:
                    text = f"the message is in {escape_controls(look.folder)}; reading its header"
                    yield DialogueNote(seconds=now, text=text)
                elif look.trouble != trouble:
                    trouble = look.trouble
                    text = f"the mailbox: {trouble or 'it can be searched again'}"
                    yield DialogueNote(seconds=now, text=text)
    except MailboxError as error:
        seconds = time.monotonic() - began
        if not verdict.ok:
            yield replace(verdict, seconds=seconds)
            return
        detail = f"{plan.address}: {error}; the message was sent"
        failed = _failed(request, facts, Stage.MESSAGE, seconds, detail)
        yield replace(failed, delivery=verdict.delivery, cure=error.cure or failed.cure)


def _has_ended(verdict: Verdict) -> bool:
    """Whether the log shows that the message arrives nowhere."""
    handovers = verdict.delivery.handovers if verdict.delivery else ()
    return bool(handovers) and all(handover.state in _ENDED for handover in handovers)


def _failed(
    request: CheckRequest,
    facts: CheckSummary,
    stage: Stage,
    seconds: float,
    detail: str,
    cause: Cause = Cause.PROVE_MAILBOX_FAILED,
) -> Verdict:
    facts.finished = Finished(seconds=seconds, stage=stage, fault=cause, detail=detail)
    verdict = diagnose(parse_settings(request.values).settings, facts, seconds)
    return replace(verdict, recognition=request.recognition)


def _concluded(request: CheckRequest, verdict: Verdict, proof: ArrivalProof) -> Verdict:
    """Return the verdict with what the mailbox shows; what failed before stays."""
    known = verdict.delivery or DeliverySummary()
    delivery = replace(known, arrival=proof)
    facts = verdict.facts
    assert facts is not None
    if proof.found:
        others = _others(facts, request.prove)
        if verdict.ok or (verdict.cause in _OUTDONE and not _is_held_up(known, others)):
            text = escape_controls(_arrival_text(proof) + _unseen_text(known, others))
            verdict = replace(verdict, ok=True, cause=None, summary=text, why="", cure="")
        if proof.place == "junk":
            verdict = _with_junk_warning(verdict, proof)
    elif verdict.ok:
        within = request.prove.within if request.prove else 0
        detail = f"{proof.mailbox} within {within:g} s: it is not in {_folders(proof)}"
        verdict = _failed(
            *(request, facts, Stage.MESSAGE, verdict.seconds, detail, Cause.ARRIVAL_NOT_SEEN)
        )
    return replace(verdict, delivery=delivery)


def _arrival_text(proof: ArrivalProof) -> str:
    text = (
        f"The message arrived in {proof.folder} of {proof.mailbox}, seen "
        f"{proof.seconds or 0.0:.1f} s after the server accepted it."
    )
    # The looks are some seconds apart.
    if proof.precision and proof.precision > _NOTABLE_PRECISION:
        text += f" It may have arrived up to {proof.precision:.0f} s earlier."
    if proof.removed:
        text += " smtp-tui then removed it."
    return text


def _others(facts: CheckSummary, plan: ProofRequest | None) -> list[str]:
    """Return the accepted recipients whose mailbox is not the one that was searched."""
    accepted = [each.recipient for each in facts.recipients if each.reply.category == 2]
    user = plan.address.user.casefold() if plan else ""
    others = [recipient for recipient in accepted if recipient.casefold() != user]
    # With one recipient, the mailbox is its own, whatever its user is called.
    return others if len(accepted) > 1 else []


def _is_held_up(known: DeliverySummary, others: Sequence[str]) -> bool:
    """Whether the log shows that the message did not leave for another recipient."""
    waiting = (DeliveryState.DEFERRED, DeliveryState.HELD)
    return any(each.state in waiting and each.recipient in others for each in known.handovers)


def _unseen_text(known: DeliverySummary, others: Sequence[str]) -> str:
    """Return what is not known about the recipients that the log does not show either."""
    logged = {each.recipient for each in known.handovers if each.state is not DeliveryState.UNKNOWN}
    unseen = [recipient for recipient in others if recipient not in logged]
    if not unseen:
        return ""
    names = abridged(unseen, _NAMES_SHOWN)
    return f" smtp-tui knows nothing about {names}: it searched only this mailbox."


def _folders(proof: ArrivalProof) -> str:
    folders = proof.searched[:_FOLDERS_NAMED]
    rest = len(proof.searched) - len(folders)
    return listed([*folders, f"{rest} more folders"] if rest > 0 else folders, "or")


def _with_junk_warning(verdict: Verdict, proof: ArrivalProof) -> Verdict:
    reasons = "; ".join(_junk_reasons(proof))
    seen = f"Seen: {escape_controls(reasons)}." if reasons else "Its header shows no reason."
    text = f"{warning_text(WarningId.ARRIVED_IN_JUNK, {})} {seen}"
    return replace(
        verdict,
        warnings=(*verdict.warnings, WarningId.ARRIVED_IN_JUNK),
        warning_texts=(*verdict.warning_texts, text),
    )


def _junk_reasons(proof: ArrivalProof) -> Iterator[str]:
    if proof.aligned is False:
        yield f"neither DKIM nor SPF is aligned with {proof.domain or 'the From domain'}"
    for signature in proof.dkim:
        if signature.outcome not in ("pass", "unknown"):
            yield f"the DKIM signature of {signature.domain} is not valid"
    for result in proof.results:
        if result.result in ("fail", "softfail", "permerror", "temperror"):
            yield f"{result.by} found {result.method}={result.result}"
