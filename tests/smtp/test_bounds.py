"""No server can make a check take much memory, or hold up what runs beside it."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from smtp_tui.smtp.replies import TOTAL_LIMIT
from tests.smtp.playing import EHLO, GREETING, OPEN, USER, play
from tests.smtp.scripted import Script
from tests.smtp.steps import flood, send, silence

# Bytes, the server's in the same process included.
MEMORY_LIMIT = 4 * TOTAL_LIMIT

# Seconds that nothing else may run; a slow machine's, not what is usual.
HOLD_UP = 0.5

FLOODS: dict[str, Script] = {
    "one line": (flood(b"220 " + b"x" * 65532, 64), silence),
    "lines": (flood(b"220-x\r\n" * 1000, 1000), silence),
    "empty lines": (flood(b"\r\n" * 1000, 1000), silence),
    "replies": (flood(b"220 x\r\n" * 1000, 1000), silence),
    "replies to EHLO": (GREETING, EHLO, flood(b"250 x\r\n" * 1000, 1000)),
    "replies to QUIT": (GREETING, EHLO, "S: 250 x\nC: QUIT", flood(b"250 x\r\n" * 1000, 1000)),
    "challenges": (
        f"{OPEN}S: 250 AUTH LOGIN\nC: AUTH LOGIN",
        flood(b"334 " + b"QUFB" * 3000 + b"\r\n", 500),
    ),
    "escapes": (send(b"220 x\r\n"), EHLO, flood(b"250-" + b"\x1b" * 4000 + b"\r\n", 500)),
}


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.usefixtures("short_waits")
async def test_memory(name: str) -> None:
    tracemalloc.start()
    try:
        played = await play(FLOODS[name], username=USER, authentication="login")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not played.verdict.ok
    assert peak < MEMORY_LIMIT
    assert len(played.events) < 100


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.usefixtures("short_waits")
async def test_the_loop_goes_on(name: str) -> None:
    loop = asyncio.get_running_loop()
    longest, before = 0.0, loop.time()

    async def watch() -> None:
        nonlocal longest, before
        while True:
            await asyncio.sleep(0)
            now = loop.time()
            longest, before = max(longest, now - before), now

    watching = asyncio.create_task(watch())
    try:
        await play(FLOODS[name], username=USER, authentication="login")
    finally:
        watching.cancel()
    assert longest < HOLD_UP
