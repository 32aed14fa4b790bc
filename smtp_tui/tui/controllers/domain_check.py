"""The domain check in DNS as a command of the form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from smtp_tui.checks.run import CheckRequest
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Event
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.dialogs.domain_report import DomainScreen
from smtp_tui.tui.messages import text
from smtp_tui.tui.test_pane.domain_task import domain_of, last_connected
from smtp_tui.tui.test_pane.test_run import request_for

if TYPE_CHECKING:
    from smtp_tui.checks.run import CheckRequest
    from smtp_tui.smtp.events import Event


SENDER = "from"


@record
class DomainController:
    """Asks about the domain that the form sends from as it stands."""

    context: FormController

    async def show(self) -> None:
        """Show what is known, or ask first; what was found of another sender is asked anew."""
        self.context.form.commit_edit()
        look = self.context.test_pane.domain
        refusal = self.refusal()
        if not refusal and not look.is_about(self._subject()[0]):
            self.ask()
        await self.context.form.app.push_screen_wait(DomainScreen(look, self))

    def refusal(self) -> str:
        """Say why nobody can be asked; nothing where DNS can be."""
        if self.context.test_pane.domain.is_alone:
            return text("dns", "alone")
        problems = self.context.form.draft.reading().problems
        if problems and not self._is_tested:
            first = problems[0]
            told = f"{BY_KEY[first.key].label} {escape_controls(first.message)}"
            return text("dns", "unusable", problem=told)
        if domain_of(self._subject()[0]) is None:
            return text("dns", "nameless", field=BY_KEY[SENDER].label)
        return ""

    def ask(self) -> None:
        """Ask anew."""
        request, events = self._subject()
        done = self.context.test_pane.done
        since = done.verdict.seconds if done and events else 0.0
        self.context.test_pane.domain.ask(request, events, since)

    @property
    def has_shown_addresses(self) -> bool:
        """Whether a test has shown which addresses the mail leaves from and goes to."""
        return last_connected(self._subject()[1]) is not None

    @property
    def _is_tested(self) -> bool:
        last = self.context.test_pane.last_test
        return last is not None and not last.is_stale

    def _subject(self) -> tuple[CheckRequest, Sequence[Event]]:
        """Return what was tested last, where the form still says that, else what it says now."""
        done = self.context.test_pane.done
        if done is not None and self._is_tested:
            return done.request, done.events
        context = self.context
        return request_for(context.form.draft, file=context.document.path, table=context.table), ()
