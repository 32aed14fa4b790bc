"""Where a report is written: whole or not at all, and over nothing but an older report."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.checks.report.writing import TITLE
from smtp_tui.checks.whole_file import Kind, NotWrittenError, write_whole

_REPORT = Kind(name="report", start=TITLE, mode=0o600)


class ReportError(Exception):
    """A report cannot be written; the text is one line for the admin."""


def write_report(path: Path, text: str) -> None:
    """Put a report into a file, in place of an older one; a pipe or a device takes it as it is.

    Only its owner can read it: a report names accounts, servers and recipients. ReportError where
    `path` is something else than a report, so that a slip of the finger costs no settings, or a
    link, which may lead anywhere.
    """
    try:
        write_whole(path, text, _REPORT)
    except NotWrittenError as error:
        raise ReportError(str(error)) from None
