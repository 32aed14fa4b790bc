"""Save a draft: store its password, write the file, then clear the password's old place.

`SaveQuestions` asks for the admin's decisions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Protocol

from smtp_tui.config import diff
from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import DiffLine, MergeConflict
from smtp_tui.config.document import Document
from smtp_tui.config.errors import (
    ChangedOnDiskError,
    DocumentError,
    NoRenameError,
    PasswordError,
    one_line,
)
from smtp_tui.config.file_access import has_private_mode
from smtp_tui.config.password_store import backup_with
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import KeyringSource
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import ACCOUNT, PASSWORD, SettingsDraft, text_of
from smtp_tui.tui.model.file_context import OpenFileContext, preview_changes
from smtp_tui.tui.model.password import PasswordLocation, location_of
from smtp_tui.tui.model.password_mover import (
    PasswordMove,
    PasswordMoveCancelledError,
    PasswordMover,
)
from smtp_tui.tui.model.save_text import password_sentence, save_text
from smtp_tui.tui.model.waits import WaitCancelledError, Waits

NOTHING_SAVED = "Nothing was saved."
STOPPED = f"Stopped. {NOTHING_SAVED[:-1]}; the form is unchanged."
THE_FILE = "the file"
OVERWRITE = (
    "smtp-tui keeps a copy of the old content until the new content is complete. "
    "Overwrite the file in place?"
)


@record
class SavePreview:
    """What saving would change in a file, with notes and warnings.

    `table` is the table that saving would add to the file, or "".
    """

    file: str
    lines: tuple[DiffLine, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    takes_secret_out: bool = False
    is_new: bool = False
    table: str = ""


@record
class SaveResult:
    """Whether the draft was saved, a message, and the field that prevented it.

    `saved` is the draft before it was saved, unless it has been edited since. `is_reloaded`: the
    admin chose the file's values instead.
    """

    ok: bool
    text: str
    field: str | None = None
    saved: SettingsDraft | None = None
    is_reloaded: bool = False


class FileChangedAnswer(Enum):
    """What to do about a file that another program has changed."""

    MERGE = auto()
    RELOAD = auto()


class SaveQuestions(Protocol):
    """Asks for the admin's decisions during a save, and shows its progress."""

    async def may_recreate(self) -> bool:
        """Whether to create the file again that was removed after it was read."""

    async def file_changed(
        self, lines: Sequence[DiffLine], ours: Sequence[str], *, can_merge: bool
    ) -> FileChangedAnswer | None:
        """What to do about another program's changes to the file; None to go back.

        `ours` are the labels of the fields that are changed here.
        """

    async def choose_values(self, conflicts: Sequence[MergeConflict]) -> Collection[str] | None:
        """Which keys keep the value here; None to go back."""

    async def may_discard(self, question: str) -> bool:
        """Whether to discard the changes here."""

    async def may_make_folder(self, path: Path) -> bool:
        """Whether to create the missing folder of a file; True if it exists."""

    async def may_overwrite(self, why: str) -> bool:
        """Whether to overwrite a file in place that no new file can replace."""

    async def ask(self, text: str, answers: Sequence[tuple[str, str]]) -> str:
        """Return the key of an answer; PasswordMoveCancelledError to go back."""

    def show_waiting(self, place: str, outcome: str) -> None:
        """Show the place that a save waits for, once that takes long.

        `outcome`: what is saved if the admin stops waiting.
        """

    def show_reload(self) -> None:
        """Show the draft, whose file has been read again."""


