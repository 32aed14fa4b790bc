"""How screens and widgets come into sight: by one layout and one picture.

Textual lays out and paints what appears up to three times, and sends each picture whole.
"""

from __future__ import annotations

from typing import Any, Self, cast

from textual.events import Resize, ScreenResume
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class NoRepaintOnResize:
    """Inherited before a widget: to learn its size is no reason to be laid out and painted anew.

    Nor is it that there is more than fits: no scrollbar takes any room here.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)
    show_vertical_scrollbar: Reactive[bool] = Reactive(False, repaint=False)
    show_horizontal_scrollbar: Reactive[bool] = Reactive(False, repaint=False)


class PaintOnceScreen(NoRepaintOnResize):
    """Inherited before a screen: it appears as after a change of size, which paints it once.

    Whoever comes back is where he was, and is painted alone. A step of the focus, or parts that
    were put in or moved, paint what they changed; the stock screen paints itself whole.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Come into sight in place of what the stock screen does for it."""
        event.prevent_default()
        screen = cast(Screen[Any], self)
        is_new, size = not screen.stack_updates, screen.app.size
        screen.stack_updates += 1
        if is_new or screen.outer_size != size:
            screen.post_message(Resize(size, size))
        if not is_new:
            screen.refresh()

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Ask to be painted, or laid out: that paints what it moved."""
        stock = cast(Screen[Any], super())
        stock.refresh(*regions, repaint=repaint and not layout, layout=layout, recompose=recompose)
        return self
