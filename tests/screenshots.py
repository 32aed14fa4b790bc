"""Draw the README's pictures from the real program, driven by keys against the demo server.

Run as `python -m tests.screenshots FOLDER`.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot

from smtp_tui.config.document import Document
from smtp_tui.demo.server import running_demo
from smtp_tui.tui.app import SmtpApp

SIZE = (80, 24)
WIDE = (120, 36)
# The stock picture fetches its font from the network; the viewer's own monospace font will do.
FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")

RUN = re.compile(r'x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>')
CELL = 12.2  # the width of a character in the stock picture

Keys = Callable[[Pilot[int]], Awaitable[None]]


async def form(pilot: Pilot[int]) -> None:
    """The form as it opens, the cursor on a field that people get wrong."""
    await pilot.press("down", "down", "down")


async def passed(pilot: Pilot[int]) -> None:
    """The sample's first test."""
    await pilot.press("f5")
    await _verdict(pilot, "PASSED")


async def failed(pilot: Pilot[int]) -> None:
    """An address in place of the name that the certificate is for."""
    for _ in "localhost":
        await pilot.press("backspace")
    await pilot.press(*"127.0.0.1", "f5")
    await _verdict(pilot, "FAILED")


async def message(pilot: Pilot[int]) -> None:
    """A test message about to be sent."""
    await pilot.press("f7")
    await pilot.pause()
    await pilot.press(*"admin@example.org")


async def _verdict(pilot: Pilot[int], word: str) -> None:
    async with asyncio.timeout(20):
        while word not in pilot.app.export_screenshot():
            await pilot.pause(0.05)
    await pilot.pause()


PICTURES: dict[str, tuple[Keys, tuple[int, int]]] = {
    "form": (form, SIZE),
    "passed": (passed, SIZE),
    "failed": (failed, SIZE),
    "message": (message, SIZE),
    "passed-wide": (passed, WIDE),
}


async def draw(keys: Keys, size: tuple[int, int], file: Path) -> str:
    """Open the sample, press the keys, and return the picture as SVG."""
    app = SmtpApp(Document.open(file), "smtp")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await keys(pilot)
        return tidy(app.export_screenshot(title="smtp-tui"))


def tidy(picture: str) -> str:
    """Place each run of text where its first letter stands: some viewers drop leading spaces."""
    return RUN.sub(_placed, FONT_FACE.sub("", picture))


def _placed(match: re.Match[str]) -> str:
    left, top, rest, escaped = match.groups()
    text = html.unescape(escaped)
    shown = text.strip("\xa0 ")
    start = float(left) + CELL * (len(text) - len(text.lstrip("\xa0 ")))
    place = f'x="{start:.1f}" y="{top}" textLength="{CELL * cell_len(shown):.1f}"'
    return f"{place}{rest}>{html.escape(shown).replace(' ', '&#160;')}</text>"


def main(folder: Path) -> None:
    """Draw every picture anew."""
    folder.mkdir(exist_ok=True)
    for name, (keys, size) in PICTURES.items():
        with running_demo() as sample:
            here = Path.cwd()
            os.chdir(sample.file.parent)  # so that the picture names no temporary folder
            try:
                picture = asyncio.run(draw(keys, size, Path(sample.file.name)))
            finally:
                os.chdir(here)
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
