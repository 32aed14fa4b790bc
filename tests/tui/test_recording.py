"""A recorded check in the form and line by line: its log and verdict, and nothing to act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.checks.recording import read_recording
from smtp_tui.tui.style import BAD, GOOD, Span
from tests.recordings import FOLDER
from tests.tui.driving import DIALOGUE, SAMPLE, FakeCheck, Hand, failed, form_on
from tests.tui.linear_console import answered

REJECTED = FOLDER / "postfix-wrong-password.jsonl"
PASSED = FOLDER / "postfix-login.jsonl"
ESCAPES = FOLDER / "server-with-escapes.jsonl"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def choose(hand: Hand, file: Path) -> None:
    """Open a recording from the menu."""
    await hand.press("ctrl+p")
    await hand.type("recording")
    await hand.press("enter")
    await hand.until(lambda: ">File" in hand.screen)
    await hand.press("ctrl+u")
    await hand.type(str(file))
    await hand.press("enter")


def _first_spans(hand: Hand) -> list[Span]:
    return [block.spans[0] for block in hand.form_screen.test_pane.verdict_blocks()]


def log_of(hand: Hand) -> str:
    return "\n".join(str(entry) for entry in hand.form_screen.test_pane.last_entries())


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_recording_from_the_menu(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await choose(hand, REJECTED)
        await hand.until(lambda: "Recording of localhost, 20" in hand.screen)
        assert "FAILED at login: The server rejects username or password" in hand.screen
        assert ("FAILED at login:", BAD) in _first_spans(hand)
        log = log_of(hand)
        assert log.startswith("recording 1, ")
        assert "AUTH PLAIN [username alice@example.test and password]" in log
        # The form's settings were not tested: there is no fix, and nothing is at fault.
        assert "Fix" not in hand.hints
        await hand.press("f9")
        await hand.until(lambda: "There is nothing to fix" in " ".join(hand.screen.split()))
        pane = hand.form_screen.test_pane
        assert pane.last_test is None
        assert pane.fixes == ()
        await hand.press("f6", "f3")
        await hand.until(lambda: "To do: Check username and password." in hand.screen)
        await hand.press("escape")
    assert (tmp_path / "mail.toml").read_text(encoding="utf-8") == SAMPLE


async def test_a_test_after_a_recording(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await choose(hand, PASSED)
        await hand.until(lambda: "PASSED in" in hand.screen)
        outcomes = [text for text, style in _first_spans(hand) if style is GOOD]
        assert [text[:9] for text in outcomes] == ["PASSED in"]
        assert "Nothing to save" not in hand.screen
        await hand.press("f5")
        await hand.until(lambda: "PASSED: the login works." in hand.screen)
        assert "Recording of" not in hand.screen
        assert "test 2, " in log_of(hand)


async def test_what_is_no_recording_is_asked_for_again(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear Alice")
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await choose(hand, other)
        await hand.until(lambda: "letter.txt is not a recording of smtp-tui" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: ">File" not in hand.screen)
        assert hand.form_screen.test_pane.moment is None


async def test_a_recording_of_the_call(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, recording=read_recording(ESCAPES)) as hand:
        await hand.until(lambda: "Recording of 127.0.0.1, 20" in hand.screen)
        assert "\\x1b[31mNo\\x1b[0m" in log_of(hand)


def test_line_by_line(tmp_path: Path) -> None:
    ended = answered(tmp_path, f":recording {REJECTED}", ":fix", ":recording", "", ":quit")
    assert "Recording of localhost, 20" in ended.text
    assert "AUTH PLAIN [username alice@example.test and password]" in ended.plain
    assert "FAILED at login: The server rejects username or password" in ended.plain
    assert "End of the recording of localhost, 20" in ended.text
    assert "There is nothing to fix: no test has failed." in ended.plain
    ended = answered(tmp_path, ":recording /nothing/there", ":quit")
    assert "The recording /nothing/there cannot be read: no such file" in ended.plain


def test_line_by_line_from_the_call(tmp_path: Path) -> None:
    ended = answered(tmp_path, ":quit", recording=read_recording(PASSED))
    before, _, after = ended.text.partition("Recording of localhost, 20")
    assert ":help lists everything" in " ".join(before.split())
    assert "PASSED in" in after


async def test_the_last_test_is_kept_and_shown_again(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    async with form_on(
        SAMPLE, tmp_path, check=FakeCheck((*DIALOGUE, failed("auth-rejected")))
    ) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED" in hand.screen)
        await hand.press("ctrl+p")
        await hand.type("record")
        await hand.press("down")
        await hand.press("enter")
        await hand.until(lambda: ">File" in hand.screen)
        await hand.press("ctrl+u")
        await hand.type(str(file))
        await hand.press("enter")
        await hand.until(lambda: "Saved the recording" in hand.screen)
    text = file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "hunter2hunter2" not in text
    recording = read_recording(file)
    assert recording.verdict.cause == "auth-rejected"
    assert recording.check.login == "ask"


def test_the_last_test_is_kept_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    ended = answered(tmp_path, ":record", ":test", f":record {file}", f":recording {file}", ":quit")
    assert "No test has finished yet" in ended.text
    assert f"Saved the recording, without a password: {file}" in ended.plain
    assert "End of the recording of" in ended.text
    assert "hunter2hunter2" not in file.read_text(encoding="utf-8")
