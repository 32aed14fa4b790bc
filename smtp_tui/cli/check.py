"""`smtp-tui check`: test, print dialogue and verdict."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.checks.run import Request, refused, run
from smtp_tui.checks.status import exit_status
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.mail import mail_of
from smtp_tui.cli.output import tell
from smtp_tui.cli.secrets import asked_for, given
from smtp_tui.cli.values import assignments
from smtp_tui.cli.verdicts import verdict_lines
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.transcript import lines_of

if TYPE_CHECKING:
    from smtp_tui.smtp.events import Event

LONGEST_EXTRA = 3600.0
"""Seconds; more is a slip of the finger."""


def check(call: Call) -> int:
    """Run one check and return its exit status."""
    try:
        request = request_of(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        if call.options.json:
            _tell_json(refused(str(error)), _file(call), call.options.table)
        raise
    request = asked_for(request, ask=call.options.ask_password)
    return report(request, as_json=call.options.json, quiet=call.options.quiet)


def report(request: Request, *, as_json: bool, quiet: bool) -> int:
    """Run a check, tell what happens and what it amounts to, and return its exit status."""
    return exit_status(asyncio.run(_tell(request, as_json=as_json, quiet=quiet)))


def request_of(call: Call) -> Request:
    """Put together what is to be checked, from file, options and environment."""
    options = call.options
    over = assignments(options.set)
    if options.timeout is not None:
        over["timeout"] = _timeout(options.timeout)
    shared: dict[str, Any] = {
        "mail": mail_of(options, sends=call.command.name == "send"),
        "given": given(options, set_by_option="password" in over),
        "allow_clear_password": options.allow_clear_password,
        "extra": _extra(call),
    }
    if "host" in over and not call.words:
        if options.table:
            raise UsageError("--table needs a FILE")
        return Request(values=over, base=Path(), table="smtp", **shared)
    from smtp_tui.cli.opening import open_table  # a check without a file needs none of it

    file, document, table = open_table(call.words, options.table)
    values = {**document.values(table), **over}
    return Request(values=values, base=Path(file).parent, file=file, table=table, **shared)


def _file(call: Call) -> str:
    from smtp_tui.config.paths import default_config

    return call.words[0] if call.words else str(default_config())


def _timeout(text: str) -> str:
    if BY_KEY["timeout"].problem_with(text):
        raise UsageError("--timeout takes seconds, above 0 and at most 86400")
    return text


def _extra(call: Call) -> float:
    if call.options.no_experiments:
        return 0.0
    try:
        extra = 3.0 if call.options.extra is None else float(call.options.extra)
    except ValueError:
        extra = -1.0
    if not 0 <= extra <= LONGEST_EXTRA:
        raise UsageError(f"--extra takes seconds, 0 to {LONGEST_EXTRA:g}")
    return extra


async def _tell(request: Request, *, as_json: bool, quiet: bool) -> Verdict:
    async with aclosing(run(request)) as told:
        async for one in told:
            is_verdict = isinstance(one, Verdict)
            if as_json:
                if is_verdict or not quiet:
                    _tell_json(one, request.file, request.table)
            elif is_verdict or not quiet:
                for line in _lines(one):
                    tell(line)
            if isinstance(one, Verdict):
                return one
    raise AssertionError("a check ends with a verdict")


def _tell_json(one: Event | Verdict, file: str | None, table: str | None) -> None:
    from smtp_tui.checks.jsonlines import json_line

    line = json_line(one, file, table)
    if line is not None:
        tell(line)


def _lines(one: Event | Verdict) -> list[str]:
    return list(verdict_lines(one)) if isinstance(one, Verdict) else list(map(str, lines_of(one)))
