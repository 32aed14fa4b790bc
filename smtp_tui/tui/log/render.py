"""How a row of the log looks. Pure."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.log.model import LogModel, line_of
from smtp_tui.tui.style import (
    ACCENT,
    DIM,
    FOCUS,
    PLAIN,
    STRONG,
    WARNING,
    Span,
    make_strip,
    to_charset,
)

CUT = "…"
CURSOR_SIGN, BLOCK_SIGN = ">", "|"
LEAD = 12
"""The cells before a text: a sign, the seconds, the mark."""
_REVERSE = Style(reverse=True)
_STYLES: dict[Mark, Style] = {
    Mark.SENT: ACCENT,
    Mark.RECEIVED: PLAIN,
    Mark.FACT: DIM,
    Mark.WARNING: WARNING,
}


def render_row(
    rows: LogModel, index: int, width: int, left: int, pattern: re.Pattern[str] | None
) -> Strip:
    """Return a row in `width` cells, its text from cell `left` on, matches of `pattern` marked."""
    number, start, end = rows.piece(index)
    entry = rows.entry(number)
    line = line_of(entry)
    if line is None:
        return _title(str(entry), width, pattern)
    style = _STYLES[line.mark]
    spans = _marked(rows.text(number), style, pattern)
    text = Strip([Segment(*span) for span in spans])
    if rows.is_wrapped:
        before = cell_len(rows.text(number)[:start])
        shown = cell_len(rows.text(number)[start:end])
        text = text.crop(before, before + shown)
    else:
        text = _window(text, left, width - LEAD)
    lead = _lead(line, style, pattern) if start == 0 else [(" " * LEAD, PLAIN)]
    whole = Strip([*make_strip(lead, LEAD), *text])
    return whole.adjust_cell_length(width, PLAIN).simplify()


def with_sign(strip: Strip, sign: str) -> Strip:
    """Put a sign into the first cell of a row."""
    return Strip([Segment(sign, FOCUS), *strip.crop(1)])


def _lead(line: Line, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    # A search for "-> ehlo" finds mark and text together; the mark then stands marked too.
    hit = pattern.match(f"{line.mark} {line.text}") if pattern else None
    return [
        (f"{line.seconds:8.3f} ", DIM),
        (line.mark, style + _REVERSE if hit else style),
        (" ", PLAIN),
    ]


def _title(text: str, width: int, pattern: re.Pattern[str] | None) -> Strip:
    text, dash = to_charset(text), to_charset("─")
    rule = dash * max(width - cell_len(text) - 4, 2)
    spans = [(f"{dash}{dash} ", DIM), *_marked(text, STRONG, pattern), (f" {rule}", DIM)]
    return _window(Strip([Segment(*span) for span in spans]), 0, width)


def _marked(text: str, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    """Return a text with each match reversed, which shows without colours too."""
    spans: list[Span] = []
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        spans += [(text[at : match.start()], style), (match.group(), style + _REVERSE)]
        at = match.end()
    return [span for span in (*spans, (text[at:], style)) if span[0]]


def _window(text: Strip, left: int, width: int) -> Strip:
    """Cut a text to what is in sight of it, a sign at each end that is cut."""
    whole, right, cut = text.cell_length, left + width, Segment(to_charset(CUT), DIM)
    shown = text.crop(left, right)
    if whole > right and width > 0:
        shown = Strip([*shown.crop(0, width - 1).adjust_cell_length(width - 1), cut])
    if left and whole > 0 and width > 1:
        shown = Strip([cut, *shown.crop(1)])
    return shown
