"""Save and leave the form, asking the admin where consent is needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from smtp_tui.config import diff
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.errors import DocumentError, NoRenameError
from smtp_tui.config.file_access import has_private_mode
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.diff import ConflictDialog, DiffDialog, FileChangedDialog
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.file_context import preview_changes
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.password_mover import PasswordMoveCancelledError
from smtp_tui.tui.model.save_transaction import NOTHING_SAVED, SaveTransaction
from smtp_tui.tui.model.waits import WaitCancelledError
from smtp_tui.tui.style import BAD, CAUTION, GOOD
from smtp_tui.tui.widgets.dialog import choose, confirm, may_make_folder
from smtp_tui.tui.widgets.text_page import plain

BACK = "escape"


class SaveController(Controller):
    """Writes the form's draft to the file."""

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

    async def may_leave(self) -> bool:
        """Ask whether to save unsaved changes, and do so; return whether the form may be left."""
        if not self.draft.changed:
            return True
        file, changed = self.document.path.name, ", ".join(self.draft.changed)
        text = [plain(f"{file} does not contain your changes yet: {changed}.")]
        answers = ("s", "Save and leave"), ("d", "Discard"), (BACK, "Stay")
        answer = await choose(self.form.app, text, answers)
        return answer != BACK and (answer != "s" or await self.save())

    async def review(self, *, backup: bool = False) -> bool:
        """Show the diff, and save if the admin agrees; return whether it was saved.

        `backup` proposes to keep the old file.
        """
        self.form.commit_edit()
        for key, problem in self.draft.unsavable().items():
            return self._report(f"There is nothing to show. {problem}", field=key)
        if diff.is_gone(self.document) and not await self.may_recreate():
            self.show_message(NOTHING_SAVED)
            return False
        try:
            preview = await self._transaction().preview()
        except WaitCancelledError:
            self.show_message(NOTHING_SAVED)
            return False
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return False
        if preview is None:
            return False
        options = await self.show_dialog(DiffDialog(preview, backup=backup))
        return options is not None and await self._save(options)

    async def make_private(self) -> None:
        """Make the file readable only by its owner, at once."""
        if has_private_mode(self.document.path):
            self.show_message("Only its owner can already read the file, or it does not exist yet.")
            return
        options = WriteOptions(private=True)
        try:
            try:
                self.document.save(self.table, {}, create=True, options=options)
            # A mounted file, or a folder that this user cannot write, prevents a rename.
            except NoRenameError as error:
                if not await self.may_overwrite(str(error)):
                    return
                options = replace(options, in_place=True)
                self.document.save(self.table, {}, create=True, options=options)
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return
        self.context.file_context.check_readers()
        self.form.commit_edit()
        self.show_message("Only its owner can read the file now (mode 0600).", GOOD)

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
        if result and result.saved:
            self.test_pane.follow_save(result.saved)
        return result is not None and self._report(result.text, ok=result.ok, field=result.field)

    def _transaction(self) -> SaveTransaction:
        context = self.context
        return SaveTransaction(
            self.document, self.table, self.draft, context.file_context, self, context.waits
        )

    def _report(self, text: str, *, ok: bool = False, field: str | None = None) -> bool:
        """Show the result of saving, at `field` if that prevented it; return `ok`."""
        self.screen.show_state()
        if ok:
            self.form.reload()
        else:
            self.form.refresh_rows()
        if field:
            self.go_to_field(field)
        self.context.sidebar.refresh(from_top=False)
        # Last, since focusing a field clears messages about others.
        self.show_message(escape_controls(text), GOOD if ok else BAD, at=field)
        return ok

    # Questions while saving

    def show_waiting(self, place: str) -> None:
        """Show what the save waits for, once that takes long."""
        text = f"Waiting for {place}. Esc stops waiting; then nothing is saved."
        self.context.waits.on_slow = partial(self.show_message, text)

    async def may_make_folder(self, path: Path) -> bool:
        """Ask whether a missing folder may be created; True if it exists."""
        return await may_make_folder(self.form.app, path)

    async def may_overwrite(self, why: str) -> bool:
        """Ask whether to overwrite the file in place."""
        copy = "smtp-tui keeps a copy of the old content until the new content is complete."
        question = plain(f"{copy} Overwrite the file in place?", CAUTION, gap=False)
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
        agrees = await choose(self.form.app, text, (("m", create), (BACK, "Back"))) == "m"
        if agrees:
            self.document.recreate()
        return agrees

    async def catch_up(self) -> bool:
        """Show what another program changed; True if the form's changes are now merged with it."""
        document, ours, merge = self.document, self.draft.changed, None
        try:
            lines = diff.changes_on_disk(document)
        except DocumentError as error:
            self.show_message(f"Not saved. {as_sentence(error)}", BAD)
            return False
        with suppress(DocumentError):
            # If the file on disk cannot be parsed, merging fails, but reloading may work.
            merge = diff.merged_with_disk(document, self.table, preview_changes(self.draft))
        can_merge = bool(ours) and merge is not None
        dialog = FileChangedDialog(document.path.name, lines, ours, can_merge=can_merge)
        match await self.show_dialog(dialog):
            case "merge" if merge is not None:
                conflicting = {conflict.key for conflict in merge.conflicts}
                kept: frozenset[str] | None = frozenset()
                if conflicting:
                    kept = await self.show_dialog(
                        ConflictDialog(merge.conflicts, document.path.name)
                    )
                if kept is not None:
                    return self._reload(conflicting - kept)
            case "reload":
                labels = ", ".join(BY_KEY[key].label for key in ours)
                text = [plain(f"This discards your changes: {labels}.", BAD)]
                answers = ("d", "Discard"), (BACK, "Back")
                if not ours or await choose(self.form.app, text, answers) == "d":
                    if self._reload(ours):
                        self.show_message("Reloaded: the form shows the file as it is now.", GOOD)
                    return False
            case _:
                pass
        self.show_message(NOTHING_SAVED)
        return False

    def _reload(self, dropped: Collection[str]) -> bool:
        """Reload the file and reapply the form's changes, except those to `dropped` keys."""
        try:
            self._transaction().reload(dropped)
            self.context.session.forget_passed(self.table)
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return False
        self.show_change()
        return True
