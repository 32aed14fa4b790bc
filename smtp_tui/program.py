"""One call: reads the command line and imports the front end that is wanted, no other."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from smtp_tui.cli.output import OutputFailed, discard, prepare_streams, print_error, print_line
from smtp_tui.cli.parser import HelpRequested, Invocation, UsageError, parse_arguments
from smtp_tui.cli.terminal import SignalStatus, as_interrupts
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.defects import defect_text

USAGE, SETTINGS, DEFECT, NO_OUTPUT = 2, 3, 70, 74
PIPE_CLOSED = 141

# What carries each command out, its module imported when it is called, and no other.
RUNS = {
    "": ("launch", "form"),
    "check": ("cli.check", "check"),
    "send": ("cli.check", "check"),
    "get": ("cli.edit", "get"),
    "set": ("cli.edit", "set_values"),
    "unset": ("cli.edit", "unset"),
    "import": ("cli.import_export", "import_settings"),
    "export": ("cli.import_export", "export_settings"),
    "password": ("cli.password", "password"),
    "explain": ("cli.explain", "explain"),
    "discover": ("cli.discover", "discover"),
    "presets": ("cli.presets", "presets"),
    "dialects": ("cli.dialects", "dialects"),
    "sources": ("cli.sources", "sources"),
    "completion": ("cli.completion.printing", "completion"),
    "demo": ("launch", "demo"),
}


def run_and_leave() -> NoReturn:
    """Run one call as the installed command does, and leave at once with its exit status.

    A check loads much that stays to the end: to look through it for garbage, and to take it down
    piece by piece at the end, would cost a fifth of a check on loopback.
    """
    gc.disable()
    _forbid_core_dumps()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            discard(stream)
    os._exit(status)


def _forbid_core_dumps() -> None:
    """Have the system write no image of this process, in which a password may stand."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


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
        for line in str(wanted).split("\n"):
            print_line(line)
        return _status_of_help(arguments)
    command = _command(call.command.name)
    ending.require_none()
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return command(call)


def _status_of_help(arguments: Sequence[str]) -> int:
    """Return 0; of a plugin another, so that nobody takes a help text for a server that works."""
    if "nagios" not in " ".join(arguments):
        return 0
    from smtp_tui.cli.formats import UNKNOWN, means_nagios

    return UNKNOWN if means_nagios(arguments) else 0


def _ended_by(error: Exception, arguments: Sequence[str]) -> int:
    reason, status = _explained(error)
    if isinstance(error, OutputFailed):
        discard(sys.stdout)
    elif "nagios" in " ".join(arguments):  # a call that was not understood may still mean it
        from smtp_tui.cli.formats import print_trouble

        if (unknown := print_trouble(reason, arguments)) is not None:
            return unknown
    print_error(reason)
    return status


def _explained(error: Exception) -> tuple[str, int]:
    match error:
        case UsageError():
            return str(error), USAGE
        case SeveralTablesError():
            return f"{error} with --table", USAGE
        case DocumentError():
            return str(error), SETTINGS
        case OutputFailed():
            return str(error), NO_OUTPUT
        case _:
            return f"internal error: {defect_text(error)}", DEFECT


def _command(name: str) -> Callable[[Invocation], int]:
    module, function = RUNS[name]
    command: Callable[[Invocation], int] = getattr(import_module(f"smtp_tui.{module}"), function)
    return command
