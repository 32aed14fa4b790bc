"""Lines of a text and their ends: cut and put in, the missing end of a last line kept missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Splice = tuple[int, int, str]


def whole(text: str, start: int, end: int) -> Span:
    """Widen a span to the lines it touches, their ends included."""
    stop = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop + 1


def indentation(text: str, position: int) -> str:
    """Return what stands before `position` on its line."""
    return text[text.rfind("\n", 0, position) + 1 : position]


def ending(text: str, position: int = 0) -> str:
    """Return the end of the line at `position`; of the first line where the text just stops."""
    stop = text.find("\n", position)
    if stop < 0 and position > 0:
        return ending(text)
    return "\r\n" if stop > 0 and text[stop - 1] == "\r" else "\n"


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Put each splice's text in the place of its span; the spans do not overlap."""
    pieces = []
    position = 0
    for start, end, piece in sorted(splices):
        pieces += [text[position:start], piece]
        position = end
    return "".join((*pieces, text[position:]))


def without(text: str, spans: Iterable[Span]) -> str:
    """Cut whole lines out."""
    rest = spliced(text, {(start, end, "") for start, end in spans})
    if not text.endswith("\n") and rest.endswith("\n"):
        rest = rest.removesuffix("\n").removesuffix("\r")
    return rest


def inserted(text: str, position: int, added: Sequence[str], end: str) -> str:
    """Put whole lines, given without their ends, at the beginning of a line or the text's end."""
    before, after = text[:position], text[position:]
    block = end.join(added)
    if before and not before.endswith("\n"):
        return before + end + block
    return before + block + end + after
