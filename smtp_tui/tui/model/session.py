"""What this session has tested: the last tests of each table, and the state that passed last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from smtp_tui.checks.exit_status import STAGE_NAMES
from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.comparison import PlaceSummary
from smtp_tui.diagnosis.experiments import TriedEncryptions, tried_encryptions
from smtp_tui.diagnosis.field_notes import RECIPIENTS, faults_of
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import is_address
from smtp_tui.settings.password_sources import KeyringSource
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Connected, Event, TlsEstablished
from smtp_tui.tui.model.check_request import ChosenPlace
from smtp_tui.tui.model.draft import ACCOUNT, DraftSnapshot, SettingsDraft

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

    @property
    def compared_place(self) -> PlaceSummary | None:
        """Where it ran; None for here."""
        return self.verdict.comparison.place if self.verdict.comparison else None

    @property
    def place(self) -> str:
        """Where it ran, in a sentence; empty for here."""
        return self.compared_place.label if self.compared_place else ""

    @property
    def facts(self) -> CheckSummary:
        """What its events showed."""
        if self.verdict.facts is not None:
            return self.verdict.facts
        facts = CheckSummary()
        for event in self.events:
            facts.add(event)
        return facts

    @property
    def tried(self) -> TriedEncryptions:
        """What the test showed about its host's ports, whatever the other values."""
        return tried_encryptions(self.settings, self.verdict, self.facts)


@record
class LastTest:
    """The last finished test, as it counts for the form now; stale once a value has changed."""

    done: CompletedTest
    is_stale: bool

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.done.verdict

    @property
    def facts(self) -> CheckSummary:
        """What the test showed."""
        return self.done.facts

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong with each field, in a few words."""
        mail, own = self.done.request.mail, self.done.settings.sender
        # A message repeats the sender of the settings, unless the admin typed another one there.
        is_other = mail is not None and mail.sender is not None and str(mail.sender) != own
        others = {RECIPIENTS, "from"} if is_other else {RECIPIENTS}
        return {key: short for key, short in self._all_faults.items() if key not in others}

    @property
    def mail_faults(self) -> Mapping[str, str]:
        """What the server rejected of the message: `from`, and `to` for a recipient."""
        keys = (RECIPIENTS, "from")
        return {key: short for key, short in self._all_faults.items() if key in keys}

    @property
    def _all_faults(self) -> Mapping[str, str]:
        return {} if self.is_stale else faults_of(self.verdict, self.done.settings)


@record
class PassedState:
    """The form as it was when a test of it passed, and when that test began."""

    draft: DraftSnapshot
    moment: datetime

    @property
    def clock(self) -> str:
        """The local time, as hours and minutes."""
        return f"{self.moment.astimezone():%H:%M}"


def last_test(done: CompletedTest | None, draft: SettingsDraft) -> LastTest | None:
    """Return what a finished test, if any, means for a draft."""
    return LastTest(done, bool(draft.differing(done.draft))) if done else None


class SignInAnswers:
    """What was typed for the last sign-in of this session, which may have failed; no secret."""

    def __init__(self) -> None:
        self.provider = self.client_id = self.tenant = self.scope = ""


class SessionMemory:
    """The tests of this session, by table; kept in memory only, since they contain passwords."""

    def __init__(self) -> None:
        self._tests: defaultdict[str, list[CompletedTest]] = defaultdict(list)
        self._passed: dict[str, PassedState] = {}
        # Where tests run; None for here.
        self.place: ChosenPlace | None = None
        self.sign_in = SignInAnswers()

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
        if passed := self._passed.get(table):
            differing = before.differing(passed.draft)
            if not differing:
                self._passed[table] = replace(passed, draft=after)
            elif ACCOUNT in differing and isinstance(before.password.source, KeyringSource):
                # Saving moves a keyring's entry to the new username: the old one has none now.
                self.forget_passed(table)
        self._tests[table] = [
            test if before.differing(test.draft) else replace(test, draft=after)
            for test in self._tests[table]
        ]


def last_chain(events: Sequence[Event]) -> tuple[Certificate, ...]:
    """Return the certificates that the server sent last in a test."""
    handshakes = (event for event in reversed(events) if isinstance(event, TlsEstablished))
    return next((event.chain for event in handshakes), ())


def last_connected(events: Sequence[Event]) -> Connected | None:
    """Return the last connection of a test to an IP address, or None."""
    return next(
        (
            event
            for event in reversed(events)
            if isinstance(event, Connected) and is_address(event.address)
        ),
        None,
    )


def outcome(verdict: Verdict) -> str:
    """Return the outcome: `PASSED`, or `FAILED at` a stage."""
    return "PASSED" if verdict.ok else f"FAILED at {STAGE_NAMES[verdict.stage]}"


def verdict_line(verdict: Verdict) -> str:
    """Return a finished test's line for the list of tables and the heading in the log."""
    cause = f": {label(verdict.cause)}" if verdict.cause else ""
    return f"{outcome(verdict)}{cause}"
