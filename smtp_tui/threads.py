"""Wait for a call that may never return, and let it keep nobody from leaving."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

# Threads that wait for another call. To start one takes ten times as long as to wake one, and a
# thousand checks make two thousand such calls.
_idle: list[SimpleQueue[Callable[[], None]]] = []


async def in_daemon_thread(call: Callable[[], T], seconds: float | None = None) -> T:
    """Return what `call` returns, or raise what it raises; TimeoutError after `seconds`, if any.

    OSError where the system allows this process no more threads.

    A thread of the default executor would be joined at the program's exit, which a resolver, a
    keyring or a network file system that hangs would then prevent.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def answer_with(deliver: Callable[[], None]) -> None:
        if not answer.done():
            deliver()

    def run() -> None:
        try:
            deliver = partial(answer.set_result, call())
        except BaseException as error:
            deliver = partial(answer.set_exception, error)
        # Whoever waited may have gone, and the loop with him.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(answer_with, deliver)

    try:
        calls = _idle.pop()
    except IndexError:  # all of them are busy, and may hang
        calls = SimpleQueue()
        thread = threading.Thread(target=_work, args=(calls,), name="smtp-tui call", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise OSError(errno.EAGAIN, "this process may start no more threads") from None
    calls.put(run)
    async with asyncio.timeout(seconds):
        return await answer


def _work(calls: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        calls.get()()
        _idle.append(calls)
