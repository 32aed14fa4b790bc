"""The pictures: single states, each in two sizes, and a film."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.screens.film import film
from tests.screens.ink import DARK, LIGHT, drawn, framed, lines_of
from tests.screens.opening import settle
from tests.screens.relay import Relay
from tests.screens.scenes import SCENES, shown

SIZES = ((80, 24), (120, 36))
AT_ONCE = 3


def pictures_of(relay: Relay) -> Iterator[tuple[str, str]]:
    """Yield each picture's name and what is in it."""
    # Processes, not threads: a terminal is opened by a fork.
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        moving = pool.submit(film, relay)
        for pictures in pool.map(_still, SCENES, [relay] * len(SCENES)):
            yield from pictures
        yield moving.result()


def _still(name: str, relay: Relay) -> list[tuple[str, str]]:
    palette = LIGHT if SCENES[name].is_light else DARK
    pictures = []
    with shown(relay, name, SIZES[0]) as terminal:
        for size in SIZES:
            if size != SIZES[0]:
                terminal.resize(*size)
                settle(terminal)
            picture = framed(drawn(lines_of(terminal.screen)), size, palette)
            pictures.append((f"{name}-{size[0]}x{size[1]}.svg", picture))
    return pictures
