"""Pages of text in a narrow column: a small subset of Markdown, and its flow. No widget.

`# ` and `## ` headings, paragraphs, `- ` items, fenced code, and inline `code` and **strong**.
Nothing else is interpreted, so no text can colour or link itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import groupby

from rich.cells import cell_len
from rich.style import Style

from smtp_tui.records import record
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.ink import ACCENT, PLAIN, STRONG, Span

_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
_PIECE = re.compile(r"\s+|[^\s]+")


@record
class Block:
    """A paragraph: its spans, and what stands before its first and its further lines."""

    spans: tuple[Span, ...]
    first: str = ""
    rest: str = ""
    is_preformatted: bool = False
    gap: bool = field(default=True, kw_only=True)


def plain(text: str, style: Style = PLAIN, *, gap: bool = True) -> Block:
    """Make a block of text as it is, escaped and with no markup interpreted."""
    return Block(((visible(text), style),), gap=gap)


def labelled(label: str, text: str, style: Style = STRONG) -> Block:
    """Make a block that begins with a label."""
    return Block(((f"{visible(label)}: ", style), (visible(text), PLAIN)), gap=False)


def parse(markdown: str) -> list[Block]:
    """Read a page into blocks."""
    blocks: list[Block] = []
    lines = iter(markdown.splitlines())
    paragraph: list[str] = []
    for line in lines:
        if line.startswith("```"):
            blocks.extend(_paragraph(paragraph))
            blocks.extend(_fenced(lines))
        elif line.startswith("#"):
            blocks.extend(_paragraph(paragraph))
            blocks.append(Block(((visible(line.lstrip("#").strip()), STRONG),)))
        elif line.startswith(("- ", "* ")) or not line.strip():
            blocks.extend(_paragraph(paragraph))
            if line.strip():
                paragraph.append(line)
        else:
            paragraph.append(line.strip())
    blocks.extend(_paragraph(paragraph))
    return _close_items(blocks)


def flow(blocks: Sequence[Block], width: int) -> list[list[Span]]:
    """Break blocks into lines of at most `width` cells."""
    lines: list[list[Span]] = []
    for block in blocks:
        if lines and block.gap:
            lines.append([])
        lines.extend(_flow_block(block, max(width, 1)))
    return lines


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if not lines:
        return
    text = " ".join(lines)
    lines.clear()
    if text.startswith(("- ", "* ")):
        yield Block(tuple(_inline(text[2:].strip())), "- ", "  ")
    else:
        yield Block(tuple(_inline(text)))


def _fenced(lines: Iterator[str]) -> Iterator[Block]:
    gap = True
    for line in lines:
        if line.startswith("```"):
            return
        yield Block(((visible(line), ACCENT),), "  ", "  ", is_preformatted=True, gap=gap)
        gap = False


def _close_items(blocks: list[Block]) -> list[Block]:
    """Items of one list stand without gaps."""
    closed = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        follows = before is not None and before.first == block.first == "- "
        closed.append(Block(block.spans, "- ", "  ", gap=False) if follows else block)
    return closed


def _inline(text: str) -> Iterator[Span]:
    position = 0
    for match in _INLINE.finditer(text):
        yield visible(text[position : match.start()]), PLAIN
        code, strong = match.groups()
        yield (visible(code), ACCENT) if code else (visible(strong), STRONG)
        position = match.end()
    yield visible(text[position:]), PLAIN


def _flow_block(block: Block, width: int) -> Iterator[list[Span]]:
    words = [list(block.spans)] if block.is_preformatted else list(_words(block.spans))
    lead, room = block.first, width - cell_len(block.first)
    line: list[Span] = []
    used = 0
    for word in words:
        for piece in _pieces_that_fit(word, max(width - cell_len(block.rest), 1)):
            size = sum(cell_len(text) for text, _ in piece)
            if line and used + 1 + size > room:
                yield [(lead, PLAIN), *line]
                lead, room, line, used = block.rest, width - cell_len(block.rest), [], 0
            if line:
                line.append((" ", line[-1][1] if line[-1][1] == piece[0][1] else PLAIN))
                used += 1
            line.extend(piece)
            used += size
    yield [(lead, PLAIN), *line]


def _words(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Split at white space; a word may be made of spans of several styles."""
    pieces = [(part, style) for text, style in spans for part in _PIECE.findall(text)]
    for is_space, word in groupby(pieces, key=lambda piece: piece[0].isspace()):
        if not is_space:
            yield list(word)


def _pieces_that_fit(word: list[Span], width: int) -> Iterator[list[Span]]:
    """Cut a word that is wider than the column."""
    piece: list[Span] = []
    room = width
    for text, style in word:
        while cell_len(text) > room:
            head = _head(text, room)
            if head:
                piece.append((head, style))
                text = text[len(head) :]
            if piece:
                yield piece
            elif not head:
                text = text[1:]
            piece, room = [], width
        if text:
            piece.append((text, style))
            room -= cell_len(text)
    if piece:
        yield piece


def _head(text: str, width: int) -> str:
    end, used = 0, 0
    while end < len(text) and used + cell_len(text[end]) <= width:
        used += cell_len(text[end])
        end += 1
    return text[:end]
