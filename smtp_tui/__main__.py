"""Entry point: reads the command line and imports the front end that is wanted, no other."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from smtp_tui.cli.options import Call, HelpWanted, UsageError, parse_call
from smtp_tui.cli.output import complain

USAGE, SETTINGS, DEFECT = 2, 3, 70
INTERRUPTED, PIPE_CLOSED = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one call and return its exit status; bad input ends in one line, never a traceback."""
    try:
        status = _run(parse_call(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except HelpWanted as wanted:
        print(wanted.text)  # noqa: T201 - help is what was asked for
        return 0
    except UsageError as error:
        complain(f"{error}; try smtp-tui --help")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; what is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        return _explain(error)
    return status


def _explain(error: Exception) -> int:
    from smtp_tui.config.errors import DocumentError, SeveralTablesError

    if isinstance(error, SeveralTablesError):
        complain(f"{error}; name one with --table")
        return USAGE
    if isinstance(error, DocumentError):
        complain(str(error))
        return SETTINGS
    where = traceback.extract_tb(error.__traceback__)[-1]
    # The message stays out: it may repeat what was being handled, a password too.
    place = f"{Path(where.filename).name}:{where.lineno}"
    complain(f"internal error: {type(error).__name__} at {place}")
    return DEFECT


def _run(call: Call) -> int:
    if call.command.name in ("", "demo"):
        from smtp_tui import launch

        return launch.demo(call) if call.command.name else launch.form(call)
    return _command(call.command.name)(call)


def _command(name: str) -> Callable[[Call], int]:
    match name:
        case "check":
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
        case _:
            raise AssertionError(name)


if __name__ == "__main__":
    sys.exit(main())
