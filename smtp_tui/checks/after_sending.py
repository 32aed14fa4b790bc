"""Send a message and follow it after the server accepted it, before the verdict."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.arrival.find_log import LogUnreadableError, open_logs
from smtp_tui.arrival.follow import follow
from smtp_tui.arrival.log_reader import LogReader
from smtp_tui.arrival.tracker import DeliveryTracker
from smtp_tui.checks.request import CheckRequest, FollowRequest
from smtp_tui.checks.run import run as run_check
from smtp_tui.config.errors import reason
from smtp_tui.diagnosis.delivery import DeliveryState, DeliverySummary, Handover
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.error_lookup.lookup import explain_bounce
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.settings.parsers import is_this_machine, socket_path
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Cause, Connected, Event, Finished, Followed, Stage
from smtp_tui.threads import in_daemon_thread

# Seconds to find the log; its servers are asked where it is.
_LIMIT = 15.0

# The worst first.
_CAUSES = {
    DeliveryState.BOUNCED: Cause.DELIVERY_BOUNCED,
    DeliveryState.EXPIRED: Cause.DELIVERY_BOUNCED,
    DeliveryState.DISCARDED: Cause.DELIVERY_DISCARDED,
    DeliveryState.HELD: Cause.DELIVERY_HELD,
    DeliveryState.DEFERRED: Cause.DELIVERY_DEFERRED,
    DeliveryState.UNKNOWN: Cause.DELIVERY_UNFINISHED,
}
# The mail server tries again by itself, so the advice to try again is not for the admin.
_RETRIED = ("greylisted", "message-temporarily-refused", "recipient-temporarily-refused")


async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Yield events, the verdict last. Wrap it in `contextlib.aclosing`."""
    assert request.follow is not None
    logs: list[LogReader] = []
    unreadable: LogUnreadableError | None = None
    try:
        # Before the message, or a rotation between the two could take its lines away.
        named = request.follow.log
        logs = await in_daemon_thread(lambda: open_logs(named), _LIMIT)
    except LogUnreadableError as error:
        unreadable = error
    except TimeoutError:
        unreadable = LogUnreadableError(f"the mail log was not found within {_LIMIT:g} s")
    try:
        if unreadable and _is_sure_to_follow(request):
            yield _not_followed(request, CheckSummary(), unreadable, 0.0, Stage.SETTINGS)
            return
        async with aclosing(_send_and_follow(request, logs, unreadable)) as updates:
            async for update in updates:
                yield update
    finally:
        for log in logs:
            log.close()


def _is_sure_to_follow(request: CheckRequest) -> bool:
    """Whether the message would be followed here, as far as known before it is sent."""
    settings = parse_settings(request.values).settings
    is_named = request.follow is not None and request.follow.log is not None
    return is_named or (
        settings is not None
        and settings.proxy is None
        and (socket_path(settings.host) is not None or is_this_machine(settings.host))
    )


async def _send_and_follow(
    request: CheckRequest, logs: Sequence[LogReader], unreadable: LogUnreadableError | None
) -> AsyncGenerator[Event | Verdict, None]:
    verdict: Verdict | None = None
    async with aclosing(run_check(request)) as updates:
        async for update in updates:
            if isinstance(update, Verdict):
                verdict = update
            else:
                yield update
    assert verdict is not None
    facts, plan = verdict.facts, request.follow
    if facts is None or not facts.is_accepted or plan is None:
        yield verdict
        return
    if unreadable and (plan.log or _is_here(facts.connected)):
        yield _not_followed(request, facts, unreadable, verdict.seconds, Stage.MESSAGE)
    elif not (plan.log or _is_here(facts.connected)):
        yield _failed(request, verdict, Cause.DELIVERY_LOG_ELSEWHERE, _elsewhere(facts))
    elif facts.queue_id is None:
        detail = "the server's reply names no queue ID"
        yield _failed(request, verdict, Cause.DELIVERY_UNFINISHED, detail)
    else:
        async with aclosing(_follow(request, plan, verdict, logs)) as updates:
            async for update in updates:
                yield update


async def _follow(
    request: CheckRequest,
    plan: FollowRequest,
    verdict: Verdict,
    logs: Sequence[LogReader],
) -> AsyncGenerator[Event | Verdict, None]:
    facts = verdict.facts
    assert facts is not None
    assert facts.queue_id is not None
    recipients = [each.recipient for each in facts.recipients if each.reply.category == 2]
    tracker = DeliveryTracker(facts.queue_id, recipients)
    began, end, trouble = time.monotonic(), None, ""
    accepted = began - verdict.seconds + (facts.accepted_at or 0.0)
    states = follow(tracker, logs, within=plan.within, past_deferral=plan.past_deferral)
    try:
        async with aclosing(states) as handovers:
            async for handover in handovers:
                end = time.monotonic()
                followed = _followed(handover, verdict.seconds + end - began)
                facts.add(followed)
                yield followed
    except OSError as error:
        trouble = f"the log cannot be read any more: {reason(error)}"
    summary = DeliverySummary(
        handovers=tracker.handovers, seconds=None if end is None else end - accepted
    )
    verdict = replace(verdict, seconds=verdict.seconds + time.monotonic() - began)
    verdict = _concluded(request, verdict, summary, trouble or _silence(tracker, logs, plan))
    yield replace(verdict, delivery=summary)