class SaveTransaction:
    """Saves one draft; what could not be saved stays in it."""

    def __init__(
        self,
        document: Document,
        table: str,
        draft: SettingsDraft,
        file_context: OpenFileContext,
        questions: SaveQuestions,
        waits: Waits,
    ) -> None:
        self._document, self._table, self._draft = document, table, draft
        self._file_context, self._questions, self._waits = file_context, questions, waits

    async def run(self, options: WriteOptions) -> SaveResult:
        """Save the draft, and return what happened."""
        # Each round repeats the checks: the file may have changed during a question.
        draft, document, questions = self._draft, self._document, self._questions
        makes_folder = False
        while True:
            for key, problem in draft.unsavable().items():
                why = as_sentence(f"{BY_KEY[key].label} {problem}")
                return SaveResult(False, f"Not saved. {why}", key)
            if diff.is_gone(document):
                if not await self._recreates():
                    return SaveResult(False, NOTHING_SAVED)
                makes_folder = True
            if not (draft.changed or options.private or document.is_recreated):
                return SaveResult(True, "There is nothing to save: the file is up to date.")
            try:
                if await self._is_stale(_waited_for(draft)):
                    if stays := await self._catch_up():
                        return stays
                    continue
                # Fail on what the application cannot express before anything is stored.
                document.changed(self._table, preview_changes(draft), create=True)
                if not makes_folder and not await questions.may_make_folder(document.path):
                    return SaveResult(False, "Not saved: the folder does not exist.")
                makes_folder = True
                return await self._move_and_write(options)
            except WaitCancelledError as error:
                return SaveResult(False, f"{STOPPED} {error}".strip())
            except PasswordMoveCancelledError:
                return SaveResult(False, NOTHING_SAVED)
            except ChangedOnDiskError:
                if stays := await self._catch_up():
                    return stays
            except NoRenameError as error:
                if not await questions.may_overwrite(escape_controls(str(error))):
                    return SaveResult(False, NOTHING_SAVED)
                options = replace(options, in_place=True)
            except DocumentError as error:
                return SaveResult(False, f"Not saved: {error}")

    async def preview(self) -> SavePreview | SaveResult:
        """Return what saving would change, or why nothing is shown."""
        for key, problem in self._draft.unsavable().items():
            text = f"There is nothing to show. {as_sentence(f'{BY_KEY[key].label} {problem}')}"
            return SaveResult(False, text, key)
        if diff.is_gone(self._document) and not await self._recreates():
            return SaveResult(False, NOTHING_SAVED)
        try:
            while await self._is_stale():
                if stays := await self._catch_up():
                    return stays
            return self._preview()
        except WaitCancelledError:
            return SaveResult(False, NOTHING_SAVED)
        except DocumentError as error:
            return SaveResult(False, as_sentence(error))

    async def make_private(self) -> SaveResult:
        """Make the file readable only by its owner, at once."""
        if has_private_mode(self._document.path):
            text = "Only its owner can already read the file, or it does not exist yet."
            return SaveResult(True, text)
        options = WriteOptions(private=True)
        try:
            try:
                self._document.save(self._table, {}, create=True, options=options)
            # A mounted file, or a folder that this user cannot write, prevents a rename.
            except NoRenameError as error:
                if not await self._questions.may_overwrite(str(error)):
                    return SaveResult(False, "The file's mode has not changed.")
                options = replace(options, in_place=True)
                self._document.save(self._table, {}, create=True, options=options)
        except DocumentError as error:
            return SaveResult(False, as_sentence(error))
        self._file_context.check_readers()
        return SaveResult(True, "Only its owner can read the file now (mode 0600).")

    def _preview(self) -> SavePreview:
        draft, document, password = self._draft, self._document, self._draft.password
        old_text = "" if document.is_recreated else document.text
        new_text = document.changed(self._table, preview_changes(draft), create=True)
        moves = PASSWORD in draft.changed and (password.moves or password.fills_keyring)
        is_open = self._file_context.is_open and password.will_be_in_file
        notes = ["The password is stored in its new place first and read back."] if moves else []
        # Keys that are added next to unknown ones may repeat or contradict them.
        if draft.changed and (unknown := document.unknown_keys(self._table)):
            listed = one_line(", ".join(unknown), 200)
            notes.append(f"Keys that smtp-tui does not know stay as they are: {listed}.")
        warning = "Every user of this machine can read the file, including the password."
        lacks_table = document.exists and document.lacks(self._table)
        return SavePreview(
            file=document.path.name,
            lines=diff.diff_lines(
                old_text, new_text, document.path.name, document.secret_keys, document.display
            ),
            notes=tuple(notes),
            warnings=(warning,) if is_open else (),
            takes_secret_out=bool(password.leaving) and PASSWORD in draft.changed,
            is_new=not document.exists,
            table=self._table if lacks_table and draft.changed else "",
        )

    async def _recreates(self) -> bool:
        agrees = await self._questions.may_recreate()
        if agrees:
            self._document.recreate()
        return agrees

    async def _catch_up(self) -> SaveResult | None:
        """Merge the draft with another program's changes; if it is not merged, return why."""
        draft, document, questions = self._draft, self._document, self._questions
        ours, merge = draft.changed, None
        try:
            lines = diff.changes_on_disk(document)
        except DocumentError as error:
            return SaveResult(False, f"Not saved. {as_sentence(error)}")
        with suppress(DocumentError):
            # If the file on disk cannot be parsed, merging fails, but reloading may work.
            merge = diff.merged_with_disk(document, self._table, preview_changes(draft))
        can_merge = bool(ours) and merge is not None
        labels = _labels(ours)
        answer = await questions.file_changed(lines, labels, can_merge=can_merge)
        if answer is FileChangedAnswer.MERGE and merge is not None:
            conflicting = {conflict.key for conflict in merge.conflicts}
            kept: Collection[str] | None = ()
            if conflicting:
                kept = await questions.choose_values(merge.conflicts)
            if kept is not None:
                return self._reload(conflicting.difference(kept))
        question = f"This discards your changes: {', '.join(labels)}."
        reloads = answer is FileChangedAnswer.RELOAD
        if reloads and (not ours or await questions.may_discard(question)):
            text = "Reloaded: the form shows the file as it is now."
            return self._reload(ours) or SaveResult(False, text, is_reloaded=True)
        return SaveResult(False, NOTHING_SAVED)

    def _reload(self, dropped: Collection[str]) -> SaveResult | None:
        """Read the file again and reapply the draft's changes, except those to `dropped` keys.

        If it cannot be read, return why.
        """
        try:
            self._document.reload()
        except DocumentError as error:
            return SaveResult(False, as_sentence(error))
        kept = self._draft.state(key for key in self._draft.changed if key not in dropped)
        self._file_context.rebase(self._draft, kept)
        self._questions.show_reload()
        return None

    async def _is_stale(self, place: str = THE_FILE) -> bool:
        self._questions.show_waiting(place, "then nothing is saved")
        # The file may be on a network file system that does not answer.
        return await self._waits.on(in_daemon_thread(partial(diff.is_stale, self._document)))

    async def _move_and_write(self, options: WriteOptions) -> SaveResult:
        """Move the password, write the file, then clear the password's old place."""
        snapshot, moved, refusal, old_account = self._draft.copy(), PasswordMove(), "", ""
        file, place = self._document.path.name, None
        changed = snapshot.changed
        with suppress(DocumentError):
            old_account = text_of(self._document.values(self._table).get(ACCOUNT))
        try:
            follows = ACCOUNT in changed and isinstance(snapshot.password.source, KeyringSource)
            if PASSWORD in changed or follows:
                path, ask = self._document.path, self._questions.ask
                mover = PasswordMover(snapshot, path, old_account, ask, self._waits)
                place, moved = mover.place, await mover.move()
        except WaitCancelledError:
            raise
        except PasswordError as error:
            # A locked keyring must not prevent the other changes: save them and report this.
            refusal = str(error)
        changes = {key: snapshot.to_write(key) for key in changed if key != PASSWORD}
        if PASSWORD in changed and not refusal:
            changes[PASSWORD] = moved.raw
        try:
            if changes or options.private or self._document.is_recreated:
                self._document.save(self._table, changes, create=True, options=options)
        except (ChangedOnDiskError, NoRenameError):
            raise
        except DocumentError as error:
            stored = f"The password is stored ({moved.stored}), but the file was not saved"
            return SaveResult(False, f"{stored if moved.stored else 'Not saved'}: {error}")
        notes = [*moved.notes]
        if moved.leftover is not None:  # the new place has the password now
            stays = f"{moved.leftover} may still exist"
            self._questions.show_waiting(f"the removal of {moved.leftover}", "the file is saved")
            try:
                await self._waits.on(moved.leftover.forget(), stays)
            except PasswordError as error:
                notes.append(str(error))
        leaving = snapshot.password.leaving if PASSWORD in changes else ""
        if leaving and (backup := backup_with(self._document.path, [leaving])):
            notes.append(f"the backup {backup.name} still contains it; remove that file")
        before = snapshot.state()
        edits = {key: raw for key, raw in self._draft.state().items() if raw != before[key]}
        self._file_context.rebase(self._draft, edits, keep_password=bool(refusal))
        about = ""
        if PASSWORD in changes:
            about = password_sentence(snapshot.password, place, file, is_stored=bool(moved.stored))
        text = save_text(changes, file, about, notes, refusal, options)
        result = SaveResult(not refusal, text, PASSWORD if refusal else None)
        return result if edits else replace(result, saved=snapshot)


def unsaved_text(draft: SettingsDraft, file: Path) -> str:
    """Return what the file does not contain yet, for the question before leaving."""
    changed = ", ".join(_labels(draft.changed))
    return f"{escape_controls(file.name)} does not contain your changes yet: {changed}."


def _labels(keys: Iterable[str]) -> list[str]:
    return [BY_KEY[key].label for key in keys]


def _waited_for(draft: SettingsDraft) -> str:
    """Return the place that a slow save is probably waiting for."""
    if not {PASSWORD, ACCOUNT}.intersection(draft.changed):
        return THE_FILE
    kinds = {draft.password.location, location_of(draft.password.source)}
    if PasswordLocation.KEYRING in kinds:
        return "the keyring"
    is_command = PasswordLocation.COMMAND in kinds
    return "the command" if is_command else "the place that keeps the password"
