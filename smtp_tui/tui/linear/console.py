"""Write lines to a terminal and read answers from it.

Nothing moves the cursor, colours a text or draws a line again, so that screen readers, braille
displays and teletypes can follow.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from types import FrameType
from typing import Any, TypeVar

from smtp_tui.safe_text import escape_controls

T = TypeVar("T")
_NARROWEST, _USUAL = 20, 80
HANGUP = 128 + signal.SIGHUP
_CONTROLS = "That line contains control characters, perhaps from an arrow key. Type it again."
_UNDECODABLE = (
    "That line contains bytes that this terminal's encoding cannot decode. Type it again."
)
_YES, _BACK = ("y", "yes"), ("n", "no")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # stands for bytes that cannot be decoded
_MANY = 5  # answers that a prompt does not list


class StoppedError(Exception):
    """Ctrl+C stopped what was running."""


@contextmanager
def on_signal(number: int, handler: Callable[[int, FrameType | None], Any] | int) -> Iterator[None]:
    """Let `handler` handle a signal."""
    previous = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, previous)


async def stoppable(call: Coroutine[Any, Any, T]) -> T:
    """Await a call; StoppedError if Ctrl+C stopped it."""
    task, loop = asyncio.ensure_future(call), asyncio.get_running_loop()
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        # From a signal handler only this wakes a loop that waits for a server.
        loop.call_soon_threadsafe(task.cancel)

    with on_signal(signal.SIGINT, stop):
        try:
            return await task
        except asyncio.CancelledError:
            if not stopped:
                task.cancel()
                raise
    raise StoppedError


class Console:
    """A terminal for lines.

    `ask` raises KeyboardInterrupt for Ctrl+C and EOFError for Ctrl+D. Questions count both as no.
    """

    _command = ""  # typed at a question, for the session to run

    def show(self, text: str, first: str = "", rest: str = "") -> None:
        """Write a paragraph, wrapped; `first` precedes its first line, `rest` all others."""
        lines = textwrap.wrap(
            escape_controls(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,  # a name or hash cut in two cannot be copied
            break_on_hyphens=False,
        )
        for line in lines or [first.rstrip()]:
            self.write(f"{line}\n")

    def show_verbatim(self, line: str) -> None:
        """Write a line of a file or command, which is not wrapped."""
        self.write(f"{escape_controls(line.expandtabs())}\n")

    def show_stopped(self, text: str = "Stopped.") -> None:
        """Write that Ctrl+C stopped what was running."""
        self.write("\n")  # the terminal has written ^C
        self.show(text)

    def ask(self, prompt: str, *, is_secret: bool = False) -> str:
        """Return the line that the admin types after a prompt; a secret is not echoed."""
        while True:
            with on_signal(signal.SIGINT, signal.default_int_handler):
                try:
                    line = self.read(escape_controls(prompt), is_secret=is_secret)
                except (KeyboardInterrupt, EOFError):
                    self.write("\n")
                    raise
            if is_secret:
                return line
            if _UNKNOWN in line:
                self.show(_UNDECODABLE)
            elif escape_controls(line) != line:
                self.show(_CONTROLS)
            else:
                return line

    def ask_within(self, prompt: str) -> str | None:
        """Return what the admin types at a prompt of a command; None to go back.

        `<`, Ctrl+C and Ctrl+D go back. So does a command, which the session runs next.
        """
        if self._command:
            return None
        try:
            typed = self.ask(prompt).strip()
        except (KeyboardInterrupt, EOFError):
            return None
        if typed.startswith(":"):
            self._command = typed
        if typed.startswith(":") or typed == "<":
            return None
        # A backslash makes a value of what would be a command.
        return typed[1:] if typed == "\\<" or typed.startswith("\\:") else typed

    def take_command(self) -> str:
        """Return the command that was typed at a question, once; "" if there is none."""
        command, self._command = self._command, ""
        return command

    def confirm(self, question: str) -> bool:
        """Ask a yes/no question; only y means yes."""
        # People press Enter without reading, so it never means yes.
        self.show(question)
        return self._answer("y/N: ") in _YES

    def choose(
        self, question: str, answers: Sequence[tuple[str, str]], back: str = "go back"
    ) -> str:
        """Ask a question with (word, label) answers; "" if the admin goes back, or leaves."""
        if question:
            self.show(question)
        words = [word for word, _ in answers]
        for word, label in answers:
            self.show(label, f"{word:>3} ", "    ")
        listed = ", ".join(words) if len(words) < _MANY else f"{words[0]} to {words[-1]}"
        while True:
            answer = self._answer(f"{listed} or Enter to {back}: ")
            if answer in ("", *words):
                return answer
            if answer in _BACK:
                return ""
            begun = [word for word, label in answers if label.casefold().startswith(answer)]
            if len(begun) == 1:
                return begun[0]
            self.show(f"{answer} is not one of the answers.")

    def choose_line(self, question: str, lines: Sequence[str], back: str = "go back") -> int | None:
        """Let the admin choose a line by its number or beginning; return its index, or None."""
        answers = [(str(number), line) for number, line in enumerate(lines, 1)]
        answer = self.choose(question, answers, back)
        return int(answer) - 1 if answer else None

    def _answer(self, prompt: str) -> str:
        return (self.ask_within(prompt) or "").casefold()

    @property
    def width(self) -> int:
        """The columns of a line."""
        try:
            columns = os.get_terminal_size(sys.stdout.fileno()).columns
        except (OSError, ValueError):
            columns = _USUAL
        # A full line makes some terminals add an empty one.
        return max((columns or _USUAL) - 1, _NARROWEST)

    def write(self, text: str) -> None:
        """Write a text as it is."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:  # nobody reads any more
            raise SystemExit(HANGUP) from None

    def read(self, prompt: str, *, is_secret: bool) -> str:
        """Write a prompt and read a line, without its end."""
        if is_secret:
            # Some shells turn the echo on when a program that they stopped continues.
            with on_signal(signal.SIGTSTP, signal.SIG_IGN):
                return getpass(prompt)
        # After Ctrl+Z and `fg` the shell's lines stand below the prompt.
        with on_signal(signal.SIGCONT, lambda _number, _frame: self.write(prompt)):
            self.write(prompt)
            try:
                line = sys.stdin.buffer.readline()
            except OSError:  # the terminal is gone
                raise SystemExit(HANGUP) from None
        if not line:
            raise EOFError
        return line.decode(sys.stdin.encoding or "utf-8", "replace").rstrip("\r\n")
