"""The form's changes on top of a file that was read anew.

The file is no longer what was read: another program changed it, or it was removed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from smtp_tui.config.errors import DocumentError
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.save_transaction import STEPPED_BACK
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import PASSWORD, Draft
from smtp_tui.tui.model.file_context import FileContext, preview_changes
from smtp_tui.tui.style import BAD, GOOD
from smtp_tui.tui.widgets.dialog import ChoiceDialog, DialogOption
from smtp_tui.tui.widgets.text_page import plain

if TYPE_CHECKING:
    from smtp_tui.config.merge import Conflict
    from smtp_tui.tui.controllers.form import FormController


def merge_into(draft: Draft, file_context: FileContext, dropped: Collection[str]) -> None:
    """Have a draft begin with the file as it is now, and make its changes again.

    Those `dropped` are lost; what the file says already is no change any more.
    """
    kept = {key: draft.raw(key) for key in draft.changed if key not in dropped}
    state = draft.password.state if PASSWORD in kept else None
    file_context.rebase(draft)
    for key, raw in kept.items():
        if key != PASSWORD:
            draft.edit(key, raw)
    if state is not None:
        draft.password.restore(state)


DROP, ANEW, BACK = "d", "m", "escape"
RELOADED = "Reloaded: the form shows the file as it is now."
GONE = "was deleted after smtp-tui read it. Nothing is lost: the form has its content."
FOR_OWNER = "Only its owner can read the new file (mode 0600)."


@record
class FileConflict:
    """Asks the admin how to go on."""

    context: FormController

    async def may_make(self) -> bool:
        """Ask whether saving shall make the file anew, which was removed."""
        path = self.context.document.path
        what = "Create folder and file" if not path.parent.exists() else "Create it again"
        text = [plain(f"{escape_controls(path.name)} {GONE}"), plain(FOR_OWNER, gap=False)]
        question = ChoiceDialog(text, (DialogOption(ANEW, what), DialogOption(BACK, "Back")))
        if await self.context.form.app.push_screen_wait(question) != ANEW:
            return False
        self.context.document.begin_anew()
        return True

    async def catch_up(self) -> bool:
        """Show what another program changed; True where the form's changes are on top of it now."""
        from smtp_tui.config.merge import changes_on_disk, merged_with_disk
        from smtp_tui.tui.dialogs.conflict import ChangedDialog, ConflictChoice

        context, draft = self.context, self.context.form.draft
        app, ours = context.form.app, draft.changed
        try:
            lines = changes_on_disk(context.document)
        except DocumentError as error:
            context.sidebar.show_message(f"Not saved. {as_sentence(error)}", BAD)
            return False
        try:
            merge = merged_with_disk(context.document, context.table, preview_changes(draft))
        except DocumentError:
            merge = None
        name = context.document.path.name
        can_merge = bool(ours) and merge is not None
        dialog = ChangedDialog(name, lines, ours, can_merge=can_merge)
        way = await app.push_screen_wait(dialog)
        if way is ConflictChoice.MERGE and merge is not None:
            theirs = await self._decide(merge.conflicts)
            if theirs is not None:
                return self._renew(theirs)
        elif way is ConflictChoice.RELOAD and (not ours or await self._may_drop(ours)):
            if self._renew(frozenset(ours)):
                context.sidebar.show_message(RELOADED, GOOD)
            return False
        context.sidebar.show_message(STEPPED_BACK)
        return False

    async def _decide(self, conflicts: Sequence[Conflict]) -> frozenset[str] | None:
        """Ask which values count; return the keys that take the file's, None to step back."""
        from smtp_tui.tui.dialogs.conflict import ConflictDialog

        if not conflicts:
            return frozenset()
        ours = await self.context.form.app.push_screen_wait(ConflictDialog(conflicts))
        return None if ours is None else frozenset(one.key for one in conflicts) - ours

    def _renew(self, dropped: frozenset[str]) -> bool:
        """Read the file anew, the changes of the form on top, but for those to be dropped."""
        context = self.context
        try:
            context.document.reload()
        except DocumentError as error:
            context.sidebar.show_message(as_sentence(error), BAD)
            return False
        merge_into(context.form.draft, context.file_context, dropped)
        context.show_change()
        return True

    async def _may_drop(self, keys: tuple[str, ...]) -> bool:
        named = ", ".join(BY_KEY[key].label for key in keys)
        text = plain(f"This discards your changes: {named}.", BAD)
        answers = DialogOption(DROP, "Discard"), DialogOption(BACK, "Back")
        return await self.context.form.app.push_screen_wait(ChoiceDialog([text], answers)) == DROP
