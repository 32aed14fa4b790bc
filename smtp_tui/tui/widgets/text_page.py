"""Parse, wrap and show text pages in a small subset of Markdown.

The subset: headings, paragraphs, `- ` items, fenced code, inline `code` and **strong**. Nothing
else is interpreted, so a text cannot add colours or links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.binding import BindingType
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.strip import Strip

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.style import DIM, FOCUS, PLAIN, STRONG, Span, make_strip
from smtp_tui.tui.widgets.line import WHEEL, LinesWidget

_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
# A fenced block, a heading, or an item or paragraph up to a blank line or the next block.
_BLOCKS = re.compile(
    r"""^```.*\n(?P<code>(?:(?!```).*\n)*)(?:```.*)?
    | ^\#+(?P<heading>.*)
    | ^(?P<item>[-*]\ )?(?P<text>.*\S.*(?:\n(?![-*]\ |\#|```)(?=.*\S).*)*)""",
    re.MULTILINE | re.VERBOSE,
)
_PIECE = re.compile(r"\s+|[^\s]+")
# One or more codes before a colon, as in a list of choices.
_TERM = re.compile(r"(`[^`]+`(?:, `[^`]+`)*): ")
# Where a word that is longer than a line may be split: after a sign, or before a capital.
_JOINT = re.compile(r"(?<=[-_/.:;,=@&?+])(?=\w)|(?<=[a-z])(?=[A-Z])")
_ALL = 1_000_000  # more lines than any page has
# Terms stand in a column of their own if it takes at most this share of the width.
_TERMS_SHARE = 0.4


@record
class TextBlock:
    """A paragraph: its spans, and the prefixes of its first and further lines.

    With a `term` it is an entry of a list: `definition` are its spans without the term, which
    stands in a column of its own where there is room.
    """

    spans: tuple[Span, ...]
    first: str = ""
    rest: str = ""
    is_preformatted: bool = False
    gap: bool = field(default=True, kw_only=True)
    first_style: Style = field(default=PLAIN, kw_only=True)
    term: str = field(default="", kw_only=True)
    definition: tuple[Span, ...] = field(default=(), kw_only=True)


def plain(text: str, style: Style = PLAIN, *, gap: bool = True) -> TextBlock:
    """Make a block of escaped text, with no markup interpreted."""
    # Textual's Static passes ESC and C1 bytes through: a hostile greeting could retitle or recolour
    # the terminal.
    return TextBlock(((escape_controls(text), style),), gap=gap)


def item(text: str, style: Style = PLAIN, sign: str = "- ") -> TextBlock:
    """Make a list item, with no gap above it."""
    return TextBlock(((escape_controls(text), style),), sign, "  ", gap=False)


def verbatim(text: str, *, gap: bool = False) -> TextBlock:
    """Make a line of code or output, which is not wrapped."""
    return TextBlock(((escape_controls(text), PLAIN),), is_preformatted=True, gap=gap)


def as_title(block: TextBlock) -> TextBlock:
    """Mark a block as the title of a page that has the focus as a whole."""
    return replace(block, spans=tuple((text, FOCUS) for text, _ in block.spans))


def labelled(label: str, text: str, style: Style = STRONG) -> TextBlock:
    """Make a block that begins with a label."""
    return TextBlock(
        ((f"{escape_controls(label)}: ", style), (escape_controls(text), PLAIN)), gap=False
    )


def defined(term: str, text: str) -> TextBlock:
    """Make an entry of a list of terms, with no gap above it."""
    term, definition = escape_controls(term), ((escape_controls(text), PLAIN),)
    spans = ((f"{term}: ", STRONG), *definition)
    return TextBlock(spans, rest="  ", gap=False, term=term, definition=definition)


# Textual's Markdown takes 41 ms to import, and lets a text set links and colours.
def parse(markdown: str) -> list[TextBlock]:
    """Parse a Markdown page into blocks."""
    blocks: list[TextBlock] = []
    for match in _BLOCKS.finditer(markdown.rstrip("\n") + "\n"):
        if match["code"] is not None:
            for index, line in enumerate(match["code"].splitlines()):
                code, gap = ((escape_controls(line), PLAIN),), index == 0
                blocks.append(TextBlock(code, "  ", "  ", is_preformatted=True, gap=gap))
        elif match["heading"] is not None:
            blocks.append(TextBlock(((escape_controls(match["heading"].strip()), STRONG),)))
        else:
            text = " ".join(map(str.strip, match["text"].splitlines())).strip()
            lead = "- " if match["item"] else ""
            is_first = not lead or not blocks or blocks[-1].first != lead
            block = TextBlock(tuple(inline(text)), lead, " " * len(lead), gap=is_first)
            if lead and (term := _TERM.match(text)):
                name = escape_controls(term[1].replace("`", ""))
                definition = tuple(inline(text[term.end() :]))
                block = replace(block, term=name, definition=definition)
            blocks.append(block)
    return blocks


def flow(blocks: Sequence[TextBlock], width: int, least: int = _ALL) -> list[list[Span]]:
    """Wrap blocks into lines of at most `width` cells, up to the block with line `least`."""
    lines: list[list[Span]] = []
    for is_list, group in groupby(blocks, key=lambda block: bool(block.term)):
        entries = list(group)
        column = max(cell_len(block.term) for block in entries) + 2 if is_list else 0
        has_column = 0 < column <= width * _TERMS_SHARE
        for block in entries:
            if len(lines) >= least:
                return lines
            if lines and block.gap:
                lines.append([])
            if has_column:
                blank = " " * (column - cell_len(block.term))
                text = TextBlock(block.definition, rest=" " * column)
                lines.extend(
                    _flow_block(text, max(width, 1), [(block.term, STRONG), (blank, PLAIN)])
                )
            else:
                lines.extend(_flow_block(block, max(width, 1), [(block.first, block.first_style)]))
    return lines


def inline(text: str) -> Iterator[Span]:
    """Yield a text's spans, with inline code and strong words in bold."""
    position = 0
    for match in _INLINE.finditer(text):
        yield escape_controls(text[position : match.start()]), PLAIN
        code, strong = match.groups()
        yield escape_controls(code or strong), STRONG
        position = match.end()
    yield escape_controls(text[position:]), PLAIN


