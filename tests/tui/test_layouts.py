"""The whole screen in every state and four sizes; `make layouts` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screens.layouts import NAMES, SIZES, fresh, layouts
from tests.screens.relay import Relay, running_relay

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).with_name("layouts")


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with running_relay() as running:
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_the_screen_is_as_it_was(name: str, relay: Relay) -> None:
    wanted = (FOLDER / f"{name}.txt").read_text("utf-8")
    assert layouts(name, relay, wanted) == wanted


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["start", "failed"])
def test_a_window_that_grew_shows_what_a_new_one_does(
    name: str, size: tuple[int, int], relay: Relay
) -> None:
    wanted = (FOLDER / f"{name}.txt").read_text("utf-8")
    assert fresh(name, relay, size, wanted) in wanted


def test_nothing_is_kept_that_is_no_layout() -> None:
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(NAMES)
