"""Compare the last two tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby, takewhile, zip_longest
from operator import eq
from typing import ClassVar

from rich.cells import set_cell_size
from rich.style import Style
from textual.binding import BindingType

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import FIELDS, Field, FieldKind
from smtp_tui.settings.password_sources import LiteralSource, source_as_toml
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.log.model import pieces
from smtp_tui.tui.model.session import CompletedTest, outcome
from smtp_tui.tui.model.verdict_text import verdict_lines
from smtp_tui.tui.style import DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, plain

# From this width on, two columns fit most lines of a dialogue.
WIDE = 120
_GAP = " │ "

# Times and challenges differ in each test, and say nothing about the server.
_VARIABLE = re.compile(
    r"(?<=^<- 334 ).*|(?<=^ \* the challenge says: ).*"
    r"|(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d"
    r"(?: [+-]\d{4})?(?: \([A-Z]+\))?"
    r"|\b(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d+)?Z?|\b\d+(?:\.\d+)? m?s\b"
)


class ComparisonMark(StrEnum):
    """How two lines compare; each value is the sign shown."""

    SAME = " "
    CHANGED = "~"
    EARLIER = "-"
    LATER = "+"
    SKIPPED = "…"


@record
class ComparedLines:
    """Lines of both tests, or of one; for skipped lines, `left` is their number as text."""

    side: ComparisonMark
    left: str
    right: str = ""


def compare_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[ComparedLines]:
    """Yield the lines of two dialogues in pairs, ignoring times and challenges."""
    old_keys, new_keys = [[_VARIABLE.sub("", line) for line in lines] for lines in (old, new)]
    # SequenceMatcher is quadratic: most dialogues are the same at both ends.
    first = sum(takewhile(bool, map(eq, old_keys, new_keys)))
    last = sum(takewhile(bool, map(eq, old_keys[first:][::-1], new_keys[first:][::-1])))
    a_end, b_end = len(old_keys) - last, len(new_keys) - last
    yield from (
        ComparedLines(ComparisonMark.SAME, *both)
        for both in zip(old[:first], new[:first], strict=True)
    )
    matcher = SequenceMatcher(None, old_keys[first:a_end], new_keys[first:b_end])
    for _, a, b, c, d in matcher.get_opcodes():
        for left, right in zip_longest(old[first + a : first + b], new[first + c : first + d]):
            if right is None:
                yield ComparedLines(ComparisonMark.EARLIER, left)
            elif left is None:
                yield ComparedLines(ComparisonMark.LATER, "", right)
            else:
                # In long texts SequenceMatcher ignores lines that occur often.
                is_same = _VARIABLE.sub("", left) == _VARIABLE.sub("", right)
                yield ComparedLines(
                    ComparisonMark.SAME if is_same else ComparisonMark.CHANGED, left, right
                )
    yield from (
        ComparedLines(ComparisonMark.SAME, *both)
        for both in zip(old[a_end:], new[b_end:], strict=True)
    )


def skip_equal(pairs: Sequence[ComparedLines], context: int = 2) -> Iterator[ComparedLines]:
    """Yield pairs, with a count in place of equal lines far from any difference."""
    differing = {at for at, pair in enumerate(pairs) if pair.side is not ComparisonMark.SAME}
    near = {at + by for at in differing for by in range(-context, context + 1)}
    for is_near, run in groupby(range(len(pairs)), near.__contains__):
        group = [pairs[at] for at in run]
        if is_near:
            yield from group
        else:
            subject = "1 line is" if len(group) == 1 else f"{len(group)} lines are"
            yield ComparedLines(ComparisonMark.SKIPPED, f"{subject} the same")


def unified_lines(pairs: Sequence[ComparedLines]) -> Iterator[tuple[ComparisonMark, str]]:
    """Yield the lines in one column; at each difference, earlier lines come first."""
    for is_equal, run in groupby(
        pairs, lambda pair: pair.side in (ComparisonMark.SAME, ComparisonMark.SKIPPED)
    ):
        group = [*run]
        if is_equal:
            yield from ((pair.side, pair.left) for pair in group)
            continue
        yield from (
            (ComparisonMark.EARLIER, pair.left)
            for pair in group
            if pair.side is not ComparisonMark.LATER
        )
        yield from (
            (ComparisonMark.LATER, pair.right)
            for pair in group
            if pair.side is not ComparisonMark.EARLIER
        )


def _dialogue(test: CompletedTest) -> list[str]:
    """Return the lines of a test's dialogue and verdict, without times."""
    lines = [line for event in test.events for line in lines_of(event)]
    lines += verdict_lines(test.verdict, test.request.mail)
    return [f"{line.mark} {line.text}" for line in lines]


