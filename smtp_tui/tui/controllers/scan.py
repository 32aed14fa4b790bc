"""Find the SMTP settings on this machine, and open or import one of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.interchange.compose.settings import open_compose
from smtp_tui.interchange.spec import Imported
from smtp_tui.safe_text import escape_controls
from smtp_tui.survey.scan import FoundSettings, ScanPlace
from smtp_tui.survey.settings_file import YAML
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.save import SaveController
from smtp_tui.tui.dialogs.scan import ScanScreen
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import HOST
from smtp_tui.tui.model.fixes import format_value
from smtp_tui.tui.model.settings_changes import import_plan
from smtp_tui.tui.style import BAD


class ScanController(Controller):
    """Lists the settings on this machine; the chosen ones replace the form, or change it."""

    async def find(self) -> None:
        """List the settings; open the chosen file, or import what is no file of smtp-tui's."""
        self.form.commit_edit()
        if self.test_pane.lookup.is_alone:
            self.show_message(text("scan", "alone"))
            return
        found = await self.show_dialog(ScanScreen(self.document.path.name))
        if found is None:
            return
        if place := found.document:
            await self._open(place)
        elif imported := found.found.imported:
            self._import(imported, found)

    async def _open(self, place: ScanPlace) -> None:
        path, shown = Path(place.name), escape_controls(str(place))
        if (path, place.table) == (self.document.path, self.table):
            return
        if not await SaveController(self.context).may_leave(f"open {escape_controls(path.name)}"):
            return
        opens = open_compose if path.suffix.casefold() in YAML else Document.open
        try:
            document = await in_daemon_thread(partial(opens, path))
            document.values(place.table)  # it may have changed since it was found
        except DocumentError as error:
            self.show_message(as_sentence(escape_controls(str(error))), BAD)
            return
        self.test_pane.stop()
        self.screen.open_table(place.table, document, text("scan", "opened", place=shown))

    def _import(self, imported: Imported, found: FoundSettings) -> None:
        """Import settings as one undo step."""
        plan = import_plan(imported, self.draft)
        if plan.is_empty:
            self.show_message(text("import", "same"))
            return
        password = partial(plan.secret.put_into, self.draft.password) if plan.secret else None
        self.form.history.apply(self.draft, plan.change, password)
        self.show_change()
        place = escape_controls(str(found.places[0]))
        names = {"place": place, "labels": plan.labels, "key": key_of("undo")}
        lines = [text("scan", "imported", **names)]
        if plan.leaks:
            lines.append(text("scan", "leaks", host=format_value(HOST, plan.change[HOST])))
        self.show_message(" ".join(lines))
