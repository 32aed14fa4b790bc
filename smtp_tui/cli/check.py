"""`smtp-tui check` and `send`: run the checks that a call means, and drive what reports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.request import CheckRequest, CheckTarget, settings_sure_to_connect
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
from smtp_tui.cli.terminal import print_error
from smtp_tui.config.errors import DocumentError, SeveralTablesError

if TYPE_CHECKING:
    from smtp_tui.cli.reporters import Reporter
    from smtp_tui.discovery.domain import DomainCheck

# Classes and a function of modules that load what a connection can be begun before.
FORMATS = {
    "text": "cli.reporters:TextReporter",
    "json": "cli.monitoring:JsonReporter",
    "nagios": "cli.monitoring:NagiosReporter",
    "prometheus": "cli.monitoring:PrometheusReporter",
}
REPORT = "cli.report:MarkdownReporter"
_RUN_CHECKS = "cli.reporters:run_checks"

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
    is_single = not is_batch(call)
    is_monitored = format_ in MONITORING
    if is_single and not is_monitored and options.report is None and not domain:
        return _check_one(call, format_)
    kinds = [FORMATS[format_]]
    if options.report == "-":  # then nothing else stands on standard output
        domain, kinds = None, []
    if options.report is not None:
        kinds.append(REPORT)
    reporters: list[Reporter] = [load(kind)(call) for kind in kinds]
    jobs = jobs_of(call) if is_monitored or not is_single else 1
    targets = [_target(call)] if is_single else check_targets(call)
    status: int = load(_RUN_CHECKS)(targets, jobs, reporters, domain)
    if is_single and not is_monitored:
        _print_refusal(targets[0])
    return status


def _check_one(call: Invocation, format_: str) -> int:
    """Run the one check of a call, and begin to connect while what it needs is still imported."""
    target = _target(call)
    early = None
    if target.request and (settings := settings_sure_to_connect(target.request)):
        # 10 ms to load, most of it `ssl`; asyncio and the dialogue come after it, and take 50.
        early = load("smtp.addresses:EarlyConnection")(settings)
        target = replace(target, request=replace(target.request, early=early))
    try:
        status: int = load(_RUN_CHECKS)([target], 1, [load(FORMATS[format_])(call)])
    finally:
        if early:
            early.close()
    _print_refusal(target)
    return status


def _print_refusal(target: CheckTarget) -> None:
    # One file that cannot be read is a call that failed, and no result of a check.
    if target.refusal:
        print_error(target.refusal)


def check_values(values: Mapping[str, object], file: Path, table: str, call: Invocation) -> int:
    """Check the values of a table as they are, and return the exit status."""
    # For the demo: no variable of the environment shall change what it shows.
    request = CheckRequest(values=values, base=file.parent, file=str(file), table=table)
    target = CheckTarget(file=str(file), table=table, request=request)
    reporter: Reporter = load(FORMATS["json" if call.options.json else "text"])(call)
    status: int = load(_RUN_CHECKS)([target], 1, [reporter])
    return status


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
