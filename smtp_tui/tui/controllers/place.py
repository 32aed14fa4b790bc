"""Choose where tests run."""

from __future__ import annotations

from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.test_from import TestFromDialog
from smtp_tui.tui.messages import text


class PlaceController(Controller):
    """Lets the admin test from where the application runs."""

    async def choose(self) -> None:
        """List the places, and use the chosen one for all tests of this session."""
        session = self.context.session
        answer = await self.show_dialog(TestFromDialog(session.place))
        if answer is None:
            return
        session.place = answer.place
        place = answer.place
        if place is None:
            self.show_message(text("place", "chosen-here"))
        else:
            self.show_message(text("place", "chosen", place=place.title, test=key_of("test")))
