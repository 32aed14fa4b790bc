"""One run of an application on a terminal: its times, its bytes, its memory."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.tui_flood import LINES
from tests.terminal import Terminal, on_terminal

FORM = ("smtp_tui",)
MINIMAL = ("tests.benchmarks.tui_minimal",)
FLOOD = ("tests.benchmarks.tui_flood",)
QUIET = 0.15  # seconds without a byte after which nothing more is drawn
SAMPLE = """\
[smtp]
host = "mail.example.net"
port = 587
domain = "tickets.example.org"
encryption = "tls"
username = "tickets@example.org"
password = "wonderland"
authentication = "plain"
"""


@dataclass(frozen=True)
class Run:
    """What one run took; times are seconds from the start of the process."""

    painted: float
    ready: float
    screen: int
    key: int
    step: int
    idle: int
    memory: int


def run(module: tuple[str, ...], *, in_full: bool) -> Run:
    """Start an application and type; only `in_full` is it watched while nothing happens."""
    began = time.perf_counter()
    with _started(module) as terminal:
        terminal.wait_for("SMTP Host")
        painted = time.perf_counter() - began
        screen = len(terminal.output) + _settled(terminal)
        asked = time.perf_counter()
        terminal.press("a")
        terminal.wait_for("mail.example.neta")
        ready = painted + time.perf_counter() - asked
        _settled(terminal)  # the first change of a value tells that there is one
        key = _bytes_of(terminal, "b")
        step = _bytes_of(terminal, "Tab")
        if in_full:
            terminal.read_for(1)
        idle = len(terminal.read_for(3)) if in_full else 0
        return Run(painted, ready, screen, key, step, idle, _peak(terminal.process))


@dataclass(frozen=True)
class Stream:
    """What a log that streams costs: bytes a line, and how long each key waited for its echo."""

    bytes_a_line: float
    waits: tuple[float, ...]


def stream() -> Stream:
    """Type into the form while its log streams."""
    waits: list[float] = []
    with _started(FLOOD) as terminal:
        terminal.wait_for("SMTP Host", "Next")
        terminal.press("F5")
        terminal.wait_for("of a long story")
        before = len(terminal.output)
        while "PASSED" not in terminal.text:
            waits.append(_wait(terminal))
            terminal.read_for(0.03 + 0.013 * (len(waits) % 7))  # out of step with any timer
        spent = len(terminal.output) - before
    return Stream(spent / LINES, tuple(waits))


def _wait(terminal: Terminal) -> float:
    """Return the seconds until a letter that is typed stands at the cursor's line."""
    before = _row(terminal)
    began = time.perf_counter()
    terminal.press("Backspace" if "Q" in before else "Q")
    terminal.wait_until(lambda: _row(terminal) != before, "echo")
    return time.perf_counter() - began


def _row(terminal: Terminal) -> str:
    return next(line for line in terminal.lines if "SMTP Host" in line)


@contextmanager
def _started(module: tuple[str, ...]) -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mail.toml")
        file.write_text(SAMPLE, encoding="utf-8")
        command = [sys.executable, "-m", *module, str(file)]
        with on_terminal(command, _environment(folder)) as terminal:
            yield terminal


def _environment(home: str) -> dict[str, str]:
    root = Path(__file__).parent.parent.parent
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        "HOME": home,
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


def _settled(terminal: Terminal) -> int:
    """Wait until nothing more is drawn; return the bytes that came meanwhile."""
    before = len(terminal.output)
    while terminal.read_for(QUIET):
        pass
    return len(terminal.output) - before


def _bytes_of(terminal: Terminal, key: str) -> int:
    before = terminal.text
    written = len(terminal.output)
    terminal.press(key)
    terminal.wait_until(lambda: terminal.text != before or len(terminal.output) > written, key)
    _settled(terminal)
    return len(terminal.output) - written


def _peak(process: int) -> int:
    """Return the most memory that a process had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
