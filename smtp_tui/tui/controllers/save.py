"""To save, and what is talked about before: the diff, and the risks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.errors import DocumentError, NoRenameError
from smtp_tui.config.file_reader import is_private
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.password_mover import ConfirmPrompt
from smtp_tui.tui.controllers.save_transaction import (
    STEPPED_BACK,
    THE_FILE,
    SaveBlocker,
    SaveOutcome,
    SaveTransaction,
    place_asked,
    takes_out,
)
from smtp_tui.tui.controllers.waits import StoppedWaitingError
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import PASSWORD
from smtp_tui.tui.model.file_context import preview_changes, will_hold_password
from smtp_tui.tui.style import BAD, GOOD, WARNING
from smtp_tui.tui.widgets.dialog import NOT_MADE, ChoiceDialog, DialogOption, may_make_folder
from smtp_tui.tui.widgets.text_page import plain

if TYPE_CHECKING:
    from smtp_tui.tui.controllers.file_conflict import FileConflict
    from smtp_tui.tui.controllers.form import FormController
    from smtp_tui.tui.dialogs.diff import Preview

YES, BACK = "y", "escape"
ASKING = "Waiting for {place}. Esc stops waiting; then nothing is saved."
ALREADY_PRIVATE = "Only its owner can already read the file, or it does not exist yet."
COPY = "smtp-tui keeps a copy of the old content until the new content is complete."


@record
class SaveController:
    """Brings the form's draft into the file."""

    context: FormController

    async def save(self, manner: WriteOptions | None = None) -> bool:
        """Save what was changed, with the admin's leave where it takes that; tell the outcome.

        Where the file lacks the table, the difference is shown first: `manner` is its answer.
        """
        context = self.context
        if manner is None and context.lacks_table and context.form.draft.changed:
            return await self.review()
        return await self._save(manner or WriteOptions())

    async def _save(self, manner: WriteOptions) -> bool:
        context, makes_folder = self.context, False
        saver = SaveTransaction(
            document=context.document,
            table=context.table,
            file_context=context.file_context,
            vault=context.keyring,
            ask=self._ask,
            waits=context.waits,
        )
        context.form.commit_edit()
        while True:
            asking = ASKING.format(place=place_asked(context.form.draft))
            context.waits.tell = partial(context.sidebar.show_message, asking)
            draft = context.form.draft
            outcome = await saver.save(draft, manner, makes_folder=makes_folder)
            if outcome.obstacle is SaveBlocker.GONE and await self._overtaken.may_make():
                makes_folder = True
                continue
            if outcome.obstacle is SaveBlocker.NO_FOLDER:
                makes_folder = await may_make_folder(context.form.app, context.document.path)
                if makes_folder:
                    continue
                return self._tell(SaveOutcome(NOT_MADE, ok=False))
            if outcome.obstacle is SaveBlocker.CHANGED:
                if await self._overtaken.catch_up():
                    continue
                return False
            is_stuck = outcome.obstacle is SaveBlocker.NO_RENAME
            if is_stuck and await self._may_overwrite(outcome.message):
                manner = replace(manner, in_place=True)
                continue
            return self._tell(SaveOutcome(STEPPED_BACK, ok=False) if outcome.obstacle else outcome)

    async def review(self) -> bool:
        """Show what saving would change, and save if that is wanted; True where it was saved."""
        context = self.context
        context.form.commit_edit()
        for key, problem in context.form.draft.unsavable().items():
            told = f"There is nothing to show. {escape_controls(problem)}"
            return self._tell(SaveOutcome(told, ok=False, field=key))
        from smtp_tui.config.merge import is_gone, is_stale
        from smtp_tui.tui.dialogs.diff import DiffDialog

        if is_gone(context.document) and not await self._overtaken.may_make():
            context.sidebar.show_message(STEPPED_BACK)
            return False
        context.waits.tell = partial(context.sidebar.show_message, ASKING.format(place=THE_FILE))
        try:
            while await context.waits.on(in_daemon_thread(partial(is_stale, context.document))):
                if not await self._overtaken.catch_up():
                    return False
            preview = self._preview()
        except StoppedWaitingError:
            context.sidebar.show_message(STEPPED_BACK)
            return False
        except DocumentError as error:
            context.sidebar.show_message(as_sentence(error), BAD)
            return False
        manner = await context.form.app.push_screen_wait(DiffDialog(preview))
        return manner is not None and await self._save(manner)

    async def make_private(self) -> None:
        """Take the right to read the file from all but its owner, at once."""
        document, file_context = self.context.document, self.context.file_context
        if is_private(document.path):
            self.context.sidebar.show_message(ALREADY_PRIVATE)
            return
        try:
            try:
                document.save(
                    self.context.table, {}, create=True, manner=WriteOptions(private=True)
                )
            except NoRenameError as error:
                if not await self._may_overwrite(str(error)):
                    return
                document.save(
                    self.context.table,
                    {},
                    create=True,
                    manner=WriteOptions(private=True, in_place=True),
                )
        except DocumentError as error:
            self.context.sidebar.show_message(as_sentence(error), BAD)
            return
        file_context.check_readers()
        self.context.form.commit_edit()
        self.context.sidebar.show_message("Only its owner can read the file now (mode 0600).", GOOD)

    @property
    def _overtaken(self) -> FileConflict:
        from smtp_tui.tui.controllers.file_conflict import FileConflict

        return FileConflict(self.context)

    def _tell(self, outcome: SaveOutcome) -> bool:
        context = self.context
        context.screen.show_state()
        if outcome.ok:
            context.form.reload()
        else:
            context.form.refresh_looks()
        if outcome.field:
            context.screen.show_form()
            context.form.focus_field(outcome.field)
        context.sidebar.refresh(from_top=False)
        context.sidebar.show_message(outcome.message, GOOD if outcome.ok else BAD, at=outcome.field)
        return outcome.ok

    def _preview(self) -> Preview:
        from smtp_tui.config.diff import diff_lines
        from smtp_tui.tui.dialogs.diff import Preview

        context, draft = self.context, self.context.form.draft
        document = context.document
        there = "" if document.is_begun_anew else document.text
        text = document.changed(context.table, preview_changes(draft), create=True)
        password, notes, warnings = draft.password, [], []
        if PASSWORD in draft.changed and (password.comes_along or password.to_store()):
            notes.append("The password is stored in its new place first and read back.")
        if context.file_context.is_open and will_hold_password(password):
            warnings.append("Every user of this machine can read the file, including the password.")
        return Preview(
            file=document.path.name,
            lines=diff_lines(there, text, document.path.name, document.secret_keys),
            notes=tuple(notes),
            warnings=tuple(warnings),
            takes_secret_out=takes_out(password) and PASSWORD in draft.changed,
            is_new=not document.exists,
            table=context.table if context.lacks_table and draft.changed else "",
        )

    async def _may_overwrite(self, why: str) -> bool:
        text = [
            plain(as_sentence(why)),
            plain(f"{COPY} Overwrite the file in place?", WARNING, gap=False),
        ]
        no = DialogOption("n", "No"), DialogOption("enter", "No"), DialogOption(BACK, "No")
        question = ChoiceDialog(text, (DialogOption(YES, "Overwrite"), *no))
        return await self.context.form.app.push_screen_wait(question) == YES

    async def _ask(self, doubt: ConfirmPrompt) -> str:
        answers = [DialogOption(key, words) for key, words in doubt.answers]
        text = [plain(doubt.text)]
        question = ChoiceDialog(text, (*answers, DialogOption(BACK, "Back")))
        return await self.context.form.app.push_screen_wait(question)
