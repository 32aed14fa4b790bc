"""What is told beside the page of a field: advice, what its value means now, what the test found.

Pure. The advice is worked out by the form when the hand rests, for it is about what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.style import Style

from smtp_tui.diagnosis.advice import Advice, Severity
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.model.draft import Draft
from smtp_tui.tui.style import ACCENT, BAD, DIM, PLAIN, STRONG, WARNING
from smtp_tui.tui.widgets.text_page import Block, labelled, plain

SIGNS: dict[Severity, tuple[str, Style]] = {
    Severity.ERROR: ("!", BAD),
    Severity.WARNING: ("?", WARNING),
    Severity.NOTE: ("i", ACCENT),
}
NOW, LAST, EARLIER = "Now", "Last test", "Last test, before your change"


@record
class LastTest:
    """What the last test found, and whether a value changed since."""

    facts: CheckSummary
    verdict: Verdict
    is_stale: bool = False


def most_severe(advice: Iterable[Advice]) -> Advice | None:
    """Return the first of the gravest."""
    order = list(Severity)
    return min(advice, key=lambda one: order.index(one.severity), default=None)


def concerning(advice: Iterable[Advice], topic: str) -> list[Advice]:
    """Return what concerns a field: its own advice first, then what is told at another."""
    told = [one for one in advice if one.concerns(topic)]
    return sorted(told, key=lambda one: one.field != topic)


def advice_blocks(advice: Iterable[Advice], topic: str | None = None) -> Iterator[Block]:
    """Yield each advice whole; what is told at another field than `topic` names that field."""
    for one in advice:
        sign, style = SIGNS[one.severity]
        spans = [(one.text, PLAIN)]
        if one.field != topic:
            spans.insert(0, (f"{BY_KEY[one.field].label}: ", STRONG))
        if one.more:
            spans.append((f" {one.more}", PLAIN))
        yield Block(((f"{sign} ", style), *spans), rest="  ", gap=False)


def in_short(advice: Sequence[Advice], summary: str) -> Block:
    """Return the first advice and the line on a field in one, for where there is no sidebar."""
    if not advice:
        return plain(summary, DIM)
    sign, style = SIGNS[advice[0].severity]
    return Block(((f"{sign} ", style), (f"{advice[0].text} ", PLAIN), (summary, DIM)))


def now_blocks(key: str, draft: Draft) -> Iterator[Block]:
    """Yield what the value of a field means as it stands."""
    if now := value_note(key, draft.values()):
        yield labelled(NOW, now)


def last_blocks(key: str, last: LastTest | None) -> Iterator[Block]:
    """Yield what the last test found about a field."""
    if last is None:
        return
    if found := observations_of(key, last.facts, last.verdict):
        yield labelled(EARLIER if last.is_stale else LAST, found)
