"""What takes its time: to test, to save, to leave. Each asks the admin where it must."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from smtp_tui.config.document import Document
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.events import Fault
from smtp_tui.tui.bench import Bench
from smtp_tui.tui.dialogs import SAVE, STAY, AskPassword, ask_clear_password, ask_unsaved
from smtp_tui.tui.form import Form
from smtp_tui.tui.ink import BAD, GOOD
from smtp_tui.tui.kept import Kept
from smtp_tui.tui.model import ACCOUNT
from smtp_tui.tui.saving import Keyring, save
from smtp_tui.tui.trial import must_ask, request_for
from smtp_tui.tui.words import Words


class Stage(Protocol):
    """Whoever can bring form or bench into sight."""

    def show_form(self) -> None:
        """Bring the form into sight, the focus in it."""

    def show_bench(self) -> None:
        """Bring the bench into sight."""

    def tell_state(self) -> None:
        """Show whether there is something to save."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Tests and saves the form's draft, for one table of one document."""

    stage: Stage
    form: Form
    bench: Bench
    words: Words
    document: Document
    table: str
    keyring: Keyring

    async def test(self) -> None:
        """Test the form as it stands, or say at which field it cannot be."""
        settings = self._testable()
        if settings is None:
            return
        secret = None
        if must_ask(self.form.draft, settings):
            account = self.form.draft.text(ACCOUNT)
            secret = await self.form.app.push_screen_wait(AskPassword(account))
            if secret is None:
                self.words.say("Not tested: no password was given.")
                return
        verdict = await self._run(settings, secret)
        if verdict is None or verdict.cause != Fault.AUTH_NEEDS_ENCRYPTION:
            return
        if await ask_clear_password(self.form.app, verdict.summary):
            await self._run(settings, secret, allow_clear_password=True)

    async def save(self) -> bool:
        """Save what was changed; tell what came of it."""
        outcome = await save(self.form.draft, self.document, self.table, self.keyring)
        self.stage.tell_state()
        if outcome.ok:
            self.form.reload()
        else:
            self.form.refresh_looks()
        if outcome.field:
            self.stage.show_form()
            self.form.visit(outcome.field)
        self.words.say(outcome.message, GOOD if outcome.ok else BAD, at=outcome.field)
        return outcome.ok

    async def may_leave(self) -> bool:
        """Ask what is to become of changes, and see to it."""
        changed = self.form.draft.changed
        if not changed:
            return True
        answer = await ask_unsaved(self.form.app, self.document.path.name, changed)
        return answer != STAY and (answer != SAVE or await self.save())

    async def look_for_keyring(self) -> None:
        """Say at once where there is no keyring to keep a password in."""
        trouble = await self.keyring.state()
        if trouble and self.form.draft.password.kept is Kept.KEYRING:
            self.words.say(trouble[:1].upper() + trouble[1:], BAD)

    async def _run(
        self, settings: Settings, secret: str | None, *, allow_clear_password: bool = False
    ) -> Verdict | None:
        request = request_for(
            self.form.draft,
            file=self.document.path,
            table=self.table,
            secret=secret,
            allow_clear_password=allow_clear_password,
        )
        self.stage.show_bench()
        title = f"{settings.host} port {settings.port}"
        verdict = await self.bench.run(request, title, settings.timeout)
        self.words.refresh(from_top=False)
        return verdict

    def _testable(self) -> Settings | None:
        """Return the settings; where they cannot be tested, say why at the field to mend."""
        self.form.settle()
        for key, problem in self.form.draft.problems().items():
            self.stage.show_form()
            self.form.visit(key)
            self.words.say(f"Not tested. {BY_KEY[key].label} {problem}", BAD, at=key)
            return None
        return self.form.draft.reading().settings
