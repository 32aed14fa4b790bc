"""Complete a half-typed path from the folders of this machine, at Tab, in a line editor."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import takewhile
from pathlib import Path
from time import monotonic
from typing import ClassVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.events import Click, Event, Key, Paste
from textual.geometry import Region, Size
from textual.strip import Strip

from smtp_tui.config.paths import expand, is_folder
from smtp_tui.records import record
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.style import DIM, PLAIN, STRONG, Span, make_strip, truncate
from smtp_tui.tui.widgets.line import LinesWidget
from smtp_tui.tui.widgets.line_editor import LineEditor

# The longest time that Tab may take, in seconds: a network file system may not answer.
PATIENCE = 0.3
MOST_NAMES = 200
# Names of folders that no folder lists.
_FOLDERS = ("~", "..")
_MOST_LINES = 7
_GAP = 2
_LEAD = "│ "


@record
class PathCompletion:
    """A text completed as far as is certain, and what may follow: the first names, and how many."""

    text: str
    names: tuple[str, ...] = ()
    count: int = 0


async def complete_path(text: str, base: Path) -> PathCompletion | None:
    """Complete a path that may be relative to `base`; None if nothing matches or time is up."""
    with suppress(TimeoutError, OSError, ValueError):
        return await in_daemon_thread(partial(completion_of, text, base), PATIENCE)
    return None


def completion_of(text: str, base: Path) -> PathCompletion | None:
    """Complete a path that may be relative to `base`; None if it is a file, or nothing matches."""
    folder, slash, start = text.rpartition("/")
    # A path keeps its spelling: `~` and relative folders stay as they were typed.
    folder += slash
    if start in _FOLDERS and is_folder(expand(text, base)):
        return PathCompletion(f"{text}/")
    names: list[str] = []
    count, common, deadline = 0, "", monotonic() + PATIENCE
    for entry in _entries(expand(folder, base) if folder else base, start):
        if monotonic() > deadline:
            return None
        name = entry.name
        # A folder may have millions of names; only those that show are looked at.
        if count < MOST_NAMES:
            name += "/" if _is_folder(entry) else ""
            names.append(name)
        common = _shared_start(common, name) if count else name
        count += 1
    if not count or start in names:
        return None
    return PathCompletion(folder + common, tuple(sorted(names)), count)


def _entries(folder: Path, start: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files and folders whose name begins with `start`; hidden ones need its dot."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            is_hidden = name.startswith(".") and not start
            # A setting holds no control characters, and no bytes that are not UTF-8.
            if name.startswith(start) and not is_hidden and name.isprintable():
                yield entry


def _shared_start(name: str, other: str) -> str:
    pairs = zip(name, other, strict=False)
    return "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False


class PathCandidates(LinesWidget):
    """The names that may follow, in columns, over the lines below the path."""

    DEFAULT_CSS = "PathCandidates { overlay: screen; height: auto; }"

    def __init__(
        self, found: PathCompletion, column: int, take: Callable[[str], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._take = take
        self._names, self._count = found.names, found.count
        self._taken = -1
        self._column = max(column - len(_LEAD), 0)
        self._most = _MOST_LINES

    def place(self, row: Region, room: Region) -> None:
        """Take the lines of `room` below the row; if they are too few, those above it."""
        below, above, self._most = room.bottom - row.bottom, row.y - room.y, _MOST_LINES
        lines = len(self._lines(row.width))
        is_above = lines > below and above > below
        self._most = max(min(lines, above if is_above else below), 1)
        self.styles.offset = (0, -self._most - row.height if is_above else 0)

    def take_next(self) -> str:
        """Mark the next name, or the first after the last one, and return it."""
        self._taken = (self._taken + 1) % len(self._names)
        self.repaint()
        return self._names[self._taken]

    def get_content_height(self, _container: Size, _viewport: Size, _width: int) -> int:
        """Return the number of lines."""
        return self._most

    def draw(self) -> list[Strip]:
        """Return the names, sorted downwards."""
        width = self.size.width
        return [make_strip(spans, width) for spans in self._lines(width)]

    async def on_click(self, event: Click) -> None:
        """Take the clicked name."""
        cell, down, shown = self._columns(self.size.width)
        column = (event.x - self._column - len(_LEAD)) // cell
        at = column * down + event.y
        if column >= 0 and event.y < down and at < len(shown):
            await self._take(shown[at])

    def _columns(self, width: int) -> tuple[int, int, tuple[str, ...]]:
        """Return the width and the lines of a column, and the names that are shown."""
        room = max(width - self._column - len(_LEAD), 1)
        cell = min(max(map(cell_len, self._names)) + _GAP, room)
        across = max(room // cell, 1)
        down = -(-len(self._names) // across)
        if down > self._most or self._count > len(self._names):
            down = min(down, self._most - 1)
        return cell, down, self._names[: across * down]

    def _lines(self, width: int) -> list[list[Span]]:
        """Return at most as many lines as there may be; the last shows how many names are left."""
        cell, down, shown = self._columns(width)
        lead: list[Span] = [(" " * self._column, PLAIN), (_LEAD, DIM)]
        lines = []
        for top in range(down):
            line = [*lead]
            for at in range(top, len(shown), down):
                name = truncate(shown[at], cell - _GAP)
                blanks = " " * (cell - cell_len(name))
                line += [(name, STRONG if at == self._taken else PLAIN), (blanks, PLAIN)]
            lines.append(line)
        if more := self._count - len(shown):
            lines.append([*lead, (f"… {more} more", DIM)])
        return lines


class PathEditor(LineEditor):
    """A text that may be a path; then Tab completes it, and lists what may follow.

    If Tab can complete nothing, it moves the focus as usual.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False),
        Binding("escape", "close_candidates", show=False),
    ]

    # The folder that a relative path starts from; None if the text is no path.
    base: Path | None = None
    # Tab on the way through a form must not change a value.
    completes_untouched = False
    _is_touched = False
    # The names that are listed, and the folder they are in, as it was typed.
    _candidates: PathCandidates | None = None
    _folder = ""
    # Where the row and the room for the list were when it opened.
    _placed: tuple[Region, Region] | None = None

    def on_mount(self) -> None:
        """Watch whether the list of candidates still stands below the path."""
        self.screen.screen_layout_refresh_signal.subscribe(
            self, lambda _screen: self._check_place()
        )

    async def on_event(self, event: Event) -> None:
        """Close the list before an event that may change the text."""
        is_other = isinstance(event, (Paste, Click))
        if is_other or (isinstance(event, Key) and event.key not in ("tab", "escape")):
            self._close_candidates()
        await super().on_event(event)

    def load(self, text: str) -> None:
        """Replace the text."""
        self._close_candidates()
        super().load(text)

    @property
    def room(self) -> Region:
        """The part of the screen that the list of candidates may cover."""
        return self.screen.region

    async def action_complete(self) -> None:
        """Complete the path, if it was typed here; while names are listed, take the next one."""
        is_meant = self._is_touched or self.completes_untouched
        if self._candidates is not None:
            self._take(self._folder + self._candidates.take_next())
        elif not (is_meant and self.text and await self._complete()):
            raise SkipAction

    async def list_candidates(self) -> None:
        """List what may follow the text, and change nothing."""
        text = self.text
        found = await complete_path(text, self.base) if self.base is not None else None
        # A key may have come in the meantime.
        if found is not None and found.names and self.has_focus and self.text == text:
            await self._list(found)

    async def _complete(self) -> bool:
        if self.base is None or self.is_fixed:
            return False
        found = await complete_path(self.text, self.base)
        if found is None:
            return False
        self._take(found.text)
        if found.count > 1:
            await self._list(found)
        return True

    def action_close_candidates(self) -> None:
        """Close the list of candidates."""
        if self._candidates is None:
            raise SkipAction
        self._close_candidates()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Close the list of candidates when the focus leaves."""
        self._is_touched = False
        self._close_candidates()
        super().watch_has_focus(has_focus)

    def _edit(self, change: Callable[[str], None], argument: str, left_out: str = "") -> None:
        self._is_touched = True
        super()._edit(change, argument, left_out)

    async def _take_clicked(self, name: str) -> None:
        """Take a listed name; in a folder, list what it holds."""
        path = self._folder + name
        self._close_candidates()
        self._take(path)
        if name.endswith("/"):
            await self.list_candidates()

    def _take(self, text: str) -> None:
        super()._edit(self._replace, text)

    def _replace(self, text: str) -> None:
        self._line.move("end")
        self._line.delete("start")
        self._line.insert(text)

    async def _list(self, found: PathCompletion) -> None:
        self._close_candidates()
        if self.is_attached:
            self._folder = self.text[: self.text.rfind("/") + 1]
            self._candidates = PathCandidates(found, self.value_at, self._take_clicked)
            self._placed = self.region, self.room
            self._candidates.place(*self._placed)
            await self.screen.mount(self._candidates, after=self)

    def _check_place(self) -> None:
        before, self._placed = self._placed, (self.region, self.room)
        if self._candidates is None or before == self._placed:
            return
        # A row that was folded away scrolls into view after its list has opened.
        if before is not None and before[1] == self.room and self.room.contains_region(self.region):
            self._candidates.place(*self._placed)
            self._candidates.refresh(layout=True)
        else:
            self._close_candidates()

    def _close_candidates(self) -> None:
        if self._candidates is not None:
            self._candidates.remove()
            self._candidates = None
