"""Settings of other programs, in and out of the form."""

from __future__ import annotations

from smtp_tui.interchange.spec import format_named
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.export_settings import ExportScreen
from smtp_tui.tui.dialogs.import_settings import ImportScreen
from smtp_tui.tui.messages import text


class ImportExportController(Controller):
    """Imports settings of other programs, and exports the form's for them."""

    async def import_settings(self) -> None:
        """Have a text pasted or read, and take over what it says, as one step."""
        self.form.commit_edit()
        plan = await self.show_dialog(ImportScreen(self.draft))
        if plan is None:
            return
        password = plan.secret.take(self.draft.password) if plan.secret else None
        self.form.history.apply(self.draft, plan.change, password)
        title = format_named(plan.imported.format).title
        names = {"format": title, "labels": plan.labels, "key": key_of("undo")}
        self.show_change()
        self.show_message(text("import", "taken", **names))

    async def export_settings(self) -> None:
        """Show the settings as another program keeps them."""
        self.form.commit_edit()
        await self.show_dialog(ExportScreen(self.draft.values(), self.document.path))
