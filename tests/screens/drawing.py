"""The pictures: single states, each in some sizes, and a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.screens.film import film
from tests.screens.ink import DARK, LIGHT, drawn, framed, lines_of
from tests.screens.opening import settle
from tests.screens.relay import Relay
from tests.screens.scenes import SCENES, shown

SIZES = ((80, 24), (120, 36))
ALL_SIZES = (*SIZES, (60, 20))
# Of the other states the texts are kept, see `layouts`.
KEPT = (
    "start", "form", "advice-note", "advice-warning", "advice-error", "passed", "failed", "fixed",
    "saved", "back", "fixes", "trust", "log", "compare", "explanation", "choices", "message",
    "error", "difference", "conflict", "tested", "help", "palette", "found", "providers", "domain",
    "import", "export", "sign-in", "scan", "side-by-side", "arrival", "replay", "light", "ascii",
)  # fmt: skip
AT_ONCE = 3


def pictures_of(relay: Relay) -> Iterator[tuple[str, str]]:
    """Yield each picture that is kept: its name and what is in it."""
    # Processes, not threads: a terminal is opened by a fork.
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        moving = pool.submit(film, relay)
        for pictures in pool.map(partial(_still, relay=relay, sizes=SIZES), KEPT):
            yield from pictures
        yield moving.result()


def all_pictures(relay: Relay) -> Iterator[tuple[str, str]]:
    """Yield a picture of each state, in each size, to be looked at."""
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        for pictures in pool.map(partial(_still, relay=relay, sizes=ALL_SIZES), SCENES):
            yield from pictures


def _still(name: str, relay: Relay, sizes: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    palette = LIGHT if SCENES[name].is_light else DARK
    pictures = []
    with shown(relay, name, sizes[0]) as terminal:
        for size in sizes:
            if size != sizes[0]:
                terminal.resize(*size)
                settle(terminal)
            picture = framed(drawn(lines_of(terminal.screen)), size, palette)
            pictures.append((f"{name}-{size[0]}x{size[1]}.svg", picture))
    return pictures
