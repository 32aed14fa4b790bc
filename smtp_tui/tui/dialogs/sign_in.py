"""Dialogs of a sign-in: the address and the code, and secrets that are typed or pasted."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from types import FrameType
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType

from smtp_tui.config.errors import PasswordError
from smtp_tui.oauth.entry import Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn
from smtp_tui.oauth.qr import MISSING, qr_lines
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.commands import with_help
from smtp_tui.tui.dialogs.program_text import copy_to_terminal
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.style import BAD, CAUTION, DIM, PLAIN, STRONG, Span, to_charset
from smtp_tui.tui.widgets.dialog import TAKE, Dialog, SecretPrompt
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, plain

# A code is scanned by its contrast, whatever the colours of the terminal are.
_QR = Style(color="black", bgcolor="bright_white")
_GAP = 2  # columns between the text and the code
_AROUND = 5  # rows of the screen that the dialog leaves
_MINUTE = 60


class DeviceDialog(Dialog[Granted | PasswordError | None]):
    """Shows an address and a code, and waits; returns what is granted, an error, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave")]

    def __init__(self, device: DeviceSignIn, account: str) -> None:
        self._device, self._account = device, account
        self._ends_at = time.monotonic() + device.ends_in
        self._page = TextPage()
        self._trouble = ""
        self._shown: tuple[str, int, int] | None = None
        hints = with_help((("Esc", text("sign-in", "stop")),))
        super().__init__(self._page, hints=hints, flexible=self._page)

    def on_mount(self) -> None:
        """Wait for the user, and count the time down."""
        self.set_interval(1.0, self._show)
        self.run_worker(self._wait(), exclusive=True, exit_on_error=False)

    def on_resize(self) -> None:
        """Lay the text and the code out again."""
        self._show()
        super().on_resize()

    def action_leave(self) -> None:
        """Stop waiting."""
        self.dismiss(None)

    async def _wait(self) -> None:
        try:
            granted = await self._device.wait(self._note)
        except PasswordError as error:
            self.dismiss(error)
        else:
            self.dismiss(granted)

    def _note(self, error: OAuthError) -> None:
        """Show what went wrong with a try; the next one may do better."""
        self._trouble, self._shown = f"{as_sentence(error)} smtp-tui tries again.", None
        self._show()

    def _show(self) -> None:
        # Minutes until the last one: each repaint costs time on a slow line.
        left = max(0, round(self._ends_at - time.monotonic()))
        clock = f"{-(-left // _MINUTE)} min" if left > _MINUTE else f"{left} s"
        shown = (clock, self.size.width, self.size.height)
        if shown != self._shown:
            self._shown = shown
            self._page.show(self._blocks(clock))

    def _blocks(self, clock: str) -> list[TextBlock]:
        device, width = self._device, self.size.width - 2
        lines: list[list[Span]] = [
            [(text("sign-in", "title", account=escape_controls(self._account)), STRONG)],
            [],
            [(text("sign-in", "open"), PLAIN)],
            [],
            [("  ", PLAIN), (device.address, STRONG)],
            [],
            [(text("sign-in", "enter"), PLAIN)],
            [],
            [("  ", PLAIN), (" ".join(device.code), STRONG)],
            [],
            [(text("sign-in", "waiting", clock=clock), DIM)],
        ]
        used = max(sum(cell_len(part) for part, _ in line) for line in lines)
        code = self._code(width - used - _GAP)
        if not code and MISSING and width > len(MISSING):
            lines.append([(MISSING, DIM)])
        trouble = [plain(self._trouble, CAUTION)] if self._trouble else []
        blocks = [
            TextBlock((*(line or ()), *_beside(line, used, part)), is_preformatted=True, gap=False)
            for line, part in zip_longest(lines, code, fillvalue=None)
        ]
        return [*blocks, *trouble]

    def _code(self, columns: int) -> Sequence[str]:
        if to_charset("█▀▄") != "█▀▄":
            return ()
        address = self._device.complete_address or self._device.address
        return qr_lines(address, columns, self.size.height - _AROUND, on_light=True)


def _beside(line: list[Span] | None, used: int, code: str | None) -> list[Span]:
    """Return a line of the code, moved to its column."""
    if code is None:
        return []
    width = sum(cell_len(part) for part, _ in line or ())
    return [(" " * (used + _GAP - width), PLAIN), (code, _QR)]


class SecretDialog(Dialog[str | None]):
    """Asks for a secret that is typed or pasted, and shown as dots."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (TAKE, "take"),
        ("f7,ctrl+n", "copy"),
        ("alt+a", "show_whole"),
        ("escape", "leave"),
    ]

    def __init__(self, title: str, label: str, *, address: str = "", problem: str = "") -> None:
        self._address = address
        self._line = SecretPrompt(label)
        blocks = [plain(title)]
        if address:
            blocks.append(plain(address, STRONG))
        self._note = TextPage([plain(problem, BAD)] if problem else [])
        copy = (("F7", "copy"), ("Alt+A", "whole")) if address else ()
        keys = tuple((key, text("sign-in", name)) for key, name in copy)
        enter, stop = (text("sign-in", name) for name in ("go-on", "stop"))
        hints = with_help((("Enter", enter), *keys, ("Esc", stop)))
        super().__init__(TextPage(blocks), self._line, self._note, hints=hints)

    def on_screen_suspend(self) -> None:
        """Hide the secret before another screen opens."""
        self._line.hide()

    def action_take(self) -> None:
        """Return what was typed."""
        if self._line.text.strip():
            self.dismiss(self._line.text.strip())

    def action_copy(self) -> None:
        """Copy the address to the terminal's clipboard."""
        if self._address:
            self._note.show([plain(copy_to_terminal(self.app, self._address, 1), DIM)])

    def action_show_whole(self) -> None:
        """Leave the screen, and print the address in one line until Enter."""
        if self._address:
            with self.app.suspend():
                _print_until_enter(self._address, text("sign-in", "whole-back"))

    def action_leave(self) -> None:
        """Stop the sign-in."""
        self.dismiss(None)


def _print_until_enter(line: str, how: str) -> None:
    """Print a line that the terminal itself wraps: a copy with the mouse has no breaks in it."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise InterruptedError(number)

    # While input() waits, the event loop cannot act on these. It does so afterwards.
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [(number, signal.signal(number, end)) for number in numbers]
    try:
        with suppress(InterruptedError, EOFError):
            input(f"\n{escape_controls(line)}\n\n{how}\n")
    finally:
        for number, handler in before:
            signal.signal(number, handler)
