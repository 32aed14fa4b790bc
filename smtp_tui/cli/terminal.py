"""Ending by a signal: what is open gets closed, and the exit status tells which signal it was.

What the terminal can do, as its surroundings tell: alphabet, colours, background.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


_FATAL = (signal.SIGTERM, signal.SIGHUP)
# Seconds after which an ending that Python has dropped is asked for again.
_AGAIN = 0.01


class SignalStatus:
    """The exit status that the first signal asks for; Ctrl+C's until another came."""

    status = 128 + signal.SIGINT
    was_asked_for = False

    def require_none(self) -> None:
        """Raise KeyboardInterrupt where a signal came and nothing came of it."""
        if self.was_asked_for:
            raise KeyboardInterrupt


@contextmanager
def as_interrupts() -> Iterator[SignalStatus]:
    """Let SIGTERM and SIGHUP end the program in the way of Ctrl+C, which cleans up.

    An exception that a handler raises while Python runs a finaliser, as it does within imports, is
    only printed and dropped; then the ending is asked for once more.
    """
    ending = SignalStatus()

    def interrupt(number: int, frame: FrameType | None) -> None:
        ending.status = 128 + number
        again(number, frame)

    def again(_number: int, frame: FrameType | None) -> None:
        ending.was_asked_for = True
        # asyncio puts a handler of its own there, which lets the tasks clean up.
        own = signal.getsignal(signal.SIGINT)
        if callable(own):
            own(signal.SIGINT, frame)
        raise KeyboardInterrupt

    def ask_again(dropped: UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            hook(dropped)

    handlers = dict.fromkeys(_FATAL, interrupt) | {signal.SIGALRM: again}
    old = {number: signal.getsignal(number) for number in (*handlers, signal.SIGINT)}
    hook, sys.unraisablehook = sys.unraisablehook, ask_again
    for number, handler in handlers.items():
        if old[number] is signal.SIG_DFL:  # nohup's wish to be left alone is respected
            signal.signal(number, handler)
    if old[signal.SIGINT] is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield ending
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, before in old.items():
            if before is signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)


# What Python itself sets where it finds the C locale; then nobody has said that it is UTF-8.
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_DARK = frozenset({"0", "1", "2", "3", "4", "5", "6", "8", "default"})


def has_terminal() -> bool:
    """Whether a person can use the form here."""
    term = os.environ.get("TERM", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and term not in ("", "dumb")


def speaks_utf8(
    environ: Mapping[str, str] = os.environ, *, was_coerced: bool | None = None
) -> bool:
    """Whether the locale says that the terminal takes UTF-8, installed here or not."""
    if was_coerced is None:
        was_coerced = bool(sys.flags.utf8_mode) and environ.get("PYTHONUTF8") != "1"
    names = [environ.get("LC_ALL"), environ.get("LC_CTYPE"), environ.get("LANG")]
    if was_coerced and names[1] in _COERCED:
        names[1] = None
    locale = next(filter(None, names), "C").casefold()
    return "utf-8" in locale or "utf8" in locale


def has_colours() -> bool:
    """Whether the terminal's description knows colours; one that is not known here is modern."""
    term = os.environ.get("TERM", "dumb")
    if term.endswith("-256color"):  # most are; the library that knows the others takes its time
        return True
    try:
        import curses
    except ImportError:
        return True
    try:
        curses.setupterm(term, sys.stdout.fileno())
    except (curses.error, OSError, ValueError):
        return True
    return curses.tigetnum("colors") > 0


def is_light(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal tells of a light background, as rxvt and konsole do."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return bool(background) and background not in _DARK
