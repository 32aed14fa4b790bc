"""The screen as text, every state in four sizes.

Run as `python -m tests.screens.layouts FOLDER [STATE …]` to write them anew.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.screens.opening import settle
from tests.screens.relay import Relay, running_relay
from tests.screens.scenes import SCENES, shown
from tests.terminal import Terminal

FIRST, *OTHERS = SIZES = ((80, 24), (120, 36), (140, 40), (60, 20))
# Text tells nothing of colours.
NAMES = [name for name, scene in SCENES.items() if not scene.is_light]


def layouts(name: str, relay: Relay, wanted: str = "") -> str:
    """Return a state in each size, one below the other, as a window shows it that changes.

    What is wanted is waited for: the sooner it stands there, the faster.
    """
    parts = []
    with shown(relay, name, FIRST) as terminal:
        for size in SIZES:
            if size != FIRST:
                terminal.resize(*size)
            parts.append(_part(terminal, size, wanted))
    return "".join(parts)


def fresh(name: str, relay: Relay, size: tuple[int, int], wanted: str = "") -> str:
    """Return a state as a window of a size shows it from the start."""
    with shown(relay, name, size) as terminal:
        return _part(terminal, size, wanted)


def _part(terminal: Terminal, size: tuple[int, int], wanted: str) -> str:
    def part() -> str:
        return f"=== {size[0]}×{size[1]}\n{terminal.text}\n"

    while not wanted or part() not in wanted:
        if not terminal.read_for(0.5):
            break
    if not wanted:
        settle(terminal)
    return part()


def main(folder: Path, names: list[str]) -> None:
    """Write the layouts of all states, or of those named."""
    folder.mkdir(exist_ok=True)
    with (
        running_relay() as relay,
        # Processes, not threads: a terminal is opened by a fork.
        ProcessPoolExecutor(2, get_context("spawn")) as pool,
    ):
        chosen = names or NAMES
        for name, text in zip(chosen, pool.map(partial(layouts, relay=relay), chosen), strict=True):
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    if not names:
        for file in folder.iterdir():
            if file.stem not in NAMES:
                file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
