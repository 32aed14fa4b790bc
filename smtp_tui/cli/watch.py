"""`smtp-tui check --watch SECONDS`: check repeatedly and report changes of the verdict."""

from __future__ import annotations

import asyncio
import hashlib
import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from smtp_tui.checks.batch import Clock, PausedAfterRejection, RepeatedChecks, VerdictChanged
from smtp_tui.checks.exit_status import exit_status, verdict_lines
from smtp_tui.checks.jsonlines import json_line, named_line
from smtp_tui.checks.request import CheckRequest, CheckTarget, Given
from smtp_tui.cli.check import check_request, is_batch, read_again
from smtp_tui.cli.commands import Invocation, resume_collection
from smtp_tui.cli.parser import UsageError, number_within, refuse_options
from smtp_tui.cli.terminal import print_line
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.paths import expand
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.password_sources import (
    CommandSource,
    FileSource,
    KeyringSource,
    OAuthSource,
)
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.transcript import lines_of

# Seconds: servers may treat more frequent checks as attacks.
SHORTEST, LONGEST = 5.0, 86400.0
_LARGEST = 64 * 1024
_HASH_KEY = os.urandom(32)


def watch(call: Invocation) -> int:
    """Watch one table until Ctrl+C, or until its verdict can no longer change."""
    resume_collection()
    interval = watch_interval(call)
    request = check_request(call)
    watching = RepeatedChecks(partial(attempt_of, call, request), interval, Clock())
    try:
        verdict = asyncio.run(_follow(watching, request, call.options))
    except KeyboardInterrupt:
        print_line(_end_line(watching, request, call.options))
        raise
    print_line(_end_line(watching, request, call.options))
    return exit_status(verdict)


def watch_interval(call: Invocation) -> float:
    """Return the seconds between checks; UsageError if the call cannot be watched."""
    if is_batch(call):
        raise UsageError("--watch checks one table: name one FILE, and do not use --all")
    refuse_options(call, ("report", "domain_check"), "--watch and {} cannot be used together")
    return number_within(call.options.watch, SHORTEST, LONGEST, "--watch needs a number of seconds")


async def _follow(watching: RepeatedChecks, request: CheckRequest, options: Namespace) -> Verdict:
    verdict: Verdict | None = None
    async with aclosing(watching.rounds()) as changes:
        async for change in changes:
            if isinstance(change, VerdictChanged):
                verdict = change.verdict
            for line in _lines(change, request, options):
                print_line(line)
    assert verdict is not None
    return verdict


def _lines(
    change: VerdictChanged | PausedAfterRejection, request: CheckRequest, options: Namespace
) -> Iterator[str]:
    """Yield the lines of a change: that check's verdict and events."""
    place = request.file, request.table
    moment = change.moment.isoformat(sep=" ", timespec="seconds")
    if isinstance(change, PausedAfterRejection):
        reason = pause_reason(change.attempt)
        pause = change.moment, reason
        yield named_line("held", pause, *place) if options.json else f"{moment}  {reason}"
        return
    events = () if options.quiet else change.events
    if options.json:
        yield named_line("change", change, *place)
        yield from filter(None, (json_line(event, *place) for event in (*events, change.verdict)))
        return
    first, *others = verdict_lines(change.verdict)
    yield f"{moment}  {first}"
    for event in events:
        yield from map(str, lines_of(event))
    yield from () if options.quiet else others


def _end_line(watching: RepeatedChecks, request: CheckRequest, options: Namespace) -> str:
    if options.json:
        return named_line("watched", watching, request.file, request.table)
    checks, passed = watching.checks, watching.passed
    counted = "1 check" if checks == 1 else f"{checks} checks"
    changed = "1 change" if watching.changes == 1 else f"{watching.changes} changes"
    return (
        f"{counted} in {watching.seconds:.0f} s: {passed} passed, {checks - passed} failed, "
        f"{changed} of the verdict"
    )


def attempt_of(call: Invocation, first: CheckRequest) -> CheckTarget:
    """Build the next check; a password from the call stays the same."""
    try:
        request = read_again(call, first)
    except DocumentError as error:
        return CheckTarget(refusal=str(error))
    except Exception as error:  # a bug that the current file triggers must not end the watch
        return CheckTarget(defect=error)
    source = _source(request)
    return CheckTarget(
        request=request,
        mark=(dict(request.values), _fingerprint(source, request)),
        can_change=request.file is not None or isinstance(source, FileSource),
    )


def pause_reason(attempt: CheckTarget) -> str:
    """Return what must change before a rejected password is sent again."""
    request = attempt.request
    assert request is not None
    if not attempt.can_change:
        return (
            "The server rejected the password, and no file of this call can change; smtp-tui stops."
        )
    files, advice = one_line(request.file or ""), ""
    match _source(request):
        case FileSource(path=path):
            files = " or ".join(filter(None, (files, one_line(path))))
        case KeyringSource() | CommandSource():
            advice = f" After you change the password, run: touch {files}"
        case OAuthSource():
            advice = f" After you sign in again, run: touch {files}"
        case _ if request.given is not None:
            advice = " To use another password, start smtp-tui again."
        case _:
            pass
    return (
        f"The server rejected the password. smtp-tui sends it again when {files} changes.{advice}"
    )


def _source(request: CheckRequest) -> Given | None:
    if request.given is not None:
        return request.given
    settings = parse_settings(request.values).settings
    return settings.password if settings else None


def _fingerprint(source: Given | None, request: CheckRequest) -> object:
    """Return a value that changes with the source's password, as far as visible."""
    with suppress(OSError):
        match source:
            case FileSource(path=path):
                file = expand(path, request.base)
                if file.is_file():  # a pipe can be read only once
                    # The key is per process, so that the hash reveals nothing of the password.
                    with file.open("rb") as content:
                        return hashlib.blake2b(content.read(_LARGEST), key=_HASH_KEY).digest()
            case KeyringSource() | CommandSource() | OAuthSource() if request.file is not None:
                # Asking them might open a window or unlock something each time.
                return Path(request.file).stat().st_mtime_ns
            case _:
                pass
    return None
