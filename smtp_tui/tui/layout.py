"""Compute the region of each part of the screen for any terminal size."""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import NULL_OFFSET, NULL_REGION, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from smtp_tui.records import record

FORM_WIDTH, SIDEBAR_WIDTH, GUTTER = 54, 40, 1
NARROW, LOW, WIDE = 80, 24, 100
BESIDE_THE_FORM = 12  # status, progress, verdict, hints, and a log of six lines
BESIDE_THE_VERDICT = 9  # status, progress, message, hints, and a log of five lines
HIGH, NOT_TINY = 32, 18
LEAST_TEST_PANE = 3  # progress, a line of the verdict, and a line for the key of a fix
MESSAGE = 3  # most lines of a message


@record
class LayoutRequest:
    """The rows that the form needs, and the lines that the message needs at a width.

    Where form and test pane take turns, `test_pane` selects the test pane. With `whole` they take
    turns at every size.
    """

    form: int
    message: Callable[[int], int]
    test_pane: bool = False
    whole: bool = False


def is_low(size: Size) -> bool:
    """Whether form and test pane must take turns."""
    return size.height < LOW


def lacks_sidebar(size: Size) -> bool:
    """Whether a sidebar has no room, or room for a few lines only."""
    return size.width < NARROW or size.height < NOT_TINY


def compute_layout(size: Size, wants: LayoutRequest) -> dict[str, Region]:
    """Return the region of each part, by widget id; empty if it is not shown."""
    width, height = size
    side = SIDEBAR_WIDTH if width >= WIDE else 0
    left = width - side - GUTTER - 1 if side else width
    message_lines = min(wants.message(left), max(height - 6, 1))
    body = Region(0, 1, left, max(height - 2 - message_lines, 0))
    form, test_pane = _split_body(body, size, wants)
    form, divider, sidebar = _split_form(form, size, wants)
    if side:
        divider = Region(left + GUTTER, 1, 1, max(height - 2, 0))
        sidebar = Region(divider.right, 1, side, max(height - 2, 0))
    return {
        "status": Region(0, 0, width, 1),
        "form": form,
        "divider": divider,
        "sidebar": sidebar,
        "test_pane": test_pane,
        "message": Region(0, body.bottom, left, message_lines),
        "hints": Region(0, height - 1, width, 1),
    }


def verdict_lines(size: Size, wants: LayoutRequest) -> int:
    """Return how many lines the verdict may take next to the other visible parts."""
    if wants.whole:
        return max(size.height - BESIDE_THE_VERDICT, 3)
    if is_low(size) and not wants.test_pane:
        message = MESSAGE if lacks_sidebar(size) else 1
        return max(size.height - 2 - message - wants.form - LEAST_TEST_PANE + 1, 1)
    has_room = size.height >= HIGH or NOT_TINY <= size.height < LOW
    return 5 if has_room else 3


def _split_body(body: Region, size: Size, wants: LayoutRequest) -> tuple[Region, Region]:
    """Split the body into form and test pane; without room for both, one is empty."""
    if is_low(size) or wants.whole:
        if wants.test_pane:
            return NULL_REGION, body
        if body.height - wants.form >= LEAST_TEST_PANE:
            return body.split_horizontal(wants.form)
        return body, NULL_REGION
    rows = min(wants.form, max(size.height - BESIDE_THE_FORM, 1))
    top, bottom = body.split_horizontal(min(rows, body.height))
    return top, bottom


def _split_form(form: Region, size: Size, wants: LayoutRequest) -> tuple[Region, Region, Region]:
    """Split the form's region into form, divider and, on a medium width, sidebar."""
    if not form or size.width >= WIDE:
        return form, NULL_REGION, NULL_REGION
    if size.width < NARROW:
        overflows = wants.form > form.height
        rows, divider = form.split_vertical(form.width - 1) if overflows else (form, NULL_REGION)
        return rows, divider, NULL_REGION
    rows, rest = form.split_vertical(FORM_WIDTH)
    divider, sidebar = rest.split_vertical(GUTTER)[1].split_vertical(1)
    return rows, divider, sidebar


class ScreenLayout(Layout):
    """A Textual layout that places each child by `compute_layout`."""

    # CSS has no arithmetic such as `max-height: 100h - 12`, so Python computes the heights in any
    # case. Each region is final, so one pass is enough.
    name = "computed"

    def __init__(self, wants: Callable[[], LayoutRequest]) -> None:
        self._wants = wants

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children whose region is not empty."""
        del parent, greedy
        regions = compute_layout(size, self._wants())
        placed = [(child, regions[child.id or ""]) for child in children]
        return [
            WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, child)
            for child, region in placed
            if region
        ]
