"""Run one command line, importing only the front end that it needs."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import NoReturn

from smtp_tui.checks.exit_status import BY_STAGE, DEFECT, SETTINGS, USAGE
from smtp_tui.cli.commands import resume_collection
from smtp_tui.cli.parser import HelpRequested, UsageError, parse_arguments
from smtp_tui.cli.terminal import (
    NOT_WRITTEN,
    SignalExitStatus,
    StandardOutputError,
    as_interrupts,
    discard,
    prepare_streams,
    print_error,
    print_line,
    print_lines,
)
from smtp_tui.config.errors import DocumentError, PasswordError, SeveralTablesError, defect_text
from smtp_tui.lazy import load

PIPE_CLOSED = 141
# The exit status of a Nagios plugin that checked nothing, also after --help and --version.
UNKNOWN = 3


def run_and_leave() -> NoReturn:
    """Run one call as the installed command does, and exit at once with its status."""
    # No core dumps: they could contain a password.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            discard(stream)
    # A regular interpreter shutdown would cost a tenth of a check on loopback.
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call and return its exit status; errors print one line, never a traceback."""
    prepare_streams()
    argv = sys.argv[1:] if arguments is None else arguments
    with as_interrupts() as signal_status:
        try:
            return _run(argv, signal_status)
        except KeyboardInterrupt:
            return signal_status.status
        except BrokenPipeError:
            discard(sys.stdout)
            return PIPE_CLOSED
        except Exception as error:
            return _report_error(error, argv)


def _run(arguments: Sequence[str], signal_status: SignalExitStatus) -> int:
    try:
        call = parse_arguments(arguments)
    except HelpRequested as request:
        print_lines(str(request))
        # A help text must not pass for a working server.
        return UNKNOWN if _wants_nagios(arguments) else 0
    handler = load(call.command.handler)
    signal_status.require_none()
    # A check resumes it later, after most of its imports.
    if call.command.name not in ("check", "send"):
        resume_collection()
    return int(handler(call))


def _report_error(error: Exception, arguments: Sequence[str]) -> int:
    match error:
        case UsageError():
            reason, status = str(error), USAGE
        case SeveralTablesError():
            reason, status = f"{error} with --table", USAGE
        case PasswordError():
            reason, status = str(error), BY_STAGE["password"]
        case DocumentError():
            reason, status = str(error), SETTINGS
        case StandardOutputError():
            reason, status = str(error), NOT_WRITTEN
            discard(sys.stdout)
        case _:
            reason, status = f"internal error: {defect_text(error)}", DEFECT
    if _wants_nagios(arguments) and not isinstance(error, StandardOutputError):
        print_line(load("checks.monitoring:trouble_line")(reason))
        return UNKNOWN
    print_error(reason)
    return status


def _wants_nagios(arguments: Sequence[str]) -> bool:
    """Whether a command line, valid or not, asks for Nagios output."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    return any("--format=nagios" in (word, f"{word}={following}") for word, following in pairs)
