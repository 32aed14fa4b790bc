"""Build, run and show a test of the settings in the form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from rich.style import Style
from textual.containers import Vertical
from textual.signal import Signal

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Event, Stage, StageEntered, TlsEstablished
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import TranscriptLine
from smtp_tui.tui.layout import PlacedByScreen
from smtp_tui.tui.log.entries import Entry, LogHeading, entries_of
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.model.check_request import (
    PlaceRefusedError,
    Runner,
    run_to_verdict,
    runner_at,
    search_after,
    time_limit,
    title_of,
)
from smtp_tui.tui.model.draft import DraftSnapshot, SettingsDraft
from smtp_tui.tui.model.fixes import FixProposal, available_fixes
from smtp_tui.tui.model.session import (
    CompletedTest,
    LastTest,
    SessionMemory,
    last_test,
    verdict_line,
)
from smtp_tui.tui.model.verdict_text import (
    VerdictText,
    changes_to_save,
    comparison_lines,
    verdict_lines,
    verdict_text,
)
from smtp_tui.tui.style import BAD, CAUTION, PLAIN
from smtp_tui.tui.test_pane.progress import ProgressBar, awaited_in
from smtp_tui.tui.test_pane.verdict import VerdictPanel, verdict_blocks, warning_blocks
from smtp_tui.tui.textual_compat import NoRepaintOnResize
from smtp_tui.tui.typeahead import release_keys
from smtp_tui.tui.widgets.text_page import TextBlock

if TYPE_CHECKING:
    from smtp_tui.checks.recording import Recording
    from smtp_tui.discovery.dns import Resolver
    from smtp_tui.tui.model.form_tap import FormTap
    from smtp_tui.tui.test_pane.domain_check import DomainCheckTask


FROM = "from"


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


@record
class TestedTable:
    """The form whose settings are tested, and where the session remembers its tests."""

    draft: SettingsDraft
    session: SessionMemory
    table: str
    file: str


class TestPane(PlacedByScreen, NoRepaintOnResize, Vertical):
    """Runs one check at a time and shows it as it happens."""

    def __init__(
        self,
        runner: Runner,
        lookup: DnsOptions,
        tested: TestedTable,
        *,
        id: str,
    ) -> None:
        self.progress = ProgressBar(id="strip")
        self.log_view = LogView(id="log")
        self.verdict = VerdictPanel(id="verdict")
        super().__init__(self.progress, self.log_view, self.verdict, id=id)
        self.runner = runner
        self.lookup = lookup
        # When the last test began, and the last finished test.
        self.moment: datetime | None = None
        self.done: CompletedTest | None = None
        # What can be done about the last test now, the best first.
        self.fixes: tuple[FixProposal, ...] = ()
        # Published when a check of the sender's domain starts, ends or stops.
        self.domain_changed: Signal[None] = Signal(self, "domain_changed")
        self._events: list[Event] = []
        self._count = 0
        self._check: asyncio.Task[Verdict | None] | None = None
        self._tap: asyncio.Task[None] | None = None
        self._domain: DomainCheckTask | None = None
        # Shows what a running test waits for.
        self._on_stage: Callable[[], None] | None = None
        self._tested = tested
        # Whether the panel shows the verdict of `done`: no test has begun since.
        self._shows_verdict = False
        # What has been saved since; "" if a message says so.
        self._saved: str | None = None

    def on_mount(self) -> None:
        """Show the log's focus and view state on the line above it."""
        self.watch(self.log_view, "has_focus", self.progress.mark_focused)
        self.watch(self.log_view, "view_state", self.progress.show_log_state)

    @property
    def is_busy(self) -> bool:
        """Whether a check or a tap is running."""
        return self._check is not None or self.is_tapping

    @property
    def is_tapping(self) -> bool:
        """Whether a tap is running."""
        return self._tap is not None

    @property
    def last_test(self) -> LastTest | None:
        """The last test, if it finished and none is running."""
        return last_test(self.done, self._tested.draft) if self._shows_verdict else None

    @property
    def domain(self) -> DomainCheckTask:
        """The check of the sender's domain in DNS."""
        if self._domain is None:
            # dnspython and the domain checks take 60 ms to import; the first screen need not wait.
            self._domain = load("tui.test_pane.domain_check:DomainCheckTask")(self, self.lookup)
        assert self._domain is not None
        return self._domain

    def domain_blocks(self) -> list[TextBlock]:
        """Return the DNS report on the sender's domain of the last test."""
        return self._domain.blocks() if self._domain else []

    async def run(
        self, request: CheckRequest, settings: Settings, tested: DraftSnapshot
    ) -> Verdict | None:
        """Run a check; return None if it was stopped or crashed, and show why.

        `settings` are those of the request, with the password as in the form, which was `tested`.
        """
        release_keys()
        self.moment = moment = datetime.now(UTC)
        place = self._tested.session.place
        title = title_of(settings, request.mail, place.title if place else "")
        self._begin(title, request.mail, moment)
        started = monotonic()

        def show_wait() -> None:
            limit = time_limit(request, settings)
            self.verdict.show_wait(self._awaited(request), monotonic() - started, limit)

        show_wait()
        clock = self.set_interval(1, show_wait)
        self._on_stage = show_wait
        runner = runner_at(place, self.runner)
        self._check = asyncio.create_task(run_to_verdict(runner, request, self._record_event))
        try:
            await asyncio.wait([self._check])
            verdict = self._check.result()
            if verdict is None:
                self._abort("A bug in smtp-tui: the test ended without a verdict.")
                return None
            events = tuple(self._events)
            done = CompletedTest(request, settings, events, verdict, moment, tested)
            self._tested.session.add(self._tested.table, done)
            self._show_verdict(done)
            self.call_after_refresh(self._check_domain, done)  # show the verdict first
            return verdict
        except asyncio.CancelledError:
            if not self._check.cancelled():  # the form is being closed
                self._check.cancel()
                raise
            is_late = self.progress.stages.current is Stage.MESSAGE
            awaited = self._awaited(request)
            why = text("test-stopped", "late" if is_late else "early", awaited=awaited)
            if search := search_after(request, self._events):
                why, is_late = text(search, "stopped"), False
            self._abort(why, "stopped", CAUTION if is_late else PLAIN)
            return None
        except PlaceRefusedError as error:
            self._abort(str(error))
            return None
        except Exception as error:  # a bug in a check must not lose the input
            self._abort(format_internal_error(error))
            return None
        finally:
            self._check = None
            self._on_stage = None
            clock.stop()

    def _awaited(self, request: CheckRequest) -> str:
        """Return what the running check waits for."""
        if search := search_after(request, self._events):
            return text(search, "awaited")
        stage = self.progress.stages.current
        # The mailbox comes first: without it, nothing is sent.
        return text("prove", "login") if request.prove and not stage else awaited_in(stage)

    async def run_tap(self, tap: FormTap, settings: Settings) -> None:
        """Relay applications until `stop`, and show their dialogues and differences."""
        release_keys()
        self.moment = moment = datetime.now(UTC)
        self._begin(f"{tap.address} to {title_of(settings, None)}", None, moment, kind="tap")
        self.progress.begin_tap()

        def report(shown: Sequence[TranscriptLine] | TlsEstablished) -> None:
            entries = entries_of(shown) if isinstance(shown, TlsEstablished) else shown
            self.log_view.add(entries)
            self.verdict.show_tap([*tap.waiting_lines], tap.findings, stops=True)

        place = self._tested.session.place
        remark = f"The tap connects from here, not from {place.title}." if place else ""
        self._tap = asyncio.create_task(tap.serve(report, remark))
        try:
            await asyncio.wait([self._tap])
            self._tap.result()
        except asyncio.CancelledError:
            if not self._tap.cancelled():  # the form is being closed
                self._tap.cancel()
                raise
        except Exception as error:  # a bug in the tap must not lose the input
            self._abort(format_internal_error(error))
            return
        finally:
            self._tap = None
        self.log_view.end_test(tap.found)
        self.verdict.show_tap([*tap.ended_lines], tap.findings)

    def show_recording(self, recording: Recording) -> None:
        """Show a recorded check; the form's settings are others, so it is no test of them."""
        moment, verdict = recording.check.moment, recording.verdict
        title = recording.title.removeprefix("recording ")
        self.moment = moment
        self._begin(title, None, moment, kind="recording")
        for event in recording.events:
            self._record_event(event)
        self._conclude(verdict)
        self.verdict.show_recording(load("tui.model.recording:lines_of_recording")(recording))

    def restore(self, done: CompletedTest) -> None:
        """Show a finished test again, as if it had just run here."""
        mail = done.request.mail
        self._begin(title_of(done.settings, mail, done.place), mail, done.moment)
        for event in done.events:
            self._record_event(event)
        self._show_verdict(done)
        self.moment = done.moment

    def update(self) -> None:
        """Show what the last verdict means for the form as it is now, and what to do."""
        last, tested = self.last_test, self._tested
        passed = tested.session.passed(tested.table)
        self.fixes = available_fixes(last, tested.draft, passed)
        if last is not None:
            self.verdict.show_verdict(self._verdict_text(last))

    def hide_verdict(self) -> None:
        """Hide the verdict until a value changes: the form cannot be tested now."""
        if self._shows_verdict:
            self.verdict.hide()

    def follow_save(self, before: SettingsDraft) -> None:
        """Count the tests of `before` as tests of the form, which has been saved."""
        after, tested = self._tested.draft.snapshot(), self._tested
        if self.done and not before.differing(self.done.draft):
            self.done = replace(self.done, draft=after)
        self._saved = ""
        tested.session.follow_save(tested.table, before, after)

    def show_saved(self, text: str) -> bool:
        """Show in the second row of a passed verdict what was saved; False if it has no place."""
        last = self.last_test
        if last is None or last.is_stale or not (last.verdict.ok and self.verdict.fits(text)):
            return False
        self._saved = text
        self.update()
        return True

    def last_entries(self) -> list[Entry]:
        """Return the last test's lines in the log, and its verdict."""
        self.log_view.flush()
        entries = list(self.log_view.rows.last_test())
        if self.done and self._shows_verdict:
            entries += verdict_lines(self.done.verdict, self.done.request.mail)
        return entries

    def verdict_blocks(self) -> list[TextBlock]:
        """Return the last verdict in full, with its warnings, or what the tap found; else []."""
        last = self.last_test
        if last is None:
            return [*self.verdict.tap_blocks]
        text = self._verdict_text(last, is_whole=True)
        return [*verdict_blocks(text), *warning_blocks(last.verdict)]

    def _verdict_text(self, last: LastTest, *, is_whole: bool = False) -> VerdictText:
        tested = self._tested
        saves = changes_to_save(tested.draft, tested.file) if last.verdict.ok else ""
        return verdict_text(
            last.verdict,
            last.done.request.mail,
            self.fixes,
            saves=saves,
            saved=self._saved,
            is_stale=last.is_stale,
            is_whole=is_whole,
        )

    def stop(self) -> bool:
        """Stop the check or tap, which closes its connections, or the DNS check; False if idle."""
        running = self._check or self._tap
        if running is None:
            return self._domain is not None and self._domain.stop()
        running.cancel()
        return True

    def _begin(
        self, title: str, mail: MailRequest | None, moment: datetime, *, kind: str = "test"
    ) -> None:
        if self._domain is not None:
            self._domain.reset()
        self._events = []
        self._shows_verdict, self._saved = False, None
        self._count += 1
        self.progress.begin(mail)
        self.log_view.begin_test(LogHeading(self._count, moment, title, kind=kind))
        self.verdict.begin()

    def _record_event(self, event: Event) -> None:
        self._events.append(event)
        if isinstance(event, StageEntered):
            self.progress.stages.enter(event.stage, event.seconds)
            self.progress.repaint()
            if self._on_stage is not None:
                self._on_stage()
        self.log_view.add(entries_of(event))

    def _show_verdict(self, done: CompletedTest) -> None:
        self._conclude(done.verdict)
        self.done, self._shows_verdict = done, True
        self.update()

    def _conclude(self, verdict: Verdict) -> None:
        self.progress.stages.conclude(ok=verdict.ok, stage=verdict.stage, seconds=verdict.seconds)
        self.progress.repaint()
        self.log_view.add(comparison_lines(verdict))
        self.log_view.end_test(verdict_line(verdict))

    def _check_domain(self, done: CompletedTest) -> None:
        if done is self.done and done.verdict.ok and not self.is_busy:
            self.domain.check_after(done)

    def _abort(self, why: str, outcome: str = "no verdict", style: Style = BAD) -> None:
        self.progress.stages.stop()
        self.progress.repaint()
        self.log_view.end_test(outcome)
        self.verdict.show_failure(why, style)
