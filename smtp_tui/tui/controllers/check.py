"""Test the form's settings, fix a failed test, and send test messages.

The admin confirms first which certificate to trust and where a password may go. A CA certificate
to trust is saved as a PEM file next to the settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.errors import DocumentError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import BUSY, TAPPING, Controller
from smtp_tui.tui.dialogs.fixes import CertificateTrustDialog, FixDialog, trust_blocks
from smtp_tui.tui.dialogs.send_message import MailDialog
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.check_flow import CheckFlow, mail_after_fix
from smtp_tui.tui.model.check_request import form_tap, request_for
from smtp_tui.tui.model.draft import DraftSnapshot
from smtp_tui.tui.model.fixes import FixKind, FixProposal, format_done, no_fix_text
from smtp_tui.tui.model.mail_draft import sender_of
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import AskPassword, PromptDialog, confirm, may_make_folder
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
            await self._flow.test(settings, mail)

    async def send(self) -> None:
        """Ask for a message, then send it, or test only its sender and recipients."""
        self.context.sidebar.clear_message()
        settings = self._testable_settings("Not sent")
        if settings is None:
            return
        sender = sender_of(self.draft)
        self.context.mail.follow(sender.text)
        last = self.test_pane.last_test
        dialog = MailDialog(self.context.mail, sender, last.mail_faults if last else {})
        mail = await self.show_dialog(dialog)
        if mail is not None and dialog.proves:
            await self._flow.prove(settings, mail, self.context.mail)
        elif mail is not None:
            await self._flow.test(settings, mail, follows=self.context.mail.follows)

    async def tap(self) -> None:
        """Ask where to listen, then relay applications until Esc."""
        self.context.sidebar.clear_message()
        settings = self._testable_settings("The tap did not start")
        if settings is None:
            return
        file = self.document.path
        tap = form_tap(settings, request_for(self.draft, file=file, table=self.table), file)
        address, problem, actions = tap.proposed, "", ("Listen", "Do not listen")
        try:
            while True:
                prompt = PromptDialog(text("tap", "ask"), "Address", address, actions, problem)
                typed = await self.show_dialog(prompt)
                if typed is None:
                    return
                address = typed
                if not (why := await tap.open(address)):
                    break
                problem = as_sentence(why)
            self.screen.show_test_pane()
            await self.test_pane.run_tap(tap, settings)
        finally:
            await tap.close()
        self.screen.show_state()
        self.context.sidebar.withdraw_message(TAPPING)

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
            file = self._flow.file_for(authority).name if authority else ""
            chosen = await self.show_dialog(FixDialog(proposals, self.draft, file, index))
            if chosen is None or await self._apply_fix(proposals[chosen]):
                return
            index = chosen

    def _testable_settings(self, undone: str) -> Settings | None:
        """Return the settings; if they cannot be tested, show why at the field to fix."""
        self.form.commit_edit()
        for key, problem in self.draft.problems().items():
            # An old PASSED above the reason would look like a second verdict.
            self.test_pane.hide_verdict()
            # Only the first problem: one field can have the focus.
            why = f"{undone}. {BY_KEY[key].label} {problem.rstrip('.')}."
            self.go_to_field(key, why, BAD)
            return None
        return self.draft.reading().settings

    @property
    def _flow(self) -> CheckFlow:
        risks = self.context.accepted_risks
        return CheckFlow(self.document, self.table, self.draft, risks, self)

    # What the flow asks for

    async def run(
        self, request: CheckRequest, settings: Settings, tested: DraftSnapshot
    ) -> Verdict | None:
        """Run a test in the test pane."""
        self.screen.show_test_pane()
        verdict = await self.test_pane.run(request, settings, tested)
        self.screen.show_state()
        # A second test request showed BUSY; no test runs any more.
        self.context.sidebar.withdraw_message(BUSY)
        self.context.sidebar.refresh(from_top=False)
        return verdict

    async def confirm(self, question: str, about: str = "") -> bool:
        """Ask a yes/no question."""
        before = [plain(about)] if about else []
        return await confirm(self.form.app, [*before, plain(question, BAD, gap=False)])

    async def ask_password(self, account: str, *, sends: bool) -> str | None:
        """Ask for the password of one test or message."""
        return await self.show_dialog(AskPassword(account, sends=sends))

    async def ask_mailbox(self, proposed: str, problem: str) -> str | None:
        """Ask for the mailbox of the message."""
        title, actions = text("mail", "mailbox"), ("Continue", "Do not send")
        return await self.show_dialog(PromptDialog(title, "Mailbox", proposed, actions, problem))

    async def ask_mailbox_password(self, whose: str, empty: str, problem: str) -> str | None:
        """Ask for the password of the mailbox."""
        note = f"{empty} {problem}".rstrip()
        dialog = AskPassword(whose, sends=True, label="IMAP Password", note=note)
        return await self.show_dialog(dialog)

    async def agrees(self, proposal: FixProposal, chain: Sequence[Certificate]) -> bool:
        """Ask whether to trust a server, or to weaken the settings."""
        blocks = partial(trust_blocks, proposal, chain, self.draft)
        yes = "Yes: trust it and test" if proposal.fix.trusts else "Yes: apply it and test"
        return await self.show_dialog(CertificateTrustDialog(blocks, yes))

    async def may_make_folder(self, path: Path) -> bool:
        """Ask whether a missing folder may be created; True if it exists."""
        return await may_make_folder(self.form.app, path)

    def show_refusal(self, text: str) -> None:
        """Show why nothing is tested."""
        self.show_message(text, BAD)

    # Fixes

    def _proposals(self) -> tuple[FixProposal, ...]:
        """Return what can be done about the last test; if nothing, show why."""
        proposals = self.test_pane.fixes
        if not proposals:
            why = no_fix_text(self.test_pane.last_test, key_of("test"))
            self.show_message(BUSY if self.test_pane.is_busy else why)
        return proposals

    async def _apply_fix(self, proposal: FixProposal) -> bool:
        """Apply a fix and test again, or go to its field; False if the admin said no."""
        fix, last, done = proposal.fix, self.test_pane.last_test, self.test_pane.done
        if proposal.kind is FixKind.SIGN_IN:
            # Loads the providers' flows, which few failures need.
            sign_in = load("tui.controllers.sign_in:SignInController")(self.context)
            await sign_in.start()
            return True
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
        try:
            prepared = await self._flow.prepare(proposal, last.facts.chain if last else ())
        except DocumentError as error:
            self.show_message(f"Not trusted: {escape_controls(str(error))}", BAD)
            return True
        if prepared is None:
            return False
        self.form.history.apply(self.draft, prepared.change, file=prepared.file)
        message = format_done(prepared.change, self.draft)
        self.show_change(message)
        before = done.request.mail if done else None
        await self._test_form(mail_after_fix(before, prepared.change, self.context.mail))
        if (last := self.test_pane.last_test) and last.verdict.ok:
            # The verdict now says what there is to save.
            self.context.sidebar.withdraw_message(message)
        return True
