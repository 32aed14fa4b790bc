"""From the log: a report for a ticket, and the same with other programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smtp_tui.tui.controllers import tools
from smtp_tui.tui.dialogs.program_text import EquivalentsScreen
from tests.tui.driving import SAMPLE, FakeCheck, Hand, form_on
from tests.tui.fixes import ENCRYPTION, LEAF, failing, script

ASKED = "Save a report of the last test"


def reports(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.md"))


async def run_test(hand: Hand) -> None:
    await hand.press("f5")
    await hand.until(lambda: "PASSED" in hand.screen or "FAILED" in hand.screen)
    await hand.until(lambda: not hand.form_screen.test_pane.is_busy)


async def test_a_report_is_saved_beside_the_settings_without_the_secret(tmp_path: Path) -> None:
    check = FakeCheck(script(failing(ENCRYPTION), LEAF))
    async with form_on(SAMPLE, tmp_path, check=check, size=(140, 40)) as hand:
        await run_test(hand)
        await hand.press("f6")
        assert "R Report" in hand.hints
        await hand.press("r")
        assert ASKED in hand.screen
        assert f"{tmp_path}/mail-check-" in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "Saved the report: " in hand.screen)
    (file,) = reports(tmp_path)
    text = file.read_text("utf-8")
    assert text.startswith("# Mail check by smtp-tui")
    assert "EHLO tickets.example.org" in text
    assert "certificate-unknown-issuer" in text
    assert "mx.example.net" in text
    assert "hunter2" not in text


async def test_without_a_test_there_is_no_report(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p")
        await hand.type("report")
        await hand.press("enter")
        assert "No test has finished yet" in hand.screen


async def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await run_test(hand)
        await hand.press("f6")
        for _ in range(2):
            await hand.press("r", "ctrl+u")
            await hand.type(str(tmp_path / "x.md"))
            await hand.press("enter")
            await hand.press("escape")
        (file,) = reports(tmp_path)
        before = file.stat().st_ino
        await hand.press("r", "ctrl+u")
        await hand.type(str(file))
        await hand.press("enter")
        assert "already exists. Replace it?" in hand.screen
        await hand.press("enter")
        await hand.until(lambda: ASKED in hand.screen)
        assert file.stat().st_ino == before
        await hand.press("enter", "y")
        await hand.until(lambda: "Saved the report" in hand.screen)
        assert file.stat().st_ino != before


async def test_what_cannot_be_written_is_asked_again(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(200, 40)) as hand:
        await run_test(hand)
        await hand.press("f6", "r", "ctrl+u", "enter")
        assert ASKED in hand.screen
        await hand.type(str(hand.file))
        await hand.press("enter", "y")
        await hand.until(lambda: "is not a report" in hand.screen)
        assert str(hand.file) in hand.screen
        await hand.press("escape")
        await hand.until(lambda: ASKED not in hand.screen)
        assert hand.file.read_text("utf-8") == SAMPLE


async def test_a_password_that_was_typed_is_told_as_such(tmp_path: Path) -> None:
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "for this test only" in hand.screen)
        await hand.type("once only")
        await hand.press("enter")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
        await hand.press("f6", "r", "enter")
        await hand.until(lambda: bool(reports(tmp_path)))
    (file,) = reports(tmp_path)
    told = file.read_text("utf-8")
    assert "typed in the form" in told
    assert "once only" not in told


async def test_the_same_says_that_it_lacks_a_later_change(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_test(hand)
        await hand.press("x", "f6", "s")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, EquivalentsScreen))
        assert "mail.example.net port 2587, as last tested" in hand.screen


async def test_the_same_with_other_programs_one_at_a_time(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_test(hand)
        await hand.press("f6", "s")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, EquivalentsScreen))
        assert "‹swaks›  openssl  curl" in hand.screen
        assert "swaks --server mail.example.net --port 2587" in hand.screen
        assert "s_client" not in hand.screen
        assert any(line.rstrip().endswith(" \\") for line in hand.lines)
        await hand.press("tab")
        assert "swaks  ‹openssl›  curl" in hand.screen
        assert "openssl s_client -connect mail.example.net:2587" in hand.screen
        await hand.press("right")
        assert "curl -v --globoff" in hand.screen
        await hand.press("right", "left", "shift+tab")
        assert "‹openssl›" in hand.screen
        assert "hunter2" not in hand.screen
        await hand.press("escape")
        await hand.until(lambda: "The same test with" not in hand.screen)


async def test_the_command_alone_is_copied_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "smtp_tui.tui.app.SmtpApp.copy_to_clipboard", lambda _app, text: sent.append(text)
    )
    async with form_on(SAMPLE, tmp_path) as hand:
        await run_test(hand)
        await hand.press("f6", "s")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, EquivalentsScreen))
        await hand.press("c")
        assert "Sent the line to the terminal" in hand.screen
        assert sent[0].startswith("swaks --server mail.example.net --port 2587 ")
        assert "\n" not in sent[0]
        assert "\\" not in sent[0]
        await hand.press("f2")
        await hand.until(lambda: "readable only by you" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "Saved, readable only by you (mode 0600)" in hand.screen)
        assert (tmp_path / "mail.swaks").read_text("utf-8") == f"{sent[0]}\n"
        assert (tmp_path / "mail.swaks").stat().st_mode & 0o777 == 0o600
        assert "hunter2" not in sent[0]


async def test_a_program_that_has_nothing_to_do_offers_no_copy(tmp_path: Path) -> None:
    text = SAMPLE.replace('"TLS"', '"none"') + "enable_starttls_auto = false\n"
    async with form_on(text, tmp_path) as hand:
        await run_test(hand)
        await hand.press("f6", "s")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, EquivalentsScreen))
        assert "C Copy" in hand.hints
        await hand.press("right")
        assert "C Copy" not in hand.hints
        await hand.press("c", "f2")
        assert isinstance(hand.pilot.app.screen, EquivalentsScreen)


async def test_a_report_into_a_pipe_that_nobody_reads_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "PATIENCE", 0.2)
    os.mkfifo(tmp_path / "pipe")
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "r")
        await hand.until(lambda: "Save a report" in hand.screen)
        await hand.press("ctrl+u")
        await hand.type(str(tmp_path / "pipe"))
        await hand.press("enter")
        await hand.until(lambda: "Replace it?" in hand.screen)
        await hand.press("y")
        await hand.until(lambda: "accepted nothing within 0.2 s" in " ".join(hand.screen.split()))
