"""`smtp-tui check` and `send`: test, print dialogue and verdict."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from smtp_tui.checks.exit_status import PASSED, exit_status
from smtp_tui.checks.run import CheckRequest, refused, run
from smtp_tui.cli.formats import JSON, MONITORING, format_of
from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.requests import check_request, file_of, is_batch
from smtp_tui.cli.verdicts import verdict_lines
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.transcript import lines_of

if TYPE_CHECKING:
    from smtp_tui.cli.domain import DomainReporter
    from smtp_tui.cli.reporting import Recorder
    from smtp_tui.smtp.events import Event


def check(call: Invocation) -> int:
    """Run the check or the checks that a call means, and return the exit status."""
    if (status := _checked_otherwise(call)) is not None:
        return status
    domain = _domain_teller(call)
    if is_batch(call):
        from smtp_tui.cli.batch import check_several

        return check_several(call)
    recorder = recording(call)
    try:
        request = check_request(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        verdict = refused(str(error))
        if call.options.json:
            print_json(verdict, file_of(call), call.options.table)
        if recorder:
            recorder.hear(verdict, None, file_of(call), call.options.table)
            recorder.finish(exit_status(verdict))
        raise
    as_json, quiet = call.options.json, call.options.quiet
    return report(request, as_json=as_json, quiet=quiet, recorder=recorder, domain=domain)


def _checked_otherwise(call: Invocation) -> int | None:
    """Check in one of the ways that only some calls want; None where this one wants none."""
    if call.command.name == "check" and call.options.json_schema:
        return _print_schema(call)
    format_ = format_of(call)
    call.options.json = format_ == JSON
    if call.options.as_unit is not None:
        from smtp_tui.cli.unit import check_as_unit

        return check_as_unit(call)
    if call.options.watch is not None:
        from smtp_tui.cli.watch import watch

        return watch(call)
    if format_ in MONITORING:
        from smtp_tui.cli.monitoring import check_monitored

        return check_monitored(call, format_)
    return None


def _print_schema(call: Invocation) -> int:
    import json

    from smtp_tui.checks.jsonlines import schema

    names = set(call.command.options) - {"json_schema"}
    if call.words or any(getattr(call.options, name) not in (None, False, []) for name in names):
        raise UsageError("check --json-schema allows no other argument")
    for line in json.dumps(schema(), indent=2).split("\n"):
        print_line(line)
    return PASSED


def _domain_teller(call: Invocation) -> DomainReporter | None:
    options = call.options
    if options.domain_check:
        from smtp_tui.cli.domain import domain_reporter  # only this asks DNS itself

        return domain_reporter(call)
    for name in ("dkim", "resolver"):
        if getattr(options, name):
            raise UsageError(f"--{name} needs --domain-check")
    return None


def recording(call: Invocation) -> Recorder | None:
    """Return what keeps a report, where a call wants one."""
    if call.options.report is None:
        return None
    from smtp_tui.cli.reporting import recorder_of  # a check without a report needs none of it

    return recorder_of(call)


def report(
    request: CheckRequest,
    *,
    as_json: bool,
    quiet: bool,
    recorder: Recorder | None = None,
    domain: DomainReporter | None = None,
) -> int:
    """Run a check, tell what happens and what it amounts to, and return its exit status."""
    verdict = asyncio.run(_tell(request, as_json, quiet, recorder, domain))
    status = exit_status(verdict)
    return recorder.finish(status) if recorder else status


def print_json(one: Event | Verdict, file: str | None, table: str | None) -> None:
    """Print an event or a verdict as JSON."""
    from smtp_tui.checks.jsonlines import json_line

    line = json_line(one, file, table)
    if line is not None:
        print_line(line)


def text_lines(one: Event | Verdict) -> list[str]:
    """Return the lines of an event or a verdict."""
    return list(verdict_lines(one)) if isinstance(one, Verdict) else list(map(str, lines_of(one)))


async def _tell(
    request: CheckRequest,
    as_json: bool,
    quiet: bool,
    recorder: Recorder | None,
    domain: DomainReporter | None,
) -> Verdict:
    silent = recorder is not None and recorder.takes_output
    async with aclosing(run(request)) as told:
        async for one in told:
            if recorder:
                recorder.hear(one, request, request.file, request.table)
            if domain and not silent:
                domain.hear(one)
                if as_json and isinstance(one, Verdict):  # which comes last
                    await domain.tell(request, one, as_json=True)
            if not silent and (isinstance(one, Verdict) or not quiet):
                if as_json:
                    print_json(one, request.file, request.table)
                else:
                    for line in text_lines(one):
                        print_line(line)
            if isinstance(one, Verdict):
                if domain and not silent and not as_json:
                    await domain.tell(request, one, as_json=False)
                return one
    raise AssertionError("a check ends with a verdict")
