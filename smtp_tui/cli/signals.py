"""Ending by a signal: what is open gets closed, and the exit status tells which signal it was."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_FATAL = (signal.SIGTERM, signal.SIGHUP)
# Seconds after which an ending that Python has dropped is asked for again.
_AGAIN = 0.01


class Ending:
    """The exit status that the first signal asks for; Ctrl+C's until another came."""

    status = 128 + signal.SIGINT
    was_asked_for = False

    def require_none(self) -> None:
        """Raise KeyboardInterrupt where a signal came and nothing came of it."""
        if self.was_asked_for:
            raise KeyboardInterrupt


@contextmanager
def as_interrupts() -> Iterator[Ending]:
    """Let SIGTERM and SIGHUP end the program in the way of Ctrl+C, which cleans up.

    An exception that a handler raises while Python runs a finaliser, as it does within imports, is
    only printed and dropped; then the ending is asked for once more.
    """
    ending = Ending()

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
