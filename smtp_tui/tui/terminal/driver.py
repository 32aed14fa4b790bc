"""The terminal itself: what is asked of it, and how it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import MutableMapping
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size

from smtp_tui.tui.terminal.line import LastingLine

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
            self._file = cast(Any, LastingLine(sys.__stdout__))

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
