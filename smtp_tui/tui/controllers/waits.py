"""What saving waits for, and the key that ends it: a locked keyring may never answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from smtp_tui.config.errors import PasswordError
from smtp_tui.tui.typeahead import release_keys

BRISK = 0.3
"""Seconds; a place that answers sooner is not worth a word, and keys wait for what it leads to."""

T = TypeVar("T")


class StoppedWaitingError(PasswordError):
    """The admin would not wait any longer; the text is what may still come of it."""


class CancellableWaits:
    """The calls that are waited for.

    Whoever waits longer than an eye blinks is told so by `tell`, and the keys are free meanwhile.
    """

    def __init__(self) -> None:
        self.tell: Callable[[], None] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._stopped: set[asyncio.Task[Any]] = set()

    async def on(self, call: Coroutine[Any, Any, T], beware: str = "") -> T:
        """Return what a call returns; StoppedWaitingError, its text `beware`, after a `stop`."""
        task = asyncio.ensure_future(call)
        self._running.add(task)
        slow = asyncio.get_running_loop().call_later(BRISK, self._free_keys)
        try:
            return await task
        except asyncio.CancelledError:
            if task not in self._stopped:
                raise
        finally:
            slow.cancel()
            self._running.discard(task)
            self._stopped.discard(task)
        raise StoppedWaitingError(beware)

    def stop(self) -> bool:
        """Wait no longer; False where nothing is waited for."""
        for task in self._running:
            self._stopped.add(task)
            task.cancel()
        return bool(self._running)

    def _free_keys(self) -> None:
        release_keys()
        if self.tell is not None:
            self.tell()
