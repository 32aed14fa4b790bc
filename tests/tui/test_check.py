"""Testing from the form: what runs, what is shown, and how it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event, Stage, StageEntered
from smtp_tui.tui.style import PLAIN
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, failed, form_on, said


async def test_a_test_shows_dialogue_stages_and_verdict(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED: the login works." in hand.screen)
        await hand.until(lambda: "-> EHLO tickets.example.org" in hand.screen)
        strip = next(line for line in hand.lines if "resolve" in line)
        assert "resolve 3" in strip
        assert "connect 14" in strip
        assert "AUTH 50" in strip
        assert "200 ms" in strip
    request = check.requests[0]
    assert request.values["port"] == 2587
    assert request.base == tmp_path
    assert request.table == "smtp"
    assert "hunter2hunter2" not in repr(request)


async def test_the_form_is_tested_as_it_stands_and_not_saved(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.type("x")
        await hand.press("ctrl+t")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.file.read_text("utf-8") == SAMPLE
    assert check.requests[0].values["host"] == "mail.example.netx"


async def test_a_failure_names_its_stage_and_what_to_do(tmp_path: Path) -> None:
    verdict = failed("auth-rejected", summary="The login was refused.", cure="Mend the password.")
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*DIALOGUE, verdict))) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED at login: the login was refused." in hand.screen)
        assert "Mend the password." in hand.screen
        assert any("AUTH ✗" in line for line in hand.lines)
        await hand.type("x")
        assert "before your last change" in hand.screen


async def test_escape_stops_a_test(tmp_path: Path) -> None:
    check = FakeCheck(hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: bool(check.requests))
        assert "Waiting for" in hand.screen
        assert "s of 30" in hand.screen
        await hand.press("f5")
        assert len(check.requests) == 1
        await hand.press("escape")
        await hand.until(lambda: "Stopped while waiting for" in hand.screen)
        assert check.closed == 1
        # Red is for what failed.
        assert hand.form_screen.test_pane.verdict.blocks[0].spans[0][1] == PLAIN
        await hand.press("f5")
        await hand.until(lambda: len(check.requests) == 2)


async def test_leaving_closes_a_running_test(tmp_path: Path) -> None:
    check = FakeCheck(hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: bool(check.requests))
        await hand.press("f10")
    assert check.closed == 1


async def test_invalid_fields_are_mended_before_a_test(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(SAMPLE + "timeout = -1\n", tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Not tested." in hand.screen)
        assert hand.row("Timeout").startswith(">")
        assert "not a number of" in hand.screen
    assert not check.requests


async def test_a_missing_host_is_asked_for(tmp_path: Path) -> None:
    async with form_on(None, tmp_path) as hand:
        await hand.press("down", "down", "f5")
        await hand.until(lambda: "Not tested. SMTP Host is missing" in hand.screen)
        assert hand.row("SMTP Host").startswith(">")


async def test_a_password_is_asked_for_where_there_is_none(tmp_path: Path) -> None:
    check = FakeCheck()
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "for this test only" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "Not tested" in hand.screen)
        await hand.press("f5")
        await hand.until(lambda: "for this test only" in hand.screen)
        await hand.type("once only")
        assert "once" not in hand.pilot.app.export_screenshot()
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.file.read_text("utf-8") == text
    assert [request.secret for request in check.requests] == ["once only"]


async def test_a_clear_password_needs_an_explicit_yes(tmp_path: Path) -> None:
    check = FakeCheck((*DIALOGUE, failed("auth-needs-encryption")))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        for answer in ("n", "enter", "escape"):
            await hand.press("f5")
            await hand.until(lambda: "unencrypted" in hand.screen)
            await hand.press(answer)
            await hand.until(lambda: "Send the password" not in hand.screen)
        await hand.press("f5")
        await hand.until(lambda: "Send the password" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: len(check.requests) == 5)
    assert [request.allow_clear_password for request in check.requests] == [False] * 4 + [True]


async def test_a_defect_in_the_check_costs_nothing_typed(tmp_path: Path) -> None:
    async def broken(_request: object) -> object:
        raise ValueError("hunter2hunter2")
        yield

    async with form_on(SAMPLE, tmp_path, check=broken) as hand:  # type: ignore[arg-type]
        await hand.type("x")
        await hand.press("f5")
        await hand.until(lambda: "A bug in smtp-tui: ValueError" in hand.screen)
        assert "hunter2" not in hand.screen
        assert "mail.example.netx" in hand.row("SMTP Host")


async def test_what_a_server_says_is_inert(tmp_path: Path) -> None:
    hostile = said("hi \x1b]0;pwned\x07 [red]bold[/] \u202e\u0085 \x9b31m")
    verdict = failed("auth-rejected", summary="It said \x1b[31m[red]no[/red]", why="\x1b]0;x\x07")
    check = FakeCheck((StageEntered(seconds=0.0, stage=Stage.GREETING), hostile, verdict))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5", "f6")
        await hand.until(lambda: "220 hi" in hand.screen and "FAILED" in hand.screen)
        assert "\\x1b]0;pwned\\x07 [red]bold[/] \\u202e" in hand.screen
        assert "[red]no[/red]" in hand.screen
        assert not any(letter in hand.screen for letter in "\x1b\x07\x9b\u202e")


async def test_a_second_run_stands_for_the_values_that_it_tested(tmp_path: Path) -> None:
    released, hosts = asyncio.Event(), list[object]()

    async def check(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        hosts.append(request.values["host"])
        yield StageEntered(seconds=0.0, stage=Stage.AUTH)
        await released.wait()
        yield failed("auth-needs-encryption") if len(hosts) == 1 else PASSED

    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: bool(hosts))
        await hand.go_to("SMTP Host")
        await hand.press("ctrl+u")
        await hand.type("other.example.com")
        released.set()
        await hand.until(lambda: "unencrypted, just" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: "PASSED" in hand.screen)
        last = hand.form_screen.test_pane.last_test
        assert last
        assert last.is_stale
        assert last.done.draft.values["host"] == "mail.example.net"
        assert "before your last change" in hand.screen
    assert hosts == ["mail.example.net"] * 2
