"""Show the stages of a check on one line between form and log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import Enum

from rich.cells import cell_len

from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.style import BAD, DIM, FOCUS, OURS, PLAIN, Span
from smtp_tui.tui.widgets.line import SingleLineWidget

# Each stage's name on the line, and what the check waits for in it.
STAGES = {
    Stage.SETTINGS: ("settings", "the settings"),
    Stage.PASSWORD: ("password", "the password"),
    Stage.RESOLVE: ("resolve", "the host's addresses"),
    Stage.CONNECT: ("connect", "the connection"),
    Stage.GREETING: ("greeting", "the greeting"),
    Stage.EHLO: ("EHLO", "the reply to EHLO"),
    Stage.TLS: ("TLS", "the TLS handshake"),
    Stage.AUTH: ("AUTH", "the reply to AUTH"),
    Stage.ENVELOPE: ("envelope", "the reply to the envelope"),
    Stage.MESSAGE: ("message", "the reply to the message"),
}
# The stages of a test without recipients. Settings and password appear only if they fail.
EXPECTED = (Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH)
# An unencrypted connection has no TLS stage, and a relay that trusts its network has no login.
_OPTIONAL = (Stage.TLS, Stage.AUTH)
_CUT_LEAD = "… "
_GAPS = (" · ", " ")
# The line above the log, which names it, without and with the focus.
_TITLE: tuple[Span, ...] = (("─ Log ── ", DIM),)
_TITLE_FOCUSED: tuple[Span, ...] = ((">[Log]", FOCUS), ("── ", DIM))
_SHORT_TITLE: tuple[Span, ...] = (("─ ", DIM),)
_SHORT_TITLE_FOCUSED: tuple[Span, ...] = ((">", FOCUS), (" ", PLAIN))
_SPACES = "  "  # at least, before the text at the right


def awaited_in(stage: Stage | None) -> str:
    """Return what a check waits for in a stage; without one, it has not begun."""
    return STAGES[stage][1] if stage else "the test to start"


class StageState(Enum):
    """The state of a stage."""

    TO_COME = "to come"
    RUNNING = "running"
    STOPPED = "stopped"
    PASSED = "passed"
    FAILED = "failed"


@record
class StageLabel:
    """A stage, its state and its time."""

    stage: Stage
    state: StageState
    seconds: float = 0.0


class StageTracker:
    """Tracks the stages of one check; times of a stage entered again add up."""

    def __init__(self, expected: tuple[Stage, ...] = EXPECTED) -> None:
        self.current: Stage | None = None
        # How long the check took, once it is over.
        self.seconds: float | None = None
        self._expected = expected
        self._spent: dict[Stage, float] = {}
        self._since = 0.0
        self._failed: Stage | None = None
        self._stopped: Stage | None = None

    def enter(self, stage: Stage, seconds: float) -> None:
        """Start a stage; the one before has passed."""
        self._leave(seconds)
        self.current, self._since = stage, seconds
        self._spent.setdefault(stage, 0.0)

    def conclude(self, *, ok: bool, stage: Stage, seconds: float) -> None:
        """End the check; if it failed, it failed at `stage`."""
        self._leave(seconds)
        self.current, self.seconds = None, seconds
        if not ok:
            self._failed = stage
            self._spent.setdefault(stage, 0.0)

    def stop(self) -> None:
        """End a check without a verdict: the running stage has not passed."""
        self._stopped, self.current = self.current, None

    def steps(self) -> list[StageLabel]:
        """Return the stages entered, in order, then those to come."""
        expected, steps = self._expected, []
        for stage, seconds in self._spent.items():
            state = StageState.RUNNING if stage is self.current else StageState.PASSED
            state = StageState.STOPPED if stage is self._stopped else state
            state = StageState.FAILED if stage is self._failed else state
            if stage in expected or stage is self._failed:
                steps.append(StageLabel(stage, state, seconds))
        for index, stage in enumerate(expected):
            is_skipped = stage in _OPTIONAL and not self._spent.keys().isdisjoint(expected[index:])
            # Once the check is over, only the stages after its failure are still to come.
            follows_failure = self._failed in expected[:index]
            may_come = stage not in self._spent and not is_skipped
            if may_come and (self.seconds is None or follows_failure):
                steps.append(StageLabel(stage, StageState.TO_COME))
        return steps

    def _leave(self, seconds: float) -> None:
        if self.current is not None:
            self._spent[self.current] += max(seconds - self._since, 0.0)


def expected_stages(mail: MailRequest | None) -> tuple[Stage, ...]:
    """Return the expected stages of a check that is to submit `mail`."""
    if mail is None:
        return EXPECTED
    envelope = (*EXPECTED, Stage.ENVELOPE)
    return envelope if mail.body is None else (*envelope, Stage.MESSAGE)


def duration(seconds: float) -> str:
    """Format a time: milliseconds without a unit, or from ten seconds on `12s`."""
    milliseconds = round(seconds * 1000)
    return str(milliseconds) if milliseconds < 10_000 else f"{seconds:.0f}s"


def progress_layouts(
    steps: Sequence[StageLabel], right: str, *, keeps_right: bool = False
) -> Iterator[tuple[list[Span], str]]:
    """Yield ever shorter layouts: without `right`, then times, then the first stages."""
    timed = {step.stage for step in steps}
    for gap in _GAPS:
        yield _join(steps, gap, timed), right
    right = right if keeps_right else ""
    yield _join(steps, " ", timed), right
    for quickest in sorted(steps, key=lambda step: step.seconds):
        if quickest.state is StageState.PASSED:
            timed.discard(quickest.stage)
            yield _join(steps, " ", timed), right
    for first in range(1, len(steps)):
        yield [(_CUT_LEAD, DIM), *_join(steps[first:], " ", timed)], right


def _join(steps: Sequence[StageLabel], gap: str, timed: Collection[Stage]) -> list[Span]:
    """Join the names of stages, with times for those in `timed`.

    What has passed is in one style: each change of style costs bytes whenever the line moves.
    """
    spans: list[Span] = []
    for step in steps:
        name, _ = STAGES[step.stage]
        spans.append((gap, DIM if step.state is StageState.TO_COME else PLAIN))
        match step.state:
            case StageState.TO_COME:
                spans.append((name, DIM))
            case StageState.RUNNING:
                spans.append((f"{name} …", OURS))
            case StageState.STOPPED:
                spans.append((f"{name} …", PLAIN))
            case StageState.FAILED:
                spans.append((f"{name} ✗", BAD))
            case StageState.PASSED:
                time = f" {duration(step.seconds)}" if step.stage in timed else ""
                spans.append((f"{name}{time}", PLAIN))
    return spans[1:]


class ProgressBar(SingleLineWidget):
    """One line: each stage's name and milliseconds, with a sign at a failed stage."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stages = StageTracker()
        self._log_state = ""
        self._is_focused = False

    def begin(self, mail: MailRequest | None = None) -> None:
        """Start a new check, which is to submit `mail`."""
        self.stages = StageTracker(expected_stages(mail))
        self.repaint()

    def begin_tap(self) -> None:
        """Show no stages: a tap has none."""
        self.stages = StageTracker(())
        self.repaint()

    def mark_focused(self, is_focused: bool) -> None:
        """Show whether the log below has the focus."""
        self._is_focused = is_focused
        self.repaint()

    def show_log_state(self, state: tuple[int, str]) -> None:
        """Show the log's view state: rows below the view, filter, wrapping, marked lines."""
        below, shown_as = state
        more = f"{below} more, End" if below else ""
        self._log_state = "; ".join(filter(None, (shown_as, more)))
        self.repaint()

    def spans(self, width: int) -> list[Span]:
        """Return the log's title with the stages and, if it fits, the log state or total time."""
        right = self._log_state
        if not right and self.stages.seconds is not None:
            right = f"{duration(self.stages.seconds)} ms".replace("s ms", " s")
        steps, keeps_right = self.stages.steps(), bool(self._log_state)
        layouts = [*progress_layouts(steps, right, keeps_right=keeps_right)]
        whole = [layout for layout in layouts if layout[0][:1] != [(_CUT_LEAD, DIM)]]
        title = _TITLE_FOCUSED if self._is_focused else _TITLE
        short = _SHORT_TITLE_FOCUSED if self._is_focused else _SHORT_TITLE
        with_all_times = layouts[: len(_GAPS) + 1]
        ways = [(title, with_all_times)]
        # The name of the log matters less than a time, unless it shows where the focus is, and less
        # than the first stages.
        ways += [] if self._is_focused else [(short, with_all_times)]
        for lead, choices in (*ways, (title, whole), (short, layouts)):
            room = width - sum(cell_len(text) for text, _ in lead)
            for spans, shown in choices:
                space = room - sum(cell_len(text) for text, _ in spans) - cell_len(shown)
                if shown and space >= len(_SPACES):
                    return [*lead, *spans, (" " * space, PLAIN), (shown, PLAIN)]
                if not shown and space >= 0:
                    return [*lead, *spans]
        return [*short]
