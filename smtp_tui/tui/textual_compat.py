"""Isolate what depends on Textual's internals; comments name the public behaviour in use.

`tests/tui/test_textual_compat.py` fails if a version of Textual changes any of it; pyproject.toml
allows the versions that passed.
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
from typing import Any, ClassVar, TextIO, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS, SYNC_END, SYNC_START
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize, ScreenResume
from textual.geometry import Offset, Region, Size
from textual.messages import Update
from textual.reactive import Reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget

from smtp_tui.tui.terminal_cells import CLEAR, TerminalCells


class NoRepaintOnResize:
    """A mixin before a widget class: a new size causes no further layout and repaint."""

    # Public behaviour: these reactives exist, and repaint by default. Textual lays out and paints a
    # new widget up to three times and sends each picture in full. Content that does not fit is no
    # reason to repaint either: scrollbars take no space here.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)
    show_vertical_scrollbar: Reactive[bool] = Reactive(False, repaint=False)
    show_horizontal_scrollbar: Reactive[bool] = Reactive(False, repaint=False)


class PaintOnceScreen(NoRepaintOnResize):
    """A mixin before a screen class: the screen appears through a `Resize`, which paints it once.

    A move of the focus repaints only what it changes; the stock screen repaints everything.
    """

    # Public behaviour: the reactive `Screen.focused`. The driver would send the same, but painting
    # a whole screen at each move takes a fifth more time.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    _is_shown = False
    _placed_at = Size(0, 0)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Show the screen, in place of the stock handler."""
        # Public behaviour: `prevent_default` keeps the stock handler from running, and a `Resize`
        # lays a screen out. A screen that returns still has its focus and needs a repaint only.
        event.prevent_default()
        screen = cast(Screen[Any], self)
        is_new, size = not screen.stack_updates, screen.app.size
        screen.stack_updates += 1
        if is_new or screen.outer_size != size:
            screen.post_message(Resize(size, size))
            screen.call_after_refresh(self._mark_shown)
        if not is_new:
            screen.refresh()

    def _mark_shown(self) -> None:
        self._is_shown = True

    def is_repeated(self, event: Resize) -> bool:
        """Whether a new screen has this size already; the stock handler does not lay it out again.

        For handlers of `Resize`, which call it once for each event.
        """
        # Public behaviour: a new screen hears its size from the application, from the handler above
        # and from its own first layout. Once it is shown, an equal size may mean that the terminal
        # lost the picture.
        if not self._is_shown and event.size == self._placed_at:
            event.prevent_default()
            return True
        if cast(Screen[Any], self).stack_updates:  # else the stock handler does nothing
            self._placed_at = event.size
        return False

    def on_layout(self) -> None:
        """Repaint the whole screen after a layout; the driver sends only the cells that changed."""
        # Public behaviour: a layout repaints at least what it moved. If a widget is refreshed, or
        # asked for its place, before it comes into view, Textual takes the new layout for the old
        # one and finds nothing that moved. The first paint has all that was asked for before it.
        if self._is_shown:
            cast(Screen[Any], self).refresh()

    def on_update(self, message: Update) -> None:
        """Ignore a repaint of a widget that is not visible."""
        # Public behaviour: a layout paints what it shows. To paint a hidden widget, Textual would
        # compute a pending layout too early, and what that moves would not be painted.
        if visible_region(message.widget) is None:
            message.prevent_default()
            message.stop()


def allow_switch(screen: Screen[Any]) -> None:
    """Let `App.switch_screen` replace the default screen."""
    # Public behaviour: a screen on the stack can be switched. `switch_screen` pops a callback that
    # `push_screen` added; the default screen was never pushed, so the pop fails.
    if not screen._result_callbacks:
        screen._push_result_callback(screen, None)


def visible_region(widget: Widget) -> Region | None:
    """Return the region of a widget on the screen as last painted; None if it is not visible."""
    # Public behaviour: `Widget.region`. While a layout is pending, that would compute the new one
    # too early, and what it moves would not be painted.
    visible = widget.screen._compositor.visible_widgets.get(widget)
    return None if visible is None else visible[0].shrink(widget.gutter)


