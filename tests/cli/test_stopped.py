"""Ctrl+C after the server accepted a message: that it did is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.cli import reporters
from smtp_tui.cli.parser import parse_arguments
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event, MessageQueued, Stage

QUEUED = MessageQueued(seconds=0, queue_id="A1B2C3")
PASSED = Verdict(seconds=0, ok=True, stage=Stage.MESSAGE, cause=None, summary="")


@pytest.mark.parametrize(
    ("updates", "told"),
    [([QUEUED], True), ([], False), ([QUEUED, PASSED], False)],
    ids=["accepted", "before", "after"],
)
async def test_what_is_known_when_the_waiting_ends(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    updates: list[Event | Verdict],
    told: bool,
) -> None:
    target = CheckTarget(file="a", table="smtp", request=CheckRequest(values={}, base=Path()))
    is_waiting = asyncio.Event()

    async def wait_for_ever(
        *_: object,
    ) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict], None]:
        for update in updates:
            yield target, update
        is_waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(reporters, "_checks", wait_for_ever)
    task = asyncio.create_task(reporters._run([target], 1, [], None))
    await is_waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    err = capsys.readouterr().err
    assert ("the server had accepted the message as A1B2C3; smtp-tui had not seen" in err) is told


@pytest.mark.parametrize("quiet", [True, False])
def test_a_person_is_told_that_dns_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    words = ["check", "--domain-check", *["--quiet"] * quiet]
    reporters.TextReporter(parse_arguments(words)).on_lookup()
    assert ("asking DNS about the sender's domain" in capsys.readouterr().err) is not quiet
