"""Follow a message through the log of this machine's mail server, in bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence

from smtp_tui.arrival.log_reader import LogReader
from smtp_tui.arrival.tracker import DeliveryTracker
from smtp_tui.diagnosis.delivery import Handover
from smtp_tui.threads import in_daemon_thread

# Seconds between two looks: the log of an attempt takes longer than that to appear.
_PAUSE = 0.1
# Seconds for a program to hand a message back to Postfix: pipe(8) with sendmail, or a .forward.
_GRACE = 0.5


async def follow(
    tracker: DeliveryTracker,
    logs: Sequence[LogReader],
    *,
    within: float,
    past_deferral: bool = False,
) -> AsyncGenerator[Handover, None]:
    """Yield each recipient's state when it changes, until all have one or time is up.

    OSError if a log cannot be read any more. Wrap it in `contextlib.aclosing`.
    """
    end, returned_by = time.monotonic() + within, 0.0
    while (left := end - time.monotonic()) > 0:
        try:
            # A file of a network that hangs must not outlast the time.
            lines = await in_daemon_thread(lambda: _new_lines(logs), left)
        except TimeoutError:
            return
        for line in lines:
            for handover in tracker.read(line):
                yield handover
        if tracker.is_done(past_deferral=past_deferral):
            returned_by = returned_by or time.monotonic() + _GRACE
            if not tracker.may_return or time.monotonic() >= returned_by:
                return
        if not lines:
            await asyncio.sleep(min(_PAUSE, left))


def _new_lines(logs: Sequence[LogReader]) -> list[str]:
    return [line for log in logs for line in log.new_lines()]
