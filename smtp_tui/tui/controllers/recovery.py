"""Keep unsaved changes of a form that ends unexpectedly, and offer them at the next start."""

from __future__ import annotations

import time

from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.model.recovery import (
    DISCARD,
    discard_recovery,
    keep_changes,
    kept_changes,
    recovery_question,
    restore_changes,
)
from smtp_tui.tui.style import CAUTION
from smtp_tui.tui.widgets.dialog import choose, confirm
from smtp_tui.tui.widgets.text_page import plain


class CrashRecovery(Controller):
    """Keeps unsaved changes for the next session, and offers kept ones."""

    def keep_changes(self) -> bool:
        """Keep unsaved changes, if any; return whether they were kept."""
        return keep_changes(self.draft, self.document.path, self.table)

    async def offer(self) -> None:
        """Ask whether to restore or discard kept changes that the file does not have yet."""
        new_draft = self.context.file_context.draft
        recovered = kept_changes(self.document.path, self.table, new_draft)
        if recovered is None:
            return
        answer = await self._ask(recovery_question(recovered, time.time()))
        if answer == "r":
            self.show_change(restore_changes(recovered, self.draft, self.form.history))
        if answer != "escape":
            discard_recovery(recovered.file, recovered.table)

    async def _ask(self, question: str) -> str:
        """Return `r` to restore, `d` to discard or `escape` to ask later."""
        answers = (("r", "Restore them"), ("d", "Discard them"), ("escape", "Later"))
        discard = plain(DISCARD, CAUTION)
        # A key typed for the form may answer this question, so one letter alone discards nothing.
        while (answer := await choose(self.form.app, [plain(question)], answers)) == "d":
            if await confirm(self.form.app, [discard], "Discard"):
                break
        return answer
