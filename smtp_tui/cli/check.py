"""`smtp-tui check` and `send`: build check requests from the command line and run them.

Requests combine files, options and the environment; `cli.reporters` runs the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.request import (
    CheckRequest,
    CheckTarget,
    SuppliedPassword,
    settings_sure_to_connect,
)
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, assignments, number_within, refuse_options, timeout_of
from smtp_tui.cli.password_prompt import TYPED, given_password, has_terminal_to_ask, typed_password
from smtp_tui.cli.terminal import print_error
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.config.paths import default_config
from smtp_tui.lazy import load
from smtp_tui.safe_text import mask_credentials
from smtp_tui.settings.validate import parse_settings

if TYPE_CHECKING:
    from smtp_tui.cli.reporters import Reporter
    from smtp_tui.config.document import Document
    from smtp_tui.discovery.sender_report import SenderCheck

# Loaded by name: a connection can be started before these modules are imported.
FORMATS = {
    "text": "cli.reporters:TextReporter",
    "json": "cli.monitoring:JsonReporter",
    "nagios": "cli.monitoring:NagiosReporter",
    "prometheus": "cli.monitoring:PrometheusReporter",
}
REPORT = "cli.report:MarkdownReporter"
RECORDING = "cli.recording:RecordingReporter"
_RUN_CHECKS = "cli.reporters:run_checks"

_THRESHOLDS = (
    *("warning", "critical", "certificate_warning", "certificate_critical"),
    *("warning_days", "critical_days"),
)
# The options that one of the formats below needs.
OF_MONITORING = (*_THRESHOLDS, "output")
# The formats that report once all checks are done, and never single events.
MONITORING = ("nagios", "prometheus")
EXTRA, LONGEST_EXTRA = 3.0, 3600.0  # seconds; more is a typo
JOBS, MOST_JOBS = 16, 500


def check(call: Invocation) -> int:
    """Run the checks that a call requests and return the exit status."""
    options = call.options
    if call.command.name == "check" and options.json_schema:
        return int(load("cli.monitoring:print_schema")(call))
    format_ = _output_format(call)
    options.json = format_ == "json"
    if "replay" in call.given:
        return int(load("cli.recording:replay")(call, format_))
    if options.record is not None:
        load("cli.recording:refuse_with_record")(call)
    if "as_mta" in call.given:
        return int(load("cli.as_mta:as_mta")(call, format_))
    if "in" in call.given or options.as_pid is not None:
        return int(load("cli.place:check_from_place")(call, format_))
    if options.as_unit is not None:
        return int(load("cli.systemd:check_as_unit")(call))
    if options.watch is not None:
        return int(load("cli.watch:watch")(call))
    domain = _domain_check(call)
    is_single = not is_batch(call)
    is_monitored = format_ in MONITORING
    is_kept = options.report is not None or options.record is not None
    if is_single and not is_monitored and not is_kept and not domain:
        return _check_one(call, format_)
    if options.report == "-":
        domain = None
    reporters = reporters_of(call, format_)
    jobs = 1
    if is_monitored or not is_single:
        requested = JOBS if options.jobs is None else options.jobs
        jobs = int(number_within(requested, 1, MOST_JOBS, "--jobs needs a number"))
    targets = [_target(call)] if is_single else check_targets(call)
    if options.record is not None:
        targets = [load("cli.recording:with_redactors")(target) for target in targets]
    status: int = load(_RUN_CHECKS)(targets, jobs, reporters, domain)
    if is_single and not is_monitored:
        print_refusal(targets[0])
    return status


def reporters_of(call: Invocation, format_: str) -> list[Reporter]:
    """Return the reporters of a call: that of its format, and the report for a ticket."""
    # With `-`, only the report goes to standard output.
    names = [] if call.options.report == "-" else [FORMATS[format_]]
    if call.options.report is not None:
        names.append(REPORT)
    if call.options.record is not None:
        names.append(RECORDING)
    return [load(name)(call) for name in names]


def _check_one(call: Invocation, format_: str) -> int:
    """Run a single check, connecting while the modules it needs are still being imported."""
    target = _target(call)
    early = None
    if target.request and (settings := settings_sure_to_connect(target.request)):
        # 10 ms to load, most of it `ssl`; asyncio and the dialogue load later and take 50.
        early = load("smtp.addresses:EarlyConnection")(settings)
        target = replace(target, request=replace(target.request, early=early))
    try:
        status: int = load(_RUN_CHECKS)([target], 1, [load(FORMATS[format_])(call)])
    finally:
        if early:
            early.close()
    print_refusal(target)
    return status


def print_refusal(target: CheckTarget) -> None:
    """Print why a single check could not begin."""
    # In a single check, an unreadable file is a failed call, not a check result.
    if target.refusal:
        print_error(target.refusal)


def check_values(values: Mapping[str, object], file: Path, table: str, call: Invocation) -> int:
    """Check a table's values as they are and return the exit status."""
    # For the demo: no environment variable may change what it shows.
    request = CheckRequest(values=values, base=file.parent, file=str(file), table=table)
    target = CheckTarget(file=str(file), table=table, request=request)
    reporter: Reporter = load(FORMATS["json" if call.options.json else "text"])(call)
    status: int = load(_RUN_CHECKS)([target], 1, [reporter])
    return status


