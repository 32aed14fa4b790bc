"""The ways to put the stages of a check into one line, from the roomiest to the closest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from smtp_tui.records import record
from smtp_tui.tui.bench.stages import NAMES, State, Step, duration
from smtp_tui.tui.ink import ACCENT, BAD, DIM, PLAIN, Span

RULE = "─"
CUT = "…"
_GAPS = (f" {RULE}{RULE} ", f" {RULE} ", " ")


@record
class Way:
    """The stages as spans, and what stands at the right."""

    spans: tuple[Span, ...]
    right: str

    @property
    def width(self) -> int:
        """The cells that it takes, with a space and a piece of rule at both sides of the right."""
        about = 4 if self.right else 0
        return sum(cell_len(text) for text, _ in self.spans) + cell_len(self.right) + about


def ways_to_show(steps: Sequence[Step], right: str, *, keeps_right: bool = False) -> Iterator[Way]:
    """Yield closer and closer ways: first the right goes, then times, then the first stages."""
    whole = [_spans_of(step) for step in steps]
    for gap in _GAPS:
        yield Way(_joined(whole, gap), right)
    right = right if keeps_right else ""
    yield Way(_joined(whole, " "), right)
    passed = [step for step in steps if step.state is State.PASSED]
    timed = {step.stage for step in passed}
    for quickest in sorted(passed, key=lambda step: step.seconds):
        timed.discard(quickest.stage)
        parts = [_spans_of(step, with_time=step.stage in timed) for step in steps]
        yield Way(_joined(parts, " "), right)
    parts = [_spans_of(step, with_time=False) for step in steps]
    for first in range(1, len(steps)):
        yield Way(_joined([[(CUT, DIM)], *parts[first:]], " "), right)


def _joined(parts: Sequence[Sequence[Span]], gap: str) -> tuple[Span, ...]:
    spans = [span for part in parts for span in ((gap, DIM), *part)]
    return tuple(spans[1:])


def _spans_of(step: Step, *, with_time: bool = True) -> list[Span]:
    name = NAMES[step.stage]
    match step.state:
        case State.TO_COME:
            return [(name, DIM)]
        case State.RUNNING:
            return [(name, ACCENT), (" …", ACCENT)]
        case State.FAILED:
            return [(f"{name} ✗", BAD)]
        case State.PASSED if with_time:
            return [(name, PLAIN), (f" {duration(step.seconds)}", DIM)]
        case State.PASSED:
            return [(name, PLAIN)]
