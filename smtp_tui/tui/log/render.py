"""Render the log's rows, with the matches of a search marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise, starmap

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from smtp_tui.smtp.transcript import TranscriptLine
from smtp_tui.tui.log.entries import LogNotice, Title
from smtp_tui.tui.log.model import LogModel
from smtp_tui.tui.style import (
    BAD,
    DIM,
    GOOD,
    MARKS,
    OURS,
    PLAIN,
    STRONG,
    Span,
    make_strip,
    to_charset,
)

# Cells before a text: a sign, the seconds, the mark.
LEAD = 12
_MATCH = Style(bold=True, underline=True)
_OUTCOMES = {"PASSED": GOOD, "FAILED": BAD, "running": OURS}


def render_row(
    model: LogModel, index: int, width: int, left: int, pattern: re.Pattern[str] | None
) -> Strip:
    """Render a row in `width` cells, its text from cell `left` on, and mark matches."""
    number, start, end = model.piece(index)
    line = model.entry(number)
    if not isinstance(line, TranscriptLine):
        dashes, title = to_charset("──"), _highlight(_title_spans(line), pattern)
        spans = [(f"  {dashes} ", DIM), *title, (f" {dashes}", DIM)]
        return _window(spans, 0, width).adjust_cell_length(width, PLAIN)
    text, style = model.text(number), MARKS[line.mark]
    spans = _highlight([(text, style)], pattern)
    if model.width:
        before = cell_len(text[:start])
        shown = Strip(starmap(Segment, spans)).crop(before, before + cell_len(text[start:end]))
    else:
        shown = _window(spans, left, width - LEAD)
    lead: list[Span] = [(" " * LEAD, PLAIN)]
    if start == 0:
        # A search for "-> ehlo" matches mark and text together: highlight the mark too.
        is_found = pattern is not None and pattern.match(f"{line.mark} {line.text}")
        mark = (line.mark, style + _MATCH if is_found else style)
        lead = [(f"{line.seconds:8.3f} ", DIM), mark, (" ", PLAIN)]
    return Strip([*make_strip(lead, LEAD), *shown]).adjust_cell_length(width, PLAIN).simplify()


def _title_spans(title: Title) -> list[Span]:
    """Return a heading with its outcome in colour, or the text of a notice."""
    if isinstance(title, LogNotice):
        return [(to_charset(str(title)), DIM)]
    before, outcome, after = map(to_charset, title.parts)
    return [
        (before, STRONG),
        (outcome, _OUTCOMES.get(outcome.partition(" ")[0], STRONG)),
        (after, PLAIN),
    ]


def _highlight(spans: Iterable[Span], pattern: re.Pattern[str] | None) -> list[Span]:
    """Return the spans with each match highlighted; a match may span several."""
    spans = [*spans]
    text = "".join(part for part, _ in spans)
    found = [match.span() for match in pattern.finditer(text)] if pattern else []
    if not found:
        return spans
    highlighted, start = [], 0
    for part, style in spans:
        end = start + len(part)
        cuts = sorted({start, end, *(cut for span in found for cut in span if start < cut < end)})
        for low, high in pairwise(cuts):
            is_match = any(first <= low < last for first, last in found)
            highlighted.append((text[low:high], style + _MATCH if is_match else style))
        start = end
    return highlighted


def _window(spans: Iterable[Span], left: int, width: int) -> Strip:
    """Crop a text to the visible columns, with `…` at each cut end."""
    text, cut = Strip(starmap(Segment, spans)), Segment(to_charset("…"), DIM)
    shown = text.crop(left, left + width)
    if text.cell_length > left + width and width > 0:
        shown = Strip([*shown.crop(0, width - 1).adjust_cell_length(width - 1), cut])
    if left and text.cell_length > 0 and width > 1:
        shown = Strip([cut, *shown.crop(1)])
    return shown
