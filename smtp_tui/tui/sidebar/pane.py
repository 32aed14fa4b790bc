"""The sidebar: what there is to say about the thing under the cursor."""

from __future__ import annotations

from smtp_tui.tui.sidebar.page import Page


class Sidebar(Page):
    """A page that the form's keys scroll; the focus never comes here."""

    DEFAULT_CSS = "Sidebar { height: 100%; }"

    def page(self, pages: int) -> None:
        """Scroll by what is in sight."""
        self.scroll_to(y=self.scroll_offset.y + pages * max(self.size.height - 1, 1), animate=False)
