"""Keys in the order they were typed, however fast they come.

Textual hands each key to the widget that has the focus at that moment. A key that is bound to an
action bubbles up before it acts, while the next letters are already with the old widget: over a
slow line, or pasted, `Down` and `465` in one packet would type into the wrong field.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from textual.app import App
from textual.events import Event, Key
from textual.message import Message

# A widget may be gone before it could pass the mark on; the keyboard must not hang for that.
PATIENCE = 0.5


class KeyDone(Message):
    """Follows a key through the same queues: when it arrives, the key has done what it does."""


class InOrder(App[int], inherit_bindings=False):
    """An application that begins a key only when the one before has ended."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color)
        self._waiting: deque[Key] = deque()
        self._begun: float | None = None
        self._taker: Callable[[Key], None] | None = None

    def take_next_key(self, taker: Callable[[Key], None]) -> None:
        """Give the next key to `taker` and to nobody else."""
        self._taker = taker

    async def on_event(self, event: Event) -> None:
        """Hold a key back while another is under way."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._begun is not None and monotonic() - self._begun < PATIENCE:
            self._waiting.append(event)
        else:
            self._waiting.append(event)
            await self._next()

    async def on_key_done(self) -> None:
        """Go on with the next key."""
        self._begun = None
        await self._next()

    async def _next(self) -> None:
        while self._waiting:
            self._begun = monotonic()
            key, taker = self._waiting.popleft(), self._taker
            if taker is not None:
                self._taker = self._begun = None
                taker(key)
                continue
            target = self.focused or self.screen
            await super().on_event(key)
            if target.post_message(KeyDone()):
                return
            self._begun = None
