"""Writing what was changed: the password to its place first, then the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import partial

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.document import Document
from smtp_tui.config.errors import ChangedOnDiskError, DocumentError, NoRenameError, PasswordError
from smtp_tui.config.merge import is_gone, is_stale
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.password_sources import Keyring, Literal
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.keyring_backend import KeyringBackend
from smtp_tui.tui.controllers.password_mover import (
    Asking,
    PasswordMove,
    PasswordMover,
    SteppedBackError,
)
from smtp_tui.tui.controllers.waits import CancellableWaits, StoppedWaitingError
from smtp_tui.tui.model.draft import ACCOUNT, PASSWORD, Draft, text_of
from smtp_tui.tui.model.file_context import FileContext, preview_changes
from smtp_tui.tui.model.password import PasswordDraft, PasswordLocation, kind_of
from smtp_tui.tui.widgets.dialog import missing_folder

UNCHANGED = "There is nothing to save: the file is up to date."
STEPPED_BACK = "Nothing was saved."
THE_FILE = "the file"
STOPPED = "Stopped. Nothing was saved; the form is unchanged."


class SaveBlocker(Enum):
    """What stands in the way of writing, and can be talked about."""

    GONE = auto()
    NO_FOLDER = auto()
    CHANGED = auto()
    NO_RENAME = auto()


@record
class SaveOutcome:
    """What saving came to, in words, and the field or the obstacle that stood in the way."""

    message: str
    ok: bool
    field: str | None = None
    obstacle: SaveBlocker | None = None


class _Job:
    """What a draft wanted saved at a moment; it may be edited on while a keyring is waited for."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._raws = {field.key: draft.raw(field.key) for field in FIELDS}
        self._state = draft.password.state
        self.password = draft.password.snapshot()
        self.account = draft.text(ACCOUNT)
        self.moves_password = PASSWORD in draft.changed
        self.values = {key: draft.to_write(key) for key in draft.changed if key != PASSWORD}

    def conclude(self, file_context: FileContext, *, keep_password: bool) -> None:
        """Have the draft begin anew with what was saved; what was edited since stays an edit."""
        draft, state = self._draft, self._draft.password.state
        raws = {key: draft.raw(key) for key in self._raws if key != PASSWORD}
        since = {key: raw for key, raw in raws.items() if raw != self._raws[key]}
        file_context.rebase(draft, keep_password=keep_password)
        for key, raw in since.items():
            draft.edit(key, raw)
        if state != self._state and not keep_password:
            draft.password.restore(state)


