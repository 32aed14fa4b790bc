"""A layout that asks its screen where everything stands, in place of rules that negotiate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget


class Arranges(Protocol):
    """A widget that knows where its children stand."""

    def regions(self, size: Size) -> Mapping[Widget, Region]:
        """Return each child's region in a size; an empty one hides it."""


class AsTheScreenSays(Layout):
    """Puts each child where its parent says."""

    name = "as-the-screen-says"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children; each place is final, so one pass is enough."""
        del greedy
        regions = cast(Arranges, parent).regions(size)
        return [
            WidgetPlacement(regions[child], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if regions[child]
        ]
