"""All that depends on the inside of Textual, each part with the public behaviour it stands for.

`tests/tui/test_textual_compat.py` fails on a Textual that changed any of it; the bounds in
pyproject.toml are the versions that passed.
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
from typing import Any, Self, TextIO, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize, ScreenResume
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class NoRepaintOnResize:
    """Inherited before a widget: learning its size does not lay it out and paint it again."""

    # Public behaviour: these reactives exist, and repaint unless told not to. Textual lays out and
    # paints what appears up to three times and sends each picture whole. That there is more than
    # fits is no reason to paint either: no scrollbar takes any room here.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)
    show_vertical_scrollbar: Reactive[bool] = Reactive(False, repaint=False)
    show_horizontal_scrollbar: Reactive[bool] = Reactive(False, repaint=False)


class PaintOnceScreen(NoRepaintOnResize):
    """Inherited before a screen: it appears as after a change of size, which paints it once.

    A step of the focus, or parts that were put in or moved, paint what they changed; the stock
    screen paints itself whole.
    """

    # Public behaviour: the reactive `Screen.focused`. A step costs 1,193 bytes in place of 4,243.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Come into sight in place of what the stock screen does for it."""
        # Public behaviour: `prevent_default` keeps the stock handler from running, and a `Resize`
        # lays a screen out. A screen that comes back has its focus still and is painted alone.
        event.prevent_default()
        screen = cast(Screen[Any], self)
        is_new, size = not screen.stack_updates, screen.app.size
        screen.stack_updates += 1
        if is_new or screen.outer_size != size:
            screen.post_message(Resize(size, size))
        if not is_new:
            screen.refresh()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Ask to be painted, or laid out: that paints what it moved."""
        stock = cast(Screen[Any], super())
        stock.refresh(*regions, repaint=repaint and not layout, layout=layout, recompose=recompose)
        return self


def allow_switch(screen: Screen[Any]) -> None:
    """Let `App.switch_screen` replace the screen that the application began with."""
    # Public behaviour: a screen on the stack can be switched. `switch_screen` pops a callback that
    # `push_screen` has put there; the default screen was never pushed, and it fails on that.
    if not screen._result_callbacks:
        screen._push_result_callback(screen, None)


class CrashSafeApp(App[int], inherit_bindings=False):
    """An application whose crash leaves a clean terminal and no secrets on it."""

    @property
    def crash(self) -> Exception | None:
        """The exception that brought the program down, if one did."""
        # Public behaviour: `App.run` keeps the first unhandled exception to show it.
        return self._exception

    def before_crash(self) -> None:
        """Save what must not be lost."""

    def _fatal_error(self) -> None:
        # Public behaviour: after an unhandled exception the application ends and shows a traceback.
        # The stock one prints local variables, and those hold passwords.
        self.before_crash()
        self._close_messages_no_wait()


class TolerantStream:
    """A terminal to write to; once it is gone, what is written is dropped."""

    # An error would end the thread that writes, and the program, deaf to signals, would wait for
    # it with its queue full, for ever.

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.fileno = file.fileno

    def write(self, text: str) -> None:
        """Write a text."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """Send what was written."""
        with suppress(OSError, ValueError):
            self._file.flush()


# These terminals know no questions about modes: some print part of one on the screen.
_OLD_TERMINALS = ("linux", "ansi", "vt", "cons", "sun", "wy", "xterm-mono", "pcansi")
# Questions, and the keyboard protocol that is set with a sign of its own.
_MODERN_SEQUENCES = ("\x1b[>", "\x1b[<u", "\x1b[?2026$p", "\x1b[?2048$p")
_CLEAR = "\x1b[m\x1b[H\x1b[J"


def decode_alt_keys() -> None:
    """Let Alt with a letter be a key at once."""
    # Public behaviour: `Key.key` is `alt+d` for Escape and `d` in one packet. The stock parser
    # waits 0.1 s to tell it from Escape; if another key comes in the meantime, as on a slow line,
    # it types `^` and the letter into the field.
    sequences = cast(MutableMapping[str, Any], ANSI_SEQUENCES_KEYS)
    for letter in ascii_lowercase:
        sequences.setdefault(f"\x1b{letter}", (SimpleNamespace(value=f"alt+{letter}"),))


class FormDriver(LinuxDriver):
    """Asks old terminals nothing, and no terminal for each movement of the mouse."""

    def __init__(self, app: App[object], **options: Any) -> None:
        super().__init__(app, **options)
        decode_alt_keys()
        self._is_old = os.environ.get("TERM", "").startswith(_OLD_TERMINALS)
        # Public behaviour: the driver writes to standard error, which an admin may have sent to a
        # file.
        if sys.__stdout__ is not None:
            self._file = cast(Any, TolerantStream(sys.__stdout__))

    def start_application_mode(self) -> None:
        """Take the terminal, and follow the window's sizes in their order."""
        # Public behaviour: SIGWINCH posts a `Resize`. The stock handler does so inside the signal;
        # a signal that comes in between posts the newer size first, and the older one stays.
        cast(Any, super()).start_application_mode()
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._post_size)

    def write(self, data: str) -> None:
        """Write what the terminal understands."""
        if self._is_old and data.startswith(_MODERN_SEQUENCES):
            return
        super().write(data)

    def stop_application_mode(self) -> None:
        """Leave; where there is no second screen to leave, what was drawn is wiped."""
        # Public behaviour: stopping twice is harmless. `write` needs the thread that writes, which
        # is gone once the terminal was given back.
        if self._writer_thread is None:
            return
        if self._is_old:
            super().write(_CLEAR)
        super().stop_application_mode()

    def _post_size(self) -> None:
        # Public behaviour: terminals that report their size in band post it themselves.
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def _enable_mouse_support(self) -> None:
        # Public behaviour: `App.run(mouse=True)` asks for clicks. The stock driver asks for every
        # movement too (mode 1003), which is traffic for nothing over SSH.
        if self._mouse:
            self.write("\x1b[?1000h")
            self.write("\x1b[?1006h")
            self.flush()