@record
class SaveTransaction:
    """Saves drafts of one table of one document."""

    document: Document
    table: str
    file_context: FileContext
    vault: KeyringBackend
    ask: Asking
    waits: CancellableWaits

    async def save(
        self, draft: Draft, manner: WriteOptions, *, makes_folder: bool = False
    ) -> SaveOutcome:
        """Save the draft's changes; whatever could not be saved stays in the draft.

        A table that the file lacks is made; the file's folder only with `makes_folder`.
        """
        for key, problem in draft.unsavable().items():
            told = f"Not saved. {BY_KEY[key].label} {escape_controls(problem)}"
            return SaveOutcome(told, ok=False, field=key)
        if is_gone(self.document):
            return SaveOutcome("Not saved", ok=False, obstacle=SaveBlocker.GONE)
        if not (draft.changed or manner.private or self.document.is_begun_anew):
            return SaveOutcome(UNCHANGED, ok=True)
        try:
            if await self.waits.on(in_daemon_thread(partial(is_stale, self.document))):
                return SaveOutcome("Not saved", ok=False, obstacle=SaveBlocker.CHANGED)
            # What the file's application cannot say must show before anything is stored.
            self.document.changed(self.table, preview_changes(draft), create=True)
        except StoppedWaitingError:
            return SaveOutcome(STOPPED, ok=False)
        except DocumentError as error:
            return SaveOutcome(escape_controls(f"Not saved: {error}"), ok=False)
        if not makes_folder and missing_folder(self.document.path):
            return SaveOutcome("Not saved", ok=False, obstacle=SaveBlocker.NO_FOLDER)
        job = _Job(draft)
        moved, refusal = PasswordMove(None), ""
        try:
            moved = await self._move(job)
        except SteppedBackError:
            return SaveOutcome(STEPPED_BACK, ok=False)
        except StoppedWaitingError as error:
            return SaveOutcome(f"{STOPPED} {error}".strip(), ok=False)
        except PasswordError as error:
            refusal = str(error)
        return await self._write(job, moved, refusal, manner)

    async def _move(self, job: _Job) -> PasswordMove:
        was = text_of(self._before.get(ACCOUNT))
        follows = ACCOUNT in job.values and isinstance(job.password.old, Keyring)
        if not job.moves_password and not follows:
            return PasswordMove(None)
        mover = PasswordMover(self.vault, self.document.path, os.environ, self.ask, self.waits)
        return await mover.move(job.password, was, job.account)

    async def _write(
        self, job: _Job, moved: PasswordMove, refusal: str, manner: WriteOptions
    ) -> SaveOutcome:
        changes = dict(job.values)
        if job.moves_password and not refusal:
            changes[PASSWORD] = moved.raw
        leaves = takes_out(job.password) and PASSWORD in changes
        try:
            if changes or manner.private or self.document.is_begun_anew:
                self.document.save(self.table, changes, create=True, manner=manner)
        except (ChangedOnDiskError, NoRenameError) as error:
            is_changed = isinstance(error, ChangedOnDiskError)
            obstacle = SaveBlocker.CHANGED if is_changed else SaveBlocker.NO_RENAME
            return SaveOutcome(escape_controls(str(error)), ok=False, obstacle=obstacle)
        except DocumentError as error:
            has = f"The password is stored ({moved.stored}), but the file was not saved"
            return SaveOutcome(
                escape_controls(f"{has if moved.stored else 'Not saved'}: {error}"), ok=False
            )
        notes = [*moved.notes, *(await self._remove(moved))]
        if leaves:
            notes += self._in_backup(job.password)
        job.conclude(self.file_context, keep_password=bool(refusal))
        return _outcome(list(changes), notes, refusal, manner)

    async def _remove(self, moved: PasswordMove) -> list[str]:
        """Take away what the new place has now."""
        if moved.leftover is None:
            return []
        service, account = moved.leftover
        try:
            stays = f"the keyring's entry {service} of {account} may still exist"
            await self.waits.on(self.vault.forget(service, account), stays)
        except PasswordError as error:
            return [str(error)]
        return []

    def _in_backup(self, password: PasswordDraft) -> list[str]:
        """Tell that a password which left the file stands in its backup still."""
        backup = self.document.path.with_name(f"{self.document.path.name}~")
        old = password.old
        with suppress(OSError):
            if not isinstance(old, Literal) or not backup.is_file():  # a pipe would never end
                return []
            if old.value in backup.read_text("utf-8", "replace"):
                return [f"the backup {backup.name} still contains it; remove that file"]
        return []

    @property
    def _before(self) -> Mapping[str, object]:
        try:
            return self.document.values(self.table)
        except DocumentError:
            return {}


def place_asked(draft: Draft) -> str:
    """Name the place that saving waits for where it takes its time."""
    if not {PASSWORD, ACCOUNT}.intersection(draft.changed):
        return THE_FILE
    kinds = {draft.password.kept, kind_of(draft.password.old)}
    if PasswordLocation.KEYRING in kinds:
        return "the keyring"
    return (
        "the command" if PasswordLocation.COMMAND in kinds else "the place that keeps the password"
    )


def takes_out(password: PasswordDraft) -> bool:
    """Whether saving takes a password out of the file, which no backup may keep."""
    with suppress(ValueError):
        return isinstance(password.old, Literal) and not isinstance(password.target, Literal)
    return False


def _outcome(keys: list[str], notes: list[str], refusal: str, manner: WriteOptions) -> SaveOutcome:
    done = [f"Saved: {', '.join(keys)}" if keys else "Saved"]
    if not keys and refusal:
        done = []
    done += ["only its owner can read the file now"] if manner.private and not refusal else []
    done += ["written in place"] if manner.in_place else []
    saved = ". ".join(["; ".join(done), *(note[:1].upper() + note[1:] for note in notes)])
    if refusal:
        told = f"The password is NOT saved: {escape_controls(refusal).rstrip('.')}."
        return SaveOutcome(f"{told} {escape_controls(saved)}".strip(), ok=False, field=PASSWORD)
    return SaveOutcome(escape_controls(saved), ok=True)
