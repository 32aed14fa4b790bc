"""Several checks side by side: how many at a time, and in which order they are told."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui import threads
from smtp_tui.checks import batch
from smtp_tui.checks import run as checks_run
from smtp_tui.checks.batch import BatchSummary, run_batch
from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp import session
from smtp_tui.smtp.events import Event
from tests.smtp.playing import GREETING
from tests.smtp.scripted import Peer, Step, serving
from tests.smtp.steps import silence

OK = f"{GREETING}\nC: EHLO …\nS: 250 mail.example.test"


def subject(name: str, port: int, **values: Any) -> CheckTarget:
    whole = {"host": "127.0.0.1", "port": port, "encryption": "none", "timeout": 5, **values}
    request = CheckRequest(values=whole, base=Path.cwd(), extra=0)
    return CheckTarget(file="mail.toml", table=name, request=request)


async def told_of(
    subjects: list[CheckTarget], jobs: int
) -> tuple[list[tuple[str, Event | Verdict]], BatchSummary]:
    """What was told of each table, by name, and the summary."""
    told: list[tuple[str, Event | Verdict]] = []
    async with aclosing(run_batch(subjects, jobs)) as events:
        async for one in events:
            if isinstance(one, BatchSummary):
                return told, one
            told.append((one[0].table or "", one[1]))
    raise AssertionError("no summary")


def after(count: int) -> Step:
    """Wait until so many connections have come."""

    async def step(peer: Peer) -> None:
        await peer.server.has_peers(count)

    return step


async def test_as_many_run_at_a_time_as_there_are_jobs() -> None:
    # Nobody is greeted before the third has come: two at a time would wait for ever.
    async with serving((after(3), OK)) as server:
        subjects = [subject(name, server.port) for name in "abc"]
        _, summary = await told_of(subjects, jobs=3)
        assert summary.ok
    async with serving((after(3), OK), may_leave=True) as server:
        subjects = [subject(name, server.port, timeout=0.2) for name in "abc"]
        _, summary = await told_of(subjects, jobs=2)
        assert [one.verdict.cause for one in summary.failed][:2] == ["greeting-timeout"] * 2
        assert len(server.peers) == 3


async def the_others_have_left(peer: Peer) -> None:
    assert [other.lines[-1:] for other in peer.server.peers if other is not peer] == [
        ["QUIT"] for _ in peer.server.peers[1:]
    ]


async def test_one_job_is_one_after_the_other() -> None:
    async with serving((the_others_have_left, OK)) as server:
        subjects = [subject(name, server.port) for name in "abc"]
        told, _ = await told_of(subjects, jobs=1)
        assert len(server.peers) == 3
    assert [name for name, one in told if isinstance(one, Verdict)] == ["a", "b", "c"]


async def test_the_order_is_that_of_the_tables_whoever_ends_first() -> None:
    # The first connection is greeted when the last has come; which one is whose is open.
    async with serving((after(3), OK)) as server:
        subjects = [subject("slow", server.port), *(subject(name, 1) for name in ("b", "c"))]
        subjects += [subject(name, server.port) for name in ("d", "e")]
        told, summary = await told_of(subjects, jobs=5)
    names = [name for name, _ in told]
    assert names == sorted(names, key=["slow", "b", "c", "d", "e"].index)
    ends = [name for name, one in told if isinstance(one, Verdict)]
    assert ends == ["slow", "b", "c", "d", "e"]
    assert [one.verdict.cause for one in summary.results] == [
        None,
        "connection-refused",
        "connection-refused",
        None,
        None,
    ]
    assert [one.target.table for one in summary.failed] == ["b", "c"]


async def test_the_first_is_told_as_it_happens() -> None:
    async with serving((OK,), (after(3), OK)) as server:
        subjects = [subject("a", server.port), subject("b", server.port, timeout=60)]
        async with aclosing(run_batch(subjects, 1)) as events:
            async for one in events:
                if isinstance(one, tuple) and isinstance(one[1], Verdict):
                    break  # while the second still waits
        assert len(server.peers) <= 2


async def test_what_cannot_be_asked_for_has_its_verdict_too() -> None:
    refusal = CheckTarget(file="gone.toml", table=None, refusal="gone.toml does not exist")
    told, summary = await told_of([refusal, subject("b", 1)], jobs=2)
    first = told[0][1]
    assert isinstance(first, Verdict)
    assert (first.stage.value, first.cause) == ("settings", "settings-invalid")
    assert "does not exist" in first.summary
    assert len(summary.results) == 2


async def test_a_defect_costs_its_own_table_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = session.check

    async def check(settings: Settings, *rest: Any, **more: Any) -> AsyncGenerator[Event, None]:
        if settings.timeout == 4:
            raise RuntimeError("a defect")
        async with aclosing(real(settings, *rest, **more)) as events:
            async for event in events:
                yield event

    monkeypatch.setattr(checks_run, "check", check)
    unreadable = CheckTarget(file="mail.toml", table="d", defect=RecursionError())
    async with serving((OK,)) as server:
        broken = subject("b", server.port, timeout=4)
        subjects = [subject("a", server.port), broken, subject("c", server.port), unreadable]
        told, summary = await told_of(subjects, jobs=2)
    assert [name for name, one in told if isinstance(one, Verdict)] == ["a", "b", "c", "d"]
    causes = [one.verdict.cause for one in summary.results]
    assert causes == [None, "internal-error", None, "internal-error"]
    assert "RuntimeError at test_batch.py:" in summary.results[1].verdict.summary
    assert "a defect" not in summary.results[1].verdict.summary
    assert [exit_status(one.verdict) for one in summary.results] == [0, 70, 0, 70]


async def test_leaving_early_leaves_nothing_open() -> None:
    before = asyncio.all_tasks()
    async with serving((GREETING, silence), may_leave=True) as server:
        subjects = [subject(name, server.port, timeout=60) for name in "abc"]
        events = run_batch(subjects, 3)
        await anext(events)
        await server.has_peers(3)
        await events.aclose()
        await server.all_left()
        assert all(peer.ended for peer in server.peers)
    assert asyncio.all_tasks() == before


async def test_nothing_to_check() -> None:
    told, summary = await told_of([], jobs=1)
    assert (told, summary.results, summary.ok) == ([], (), True)


async def test_more_jobs_than_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = os.open(os.devnull, os.O_RDONLY)
    os.close(used)
    monkeypatch.setattr(batch, "DESCRIPTORS_KEPT", used + 20)
    async with serving((OK,)) as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 50, hard))
        try:
            subjects = [subject(f"{number}", server.port) for number in range(60)]
            _, summary = await told_of(subjects, jobs=300)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [one.verdict.cause for one in summary.results] == [None] * 60


async def test_threads_that_are_denied_have_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_idle", [])
    monkeypatch.setattr(threading.Thread, "start", refuse)
    async with serving((OK,)) as server:
        subjects = [subject("a", server.port), subject("b", server.port, host="localhost")]
        _, summary = await told_of(subjects, jobs=2)
    first, second = (one.verdict for one in summary.results)
    assert first.cause is None
    assert (second.stage, second.cause) == ("resolve", "resolver-failed")
    assert "this process may start no more threads" in second.summary


async def test_a_password_of_one_table_shows_in_no_check_of_another() -> None:
    first, second = "s3cret-Wonderland", "Another-s3cret"
    script = (
        f"{GREETING}\nC: EHLO …\nS: 250-mail.example.test\nS: 250 AUTH PLAIN\n"
        f"C: AUTH PLAIN …\nS: 535 it was {first} and {second}"
    )
    async with serving((script,)) as server:
        login = {"username": "alice", "authentication": "plain"}
        subjects = [
            subject("a", server.port, password=first, **login),
            subject("b", server.port, password=second, **login),
        ]
        told, summary = await told_of(subjects, jobs=1)
    assert {one.verdict.cause for one in summary.results} == {"auth-rejected"}
    of_second = "".join(str(one) for name, one in told if name == "b")
    assert "it was [hidden] and [hidden]" in of_second
    assert first not in of_second
