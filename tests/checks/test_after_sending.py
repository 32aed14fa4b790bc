"""What is said of a message that cannot be followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from smtp_tui.arrival.find_log import LogUnreadableError
from smtp_tui.arrival.log_reader import LogReader
from smtp_tui.checks import after_sending
from smtp_tui.checks.request import CheckRequest, FollowRequest
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import (
    Connected,
    Event,
    Finished,
    MessageQueued,
    RecipientReply,
    Stage,
)
from smtp_tui.smtp.replies import Reply


async def outcome(
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    address: str,
    queue_id: str | None = "A1B2C3",
    unreadable: LogUnreadableError | None = None,
    via: str | None = None,
) -> tuple[Verdict, int]:
    """The verdict, and how many events there were before it."""

    def open_logs(_named: str | None) -> list[LogReader]:
        if unreadable:
            raise unreadable
        return []

    async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        facts = CheckSummary()
        accepted = Reply(250, (b"ok",))
        local = address if address.startswith("10.") else "192.0.2.9"
        for event in (
            Connected(seconds=0, address=address, port=25, local_address=local, via=via),
            RecipientReply(seconds=0, recipient="a@b.test", reply=accepted),
            MessageQueued(seconds=0, queue_id=queue_id),
            Finished(seconds=0, stage=Stage.MESSAGE),
        ):
            facts.add(event)
            yield event
        yield diagnose(parse_settings(request.values).settings, facts, 0.1)

    monkeypatch.setattr(after_sending, "open_logs", open_logs)
    monkeypatch.setattr(after_sending, "run_check", run)
    request = CheckRequest(
        values={"host": host, "encryption": "none", **({"proxy": via} if via else {})},
        base=Path(),
        follow=FollowRequest(within=0.3),
    )
    async with aclosing(after_sending.run(request)) as updates:
        *events, verdict = [update async for update in updates]
    assert isinstance(verdict, Verdict)
    return verdict, len(events)


async def test_a_server_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _ = await outcome(monkeypatch, "mail.example.test", "192.0.2.1")
    assert (verdict.ok, verdict.cause) == (False, "delivery-log-elsewhere")
    assert verdict.stage is Stage.MESSAGE
    assert "queue ID A1B2C3 is that of the server at 192.0.2.1" in verdict.summary


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.5"])
async def test_a_server_here_whose_log_is_silent(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    verdict, _ = await outcome(monkeypatch, "mail.example.test", address)
    assert verdict.cause == "delivery-unfinished"
    assert verdict.delivery
    assert [each.state.value for each in verdict.delivery.handovers] == ["unknown"]


@pytest.mark.parametrize("unreadable", [None, LogUnreadableError("alice may not read it")])
async def test_localhost_behind_a_proxy_is_another_machine(
    monkeypatch: pytest.MonkeyPatch, unreadable: LogUnreadableError | None
) -> None:
    proxy = "socks5://127.0.0.1:1080"
    verdict, events = await outcome(
        monkeypatch, "localhost", "127.0.0.1", unreadable=unreadable, via=proxy
    )
    assert (verdict.cause, events) == ("delivery-log-elsewhere", 4)
    assert f"at 127.0.0.1, as the proxy {proxy} reaches it" in verdict.summary


async def test_a_reply_without_queue_id(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _ = await outcome(monkeypatch, "localhost", "127.0.0.1", queue_id=None)
    assert verdict.cause == "delivery-unfinished"
    assert "names no queue ID" in verdict.summary


async def test_an_unreadable_log_stops_before_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable = LogUnreadableError("alice may not read it", "Run it with sudo.")
    verdict, events = await outcome(monkeypatch, "localhost", "127.0.0.1", unreadable=unreadable)
    assert (verdict.cause, verdict.stage, events) == (
        "delivery-log-unreadable",
        Stage.SETTINGS,
        0,
    )
    assert "alice may not read it; nothing was sent" in verdict.summary
    assert verdict.cure == "Run it with sudo."


async def test_an_unreadable_log_that_is_seen_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable = LogUnreadableError("alice may not read it")
    verdict, events = await outcome(
        monkeypatch, "mail.example.test", "10.0.0.5", unreadable=unreadable
    )
    assert (verdict.cause, verdict.stage) == ("delivery-log-unreadable", Stage.MESSAGE)
    assert events == 4
    assert "nothing was sent" not in verdict.summary
