"""Where each part of the screen stands, for any size of terminal."""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import NULL_OFFSET, NULL_REGION, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from smtp_tui.records import record

FORM_WIDTH, SIDEBAR_WIDTH, GUTTER = 54, 40, 1
NARROW, LOW, WIDE = 80, 24, 100
BESIDE_THE_FORM = 12  # status, strip, verdict, hints, and a log of six lines
BESIDE_THE_VERDICT = 9  # status, strip, message, hints, and a log of five lines
HIGH, NOT_TINY = 32, 18
LEAST_TEST_PANE = 3  # the strip, a line of the verdict, and one for the key that helps
MESSAGE = 3  # lines of a message, at most


@record
class LayoutRequest:
    """What the parts would like: rows of the form, lines of the message for a width.

    `test_pane` says whose turn it is where form and test pane take turns; with `whole` they do
    everywhere.
    """

    form: int
    message: Callable[[int], int]
    test_pane: bool = False
    whole: bool = False


def is_low(size: Size) -> bool:
    """Whether form and log must take turns."""
    return size.height < LOW


def lacks_sidebar(size: Size) -> bool:
    """Whether there is no room for a sidebar, or for a few lines of it only."""
    return size.width < NARROW or size.height < NOT_TINY


def compute_layout(size: Size, wants: LayoutRequest) -> dict[str, Region]:
    """Return the region of each part by its id; an empty one is not shown."""
    width, height = size
    side = SIDEBAR_WIDTH if width >= WIDE else 0
    left = width - side - GUTTER - 1 if side else width
    message_lines = min(wants.message(left), max(height - 6, 1))
    body = Region(0, 1, left, max(height - 2 - message_lines, 0))
    form, test_pane = _share(body, size, wants)
    form, divider, sidebar = _beside(form, size, wants)
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
    """Return how many lines the verdict may take beside what else must be in sight."""
    if wants.whole:
        return max(size.height - BESIDE_THE_VERDICT, 3)
    if is_low(size) and not wants.test_pane:
        message = MESSAGE if lacks_sidebar(size) else 1
        return max(size.height - 2 - message - wants.form - LEAST_TEST_PANE + 1, 1)
    has_room = size.height >= HIGH or NOT_TINY <= size.height < LOW
    return 5 if has_room else 3


def _share(body: Region, size: Size, wants: LayoutRequest) -> tuple[Region, Region]:
    """Give form and test pane their heights; where they take turns, the pane what is left."""
    if is_low(size) or wants.whole:
        if wants.test_pane:
            return NULL_REGION, body
        if body.height - wants.form >= LEAST_TEST_PANE:
            return body.split_horizontal(wants.form)
        return body, NULL_REGION
    rows = min(wants.form, max(size.height - BESIDE_THE_FORM, 1))
    top, bottom = body.split_horizontal(min(rows, body.height))
    return top, bottom


def _beside(form: Region, size: Size, wants: LayoutRequest) -> tuple[Region, Region, Region]:
    """Divide the form's part between form and sidebar, where that is the sidebar's place."""
    if not form or size.width >= WIDE:
        return form, NULL_REGION, NULL_REGION
    if size.width < NARROW:
        overflows = wants.form > form.height
        rows, divider = form.split_vertical(form.width - 1) if overflows else (form, NULL_REGION)
        return rows, divider, NULL_REGION
    rows, rest = form.split_vertical(FORM_WIDTH)
    divider, sidebar = rest.split_vertical(GUTTER)[1].split_vertical(1)
    return rows, divider, sidebar


class ComputedLayout(Layout):
    """Puts each child where `compute_layout` says, for what the parts want at that moment."""

    # CSS has no arithmetic: `max-height: 100h - 12` cannot be said, so the heights are computed in
    # Python in any case. Each place is final, so one pass is enough.
    name = "computed"

    def __init__(self, wants: Callable[[], LayoutRequest]) -> None:
        self._wants = wants

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children that have a region."""
        del parent, greedy
        regions = compute_layout(size, self._wants())
        placed = [(child, regions[child.id or ""]) for child in children]
        return [
            WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, child)
            for child, region in placed
            if region
        ]
