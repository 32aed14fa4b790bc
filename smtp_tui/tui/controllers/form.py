"""What takes its time: to test, to send, to save, to leave. Each asks the admin where it must."""

from __future__ import annotations

from dataclasses import field
from typing import Protocol

from smtp_tui.config.document import Document
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.events import Cause
from smtp_tui.tui.controllers.keyring_backend import KeyringBackend
from smtp_tui.tui.controllers.password_risk import Risk, risk_of_test
from smtp_tui.tui.controllers.tables import Verdicts
from smtp_tui.tui.controllers.waits import CancellableWaits
from smtp_tui.tui.form.form import Form
from smtp_tui.tui.model.draft import ACCOUNT
from smtp_tui.tui.model.file_context import FileContext
from smtp_tui.tui.model.mail_draft import MailDraft, sender_of
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.sidebar.controller import SidebarController
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.test_pane.test_run import needs_password_prompt, request_for, sends

BUSY = "A test is already running. Esc stops it."


class ScreenView(Protocol):
    """Whoever can bring form or bench into sight."""

    def show_form(self) -> None:
        """Bring the form into sight, the focus in it."""

    def show_test_pane(self) -> None:
        """Bring the bench into sight."""

    def open_table(self, table: str, document: Document | None = None, notice: str = "") -> None:
        """Give way to the form of another table, or of the file in another format."""

    def show_state(self) -> None:
        """Show whether there is something to save, and what the keys can do now."""


@record
class FormController:
    """Tests and saves the form's draft, and sends by it, for one table of one document."""

    screen: ScreenView
    form: Form
    test_pane: TestPane
    sidebar: SidebarController
    document: Document
    table: str
    keyring: KeyringBackend
    file_context: FileContext
    verdicts: Verdicts = field(default_factory=Verdicts)
    mail: MailDraft = field(default_factory=MailDraft)
    waits: CancellableWaits = field(default_factory=CancellableWaits)
    accepted_risks: set[Risk] = field(default_factory=set)

    @property
    def lacks_table(self) -> bool:
        """Whether the file is there and its table is still to be made."""
        return self.document.exists and self.document.lacks(self.table)

    async def test(self) -> None:
        """Test the form as it stands, or say at which field it cannot be."""
        await self.test_again(None)

    async def send(self) -> None:
        """Ask what to send to whom, and send it, or ask the server about sender and recipients."""
        settings = self._testable("Not sent")
        if settings is None:
            return
        sender = sender_of(self.form.draft)
        self.mail.follow(sender.text)
        from smtp_tui.tui.dialogs.send_message import MailDialog

        mail = await self.form.app.push_screen_wait(MailDialog(self.mail, sender))
        if mail is not None:
            await self._try(settings, mail)

    async def test_again(self, mail: MailRequest | None) -> None:
        """Test the form as it stands, and what the server says to the envelope of `mail`."""
        settings = self._testable("Not tested")
        if settings is not None:
            await self._try(settings, mail)

    async def save(self) -> bool:
        """Save what was changed; tell what came of it."""
        from smtp_tui.tui.controllers.save import SaveController

        return await SaveController(self).save()

    async def may_leave(self) -> bool:
        """Ask what is to become of changes, and see to it."""
        changed = self.form.draft.changed
        if not changed:
            return True
        from smtp_tui.tui.widgets.dialog import SAVE, STAY, ask_unsaved

        answer = await ask_unsaved(self.form.app, self.document.path.name, changed)
        return answer != STAY and (answer != SAVE or await self.save())

    async def leave(self) -> None:
        """Leave, once nothing is unsaved that shall not be dropped."""
        if await self.may_leave():
            self.test_pane.stop()
            self.form.app.exit(0)

    def show_change(self) -> None:
        """Show the form as it is now, and that the verdict speaks of what was before."""
        self.form.reload()
        self.test_pane.verdict.mark_stale()
        self.screen.show_state()
        self.sidebar.refresh(from_top=False)

    async def look_for_keyring(self) -> None:
        """Say at once where there is no keyring to keep a password in."""
        trouble = await self.keyring.state()
        self.file_context.set_keyring_trouble(trouble)
        self.form.commit_edit()
        if trouble and self.form.draft.password.kept is PasswordLocation.KEYRING:
            self.sidebar.show_message(trouble[:1].upper() + trouble[1:], BAD)

    async def _try(self, settings: Settings, mail: MailRequest | None) -> None:
        """Run with a password, and once more if the admin lets it go over an open link."""
        if not await self._may_use_password(settings, "Not sent" if sends(mail) else "Not tested"):
            return
        secret = None
        if needs_password_prompt(self.form.draft, settings):
            account = self.form.draft.text(ACCOUNT)
            from smtp_tui.tui.widgets.dialog import AskPassword

            dialog = AskPassword(account, sends=sends(mail))
            secret = await self.form.app.push_screen_wait(dialog)
            if secret is None:
                self.sidebar.show_message(
                    f"Not {'sent' if sends(mail) else 'tested'}: no password was given."
                )
                return
        verdict = await self._run(settings, mail, secret)
        if verdict is None or verdict.cause != Cause.AUTH_NEEDS_ENCRYPTION:
            return
        from smtp_tui.tui.widgets.dialog import ask_clear_password

        if await ask_clear_password(self.form.app, verdict.summary):
            await self._run(settings, mail, secret, allow_clear_password=True)

    async def _may_use_password(self, settings: Settings, undone: str) -> bool:
        """Ask before a password is fetched or sent that somebody else may have chosen."""
        risk = risk_of_test(self.form.draft.password, settings, self.document.path)
        if risk is None or risk in self.accepted_risks:
            return True
        from smtp_tui.tui.widgets.dialog import ask_to_risk

        if await ask_to_risk(self.form.app, risk.question):
            self.accepted_risks.add(risk)
            return True
        self.sidebar.show_message(f"{undone}: {risk.refusal}", BAD)
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
            self.form.draft,
            file=self.document.path,
            table=self.table,
            secret=secret,
            mail=mail,
            allow_clear_password=allow_clear_password,
            is_trusted=True,
            recognition=self.document.recognition,
        )
        self.screen.show_test_pane()
        verdict = await self.test_pane.run(request, settings)
        if verdict is not None:
            self.verdicts.remember(self.table, verdict)
        self.screen.show_state()
        self.sidebar.withdraw_message(BUSY)
        self.sidebar.refresh(from_top=False)
        return verdict

    def _testable(self, undone: str) -> Settings | None:
        """Return the settings; where they cannot be tested, say why at the field to mend."""
        self.form.commit_edit()
        for key, problem in self.form.draft.problems().items():
            self.screen.show_form()
            self.form.focus_field(key)
            self.sidebar.show_message(f"{undone}. {BY_KEY[key].label} {problem}", BAD, at=key)
            return None
        return self.form.draft.reading().settings