def _flow_block(block: TextBlock, width: int, lead: list[Span]) -> Iterator[list[Span]]:
    words = [list(block.spans)] if block.is_preformatted else list(_words(block.spans))
    room = width - sum(cell_len(text) for text, _ in lead)
    line: list[Span] = []
    used = 0
    for word in words:
        for piece in _pieces_that_fit(word, max(width - cell_len(block.rest), 1)):
            size = sum(cell_len(text) for text, _ in piece)
            if line and used + 1 + size > room:
                yield [*lead, *line]
                lead, room, line, used = [(block.rest, PLAIN)], width - cell_len(block.rest), [], 0
            if line:
                line.append((" ", line[-1][1] if line[-1][1] == piece[0][1] else PLAIN))
                used += 1
            line.extend(piece)
            used += size
    yield [*lead, *line]


def _words(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Split spans at white space; a word may have spans of several styles."""
    pieces = [(part, style) for text, style in spans for part in _PIECE.findall(text)]
    for is_space, word in groupby(pieces, key=lambda piece: piece[0].isspace()):
        if not is_space:
            yield list(word)


def _pieces_that_fit(word: list[Span], width: int) -> Iterator[list[Span]]:
    """Split a word to fit the column, at its joints if it has any.

    A character that is wider than the column is dropped.
    """
    if sum(cell_len(text) for text, _ in word) <= width:
        yield word
        return
    piece: list[Span] = []
    used = 0
    for text, style in _parts_that_fit(word, width):
        size = cell_len(text)
        if used + size > width and piece:
            yield piece
            piece, used = [], 0
        if size <= width:
            piece.append((text, style))
            used += size
    if piece:
        yield piece


def _parts_that_fit(word: list[Span], width: int) -> Iterator[Span]:
    """Yield the parts of a word between its joints; single characters of a part that is longer."""
    for text, style in word:
        for part in _JOINT.split(text):
            yield from [(part, style)] if cell_len(part) <= width else [(c, style) for c in part]


READING_KEYS: list[BindingType] = [
    ("up,k", "go(-1)"),
    ("down,j", "go(1)"),
    ("pageup", "page(-1)"),
    ("pagedown,space", "page(1)"),
    ("home", "go(-1000000)"),
    ("end", "go(1000000)"),
]


class TextPage(LinesWidget):
    """Blocks wrapped to the widget's width; the height is the text's, up to `most` lines.

    If the text is cut, its last visible line ends in "…" and `more`, the key that shows more.
    """

    DEFAULT_CSS = "TextPage { height: auto; }"
    # Whether the words that fit stay in a last line that is cut.
    keeps_cut_words = True

    def __init__(
        self,
        blocks: Sequence[TextBlock] = (),
        *,
        most: int | None = None,
        indent: int = 0,
        more: str | None = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.blocks = tuple(blocks)
        self._most = most
        self._indent = indent
        self._more = more
        self._top = 0
        self._flowed: tuple[int, list[list[Span]]] | None = None

    def lines(self, width: int) -> list[list[Span]]:
        """Return the wrapped lines for a width."""
        if self._flowed is None or self._flowed[0] != width:
            self._flowed = width, flow(self.blocks, width - self._indent)
        return self._flowed[1]

    def line_count(self, width: int) -> int:
        """Return the number of lines for a width, up to the limit."""
        return min(len(self.lines(width)), self._most or 10_000) if self.blocks else 0

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return the number of lines for the width."""
        return self.line_count(width)

    def show(self, blocks: Sequence[TextBlock], *, from_top: bool = True) -> None:
        """Show other blocks."""
        # Clocks and DNS answers show the same blocks several times a second.
        if tuple(blocks) == self.blocks:
            return
        count = self.line_count(self.size.width) if self.styles.is_auto_height else 0
        self.blocks, self._flowed = tuple(blocks), None
        if from_top:
            self._top = 0
        if self.styles.is_auto_height and self.line_count(self.size.width) != count:
            # If the layout keeps the height, the old lines would count as the new ones.
            self._drawn = ()
            self.refresh(layout=True)
        else:
            self.repaint()

    def limit(self, most: int) -> None:
        """Limit the height to `most` lines."""
        if most != self._most:
            self._most = most
            self.refresh(layout=True)

    def name_key(self, more: str | None) -> None:
        """Set the key shown at the end of a cut text; None leaves its last line as it is."""
        if more != self._more:
            self._more = more
            self.repaint()

    def action_go(self, lines: int) -> None:
        """Scroll by lines."""
        self._top = max(self._top + lines, 0)
        self.repaint()

    def action_page(self, pages: int) -> None:
        """Scroll by screenfuls, each overlapping by one line."""
        self.action_go(pages * max(self.size.height - 1, 1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.action_go(WHEEL)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.action_go(-WHEEL)

    def draw(self) -> list[Strip]:
        """Draw the visible lines."""
        width, height = self.size
        lines = self.lines(width)
        # The text may now be shorter than the scroll position.
        self._top = max(min(self._top, len(lines) - height), 0)
        shown = range(self._top, min(self._top + height, len(lines)))
        strips = [
            self.draw_line(number, width, is_cut=number == shown[-1] < len(lines) - 1)
            for number in shown
        ]
        return [*strips, *[Strip.blank(width, PLAIN)] * (height - len(strips))]

    def draw_line(self, number: int, width: int, *, is_cut: bool) -> Strip:
        """Draw a line; `is_cut` marks it as the last before a cut."""
        lines = self.lines(width)
        spans, left = lines[number], [(" " * self._indent, PLAIN)]
        if not is_cut or self._more is None:
            return make_strip([*left, *spans], width)
        # A heading is useless without the text below it.
        follows_gap = number > 0 and not lines[number - 1]
        if follows_gap and all(style == STRONG for text, style in spans if text):
            spans = []
        more = f"… {self._more}".rstrip()
        used = sum(cell_len(text) for text, _ in spans) + cell_len(more)
        if not self.keeps_cut_words and used >= width - self._indent:
            spans = []
        cut = _cut(spans, more, width - self._indent)
        return Strip.join([make_strip(left, self._indent), cut])


def _cut(spans: list[Span], more: str, width: int) -> Strip:
    """Return the whole words of a line that fit before `more`, which is flush right."""
    room = max(width - cell_len(more) - 1, 0)
    text = "".join(text for text, _ in spans)
    if cell_len(text) > room:
        text = set_cell_size(text, room + 1).rpartition(" ")[0] or set_cell_size(text, room)
    kept = make_strip(spans, cell_len(text))
    rest = width - cell_len(text)
    return Strip([*kept, *make_strip([(more.rjust(rest), DIM)], rest)])
