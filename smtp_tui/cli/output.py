"""What goes to standard output and standard error: safe for any terminal and any encoding."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TextIO

from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.escaping import visible

# What an ASCII terminal shows in place of the signs that our own texts use.
_TWINS = {"…": "...", "–": "-", "│": "|", "┃": "#", "─": "-", "‹": "<", "›": ">"}
_TWINS |= {"•": "*", "·": ".", "✗": "x", "✓": "+", "—": "-"}


def keep_columns() -> None:
    """Have every sign's twin take one column: a form is laid out by them."""
    _TWINS["…"] = "~"


class OutputFailed(Exception):
    """Standard output takes nothing more; the text says why."""


def prepare_streams() -> None:
    """Make the standard streams take any text, and stand where the caller closed them.

    A closed one's number would go to the next file that is opened, a socket perhaps.
    """
    codecs.register_error("smtp-tui", _in_ascii)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="smtp-tui")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    told = [_TWINS.get(sign) or ascii(sign)[1:-1] for sign in refused]
    return "".join(told), error.end


def tell(text: str) -> None:
    """Print one line on standard output at once; BrokenPipeError when its reader has gone."""
    try:
        print(visible(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"standard output cannot be written: {error.strerror}") from None


def complain(text: str) -> None:
    """Tell the admin what is wrong, in one line on standard error, if anybody listens there.

    Such a line may quote what was typed or read, so a password in a URL is hidden.
    """
    try:
        print(visible(f"smtp-tui: {mask_credentials(text)}"), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, so that it does not fail again at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
