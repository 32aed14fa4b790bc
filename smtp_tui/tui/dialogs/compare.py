"""Compare two tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby, takewhile, zip_longest
from operator import eq
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import FIELDS, Field, FieldKind
from smtp_tui.settings.password_sources import LiteralSource, source_as_toml
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.log.model import pieces
from smtp_tui.tui.model.session import CompletedTest, verdict_line
from smtp_tui.tui.style import BAD, DIM, GOOD, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, plain

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


def _equal_start(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many items at the start are equal."""
    return sum(takewhile(bool, map(eq, one, other)))


def compare_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[ComparedLines]:
    """Yield the lines of two dialogues in pairs, ignoring times and challenges."""
    old_keys, new_keys = [[_VARIABLE.sub("", line) for line in lines] for lines in (old, new)]
    # SequenceMatcher is quadratic: most dialogues are the same at both ends.
    first = _equal_start(old_keys, new_keys)
    last = _equal_start(old_keys[first:][::-1], new_keys[first:][::-1])
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


def unified_lines(pairs: Sequence[ComparedLines]) -> Iterator[tuple[ComparisonMark, str, str]]:
    """Yield the lines in one column, each with the line that it is compared with.

    At each difference, earlier lines come first.
    """
    for is_equal, run in groupby(
        pairs, lambda pair: pair.side in (ComparisonMark.SAME, ComparisonMark.SKIPPED)
    ):
        group = [*run]
        if is_equal:
            yield from ((pair.side, pair.left, "") for pair in group)
            continue
        yield from (
            (ComparisonMark.EARLIER, pair.left, pair.right)
            for pair in group
            if pair.side is not ComparisonMark.LATER
        )
        yield from (
            (ComparisonMark.LATER, pair.right, pair.left)
            for pair in group
            if pair.side is not ComparisonMark.EARLIER
        )


def _dialogue(test: CompletedTest) -> list[str]:
    """Return the lines of a test's dialogue, without times."""
    lines = (line for event in test.events for line in lines_of(event))
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
    return f"{which}, {test.moment.astimezone():%H:%M:%S}, {verdict_line(test.verdict)}"


# The colours of lines that only one test has; the words that changed are bold.
_COLOURS = {ComparisonMark.EARLIER: BAD, ComparisonMark.LATER: GOOD}
_SOFT = Style(bold=False)


def _styled(
    text: str, other: str, side: ComparisonMark, width: int, *, is_title: bool
) -> Iterator[list[Span]]:
    """Yield the lines of a text, at most `width` cells each; bold is what `other` lacks."""
    strong = _COLOURS.get(side, DIM)
    weak = strong + _SOFT if side in _COLOURS and other and not is_title else strong
    start = _equal_start(text, other)
    end = len(text) - _equal_start(text[start:][::-1], other[start:][::-1])
    begin = 0
    for piece in pieces(text, width):
        cuts = [min(max(at - begin, 0), len(piece)) for at in (start, end)]
        parts = piece[: cuts[0]], piece[cuts[0] : cuts[1]], piece[cuts[1] :]
        yield [*zip(parts, (weak, strong, weak), strict=True)]
        begin += len(piece)


def _below(
    pairs: Sequence[ComparedLines], width: int, *, is_title: bool = False
) -> Iterator[list[Span]]:
    for side, text, other in unified_lines(pairs):
        for index, line in enumerate(_styled(text, other, side, width - 2, is_title=is_title)):
            sign = (f"{side} " if index == 0 else "  ", _COLOURS.get(side, DIM))
            yield [sign, *line]


def _side_by_side(
    pairs: Sequence[ComparedLines], width: int, *, is_title: bool = False
) -> Iterator[list[Span]]:
    room = (width - 2 - len(_GAP)) // 2
    for pair in pairs:
        is_changed = pair.side is ComparisonMark.CHANGED
        sides = (ComparisonMark.EARLIER, ComparisonMark.LATER) if is_changed else (pair.side,) * 2
        columns = (
            [*_styled(pair.left, pair.right, sides[0], room, is_title=is_title)],
            [*_styled(pair.right, pair.left, sides[1], room, is_title=is_title)],
        )
        blank: list[Span] = []
        for index, (left, right) in enumerate(zip_longest(*columns, fillvalue=blank)):
            sign = f"{pair.side if index == 0 and not is_title else ' '} "
            used = sum(cell_len(text) for text, _ in left)
            yield [(sign, STRONG), *left, (" " * (room - used), PLAIN), (_GAP, DIM), *right]


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
        yield as_title(plain("Two tests"))
        yield from map(_preformatted, rows([self._titles], width, is_title=True))
        for title, pairs in (("Settings", self._settings), ("Dialogue", self._dialogue)):
            yield plain(title, STRONG)
            if not pairs:
                yield plain(f"Both had the same {title.lower()}.", gap=False)
            yield from map(_preformatted, rows(pairs, width))
        yield plain("Times and the content of the server's challenges are ignored.", DIM)


def _preformatted(line: list[Span]) -> TextBlock:
    return TextBlock(tuple(line), is_preformatted=True, gap=False)
