"""Wait for a call that may never return, without delaying the program's exit."""

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

# Queues of idle threads. Starting a thread takes ten times as long as waking one, and a thousand
# checks make two thousand such calls.
_idle: list[SimpleQueue[Callable[[], None]]] = []


async def in_daemon_thread(call: Callable[[], T], seconds: float | None = None) -> T:
    """Return what `call` returns, or raise what it raises; TimeoutError after `seconds`, if set.

    OSError if the system allows this process no more threads.

    The program would join a thread of the default executor at exit, which a hanging resolver,
    keyring or network file system would then prevent.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver_unless_done(deliver: Callable[[], None]) -> None:
        if not answer.done():
            deliver()

    def run() -> None:
        try:
            deliver = partial(answer.set_result, call())
        except BaseException as error:
            deliver = partial(answer.set_exception, error)
        # The caller may have gone, and its event loop may be closed.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver_unless_done, deliver)

    try:
        calls = _idle.pop()
    except IndexError:  # all threads are busy, and may hang
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
