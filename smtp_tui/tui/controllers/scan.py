"""Find the SMTP settings on this machine, and open or import one of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.safe_text import escape_controls
from smtp_tui.survey.scan import ScanPlace
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.save import SaveController
from smtp_tui.tui.dialogs.scan import ScanScreen
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.machine_settings import import_found, open_place, table_of
from smtp_tui.tui.style import BAD


class ScanController(Controller):
    """Lists the settings on this machine; the chosen ones replace the form, or change it."""

    async def find(self) -> None:
        """List the settings; open the chosen file, or import what smtp-tui cannot change."""
        self.form.commit_edit()
        if self.test_pane.lookup.is_alone:
            self.show_message(text("scan", "alone"))
            return
        found = await self.show_dialog(ScanScreen(self.document.path.name))
        if found is None:
            return
        if found.document:
            await self._open(found.document)
            return
        done = import_found(found, self.draft, self.form.history)
        self.show_change()
        self.show_message(done)

    async def _open(self, place: ScanPlace) -> None:
        path = Path(place.name)
        if (path, table_of(place, self.document)) == (self.document.path, self.table):
            return
        if not await SaveController(self.context).may_leave(f"open {escape_controls(path.name)}"):
            return
        try:
            document, table = await in_daemon_thread(partial(open_place, place))
        except DocumentError as error:
            self.show_message(as_sentence(escape_controls(str(error))), BAD)
            return
        self.test_pane.stop()
        notice = text("scan", "opened", place=escape_controls(str(place)))
        self.screen.open_table(table, document, notice)
