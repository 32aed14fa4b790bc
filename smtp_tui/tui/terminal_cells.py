"""Track the cells of a terminal, and send only what changes, in as few bytes as possible.

Textual repaints whole lines of a widget, which is slow on a serial line. Here a typed letter costs
one byte, not eighty.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import ne

from rich.cells import cell_len

from smtp_tui.tui.terminal_codes import (
    BLANK,
    NO_PEN,
    RESET,
    Cell,
    Pen,
    Row,
    inks_blanks,
    is_narrow,
    move,
    pen_after,
    pen_change,
)
from smtp_tui.tui.terminal_shift import shift_between

CLEAR = f"{RESET}\x1b[H\x1b[J"
ALTERNATE_SCREEN = "\x1b[?1049h"
_ERASE_LINE = "\x1b[K"
# Fewer blanks within a line are shorter to write than to erase and to step over.
_LEAST_ERASED = 12
# To write a row in one pen, and over it what has another, is shorter from about so many switches.
_LEAST_SWITCHES = 6

_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<pen>[\d;]*)m"
    r"|\x1b\[(?P<place>\d*(?:;\d*)?)H"
    r"|(?P<feed>\n)"
    # Window titles, the clipboard, questions, keyboard, mouse, paste, cursor and line wrap.
    r"|(?P<aside>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[<>][\d;]*u|\x1b\[\?\d+\$p"
    r"|\x1b\[\?(?:7|25|10(?:0[0-6]|1[56])|20(?:04|26|48))[hl])"
    r"|(?P<unknown>\x1b\[[0-?]*[ -/]*[@-~]|[\s\S])"
)


class _Glyphs(dict[str, Cell]):
    """The cells of a pen, by character; equal cells are one object, which saves memory."""

    def __init__(self, pen: Pen) -> None:
        super().__init__()
        self._pen = pen
        if not inks_blanks(pen):
            self[" "] = BLANK

    def __missing__(self, text: str) -> Cell:
        cell = self[text] = (text, self._pen)
        return cell


class TerminalCells:
    """What stands on a terminal of a size; `feed` returns the bytes that change it as wanted.

    An unknown sequence is passed on, and then no cell is known any more.
    """

    def __init__(self, *, can_erase: bool = True) -> None:
        # Whether the terminal knows ECH, which erases characters, and IL and DL, which insert and
        # delete lines.
        self._can_erase = can_erase
        self._width = self._height = 0
        self._grid: list[Row] = []
        self._is_fresh = False
        # The terminal's state; None is unknown.
        self._cursor: tuple[int, int] | None = None
        self._pen: Pen | None = None
        # The state that the fed bytes ask for.
        self._wanted: dict[int, Row] = {}
        self._column, self._row = 0, 0
        self._is_placed = False
        self._wanted_pen: Pen = NO_PEN
        self._glyphs: dict[Pen, _Glyphs] = {}

    @property
    def size(self) -> tuple[int, int]:
        """The columns and rows of the terminal."""
        return self._width, self._height

    def forget(self, width: int, height: int) -> None:
        """Forget the cells of the terminal, and set its size."""
        self._width, self._height = width, height
        self._grid = [[None] * width for _ in range(height)]
        self._wanted.clear()
        self._cursor = self._pen = None

    def feed(self, data: str) -> str:
        """Return what to send so that the terminal shows what `data` would make it show."""
        output: list[str] = []
        for token in _TOKEN.finditer(data):
            match token.lastgroup:
                case "text":
                    self._put(token[0])
                case "pen":
                    self._wanted_pen = pen_after(self._wanted_pen, token["pen"])
                case "place":
                    row, _, column = token["place"].partition(";")
                    self._column, self._row = int(column or 1) - 1, int(row or 1) - 1
                    self._is_placed = True
                case "feed":
                    self._column, self._row = 0, self._row + 1
                case "aside":
                    output.append(token[0])
                case _:
                    output += self._paint()
                    output += [pen_change(self._pen or NO_PEN, NO_PEN), token[0]]
                    self.forget(self._width, self._height)
                    self._is_fresh = token[0] == ALTERNATE_SCREEN
        output += self._paint()
        return "".join(output)

    def _put(self, text: str) -> None:
        """Write a text into the frame."""
        column, row = self._column, self._row
        pen = self._wanted_pen
        glyphs = self._glyphs.get(pen) or self._glyphs.setdefault(pen, _Glyphs(pen))
        cells = [glyphs[part] for part in _cells_of(text)]
        self._column += len(cells)
        if row >= self._height:
            return
        if row not in self._wanted:
            self._wanted[row] = self._grid[row].copy()
        line, end = self._wanted[row], column + len(cells)
        # If half of a wide character is overwritten, the other half is unknown.
        if column and column < self._width and _is_half(line[column]):
            line[column - 1] = None
        if end < self._width and _is_half(line[end]):
            line[end] = None
        # The terminal may be smaller for a moment than what Textual paints.
        line[column:end] = cells[: max(self._width - column, 0)]

    def _paint(self) -> Iterator[str]:
        """Yield the sequences that draw the frame on the terminal."""
        wanted, self._wanted = self._wanted, {}
        if self._is_fresh and _is_whole(wanted, self._height):
            self._is_fresh = False
            self._grid = [[BLANK] * self._width for _ in range(self._height)]
            self._cursor, self._pen = (0, 0), NO_PEN
            yield CLEAR
        elif self._can_erase:
            yield from self._shift(wanted)
        # The row of the cursor comes last: the cursor stays there.
        for y in sorted(wanted, key=lambda y: (y == self._row, y)):
            known, row = self._grid[y], wanted[y]
            self._grid[y] = row
            if known != row:
                yield self._paint_row(y, known, row)
        if self._height and self._is_placed:
            self._is_placed = False
            place = min(self._column, self._width - 1), min(self._row, self._height - 1)
            yield self._reach(*place, ())

    def _shift(self, wanted: dict[int, Row]) -> Iterator[str]:
        """Yield the sequences that move rows to where they are wanted."""
        rows = [wanted.get(y, row) for y, row in enumerate(self._grid)]
        shift = shift_between(self._grid, rows)
        if shift is None:
            return
        count, end = abs(shift.up), shift.bottom + 1
        kept = self._grid[shift.top : end]
        new: list[Row] = [[BLANK] * self._width for _ in range(count)]
        self._grid[shift.top : end] = kept[count:] + new if shift.up > 0 else new + kept[:-count]
        wanted |= {y: rows[y] for y in range(shift.top, end)}
        # Lines that are inserted have the background of the pen.
        yield self._take_pen(NO_PEN, is_blank=True)
        places = (shift.top, end - count)
        for letter, y in zip("ML", places if shift.up > 0 else places[::-1], strict=True):
            # What the end of the screen loses or gains needs no sequence.
            if y + count < self._height:
                # Terminals disagree on where the cursor is then, but in the first column.
                yield self._reach(0, y, ()) + f"\x1b[{count if count > 1 else ''}{letter}"

    def _paint_row(self, y: int, known: Row, wanted: Row) -> str:
        """Return the sequences that change a row."""
        before = self._cursor, self._pen
        direct = "".join(self._change_row(y, known, wanted))
        base = _in_one_pen(known, wanted)
        if base is None:
            return direct
        after = self._cursor, self._pen
        self._cursor, self._pen = before
        layers = [*self._change_row(y, known, base), *self._change_row(y, base, wanted)]
        if len("".join(layers)) < len(direct):
            return "".join(layers)
        self._cursor, self._pen = after
        return direct

    def _change_row(self, y: int, known: Row, wanted: Row) -> Iterator[str]:
        """Yield the sequences that change a row, from left to right."""
        # The second half of a wide character is written with the first.
        changed = [
            x if cell[0] else x - 1
            for x, cell in enumerate(wanted)
            if cell is not None and cell != known[x]
        ]
        done = 0
        for number, x in enumerate(changed):
            if x < done:
                continue
            yield self._reach(x, y, wanted)
            cell = wanted[x]
            if cell == BLANK:
                end = next((at for at in range(x, self._width) if wanted[at] != BLANK), self._width)
                if erase := self._erasure(end - x, bisect_left(changed, end) - number, end):
                    yield self._take_pen(NO_PEN, is_blank=True) + erase
                    done = end
                    continue
            done = x + 1
            if cell is None:  # half of a wide character whose other half is unknown
                continue
            yield self._take_pen(cell[1], is_blank=cell == BLANK) + cell[0]
            if done < self._width and _is_half(wanted[done]):
                done += 1
            is_sure = done < self._width and done == x + 1 and len(cell[0]) == 1
            # Terminals disagree on the width of wide and combined characters, and on where the
            # cursor is after the last column.
            self._cursor = (done, y) if is_sure else None

    def _erasure(self, length: int, changed: int, end: int) -> str:
        """Return what erases blanks up to `end`; nothing if writing them is shorter."""
        reset = RESET if self._pen is None or inks_blanks(self._pen) else ""
        if end == self._width:
            return _ERASE_LINE if changed > len(reset + _ERASE_LINE) else ""
        return f"\x1b[{length}X" if self._can_erase and changed >= _LEAST_ERASED else ""

    def _take_pen(self, pen: Pen, *, is_blank: bool) -> str:
        """Return what changes the pen; a blank needs none unless the one in force shows on it."""
        old = self._pen
        if old is not None and is_blank and not inks_blanks(old):
            return ""
        self._pen = pen
        return pen_change(old, pen) if old is not None else RESET + pen_change(NO_PEN, pen)

    def _reach(self, x: int, y: int, wanted: Sequence[Cell | None]) -> str:
        """Return what brings the cursor to a cell; cells in between are written if shorter."""
        old, self._cursor = self._cursor, (x, y)
        if old == self._cursor:
            return ""
        best = move(old, (x, y))
        if old is None:
            return best
        for start in (old, (0, y)):
            if start[1] == y and 0 < x - start[0] < len(best) + 1:
                text = self._text_in_pen(wanted[start[0] : x])
                way = move(old, start) + text
                if text and len(way.encode()) <= len(best):
                    best = way
        return best

    def _text_in_pen(self, cells: Sequence[Cell | None]) -> str:
        """Return the text of cells that the pen in force draws; "" if it does not draw all."""
        text = ""
        for cell in cells:
            if not cell or not self._is_in_pen(cell):
                return ""
            text += cell[0]
        return text

    def _is_in_pen(self, cell: Cell) -> bool:
        """Whether the pen in force draws this cell."""
        if self._pen is None or len(cell[0]) != 1 or cell_len(cell[0]) != 1:
            return False
        return cell[1] == self._pen or (cell == BLANK and not inks_blanks(self._pen))


def _cells_of(text: str) -> Sequence[str]:
    """Return the text of each cell; "" is the second half of a wide character."""
    if text.isascii() or all(character.isascii() or is_narrow(character) for character in text):
        return text
    parts: list[str] = []
    width = 0
    for end, character in enumerate(text, 1):
        before, width = width, cell_len(text[:end])
        if not parts and width == before:
            continue
        if parts and (width == before or not cell_len(character)):
            # It combines with the character before, and may widen it.
            last = max(at for at, part in enumerate(parts) if part)
            parts[last] += character
            parts += [""] * (width - before)
        else:
            parts += [character, *[""] * (width - before - 1)]
    return parts


def _in_one_pen(known: Row, wanted: Row) -> Row | None:
    """Return a wanted row with what changes in its most frequent pen; None if few pens change."""
    changes = [
        new is not None and new != old and new[0] != " "
        for old, new in zip(known, wanted, strict=True)
    ]
    pens = [
        cell[1] for cell, changes_here in zip(wanted, changes, strict=True) if changes_here and cell
    ]
    if sum(map(ne, pens, pens[1:])) < _LEAST_SWITCHES:
        return None
    pen = Counter(pens).most_common(1)[0][0]
    return [
        (cell[0], pen)
        if changes_here and cell and len(cell[0]) == 1 and is_narrow(cell[0])
        else cell
        for cell, changes_here in zip(wanted, changes, strict=True)
    ]


def _is_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _is_whole(rows: Mapping[int, Row], height: int) -> bool:
    return len(rows) == height and not any(None in row for row in rows.values())
