"""The form on a terminal of 80×24 with 256 colours, beside the least Textual application."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from tests.benchmarks.results import Result
from tests.benchmarks.tui_terminal import FORM, MINIMAL, Run, run, stream, switches

TIMES = 10
MEGABYTE = 1024 * 1024


def results() -> Iterator[Result]:
    """Start both in turns and type; then type while a log of 20,000 lines streams."""
    for module in (FORM, MINIMAL):
        run(module, in_full=False)  # warms caches, and compiles
    pairs = [
        (run(FORM, in_full=number == 0), run(MINIMAL, in_full=False)) for number in range(TIMES)
    ]
    ours, least = [one for one, _ in pairs], [one for _, one in pairs]
    yield _beside("first paint", ours, least, lambda one: one.painted * 1000, "ms", 1.3)
    yield _beside("ready for a key", ours, least, lambda one: one.ready * 1000, "ms", 1.3)
    yield _beside("peak memory", ours, least, lambda one: one.memory / MEGABYTE, "MB", 1.3)
    yield _within("first screen", _median(ours, lambda one: one.screen), "bytes", 2_852)
    first = _median(ours, lambda one: one.first_key)
    yield Result("the first letter of a change", f"{first:.0f} bytes", first)
    yield _within("a letter", _median(ours, lambda one: one.key), "bytes", 20)
    yield _within("Tab, at once", _median(ours, lambda one: one.step_at_once), "bytes", 120)
    yield _within("Tab, settled", _median(ours, lambda one: one.step), "bytes", 350)
    ways = switches()
    yield _within("F6 before a test", ways.before, "bytes", 550)
    yield _within("F6 after a test", ways.into, "bytes", 550)
    yield _within("F6 back from the log", ways.back, "bytes", 550)
    idle = ours[0].idle
    yield Result("idle for 3 s", f"{idle} bytes", float(idle), at_most=0)
    streamed = stream()
    waits = sorted(streamed.waits)
    late = waits[int(len(waits) * 0.99)] * 1000
    typical = statistics.median(waits) * 1000
    what = f"a key of {len(waits)} while 20,000 lines stream, 99th percentile"
    yield Result(what, f"{late:.0f} ms, median {typical:.0f} ms", late / 50, at_most=1)
    yield Result("a line of the log", f"{streamed.bytes_a_line:.1f} bytes", 1.0)


Measure = Callable[[Run], float]


def _median(runs: Sequence[Run], measure: Measure) -> float:
    return statistics.median(map(measure, runs))


def _beside(
    what: str, ours: Sequence[Run], least: Sequence[Run], measure: Measure, unit: str, bound: float
) -> Result:
    first, second = _median(ours, measure), _median(least, measure)
    figures = f"form {first:.0f} {unit}, least application {second:.0f} {unit}"
    return Result(what, figures, first / second, at_most=bound)


def _within(what: str, found: float, unit: str, bound: float) -> Result:
    return Result(what, f"{found:.0f} {unit}, of {bound:,}", found / bound, at_most=1)
