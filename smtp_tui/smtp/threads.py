"""Calls that block, kept off the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(call: Callable[[], T]) -> T:
    """Run a call that may block in a thread that can hold up neither a cancel nor the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(action: Callable[[], None]) -> None:
        # The loop may be closed by the time a slow resolver answers; nobody waits then.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if future.done() else action())

    def work() -> None:
        try:
            result = call()
        except Exception as error:
            failure = error
            settle(lambda: future.set_exception(failure))
        else:
            settle(lambda: future.set_result(result))

    threading.Thread(target=work, daemon=True).start()
    return await future
