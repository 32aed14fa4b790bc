"""What it costs to define a record, against a dataclass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from smtp_tui.records import record
from tests.benchmarks.results import Result

TIMES = 500


def results() -> Iterator[Result]:
    """Define the same class by each, again and again."""
    ours, theirs = _seconds(record), _seconds(dataclass(frozen=True, slots=True))
    figures = f"record {ours * 1000:.3f} ms, dataclass {theirs * 1000:.3f} ms"
    yield Result("defining a record", figures, ours / theirs, at_most=0.5)


def _seconds(decorate: Callable[[type[Any]], type[Any]]) -> float:
    began = time.perf_counter()
    for _ in range(TIMES):
        _define(decorate)
    return (time.perf_counter() - began) / TIMES


def _define(decorate: Callable[[type[Any]], type[Any]]) -> type[Any]:
    class Example:
        """A class with four fields."""

        one: int
        two: str
        three: str | None = None
        four: tuple[int, ...] = ()

    return decorate(Example)
