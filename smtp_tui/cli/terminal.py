"""The standard streams, signal handling and the terminal's capabilities."""

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

from smtp_tui.safe_text import escape_controls, mask_credentials

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# ASCII substitutes for the symbols in our own texts.
_SUBSTITUTES = {"…": "...", "–": "-", "│": "|", "┃": "#", "─": "-", "‹": "<", "›": ">"}
_SUBSTITUTES |= {"•": "*", "·": ".", "✗": "x", "✓": "+", "—": "-"}


def keep_columns() -> None:
    """Make every substitute one column wide."""
    # The form is laid out by columns; three dots would push the rest of a row over the edge.
    _SUBSTITUTES["…"] = "~"


NOT_WRITTEN = 74  # EX_IOERR of sysexits.h


class StandardOutputError(Exception):
    """Standard output cannot be written; the text says why."""


def prepare_streams() -> None:
    """Make the standard streams accept any text, and open those that the caller closed."""
    codecs.register_error("smtp-tui", _substitute)
    # The next file opened, perhaps a socket, would get a closed stream's number.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="smtp-tui")


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unencodable = error.object[error.start : error.end]
    shown = [_SUBSTITUTES.get(char) or ascii(char)[1:-1] for char in unencodable]
    return "".join(shown), error.end


def print_line(text: str) -> None:
    """Print and flush one line on standard output; BrokenPipeError if its reader has gone."""
    try:
        print(escape_controls(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StandardOutputError(f"standard output cannot be written: {error.strerror}") from None


def print_lines(text: str) -> None:
    """Print the lines of a text."""
    for line in text.removesuffix("\n").split("\n"):
        print_line(line)


def wrapped(
    text: str, width: int, first: str = "", rest: str = "", *, break_long_words: bool = True
) -> list[str]:
    """Wrap a text; `first` precedes its first line, `rest` all others."""
    return textwrap.wrap(
        escape_controls(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=break_long_words,
        break_on_hyphens=False,  # half a hostname or option would read as a whole one
    )


def print_error(text: str) -> None:
    """Print an error in one line on standard error; ignore write errors."""
    # The text may quote input, so a password in a URL is masked.
    try:
        print(escape_controls(f"smtp-tui: {mask_credentials(text)}"), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Redirect a stream to /dev/null, so that its buffer does not fail again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)


# Seconds after which a KeyboardInterrupt that Python dropped is raised again.
_RETRY_DELAY = 0.01


class SignalExitStatus:
    """The exit status for the latest signal; until one comes, that of Ctrl+C."""

    status = 128 + signal.SIGINT
    was_asked_for = False

    def require_none(self) -> None:
        """Raise KeyboardInterrupt if a signal came and had no effect."""
        if self.was_asked_for:
            raise KeyboardInterrupt


@contextmanager
def as_interrupts() -> Iterator[SignalExitStatus]:
    """Let SIGTERM and SIGHUP end the program like Ctrl+C, which cleans up."""
    signal_status = SignalExitStatus()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            signal_status.status = 128 + number
        signal_status.was_asked_for = True
        # asyncio installs its own SIGINT handler, which lets tasks clean up.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        raise KeyboardInterrupt

    # Python only prints an exception that a handler raises in a finaliser, which imports can
    # run; then the interrupt is raised again.
    def interrupt_again(dropped: UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _RETRY_DELAY)
        else:
            previous_hook(dropped)

    previous_hook, sys.unraisablehook = sys.unraisablehook, interrupt_again
    # Signals that nohup ignores stay ignored, and handlers of a caller of `main` stay set.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    unhandled = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        is_ctrl_c = number is signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_ctrl_c else interrupt)
    try:
        yield signal_status
    finally:
        sys.unraisablehook = previous_hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in unhandled:
            signal.signal(number, signal.SIG_DFL)


# LC_CTYPE as Python sets it in the C locale (PEP 538): nobody chose UTF-8.
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_DARK_COLOURS = frozenset({"0", "1", "2", "3", "4", "5", "6", "8", "default"})


def has_terminal() -> bool:
    """Whether input and output are a terminal, even one that only shows lines."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def is_dumb() -> bool:
    """Whether the terminal cannot move its cursor, which the form needs."""
    return os.environ.get("TERM", "dumb") in ("", "dumb")


def speaks_utf8() -> bool:
    """Whether the locale declares that the terminal uses UTF-8."""
    # Read the variables: ssh passes on the locale of another machine, which may not be installed
    # here, and Python itself then falls back to ASCII.
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    was_coerced = bool(sys.flags.utf8_mode) and os.environ.get("PYTHONUTF8") != "1"
    if was_coerced and names[1] in _COERCED:
        names[1] = None
    locale = next(filter(None, names), "C").casefold()
    return "utf-8" in locale or "utf8" in locale


def has_colours() -> bool:
    """Whether the terminal has colours."""
    # A terminal without a terminfo entry here is assumed to be modern.
    term = os.environ.get("TERM", "dumb")
    if term.endswith("-256color"):  # most; curses, for the others, is slow to load
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
    """Whether the terminal declares a light background."""
    # rxvt and konsole set the variable to foreground;background, as colour numbers.
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return bool(background) and background not in _DARK_COLOURS
