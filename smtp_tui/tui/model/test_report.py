"""Report a finished test as Markdown."""

from __future__ import annotations

import os

from smtp_tui.checks.report import ReportedCheck, report_markdown
from smtp_tui.settings.password_sources import LiteralSource
from smtp_tui.tui.model.session import CompletedTest


def markdown_of(done: CompletedTest) -> str:
    """Return the report of a test, for a ticket; it contains no password."""
    request, settings = done.request, done.settings
    is_typed = request.secret is not None and not isinstance(settings.password, LiteralSource)
    entry = ReportedCheck(
        settings=settings,
        events=done.events,
        verdict=done.verdict,
        file=request.file,
        table=request.table,
        base=request.base,
        assumed=request.assumed,
        password_from="typed in the form" if is_typed else "",
    )
    return report_markdown([entry], done.moment, os.environ.get("HOME", ""))
