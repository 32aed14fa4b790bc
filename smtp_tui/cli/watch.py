"""`smtp-tui check --watch SECONDS`: the check again and again, told when its verdict changes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from functools import partial

from smtp_tui.checks.jsonlines import change_line, held_line, watched_line
from smtp_tui.checks.status import exit_status
from smtp_tui.checks.watching import Change, Held, SystemClock, Watch
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.check import tell_json, told_lines
from smtp_tui.cli.output import tell
from smtp_tui.cli.requests import means_several, request_of
from smtp_tui.cli.watched import attempt_of, waits_for
from smtp_tui.diagnosis.verdict import Verdict

SHORTEST, LONGEST = 5.0, 86400.0
"""Seconds; a server may take more frequent checks for an attack."""


def watch(call: Call) -> int:
    """Watch the one table that a call means until Ctrl+C, or until nothing can change any more."""
    every = seconds_of(call)
    request = request_of(call)
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


def seconds_of(call: Call) -> float:
    """Return the seconds from check to check; UsageError where a call cannot be watched."""
    if means_several(call):
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
            if isinstance(one, Change):
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

    def tell_change(self, change: Change) -> None:
        """Tell a verdict that is another than the one before; `quiet` leaves its first line."""
        first, *others = told_lines(change.verdict)
        tell(f"{_shown(change.moment)}  {first}")
        if self.quiet:
            return
        for one in change.events:
            for line in told_lines(one):
                tell(line)
        for line in others:
            tell(line)

    def tell_held(self, held: Held) -> None:
        """Tell that nothing is sent until something changes."""
        tell(f"{_shown(held.moment)}  {waits_for(held.attempt)}")

    def end(self, watching: Watch) -> None:
        """Tell in one line what it came to."""
        checks, failed = watching.checks, watching.checks - watching.passed
        counted = "1 check" if checks == 1 else f"{checks} checks"
        changed = "1 change" if watching.changes == 1 else f"{watching.changes} changes"
        tell(
            f"{counted} in {watching.seconds:.0f} s: {watching.passed} passed, {failed} failed, "
            f"{changed} of the verdict"
        )


class _JsonTeller(_Teller):
    """Tells it as JSON Lines."""

    def tell_change(self, change: Change) -> None:
        """Print what changed, then the check's own lines."""
        tell(change_line(change, self.file, self.table))
        for one in () if self.quiet else change.events:
            tell_json(one, self.file, self.table)
        tell_json(change.verdict, self.file, self.table)

    def tell_held(self, held: Held) -> None:
        """Print that nothing is sent until something changes."""
        tell(held_line(held.moment, waits_for(held.attempt), self.file, self.table))

    def end(self, watching: Watch) -> None:
        """Print the object that ends it."""
        tell(watched_line(watching, self.file, self.table))


def _shown(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
