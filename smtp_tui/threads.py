"""Wait for a call that may never return, and let it keep nobody from leaving."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(call: Callable[[], T], seconds: float | None = None) -> T:
    """Return what `call` returns, or raise what it raises; TimeoutError after `seconds`, if any.

    OSError where the system allows this process no more threads.

    A thread of the default executor would be joined at the program's exit, which a resolver, a
    keyring or a network file system that hangs would then prevent.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(deliver: Callable[[], None]) -> None:
        if not answer.done():
            deliver()

    def run() -> None:
        try:
            deliver = partial(answer.set_result, call())
        except BaseException as error:
            deliver = partial(answer.set_exception, error)
        # Whoever waited may have gone, and the loop with him.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, deliver)

    try:
        threading.Thread(target=run, name="smtp-tui slow call", daemon=True).start()
    except RuntimeError:
        raise OSError(errno.EAGAIN, "this process may start no more threads") from None
    async with asyncio.timeout(seconds):
        return await answer
