"""Ending by a signal: what is open gets closed, and the exit status tells which signal it was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_FATAL = (signal.SIGTERM, signal.SIGHUP)


class Ending:
    """The exit status that the first signal asks for; Ctrl+C's until another came."""

    status = 128 + signal.SIGINT


@contextmanager
def as_interrupts() -> Iterator[Ending]:
    """Let SIGTERM and SIGHUP end the program in the way of Ctrl+C, which cleans up."""
    ending = Ending()

    def interrupt(number: int, frame: FrameType | None) -> None:
        ending.status = 128 + number
        # asyncio puts a handler of its own there, which lets the tasks clean up.
        heed = signal.getsignal(signal.SIGINT)
        if callable(heed):
            heed(signal.SIGINT, frame)
        raise KeyboardInterrupt

    old = {number: signal.getsignal(number) for number in _FATAL}
    for number, handler in old.items():
        if handler is signal.SIG_DFL:  # nohup's wish to be left alone is respected
            signal.signal(number, interrupt)
    try:
        yield ending
    finally:
        for number, handler in old.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
