"""`smtp-tui check` and `send`: run the checks that a call means, and drive what reports them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.batch import BatchSummary, CheckResult, CheckTarget, run_batch
from smtp_tui.checks.exit_status import PASSED, exit_status
from smtp_tui.checks.run import CheckRequest, run
from smtp_tui.cli.check_request import (
    MONITORING,
    check_request,
    check_targets,
    file_of,
    is_batch,
    jobs_of,
)
from smtp_tui.cli.commands import Invocation, load
from smtp_tui.cli.parser import UsageError, refuse_options
from smtp_tui.cli.reporters import FORMATS, REPORT, Reporter
from smtp_tui.cli.terminal import print_error
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event

if TYPE_CHECKING:
    from smtp_tui.discovery.domain import DomainCheck

_THRESHOLDS = (
    *("warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days"),
)


def check(call: Invocation) -> int:
    """Run the check or the checks that a call means, and return the exit status."""
    options = call.options
    if call.command.name == "check" and options.json_schema:
        return int(load("cli.monitoring:print_schema")(call))
    format_ = output_format(call)
    options.json = format_ == "json"
    if options.as_unit is not None:
        return int(load("cli.systemd:check_as_unit")(call))
    if options.watch is not None:
        return int(load("cli.watch:watch")(call))
    domain = _domain_check(call)
    kinds = [FORMATS[format_]]
    if options.report == "-":  # then nothing else stands on standard output
        domain, kinds = None, []
    if options.report is not None:
        kinds.append(REPORT)
    reporters: list[Reporter] = [load(kind)(call) for kind in kinds]
    is_single = not is_batch(call)
    is_monitored = format_ in MONITORING
    jobs = jobs_of(call) if is_monitored or not is_single else 1
    targets = [_target(call)] if is_single else check_targets(call)
    status = asyncio.run(run_checks(targets, jobs, reporters, domain))
    # One file that cannot be read is a call that failed, and no result of a check.
    if is_single and not is_monitored and targets[0].refusal:
        print_error(targets[0].refusal)
    return status


def check_values(values: Mapping[str, object], file: Path, table: str, call: Invocation) -> int:
    """Check the values of a table as they are, and return the exit status."""
    # For the demo: no variable of the environment shall change what it shows.
    request = CheckRequest(values=values, base=file.parent, file=str(file), table=table)
    target = CheckTarget(file=str(file), table=table, request=request)
    reporter: Reporter = load(FORMATS["json" if call.options.json else "text"])(call)
    return asyncio.run(run_checks([target], 1, [reporter]))


def output_format(call: Invocation) -> str:
    """Return the format that a call wants; UsageError where an option does not go with it."""
    options = call.options
    wanted: str = "json" if options.json and options.format is None else options.format or "text"
    if wanted not in FORMATS:
        *others, last = FORMATS
        raise UsageError(f"--format must be {', '.join(others)} or {last}")
    if options.json and wanted != "json":
        raise UsageError("--json means --format json: give only one of them")
    if wanted != "prometheus":
        refuse_options(call, ("output",), "{} needs --format prometheus")
    if wanted != "nagios":
        refuse_options(call, _THRESHOLDS, "{} needs --format nagios")
    if wanted in MONITORING:
        # They say more than a monitoring system reads.
        names = ("report", "domain_check", "watch")
        refuse_options(call, names, "{} needs --format text or json")
    return wanted


def _domain_check(call: Invocation) -> DomainCheck | None:
    options = call.options
    if not options.domain_check:
        refuse_options(call, ("dkim", "resolver"), "{} needs --domain-check")
        return None
    if is_batch(call):
        raise UsageError("--domain-check checks one table: name one FILE, and do not use --all")
    # What asks DNS itself takes 30 ms to load.
    resolver = load("cli.discover:resolver_of")(options.resolver)
    domain: DomainCheck = load("discovery.domain:DomainCheck")(resolver, options.dkim)
    return domain


def _target(call: Invocation) -> CheckTarget:
    try:
        request = check_request(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        return CheckTarget(file=file_of(call), table=call.options.table, refusal=str(error))
    return CheckTarget(file=request.file, table=request.table, request=request)


async def run_checks(
    targets: Sequence[CheckTarget],
    jobs: int,
    reporters: Sequence[Reporter],
    domain: DomainCheck | None = None,
) -> int:
    """Check the targets, `jobs` at a time; tell the reporters, and return the exit status.

    `domain` looks the sender's domain up after a check that passed.
    """
    async with aclosing(_checks(targets, jobs)) as checks:
        async for item in checks:
            if isinstance(item, BatchSummary):
                status = max((exit_status(one.verdict) for one in item.results), default=PASSED)
                for reporter in reporters:
                    own = reporter.finish(item)
                    status = status if own is None else own
                return status
            target, happening = item
            if not isinstance(happening, Verdict):
                for reporter in reporters:
                    reporter.on_event(target, happening)
                continue
            for reporter in reporters:
                reporter.on_result(target, happening)
            if domain and happening.ok and target.request:
                connected = happening.facts.connected if happening.facts else None
                facts = await domain.facts(target.request.sending_settings, connected)
                for reporter in reporters:
                    reporter.on_domain(target, happening, facts)
    raise AssertionError("checks end with a summary")


async def _checks(
    targets: Sequence[CheckTarget], jobs: int
) -> AsyncGenerator[tuple[CheckTarget, Event | Verdict] | BatchSummary, None]:
    if len(targets) != 1 or targets[0].request is None:
        async with aclosing(run_batch(targets, jobs)) as items:
            async for item in items:
                yield item
        return
    # One check needs no tasks and queues between the dialogue and what is printed of it.
    (target,) = targets
    started = time.monotonic()
    outcomes = []
    async with aclosing(run(targets[0].request)) as happenings:
        async for happening in happenings:
            yield target, happening
            if isinstance(happening, Verdict):
                outcomes.append(CheckResult(target=target, verdict=happening))
    yield BatchSummary(results=tuple(outcomes), seconds=time.monotonic() - started)
