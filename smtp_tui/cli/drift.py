"""`smtp-tui drift`: show what runs with other settings than a file has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import print_line
from smtp_tui.config.errors import NoFileError, one_line
from smtp_tui.config.paths import default_config, is_there
from smtp_tui.interchange.spec import InterchangeError, format_named
from smtp_tui.survey.drift import DriftFinding, DriftReport, drift_of
from smtp_tui.survey.drift_text import cure_text, finding_lines, summary_lines
from smtp_tui.survey.holders import SettingsHolder


def drift(call: Invocation) -> int:
    """Compare FILE with what runs; return 1 if something holds other values."""
    options = call.options
    format_ = vars(options)["from"]
    try:
        format_ = format_ and format_named(format_).name
    except InterchangeError as error:
        raise UsageError(str(error)) from None
    path = Path(call.words[0]) if call.words else default_config()
    if not call.words and not is_there(path):
        raise NoFileError(f"no FILE was given, and {one_line(path)} does not exist")
    report = drift_of(path, format=format_, dialect=options.dialect, table=options.table)
    name = one_line(path)
    if options.json:
        print_line(json.dumps(_as_object(report, name)))
    else:
        for finding in report.findings:
            for line in finding_lines(finding, name):
                print_line(line)
        for line in summary_lines(report, name):
            print_line(line)
    return NEGATIVE if report.has_drift else PASSED


def _as_object(report: DriftReport, name: str) -> dict[str, object]:
    running = report.running
    return {
        "file": name,
        "drift": report.has_drift,
        "findings": [_finding(finding, name) for finding in report.findings],
        "equal": [_holder(holder) for holder in report.equal],
        "newer": [_holder(holder) for holder in report.newer],
        "read": running.read,
        "unreadable": running.unreadable,
        "left_out": running.left_out,
        "problems": [one_line(problem) for problem in running.problems],
        "seconds": round(running.seconds, 3),
    }


def _finding(finding: DriftFinding, name: str) -> dict[str, object]:
    return {
        "id": finding.id,
        "drift": finding.is_drift,
        **_holder(finding.holder),
        "related": finding.related,
        "table": finding.group.name or None,
        "fields": [
            {
                "field": differing.key,
                "secret": differing.is_secret,
                "here": _value(differing.here),
                "there": _value(differing.there),
            }
            for differing in finding.fields
        ],
        "files": [*finding.files],
        "command": finding.command or None,
        "to_do": cure_text(finding, name) or None,
    }


def _value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else one_line(value)


def _holder(holder: SettingsHolder) -> dict[str, object]:
    return {
        "kind": holder.kind,
        "name": one_line(holder.name),
        "engine": holder.container.engine if holder.container else None,
        "pids": [*holder.pids],
        "started": datetime.fromtimestamp(holder.started, UTC).isoformat(timespec="seconds"),
    }
