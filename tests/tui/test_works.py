"""Every command that takes its time leads to code that is there."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from smtp_tui.tui.deeds import Deeds
from smtp_tui.tui.works import OTHERS, TRIALS

PLACES = {**TRIALS, **OTHERS}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_place_of_a_deed_is_there(place: str) -> None:
    module, _, method = place.rpartition(":")
    maker, _, name = method.rpartition(".")
    source = getattr(import_module(f"smtp_tui.tui.{module}"), maker) if module else Deeds
    assert inspect.iscoroutinefunction(getattr(source, name))
