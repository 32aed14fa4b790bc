"""A check from settings to verdict, on servers that follow a script."""

from __future__ import annotations

import threading
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.request import CheckRequest, CheckTarget, SuppliedPassword
from smtp_tui.checks.run import run, verdict_without_check
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import DialogueNote, Event, Sent, Stage, StageEntered
from tests.checks.scripted import EHLO, saying

SECRET = "wonderland-7"


async def outcome(values: dict[str, object], **more: Any) -> tuple[list[Event], Verdict]:
    """Run one check; the verdict must come last."""
    told: list[Event | Verdict] = []
    async with aclosing(run(CheckRequest(values=values, **{"base": Path(), **more}))) as stream:
        async for one in stream:
            told.append(one)
    *events, verdict = told
    assert isinstance(verdict, Verdict)
    assert not any(isinstance(one, Verdict) for one in events)
    return [one for one in events if not isinstance(one, Verdict)], verdict


def plain(port: int, **more: object) -> dict[str, object]:
    """Settings for a server that speaks plain text."""
    return {
        "host": "127.0.0.1",
        "port": port,
        "domain": "client.example",
        "encryption": "none",
        **more,
    }


def never() -> bytes:
    raise AssertionError("the password was fetched")


async def test_a_login() -> None:
    with saying(b"220 hi\r\n", EHLO, b"235 2.7.0 ok\r\n", b"221 bye\r\n") as server:
        values = plain(server.port, username="alice", authentication="plain")
        events, verdict = await outcome(values, secret=SECRET)
    assert verdict.ok, verdict.summary
    assert server.heard[0] == b"EHLO client.example\r\n"
    assert server.heard[-1] == b"QUIT\r\n"
    assert not any(SECRET in repr(event) for event in events)
    assert "password-in-clear" in verdict.warnings


async def test_settings_that_cannot_be_used_send_nothing() -> None:
    supply = SuppliedPassword("nowhere", never)
    events, verdict = await outcome({"host": "a b", "port": 0}, given=supply)
    assert (verdict.stage, verdict.cause) == ("settings", "settings-invalid")
    assert [problem.partition(":")[0] for problem in verdict.problems] == [
        "SMTP Host (host)",
        "SMTP Port (port)",
    ]
    assert not any(isinstance(event, StageEntered) for event in events)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"username": "alice", "authentication": "none"},
        {"authentication": "auto"},
        {"authentication": "external", "client_certificate": "absent.pem"},
    ],
)
async def test_the_password_is_fetched_only_when_auth_will_use_it(
    values: dict[str, object],
) -> None:
    with saying(b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n") as server:
        events, _ = await outcome(
            plain(server.port, **values), given=SuppliedPassword("nowhere", never)
        )
    assert Stage.PASSWORD not in [
        event.stage for event in events if isinstance(event, StageEntered)
    ]


async def test_without_a_password_nothing_is_sent() -> None:
    with saying(b"220 hi\r\n") as server:
        events, verdict = await outcome(plain(server.port, username="alice"))
    assert (verdict.stage, verdict.cause) == ("password", "password-missing")
    assert not server.heard
    assert not any(isinstance(event, Sent) for event in events)


async def test_an_empty_secret_is_none() -> None:
    _, verdict = await outcome(plain(1, username="alice"), secret="")
    assert verdict.cause == "password-missing"


async def test_the_time_is_shared_by_password_and_dialogue() -> None:
    release = threading.Event()

    def slow() -> bytes:
        release.wait(0.3)
        return SECRET.encode()

    with saying(b"") as server:
        values = plain(server.port, username="alice", timeout=1)
        started = time.monotonic()
        _, verdict = await outcome(values, given=SuppliedPassword("a slow pipe", slow), extra=0)
        took = time.monotonic() - started
    assert verdict.cause == "greeting-timeout"
    assert 0.95 < took < 10
    assert verdict.seconds == pytest.approx(took, abs=0.5)


async def test_a_password_that_comes_too_late_ends_the_check() -> None:
    release = threading.Event()

    def late() -> bytes:
        release.wait(10)
        return b""

    values = plain(1, username="alice", timeout=0.1)
    _, verdict = await outcome(values, given=SuppliedPassword("a slow pipe", late))
    release.set()
    assert (verdict.stage, verdict.cause) == ("password", "password-source-failed")
    assert verdict.seconds < 2


async def test_remarks_come_first() -> None:
    values = plain(1, username="alice", authentication="none")
    events, verdict = await outcome(values)
    assert isinstance(events[0], DialogueNote)
    assert "username-unused" in verdict.warnings


async def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    values = plain(1, username="alice", password={"file": "secret"}, ca_file="absent.pem")
    _, verdict = await outcome(values, base=tmp_path)
    assert verdict.stage == "settings"
    assert str(tmp_path / "absent.pem") in verdict.summary


async def test_leaving_early_closes_the_connection() -> None:
    with saying(b"220 hi\r\n", EHLO) as server:
        values = plain(server.port, username="alice", authentication="plain")
        async with aclosing(run(CheckRequest(values=values, base=Path(), secret=SECRET))) as stream:
            async for one in stream:
                if isinstance(one, Sent):
                    break
    assert server.heard == [b"EHLO client.example\r\n"]


def test_no_settings_at_all() -> None:
    verdict = verdict_without_check(CheckTarget(refusal="mail.toml does not exist; check the name"))
    assert (verdict.ok, verdict.stage, verdict.cause) == (False, "settings", "settings-invalid")
    assert "mail.toml does not exist" in verdict.summary


def test_no_repr_shows_a_password() -> None:
    request = CheckRequest(values={"password": SECRET}, base=Path(), secret=SECRET)
    assert SECRET not in repr(request)
