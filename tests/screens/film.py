"""A session as an animated picture: a file that does not work, and F5, F9, F2.

Each line that ever stood on the screen is drawn once, the frames stand one below the other, and one
animation moves them past. A viewer that moves nothing shows the frame of the cure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from tests.screens.ink import DARK, HEIGHT, Line, drawn_line, framed, lines_of
from tests.screens.opening import opened, press, settle
from tests.screens.relay import Relay
from tests.screens.scenes import CRAM
from tests.terminal import Terminal

SIZE = (80, 24)
NAME = "session.svg"
WHOLE = 0.4  # seconds without a change after which a frame of a test is whole


@dataclass
class Reel:
    """Frames, each with the seconds that it is shown."""

    frames: list[tuple[tuple[Line, ...], float]] = field(default_factory=list)
    still: int = 0

    def take(self, terminal: Terminal, seconds: float) -> None:
        """Take what stands on the screen; a frame like the one before makes that longer."""
        lines = tuple(lines_of(terminal.screen))
        if self.frames and self.frames[-1][0] == lines:
            self.frames[-1] = lines, self.frames[-1][1] + seconds
        else:
            self.frames.append((lines, seconds))

    def hold(self, seconds: float) -> None:
        """Let the last frame stand for longer."""
        lines, before = self.frames[-1]
        self.frames[-1] = lines, before + seconds


def film(relay: Relay) -> tuple[str, str]:
    """Play the session; return the picture's name and what is in it."""
    reel = Reel()
    with (
        NamedTemporaryFile() as gate,
        opened(relay, CRAM, SIZE, gate=Path(gate.name)) as terminal,
    ):
        terminal.wait_for("SMTP Host", "Quit")
        settle(terminal)
        reel.take(terminal, 3)
        _test(terminal, reel, gate, "test", "FAILED")
        reel.hold(4.5)
        _test(terminal, reel, gate, "fix", "PASSED")
        reel.still = len(reel.frames) - 1
        reel.hold(4)
        press(terminal, "save")
        terminal.wait_for("Saved")
        settle(terminal)
        reel.take(terminal, 3)
        press(terminal, "leave")
        terminal.wait_for_end()
    return NAME, _animated(reel)


def _test(terminal: Terminal, reel: Reel, gate: IO[bytes], command: str, outcome: str) -> None:
    """Run a test, a frame for each of its events."""
    press(terminal, command)
    while True:
        settle(terminal, WHOLE)
        reel.take(terminal, 0.28)
        if outcome in terminal.text:
            return
        gate.write(b".")
        gate.flush()


def _animated(reel: Reel) -> str:
    drawn: dict[Line, str] = {}
    frames: list[str] = []
    for number, (lines, _) in enumerate(reel.frames):
        top = number * SIZE[1]
        for y, line in enumerate(lines):
            if line:
                name = drawn.setdefault(line, f"l{len(drawn)}")
                frames.append(f'<use href="#{name}" y="{(top + y) * HEIGHT}"/>')
        frames.append("\n")
    defined = "".join(f'<g id="{name}">{drawn_line(line)}</g>\n' for line, name in drawn.items())
    content = f'<defs>\n{defined}</defs>\n<g class="film">\n{"".join(frames)}</g>\n'
    return framed(content, SIZE, DARK, _timing(reel))


def _timing(reel: Reel) -> str:
    whole, spent, stops = sum(seconds for _, seconds in reel.frames), 0.0, []
    height = SIZE[1] * HEIGHT
    for number, (_, seconds) in enumerate(reel.frames):
        stops.append(f"{100 * spent / whole:.2f}%{{transform:translateY(-{number * height}px)}}")
        spent += seconds
    last = f"100%{{transform:translateY(-{(len(reel.frames) - 1) * height}px)}}"
    listed = "\n".join([*stops, last])
    still = f".film{{animation:none;transform:translateY(-{reel.still * height}px)}}"
    return (
        f"@keyframes film{{\n{listed}}}\n"
        f".film{{animation:film {whole:.1f}s steps(1,end) infinite}}\n"
        f"@media (prefers-reduced-motion:reduce){{{still}}}\n"
    )
