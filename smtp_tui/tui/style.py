"""Define the screen's styles, each with one meaning, and build lines of styled text.

The styles use attributes and the terminal's own sixteen colours and background: readable in any
palette, and the shortest to send. Without colour, weight, reverse and signs carry the meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip

from smtp_tui.smtp.transcript import TranscriptMark

PLAIN = Style()
DIM = Style(dim=True)
STRONG = Style(bold=True)
# Ours: lines that we sent, changes not yet saved, the stage that runs.
OURS = Style(color="cyan")
# The place of the focus; only one is on the screen.
FOCUS = Style(reverse=True)
# Passed, or added.
GOOD = Style(color="green", bold=True)
# Failed, wrong, or removed.
BAD = Style(color="red", bold=True)
# Works, but protects less, or asks.
CAUTION = Style(color="yellow", bold=True)

MARKS = {
    TranscriptMark.SENT: OURS,
    TranscriptMark.RECEIVED: PLAIN,
    TranscriptMark.FACT: DIM,
    TranscriptMark.WARNING: CAUTION,
}

Span = tuple[str, Style]

# Yellow and cyan are unreadable on white.
_ON_LIGHT = {"cyan": "blue", "yellow": "magenta"}


class LightThemeFilter(LineFilter):
    """Replaces colours that are unreadable on a light background."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return segments in readable colours."""
        del background
        return [Segment(text, style and _on_light(style), more) for text, style, more in segments]


@lru_cache(256)
def _on_light(style: Style) -> Style:
    other = _ON_LIGHT.get(style.color.name) if style.color else None
    return style + Style(color=other) if other else style


class _Charset:
    # None if the terminal supports all characters.
    encoding: str | None = None


def set_charset(encoding: str | None) -> None:
    """Restrict drawing to the characters of an encoding; None allows all."""
    _Charset.encoding = encoding


def to_charset(text: str) -> str:
    """Replace characters that the terminal does not support; our own signs stay one cell wide."""
    if _Charset.encoding is None or text.isascii():
        return text
    return text.encode(_Charset.encoding, "smtp-tui").decode(_Charset.encoding)


def make_strip(spans: Iterable[Span], width: int) -> Strip:
    """Join spans into a line of exactly `width` cells."""
    segments = [Segment(to_charset(text), style) for text, style in spans if text]
    return Strip(segments).adjust_cell_length(width, PLAIN).simplify()


def truncate(text: str, width: int) -> str:
    """Cut a longer text to `width` cells, `…` included."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def truncate_left(text: str, width: int) -> str:
    """Cut a text to `width` cells at its start: a path's end matters more."""
    if cell_len(text) <= width:
        return text
    start, used = len(text), 0
    while start and (used := used + cell_len(text[start - 1])) < width:
        start -= 1
    return "…" + text[start:] if width > 0 else ""
