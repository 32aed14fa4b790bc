"""The log on a real terminal: how little goes over the line, and how quick keys stay."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from tests.terminal import Terminal, on_terminal
from tests.tui.driving import SAMPLE

pytestmark = pytest.mark.integration

A_LINE, A_CURSOR_STEP, A_LETTER, A_BEAT = 60, 60, 700, 700  # bytes
TO_THE_LOG, BACK = 700, 900

STREAM = """\
import asyncio, os, sys
from pathlib import Path
os.environ.update(TEXTUAL_FPS="60", TEXTUAL_ANIMATIONS="none")
from smtp_tui.config.document import Document
from smtp_tui.tui.app import SmtpApp
from tests.tui.driving import PASSED, FakeKeyring, said

async def stream(request):
    for burst in range(int(sys.argv[2])):
        for number in range(int(sys.argv[3])):
            yield said(f"burst {burst} line {number} of what a server tells")
        await asyncio.sleep(float(sys.argv[4]))
    yield PASSED

SmtpApp(Document.open(Path(sys.argv[1])), "smtp", runner=stream).run(
    mouse=False
)
"""


@contextmanager
def streaming(
    folder: Path, bursts: int, lines: int, pause: float, size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """The form; its test streams bursts of lines with pauses between them."""
    file = folder / "mail.toml"
    file.write_text(SAMPLE, encoding="utf-8")
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    for name in ("NO_COLOR", "COLUMNS", "LINES"):  # pytest-xdist sets sizes, which would count
        environment.pop(name, None)
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    numbers = (str(bursts), str(lines), str(pause))
    command = [sys.executable, "-c", STREAM, str(file), *numbers]
    with on_terminal(command, environment, size=size) as terminal:
        terminal.wait_for("SMTP Host", "OpenSSL Verify Mode", "F5")
        terminal.wait_for_silence()
        yield terminal


def test_a_flood_costs_few_bytes_a_line(tmp_path: Path) -> None:
    with streaming(tmp_path, 100, 50, 0.01) as terminal:
        before = len(terminal.output)
        terminal.press("F5")
        terminal.wait_for("burst 99 line 49", "PASSED")
        assert len(terminal.output) - before <= 100 * 50 * A_LINE


def test_what_comes_often_is_drawn_ten_times_a_second(tmp_path: Path) -> None:
    with streaming(tmp_path, 300, 1, 0.005) as terminal:
        terminal.press("F5")
        terminal.wait_for("<- 220 burst")  # which of them is drawn first depends on the machine
        before, began = len(terminal.output), monotonic()
        terminal.wait_for("burst 299 line 0", "PASSED")
        beats = 10 * (monotonic() - began) + 3  # the first, the last, and the verdict
        assert len(terminal.output) - before <= beats * A_BEAT


def test_cursor_search_and_silence(tmp_path: Path) -> None:
    with streaming(tmp_path, 1, 40, 0) as terminal:
        terminal.press("F5", "F6")
        terminal.wait_for("PASSED", "burst 0 line 39", "Compare")
        terminal.wait_for_silence()
        before = len(terminal.output)
        terminal.press("Up")
        terminal.wait_for(">  0.100 <- 220 burst 0 line 39")
        assert len(terminal.output) - before <= A_CURSOR_STEP
        terminal.press("/")
        terminal.wait_for("\n/")
        terminal.wait_for_silence()
        before = len(terminal.output)
        terminal.press("u")  # no digit: the heading tells the time
        terminal.wait_for("/u", "of 40")
        assert len(terminal.output) - before <= A_LETTER
        terminal.press("Enter")
        terminal.wait_for("N next", "Esc ends")


def test_keys_act_in_the_midst_of_a_flood(tmp_path: Path) -> None:
    with streaming(tmp_path, 2000, 10, 0.005) as terminal:
        terminal.press("F5")
        terminal.wait_for("burst")
        terminal.press("y")
        terminal.wait_for("mail.example.nety")
        assert "burst 1999" not in terminal.text
        terminal.press("F6", "Home")
        terminal.wait_for("220 burst 0 line 0", "more, End")
        terminal.press("Escape")
        terminal.wait_for("Stopped while waiting for")


def test_form_and_log_take_turns_on_a_low_screen(tmp_path: Path) -> None:
    with streaming(tmp_path, 1, 40, 0, size=(60, 20)) as terminal:
        for _ in range(2):
            terminal.press("F5")
            terminal.wait_for("burst 0 line 39", "PASSED", ">SMTP Host")
            terminal.press("F6")
            terminal.wait_for("burst 0 line 35", ">[Log]")
            assert "SMTP Host" not in terminal.text
            terminal.press("F6")
            terminal.wait_for(">SMTP Host", "Encryption Type", "OpenSSL Verify Mode", "─ Log ─")


def test_going_to_the_log_and_back_costs_little() -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with on_terminal([sys.executable, "-m", "smtp_tui", "demo"], environment) as terminal:
        terminal.wait_for(">SMTP Host")
        terminal.press(*["Tab"] * 10)
        terminal.wait_for(">More")
        terminal.press("F5")
        terminal.wait_for("FAILED", "F9 Fix")
        terminal.read_for(0.5)
        for shown, bound in ((">[Log]", TO_THE_LOG), (">More", BACK)):
            before = len(terminal.output)
            terminal.press("F6")
            terminal.wait_for(shown)
            terminal.read_for(0.5)
            assert len(terminal.output) - before <= bound
