"""Keys in the order they were typed, however fast they come.

Textual hands each key to the widget that has the focus at that moment. A key that is bound to an
action bubbles up before it acts, while the next letters are already with the old widget: over a
slow line, or pasted, `Down` and `465` in one packet would type into the wrong field. Where a key
opens a dialog, the next one waits until that has its focus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import NoActiveWorker, get_current_worker

# A widget may be gone before it could pass the mark on; the keyboard must not hang for that.
PATIENCE = 0.5
# What took so long may have held up the mark too, which is then about to come.
GRACE = 0.1
BEAT = 0.02
# What opens a dialog may have to load it first, from a slow disk.
LONGEST = 2.0
OPENING = "opening"
"""The name of a worker that may open a dialog: the keys behind the one that began it wait."""


def opens_none() -> None:
    """Let the keys go on: the worker that this is called in opens no dialog any more."""
    with suppress(NoActiveWorker):
        get_current_worker().name = ""


class KeyDone(Message):
    """Follows a key through the same queues: when it arrives, the key has done what it does."""

    def __init__(self, screen: Screen[Any], begun: float | None) -> None:
        super().__init__()
        self.screen = screen
        """The screen that the key began on, or went on to."""
        self.begun = begun
        """When it began: a mark that comes after its key was given up says nothing of the next."""


class KeyQueue(App[int], inherit_bindings=False):
    """An application that begins a key only when the one before has ended."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color)
        self._waiting: deque[Key | Paste] = deque()
        self._begun: float | None = None
        self._taker: Callable[[Key], None] | None = None

    def take_next_key(self, taker: Callable[[Key], None]) -> None:
        """Give the next key to `taker` and to nobody else."""
        self._taker = taker

    async def on_event(self, event: Event) -> None:
        """Hold a key or what is pasted back while a key before it is under way."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if self._begun is None:
            await self._next()
        elif monotonic() - self._begun >= PATIENCE:
            self.set_timer(GRACE, partial(self._give_up, self._begun))

    async def on_key_done(self, event: KeyDone) -> None:
        """Go on with the next key, behind what a screen that came or went has to do first."""
        if not self.screen_stack or event.begun != self._begun:
            return
        if event.screen is not self.screen and self._mark(self.screen):
            return
        if self._is_opening:
            self.set_timer(BEAT, partial(self.post_message, KeyDone(event.screen, event.begun)))
            return
        self._begun = None
        await self._next()

    @property
    def _is_opening(self) -> bool:
        if self._begun is None or monotonic() - self._begun >= LONGEST:
            return False
        return any(
            one.name == OPENING and not one.is_finished and one.node is self.screen
            for one in self.workers
        )

    async def _give_up(self, begun: float) -> None:
        if self._begun == begun and not self._is_opening:
            self._begun = None
            await self._next()

    async def _next(self) -> None:
        while self._waiting and self.screen_stack:  # none is left when the form is
            self._begun = monotonic()
            event, taker = self._waiting.popleft(), self._taker
            if taker is not None and isinstance(event, Key):
                self._taker = self._begun = None
                taker(event)
                continue
            target = self.focused or self.screen
            await super().on_event(event)
            if self._mark(target):
                return
            self._begun = None

    def _mark(self, target: Widget) -> bool:
        """Send the mark of the key that is under way after it; False where nobody takes it."""
        return target.post_message(KeyDone(self.screen, self._begun))
