"""The standard streams, signals that clean up, and what the terminal can do."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.escaping import escape_controls

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# What an ASCII terminal shows in place of the signs that our own texts use.
_TWINS = {"…": "...", "–": "-", "│": "|", "┃": "#", "─": "-", "‹": "<", "›": ">"}
_TWINS |= {"•": "*", "·": ".", "✗": "x", "✓": "+", "—": "-"}


def keep_columns() -> None:
    """Replace each sign by one of the same width."""
    # The form is laid out by columns; three dots would push the rest of a row over the edge.
    _TWINS["…"] = "~"


NOT_WRITTEN = 74  # EX_IOERR of sysexits.h


class OutputFailed(Exception):
    """Standard output takes nothing more; the text says why."""


def prepare_streams() -> None:
    """Make the standard streams accept any text, and open those that the caller closed."""
    codecs.register_error("smtp-tui", _in_ascii)
    # A closed one's number would go to the next file that is opened, a socket perhaps.
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
    shown = [_TWINS.get(sign) or ascii(sign)[1:-1] for sign in refused]
    return "".join(shown), error.end


def print_line(text: str) -> None:
    """Print one line on standard output at once; BrokenPipeError when its reader has gone."""
    try:
        print(escape_controls(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"standard output cannot be written: {error.strerror}") from None


def print_lines(text: str) -> None:
    """Print the lines of a text."""
    for line in text.removesuffix("\n").split("\n"):
        print_line(line)


def wrapped(
    text: str, width: int, first: str = "", rest: str = "", *, break_long_words: bool = True
) -> list[str]:
    """Wrap a text; `first` stands before its first line, `rest` before all others."""
    return textwrap.wrap(
        escape_controls(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=break_long_words,
        break_on_hyphens=False,  # half a host name or option would read as a whole one
    )


def print_error(text: str) -> None:
    """Print what is wrong, in one line on standard error, if anybody reads that."""
    # Such a line may quote what was typed or read, so a password in a URL is hidden.
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


# Seconds after which an ending that Python has dropped is asked for again.
_AGAIN = 0.01


class SignalStatus:
    """The exit status that the first signal asks for; until one comes, that of Ctrl+C."""

    status = 128 + signal.SIGINT
    was_asked_for = False

    def require_none(self) -> None:
        """Raise KeyboardInterrupt where a signal came and nothing came of it."""
        if self.was_asked_for:
            raise KeyboardInterrupt


@contextmanager
def as_interrupts() -> Iterator[SignalStatus]:
    """Let SIGTERM and SIGHUP end the program in the way of Ctrl+C, which cleans up."""
    ending = SignalStatus()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            ending.status = 128 + number
        ending.was_asked_for = True
        # asyncio puts a handler of its own there, which lets the tasks clean up.
        own = signal.getsignal(signal.SIGINT)
        if callable(own):
            own(signal.SIGINT, frame)
        raise KeyboardInterrupt

    # An exception that a handler raises while Python runs a finaliser, as it does within imports,
    # is only printed and dropped; then the ending is asked for once more.
    def ask_again(dropped: UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            hook(dropped)

    hook, sys.unraisablehook = sys.unraisablehook, ask_again
    # nohup's wish to be left alone is respected, and so is a handler of whoever runs `main`.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    free = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in free:
        is_ctrl_c = number is signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_ctrl_c else interrupt)
    try:
        yield ending
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in free:
            signal.signal(number, signal.SIG_DFL)


# What Python itself sets where it finds the C locale; then nobody has said that it is UTF-8.
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_DARK = frozenset({"0", "1", "2", "3", "4", "5", "6", "8", "default"})


def has_terminal() -> bool:
    """Whether a person can use the form here."""
    term = os.environ.get("TERM", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and term not in ("", "dumb")


def speaks_utf8() -> bool:
    """Whether the locale says that the terminal takes UTF-8."""
    # Read from the variables, for ssh hands over the locale of another machine, which need not be
    # installed here; Python itself falls back to ASCII then.
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    was_coerced = bool(sys.flags.utf8_mode) and os.environ.get("PYTHONUTF8") != "1"
    if was_coerced and names[1] in _COERCED:
        names[1] = None
    locale = next(filter(None, names), "C").casefold()
    return "utf-8" in locale or "utf8" in locale


def has_colours() -> bool:
    """Whether the terminal has colours."""
    # One whose description is missing on this machine is taken for a modern one.
    term = os.environ.get("TERM", "dumb")
    if term.endswith("-256color"):  # most are; the library that knows the others takes its time
        return True
    try:
        import curses  # 3 ms; some builds of Python have none
    except ImportError:
        return True
    try:
        curses.setupterm(term, sys.stdout.fileno())
    except (curses.error, OSError, ValueError):
        return True
    return curses.tigetnum("colors") > 0


def is_light() -> bool:
    """Whether the terminal has a light background, as far as it says so."""
    # rxvt and konsole set the variable: foreground;background, by the numbers of the colours.
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return bool(background) and background not in _DARK