def _output_format(call: Invocation) -> str:
    options = call.options
    name: str = "json" if options.json and options.format is None else options.format or "text"
    if name not in FORMATS:
        *others, last = FORMATS
        raise UsageError(f"--format must be {', '.join(others)} or {last}")
    if options.json and name != "json":
        raise UsageError("--json means --format json: give only one of them")
    if name != "prometheus":
        refuse_options(call, ("output",), "{} needs --format prometheus")
    if name != "nagios":
        refuse_options(call, _THRESHOLDS, "{} needs --format nagios")
    if name in MONITORING:
        # Monitoring systems cannot read their output.
        names = ("report", "domain_check", "watch")
        refuse_options(call, names, "{} needs --format text or json")
    return name


def _domain_check(call: Invocation) -> SenderCheck | None:
    options = call.options
    if not options.domain_check:
        names = ("dkim", "sending_address", "message", "blocklists")
        refuse_options(call, names, "{} needs --domain-check")
        if options.prove is None:
            refuse_options(call, ("resolver",), "{} needs --domain-check")
        return None
    if is_batch(call):
        raise UsageError("--domain-check checks one table: name one FILE, and do not use --all")
    # The DNS resolver takes 30 ms to load.
    sender: SenderCheck = load("cli.sender:sender_check")(call)
    return sender


def _target(call: Invocation) -> CheckTarget:
    try:
        request = check_request(call)
    except SeveralTablesError:
        raise
    except DocumentError as error:
        return CheckTarget(file=_file_of(call), table=call.options.table, refusal=str(error))
    return CheckTarget(file=request.file, table=request.table, request=request)


def is_batch(call: Invocation) -> bool:
    """Whether a call names several files or uses --all."""
    return bool(call.options.all) or len(call.words) > 1


def check_request(call: Invocation) -> CheckRequest:
    """Build the request of a single check, prompting for the password if necessary."""
    options = call.options
    template = template_of(call)
    if "host" in template.values and not call.words:
        for name, value in (("--table", options.table), ("--dialect", options.dialect)):
            if value:
                raise UsageError(f"{name} needs a FILE")
        request = replace(template, table="smtp")
    else:
        file = _file_of(call)
        document = _open(file, call, named=bool(call.words))
        request = _of_table(file, document, options.table, template)
    return with_typed_password(request, ask=options.ask_password)


def read_again(call: Invocation, request: CheckRequest) -> CheckRequest:
    """Return the request with its table's values read again, without another password prompt.

    Raise DocumentError if the file cannot be read or no longer has the table.
    """
    if request.file is None:
        return request
    document = _open(request.file, call, named=True)
    template = replace(request, values=_overrides(call))
    return _of_table(request.file, document, request.table, template)


def check_targets(call: Invocation) -> list[CheckTarget]:
    """Build all targets that a call names; an unusable file becomes a target too."""
    template = template_of(call)
    if call.options.all and call.options.table:
        raise UsageError(
            "--table names one table and --all means every table: give only one of them"
        )
    files = call.words or (_file_of(call),)
    return [target for file in files for target in _targets(file, call, template)]


def _targets(file: str, call: Invocation, template: CheckRequest) -> Iterator[CheckTarget]:
    table: str | None = call.options.table
    try:
        document = _open(file, call, named=bool(call.words))
        tables = document.tables() if call.options.all else ()
        if not tables:
            tables = (table or document.default_table(),)
        for table in tables:
            request = _of_table(file, document, table, template)
            # A password from the call is for tables that name no source of their own: sent
            # for the others, it could lock their accounts.
            has_own = "password" in request.values
            if has_own:
                request = replace(request, given=None)
            ask = call.options.ask_password and not has_own
            request = with_typed_password(request, ask=ask)
            yield CheckTarget(file=file, table=table, request=request)
    except (SeveralTablesError, UsageError):
        raise
    except DocumentError as error:
        yield CheckTarget(file=file, table=table, refusal=str(error))
    except Exception as error:  # a bug that one file triggers must not stop the others
        yield CheckTarget(file=file, table=table, defect=error)


