"""`smtp-tui check --watch SECONDS`: check again and again, and report when the verdict changes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from smtp_tui.checks.batch import CheckTarget
from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.password_input import Given
from smtp_tui.checks.run import CheckRequest
from smtp_tui.checks.watch import Clock, VerdictChanged, Watch
from smtp_tui.cli.check_request import check_request, is_batch, read_again
from smtp_tui.cli.commands import Invocation, load
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.reporters import FORMATS, WatchReporter
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.paths import expand
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.password_sources import Command, File, Keyring
from smtp_tui.settings.validate import parse_settings

# Seconds: a server may take more frequent checks for an attack.
SHORTEST, LONGEST = 5.0, 86400.0
_LARGEST = 64 * 1024
_KEY = os.urandom(32)


def watch(call: Invocation) -> int:
    """Watch the one table that a call means until Ctrl+C, or until nothing can change any more."""
    every = watch_interval(call)
    request = check_request(call)
    watching = Watch(partial(attempt_of, call, request), every, Clock())
    target = CheckTarget(file=request.file, table=request.table, request=request)
    reporter: WatchReporter = load(FORMATS["json" if call.options.json else "text"])(call)
    try:
        verdict = asyncio.run(_follow(watching, target, reporter))
    except KeyboardInterrupt:
        reporter.on_end(target, watching)
        raise
    reporter.on_end(target, watching)
    return exit_status(verdict)


def watch_interval(call: Invocation) -> float:
    """Return the seconds from check to check; UsageError where a call cannot be watched."""
    if is_batch(call):
        raise UsageError("--watch checks one table: name one FILE, and do not use --all")
    for name in ("report", "domain_check"):
        if getattr(call.options, name) not in (None, False):
            raise UsageError(f"--watch and --{name.replace('_', '-')} cannot be used together")
    try:
        every = float(call.options.watch)
    except ValueError:
        every = 0.0
    if not SHORTEST <= every <= LONGEST:
        raise UsageError(f"--watch needs a number of seconds, {SHORTEST:g} to {LONGEST:g}")
    return every


async def _follow(watching: Watch, target: CheckTarget, reporter: WatchReporter) -> Verdict:
    verdict: Verdict | None = None
    async with aclosing(watching.rounds()) as changes:
        async for change in changes:
            if isinstance(change, VerdictChanged):
                reporter.on_change(target, change)
                verdict = change.verdict
            else:
                reporter.on_pause(target, change.moment, pause_reason(change.attempt))
    assert verdict is not None
    return verdict


def attempt_of(call: Invocation, first: CheckRequest) -> CheckTarget:
    """Put together the next check; a password that the call handed over stays what it was."""
    try:
        request = read_again(call, first)
    except DocumentError as error:
        return CheckTarget(refusal=str(error))
    except Exception as error:  # a defect that today's file brings out does not end the watch
        return CheckTarget(defect=error)
    source = _source(request)
    return CheckTarget(
        request=request,
        mark=(dict(request.values), _mark(source, request)),
        can_change=request.file is not None or isinstance(source, File),
    )


def pause_reason(attempt: CheckTarget) -> str:
    """Say what must change before a password that was refused is sent again."""
    request = attempt.request
    assert request is not None
    if not attempt.can_change:
        return (
            "The server rejected the password, and no file of this call can change; smtp-tui stops."
        )
    file = one_line(request.file or "")
    source = _source(request)
    match source:
        case File(path=path):
            until = " or ".join(filter(None, (file, one_line(path))))
            rest = ""
        case Keyring() | Command():
            until = file
            rest = f" After you change the password, run: touch {file}"
        case _ if request.given is not None:
            until = file
            rest = " To use another password, start smtp-tui again."
        case _:
            until, rest = file, ""
    return f"The server rejected the password. smtp-tui sends it again when {until} changes.{rest}"


def _source(request: CheckRequest) -> Given | None:
    if request.given is not None:
        return request.given
    settings = parse_settings(request.values).settings
    return settings.password if settings else None


def _mark(source: Given | None, request: CheckRequest) -> object:
    """Return what differs when the source has another password, as far as can be seen."""
    match source:
        case File(path=path):
            return _content(expand(path, request.base))
        case Keyring() | Command() if request.file is not None:
            # To ask them each time might open a window, or unlock something, each time.
            with suppress(OSError):
                return Path(request.file).stat().st_mtime_ns
            return None
        case _:
            return None


def _content(path: Path) -> bytes | None:
    """Return a hash of a file's content; None for a pipe, which can be read only once."""
    # The key is this process's own, so that the hash tells nothing of the password.
    with suppress(OSError):
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.blake2b(file.read(_LARGEST), key=_KEY).digest()
    return None
