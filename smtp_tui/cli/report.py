"""`--report FILE`: collect the checks of a call and write a report on them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.batch import BatchSummary
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.report import ReportedCheck, report_markdown, write_report
from smtp_tui.checks.request import CheckRequest, CheckTarget, SuppliedPassword
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.reporters import Reporter
from smtp_tui.cli.terminal import NOT_WRITTEN, print_error, print_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import EnvironmentSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Event


class MarkdownReporter(Reporter):
    """Collects checks and writes the report to the --report file, or prints it for `-`."""

    def __init__(self, call: Invocation) -> None:
        super().__init__(call)
        if not self.options.report:
            raise UsageError("--report needs a FILE, or - for standard output")
        if self.options.report == "-" and self.options.json:
            raise UsageError("--json and --report - both write to standard output; name a FILE")
        self._began: datetime | None = None
        self._events: list[Event] = []
        self._entries: list[ReportedCheck] = []

    def on_event(self, _target: CheckTarget, event: Event) -> None:
        """Keep an event for the entry of its check."""
        self._began = self._began or datetime.now(UTC)
        self._events.append(event)

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Add the entry of a check; without a request there are no settings."""
        self._began = self._began or datetime.now(UTC)
        request = target.request
        settings = parse_settings(request.values).settings if request else None
        self._entries.append(
            ReportedCheck(
                settings=settings,
                events=tuple(self._events),
                verdict=verdict,
                file=target.file,
                table=target.table,
                base=request.base if request else Path(),
                assumed=request.assumed if request else frozenset(),
                password_from=_password_origin(request, settings) if request and settings else "",
            )
        )
        self._events = []

    def finish(self, _summary: BatchSummary) -> int | None:
        """Print or write the report; return 74 if that fails."""
        began, home = self._began or datetime.now(UTC), os.environ.get("HOME", "")
        text = report_markdown(self._entries, began, home)
        if self.options.report == "-":
            print_lines(text)
            return None
        try:
            write_report(Path(self.options.report), text)
        except FileNotWrittenError as error:
            print_error(str(error))
            return NOT_WRITTEN
        return None


def _password_origin(request: CheckRequest, settings: Settings) -> str:
    """Return where the call's password came from, if one was needed."""
    if not settings.needs_password:
        return ""
    match request.given:
        case SuppliedPassword(place=place):
            return place
        case EnvironmentSource(name=name):
            return f"the variable {name}"
        case _:
            return ""
