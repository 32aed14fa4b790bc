"""What goes to standard output and standard error: safe for any terminal and any encoding.

The table whose password a call is about.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.config.password_store import PasswordStore
from smtp_tui.config.paths import absolute
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import PasswordSource, parse_source
from smtp_tui.smtp.escaping import escape_controls

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


def print_line(text: str) -> None:
    """Print one line on standard output at once; BrokenPipeError when its reader has gone."""
    try:
        print(escape_controls(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"standard output cannot be written: {error.strerror}") from None


def print_error(text: str) -> None:
    """Tell the admin what is wrong, in one line on standard error, if anybody listens there.

    Such a line may quote what was typed or read, so a password in a URL is hidden.
    """
    try:
        print(escape_controls(f"smtp-tui: {mask_credentials(text)}"), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, so that it does not fail again at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)


PATIENCE = 30.0
"""Seconds a place is waited for, as a check's default time-out; a keyring has less."""


@record
class TextTable:
    """One SMTP table of an open file."""

    file: str
    document: Document
    name: str

    @property
    def values(self) -> dict[str, Any]:
        """Its raw values."""
        return self.document.values(self.name)

    @property
    def host(self) -> str:
        """The mail server, as the file names it."""
        return str(self.values.get("host") or "")

    @property
    def source(self) -> PasswordSource | None:
        """Where it says that the password is kept; DocumentError if that cannot be understood."""
        raw, field = self.values.get("password"), BY_KEY["password"]
        if raw is None:
            return None
        if problem := field.problem_with(raw):
            raise DocumentError(
                f"{one_line(self.file)}: {field.label} (password): {one_line(problem)}"
            )
        return parse_source(raw)

    def place(self, source: PasswordSource) -> PasswordStore:
        """Return a source as this table sees it."""
        account = str(self.values.get("username") or "")
        file = absolute(Path(self.file))
        origin = file if source == self.source else None
        return PasswordStore(source, account, file.parent, os.environ, origin, self.host)

    @property
    def whose(self) -> str:
        """Of whom the password is, behind that word."""
        account = self.values.get("username")
        at = f" at {one_line(self.host, 80)}" if self.host else ""
        return f" of {one_line(account, 80)}{at}" if account else at
