"""To test the form's settings and to send by them, asking the admin where a test must ask."""

from __future__ import annotations

from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.controllers.context import BUSY, Controller
from smtp_tui.tui.dialogs.send_message import MailDialog
from smtp_tui.tui.model.draft import ACCOUNT
from smtp_tui.tui.model.file_context import risk_of_test
from smtp_tui.tui.model.mail_draft import sender_of
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.pane import needs_password_prompt, request_for
from smtp_tui.tui.test_pane.verdict import outcome
from smtp_tui.tui.widgets.dialog import AskPassword, confirm
from smtp_tui.tui.widgets.text_page import plain


def verdict_line(verdict: Verdict) -> str:
    """Return what the list of tables says of a test that came to its end."""
    cause = f": {label(verdict.cause)}" if verdict.cause else ""
    return f"{outcome(verdict)}{cause}"


class CheckController(Controller):
    """Tests the form as it stands, saved or not."""

    async def test(self, mail: MailRequest | None = None) -> None:
        """Test the form as it stands, and what the server says to the envelope of `mail`."""
        settings = self._testable_settings("Not tested")
        if settings is not None:
            await self._test(settings, mail)

    async def send(self) -> None:
        """Ask what to send to whom, and send it, or ask the server about sender and recipients."""
        settings = self._testable_settings("Not sent")
        if settings is None:
            return
        sender = sender_of(self.draft)
        self.context.mail.follow(sender.text)
        mail = await self.show_dialog(MailDialog(self.context.mail, sender))
        if mail is not None:
            await self._test(settings, mail)

    def _testable_settings(self, undone: str) -> Settings | None:
        """Return the settings; where they cannot be tested, say why at the field to fix."""
        self.form.commit_edit()
        for key, problem in self.draft.problems().items():
            # Only the first one: the focus can be in one field.
            self.go_to_field(key)
            self.show_message(f"{undone}. {BY_KEY[key].label} {problem}", BAD, at=key)
            return None
        return self.draft.reading().settings

    async def _test(self, settings: Settings, mail: MailRequest | None) -> None:
        """Test once, and again if the admin lets the password go over an unencrypted connection."""
        sends = mail is not None and mail.body is not None
        what, undone = ("message", "Not sent") if sends else ("test", "Not tested")
        if not await self._may_use_password(settings, undone):
            return
        secret = None
        if needs_password_prompt(self.draft, settings):
            dialog = AskPassword(self.draft.text(ACCOUNT), sends=what == "message")
            secret = await self.show_dialog(dialog)
            if secret is None:
                self.show_message(f"{undone}: no password was given.")
                return
        verdict = await self._run(settings, mail, secret)
        if verdict is None or verdict.cause != Cause.AUTH_NEEDS_ENCRYPTION:
            return
        question = plain("Send the password unencrypted, just this once?", BAD, gap=False)
        if await confirm(self.form.app, [plain(verdict.summary), question]):
            await self._run(settings, mail, secret, allow_clear_password=True)

    async def _may_use_password(self, settings: Settings, undone: str) -> bool:
        """Ask before a password is fetched or sent that somebody else may have chosen."""
        risk = risk_of_test(self.draft.password, settings, self.document.path)
        accepted = self.context.accepted_risks
        if risk is None or risk in accepted:
            return True
        if await confirm(self.form.app, [plain(risk.question, BAD)]):
            # Asked once a session: who tests ten times need not agree ten times.
            accepted.add(risk)
            return True
        self.show_message(f"{undone}: {risk.refusal}", BAD)
        return False

    async def _run(
        self,
        settings: Settings,
        mail: MailRequest | None,
        secret: str | None,
        *,
        allow_clear_password: bool = False,
    ) -> Verdict | None:
        request = request_for(
            self.draft,
            file=self.document.path,
            table=self.table,
            secret=secret,
            mail=mail,
            allow_clear_password=allow_clear_password,
            # The risk was asked about before.
            is_trusted=True,
            recognition=self.document.recognition,
        )
        self.screen.show_test_pane()
        verdict = await self.test_pane.run(request, settings)
        if verdict is not None:
            self.context.last_verdicts[self.table] = verdict_line(verdict)
        self.screen.show_state()
        # Said when a second test was wanted; none runs any more.
        self.context.sidebar.withdraw_message(BUSY)
        self.context.sidebar.refresh(from_top=False)
        return verdict
