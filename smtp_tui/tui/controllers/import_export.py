"""Settings of other programs, in and out of the form."""

from __future__ import annotations

from smtp_tui.interchange.spec import format_named
from smtp_tui.records import record
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.messages import text


@record
class ImportExportController:
    """Takes settings over, and hands them out."""

    context: FormController

    async def bring_in(self) -> None:
        """Have a text pasted or read, and take over what it says, as one step."""
        from smtp_tui.tui.dialogs.import_settings import ImportScreen

        form = self.context.form
        form.commit_edit()
        proposal = await form.app.push_screen_wait(ImportScreen(form.draft))
        if proposal is None:
            return
        secret = proposal.secret.take(form.draft.password) if proposal.secret else None
        form.history.apply(form.draft, proposal.change, secret)
        self.context.show_change()
        title = format_named(proposal.imported.format).title
        names = {"format": title, "labels": proposal.labels, "key": key_of("undo")}
        self.context.sidebar.show_message(text("import", "taken", **names))

    async def hand_out(self) -> None:
        """Show the settings as another program keeps them."""
        from smtp_tui.tui.dialogs.export_settings import ExportScreen

        form = self.context.form
        form.commit_edit()
        screen = ExportScreen(form.draft.values(), self.context.document.path)
        await form.app.push_screen_wait(screen)
