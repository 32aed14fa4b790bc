"""Compute the region of each part of the screen for any terminal size."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.geometry import NULL_OFFSET, NULL_SPACING, Offset, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from smtp_tui.records import record

# Below NARROW columns there is no sidebar; from WIDE on, it has the whole height. Once form and log
# have FORM_AND_LOG columns, it grows to WIDEST_SIDEBAR, beyond which lines are hard to read.
NARROW, WIDE, FORM_AND_LOG = 80, 100, 84
FORM_WIDTH, SIDEBAR_WIDTH, WIDEST_SIDEBAR, GUTTER = 54, 40, 64, 1
LOW, HIGH, NOT_TINY = 24, 32, 18
EDGES = 2  # title and key hints
MESSAGE = 4  # most lines of a message
LEAST_LOG, LEAST_EXPLANATION = 5, 8
# On a medium width each Tab repaints the explanation: more rows take time on a slow line.
MOST_EXPLANATION = 12
LEAST_NEXT = 8  # rows below the form that are enough for next steps with long remarks
# The rows that a form keeps while the log grows. With a sidebar they are more: its rows next to the
# form disappear and return with the form's, which takes time on a slow line.
LEAST_FORM, LEAST_FORM_WITH_SIDEBAR = 4, 8
LEAST_VERDICT = 2  # what happened, and what to do
LOG_BELOW_ALL_ROWS = 6  # lines of the log that a form with all rows must leave

LineCount = Callable[[int], int]
"""The number of lines that a text needs at a width."""


def no_lines(_width: int) -> int:
    """Return the lines of a part that is not there."""
    return 0


@record(kw_only=True)
class LayoutRequest:
    """The rows of form and log, and the lines that the texts need.

    Before the first test the rows of the log belong to the form and the next steps. With the focus
    the log takes rows from the form, or all of them on a low screen.
    """

    form: int
    message: LineCount = no_lines
    next_steps: LineCount = no_lines
    log: int = 0
    verdict: LineCount = no_lines
    has_tested: bool = True
    log_focused: bool = False


def is_low(size: Size) -> bool:
    """Whether the form and more than a few lines of the log must take turns."""
    return size.height < LOW


def lacks_sidebar(size: Size) -> bool:
    """Whether a sidebar has no room, or room for a few lines only."""
    return size.width < NARROW or size.height < NOT_TINY


def fits_all_rows(size: Size, rows: int, *, has_tested: bool) -> bool:
    """Whether a form with all its rows leaves enough room for what stands below it."""
    below = 0 if size.width >= NARROW else LEAST_EXPLANATION
    if has_tested:
        below = 1 + LOG_BELOW_ALL_ROWS + _usual_verdict(size)
    return not is_low(size) and size.height - EDGES >= rows + below


def compute_layout(size: Size, wants: LayoutRequest) -> dict[str, Region]:
    """Return the region of each part that is shown, by widget id."""
    width, height = size
    side, form_width = _columns(width)
    left = form_width if width >= WIDE else width
    body = Region(0, 1, left, max(height - EDGES, 0))
    message = min(wants.message(left), max(height - 6, 1), body.height)
    split = _with_test_pane if wants.has_tested else _with_next_steps
    regions = split(size, body, message, wants)
    form = regions.pop("form", Region())
    # On a medium width the sidebar stands next to the form, and has more rows only before a test.
    column = regions.pop("column", Region(0, 1, 0, body.height if width >= WIDE else form.height))
    if side:
        at = width - side
        regions["divider"] = Region(at - 1, 1, 1, column.height)
        beside = regions.get("next")
        rows = beside.y - 2 if beside and beside.x == at else column.height
        regions["sidebar"] = Region(at, 1, side, rows)
    elif wants.form > form.height:
        regions["divider"] = Region(width - 1, 1, 1, form.height)
        form_width -= 1
    regions |= {
        "status": Region(0, 0, width, 1),
        "form": Region(0, 1, form_width, form.height),
        "message": Region(0, body.bottom - message, left, message),
        "hints": Region(0, height - 1, width, 1),
    }
    return {name: region for name, region in regions.items() if region}


def _columns(width: int) -> tuple[int, int]:
    """Return the columns of sidebar and form; without a sidebar 0 and the whole width."""
    if width < NARROW:
        return 0, width
    if width < WIDE:
        return width - FORM_WIDTH - GUTTER - 1, FORM_WIDTH
    side = min(max(width - FORM_AND_LOG, SIDEBAR_WIDTH), WIDEST_SIDEBAR)
    return side, width - side - GUTTER - 1


def _with_next_steps(
    size: Size, body: Region, message: int, wants: LayoutRequest
) -> dict[str, Region]:
    """Split the body before the first test: next steps below the form, or the explanation."""
    side, width = _columns(size.width)
    form = body.split_horizontal(min(wants.form, body.height - message))[0]
    has_column, is_wide = side > 0 and not is_low(size), size.width >= WIDE
    across = width if has_column and is_wide else body.width
    steps, below = wants.next_steps(across), body.height - form.height - 1
    if has_column and below < min(steps, LEAST_NEXT):
        return {"form": form, **_next_beside_form(size, body, message, wants)}
    column = form.height
    if has_column and not is_wide:
        column += max(min(MOST_EXPLANATION - column, below - steps), 0)
    top = body.y + column + (1 if has_column or below >= steps else 0)
    regions = {"form": form, "next": Region(0, top, across, max(body.bottom - message - top, 0))}
    return regions if is_wide else {**regions, "column": Region(0, 1, 0, column)}


def _next_beside_form(
    size: Size, body: Region, message: int, wants: LayoutRequest
) -> dict[str, Region]:
    """Place the next steps below the explanation, next to a form that needs nearly all rows."""
    side, _ = _columns(size.width)
    lines = min(wants.next_steps(side), body.height - 1 - LEAST_EXPLANATION)
    if size.width >= WIDE:
        return {"next": Region(size.width - side, body.bottom - lines, side, lines)}
    # Where lines are slow, each row of the explanation counts.
    top = body.bottom - max(lines, body.height - 1 - MOST_EXPLANATION)
    # A message, which spans both columns on a medium width, covers the end of the steps.
    steps = Region(size.width - side, top, side, max(body.bottom - message - top, 0))
    return {"next": steps, "column": Region(0, 1, 0, body.height - message)}


def _with_test_pane(
    size: Size, body: Region, message: int, wants: LayoutRequest
) -> dict[str, Region]:
    """Split the body into form and test pane."""
    if not is_low(size):
        most = body.height - 1 - LEAST_LOG - _usual_verdict(size)
        form, pane = body.split_horizontal(min(wants.form, most))
        regions = _split_pane(size, pane, message, wants)
        if wants.log_focused:
            missing = max(wants.log - regions["log"].height, 0)
            least = LEAST_FORM_WITH_SIDEBAR if NARROW <= size.width < WIDE else LEAST_FORM
            rows = max(form.height - missing, min(form.height, least))
            form, pane = body.split_horizontal(rows)
    elif wants.log_focused:
        form, pane = Region(), body
    else:
        least = 1 + max(LEAST_VERDICT, message + 1)  # with the progress line
        rows = max(body.height - least, min(body.height, 1))
        form, pane = body.split_horizontal(min(wants.form, rows))
    return {"form": form, **_split_pane(size, pane, message, wants)}


def _split_pane(size: Size, pane: Region, message: int, wants: LayoutRequest) -> dict[str, Region]:
    """Split the test pane; rows that the log leaves blank are lent to the verdict."""
    strip, rest = pane.split_horizontal(1)
    needed = wants.verdict(pane.width)
    # Below the form of a low screen there is no room to read the log.
    is_short = is_low(size) and not wants.log_focused
    most = max(_usual_verdict(size), rest.height - (0 if is_short else wants.log))
    # A message covers the verdict's end and moves nothing, if two lines of the verdict stay.
    rows = min(needed + message, most)
    rows = max(rows, LEAST_VERDICT + 1, message + min(needed, LEAST_VERDICT))
    log, verdict = rest.split_horizontal(max(rest.height - rows, 0))
    verdict = verdict.split_horizontal(max(verdict.height - message, 0))[0]
    shown = strip.union(log).union(verdict)
    return {"test_pane": shown, "strip": strip, "log": log, "verdict": verdict}


def _usual_verdict(size: Size) -> int:
    """Return the lines that a verdict may take from the log."""
    return 6 if size.height >= HIGH else 4


class ComputedLayout(Layout):
    """A Textual layout that places children by their regions on the screen."""

    # CSS has no arithmetic such as `max-height: 100h - 12`, so Python computes the heights in any
    # case. Each region is final, so one pass is enough.
    name = "computed"

    def __init__(self, regions: Callable[[Size], dict[str, Region]], part: str = "") -> None:
        self._regions = regions
        # The part whose children these are; "" for the screen.
        self._part = part

    def arrange(
        self, parent: Widget, children: Iterable[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children that have a region."""
        del parent, greedy
        regions = self._regions(size)
        origin = regions[self._part].offset if self._part in regions else Offset(0, 0)
        return [
            WidgetPlacement(regions[name].translate(-origin), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if (name := child.id or "") in regions
        ]


class PlacedByScreen:
    """A mixin before a widget class: the screen's layout places the children."""

    computed_layout: ComputedLayout

    @property
    def layout(self) -> Layout:
        """The layout by `compute_layout`; Textual CSS cannot express it."""
        return self.computed_layout
