"""What differs between two tests: in their settings, and in what was said. Pure.

Times are ignored, and what a challenge is made of, for these differ each time.

What differs between the last two tests, side by side where there is room for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import takewhile, zip_longest
from typing import ClassVar

from rich.cells import set_cell_size
from rich.style import Style
from textual.binding import Binding, BindingType

from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS, Field, FieldKind, Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Literal, source_as_toml
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.transcript import Line, lines_of
from smtp_tui.tui.log.model import pieces
from smtp_tui.tui.style import DIM, PLAIN, STRONG, Span
from smtp_tui.tui.test_pane.test_run import CompletedTest
from smtp_tui.tui.test_pane.verdict import outcome, verdict_lines
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import Block, plain

CONTEXT = 2
"""So many equal lines are shown around what differs."""

_EACH_TIME = re.compile(
    r"(?<=^<- 334 ).*|(?<=^ \* the challenge says: ).*"
    r"|(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d"
    r"(?: [+-]\d{4})?(?: \([A-Z]+\))?"
    r"|\b(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d+)?Z?|\b\d+(?:\.\d+)? m?s\b"
)


class Side(StrEnum):
    """How two lines compare: the sign that tells it."""

    SAME = " "
    CHANGED = "~"
    EARLIER = "-"
    LATER = "+"
    SKIPPED = "…"


@record
class Pair:
    """A line of each test, or of one of them; where lines were skipped, `left` says how many."""

    side: Side
    left: str
    right: str = ""


def same_each_time(text: str) -> str:
    """Return what of a line is to be compared."""
    return _EACH_TIME.sub("", text)


def dialogue(done: CompletedTest) -> list[str]:
    """Return what a test told, without the seconds."""
    lines: list[Line] = [line for event in done.events for line in lines_of(event)]
    lines += verdict_lines(done.verdict, done.request.mail)
    return [f"{line.mark} {line.text}" for line in lines]


def named(number: int, done: CompletedTest) -> str:
    """Name a test by its place among the two, its time of day, and what came of it."""
    which = ("earlier", "later")[number]
    return f"{which}, {done.moment.astimezone():%H:%M:%S}, {outcome(done.verdict)}"


def setting_pairs(earlier: CompletedTest, later: CompletedTest) -> list[Pair]:
    """Return the settings that differ; of a password no more than that it does."""
    pairs = []
    for field in FIELDS:
        old, new = _shown(field, earlier.settings), _shown(field, later.settings)
        if field.kind is FieldKind.PASSWORD and old == new and _differ(earlier, later):
            new = "a different one, not shown"
        if old != new:
            pairs.append(Pair(Side.CHANGED, f"{field.key} = {old}", f"{field.key} = {new}"))
    return pairs


def pairs_of(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    """Yield the lines of both side by side, in order."""
    one, other = [*map(same_each_time, old)], [*map(same_each_time, new)]
    first = _equal(one, other)
    last = _equal(one[first:][::-1], other[first:][::-1])
    a_end, b_end = len(one) - last, len(other) - last
    yield from (Pair(Side.SAME, *both) for both in zip(old[:first], new[:first], strict=True))
    matcher = SequenceMatcher(None, one[first:a_end], other[first:b_end])
    for _, a, b, c, d in matcher.get_opcodes():
        for left, right in zip_longest(old[first + a : first + b], new[first + c : first + d]):
            yield _pair(left, right)
    yield from (Pair(Side.SAME, *both) for both in zip(old[a_end:], new[b_end:], strict=True))


def shortened(pairs: Sequence[Pair], context: int = CONTEXT) -> list[Pair]:
    """Return pairs with a word in place of lines that are equal and far from what differs."""
    differing = {at for at, pair in enumerate(pairs) if pair.side is not Side.SAME}
    near = {at + by for at in differing for by in range(-context, context + 1)}
    kept: list[Pair] = []
    skipped = 0
    for at, pair in enumerate([*pairs, None]):
        if pair is not None and at not in near:
            skipped += 1
            continue
        if skipped:
            words = "1 line is" if skipped == 1 else f"{skipped} lines are"
            kept.append(Pair(Side.SKIPPED, f"{words} the same"))
            skipped = 0
        if pair is not None:
            kept.append(pair)
    return kept


def unified(pairs: Sequence[Pair]) -> Iterator[tuple[Side, str]]:
    """Yield the lines one below the other: of each run that differs the earlier ones first."""
    waiting: list[str] = []
    for pair in pairs:
        if pair.side in (Side.SAME, Side.SKIPPED):
            yield from ((Side.LATER, text) for text in waiting)
            waiting.clear()
            yield pair.side, pair.left
            continue
        if pair.side is not Side.LATER:
            yield Side.EARLIER, pair.left
        if pair.side is not Side.EARLIER:
            waiting.append(pair.right)
    yield from ((Side.LATER, text) for text in waiting)


def _pair(left: str | None, right: str | None) -> Pair:
    if right is None:
        return Pair(Side.EARLIER, left or "")
    if left is None:
        return Pair(Side.LATER, "", right)
    is_same = same_each_time(left) == same_each_time(right)
    return Pair(Side.SAME if is_same else Side.CHANGED, left, right)


def _equal(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines are equal from the beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _differ(earlier: CompletedTest, later: CompletedTest) -> bool:
    one, other = earlier.settings.password, later.settings.password
    return one != other or earlier.request.secret != later.request.secret


def _shown(field: Field, settings: Settings) -> str:
    value = getattr(settings, field.attribute)
    match value:
        case None:
            return field.default_text or "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Literal():
            return "set, not shown"
        case _ if field.kind is FieldKind.PASSWORD:
            return escape_controls(_place(source_as_toml(value)))
        case _:
            return escape_controls(mask_credentials(str(value)))


def _place(place: Mapping[str, object] | str) -> str:
    if isinstance(place, str):
        raise AssertionError("a password that stands in the file names no place")
    return ", ".join(f"{kind} {where}" for kind, where in place.items())


WIDE = 120
"""From here on two columns have room for most lines of a dialogue."""
_INKS = {Side.SAME: DIM, Side.SKIPPED: DIM}
_GAP = " │ "


def compare_blocks(earlier: CompletedTest, later: CompletedTest, width: int) -> Iterator[Block]:
    """Yield the page for a width."""
    yield plain("The last two tests", STRONG)
    yield plain("Times and the content of the server's challenges are ignored.", DIM, gap=False)
    settings = setting_pairs(earlier, later)
    said = shortened(list(pairs_of(dialogue(earlier), dialogue(later))))
    titles = Pair(Side.CHANGED, named(0, earlier), named(1, later))
    yield from _section("Settings", titles, settings, "Both had the same settings.", width)
    is_same = all(pair.side is Side.SKIPPED for pair in said)
    yield from _section(
        "Dialogue", titles, [] if is_same else said, "Both had the same dialogue.", width
    )


def _section(
    title: str, names: Pair, pairs: Sequence[Pair], none: str, width: int
) -> Iterator[Block]:
    yield plain(title, STRONG)
    if not pairs:
        yield plain(none, gap=False)
        return
    rows = _beside if width >= WIDE else _below
    for row in (*rows([names], width, STRONG), *rows(pairs, width, None)):
        yield Block(tuple(row), is_preformatted=True, gap=False)


def _below(pairs: Sequence[Pair], width: int, ink: Style | None) -> Iterator[list[Span]]:
    for side, text in unified(pairs):
        style = ink or _INKS.get(side, PLAIN)
        for number, piece in enumerate(pieces(text, width - 2)):
            yield [(f"{side} " if number == 0 else "  ", style), (piece, style)]


def _beside(pairs: Sequence[Pair], width: int, ink: Style | None) -> Iterator[list[Span]]:
    room = (width - 2 - len(_GAP)) // 2
    for pair in pairs:
        style = ink or _INKS.get(pair.side, PLAIN)
        sides = pieces(pair.left, room), pieces(pair.right, room)
        for number, (left, right) in enumerate(zip_longest(*sides, fillvalue="")):
            sign = f"{pair.side if number == 0 and ink is None else ' '} "
            yield [
                (sign, STRONG),
                (set_cell_size(left, room), style),
                (_GAP, DIM),
                (right, style),
            ]


class CompareScreen(PagerScreen, inherit_bindings=True):
    """The whole screen for two tests."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "close", show=False)]

    def __init__(self, earlier: CompletedTest, later: CompletedTest) -> None:
        super().__init__()
        self._pair = earlier, later

    def blocks(self, width: int) -> Sequence[Block]:
        """Return what differs, set for the width there is."""
        return [*compare_blocks(*self._pair, width)]
