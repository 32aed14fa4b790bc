"""The test bench: strip of stages, log and verdict of the check that runs or ran last."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.smtp.message import Mail
from smtp_tui.smtp.transcript import lines_of
from smtp_tui.tui.defects import defect_words
from smtp_tui.tui.ink import BAD
from smtp_tui.tui.log import Log
from smtp_tui.tui.strip import StageStrip
from smtp_tui.tui.trial import Runner, conduct
from smtp_tui.tui.verdict import STOPPED, STOPPED_LATE, VerdictBar, verdict_lines

if TYPE_CHECKING:
    from smtp_tui.checks.run import Request


class Bench(Vertical):
    """Runs one check at a time and shows it as it happens."""

    def __init__(self, runner: Runner, notice: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runner = runner
        self.strip = StageStrip(id="strip")
        self.log_view = Log(id="log")
        self.verdict = VerdictBar(notice, id="verdict")
        self._count = 0
        self._check: asyncio.Task[Verdict | None] | None = None

    def compose(self) -> ComposeResult:
        """Stack them."""
        yield self.strip
        yield self.log_view
        yield self.verdict

    @property
    def is_busy(self) -> bool:
        """Whether a check runs."""
        return self._check is not None

    async def run(self, request: Request, title: str, limit: float) -> Verdict | None:
        """Run a check; None if it was stopped or broke, which is then said."""
        self._count += 1
        self.strip.begin(request.mail)
        self.log_view.begin(f"test {self._count}, {title}")
        started = monotonic()

        def tell_wait() -> None:
            self.verdict.wait(self.strip.progress.current, monotonic() - started, limit)

        tell_wait()
        clock = self.set_interval(1, tell_wait)
        self._check = asyncio.create_task(conduct(self._runner, request, self._follow))
        try:
            await asyncio.wait([self._check])
            return self._conclude(self._check.result(), request.mail)
        except asyncio.CancelledError:
            if not self._check.cancelled():  # the form itself is left
                self._check.cancel()
                raise
            is_late = self.strip.progress.current is Stage.MESSAGE
            self._give_up(STOPPED_LATE if is_late else STOPPED)
            return None
        except Exception as error:  # a defect in a check must not cost what was typed
            self._give_up(defect_words(error))
            return None
        finally:
            self._check = None
            clock.stop()

    def stop(self) -> bool:
        """Stop the check that runs, if one does; its connection closes at once."""
        if self._check is None:
            return False
        self._check.cancel()
        return True

    def on_log_visited(self) -> None:
        """Mark the log as focused."""
        self.strip.mark(True)

    def on_log_left(self) -> None:
        """Take the mark away."""
        self.strip.mark(False)

    def on_log_moved(self, event: Log.Moved) -> None:
        """Tell how much of the log is below what is in sight."""
        event.stop()
        self.strip.tell_below(event.below)

    def _follow(self, event: Event) -> None:
        self.strip.follow(event)
        self.log_view.add(lines_of(event))

    def _conclude(self, verdict: Verdict | None, mail: Mail | None) -> Verdict | None:
        if verdict is None:
            self._give_up("A defect of smtp-tui: the test ended without a verdict")
            return None
        self.strip.conclude(verdict)
        self.log_view.add(verdict_lines(verdict, mail))
        self.log_view.catch_up()
        self.verdict.conclude(verdict, mail)
        return verdict

    def _give_up(self, text: str) -> None:
        self.strip.stop()
        self.verdict.tell(text, BAD)
