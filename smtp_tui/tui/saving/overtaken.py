"""The file is no longer what was read: another program changed it, or it was removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from smtp_tui.config.errors import DocumentError
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.dialogs import Answer, Question
from smtp_tui.tui.form.situation import foreseen_changes
from smtp_tui.tui.ink import BAD, GOOD
from smtp_tui.tui.saving.merging import merge_into
from smtp_tui.tui.saving.saving import STEPPED_BACK
from smtp_tui.tui.saving.wording import sentence
from smtp_tui.tui.sidebar.prose import plain

if TYPE_CHECKING:
    from smtp_tui.config.merging import Conflict
    from smtp_tui.tui.deeds import Deeds

DROP, ANEW, BACK = "d", "m", "escape"
RELOADED = "Reloaded: the form shows the file as it is now."
GONE = "was deleted after smtp-tui read it. Nothing is lost: the form has its content."
FOR_OWNER = "Only its owner can read the new file (mode 0600)."


@record
class Overtaken:
    """Asks the admin how to go on."""

    deeds: Deeds

    async def may_make(self) -> bool:
        """Ask whether saving shall make the file anew, which was removed."""
        path = self.deeds.document.path
        what = "Create folder and file" if not path.parent.exists() else "Create it again"
        text = [plain(f"{visible(path.name)} {GONE}"), plain(FOR_OWNER, gap=False)]
        question = Question(text, (Answer(ANEW, what), Answer(BACK, "Back")))
        if await self.deeds.form.app.push_screen_wait(question) != ANEW:
            return False
        self.deeds.document.begin_anew()
        return True

    async def catch_up(self) -> bool:
        """Show what another program changed; True where the form's changes are on top of it now."""
        from smtp_tui.config.reloading import changes_on_disk, merged_with_disk
        from smtp_tui.tui.saving.changed_dialog import ChangedDialog, Way

        deeds, draft = self.deeds, self.deeds.form.draft
        app, ours = deeds.form.app, draft.changed
        try:
            lines = changes_on_disk(deeds.document)
        except DocumentError as error:
            deeds.words.say(f"Not saved. {sentence(error)}", BAD)
            return False
        try:
            merge = merged_with_disk(deeds.document, deeds.table, foreseen_changes(draft))
        except DocumentError:
            merge = None
        name = deeds.document.path.name
        can_merge = bool(ours) and merge is not None
        dialog = ChangedDialog(name, lines, ours, can_merge=can_merge)
        way = await app.push_screen_wait(dialog)
        if way is Way.MERGE and merge is not None:
            theirs = await self._decide(merge.conflicts)
            if theirs is not None:
                return self._renew(theirs)
        elif way is Way.RELOAD and (not ours or await self._may_drop(ours)):
            if self._renew(frozenset(ours)):
                deeds.words.say(RELOADED, GOOD)
            return False
        deeds.words.say(STEPPED_BACK)
        return False

    async def _decide(self, conflicts: Sequence[Conflict]) -> frozenset[str] | None:
        """Ask which values count; return the keys that take the file's, None to step back."""
        from smtp_tui.tui.saving.changed_dialog import ConflictDialog

        if not conflicts:
            return frozenset()
        ours = await self.deeds.form.app.push_screen_wait(ConflictDialog(conflicts))
        return None if ours is None else frozenset(one.key for one in conflicts) - ours

    def _renew(self, dropped: frozenset[str]) -> bool:
        """Read the file anew, the changes of the form on top, but for those to be dropped."""
        deeds = self.deeds
        try:
            deeds.document.reload()
        except DocumentError as error:
            deeds.words.say(sentence(error), BAD)
            return False
        merge_into(deeds.form.draft, deeds.situation, dropped)
        deeds.show_change()
        return True

    async def _may_drop(self, keys: tuple[str, ...]) -> bool:
        named = ", ".join(BY_KEY[key].label for key in keys)
        text = plain(f"This discards your changes: {named}.", BAD)
        answers = Answer(DROP, "Discard"), Answer(BACK, "Back")
        return await self.deeds.form.app.push_screen_wait(Question([text], answers)) == DROP
