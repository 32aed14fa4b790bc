"""A report of checks for a ticket: Markdown, without secrets, whatever a server said.

Where a report is written: whole or not at all, and over nothing but an older report.
"""

from __future__ import annotations

import platform
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from smtp_tui import __version__
from smtp_tui.checks.equivalents.commands import equivalent_commands
from smtp_tui.checks.output_file import NotWrittenError, OutputKind, write_whole
from smtp_tui.checks.report.markdown import code, fenced, prose
from smtp_tui.checks.report.sections import certificate_lines, setting_lines, verdict_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.transcript import lines_of

TITLE = "# Mail check by smtp-tui"
"""The first line of every report, by which one is told from other files."""

_LESS = """\
This report contains no password and no token, and nothing that AUTH derives from them. It \
contains names and addresses: read it before you pass it on."""


@record(kw_only=True)
class ReportEntry:
    """A check that was done: its settings as the file has them, and all that it told.

    `settings` is None where they could not be used; those `assumed` are defaults of the application
    whose file it is; `password_from` is the place that the password
    was taken from where it was not the settings'. `base` is the folder that paths start from.
    """

    settings: Settings | None
    events: Sequence[Event]
    verdict: Verdict
    file: str | None = None
    table: str | None = None
    base: Path = Path()
    password_from: str = ""
    assumed: frozenset[str] = frozenset()


def report_markdown(checks: Sequence[ReportEntry], moment: datetime, home: str = "") -> str:
    """Return the report of checks that began at `moment`, with a line end at its end.

    What happened may name files by their whole paths: there `~` takes the place of `home`.
    """
    lines = [TITLE, "", *_head(checks, moment)]
    for one in checks:
        lines += ["", f"## {_name(one)}", *_section(one, moment, home)]
    return "\n".join([*lines, ""])


def _head(checks: Sequence[ReportEntry], moment: datetime) -> Iterator[str]:
    yield f"- checked: {moment:%Y-%m-%d %H:%M:%S} UTC"
    yield f"- smtp-tui: {code(__version__)}"
    yield f"- Python: {code(platform.python_version())}"
    yield f"- OpenSSL: {code(ssl.OPENSSL_VERSION)}"
    system = " ".join((platform.system(), platform.release(), platform.machine()))
    yield f"- system: {code(system)}"
    if len(checks) > 1:
        passed = sum(one.verdict.ok for one in checks)
        yield f"- tables: {len(checks)}, passed: {passed}, failed: {len(checks) - passed}"
    yield from ("", _LESS)


def _name(one: ReportEntry) -> str:
    return ", table ".join(code(name) for name in (one.file, one.table) if name) or "Without a file"


def _section(one: ReportEntry, moment: datetime, home: str) -> Iterator[str]:
    yield from ("", *without(home, verdict_lines(one.verdict)))
    yield from ("", "### Settings", "")
    yield from setting_lines(one.settings, one.password_from, one.assumed)
    yield from ("", "### Dialogue", "")
    told = [str(line) for event in one.events for line in lines_of(event)]
    yield from fenced(without(home, told)) if told else ["There was no dialogue."]
    yield from ("", "### Certificates", "")
    yield from certificate_lines(one.events, moment)
    if one.settings:
        yield from ("", "### The same test with other programs")
        yield from _same(one, one.settings)


def _same(one: ReportEntry, settings: Settings) -> Iterator[str]:
    shown = replace(settings, username=mask_credentials(settings.username or "") or None)
    for command in equivalent_commands(shown, one.events, one.base):
        yield from ("", f"#### {command.program}", "")
        if command.line:
            yield from (*fenced([command.line], "sh"), "")
        yield from (f"- {prose(note)}" for note in command.notes)


def without(home: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with `~` in place of a home folder."""
    folder = home.rstrip("/")
    path = re.compile(rf"(?<![\w/.~-]){re.escape(folder)}(?![\w.-])") if folder else None
    for line in lines:
        yield path.sub("~", line) if path else line


_REPORT = OutputKind(name="report", start=TITLE, mode=0o600)


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
