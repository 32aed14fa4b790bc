"""What cures a failed test: fixes made, chosen and taken back. Each asks whom to trust first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.controllers.form import BUSY, FormController
from smtp_tui.tui.model.draft import HOST
from smtp_tui.tui.model.fixes import CA_FILE, FixAction, FixProposal, done_words, fix_proposals
from smtp_tui.tui.model.mail_draft import MailField
from smtp_tui.tui.style import BAD, PLAIN
from smtp_tui.tui.widgets.dialog import may_make_folder

FROM = "from"
NO_FAILURE = "There is nothing to fix: no test has failed. F5 starts a test."
NO_FIX = "smtp-tui knows no safe fix for this failure. The verdict says what to do."
CHANGED = "The settings have changed since that test. Press F5 to test again first."
UNCHANGED = "Nothing has changed."


@record
class FixController:
    """Makes the fixes of the last test in the form, and tests again."""

    context: FormController

    def available(self) -> tuple[FixProposal, ...]:
        """Return the fixes of the last test, if the form still says what was tested."""
        last = self.context.test_pane.last_test
        if last is None or last.is_stale:
            return ()
        return fix_proposals(last.verdict, last.facts.chain)

    async def first(self) -> None:
        """Make the best fix, and test again."""
        cures = self.available()
        if not cures:
            self._say_why_none()
        elif not await self._make(cures[0]):
            self.context.sidebar.show_message(UNCHANGED)

    async def choose(self) -> None:
        """List the fixes, and make the one that is chosen."""
        cures, index = self.available(), 0
        if not cures:
            self._say_why_none()
            return
        from smtp_tui.tui.dialogs.fixes import FixDialog

        app, draft = self.context.form.app, self.context.form.draft
        while True:
            file = next((self._file_for(cure).name for cure in cures if cure.authority), "")
            chosen = await app.push_screen_wait(FixDialog(cures, draft, file, index))
            if chosen is None or await self._make(cures[chosen]):
                return
            index = chosen

    async def _make(self, cure: FixProposal) -> bool:
        """Make one fix and test again, or go to the field; False where the admin said no."""
        if cure.way is FixAction.GO_TO:
            self._go_to(cure)
            return True
        if cure.way is not FixAction.SET and not await self._may(cure):
            return False
        if cure.authority and not await may_make_folder(
            self.context.form.app, self._file_for(cure)
        ):
            return False
        change = self._prepared(cure)
        if change is not None:
            form, file = self.context.form, str(change[CA_FILE]) if cure.authority else ""
            form.history.apply(form.draft, change, file=file)
            self.context.show_change()
            self.context.sidebar.show_message(escape_controls(done_words(change)))
            await self.context.test_again(self._asking_again(change))
        return True

    async def _may(self, cure: FixProposal) -> bool:
        from smtp_tui.tui.dialogs.fixes import TrustDialog, trust_blocks

        last, draft = self.context.test_pane.last_test, self.context.form.draft
        text = trust_blocks(cure, last.facts.chain if last else (), draft)
        yes = "Yes: trust it and test" if cure.fix.trusts else "Yes: apply it and test"
        return await self.context.form.app.push_screen_wait(TrustDialog(text, yes))

    def _prepared(self, cure: FixProposal) -> Mapping[str, object] | None:
        """Return what to set, its file written; None where that failed, which is then said."""
        if cure.authority is None:
            return cure.fix.change
        from smtp_tui.config.ca_files import save_authority

        path = self._file_for(cure)
        try:
            save_authority(path, cure.authority.pem)
        except DocumentError as error:
            self.context.sidebar.show_message(f"Not trusted: {escape_controls(str(error))}", BAD)
            return None
        return {CA_FILE: path.name}

    def _file_for(self, cure: FixProposal) -> Path:
        """Where the authority of a fix is kept: beside the settings."""
        from smtp_tui.config.ca_files import free_path

        if cure.authority is None:
            raise AssertionError("a fix without a CA needs no file")
        folder, host = self.context.document.path.parent, self.context.form.draft.text(HOST)
        return free_path(folder, host, cure.authority.subject, cure.authority.pem)

    def _go_to(self, cure: FixProposal) -> None:
        key = cure.fix.field
        self.context.screen.show_form()
        self.context.form.focus_field(key)
        self.context.sidebar.show_message(
            f"{BY_KEY[key].label}: {escape_controls(cure.fix.why)}", PLAIN, at=key
        )

    def _asking_again(self, change: Mapping[str, object]) -> MailRequest | None:
        """Return what to ask the server about once more; no fix ever sends a message."""
        mail = self.context.test_pane.verdict.mail
        if mail is None or FROM not in change:
            return mail and replace(mail, body=None)
        self.context.mail.type(MailField.FROM, "")
        return replace(mail, body=None, sender=None)

    def _say_why_none(self) -> None:
        test_pane = self.context.test_pane
        last = test_pane.last_test
        if test_pane.is_busy:
            self.context.sidebar.show_message(BUSY)
        elif last is None or last.verdict.ok:
            self.context.sidebar.show_message(NO_FAILURE)
        else:
            self.context.sidebar.show_message(
                CHANGED if last.is_stale and last.verdict.fixes else NO_FIX
            )
