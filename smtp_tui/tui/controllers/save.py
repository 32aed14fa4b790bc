"""Save and leave the form, asking the admin where consent is needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import DiffLine, MergeConflict
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.controllers.drift import DriftController
from smtp_tui.tui.dialogs.diff import ConflictDialog, DiffDialog, FileChangedDialog
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.password_mover import PasswordMoveCancelledError
from smtp_tui.tui.model.save_transaction import (
    OVERWRITE,
    FileChangedAnswer,
    SaveResult,
    SaveTransaction,
    unsaved_text,
)
from smtp_tui.tui.style import BAD, CAUTION, GOOD
from smtp_tui.tui.widgets.dialog import choose, confirm, may_make_folder
from smtp_tui.tui.widgets.text_page import plain

BACK = "escape"


class SaveController(Controller):
    """Writes the form's draft to the file."""

    @property
    def drift(self) -> DriftController:
        """What runs with other settings than the file."""
        return DriftController(self.context)

    async def save(self) -> bool:
        """Save the changes; if the file lacks the table, show the diff first."""
        is_new_table = self.document.exists and self.document.lacks(self.table)
        # The admin should see a new table before it is added to an existing file.
        if is_new_table and self.draft.changed:
            return await self.review()
        return await self._save(WriteOptions())

    async def leave(self) -> None:
        """Ask about unsaved changes, then quit."""
        if await self.may_leave():
            self.test_pane.stop()
            self.form.app.exit(0)

    async def may_leave(self, then: str = "leave") -> bool:
        """Ask whether to save unsaved changes, and do so; return whether the form may be left.

        `then` says what follows.
        """
        if not self.draft.changed:
            return True
        text = [plain(unsaved_text(self.draft, self.document.path))]
        answers = ("s", f"Save and {then}"), ("d", f"Discard and {then}"), (BACK, "Stay")
        answer = await choose(self.form.app, text, answers)
        return answer != BACK and (answer != "s" or await self.save())

    async def review(self, *, backup: bool = False) -> bool:
        """Show the diff, and save if the admin agrees; return whether it was saved.

        `backup` proposes to keep the old file.
        """
        self.form.commit_edit()
        preview = await self._transaction().preview()
        if isinstance(preview, SaveResult):
            return self._report(preview)
        options = await self.show_dialog(DiffDialog(preview, backup=backup))
        return options is not None and await self._save(options)

    async def make_private(self) -> None:
        """Make the file readable only by its owner, at once."""
        result = await self._transaction().make_private()
        self.form.commit_edit()
        self.show_message(escape_controls(result.text), GOOD if result.ok else BAD)

    async def look_for_keyring(self) -> None:
        """Check for a usable keyring, and show at once if there is none."""
        trouble = await self.context.file_context.look_for_keyring()
        self.form.commit_edit()
        if trouble and self.draft.password.location is PasswordLocation.KEYRING:
            self.show_message(trouble[:1].upper() + trouble[1:], BAD)

    async def _save(self, options: WriteOptions) -> bool:
        """Save the draft; what could not be saved stays in it."""
        self.form.commit_edit()
        result = await self._transaction().run(options)
        if result.saved:
            self.test_pane.follow_save(result.saved)
        return self._report(result)

    def _transaction(self) -> SaveTransaction:
        context = self.context
        return SaveTransaction(
            self.document, self.table, self.draft, context.file_context, self, context.waits
        )

    def _report(self, result: SaveResult) -> bool:
        """Show the result of saving, at the field that prevented it; return whether it saved."""
        if result.ok:
            self.form.reload()
        else:
            self.form.refresh_rows()
        # After the reload, which forgets steps that can no longer be undone.
        self.screen.show_state()
        if result.field:
            self.go_to_field(result.field)
        self.context.sidebar.refresh(from_top=False)
        # Last, since focusing a field clears messages about others.
        style = GOOD if result.ok or result.is_reloaded else BAD
        text = escape_controls(result.text)
        is_saved = bool(result.saved and result.ok)
        if is_saved and self.test_pane.show_saved(text):
            self.context.sidebar.clear_message()
            text = ""
        else:
            self.show_message(text, style, at=result.field)
        if is_saved:
            self.drift.begin(text)
        return result.ok

    # Questions while saving

    def show_waiting(self, place: str, outcome: str) -> None:
        """Show what the save waits for, once that takes long."""
        text = f"Waiting for {place}. Esc stops waiting; {outcome}."
        self.context.waits.on_slow = partial(self.show_message, text)

    async def may_make_folder(self, path: Path) -> bool:
        """Ask whether a missing folder may be created; True if it exists."""
        return await may_make_folder(self.form.app, path)

    async def may_overwrite(self, why: str) -> bool:
        """Ask whether to overwrite the file in place."""
        question = plain(OVERWRITE, CAUTION, gap=False)
        return await confirm(self.form.app, [plain(as_sentence(why)), question], "Overwrite")

    async def ask(self, text: str, answers: Sequence[tuple[str, str]]) -> str:
        """Ask a question about the password; return the key of the answer."""
        answer = await choose(self.form.app, [plain(text)], (*answers, (BACK, "Back")))
        if answer == BACK:
            raise PasswordMoveCancelledError
        return answer

    # Another program changed or removed the file after it was read

    async def may_recreate(self) -> bool:
        """Ask whether saving may create the removed file again."""
        path = self.document.path
        create = "Create folder and file" if not path.parent.exists() else "Create it again"
        gone = "was deleted after smtp-tui read it. Nothing is lost: the form has its content."
        mode = "Only its owner can read the new file (mode 0600)."
        text = [plain(f"{escape_controls(path.name)} {gone}"), plain(mode, gap=False)]
        return await choose(self.form.app, text, (("m", create), (BACK, "Back"))) == "m"

    async def file_changed(
        self, lines: Sequence[DiffLine], ours: Sequence[str], *, can_merge: bool
    ) -> FileChangedAnswer | None:
        """Show what another program changed, and ask what to do."""
        dialog = FileChangedDialog(self.document.path.name, lines, ours, can_merge=can_merge)
        answer = await self.show_dialog(dialog)
        return FileChangedAnswer[answer.upper()] if answer else None

    async def choose_values(self, conflicts: Sequence[MergeConflict]) -> Collection[str] | None:
        """Ask whose value to keep for each key that both have changed."""
        return await self.show_dialog(ConflictDialog(conflicts, self.document.path.name))

    async def may_discard(self, question: str) -> bool:
        """Ask whether to discard the form's changes."""
        answers = ("d", "Discard"), (BACK, "Back")
        return await choose(self.form.app, [plain(question, BAD)], answers) == "d"

    def show_reload(self) -> None:
        """Show the draft, whose file has been read again."""
        self.context.session.forget_passed(self.table)
        self.show_change()
