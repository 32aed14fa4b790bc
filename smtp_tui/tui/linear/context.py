"""The state that the commands of a session share."""

from __future__ import annotations

from dataclasses import field

from smtp_tui.config.document import Document
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.linear.console import Console
from smtp_tui.tui.linear.rows import FormRows, advice_line, form_rows
from smtp_tui.tui.model.check_request import Runner
from smtp_tui.tui.model.draft import DraftState, SettingsDraft
from smtp_tui.tui.model.file_context import OpenFileContext, PasswordRisk
from smtp_tui.tui.model.fixes import FixProposal, available_fixes
from smtp_tui.tui.model.mail_draft import MailDraft
from smtp_tui.tui.model.session import CompletedTest, LastTest, SessionMemory, last_test
from smtp_tui.tui.model.undo import UndoStack

NO_TEST = "No test has finished yet. :test starts one."


@record(kw_only=True)
class LinearContext:
    """One table of one document, and the state that the commands share.

    `selectors` are DKIM selectors. `is_demo`: ask no other machine, and keep no unsaved changes
    for the next session.
    """

    console: Console
    document: Document
    table: str
    file_context: OpenFileContext
    draft: SettingsDraft
    runner: Runner
    session: SessionMemory
    selectors: tuple[str, ...]
    is_demo: bool
    history: UndoStack = field(default_factory=UndoStack)
    mail: MailDraft = field(default_factory=MailDraft)
    accepted_risks: set[PasswordRisk] = field(default_factory=set)

    @property
    def done(self) -> CompletedTest | None:
        """The last finished test."""
        return next(reversed(self.session.tests(self.table)), None)

    @property
    def last(self) -> LastTest | None:
        """The findings of the last test."""
        return last_test(self.done, self.draft)

    @property
    def fixes(self) -> tuple[FixProposal, ...]:
        """What can be done about the last test."""
        return available_fixes(self.last, self.draft, self.session.passed(self.table))

    def rows(self) -> FormRows:
        """Return the state of every row, with what the last test found wrong."""
        return form_rows(self.draft, self.file_context, self.last)

    def apply(self, change: DraftState, *, at: str | None = None, file: str = "") -> None:
        """Change fields as one step that can be undone, and show new problems and advice."""
        before = self.rows()
        self.history.apply(self.draft, change, at=at, file=file)
        self.show_news(before)

    def show_news(self, before: FormRows) -> None:
        """Show the problems and the advice that were not there before."""
        rows = self.rows()
        for key, state in rows.states.items():
            if state.problem and state.problem != before.states[key].problem:
                self.console.show(f"! {BY_KEY[key].label} {state.problem}", "", "  ")
        old = {(advice.id, advice.field) for advice in before.advice}
        for advice in rows.advice:
            if (advice.id, advice.field) not in old:
                self.console.show(escape_controls(advice_line(advice)), "", "  ")
