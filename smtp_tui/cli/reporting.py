"""`--report FILE`: what a call's checks tell, kept while it is told, and written at their end."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.password_input import PasswordInput
from smtp_tui.checks.report import ReportEntry, ReportError, report_markdown, write_report
from smtp_tui.checks.run import CheckRequest
from smtp_tui.cli.output import print_error, print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import Environment
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Event

STANDARD_OUTPUT = "-"
NOT_WRITTEN = 74


class Recorder:
    """Hears what several checks tell, one after the other, each one's verdict last."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._moment: datetime | None = None
        self._events: list[Event] = []
        self._checks: list[ReportEntry] = []

    @property
    def takes_output(self) -> bool:
        """Whether the report is what is to stand on standard output, alone."""
        return self._place == STANDARD_OUTPUT

    def hear(
        self,
        told: Event | Verdict,
        request: CheckRequest | None,
        file: str | None,
        table: str | None,
    ) -> None:
        """Take in an event or a verdict; without a request there were no settings to check."""
        self._moment = self._moment or datetime.now(UTC)
        if not isinstance(told, Verdict):
            self._events.append(told)
            return
        settings = parse_settings(request.values).settings if request else None
        self._checks.append(
            ReportEntry(
                settings=settings,
                events=tuple(self._events),
                verdict=told,
                file=file,
                table=table,
                base=request.base if request else Path(),
                assumed=request.assumed if request else frozenset(),
                password_from=_handed_over(request, settings) if request and settings else "",
            )
        )
        self._events = []

    def finish(self, status: int) -> int:
        """Write the report and return the exit status of a call whose checks came to `status`."""
        moment = self._moment or datetime.now(UTC)
        text = report_markdown(self._checks, moment, os.environ.get("HOME", ""))
        if self.takes_output:
            for line in text.removesuffix("\n").split("\n"):
                print_line(line)
            return status
        try:
            write_report(Path(self._place), text)
        except ReportError as error:
            print_error(str(error))
            return NOT_WRITTEN
        return status


def recorder_of(call: Invocation) -> Recorder:
    """Return what keeps the report that a call wants; UsageError where it has no place."""
    place = call.options.report
    if not place:
        raise UsageError("--report needs a FILE, or - for standard output")
    if place == STANDARD_OUTPUT and call.options.json:
        raise UsageError("--json and --report - both write to standard output; name a FILE")
    return Recorder(place)


def _handed_over(request: CheckRequest, settings: Settings) -> str:
    """The place of a password that the call gave, where one was needed."""
    if not settings.needs_password:
        return ""
    match request.given:
        case PasswordInput(place=place):
            return place
        case Environment(name=name):
            return f"the variable {name}"
        case _:
            return ""
