"""Track the cells of a terminal, and send only what changes, in as few bytes as possible.

Textual repaints whole lines of a widget, which is slow on a serial line. Here a typed letter costs
one byte, not eighty.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rich.cells import cell_len

# The attributes and colours in force, each with the code that sets it, in order.
Pen = tuple[tuple[int, str], ...]
# A character with its combining marks, and its pen; "" is the second half of a wide one.
Cell = tuple[str, Pen]
# None: not known, as after a resize.
Row = list[Cell | None]

NO_PEN: Pen = ()
BLANK: Cell = (" ", NO_PEN)
RESET = "\x1b[m"
CLEAR = f"{RESET}\x1b[H\x1b[J"
ALTERNATE_SCREEN = "\x1b[?1049h"
_ERASE_LINE = "\x1b[K"
# Fewer blanks within a line are shorter to write than to erase and to step over.
_LEAST_ERASED = 12

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
_FOREGROUND, _BACKGROUND = 30, 40
# Codes that switch off, and what they switch off.
_OFF = {
    **{20 + code: (code,) for code in range(3, 10)},
    22: (1, 2),
    39: (_FOREGROUND,),
    49: (_BACKGROUND,),
}
# Underline, reverse, strike and background show on a blank cell.
_SHOWN_ON_BLANK = {4, 7, 9, _BACKGROUND}


@lru_cache(512)
def pen_after(pen: Pen, codes: str) -> Pen:
    """Return the pen after an SGR sequence with these codes."""
    slots = dict(pen)
    parts = iter(codes.split(";"))
    for part in parts:
        code = int(part or 0)
        if code == 0:
            slots.clear()
        elif code in _OFF:
            for slot in _OFF[code]:
                slots.pop(slot, None)
        elif code in (38, 48):
            kind = next(parts, "5")
            values = [next(parts, "0") for _ in range(3 if kind == "2" else 1)]
            slots[code - 8] = ";".join([part, kind, *values])
        elif 30 <= code < 50:
            slots[code // 10 * 10] = part
        elif 90 <= code < 108:
            slots[_FOREGROUND if code < 100 else _BACKGROUND] = part
        else:
            slots[code] = part
    return tuple(sorted(slots.items()))


@lru_cache(512)
def pen_change(old: Pen, new: Pen) -> str:
    """Return the sequence from one pen to another."""
    if old == new:
        return ""
    if not new:
        return RESET
    # Old terminals know no code that switches off a single attribute.
    lost = {slot for slot, _ in old} - {slot for slot, _ in new}
    codes = [code for slot, code in new if lost or (slot, code) not in old]
    return f"\x1b[{';' if lost else ''}{';'.join(codes)}m"


@lru_cache(64)
def inks_blanks(pen: Pen) -> bool:
    """Whether a blank written with this pen shows."""
    return any(slot in _SHOWN_ON_BLANK for slot, _ in pen)


@lru_cache(4096)
def move(old: tuple[int, int] | None, new: tuple[int, int]) -> str:
    """Return the shortest sequence from a cell to another, each a column and a row."""
    column, row = new
    absolute = f"\x1b[{row + 1};{column + 1}H" if column else f"\x1b[{row + 1 if row else ''}H"
    if old is None:
        return absolute
    down = row - old[1]
    vertical = _step(abs(down), "B" if down > 0 else "A")
    right = column - old[0]
    ways = [
        absolute,
        vertical + _step(abs(right), "C" if right > 0 else "D"),
        f"{vertical}\r{_step(column, 'C')}",
    ]
    if right < 0:
        ways.append(vertical + "\b" * -right)
    return min(ways, key=len)


def _step(count: int, letter: str) -> str:
    return f"\x1b[{count if count > 1 else ''}{letter}" if count else ""


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
        # Whether the terminal knows ECH, which erases some characters.
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
        # The row of the cursor comes last: the cursor stays there.
        for y in sorted(wanted, key=lambda y: (y == self._row, y)):
            known, row = self._grid[y], wanted[y]
            self._grid[y] = row
            if known != row:
                yield from self._paint_row(y, known, row)
        if self._height and self._is_placed:
            self._is_placed = False
            place = min(self._column, self._width - 1), min(self._row, self._height - 1)
            yield self._reach(*place, ())

    def _paint_row(self, y: int, known: Row, wanted: Row) -> Iterator[str]:
        """Yield the sequences that change a row."""
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
        jump = move(old, self._cursor)
        if old is not None and old[1] == y and 0 < x - old[0] <= len(jump):
            between = wanted[old[0] : x]
            text = "".join(cell[0] for cell in between if cell and self._is_in_pen(cell))
            if len(text) == len(between) == x - old[0] and len(text.encode()) <= len(jump):
                return text
        return jump

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


@lru_cache(1024)
def is_narrow(character: str) -> bool:
    """Whether a character takes one cell."""
    return cell_len(character) == 1


def _is_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _is_whole(rows: Mapping[int, Row], height: int) -> bool:
    return len(rows) == height and not any(None in row for row in rows.values())
