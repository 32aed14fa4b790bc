"""Test the form's settings, fix a failed test, and send test messages.

The admin confirms first which certificate to trust and where a password may go. A CA certificate
to trust is saved as a PEM file next to the settings.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.controllers.context import BUSY, Controller
from smtp_tui.tui.dialogs.fixes import CertificateTrustDialog, FixDialog, trust_blocks
from smtp_tui.tui.dialogs.send_message import MailDialog
from smtp_tui.tui.model.authority_file import free_path, save_authority
from smtp_tui.tui.model.check_request import needs_password_prompt, request_for
from smtp_tui.tui.model.draft import ACCOUNT, HOST
from smtp_tui.tui.model.file_context import risk_of_test
from smtp_tui.tui.model.fixes import CA_FILE, FixKind, FixProposal, changes_of, format_done
from smtp_tui.tui.model.mail_draft import MailField, sender_of
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.pane import FROM
from smtp_tui.tui.widgets.dialog import AskPassword, confirm, may_make_folder
from smtp_tui.tui.widgets.path_completion import PathEditor
from smtp_tui.tui.widgets.text_page import plain


class CheckController(Controller):
    """Tests the form's current settings, saved or not."""

    async def test(self) -> None:
        """Test the form's settings."""
        self.context.sidebar.clear_message()
        await self._test_form()

    async def _test_form(self, mail: MailRequest | None = None) -> None:
        """Test the form's settings, and send `mail`, or only its envelope if it has no body."""
        settings = self._testable_settings("Not tested")
        if settings is not None:
            await self._test(settings, mail)

    async def send(self) -> None:
        """Ask for a message, then send it, or test only its sender and recipients."""
        self.context.sidebar.clear_message()
        settings = self._testable_settings("Not sent")
        if settings is None:
            return
        sender = sender_of(self.draft)
        self.context.mail.follow(sender.text)
        dialog = MailDialog(self.context.mail, sender, self.test_pane.mail_faults)
        mail = await self.show_dialog(dialog)
        if mail is not None:
            await self._test(settings, mail)

    async def fix(self) -> None:
        """Apply the best fix, and test again."""
        proposals = self._proposals()
        if proposals and not await self._apply_fix(proposals[0]):
            self.show_message("Nothing has changed.")

    async def choose_fix(self) -> None:
        """List the fixes, and apply the chosen one."""
        proposals, index = self._proposals(), 0
        while proposals:
            authority = next((fix.authority for fix in proposals if fix.authority), None)
            file = self._file_for(authority).name if authority else ""
            chosen = await self.show_dialog(FixDialog(proposals, self.draft, file, index))
            if chosen is None or await self._apply_fix(proposals[chosen]):
                return
            index = chosen

    def _testable_settings(self, undone: str) -> Settings | None:
        """Return the settings; if they cannot be tested, show why at the field to fix."""
        self.form.commit_edit()
        for key, problem in self.draft.problems().items():
            # A passed verdict above the reason would be a second verdict.
            self.test_pane.hide_verdict()
            # Only the first problem: one field can have the focus.
            self.go_to_field(key, f"{undone}. {BY_KEY[key].label} {problem}", BAD)
            return None
        return self.draft.reading().settings

    async def _test(self, settings: Settings, mail: MailRequest | None) -> None:
        """Test once, and again if the admin allows sending the password unencrypted."""
        sends = mail is not None and mail.body is not None
        undone = "Not sent" if sends else "Not tested"
        # Another user may have set the password, or the source that it is fetched from.
        risk = risk_of_test(self.draft.password, settings, self.document.path)
        if risk is not None and risk not in self.context.accepted_risks:
            if not await confirm(self.form.app, [plain(risk.question, BAD)]):
                self.show_message(f"{undone}: {risk.refusal}", BAD)
                return
            # Ask once a session: ten tests need not ask ten times.
            self.context.accepted_risks.add(risk)
        secret = None
        if needs_password_prompt(self.draft, settings):
            dialog = AskPassword(self.draft.text(ACCOUNT), sends=sends)
            secret = await self.show_dialog(dialog)
            if secret is None:
                self.show_message(f"{undone}: no password was given.")
                return
        run = partial(self._run, settings, mail, secret)
        verdict = await run(allow_clear_password=False)
        if verdict is None or verdict.cause != Cause.AUTH_NEEDS_ENCRYPTION:
            return
        question = plain("Send the password unencrypted, just this once?", BAD, gap=False)
        if await confirm(self.form.app, [plain(verdict.summary), question]):
            await run(allow_clear_password=True)

    async def _run(
        self,
        settings: Settings,
        mail: MailRequest | None,
        secret: str | None,
        *,
        allow_clear_password: bool,
    ) -> Verdict | None:
        request = request_for(
            self.draft,
            file=self.document.path,
            table=self.table,
            secret=secret,
            mail=mail,
            allow_clear_password=allow_clear_password,
            # `_test` has asked about the risk.
            is_trusted=True,
            recognition=self.document.recognition,
        )
        self.screen.show_test_pane()
        verdict = await self.test_pane.run(request, settings)
        self.screen.show_state()
        # A second test request showed BUSY; no test runs any more.
        self.context.sidebar.withdraw_message(BUSY)
        self.context.sidebar.refresh(from_top=False)
        return verdict

    def _proposals(self) -> tuple[FixProposal, ...]:
        """Return what can be done about the last test; if nothing, show why."""
        last, proposals = self.test_pane.last_test, self.test_pane.fixes
        if proposals:
            return proposals
        if self.test_pane.is_busy:
            why = BUSY
        elif last is None or last.verdict.ok:
            why = "There is nothing to fix: no test has failed. F5 starts a test."
        elif last.is_stale and last.verdict.fixes:
            why = "The settings have changed since that test. Press F5 to test again first."
        else:
            why = "smtp-tui knows no safe fix for this failure. The verdict says what to do."
        self.show_message(why)
        return ()

    async def _apply_fix(self, proposal: FixProposal) -> bool:
        """Apply a fix and test again, or go to its field; False if the admin said no."""
        fix, change, file = proposal.fix, changes_of(proposal), ""
        if proposal.kind in (FixKind.GO_TO, FixKind.NAME):
            why = f"{BY_KEY[fix.field].label}: {escape_controls(fix.why)}"
            if proposal.kind is FixKind.NAME:
                why = f"Type the path of the file; Tab completes it. {escape_controls(fix.why)}"
            self.go_to_field(fix.field, why)
            row = self.form.current_row
            if proposal.kind is FixKind.NAME and isinstance(row, PathEditor):
                # A row of More has no place on the screen before it is laid out.
                self.form.call_after_refresh(row.list_candidates)
            return True
        if proposal.asks and not await self._confirm(proposal):
            return False
        if proposal.kind is FixKind.RESTORE:
            change = {**proposal.state}
        elif proposal.authority is not None:
            path = self._file_for(proposal.authority)
            if not await may_make_folder(self.form.app, path):
                return False
            try:
                save_authority(path, proposal.authority.pem)
            except DocumentError as error:
                self.show_message(f"Not trusted: {escape_controls(str(error))}", BAD)
                return True
            file = path.name
            change = {CA_FILE: file}
        self.form.history.apply(self.draft, change, file=file)
        message = format_done(change)
        self.show_change(message)
        # No fix ever sends a message: the new test sends only the envelope.
        done = self.test_pane.done
        mail = done.request.mail if done else None
        mail = mail and replace(mail, body=None)
        if mail and FROM in change:
            # The fix sets From; the dialog's sender would override it.
            self.context.mail.type(MailField.FROM, "")
            mail = replace(mail, sender=None)
        await self._test_form(mail)
        if (last := self.test_pane.last_test) and last.verdict.ok:
            # The verdict now says what there is to save.
            self.context.sidebar.withdraw_message(message)
        return True

    async def _confirm(self, proposal: FixProposal) -> bool:
        """Ask whether to trust a server, or to weaken the settings."""
        last = self.test_pane.last_test
        width = self.form.app.size.width
        text = trust_blocks(proposal, last.facts.chain if last else (), self.draft, width)
        yes = "Yes: trust it and test" if proposal.fix.trusts else "Yes: apply it and test"
        return await self.show_dialog(CertificateTrustDialog(text, yes))

    def _file_for(self, authority: Certificate) -> Path:
        """Return where to save the authority of a fix: next to the settings file."""
        folder, host = self.document.path.parent, self.draft.text(HOST)
        return free_path(folder, host, authority.subject, authority.pem)