def _file_of(call: Invocation) -> str:
    return call.words[0] if call.words else str(default_config())


def _open(file: str, call: Invocation, *, named: bool) -> Document:
    # A check without a file needs no file reader: that saves 25 ms.
    document: Document = load("cli.edit:open_file")(file, named=named, dialect=call.options.dialect)
    return document


def _of_table(
    file: str, document: Document, table: str | None, template: CheckRequest
) -> CheckRequest:
    """Return the request to check a table; the template's values override the file's."""
    table = table or document.default_table()
    overrides = template.values
    values = {**document.values(table), **overrides}
    return replace(
        template,
        values=values,
        base=Path(file).parent,
        file=file,
        table=table,
        origin=None if "password" in overrides else Path(file),
        assumed=frozenset(values) - document.given(table) - overrides.keys(),
        recognition=document.recognition,
        inside=frozenset(values if document.recognition.is_inside else ()) - overrides.keys(),
        notes=load("cli.edit:notes_on")(document, table),
    )


def _overrides(call: Invocation) -> dict[str, object]:
    """Return the values that override those of a file."""
    values = assignments(call.options.set)
    if call.options.hostname is not None:
        if "host" in values:
            raise UsageError("--hostname and --set host=… mean the same: give only one of them")
        values["host"] = call.options.hostname
    timeout = timeout_of(call.options)
    return values if timeout is None else {**values, "timeout": timeout}


def template_of(call: Invocation) -> CheckRequest:
    """Return the request parts that all tables share."""
    options = call.options
    overrides = _overrides(call)
    sends, mail = call.command.name == "send", None
    if sends or options.to or vars(options)["from"]:
        # Most checks hand over no mail.
        mail = load("cli.mail_options:mail_request")(options, sends=sends)
    given = given_password(options, set_by_option="password" in overrides)
    prove = None
    if options.prove is not None:
        prove = load("cli.prove:proof_request")(call)
    else:
        refuse_options(call, ("prove_password", "remove", "authserv_id"), "{} needs --prove")
    extra = 0.0
    if not options.no_experiments:
        seconds = EXTRA if options.extra is None else options.extra
        extra = number_within(seconds, 0, LONGEST_EXTRA, "--extra needs a number of seconds")
    # Extra probes are unwanted every minute (monitoring) or for every table (--all).
    if options.all or options.format in MONITORING:
        extra = 0.0
    return CheckRequest(
        values=overrides,
        base=Path(),
        mail=mail,
        given=given,
        allow_clear_password=options.allow_clear_password,
        extra=extra,
        tries_ports=not is_batch(call) and options.watch is None,
        follow=load("cli.follow:follow_request")(call) if _follows(call) else None,
        prove=prove,
    )


def _follows(call: Invocation) -> bool:
    """Whether to follow the message; UsageError for options that need it."""
    if not call.options.follow:
        refuse_options(call, ("log",), "{} needs --follow")
    if not call.options.follow and call.options.prove is None:
        refuse_options(call, ("within",), "{} needs --follow or --prove")
    return bool(call.options.follow)


def with_typed_password(request: CheckRequest, *, ask: bool) -> CheckRequest:
    """Prompt for the password if one is needed and the call or the settings say to ask.

    Raise UsageError if `ask` is set and there is no terminal; if only the settings say to ask,
    the check itself reports it.
    """
    # Most calls need no prompt, and then only the check parses the settings.
    if request.given is not None or not (ask or request.values.get("password") == {"ask": True}):
        return request
    # Typing must not be timed, so the prompt comes before the check.
    settings = parse_settings(request.values).settings
    if settings is None or not settings.needs_password:
        return request
    if not has_terminal_to_ask():
        if ask:
            raise UsageError("--ask-password needs a terminal; use --password-stdin")
        return request
    owner = mask_credentials(settings.username or "")
    answer = typed_password(f"Password for {owner} at {settings.host}: ")
    data = answer.encode("utf-8", "surrogateescape")
    return replace(request, given=SuppliedPassword(TYPED, lambda: data))