def _setting_pairs(earlier: CompletedTest, later: CompletedTest) -> Iterator[ComparedLines]:
    """Yield the settings that differ, without showing passwords."""
    for field in FIELDS:
        old, new = (_shown(field, test) for test in (earlier, later))
        # Two passwords look the same here, because neither is shown.
        if field.kind is FieldKind.PASSWORD and old == new:
            passwords = [(test.settings.password, test.request.secret) for test in (earlier, later)]
            if passwords[0] != passwords[1]:
                new = "a different one, not shown"
        if old != new:
            yield ComparedLines(
                ComparisonMark.CHANGED, f"{field.key} = {old}", f"{field.key} = {new}"
            )


def _shown(field: Field, test: CompletedTest) -> str:
    value = getattr(test.settings, field.attribute)
    match value:
        case None:
            return field.default_text or "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case LiteralSource():
            return "set, not shown"
        case _ if field.kind is FieldKind.PASSWORD:
            place = source_as_toml(value)
            if isinstance(place, str):
                raise AssertionError("a password that stands in the file names no place")
            return escape_controls(", ".join(f"{kind} {where}" for kind, where in place.items()))
        case _:
            return escape_controls(mask_credentials(str(value)))


def _title(which: str, test: CompletedTest) -> str:
    return f"{which}, {test.moment.astimezone():%H:%M:%S}, {outcome(test.verdict)}"


def _below(pairs: Sequence[ComparedLines], width: int, title: Style | None) -> Iterator[list[Span]]:
    for side, text in unified_lines(pairs):
        style = title or (DIM if side in (ComparisonMark.SAME, ComparisonMark.SKIPPED) else PLAIN)
        for index, piece in enumerate(pieces(text, width - 2)):
            yield [(f"{side} " if index == 0 else "  ", style), (piece, style)]


def _side_by_side(
    pairs: Sequence[ComparedLines], width: int, title: Style | None
) -> Iterator[list[Span]]:
    room = (width - 2 - len(_GAP)) // 2
    for pair in pairs:
        style = title or (
            DIM if pair.side in (ComparisonMark.SAME, ComparisonMark.SKIPPED) else PLAIN
        )
        columns = pieces(pair.left, room), pieces(pair.right, room)
        for index, (left, right) in enumerate(zip_longest(*columns, fillvalue="")):
            sign = f"{pair.side if index == 0 and title is None else ' '} "
            cells = (set_cell_size(left, room), style), (_GAP, DIM), (right, style)
            yield [(sign, STRONG), *cells]


class CompareScreen(PagerScreen):
    """The differences of two tests, side by side if the width allows."""

    BINDINGS: ClassVar[list[BindingType]] = [("d", "leave")]

    def __init__(self, earlier: CompletedTest, later: CompletedTest) -> None:
        super().__init__()
        self._titles = ComparedLines(
            ComparisonMark.CHANGED, _title("earlier", earlier), _title("later", later)
        )
        self._settings = [*_setting_pairs(earlier, later)]
        lines = [*skip_equal([*compare_lines(_dialogue(earlier), _dialogue(later))])]
        is_same = all(pair.side is ComparisonMark.SKIPPED for pair in lines)
        self._dialogue = [] if is_same else lines

    def blocks(self, width: int) -> Iterator[TextBlock]:
        """Yield the differences for a width in cells."""
        rows = _side_by_side if width >= WIDE else _below
        yield plain("The last two tests", STRONG)
        yield plain("Times and the content of the server's challenges are ignored.", DIM, gap=False)
        for title, pairs in (("Settings", self._settings), ("Dialogue", self._dialogue)):
            yield plain(title, STRONG)
            if not pairs:
                yield plain(f"Both had the same {title.lower()}.", gap=False)
                continue
            for row in (*rows([self._titles], width, STRONG), *rows(pairs, width, None)):
                yield TextBlock(tuple(row), is_preformatted=True, gap=False)
