"""The list of places where tests can run, filled while it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.binding import BindingType

from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import with_help
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.check_request import ChosenPlace, typed_process
from smtp_tui.tui.model.test_place import FoundPlaces, find_places
from smtp_tui.tui.style import CAUTION, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.widgets.dialog import TAKE, Dialog
from smtp_tui.tui.widgets.filtered_list import FilteredList
from smtp_tui.tui.widgets.list import ListView, column_widths, fit_cells
from smtp_tui.tui.widgets.text_page import TextPage, plain

# Seconds to wait for docker, podman and systemd, which are asked one after the other.
_PATIENCE = 30.0
_LEAST = (20, 20)


@record
class PlaceRow:
    """A row of the list; its place is None for this program's own shell."""

    place: ChosenPlace | None

    @property
    def cells(self) -> tuple[str, str]:
        """What it is, and what tells it from others."""
        if self.place is None:
            return text("place", "here"), text("place", "here-about")
        return escape_controls(self.place.title), escape_controls(self.place.about)


HERE = PlaceRow(None)


class PlaceList(ListView[PlaceRow], can_focus=False):
    """The places with what is known of them; the current one is marked."""

    def __init__(self, rows: Iterable[PlaceRow], current: PlaceRow) -> None:
        super().__init__(rows)
        self._current = current

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield each place in two columns."""
        cells = [self._cells(row) for row in self.rows]
        widths = column_widths(cells or [("", "")], width, _LEAST)
        for row, texts in zip(self.rows, cells, strict=True):
            style = STRONG if _is_same(row, self._current) else PLAIN
            yield (list(zip(fit_cells(texts, *widths), (style, DIM), strict=True)),)

    def _cells(self, row: PlaceRow) -> tuple[str, str]:
        name, about = row.cells
        return f"‹{name}›" if _is_same(row, self._current) else f" {name} ", about


class PlaceFilter(FilteredList[PlaceRow]):
    """Finds places by their names, and any process by its number."""

    def found(self, text: str) -> tuple[PlaceRow, ...]:
        """Return the rows that match, and the process of a typed number last."""
        found = super().found(text)
        typed = typed_process(text, (row.place for row in found if row.place))
        return (*found, *map(PlaceRow, typed))


class TestFromDialog(Dialog[PlaceRow | None]):
    """Asks where tests run; returns a row, or None to go back."""

    __test__ = False  # not a test, whatever pytest takes it for
    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        ("escape", "leave"),
        ("shift+tab", "go(-1)"),
        ("tab", "go(1)"),
    ]

    def __init__(self, current: ChosenPlace | None) -> None:
        self._current = PlaceRow(current)
        rows = [HERE] if current is None else [HERE, self._current]
        self._list = PlaceFilter(
            PlaceList(rows, self._current),
            lambda row: row.place.searched if row.place else " ".join(row.cells),
            placeholder=text("place", "placeholder"),
            is_steady=False,
        )
        self._note = TextPage([plain(text("place", "searching"), DIM)])
        take, choose, back = (text("hints", name) for name in ("take", "choose", "back"))
        hints = with_help((("Enter", take), ("Up Down", choose), ("Esc", back)))
        head = TextPage([plain(text("place", "title"), STRONG)])
        super().__init__(head, self._list, self._note, hints=hints, flexible=self._list)

    def on_mount(self) -> None:
        """Choose the place in force, and look for the others."""
        self._list.choose(self._current)
        self.run_worker(self._fill(), exclusive=True, exit_on_error=False)

    def on_resize(self) -> None:
        """Leave space for the note below the list."""
        super().on_resize()
        self._list.limit(max(self.size.height - 6 - self._note.line_count(self.size.width - 2), 1))

    def action_take(self) -> None:
        """Return the chosen row."""
        if (row := self._list.chosen) is not None:
            self.dismiss(row)

    def action_go(self, by: int) -> None:
        """Move by rows."""
        self._list.action_go(by)

    async def _fill(self) -> None:
        try:
            found = await in_daemon_thread(find_places, _PATIENCE)
        except (TimeoutError, OSError):
            found = FoundPlaces((), (f"The search took more than {_PATIENCE:g} s.",))
        rows = [PlaceRow(place) for place in found.places]
        # Another process may be listed with the name of the place in force.
        mine = next((row for row in rows if _is_same(row, self._current)), None)
        before = [HERE] if mine or self._current == HERE else [HERE, self._current]
        self._list.replace([*before, *rows])
        blocks = [plain(escape_controls(problem), CAUTION, gap=False) for problem in found.problems]
        self._note.show([*blocks, plain(text("place", "help"), DIM, gap=False)])
        self.on_resize()


def _is_same(row: PlaceRow, other: PlaceRow) -> bool:
    if row.place is None or other.place is None:
        return row.place is other.place
    return (row.place.kind, row.place.word) == (other.place.kind, other.place.word)
