"""`check --record FILE` keeps a check, and `check --replay FILE` shows one again, offline."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.batch import BatchSummary, CheckResult
from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.output_file import FileNotWrittenError
from smtp_tui.checks.recording import (
    Recording,
    RecordingError,
    read_recording,
    recording_text,
    write_recording,
)
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.cli.check import is_batch, reporters_of
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, refuse_options
from smtp_tui.cli.reporters import Reporter
from smtp_tui.cli.terminal import NOT_WRITTEN, print_error, print_line, wrapped
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.redaction import RedactorGroup

_WIDTH = 80
# What a call may say about the output of a replay; all else is about a check.
_OUTPUT = ("replay", "format", "json", "quiet", "report", "output")
_THRESHOLDS = ("warning", "critical", "warning_days", "critical_days")
_CERTIFICATE = ("certificate_warning", "certificate_critical")
# Options for several checks, or that end in another place than one verdict.
_SEVERAL = ("all", "jobs", "watch", "as_mta", "as_unit")


def refuse_with_record(call: Invocation) -> None:
    """Raise UsageError for what does not end in one verdict."""
    if not call.options.record:
        raise UsageError("--record needs a FILE")
    refuse_options(
        call,
        [name for name in _SEVERAL if name in vars(call.options)],
        "{} cannot be used with --record",
    )
    if is_batch(call):
        raise UsageError("--record keeps one check: name one FILE")


def with_redactors(target: CheckTarget) -> CheckTarget:
    """Return the target with redactors that the recording can use after the check."""
    if target.request is None:
        return target
    return replace(target, request=replace(target.request, redactors=RedactorGroup()))


class RecordingReporter(Reporter):
    """Collects the events of a check, and writes them to the --record file."""

    def __init__(self, call: Invocation) -> None:
        super().__init__(call)
        self._began: datetime | None = None
        self._events: list[Event] = []
        self._text = ""

    def on_event(self, _target: CheckTarget, event: Event) -> None:
        """Keep an event."""
        self._began = self._began or datetime.now(UTC)
        self._events.append(event)

    def on_result(self, target: CheckTarget, verdict: Verdict) -> None:
        """Make the recording; a file or table that cannot be read leaves none."""
        if target.request:
            self._text = recording_text(
                target.request,
                self._events,
                verdict,
                self._began or datetime.now(UTC),
                file=target.file,
                table=target.table,
                home=os.environ.get("HOME", ""),
            )

    def finish(self, _summary: BatchSummary) -> int | None:
        """Write the recording; return 74 if that fails."""
        path = Path(self.options.record)
        try:
            if self._text and write_recording(path, self._text):
                print_error(f"the recording {one_line(path)} replaced an older one")
        except FileNotWrittenError as error:
            print_error(str(error))
            return NOT_WRITTEN
        return None


def replay(call: Invocation, format_: str) -> int:
    """Show a recording as its check was shown, and return the exit status of that check."""
    allowed = {*_OUTPUT, *_THRESHOLDS, *_CERTIFICATE}
    others = [name for name in call.given if name not in allowed]
    refuse_options(call, others, "{} cannot be used with --replay, which connects to nothing")
    if call.words:
        raise UsageError("--replay shows a recording: name no other FILE")
    reporters = reporters_of(call, format_)
    recording = recording_of(call)
    is_text = format_ == "text" and not call.options.quiet and call.options.report != "-"
    if is_text:
        print_line(f"{recording.title[0].upper()}{recording.title[1:]}:")
    status = _show(recording, reporters)
    if is_text and recording.change:
        for line in wrapped(recording.change, _WIDTH, "", "  "):
            print_line(line)
    return status


def recording_of(call: Invocation) -> Recording:
    """Return the recording that the call names; UsageError if it cannot be shown."""
    try:
        return read_recording(Path(call.options.replay))
    except RecordingError as error:
        raise UsageError(str(error)) from None


def _show(recording: Recording, reporters: list[Reporter]) -> int:
    check, verdict = recording.check, recording.verdict
    request = CheckRequest(values=check.settings or {}, base=Path())
    target = CheckTarget(file=check.file, table=check.table, request=request)
    for reporter in reporters:
        for event in recording.events:
            reporter.on_event(target, event)
        reporter.on_result(target, verdict)
    result = CheckResult(target=target, verdict=verdict)
    summary = BatchSummary(results=(result,), seconds=verdict.seconds)
    own = [reporter.finish(summary) for reporter in reporters]
    return next((each for each in own if each is not None), exit_status(verdict))
