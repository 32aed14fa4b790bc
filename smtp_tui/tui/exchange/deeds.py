"""Settings of other programs, in and out of the form."""

from __future__ import annotations

from smtp_tui.interchange.known import format_named
from smtp_tui.records import record
from smtp_tui.tui.deeds import Deeds
from smtp_tui.tui.exchange.words import text
from smtp_tui.tui.keys.commands import key_of


@record
class Exchange:
    """Takes settings over, and hands them out."""

    deeds: Deeds

    async def bring_in(self) -> None:
        """Have a text pasted or read, and take over what it says, as one step."""
        from smtp_tui.tui.exchange.import_screen import ImportScreen

        form = self.deeds.form
        form.settle()
        proposal = await form.app.push_screen_wait(ImportScreen(form.draft))
        if proposal is None:
            return
        secret = proposal.secret.take(form.draft.password) if proposal.secret else None
        form.history.apply(form.draft, proposal.change, secret)
        self.deeds.show_change()
        title = format_named(proposal.imported.format).title
        names = {"format": title, "labels": proposal.labels, "key": key_of("undo")}
        self.deeds.words.say(text("import", "taken", **names))

    async def hand_out(self) -> None:
        """Show the settings as another program keeps them."""
        from smtp_tui.tui.exchange.export_screen import ExportScreen

        form = self.deeds.form
        form.settle()
        screen = ExportScreen(form.draft.values(), self.deeds.document.path)
        await form.app.push_screen_wait(screen)
