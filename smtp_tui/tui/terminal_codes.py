"""The cells of a terminal, and the escape sequences between their looks and places."""

from __future__ import annotations

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
    if old == new:
        return ""
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


@lru_cache(1024)
def is_narrow(character: str) -> bool:
    """Whether a character takes one cell."""
    return cell_len(character) == 1