class CrashSafeApp(App[int], inherit_bindings=False):
    """An application that leaves a clean terminal, without secrets, when it crashes."""

    _last_cursor = Offset()
    THEME: ClassVar[Theme | None] = None
    _css_variables: dict[str, str] | None = None

    @property
    def crash(self) -> Exception | None:
        """The exception that crashed the program, if any."""
        # Public behaviour: `App.run` keeps the first unhandled exception to show it.
        return self._exception

    def before_crash(self) -> None:
        """Save unsaved data; for subclasses."""

    # Public behaviour: the property `current_theme`, and the variables of its colours. A theme that
    # is set later, as documented, computes them three times and parses all CSS twice.
    @property
    def current_theme(self) -> Theme:
        """The theme from the start to the end."""
        return self.THEME or super().current_theme

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the theme."""
        if self._css_variables is None:
            self._css_variables = super().get_css_variables()
        return self._css_variables

    def refresh_css(self, animate: bool = True) -> None:
        """Keep the CSS: its variables never change."""

    def cursor_at(self) -> Offset | None:
        """Return the cursor's place on the screen, or None. For subclasses."""
        return None

    # Public behaviour: each frame that Textual paints ends with a move to this position, which its
    # own widgets set.
    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's cursor stands."""
        self._last_cursor = self.cursor_at() or self._last_cursor
        return self._last_cursor

    @cursor_position.setter
    def cursor_position(self, position: Offset) -> None:
        """Ignore what Textual's own widgets set."""

    def forget_cells(self) -> None:
        """Forget the terminal's cells, which other programs may have changed."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.forget_cells()

    def place_cursor(self) -> None:
        """Move the terminal's cursor to its place; no frame does if no cell changes."""
        if isinstance(self._driver, TerminalDriver) and self.screen_stack:
            self._driver.place_cursor(self.cursor_at())

    def _fatal_error(self) -> None:
        # Public behaviour: after an unhandled exception the application ends and shows a traceback.
        # The stock traceback shows local variables, which hold passwords.
        self.before_crash()
        self._close_messages_no_wait()


class LostTerminalStream:
    """A terminal stream that drops output once the terminal is gone."""

    # An error would end Textual's writer thread. Once its queue is full, the program would wait for
    # ever and ignore signals.

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.fileno = file.fileno

    def write(self, text: str) -> None:
        """Write text."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush the output."""
        with suppress(OSError, ValueError):
            self._file.flush()


# These terminals support no mode queries: some print part of a query on the screen.
_OLD_TERMINALS = ("linux", "ansi", "vt", "cons", "sun", "wy", "xterm-mono", "pcansi")
# These show a title, and keep the one before.
_TITLED_TERMINALS = ("xterm", "tmux", "screen", "rxvt", "alacritty", "foot", "konsole", "gnome")
_SET_TITLE, _RESTORE_TITLE = "\x1b[22;2t\x1b]2;{}\x07", "\x1b[23;2t"
# Queries, and the sequences that set the keyboard protocol.
_MODERN_SEQUENCES = ("\x1b[>", "\x1b[<u", "\x1b[?2026$p", "\x1b[?2048$p")
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
# A shorter frame is there at once: nobody sees the cursor run through it.
_SHORT_FRAME = 400


def decode_alt_keys() -> None:
    """Decode Alt with a letter as a key at once."""
    # Public behaviour: `Key.key` is `alt+d` for Escape and `d` in one packet. The stock parser
    # waits 0.1 s to rule out Escape alone; if another key arrives in that time, as on a slow line,
    # it types `^` and the letter into the field.
    sequences = cast(MutableMapping[str, Any], ANSI_SEQUENCES_KEYS)
    for letter in ascii_lowercase:
        sequences.setdefault(f"\x1b{letter}", (SimpleNamespace(value=f"alt+{letter}"),))
    # No command has Alt with Ctrl: that is Escape, and a control key typed soon after it. The stock
    # parser drops the Escape.
    for number in range(1, 27):
        if control := sequences.get(chr(number)):
            sequences[f"\x1b{chr(number)}"] = (SimpleNamespace(value="escape"), *control)


