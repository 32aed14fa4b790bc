"""One call: reads the command line and imports the front end that is wanted, no other."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import NoReturn

from smtp_tui.checks.exit_status import BY_STAGE, DEFECT, SETTINGS, USAGE
from smtp_tui.cli.commands import load, resume_collection
from smtp_tui.cli.parser import HelpRequested, UsageError, parse_arguments
from smtp_tui.cli.terminal import (
    NOT_WRITTEN,
    OutputFailed,
    SignalStatus,
    as_interrupts,
    discard,
    prepare_streams,
    print_error,
    print_line,
    print_lines,
)
from smtp_tui.config.errors import DocumentError, PasswordError, SeveralTablesError, defect_text

PIPE_CLOSED = 141
# The exit status of a Nagios plugin that checked nothing, as after --help and --version too.
UNKNOWN = 3


def run_and_leave() -> NoReturn:
    """Run one call as the installed command does, and leave at once with its exit status."""
    # The system writes no image of this process, in which a password may stand.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            discard(stream)
    # To take down piece by piece what was loaded would cost a tenth of a check on loopback.
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call and return its exit status; bad input ends in one line, never a traceback."""
    prepare_streams()
    words = sys.argv[1:] if arguments is None else arguments
    with as_interrupts() as ending:
        try:
            return _run(words, ending)
        except KeyboardInterrupt:
            return ending.status
        except BrokenPipeError:
            discard(sys.stdout)
            return PIPE_CLOSED
        except Exception as error:
            return _ended_by(error, words)


def _run(arguments: Sequence[str], ending: SignalStatus) -> int:
    try:
        call = parse_arguments(arguments)
    except HelpRequested as wanted:
        print_lines(str(wanted))
        # Nobody shall take a help text for a server that works.
        return UNKNOWN if _means_nagios(arguments) else 0
    handler = load(call.command.handler)
    ending.require_none()
    # A check still has most to load, and resumes it after that.
    if call.command.name not in ("check", "send"):
        resume_collection()
    return int(handler(call))


def _ended_by(error: Exception, arguments: Sequence[str]) -> int:
    match error:
        case UsageError():
            reason, status = str(error), USAGE
        case SeveralTablesError():
            reason, status = f"{error} with --table", USAGE
        case PasswordError():
            reason, status = str(error), BY_STAGE["password"]
        case DocumentError():
            reason, status = str(error), SETTINGS
        case OutputFailed():
            reason, status = str(error), NOT_WRITTEN
            discard(sys.stdout)
        case _:
            reason, status = f"internal error: {defect_text(error)}", DEFECT
    if _means_nagios(arguments) and not isinstance(error, OutputFailed):
        print_line(load("checks.monitoring:trouble_line")(reason))
        return UNKNOWN
    print_error(reason)
    return status


def _means_nagios(arguments: Sequence[str]) -> bool:
    """Whether a call, which need not be understood, is one of a plugin."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    return any("--format=nagios" in (word, f"{word}={after}") for word, after in pairs)
