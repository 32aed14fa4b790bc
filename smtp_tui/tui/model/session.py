"""What this session has tested: the last tests of each table, and the state that passed last."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from datetime import datetime

from smtp_tui.checks.exit_status import STAGE_NAMES
from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Event
from smtp_tui.tui.model.draft import DraftSnapshot, SettingsDraft

TESTS_KEPT = 5


@record
class CompletedTest:
    """A finished test; `moment` is when it began, `draft` the form at that moment.

    `settings` are those of the request, with the password as in the form.
    """

    request: CheckRequest
    settings: Settings = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    verdict: Verdict
    moment: datetime
    draft: DraftSnapshot

    def facts(self) -> CheckSummary:
        """Return the facts of its events."""
        facts = CheckSummary()
        for event in self.events:
            facts.add(event)
        return facts


@record
class PassedState:
    """The form as it was when a test of it passed, and when that test began."""

    draft: DraftSnapshot
    moment: datetime

    @property
    def clock(self) -> str:
        """The moment as an admin reads it."""
        return f"{self.moment.astimezone():%H:%M}"


class SessionMemory:
    """The tests of this session, by table; kept in memory only, since they contain passwords."""

    def __init__(self) -> None:
        self._tests: defaultdict[str, list[CompletedTest]] = defaultdict(list)
        self._passed: dict[str, PassedState] = {}

    def add(self, table: str, done: CompletedTest) -> None:
        """Remember a finished test."""
        tests = self._tests[table]
        tests.append(done)
        del tests[:-TESTS_KEPT]
        if done.verdict.ok:
            self._passed[table] = PassedState(done.draft, done.moment)

    def tests(self, table: str) -> tuple[CompletedTest, ...]:
        """Return a table's last tests, the latest last."""
        return tuple(self._tests[table])

    def passed(self, table: str) -> PassedState | None:
        """Return the state of a table that passed last."""
        return self._passed.get(table)

    def forget_passed(self, table: str) -> None:
        """Forget the state that passed: another program has changed the file since."""
        self._passed.pop(table, None)

    def follow_save(self, table: str, before: SettingsDraft, after: DraftSnapshot) -> None:
        """Let the tests of `before` count as tests of what saving made of it.

        Saving moves a password, which then cannot be compared with the tested one any more.
        """
        if (passed := self._passed.get(table)) and not before.differing(passed.draft):
            self._passed[table] = replace(passed, draft=after)
        self._tests[table] = [
            test if before.differing(test.draft) else replace(test, draft=after)
            for test in self._tests[table]
        ]


def outcome(verdict: Verdict) -> str:
    """Return the outcome: `PASSED`, or `FAILED at` a stage."""
    return "PASSED" if verdict.ok else f"FAILED at {STAGE_NAMES[verdict.stage]}"


def verdict_line(verdict: Verdict) -> str:
    """Return a finished test's line for the list of tables and the heading in the log."""
    cause = f": {label(verdict.cause)}" if verdict.cause else ""
    return f"{outcome(verdict)}{cause}"
