"""Wait for calls that may never return, such as a locked keyring's, until the admin gives up."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from smtp_tui.config.errors import PasswordError

T = TypeVar("T")


class WaitCancelledError(PasswordError):
    """The admin stopped waiting; the text says what may still happen."""


class Waits(Protocol):
    """Awaits calls until they end or the admin stops the waiting."""

    async def on(self, call: Coroutine[Any, Any, T], warning: str = "") -> T:
        """Await a call and return its result; WaitCancelledError(warning) if it was stopped."""
