"""The fixes of a failed test: made, chosen and taken back. Each asks whom to trust first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from smtp_tui.config.ca_files import free_path, save_authority
from smtp_tui.config.errors import DocumentError
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.controllers.check import CheckController
from smtp_tui.tui.controllers.context import BUSY, Controller
from smtp_tui.tui.dialogs.fixes import FixDialog, TrustDialog, trust_blocks
from smtp_tui.tui.model.draft import HOST
from smtp_tui.tui.model.fixes import CA_FILE, FixAction, FixProposal, available_fixes, format_done
from smtp_tui.tui.model.mail_draft import MailField
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import may_make_folder

FROM = "from"
NO_FAILURE = "There is nothing to fix: no test has failed. F5 starts a test."
NO_FIX = "smtp-tui knows no safe fix for this failure. The verdict says what to do."
CHANGED = "The settings have changed since that test. Press F5 to test again first."
UNCHANGED = "Nothing has changed."


class FixController(Controller):
    """Makes the fixes of the last test in the form, and tests again."""

    async def first(self) -> None:
        """Make the best fix, and test again."""
        proposals = available_fixes(self.test_pane.last_test)
        if not proposals:
            self._say_why_none()
        elif not await self._make(proposals[0]):
            self.show_message(UNCHANGED)

    async def choose(self) -> None:
        """List the fixes, and make the one that is chosen."""
        proposals, index = available_fixes(self.test_pane.last_test), 0
        if not proposals:
            self._say_why_none()
            return
        while True:
            file = next((self._file_for(fix).name for fix in proposals if fix.authority), "")
            chosen = await self.show_dialog(FixDialog(proposals, self.draft, file, index))
            if chosen is None or await self._make(proposals[chosen]):
                return
            index = chosen

    async def _make(self, proposal: FixProposal) -> bool:
        """Make one fix and test again, or go to the field; False where the admin said no."""
        fix, authority = proposal.fix, proposal.authority
        if proposal.way is FixAction.GO_TO:
            self.go_to_field(fix.field)
            why = f"{BY_KEY[fix.field].label}: {escape_controls(fix.why)}"
            self.show_message(why, at=fix.field)
            return True
        if proposal.way is not FixAction.SET and not await self._may_trust(proposal):
            return False
        change, file = fix.change, ""
        if authority is not None:
            path = self._file_for(proposal)
            if not await may_make_folder(self.form.app, path):
                return False
            try:
                save_authority(path, authority.pem)
            except DocumentError as error:
                self.show_message(f"Not trusted: {escape_controls(str(error))}", BAD)
                return True
            file = path.name
            change = {CA_FILE: file}
        self.form.history.apply(self.draft, change, file=file)
        self.show_change(format_done(change))
        await CheckController(self.context).test(self._mail_to_repeat(change))
        return True

    async def _may_trust(self, proposal: FixProposal) -> bool:
        last, draft = self.test_pane.last_test, self.draft
        text = trust_blocks(proposal, last.facts.chain if last else (), draft)
        yes = "Yes: trust it and test" if proposal.fix.trusts else "Yes: apply it and test"
        return await self.show_dialog(TrustDialog(text, yes))

    def _file_for(self, proposal: FixProposal) -> Path:
        """Where the authority of a fix is kept: next to the settings."""
        if proposal.authority is None:
            raise AssertionError("a fix without a CA needs no file")
        folder, host = self.document.path.parent, self.draft.text(HOST)
        return free_path(folder, host, proposal.authority.subject, proposal.authority.pem)

    def _mail_to_repeat(self, change: Mapping[str, object]) -> MailRequest | None:
        """Return what to ask the server about once more; no fix ever sends a message."""
        mail = self.test_pane.verdict.mail
        if mail is None or FROM not in change:
            return mail and replace(mail, body=None)
        self.context.mail.type(MailField.FROM, "")
        # The new From is what the fix is about; what the dialog had would hide it.
        return replace(mail, body=None, sender=None)

    def _say_why_none(self) -> None:
        test_pane = self.test_pane
        last = test_pane.last_test
        if test_pane.is_busy:
            self.show_message(BUSY)
        elif last is None or last.verdict.ok:
            self.show_message(NO_FAILURE)
        else:
            self.show_message(CHANGED if last.is_stale and last.verdict.fixes else NO_FIX)
