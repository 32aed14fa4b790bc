"""Save the settings and leave, asking line by line where consent is needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from smtp_tui.config.atomic_write import WriteOptions
from smtp_tui.config.diff import DiffLine, MergeConflict
from smtp_tui.tui.linear.console import Console, StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import as_sentence, folder_question, text
from smtp_tui.tui.model import drift
from smtp_tui.tui.model.password_mover import PasswordMoveCancelledError
from smtp_tui.tui.model.recovery import (
    DISCARD,
    discard_recovery,
    keep_changes,
    kept_changes,
    recovery_question,
    restore_changes,
)
from smtp_tui.tui.model.save_transaction import (
    OVERWRITE,
    FileChangedAnswer,
    SavePreview,
    SaveResult,
    SaveTransaction,
    unsaved_text,
)
from smtp_tui.tui.model.waits import WaitCancelledError

T = TypeVar("T")


class ConsoleWaits:
    """Awaits calls until they end or Ctrl+C stops the waiting."""

    SLOW = 2.0  # seconds after which a line says what is awaited

    def __init__(self, console: Console) -> None:
        self._lines = console
        self.place, self.outcome = "", ""

    async def on(self, call: Coroutine[Any, Any, T], warning: str = "") -> T:
        """Await a call and return its result; WaitCancelledError(warning) if it was stopped."""
        waiting = f"Waiting for {self.place}. Ctrl+C stops waiting; {self.outcome}."
        slow = asyncio.get_running_loop().call_later(self.SLOW, self._lines.show, waiting)
        try:
            return await stoppable(call)
        except StoppedError:
            raise WaitCancelledError(warning) from None
        finally:
            slow.cancel()


class LinearSave:
    """Saves the draft; answers the questions of `SaveTransaction` on the terminal."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console = context, context.console
        self.document, self.table, self.draft = context.document, context.table, context.draft
        self._waits = ConsoleWaits(context.console)

    async def save(self) -> bool:
        """Save the changes; if the file lacks the table, show the difference first."""
        if self.document.exists and self.document.lacks(self.table) and self.draft.changed:
            return await self.review()
        return await self._save(WriteOptions())

    async def review(self) -> bool:
        """Show the difference, and save if the admin agrees; return whether it was saved."""
        preview = await self._transaction.preview()
        if isinstance(preview, SaveResult):
            return self._report(preview)
        options = self._agreed(preview)
        return options is not None and await self._save(options)

    async def make_private(self) -> None:
        """Make the file readable only by its owner, at once."""
        self._report(await self._transaction.make_private())

    async def may_leave(self) -> bool:
        """Ask whether to save unsaved changes, and do so; return whether the admin may leave."""
        if not self.draft.changed:
            return True
        question = unsaved_text(self.draft, self.document.path)
        answer = self.console.choose(question, (("s", "Save and leave"), ("d", "Discard")))
        return answer == "d" or (answer == "s" and await self.save())

    # Unsaved changes of a session that a signal or a crash ended

    def keep_changes(self) -> bool:
        """Keep unsaved changes for the next session; return whether they were kept."""
        return keep_changes(self.draft, self.document.path, self.table)

    def offer_recovery(self) -> None:
        """Ask whether to restore or discard kept changes that the file does not have yet."""
        new_draft = self.context.file_context.draft
        recovered = kept_changes(self.document.path, self.table, new_draft)
        if recovered is None:
            return
        answers = ("r", "Restore them"), ("d", "Discard them")
        question = recovery_question(recovered, time.time())
        while (answer := self.console.choose(question, answers)) == "d":
            if self.console.confirm(DISCARD):
                break
        if answer == "r":
            self.console.show(restore_changes(recovered, self.draft, self.context.history))
        if answer:
            discard_recovery(recovered.file, recovered.table)

    # The questions of a save

    async def may_recreate(self) -> bool:
        """Ask whether saving may create the removed file again."""
        path = self.document.path
        create = "Create its folder and the file" if not path.parent.exists() else "Create it"
        return self.console.confirm(
            f"{path.name} was deleted after smtp-tui read it. Nothing is lost: its content is "
            f"here. {create} again, readable only by its owner (mode 0600)?"
        )

    async def file_changed(
        self, lines: Sequence[DiffLine], ours: Sequence[str], *, can_merge: bool
    ) -> FileChangedAnswer | None:
        """Show what another program changed, and ask what to do."""
        self.console.show(text("diff", "changed", file=self.document.path.name))
        self._show_lines(lines)
        state = text("diff", "unsaved" if ours else "saved", labels=", ".join(ours))
        answers = {"m": FileChangedAnswer.MERGE} if can_merge else {}
        answers["r"] = FileChangedAnswer.RELOAD
        labels = {"m": "Merge and save", "r": "Reload"}
        answer = self.console.choose(state, [(letter, labels[letter]) for letter in answers])
        return answers.get(answer)

    async def choose_values(self, conflicts: Sequence[MergeConflict]) -> Collection[str] | None:
        """Ask whose value to keep for each key that both have changed."""
        # No default: Enter alone must not overwrite what another program wrote.
        answers = ("f", "the value in the file"), ("h", "the value here")
        kept = []
        for conflict in conflicts:
            whose = self.console.choose(f"{conflict}.", answers)
            if not whose:
                return None
            if whose == "h":
                kept.append(conflict.key)
        return kept

    async def may_discard(self, question: str) -> bool:
        """Ask whether to discard the changes here."""
        return self.console.confirm(f"{question} Discard them?")

    async def may_make_folder(self, path: Path) -> bool:
        """Ask whether a missing folder may be created; True if it exists."""
        question = folder_question(path)
        return not question or self.console.confirm(question)

    async def may_overwrite(self, why: str) -> bool:
        """Ask whether to overwrite the file in place."""
        return self.console.confirm(f"{as_sentence(why)} {OVERWRITE}")

    async def ask(self, text: str, answers: Sequence[tuple[str, str]]) -> str:
        """Ask a question about the password; return the key of the answer."""
        answer = self.console.choose(text, answers)
        if not answer:
            raise PasswordMoveCancelledError
        return answer

    def show_waiting(self, place: str, outcome: str) -> None:
        """Name the place that a slow save waits for."""
        self._waits.place, self._waits.outcome = place, outcome

    def show_reload(self) -> None:
        """Forget what passed before the file was changed."""
        self.context.session.forget_passed(self.table)

    async def _save(self, options: WriteOptions) -> bool:
        result = await self._transaction.run(options)
        if result.saved:
            session, now = self.context.session, self.draft.snapshot()
            session.follow_save(self.table, result.saved, now)
        is_saved = self._report(result)
        if is_saved and result.saved and not self.context.is_demo:
            await self._show_drift()
        return is_saved

    async def _show_drift(self) -> None:
        """Show what still runs with other values; Ctrl+C stops the search."""
        try:
            notice = await stoppable(drift.look_for_drift(self.document))
        except StoppedError:
            self.console.show_stopped()
            return
        if notice and (found := drift.after_save(notice, ":drift")):
            self.console.show(found)

    @property
    def _transaction(self) -> SaveTransaction:
        context = self.context
        return SaveTransaction(
            self.document, self.table, self.draft, context.file_context, self, self._waits
        )

    def _report(self, result: SaveResult) -> bool:
        self.context.history.keep_to(self.draft.password)
        self.console.show(result.text)
        return result.ok

    def _agreed(self, preview: SavePreview) -> WriteOptions | None:
        """Show the difference and ask whether to save; return how, or None."""
        console = self.console
        if not preview.lines:
            console.show(text("diff", "same", file=preview.file))
            return None
        console.show(text("diff", "title", file=preview.file))
        if preview.table:
            console.show(text("diff", "new-table", table=preview.table))
        for line in (*preview.notes, *preview.warnings):
            console.show(line)
        self._show_lines(preview.lines)
        answers = [("y", "Save it")]
        if not preview.is_new:
            # A backup would keep the password that saving removes from the file.
            keeps_backup = not preview.takes_secret_out
            answers += (
                [("b", f"Save it, and keep the old file as {preview.file}~")]
                if keeps_backup
                else []
            )
            answers.append(("p", "Save it, readable only by its owner (mode 0600)"))
        answer = console.choose("Save this?", answers)
        if not answer:
            return None
        return WriteOptions(backup=answer == "b", private=answer == "p")

    def _show_lines(self, lines: Sequence[DiffLine]) -> None:
        for line in lines:
            # As it stands: a wrapped line would look like two lines of the file.
            self.console.show_verbatim(str(line))
