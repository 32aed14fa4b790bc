"""Render the log's rows, with the matches of a search marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import starmap

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from smtp_tui.smtp.transcript import TranscriptLine
from smtp_tui.tui.log.model import LogModel
from smtp_tui.tui.style import DIM, MARKS, PLAIN, STRONG, Span, make_strip, to_charset

# Cells before a text: a sign, the seconds, the mark.
LEAD = 12
# A reversed match is visible without colours too.
_MATCH = Style(reverse=True)


def render_row(
    model: LogModel, index: int, width: int, left: int, pattern: re.Pattern[str] | None
) -> Strip:
    """Render a row in `width` cells, its text from cell `left` on, and reverse matches."""
    number, start, end = model.piece(index)
    line = model.entry(number)
    if not isinstance(line, TranscriptLine):
        text, dash = to_charset(str(line)), to_charset("─")
        rule = dash * max(width - cell_len(text) - 4, 2)
        title = [(f"{dash}{dash} ", DIM), *_highlight(text, STRONG, pattern), (f" {rule}", DIM)]
        return _window(title, 0, width)
    text, style = model.text(number), MARKS[line.mark]
    spans = _highlight(text, style, pattern)
    if model.width:
        before = cell_len(text[:start])
        shown = Strip(starmap(Segment, spans)).crop(before, before + cell_len(text[start:end]))
    else:
        shown = _window(spans, left, width - LEAD)
    lead: list[Span] = [(" " * LEAD, PLAIN)]
    if start == 0:
        # A search for "-> ehlo" matches mark and text together: reverse the mark too.
        is_found = pattern is not None and pattern.match(f"{line.mark} {line.text}")
        mark = (line.mark, style + _MATCH if is_found else style)
        lead = [(f"{line.seconds:8.3f} ", DIM), mark, (" ", PLAIN)]
    return Strip([*make_strip(lead, LEAD), *shown]).adjust_cell_length(width, PLAIN).simplify()


def _highlight(text: str, style: Style, pattern: re.Pattern[str] | None) -> list[Span]:
    """Return the spans of a text, each match reversed."""
    spans: list[Span] = []
    end = 0
    for match in pattern.finditer(text) if pattern else ():
        spans += [(text[end : match.start()], style), (match.group(), style + _MATCH)]
        end = match.end()
    return [span for span in (*spans, (text[end:], style)) if span[0]]


def _window(spans: Iterable[Span], left: int, width: int) -> Strip:
    """Crop a text to the visible columns, with `…` at each cut end."""
    text, cut = Strip(starmap(Segment, spans)), Segment(to_charset("…"), DIM)
    shown = text.crop(left, left + width)
    if text.cell_length > left + width and width > 0:
        shown = Strip([*shown.crop(0, width - 1).adjust_cell_length(width - 1), cut])
    if left and text.cell_length > 0 and width > 1:
        shown = Strip([cut, *shown.crop(1)])
    return shown
