"""Build, run and show a test of the settings in the form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.signal import Signal

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Event, Stage, StageEntered
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.log.entries import LogHeading, entries_of
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.model.check_request import Runner, run_to_verdict, title_of
from smtp_tui.tui.model.draft import DraftSnapshot
from smtp_tui.tui.model.fixes import LastTest
from smtp_tui.tui.model.session import CompletedTest, outcome
from smtp_tui.tui.test_pane.progress import ProgressBar
from smtp_tui.tui.test_pane.verdict import VerdictPanel, verdict_lines
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.typeahead import release_keys
from smtp_tui.tui.widgets.text_page import TextBlock

if TYPE_CHECKING:
    from smtp_tui.discovery.dns import Resolver
    from smtp_tui.tui.test_pane.domain_check import DomainCheckTask


@record(kw_only=True)
class DnsOptions:
    """How DNS is queried: through the system's name servers, unless there is a `resolver`.

    `is_alone`: never query servers outside this machine, as in the demo. `by_itself`: a passed test
    checks the sender's domain without a key press. `selectors` are DKIM selectors.
    """

    resolver: Callable[[], Resolver] | None = None
    by_itself: bool = True
    selectors: tuple[str, ...] = ()
    is_alone: bool = False


class TestPane(NoRepaintOnResize, Vertical):
    """Runs one check at a time and shows it as it happens."""

    def __init__(
        self, runner: Runner, notice: str, lookup: DnsOptions, remarks: Sequence[str], *, id: str
    ) -> None:
        self.progress = ProgressBar(id="strip")
        self.log_view = LogView(id="log")
        self.verdict = VerdictPanel(notice, remarks, id="verdict")
        super().__init__(self.progress, self.log_view, self.verdict, id=id)
        self.runner = runner
        self.lookup = lookup
        # When the last test began, the last finished test, and the finished one before it.
        self.moment: datetime | None = None
        self.done: CompletedTest | None = None
        self.before: CompletedTest | None = None
        # Published when a check of the sender's domain starts, ends or stops.
        self.domain_changed: Signal[None] = Signal(self, "domain_changed")
        self._facts = CheckSummary()
        self._events: list[Event] = []
        self._count = 0
        self._check: asyncio.Task[Verdict | None] | None = None
        self._domain: DomainCheckTask | None = None

    def on_mount(self) -> None:
        """Show the log's focus and view state on the line above it."""
        self.watch(self.log_view, "has_focus", self.progress.mark_focused)
        self.watch(self.log_view, "view_state", self.progress.show_log_state)

    @property
    def is_busy(self) -> bool:
        """Whether a check is running."""
        return self._check is not None

    @property
    def last_test(self) -> LastTest | None:
        """The findings of the last test, if it finished and none is running."""
        verdict, is_stale = self.verdict.verdict, self.verdict.is_stale
        return LastTest(self._facts, verdict, is_stale) if verdict else None

    @property
    def domain(self) -> DomainCheckTask:
        """The check of the sender's domain in DNS."""
        if self._domain is None:
            # dnspython and the domain checks take 60 ms to import; the first screen need not wait.
            from smtp_tui.tui.test_pane.domain_check import DomainCheckTask

            self._domain = DomainCheckTask(self, self.lookup)
        return self._domain

    def domain_blocks(self) -> list[TextBlock]:
        """Return the DNS report on the sender's domain of the last test."""
        return self._domain.blocks() if self._domain else []

    async def run(
        self, request: CheckRequest, settings: Settings, draft: DraftSnapshot
    ) -> CompletedTest | None:
        """Run a check; return None if it was stopped or crashed, and show why.

        `settings` are those of the request, with the password as in the form, and `draft` is the
        form at this moment.
        """
        release_keys()
        self.moment = moment = datetime.now(UTC)
        self._begin(title_of(settings, request.mail), request.mail, moment)
        started = monotonic()

        def show_wait() -> None:
            spent = monotonic() - started
            self.verdict.show_wait(self.progress.stages.current, spent, settings.timeout)

        show_wait()
        clock = self.set_interval(1, show_wait)
        self._check = asyncio.create_task(run_to_verdict(self.runner, request, self._record_event))
        try:
            await asyncio.wait([self._check])
            verdict = self._check.result()
            if verdict is None:
                self._abort("A bug in smtp-tui: the test ended without a verdict.")
                return None
            self._show_verdict(verdict, request.mail)
            events = tuple(self._events)
            done = CompletedTest(request, settings, events, verdict, moment, draft)
            self.before, self.done = self.done, done
            self.call_after_refresh(self._check_domain, done)  # show the verdict first
            return done
        except asyncio.CancelledError:
            if not self._check.cancelled():  # the form is being closed
                self._check.cancel()
                raise
            is_late = self.progress.stages.current is Stage.MESSAGE
            self._abort(text("test-stopped", "late" if is_late else "early"), "stopped")
            return None
        except Exception as error:  # a bug in a check must not lose the input
            self._abort(format_internal_error(error))
            return None
        finally:
            self._check = None
            clock.stop()

    def restore(self, done: CompletedTest) -> None:
        """Show a finished test again, as if it had just run here."""
        mail = done.request.mail
        self._begin(title_of(done.settings, mail), mail, done.moment)
        for event in done.events:
            self._record_event(event)
        self._show_verdict(done.verdict, mail)
        self.moment, self.before, self.done = done.moment, self.done, done

    def stop(self) -> bool:
        """Stop the check, which closes its connection, or the DNS check; False if none runs."""
        if self._check is None:
            return self._domain is not None and self._domain.stop()
        self._check.cancel()
        return True

    def _begin(self, title: str, mail: MailRequest | None, moment: datetime) -> None:
        if self._domain is not None:
            self._domain.reset()
        self._facts, self._events = CheckSummary(), []
        self._count += 1
        self.progress.begin(mail)
        self.log_view.begin_test(LogHeading(self._count, f"{moment.astimezone():%H:%M:%S}", title))
        self.verdict.begin()

    def _record_event(self, event: Event) -> None:
        self._facts.add(event)
        self._events.append(event)
        if isinstance(event, StageEntered):
            self.progress.stages.enter(event.stage, event.seconds)
            self.progress.repaint()
        self.log_view.add(entries_of(event))

    def _show_verdict(self, verdict: Verdict, mail: MailRequest | None) -> None:
        self.progress.stages.conclude(ok=verdict.ok, stage=verdict.stage, seconds=verdict.seconds)
        self.progress.repaint()
        self.log_view.add(verdict_lines(verdict, mail))
        self.log_view.end_test(outcome(verdict))
        self.verdict.show_verdict(verdict, mail)

    def _check_domain(self, done: CompletedTest) -> None:
        if done is self.done and done.verdict.ok and not self.is_busy:
            self.domain.check_after(done)

    def _abort(self, why: str, outcome: str = "no verdict") -> None:
        self.progress.stages.stop()
        self.progress.repaint()
        self.log_view.end_test(outcome)
        self.verdict.show_failure(why)
