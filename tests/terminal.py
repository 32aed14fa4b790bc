"""A real program on a real pseudo-terminal, its screen read back through a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests.patience import is_computing, lost_by

PATIENCE = 60.0
"""Seconds in which a program does what is asked of it, on the busiest machine too."""

KEYS = {
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
    "F4": "\x1bOS",
    "F5": "\x1b[15~",
    "F6": "\x1b[17~",
    "F7": "\x1b[18~",
    "F8": "\x1b[19~",
    "F9": "\x1b[20~",
    "F10": "\x1b[21~",
    "F11": "\x1b[23~",
    "F12": "\x1b[24~",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "Right": "\x1b[C",
    "Left": "\x1b[D",
    "Enter": "\r",
    "Escape": "\x1b",
    "Tab": "\t",
    "Backspace": "\x7f",
    "PageDown": "\x1b[6~",
    "Home": "\x1b[H",
    "End": "\x1b[F",
}


class _Screen(pyte.Screen):
    """Knows faint text too, and tells it as `blink`, which nobody else uses."""

    def select_graphic_rendition(self, *attrs: int) -> None:
        """Set how the text to come looks; colours here are of sixteen or 256."""
        known: list[int] = []
        for number, attribute in enumerate(attrs):
            of_colour = number > 1 and attrs[number - 1] == 5 and attrs[number - 2] in (38, 48)
            if attribute == 2 and not of_colour:
                known.append(5)
            else:
                known += [22, 25] if attribute == 22 and not of_colour else [attribute]
        super().select_graphic_rendition(*known)


class Terminal:
    """A terminal of a size in columns and rows, with one program on it."""

    def __init__(self, process: int, master: int, size: tuple[int, int]) -> None:
        self.process = process
        self.output = bytearray()
        self._master = master
        self._screen = _Screen(*(size if all(size) else (80, 24)))
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, a line each, without trailing spaces."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def screen(self) -> pyte.Screen:
        """The terminal emulator itself, for how things look; faint text is told as `blink`."""
        return self._screen

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.lines)

    def press(self, *keys: str) -> None:
        """Type keys by name, and what is no key's name as it stands."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size, and tell the program."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.resize_screen(columns, rows)

    def resize_screen(self, columns: int, rows: int) -> None:
        """Give the window another size that nobody hears of."""
        self._screen.resize(rows, columns)

    def hang_up(self, seconds: float = PATIENCE) -> int:
        """Lose the line; return the exit status of the program."""
        os.close(self._master)
        self._master = -1
        ended = os.pidfd_open(self.process)
        if not select.select([ended], [], [], seconds)[0]:
            raise AssertionError(f"the program has not ended within {seconds} s")
        os.close(ended)
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        return os.waitstatus_to_exitcode(status)

    def wait_until_stuck(self, seconds: float = PATIENCE) -> None:
        """Wait until the program does nothing any more, for nobody reads what it writes."""
        deadline, spent, calm = time.monotonic() + seconds, -1, 0
        while calm < 10:
            assert time.monotonic() < deadline
            select.select([], [], [], 0.05)
            spent, before = self._ticks(), spent
            calm = calm + 1 if spent == before else 0

    def _ticks(self) -> int:
        """Return the time that the program has computed, in ticks of the system."""
        fields = Path(f"/proc/{self.process}/stat").read_text("utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def close(self) -> None:
        """Take the terminal away."""
        if self._master >= 0:
            os.close(self._master)

    def read_for(self, seconds: float) -> bytes:
        """Return what the program draws in a time in which it should draw nothing."""
        before = len(self.output)
        while (left := self._time_to_draw(seconds)) and self._read():
            seconds = left
        return bytes(self.output[before:])

    def wait_for_silence(self, seconds: float = 0.3) -> None:
        """Read what the program draws until nothing has come for so long."""
        while self._time_to_draw(seconds) and self._read():
            pass

    def _time_to_draw(self, seconds: float) -> float:
        """Wait until the program draws; return what is then left of its time, 0 when it is over.

        Time in which it waits for a processor is not its own.
        """
        end, lost = time.monotonic() + seconds, lost_by(self.process)
        while True:
            left = end - time.monotonic() + lost_by(self.process) - lost
            if left <= 0 and not (is_computing(self.process) and left > -PATIENCE):
                return 0.0
            if select.select([self._master], [], [], max(left, 0.01))[0]:
                return max(left, 0.001)

    def wait_for(self, *wanted: str, seconds: float = PATIENCE) -> None:
        """Read what the program draws until every text stands on the screen at once."""
        self._read_until(lambda: all(text in self.text for text in wanted), seconds, str(wanted))

    def wait_until(self, holds: Callable[[], bool], wanted: str, seconds: float = PATIENCE) -> None:
        """Read what the program draws until something holds, which `wanted` names."""
        self._read_until(holds, seconds, wanted)

    def wait_until_gone(self, unwanted: str, seconds: float = PATIENCE) -> None:
        """Read what the program draws until a text stands on the screen no more."""
        self._read_until(lambda: unwanted not in self.text, seconds, f"screen without {unwanted}")

    def wait_for_change(self, seconds: float = PATIENCE) -> None:
        """Read what the program draws until the screen is another."""
        before = self.text
        self._read_until(lambda: self.text != before, seconds, "change")

    def wait_for_end(self, seconds: float = PATIENCE) -> int:
        """Read until the program has ended; return its exit status."""
        self._read_until(_never, seconds, "the end of the program")
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        return os.waitstatus_to_exitcode(status)

    def _read_until(self, holds: Callable[[], bool], seconds: float, wanted: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(left, 0))
            if not ready:
                raise AssertionError(f"no {wanted} within {seconds} s on\n{self.text}")
            if not self._read():
                if holds is _never:
                    return
                raise AssertionError(f"the program ended before {wanted} on\n{self.text}")

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the program has let go of the terminal
            data = b""
        self.output += data
        self._stream.feed(data)
        return bool(data)


def _never() -> bool:
    return False


@contextmanager
def on_terminal(
    command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """Run a program on a terminal of its own; what still runs at the end is ended."""
    columns, rows = size
    process, master = pty.fork()
    if process == 0:
        try:
            # Here, so that the program never sees another size.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], list(command), dict(environment))
        finally:
            os._exit(127)
    terminal = Terminal(process, master, size)
    try:
        yield terminal
    finally:
        if terminal.process:
            os.kill(terminal.process, signal.SIGKILL)
            os.waitpid(terminal.process, 0)
        terminal.close()
