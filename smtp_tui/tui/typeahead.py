"""Handle keys in the order in which they were typed, however fast they arrive.

Textual passes each key to the widget that has the focus at that moment. A key that is bound to an
action bubbles up before the action runs, while the next letters already go to the old widget: over
a slow line, or pasted, `Down` and `465` in one packet would type into the wrong field. If a key
opens a dialog, the next key waits until the dialog has the focus.

Textual's bindings with `priority=True` are no alternative: seven tests fail (see ARCHITECTURE.md).
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

# Seconds. A widget may be removed before it passes the marker on; keys must not hang then.
KEY_TIMEOUT = 0.5
# Whatever delayed the key may have delayed its marker too, which then arrives soon.
GRACE_PERIOD = 0.1
POLL_INTERVAL = 0.02
# A command may have to load its dialog first, from a slow disk.
DIALOG_TIMEOUT = 2.0
# The name of a worker that may open a dialog: keys after the one that started it wait.
OPENS_DIALOG = "opens-dialog"


def release_keys() -> None:
    """Let waiting keys through: the calling worker opens no more dialogs."""
    with suppress(NoActiveWorker):
        get_current_worker().name = ""


class KeyHandledMessage(Message):
    """Follows a key through the same queues: when it arrives, the key has been handled."""

    def __init__(self, screen: Screen[Any], started: float | None) -> None:
        super().__init__()
        # The screen at the time of the key, or the one that the marker was forwarded to.
        self.screen = screen
        # A marker that arrives after its key timed out must not release the next key.
        self.started = started


class KeyQueue(App[int], inherit_bindings=False):
    """An application that handles a key only after the previous one is done."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color)
        self._queue: deque[Key | Paste] = deque()
        self._started: float | None = None
        self._key_receiver: Callable[[Key | Paste], None] | None = None

    def take_next_key(self, receiver: Callable[[Key | Paste], None]) -> None:
        """Pass the next key, or a paste in its place, to `receiver` only."""
        self._key_receiver = receiver

    def after_key(self) -> None:
        """React to a key that has been handled; for subclasses."""

    async def on_event(self, event: Event) -> None:
        """Hold back a key or a paste while an earlier key is being handled."""
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        self._queue.append(event)
        if self._started is None:
            await self._next_key()
        elif monotonic() - self._started >= KEY_TIMEOUT:
            self.set_timer(GRACE_PERIOD, partial(self._give_up, self._started))

    async def on_key_handled_message(self, event: KeyHandledMessage) -> None:
        """Handle the next key, after the pending work of an opened or closed screen."""
        if not self.screen_stack or event.started != self._started:
            return
        if event.screen is not self.screen and self._send_marker(self.screen):
            return
        if self._is_dialog_opening:
            marker = KeyHandledMessage(event.screen, event.started)
            self.set_timer(POLL_INTERVAL, partial(self.post_message, marker))
            return
        self.after_key()
        await self._next_key()

    @property
    def _is_dialog_opening(self) -> bool:
        if self._started is None or monotonic() - self._started >= DIALOG_TIMEOUT:
            return False
        return any(
            worker.name == OPENS_DIALOG and not worker.is_finished and worker.node is self.screen
            for worker in self.workers
        )

    async def _give_up(self, started: float) -> None:
        if self._started == started and not self._is_dialog_opening:
            await self._next_key()

    async def _next_key(self) -> None:
        self._started = None
        while self._queue and self.screen_stack:  # the stack is empty once the form is closed
            event, receiver = self._queue.popleft(), self._key_receiver
            if receiver is not None:
                self._key_receiver = None
                receiver(event)
                continue
            self._started = monotonic()
            target = self.focused or self.screen
            await super().on_event(event)
            if self._send_marker(target):
                return
            self._started = None

    def _send_marker(self, target: Widget) -> bool:
        """Send the marker after the current key; False if `target` no longer accepts it."""
        return target.post_message(KeyHandledMessage(self.screen, self._started))
