"""Entry point: reads the command line and imports the front end that is wanted, no other."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from smtp_tui.cli.calls import Call, HelpWanted, UsageError, parse_call
from smtp_tui.cli.output import OutputFailed, complain, discard, prepare_streams, tell
from smtp_tui.cli.signals import as_interrupts
from smtp_tui.config.errors import DocumentError, SeveralTablesError

USAGE, SETTINGS, DEFECT, NO_OUTPUT = 2, 3, 70, 74
PIPE_CLOSED = 141


def run() -> NoReturn:
    """Run one call as the installed command does, and leave at once with its exit status.

    A check loads much that stays to the end: to look through it for garbage, and to take it down
    piece by piece at the end, would cost a fifth of a check on loopback.
    """
    gc.disable()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            discard(stream)
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call and return its exit status; bad input ends in one line, never a traceback."""
    prepare_streams()
    with as_interrupts() as ending:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt:
            return ending.status
        except BrokenPipeError:
            discard(sys.stdout)
            return PIPE_CLOSED
        except Exception as error:
            return _explained(error)


def _run(arguments: Sequence[str]) -> int:
    try:
        call = parse_call(arguments)
    except HelpWanted as wanted:
        for line in str(wanted).split("\n"):
            tell(line)
        return 0
    command = _command(call.command.name)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return command(call)


def _explained(error: Exception) -> int:
    match error:
        case UsageError():
            complain(str(error))
            return USAGE
        case SeveralTablesError():
            complain(f"{error} with --table")
            return USAGE
        case DocumentError():
            complain(str(error))
            return SETTINGS
        case OutputFailed():
            discard(sys.stdout)
            complain(str(error))
            return NO_OUTPUT
        case _:
            complain(f"internal error: {type(error).__name__} at {_place(error)}")
            return DEFECT


def _place(error: Exception) -> str:
    """Name the line that failed; the message may repeat what was being handled, a password too."""
    from traceback import extract_tb

    where = extract_tb(error.__traceback__)[-1]
    return f"{Path(where.filename).name}:{where.lineno}"


def _command(name: str) -> Callable[[Call], int]:
    match name:
        case "check" | "send":
            from smtp_tui.cli.check import check

            return check
        case "get":
            from smtp_tui.cli.get import get

            return get
        case "set":
            from smtp_tui.cli.set import set_values

            return set_values
        case "explain":
            from smtp_tui.cli.explain import explain

            return explain
        case "demo":
            from smtp_tui.launch import demo

            return demo
        case "":
            from smtp_tui.launch import form

            return form
        case _:
            raise AssertionError(name)


if __name__ == "__main__":
    sys.exit(main())
