"""The test bench: strip of stages, log and verdict of the check that runs or ran last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.tui.log.model import LogHeading, entries_of
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.messages import format_internal_error
from smtp_tui.tui.model.fixes import LastTest
from smtp_tui.tui.style import BAD
from smtp_tui.tui.test_pane.progress import ProgressBar
from smtp_tui.tui.test_pane.test_run import (
    CompletedTest,
    DnsOptions,
    Runner,
    run_to_verdict,
    title_of,
)
from smtp_tui.tui.test_pane.verdict import (
    STOPPED,
    STOPPED_LATE,
    VerdictPanel,
    outcome,
    verdict_lines,
)
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.typeahead import release_keys
from smtp_tui.tui.widgets.text_page import Block

if TYPE_CHECKING:
    from smtp_tui.checks.run import CheckRequest
    from smtp_tui.tui.test_pane.domain_task import DomainCheckTask

NO_VERDICT = "no verdict"


class TestPane(NoRepaintOnResize, Vertical):
    """Runs one check at a time and shows it as it happens."""

    class DomainTold(Message):
        """There is something else to say of the sender's domain."""

    def __init__(
        self,
        runner: Runner,
        notice: str = "",
        lookup: DnsOptions | None = None,
        *,
        remarks: Sequence[str] = (),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.runner = runner
        self.lookup = lookup or DnsOptions()
        self.strip = ProgressBar(id="strip")
        self.log_view = LogView(id="log")
        self.verdict = VerdictPanel(notice, remarks, id="verdict")
        self._facts = CheckSummary()
        self._events: list[Event] = []
        self._count = 0
        self.moment: datetime | None = None
        self.done: CompletedTest | None = None
        self.before: CompletedTest | None = None
        self._check: asyncio.Task[Verdict | None] | None = None
        self._domain: DomainCheckTask | None = None

    def compose(self) -> ComposeResult:
        """Stack them."""
        yield self.strip
        yield self.log_view
        yield self.verdict

    @property
    def is_busy(self) -> bool:
        """Whether a check runs."""
        return self._check is not None

    @property
    def last_test(self) -> LastTest | None:
        """What the last test found, if one came to its end and none runs."""
        verdict, is_stale = self.verdict.verdict, self.verdict.is_stale
        return LastTest(self._facts, verdict, is_stale) if verdict else None

    @property
    def domain(self) -> DomainCheckTask:
        """What asks DNS about the sender's domain; it is loaded when it is first wanted."""
        if self._domain is None:
            from smtp_tui.tui.test_pane.domain_task import DomainCheckTask

            self._domain = DomainCheckTask(self, self.lookup)
        return self._domain

    def domain_blocks(self) -> list[Block]:
        """Return what was found about the sender's domain of the last test."""
        if self._domain is None or self._domain.found is None:
            return []
        from smtp_tui.tui.test_pane.domain_text import page_blocks

        return list(page_blocks(self._domain.found))

    async def run(self, request: CheckRequest, settings: Settings) -> Verdict | None:
        """Run a check; None if it was stopped or broke, which is then said.

        `settings` are those of the request, the password as the form has it.
        """
        release_keys()
        self.moment = moment = datetime.now(UTC)
        self._begin(title_of(settings, request.mail), request.mail, moment)
        started = monotonic()

        def tell_wait() -> None:
            spent = monotonic() - started
            self.verdict.wait(self.strip.progress.current, spent, settings.timeout)

        tell_wait()
        clock = self.set_interval(1, tell_wait)
        self._check = asyncio.create_task(run_to_verdict(self.runner, request, self._follow))
        try:
            await asyncio.wait([self._check])
            verdict = self._conclude(self._check.result(), request.mail)
            if verdict:
                done = CompletedTest(request, settings, tuple(self._events), verdict, moment)
                self.before, self.done = self.done, done
                self.call_after_refresh(self._look_at_domain, done)  # the verdict is seen first
            return verdict
        except asyncio.CancelledError:
            if not self._check.cancelled():  # the form itself is left
                self._check.cancel()
                raise
            is_late = self.strip.progress.current is Stage.MESSAGE
            self._give_up(STOPPED_LATE if is_late else STOPPED, "stopped")
            return None
        except Exception as error:  # a defect in a check must not cost what was typed
            self._give_up(format_internal_error(error))
            return None
        finally:
            self._check = None
            clock.stop()

    def stop(self) -> bool:
        """Stop what runs, if anything does; a check's connection closes at once."""
        if self._check is None:
            return self._domain is not None and self._domain.stop()
        self._check.cancel()
        return True

    def on_log_view_focus_gained(self) -> None:
        """Mark the log as focused."""
        self.strip.mark(True)

    def on_log_view_focus_lost(self) -> None:
        """Take the mark away."""
        self.strip.mark(False)

    def on_log_view_view_changed(self, event: LogView.ViewChanged) -> None:
        """Tell how much of the log is below what is in sight, and how it is shown."""
        event.stop()
        self.strip.tell_log(event.below, event.shown_as)

    def _begin(self, title: str, mail: MailRequest | None, moment: datetime) -> None:
        if self._domain is not None:
            self._domain.forget()
        self._facts, self._events = CheckSummary(), []
        self._count += 1
        self.strip.begin(mail)
        self.log_view.begin_test(LogHeading(self._count, f"{moment.astimezone():%H:%M:%S}", title))
        self.verdict.begin()

    def _follow(self, event: Event) -> None:
        self._facts.add(event)
        self._events.append(event)
        self.strip.follow(event)
        self.log_view.add(entries_of(event))

    def _conclude(self, verdict: Verdict | None, mail: MailRequest | None) -> Verdict | None:
        if verdict is None:
            self._give_up("A bug in smtp-tui: the test ended without a verdict.")
            return None
        self.strip.conclude(verdict)
        self.log_view.add(verdict_lines(verdict, mail))
        self.log_view.end_test(outcome(verdict))
        self.verdict.conclude(verdict, mail)
        return verdict

    def _look_at_domain(self, done: CompletedTest) -> None:
        if done is self.done and done.verdict.ok and not self.is_busy:
            self.domain.follow(done)

    def _give_up(self, text: str, outcome: str = NO_VERDICT) -> None:
        self.strip.stop()
        self.log_view.end_test(outcome)
        self.verdict.tell(text, BAD)
