"""What stands on a terminal, as SVG: runs of text, each at its column, in a palette."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyte
from rich.cells import cell_len

WIDTH, HEIGHT, SIZE, BASE = 8.4, 18, 14, 13.5  # of a cell, of the letters, and where these stand
EDGE = 10
_FONTS = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
# Letters that must meet those around them: the line they are, within a cell.
_RULES = {
    "─": f"M{{x}} {{middle}}h{WIDTH}",
    "│": f"M{{centre}} {{y}}v{HEIGHT}",
    "┃": f"M{{centre}} {{y}}v{HEIGHT}",
}
# The parts of a cell that a block fills, from its top: no font puts blocks together without gaps.
_BLOCKS = {"█": (0, HEIGHT), "▀": (0, HEIGHT // 2), "▄": (HEIGHT // 2, HEIGHT // 2)}


@dataclass(frozen=True)
class Palette:
    """What a terminal shows for the colours that the program names."""

    back: str
    fore: str
    colours: tuple[str, ...]


# A terminal shows them as they are.
_FIXED = {"black": "#000000", "white": "#ffffff"}
_NAMES = ("red", "green", "brown", "blue", "magenta", "cyan")
DARK = Palette(
    "#15181e", "#d0d4da", ("#f2777a", "#8fcf7f", "#e8c06a", "#7aa6ee", "#c99ae0", "#6cc7d1")
)
LIGHT = Palette(
    "#fbfbf8", "#24292f", ("#b42318", "#1a7f37", "#8a6100", "#0550ae", "#8250df", "#1b7c83")
)


@dataclass(frozen=True)
class Look:
    """How a cell looks; `front` and `back` are a palette's names, or `default`."""

    front: str = "default"
    back: str = "default"
    bold: bool = False
    dim: bool = False
    underlined: bool = False


@dataclass(frozen=True)
class Run:
    """Cells beside each other that look the same."""

    column: int
    text: str
    look: Look


Line = tuple[Run, ...]


def lines_of(screen: pyte.Screen) -> list[Line]:
    """Return the lines of a terminal, its cursor as a block."""
    cursor = screen.cursor
    columns = {cursor.y: cursor.x} if not cursor.hidden else {}
    return [
        tuple(_runs(screen.buffer[y], screen.columns, columns.get(y))) for y in range(screen.lines)
    ]


def _runs(row: Any, columns: int, cursor: int | None) -> Iterator[Run]:
    """Yield what is to be drawn, cut where there is a gap, so that no font can shift much."""
    run: Run | None = None
    for column in range(columns):
        cell = row[column]
        if not cell.data:  # the second half of the letter before
            continue
        look = _look(cell._replace(reverse=not cell.reverse) if column == cursor else cell)
        if run and look == run.look and not _parts(run.text, cell.data):
            run = replace(run, text=run.text + cell.data)
            continue
        yield from _worth(run)
        run = Run(column, cell.data, look)
    yield from _worth(run)


def _parts(text: str, letter: str) -> bool:
    """Whether a run ends between these."""
    is_rule = letter in _RULES
    return is_rule != (text[-1] in _RULES) or (text.endswith("  ") and letter != " ")


def _worth(run: Run | None) -> Iterator[Run]:
    if run is None or (run.look.back == "default" and not run.text.strip()):
        return
    if run.look.back == "default":
        text = run.text.lstrip(" ")
        yield Run(run.column + len(run.text) - len(text), text.rstrip(" "), run.look)
    else:
        yield run


def _look(cell: Any) -> Look:
    front, back = cell.fg.removeprefix("bright"), cell.bg.removeprefix("bright")
    if cell.reverse:
        front = "back" if back == "default" else back
        back = "fore" if cell.fg == "default" else cell.fg
    return Look(front, back, cell.bold, cell.blink, cell.underscore)


def drawn(lines: Sequence[Line]) -> str:
    """Draw lines one below the other."""
    return "".join(drawn_line(line, y) for y, line in enumerate(lines))


def drawn_line(line: Line, y: int = 0) -> str:
    """Draw a line at its place."""
    return "".join(_drawn(run, y * HEIGHT) for run in line)


def _drawn(run: Run, top: float) -> str:
    left, width = run.column * WIDTH, cell_len(run.text) * WIDTH
    classes = "".join(f" {name}" for name in _classes(run.look)).strip()
    named = f' class="{classes}"' if classes else ""
    back = ""
    if run.look.back != "default":
        box = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}"'
        back = f'<rect {box} class="{run.look.back}"/>'
    if run.text[0] in _RULES:
        return back + _rule(run, top, named)
    if not run.text.strip():
        return back
    if not run.text.strip("█▀▄ "):
        return back + _blocks(run, top, named)
    text = html.escape(run.text, quote=False).replace(" ", "\xa0")
    place = f'x="{left:.1f}" y="{top + BASE:g}" textLength="{width:.1f}"'
    return f"{back}<text {place}{named}>{text}</text>\n"


def _blocks(run: Run, top: float, named: str) -> str:
    path = "".join(
        f"M{column * WIDTH:.1f} {top + down:g}h{WIDTH}v{high}h-{WIDTH}z"
        for column, sign in enumerate(run.text, run.column)
        if sign in _BLOCKS
        for down, high in [_BLOCKS[sign]]
    )
    return f'<path d="{path}"{named}/>\n'


def _rule(run: Run, top: float, named: str) -> str:
    path = "".join(
        _RULES[sign].format(
            x=f"{column * WIDTH:.1f}",
            centre=f"{(column + 0.5) * WIDTH:.1f}",
            y=f"{top:g}",
            middle=f"{top + HEIGHT / 2:g}",
        )
        for column, sign in enumerate(run.text, run.column)
    )
    if set(run.text) == {"─"}:
        path = f"M{run.column * WIDTH:.1f} {top + HEIGHT / 2:g}h{len(run.text) * WIDTH:.1f}"
    thick = ' stroke-width="3"' if "┃" in run.text else ""
    return f'<path d="{path}"{named}{thick}/>\n'


def _classes(look: Look) -> Iterator[str]:
    if look.front != "default":
        yield look.front
    if look.bold:
        yield "bold"
    if look.dim:
        yield "dim"
    if look.underlined:
        yield "line"


def framed(content: str, size: tuple[int, int], palette: Palette, style: str = "") -> str:
    """Make a whole picture of what was drawn."""
    width, height = size[0] * WIDTH + 2 * EDGE, size[1] * HEIGHT + 2 * EDGE
    colours = {"fore": palette.fore, "back": palette.back}
    colours.update(zip(_NAMES, palette.colours, strict=True))
    colours.update({name: one for name, one in _FIXED.items() if f'"{name}"' in content})
    rules = "".join(
        f".{name}{{fill:{colour}}}path.{name}{{stroke:{colour}}}\n"
        for name, colour in colours.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}">\n<style>\n'
        f"text{{font:{SIZE}px {_FONTS};fill:{palette.fore}}}\n"
        f"path{{stroke:{palette.fore};fill:none}}\n{rules}"
        ".bold{font-weight:bold}.dim{opacity:.62}.line{text-decoration:underline}\n"
        f"{style}</style>\n"
        f'<rect width="100%" height="100%" rx="6" fill="{palette.back}"/>\n'
        f'<svg x="{EDGE}" y="{EDGE}" width="{size[0] * WIDTH:g}" height="{size[1] * HEIGHT}">\n'
        f"{content}</svg>\n</svg>\n"
    )
