"""To save, and what is talked about before: the diff, a file changed meanwhile, the risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smtp_tui.config.errors import DocumentError, NoRenameError
from smtp_tui.config.writing import Manner
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.dialogs import Answer, Question
from smtp_tui.tui.form.kept import Kept
from smtp_tui.tui.form.model import PASSWORD
from smtp_tui.tui.form.situation import foreseen_changes, will_hold_password
from smtp_tui.tui.ink import BAD, GOOD, WARNING
from smtp_tui.tui.saving.merging import merge_into
from smtp_tui.tui.saving.moving import Doubt
from smtp_tui.tui.saving.saving import STEPPED_BACK, Obstacle, Outcome, Saver, takes_out
from smtp_tui.tui.sidebar.prose import plain

if TYPE_CHECKING:
    from smtp_tui.config.merging import Conflict
    from smtp_tui.tui.deeds import Deeds
    from smtp_tui.tui.saving.diff_dialog import Preview

YES, DROP, BACK = "y", "d", "escape"
ASKING_KEYRING = "Asking the keyring; it is waited for 15 s at most."
RELOADED = "Read anew: the form shows the file as it is now."
ALREADY_PRIVATE = "Only its owner can read the file already, or it does not exist yet."
COPY = "A copy of the old content is kept elsewhere until the new one is written whole."


@dataclass(frozen=True, slots=True)
class Storing:
    """Brings the form's draft into the file."""

    deeds: Deeds

    async def save(self, manner: Manner | None = None) -> bool:
        """Save what was changed, with the admin's leave where it takes that; tell the outcome."""
        deeds, manner = self.deeds, manner or Manner()
        saver = Saver(deeds.document, deeds.table, deeds.situation, deeds.keyring, self._ask)
        deeds.form.settle()
        while True:
            if deeds.form.draft.password.kept is Kept.KEYRING and deeds.form.draft.changed:
                deeds.words.say(ASKING_KEYRING)
            outcome = await saver.save(deeds.form.draft, manner)
            if outcome.obstacle is Obstacle.CHANGED:
                if await self._catch_up():
                    continue
                return False
            if outcome.obstacle is Obstacle.NO_RENAME:
                if await self._may_overwrite(outcome.message):
                    manner = replace(manner, in_place=True)
                    continue
                outcome = Outcome(STEPPED_BACK, ok=False)
            return self._tell(outcome)

    async def review(self) -> None:
        """Show what saving would change, and save if that is wanted."""
        deeds = self.deeds
        deeds.form.settle()
        for key, problem in deeds.form.draft.unsavable().items():
            self._tell(Outcome(f"Nothing to show. {visible(problem)}", ok=False, field=key))
            return
        from smtp_tui.config.reloading import is_stale
        from smtp_tui.tui.saving.diff_dialog import DiffDialog

        try:
            while is_stale(deeds.document):
                if not await self._catch_up():
                    return
            preview = self._preview()
        except DocumentError as error:
            deeds.words.say(_sentence(error), BAD)
            return
        manner = await deeds.form.app.push_screen_wait(DiffDialog(preview))
        if manner is not None:
            await self.save(manner)

    async def make_private(self) -> None:
        """Take the right to read the file from all but its owner, at once."""
        document, situation = self.deeds.document, self.deeds.situation
        situation.look_at_readers()
        if not situation.is_open:
            self.deeds.words.say(ALREADY_PRIVATE)
            return
        try:
            try:
                document.save(self.deeds.table, {}, manner=Manner(private=True))
            except NoRenameError as error:
                if not await self._may_overwrite(str(error)):
                    return
                document.save(self.deeds.table, {}, manner=Manner(private=True, in_place=True))
        except DocumentError as error:
            self.deeds.words.say(_sentence(error), BAD)
            return
        situation.look_at_readers()
        self.deeds.form.settle()
        self.deeds.words.say("Only its owner can read the file now (mode 0600).", GOOD)

    def _tell(self, outcome: Outcome) -> bool:
        deeds = self.deeds
        deeds.stage.tell_state()
        if outcome.ok:
            deeds.form.reload()
        else:
            deeds.form.refresh_looks()
        if outcome.field:
            deeds.stage.show_form()
            deeds.form.visit(outcome.field)
        deeds.words.refresh(from_top=False)
        deeds.words.say(outcome.message, GOOD if outcome.ok else BAD, at=outcome.field)
        return outcome.ok

    def _preview(self) -> Preview:
        from smtp_tui.config.diffing import differences
        from smtp_tui.tui.saving.diff_dialog import Preview

        deeds, draft = self.deeds, self.deeds.form.draft
        document = deeds.document
        text = document.changed(deeds.table, foreseen_changes(draft))
        password, notes, warnings = draft.password, [], []
        if PASSWORD in draft.changed and (password.comes_along or password.to_store()):
            notes.append("The password goes to its new place first and is read back there.")
        if deeds.situation.is_open and will_hold_password(password):
            warnings.append("Every user of this machine can read the file, password included.")
        return Preview(
            file=document.path.name,
            lines=differences(document.text, text, document.path.name),
            notes=tuple(notes),
            warnings=tuple(warnings),
            takes_secret_out=takes_out(password) and PASSWORD in draft.changed,
            is_new=not document.exists,
        )

    async def _catch_up(self) -> bool:
        """Show what another program changed; True where the form's changes are on top of it now."""
        from smtp_tui.config.reloading import changes_on_disk, merged_with_disk
        from smtp_tui.tui.saving.changed_dialog import ChangedDialog, Way

        deeds, draft = self.deeds, self.deeds.form.draft
        app, ours = deeds.form.app, draft.changed
        try:
            lines = changes_on_disk(deeds.document)
        except DocumentError as error:
            deeds.words.say(f"Nothing was written. {_sentence(error)}", BAD)
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
            deeds.words.say(_sentence(error), BAD)
            return False
        merge_into(deeds.form.draft, deeds.situation, dropped)
        deeds.show_change()
        return True

    async def _may_drop(self, keys: tuple[str, ...]) -> bool:
        named = ", ".join(BY_KEY[key].label for key in keys)
        text = plain(f"This drops what you changed here: {named}.", BAD)
        answers = Answer(DROP, "Drop it"), Answer(BACK, "Back")
        return await self.deeds.form.app.push_screen_wait(Question([text], answers)) == DROP

    async def _may_overwrite(self, why: str) -> bool:
        text = [plain(_sentence(why)), plain(f"{COPY} Write in place?", WARNING, gap=False)]
        no = Answer("n", "No"), Answer("enter", "No"), Answer(BACK, "No")
        question = Question(text, (Answer(YES, "Write in place"), *no))
        return await self.deeds.form.app.push_screen_wait(question) == YES

    async def _ask(self, doubt: Doubt) -> str:
        answers = [Answer(key, words) for key, words in doubt.answers]
        text = [plain(doubt.text)]
        question = Question(text, (*answers, Answer(BACK, "Back")))
        return await self.deeds.form.app.push_screen_wait(question)


def _sentence(error: object) -> str:
    text = visible(str(error))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