def _followed(handover: Handover, seconds: float) -> Followed:
    return Followed(
        seconds=seconds,
        recipient=handover.recipient,
        state=handover.state,
        sentence=handover.sentence,
        relay=handover.relay,
        enhanced=handover.enhanced,
        text=handover.text,
        queue_ids=handover.queue_ids,
        cause=handover.cause,
        is_local=handover.is_local,
    )


def _concluded(
    request: CheckRequest, verdict: Verdict, summary: DeliverySummary, silence: str
) -> Verdict:
    """Return the verdict with what the log shows; a recipient that the server rejected stays."""
    states = {handover.state: handover for handover in reversed(summary.handovers)}
    state = next((state for state in _CAUSES if state in states), None)
    if not verdict.ok:
        return verdict
    if state is None:
        assert verdict.facts is not None
        passed = diagnose(parse_settings(request.values).settings, verdict.facts, verdict.seconds)
        return replace(passed, recognition=verdict.recognition)
    worst = states[state]
    detail = f"{worst.recipient}: {worst.sentence}"
    if state is DeliveryState.UNKNOWN:
        detail = silence
    if len(summary.handovers) > 1:
        count = sum(handover.state is state for handover in summary.handovers)
        detail += f" ({count} of {len(summary.handovers)} recipients)"
    failed = _failed(request, verdict, _CAUSES[state], detail)
    explained = explain_bounce(worst.text) if worst.cause else None
    if explained is None:
        return failed
    if worst.cause in _RETRIED:
        return replace(failed, why=explained.why)
    # A check's settings lead to the mail server; its own way on is set there.
    where = "In the mail server's own settings: " if explained.field else ""
    return replace(failed, why=explained.why, cure=where + explained.cure)


def _failed(
    request: CheckRequest,
    verdict: Verdict,
    cause: Cause,
    detail: str,
) -> Verdict:
    facts = verdict.facts
    assert facts is not None
    if not verdict.ok:  # some recipients were rejected, which stays the cause
        return verdict
    facts.finished = Finished(
        seconds=verdict.seconds, stage=Stage.MESSAGE, fault=cause, detail=detail
    )
    failed = diagnose(parse_settings(request.values).settings, facts, verdict.seconds)
    return replace(failed, recognition=verdict.recognition)


def _not_followed(
    request: CheckRequest,
    facts: CheckSummary,
    unreadable: LogUnreadableError,
    seconds: float,
    stage: Stage,
) -> Verdict:
    detail = str(unreadable)
    if stage is Stage.SETTINGS:
        detail += "; nothing was sent"
    cause = Cause.DELIVERY_LOG_UNREADABLE
    facts.finished = Finished(seconds=seconds, stage=stage, fault=cause, detail=detail)
    verdict = diagnose(parse_settings(request.values).settings, facts, seconds)
    return replace(verdict, cure=unreadable.cure or verdict.cure, recognition=request.recognition)


def _is_here(connected: Connected | None) -> bool:
    """Whether the server that accepted the message runs on this machine, as far as is known."""
    # To a proxy, localhost is its own machine.
    if connected is None or connected.via is not None:
        return False
    try:
        address = ipaddress.ip_address(connected.address.partition("%")[0])
    except ValueError:  # the path of a UNIX socket
        return True
    return address.is_loopback or connected.address == connected.local_address


def _elsewhere(facts: CheckSummary) -> str:
    queued = f"queue ID {facts.queue_id} is" if facts.queue_id else "the queue is"
    via = facts.connected.via if facts.connected else None
    behind = f", as the proxy {via} reaches it" if via else ""
    return f"{queued} that of the server at {facts.address}{behind}"


def _silence(tracker: DeliveryTracker, logs: Sequence[LogReader], plan: FollowRequest) -> str:
    names = " and ".join(log.name for log in logs)
    if not tracker.is_logged:
        return f"within {plan.within:g} s, {names} said nothing about it"
    waiting = [each for each in tracker.handovers if each.state is DeliveryState.UNKNOWN]
    recipient = waiting[0].recipient if waiting else "a recipient"
    return f"within {plan.within:g} s, {names} showed no result for {recipient}"
