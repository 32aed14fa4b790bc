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
REST = 0.8  # the same, where what is said of a field or value follows once nobody types
AT_ONCE = 0.08  # seconds in which a key has its echo, but nobody rests
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
    first_key: int
    key: int
    step_at_once: int
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
        written = len(terminal.output)
        terminal.press("a")
        terminal.wait_for("mail.example.neta")
        ready = painted + time.perf_counter() - asked
        _settled(terminal)
        first_key = len(terminal.output) - written
        _settled(terminal, REST)  # what is said of a value follows once nobody types
        _, key = _bytes_of(terminal, "b", AT_ONCE)
        _settled(terminal, REST)
        step_at_once, step = _bytes_of(terminal, "Tab", REST)
        if in_full:
            terminal.read_for(1)
        idle = len(terminal.read_for(3)) if in_full else 0
        memory = _peak(terminal.process)
        return Run(painted, ready, screen, first_key, key, step_at_once, step, idle, memory)


@dataclass(frozen=True)
class Switches:
    """The bytes of a way to the log, and of the way back: before the first test, and after one."""

    before: int
    into: int
    back: int


def switches() -> Switches:
    """Go to the log and back, in the demo, whose test fails."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "smtp_tui", "demo"]
        with on_terminal(command, _environment(home)) as terminal:
            terminal.wait_for("SMTP Host", "Next")
            _settled(terminal, REST)
            _, before = _bytes_of(terminal, "F6", REST)
            terminal.press("Tab", "F5")
            terminal.wait_for("FAILED")
            _settled(terminal, REST)
            _, into = _bytes_of(terminal, "F6", REST)
            _, back = _bytes_of(terminal, "F6", REST)
            return Switches(before, into, back)


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


def _settled(terminal: Terminal, quiet: float = QUIET) -> int:
    """Wait until nothing more is drawn; return the bytes that came meanwhile."""
    before = len(terminal.output)
    for _ in range(5):  # the stock application blinks for ever
        if not terminal.read_for(quiet):
            break
    return len(terminal.output) - before


def _bytes_of(terminal: Terminal, key: str, quiet: float) -> tuple[int, int]:
    """Return the bytes that a key brings at once, and until nothing more is drawn."""
    written = len(terminal.output)
    terminal.press(key)
    terminal.wait_until(lambda: len(terminal.output) > written, key)
    terminal.read_for(AT_ONCE)
    at_once = len(terminal.output) - written
    _settled(terminal, quiet)
    return at_once, len(terminal.output) - written


def _peak(process: int) -> int:
    """Return the most memory that a process had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
