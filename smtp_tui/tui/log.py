"""The log: the dialogue line by line, tens of thousands of them without a widget for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.ink import ACCENT, DIM, PLAIN, WARNING, strip_of

BEAT = 0.1
MOST = 20_000
CUT = "…"

_INKS: dict[Mark, Style] = {
    Mark.SENT: ACCENT,
    Mark.RECEIVED: PLAIN,
    Mark.FACT: DIM,
    Mark.WARNING: WARNING,
}


@dataclass(frozen=True, slots=True)
class Separator:
    """Where a test begins."""

    text: str


Entry = Line | Separator


class Log(ScrollView, can_focus=True):
    """Lines as they happen; follows the end only while it stands at the end."""

    DEFAULT_CSS = """
    Log {
        scrollbar-size: 0 0;
        overflow: auto scroll;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "ends(-1)", show=False),
        Binding("end", "ends(1)", show=False),
        Binding("left", "aside(-8)", show=False),
        Binding("right", "aside(8)", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The view moved: so many lines are below it."""

        below: int

    class Visited(Message):
        """The focus came here."""

    class Left(Message):
        """The focus went elsewhere."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[Entry] = []
        self._waiting: list[Entry] = []
        self._widest = 0
        self._shown_at = 0.0
        self._is_due = False
        self._follows = True

    @property
    def entries(self) -> Sequence[Entry]:
        """All lines, those included that are shown with the next beat."""
        return (*self._entries, *self._waiting)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take lines; shown at once, or with the next of ten beats a second."""
        self._waiting.extend(entries)
        if self._is_due or not self._waiting:
            return
        wait = BEAT - (monotonic() - self._shown_at)
        if wait <= 0:
            self._show_waiting()
        else:
            self._is_due = True
            self.set_timer(wait, self._show_waiting)

    def catch_up(self) -> None:
        """Show now what waits for the next beat: nothing more will come."""
        if self._waiting:
            self._show_waiting()

    def begin(self, title: str) -> None:
        """Separate a new test from what stands above, and follow it."""
        self._follows = True
        self.add([Separator(visible(title))])

    def render_line(self, y: int) -> Strip:
        """Return a line of the view, with a sign where it is cut."""
        left, top = self.scroll_offset
        number, width = top + y, self.size.width
        if number >= len(self._entries):
            return Strip.blank(width, PLAIN)
        entry = self._entries[number]
        if isinstance(entry, Separator):
            rule = "─" * max(width - cell_len(entry.text) - 5, 2)
            return strip_of([("── ", DIM), (entry.text, PLAIN), (f" {rule}", DIM)], width)
        ink = _INKS[entry.mark]
        head, text = f"{entry.seconds:8.3f} ", f"{entry.mark} {entry.text}"
        whole = cell_len(head) + cell_len(text)
        strip = strip_of([(head, DIM), (text, ink)], max(whole, left + width)).crop(
            left, left + width
        )
        if whole > left + width:
            strip = Strip([*strip.crop(0, width - 1), *strip_of([(CUT, DIM)], 1)])
        return strip

    def watch_has_focus(self, has_focus: bool) -> None:
        """Tell that the log is visited, or left."""
        super().watch_has_focus(has_focus)
        self.post_message(self.Visited() if has_focus else self.Left())

    def on_resize(self) -> None:
        """Stay at the end where it was followed."""
        self._fit()
        self.call_after_refresh(self._fit)

    def action_go(self, lines: int) -> None:
        """Move up or down."""
        self._move(self.scroll_offset.y + lines)

    def action_page(self, pages: int) -> None:
        """Move by what is in sight."""
        self._move(self.scroll_offset.y + pages * max(self.size.height - 1, 1))

    def action_ends(self, way: int) -> None:
        """Go to the first line or to the last, and to the beginning of it."""
        self.scroll_to(x=0, animate=False, immediate=True)
        self._move(0 if way < 0 else len(self._entries))

    def action_aside(self, columns: int) -> None:
        """Read on in long lines."""
        self.scroll_to(x=max(self.scroll_offset.x + columns, 0), animate=False, immediate=True)

    @property
    def _last_top(self) -> int:
        return max(len(self._entries) - self.size.height, 0)

    def _move(self, top: int) -> None:
        top = min(max(top, 0), self._last_top)
        self._follows = top == self._last_top
        self.scroll_to(y=top, animate=False, immediate=True)
        self.post_message(self.Moved(self._last_top - top))

    def _show_waiting(self) -> None:
        self._is_due = False
        self._shown_at = monotonic()
        first = len(self._entries)
        self._entries.extend(self._waiting)
        self._waiting.clear()
        self._widest = max(self._widest, *(_width(entry) for entry in self._entries[first:]), 0)
        dropped = self._drop_oldest()
        self._fit()
        if self._follows:
            self.refresh()
            return
        self.scroll_to(y=max(self.scroll_offset.y - dropped, 0), animate=False, immediate=True)
        self.post_message(self.Moved(self._last_top - self.scroll_offset.y))
        if dropped or first < self.scroll_offset.y + self.size.height:
            self.refresh()

    def _drop_oldest(self) -> int:
        if len(self._entries) <= MOST:
            return 0
        dropped = len(self._entries) - MOST + MOST // 10
        del self._entries[:dropped]
        return dropped

    def _fit(self) -> None:
        self.virtual_size = Size(max(self._widest, self.size.width), len(self._entries))
        if self._follows:
            self.scroll_to(y=self._last_top, animate=False, immediate=True)
            self.post_message(self.Moved(0))


def _width(entry: Entry) -> int:
    return 0 if isinstance(entry, Separator) else 12 + cell_len(entry.text)
