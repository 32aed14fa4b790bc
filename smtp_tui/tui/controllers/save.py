"""Save and leave the form, asking the admin where consent is needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from smtp_tui.config import diff, keyring_backend
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError, PasswordError
from smtp_tui.config.file_access import has_private_mode
from smtp_tui.config.password_store import backup_with
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import KeyringSource
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.context import Controller, WaitCancelledError
from smtp_tui.tui.controllers.password_mover import (
    PasswordMove,
    PasswordMoveCancelledError,
    PasswordMover,
)
from smtp_tui.tui.dialogs.diff import ConflictDialog, DiffDialog, FileChangedDialog, SavePreview
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import ACCOUNT, PASSWORD, SettingsDraft, text_of
from smtp_tui.tui.model.file_context import preview_changes
from smtp_tui.tui.model.password import PasswordLocation, location_of
from smtp_tui.tui.style import BAD, CAUTION, GOOD
from smtp_tui.tui.widgets.dialog import choose, confirm, may_make_folder
from smtp_tui.tui.widgets.text_page import plain

NOTHING_SAVED = "Nothing was saved."
STOPPED = f"Stopped. {NOTHING_SAVED[:-1]}; the form is unchanged."
THE_FILE, BACK = "the file", "escape"


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

    async def review(self) -> bool:
        """Show the diff, and save if the admin agrees; return whether it was saved."""
        self.form.commit_edit()
        for key, problem in self.draft.unsavable().items():
            return self._report(f"There is nothing to show. {problem}", field=key)
        if diff.is_gone(self.document) and not await self._may_recreate():
            self.show_message(NOTHING_SAVED)
            return False
        try:
            while await self._is_stale():
                if not await self._catch_up():
                    return False
            preview = self._preview()
        except WaitCancelledError:
            self.show_message(NOTHING_SAVED)
            return False
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return False
        options = await self.show_dialog(DiffDialog(preview))
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
                if not await self._may_overwrite(str(error)):
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
        trouble = await keyring_backend.keyring_state()
        found = (trouble, keyring_backend.looked_for()) if trouble else None
        self.context.file_context.keyring_trouble = found
        self.form.commit_edit()
        if trouble and self.draft.password.location is PasswordLocation.KEYRING:
            self.show_message(trouble[:1].upper() + trouble[1:], BAD)

    async def _save(self, options: WriteOptions) -> bool:
        """Save the draft; what could not be saved stays in it."""
        # Each round repeats the checks: the file may have changed during a question.
        draft, document = self.draft, self.document
        makes_folder = False
        self.form.commit_edit()
        while True:
            for key, problem in draft.unsavable().items():
                return self._report(f"Not saved. {BY_KEY[key].label} {problem}", field=key)
            if diff.is_gone(document):
                if not await self._may_recreate():
                    return self._report(NOTHING_SAVED)
                makes_folder = True
            if not (draft.changed or options.private or document.is_recreated):
                return self._report("There is nothing to save: the file is up to date.", ok=True)
            try:
                if await self._is_stale(_waited_for(draft)):
                    if not await self._catch_up():
                        return False
                    continue
                # Fail on what the application cannot express before anything is stored.
                document.changed(self.table, preview_changes(draft), create=True)
                if not makes_folder and not await may_make_folder(self.form.app, document.path):
                    return self._report("Not saved: the folder does not exist.")
                makes_folder = True
                return await self._move_and_write(options)
            except WaitCancelledError as error:
                return self._report(f"{STOPPED} {error}".strip())
            except PasswordMoveCancelledError:
                return self._report(NOTHING_SAVED)
            except ChangedOnDiskError:
                if not await self._catch_up():
                    return False
            except NoRenameError as error:
                if not await self._may_overwrite(escape_controls(str(error))):
                    return self._report(NOTHING_SAVED)
                options = replace(options, in_place=True)
            except DocumentError as error:
                return self._report(f"Not saved: {error}")

    async def _move_and_write(self, options: WriteOptions) -> bool:
        """Move the password, write the file, then clear the password's old place."""
        snapshot, moved, refusal, old_account = self.draft.copy(), PasswordMove(), "", ""
        changed = snapshot.changed
        with suppress(DocumentError):
            old_account = text_of(self.document.values(self.table).get(ACCOUNT))
        try:
            follows = ACCOUNT in changed and isinstance(snapshot.password.source, KeyringSource)
            if PASSWORD in changed or follows:
                path, waits = self.document.path, self.context.waits
                moved = await PasswordMover(snapshot, path, old_account, self._ask, waits).move()
        except WaitCancelledError:
            raise
        except PasswordError as error:
            # A locked keyring must not prevent the other changes: save them and report this.
            refusal = str(error)
        changes = {key: snapshot.to_write(key) for key in changed if key != PASSWORD}
        if PASSWORD in changed and not refusal:
            changes[PASSWORD] = moved.raw
        try:
            if changes or options.private or self.document.is_recreated:
                self.document.save(self.table, changes, create=True, options=options)
        except (ChangedOnDiskError, NoRenameError):
            raise
        except DocumentError as error:
            stored = f"The password is stored ({moved.stored}), but the file was not saved"
            return self._report(f"{stored if moved.stored else 'Not saved'}: {error}")
        notes = [*moved.notes]
        if moved.leftover is not None:  # the new place has the password now
            stays = f"{moved.leftover} may still exist"
            try:
                await self.context.waits.on(moved.leftover.forget(), stays)
            except PasswordError as error:
                notes.append(str(error))
        leaving = snapshot.password.leaving if PASSWORD in changes else ""
        if leaving and (backup := backup_with(self.document.path, [leaving])):
            notes.append(f"the backup {backup.name} still contains it; remove that file")
        before = snapshot.state()
        edits = {key: raw for key, raw in self.draft.state().items() if raw != before[key]}
        self.context.file_context.rebase(self.draft, edits, keep_password=bool(refusal))
        return self._report_saved(list(changes), notes, refusal, options)

    def _report_saved(
        self, keys: Sequence[str], notes: Sequence[str], refusal: str, options: WriteOptions
    ) -> bool:
        done = [f"Saved: {', '.join(keys)}"] if keys else [] if refusal else ["Saved"]
        done += ["only its owner can read the file now"] if options.private and not refusal else []
        done += ["written in place"] if options.in_place else []
        text = ". ".join(["; ".join(done), *(note[:1].upper() + note[1:] for note in notes)])
        if not refusal:
            return self._report(text, ok=True)
        why = f"The password is NOT saved: {refusal.rstrip('.')}."
        return self._report(f"{why} {text}".strip(), field=PASSWORD)

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

    # Checks and questions before saving

    async def _is_stale(self, place: str = THE_FILE) -> bool:
        text = f"Waiting for {place}. Esc stops waiting; then nothing is saved."
        self.context.waits.on_slow = partial(self.show_message, text)
        # The file may be on a network file system that does not answer.
        return await self.context.waits.on(in_daemon_thread(partial(diff.is_stale, self.document)))

    def _preview(self) -> SavePreview:
        draft, document, password = self.draft, self.document, self.draft.password
        old_text = "" if document.is_recreated else document.text
        new_text = document.changed(self.table, preview_changes(draft), create=True)
        moves = PASSWORD in draft.changed and (password.moves or password.fills_keyring)
        is_open = self.context.file_context.is_open and password.will_be_in_file
        note = "The password is stored in its new place first and read back."
        warning = "Every user of this machine can read the file, including the password."
        lacks_table = document.exists and document.lacks(self.table)
        return SavePreview(
            file=document.path.name,
            lines=diff.diff_lines(old_text, new_text, document.path.name, document.secret_keys),
            notes=(note,) if moves else (),
            warnings=(warning,) if is_open else (),
            takes_secret_out=bool(password.leaving) and PASSWORD in draft.changed,
            is_new=not document.exists,
            table=self.table if lacks_table and draft.changed else "",
        )

    async def _may_overwrite(self, why: str) -> bool:
        copy = "smtp-tui keeps a copy of the old content until the new content is complete."
        question = plain(f"{copy} Overwrite the file in place?", CAUTION, gap=False)
        return await confirm(self.form.app, [plain(as_sentence(why)), question], "Overwrite")

    async def _ask(self, text: str, answers: Sequence[tuple[str, str]]) -> str:
        answer = await choose(self.form.app, [plain(text)], (*answers, (BACK, "Back")))
        if answer == BACK:
            raise PasswordMoveCancelledError
        return answer

    # Another program changed or removed the file after it was read

    async def _may_recreate(self) -> bool:
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

    async def _catch_up(self) -> bool:
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
                    kept = await self.show_dialog(ConflictDialog(merge.conflicts))
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
            self.document.reload()
        except DocumentError as error:
            self.show_message(as_sentence(error), BAD)
            return False
        kept = self.draft.state(key for key in self.draft.changed if key not in dropped)
        self.context.file_context.rebase(self.draft, kept)
        self.show_change()
        return True


def _waited_for(draft: SettingsDraft) -> str:
    """Return the place that a slow save is probably waiting for."""
    if not {PASSWORD, ACCOUNT}.intersection(draft.changed):
        return THE_FILE
    kinds = {draft.password.location, location_of(draft.password.source)}
    if PasswordLocation.KEYRING in kinds:
        return "the keyring"
    is_command = PasswordLocation.COMMAND in kinds
    return "the command" if is_command else "the place that keeps the password"