class TerminalDriver(LinuxDriver):
    """A driver that sends only changed cells, no queries to old terminals, and shows the cursor."""

    def __init__(self, app: App[object], **options: Any) -> None:
        super().__init__(app, **options)
        decode_alt_keys()
        terminal = os.environ.get("TERM", "")
        self._is_old = terminal.startswith(_OLD_TERMINALS)
        self._has_title = not self._is_old and terminal.startswith(_TITLED_TERMINALS)
        self._cells = TerminalCells(can_erase=not self._is_old)
        self._is_synchronized = False
        self._is_cursor_shown = False
        # Public behaviour: the driver writes to standard error, which an admin may have
        # redirected to a file.
        if sys.__stdout__ is not None:
            self._file = cast(Any, LostTerminalStream(sys.__stdout__))

    def start_application_mode(self) -> None:
        """Set up the terminal, and report window sizes in order."""
        # Public behaviour: SIGWINCH posts a `Resize`. The stock handler does so inside the signal;
        # a second signal in between posts the newer size first, and the older one stays.
        cast(Any, super()).start_application_mode()
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._post_size)
        super().write(_SHOW_CURSOR)
        self._is_cursor_shown = True
        if self._has_title:
            super().write(_SET_TITLE.format(self._app.title))

    def place_cursor(self, place: Offset | None) -> None:
        """Move the cursor, and show it; hide it if there is no place."""
        if place is not None:
            self.write(f"\x1b[{place.y + 1};{place.x + 1}H")
        if self._is_cursor_shown is not (place is not None):
            self._is_cursor_shown = place is not None
            super().write(_SHOW_CURSOR if self._is_cursor_shown else _HIDE_CURSOR)
        self.flush()

    def forget_cells(self) -> None:
        """Forget what stands on the terminal: what is painted next is sent in full."""
        self._cells.forget(*self._app.size)

    def write(self, data: str) -> None:
        """Write what the terminal supports, and of a frame what changes."""
        if self._is_old and data.startswith(_MODERN_SEQUENCES):
            return
        # Public behaviour: the driver hides the cursor; widgets draw their own. Screen readers
        # and braille displays follow the terminal's.
        if data == _HIDE_CURSOR:
            return
        # Public behaviour: if the terminal synchronizes updates, this encloses each frame.
        if data in (SYNC_START, SYNC_END):
            self._is_synchronized = data == SYNC_START
            return
        if self._cells.size != self._app.size:
            self.forget_cells()
        output = self._cells.feed(data)
        if len(output) > _SHORT_FRAME:
            if self._is_synchronized:
                output = f"{SYNC_START}{output}{SYNC_END}"
            elif self._is_cursor_shown:
                output = f"{_HIDE_CURSOR}{output}{_SHOW_CURSOR}"
        if output:
            super().write(output)

    def stop_application_mode(self) -> None:
        """Restore the terminal; clear it if it has no alternate screen."""
        # Public behaviour: stopping twice is harmless. `write` needs the writer thread, which is
        # gone after the first stop.
        if self._writer_thread is None:
            return
        if self._is_old:
            super().write(CLEAR)
        if self._has_title:
            super().write(_RESTORE_TITLE)
        super().stop_application_mode()

    def _post_size(self) -> None:
        # Public behaviour: if the terminal reports its size in band, Textual posts it.
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def _enable_mouse_support(self) -> None:
        # Public behaviour: `App.run(mouse=True)` asks for clicks. The stock driver asks for every
        # movement too (mode 1003), which wastes traffic over SSH.
        if self._mouse:
            self.write("\x1b[?1000h")
            self.write("\x1b[?1006h")
            self.flush()
