"""The line to the terminal, which may be lost at any time.

The terminal itself: what is asked of it, and how it is left.

Going to the shell and coming back, where there is a shell that can bring the program back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any, TextIO, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size


class TolerantStream:
    """A terminal to write to; once it is gone, what is written is dropped.

    An error would end the thread that writes, and the program, deaf to signals, would wait for it
    with its queue full, for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write a text."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """See it on its way."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        """Return the number of the file behind it."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Tell that it is a terminal."""
        return True


# They know no questions about modes: some print part of one on the screen.
_OLD = ("linux", "ansi", "vt", "cons", "sun", "wy", "xterm-mono", "pcansi")
_CLEAR = "\x1b[m\x1b[H\x1b[J"


def know_alt_keys() -> None:
    """Let Alt with a letter be a key at once.

    Textual waits 0.1 s to tell it from Escape; if another key comes meanwhile, as on a slow line,
    it types `^` and the letter into the field.
    """
    known = cast(MutableMapping[str, Any], ANSI_SEQUENCES_KEYS)
    for letter in ascii_lowercase:
        known.setdefault(f"\x1b{letter}", (SimpleNamespace(value=f"alt+{letter}"),))


def is_old(term: str) -> bool:
    """Whether a terminal knows but the plain sequences."""
    return term.startswith(_OLD)


class FormDriver(LinuxDriver):
    """Asks old terminals nothing, and no terminal for each movement of the mouse."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        know_alt_keys()
        self._is_old = is_old(os.environ.get("TERM", ""))
        # The stock one writes to standard error, which an admin may have sent to a file.
        if sys.__stdout__ is not None:
            self._file = cast(Any, TolerantStream(sys.__stdout__))

    def start_application_mode(self) -> None:
        """Take the terminal, and hear of the window's sizes in their order.

        The stock handler reads and tells a size inside the signal; a signal that comes in between
        tells the newer size first, and the older one stays.
        """
        cast(Any, super()).start_application_mode()
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._tell_size)

    def write(self, data: str) -> None:
        """Write what the terminal understands."""
        if self._is_old and data.startswith(_UNKNOWN):
            return
        super().write(data)

    def stop_application_mode(self) -> None:
        """Leave; where there is no second screen to leave, what was drawn is wiped."""
        if self._writer_thread is None:  # it was given back already
            return
        if self._is_old:
            super().write(_CLEAR)
        super().stop_application_mode()

    def _tell_size(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000h")
            self.write("\x1b[?1006h")
            self.flush()


# Questions, and the keyboard protocol that is set with a sign of its own.
_UNKNOWN = ("\x1b[>", "\x1b[<u", "\x1b[?2026$p", "\x1b[?2048$p")


NO_SHELL = "There is no shell here to suspend to; {leave} quits."


def has_shell() -> bool:
    """Whether a shell watches over this job: a session's first program is nobody's job.

    So it is with `ssh -t host smtp-tui`, and in a container. Stopped there, it could not go on.
    """
    return os.getpgrp() != os.getsid(0)


def stop_job(app: App[Any]) -> None:
    """Give the terminal back and stop the whole job; return when it is in the foreground again.

    Whoever started the program, like `make` or a script, is of the same job and must stop too.
    """
    with app.suspend():
        shell = os.getppid()
        os.killpg(0, signal.SIGSTOP)
        while os.getppid() == shell and not _is_in_front():  # `bg` goes on, without the terminal
            os.kill(os.getpid(), signal.SIGSTOP)


def _is_in_front() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp() if sys.__stdin__ else True
    except OSError:  # the line is lost: go on, to heed the signal that says so
        return True
