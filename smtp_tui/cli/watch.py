"""What a watch checks each time: the file as it stands now, and what marks its password.

`smtp-tui check --watch SECONDS`: the check again and again, told when its verdict changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.jsonlines import change_line, held_line, watched_line
from smtp_tui.checks.password_input import Given
from smtp_tui.checks.run import CheckRequest
from smtp_tui.checks.watch import CheckAttempt, Paused, SystemClock, VerdictChanged, Watch
from smtp_tui.cli.check import print_json, text_lines
from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.requests import check_request, is_batch, read_again
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.paths import expand
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.password_sources import Command, File, Keyring
from smtp_tui.settings.validate import parse_settings

_LARGEST = 64 * 1024
_KEY = os.urandom(32)


def attempt_of(call: Invocation, first: CheckRequest) -> CheckAttempt:
    """Put together the next check; a password that the call handed over stays what it was."""
    try:
        request = read_again(call, first)
    except DocumentError as error:
        return CheckAttempt(request=None, refusal=str(error))
    except Exception as error:  # a defect that today's file brings out does not end the watch
        return CheckAttempt(request=None, defect=error)
    source = _source(request)
    return CheckAttempt(
        request=request,
        mark=(dict(request.values), _mark(source, request)),
        can_change=request.file is not None or isinstance(source, File),
    )


def waits_for(attempt: CheckAttempt) -> str:
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
    """Return what is another when the source has another password, as far as can be seen."""
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
    """Return a hash of a file, which tells nothing of the password in it; None for a pipe."""
    with suppress(OSError):
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.blake2b(file.read(_LARGEST), key=_KEY).digest()
    return None


# rf

SHORTEST, LONGEST = 5.0, 86400.0
"""Seconds; a server may take more frequent checks for an attack."""


def watch(call: Invocation) -> int:
    """Watch the one table that a call means until Ctrl+C, or until nothing can change any more."""
    every = seconds_of(call)
    request = check_request(call)
    watching = Watch(partial(attempt_of, call, request), every, SystemClock())
    make = _JsonTeller if call.options.json else _Teller
    teller = make(quiet=call.options.quiet, file=request.file, table=request.table)
    try:
        verdict = asyncio.run(_follow(watching, teller))
    except KeyboardInterrupt:
        teller.end(watching)
        raise
    teller.end(watching)
    return exit_status(verdict)


def seconds_of(call: Invocation) -> float:
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


async def _follow(watching: Watch, teller: _Teller) -> Verdict:
    verdict: Verdict | None = None
    async with aclosing(watching.rounds()) as rounds:
        async for one in rounds:
            if isinstance(one, VerdictChanged):
                teller.tell_change(one)
                verdict = one.verdict
            else:
                teller.tell_held(one)
    assert verdict is not None
    return verdict


class _Teller:
    """Tells it in words: when, and what the verdict is now."""

    def __init__(self, *, quiet: bool, file: str | None, table: str | None) -> None:
        self.quiet = quiet
        self.file, self.table = file, table

    def tell_change(self, change: VerdictChanged) -> None:
        """Tell a verdict that is another than the one before; `quiet` leaves its first line."""
        first, *others = text_lines(change.verdict)
        print_line(f"{_shown(change.moment)}  {first}")
        if self.quiet:
            return
        for one in change.events:
            for line in text_lines(one):
                print_line(line)
        for line in others:
            print_line(line)

    def tell_held(self, held: Paused) -> None:
        """Tell that nothing is sent until something changes."""
        print_line(f"{_shown(held.moment)}  {waits_for(held.attempt)}")

    def end(self, watching: Watch) -> None:
        """Tell in one line what it came to."""
        checks, failed = watching.checks, watching.checks - watching.passed
        counted = "1 check" if checks == 1 else f"{checks} checks"
        changed = "1 change" if watching.changes == 1 else f"{watching.changes} changes"
        print_line(
            f"{counted} in {watching.seconds:.0f} s: {watching.passed} passed, {failed} failed, "
            f"{changed} of the verdict"
        )


class _JsonTeller(_Teller):
    """Tells it as JSON Lines."""

    def tell_change(self, change: VerdictChanged) -> None:
        """Print what changed, then the check's own lines."""
        print_line(change_line(change, self.file, self.table))
        for one in () if self.quiet else change.events:
            print_json(one, self.file, self.table)
        print_json(change.verdict, self.file, self.table)

    def tell_held(self, held: Paused) -> None:
        """Print that nothing is sent until something changes."""
        print_line(held_line(held.moment, waits_for(held.attempt), self.file, self.table))

    def end(self, watching: Watch) -> None:
        """Print the object that ends it."""
        print_line(watched_line(watching, self.file, self.table))


def _shown(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
