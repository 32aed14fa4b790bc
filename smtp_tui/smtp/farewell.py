"""QUIT (RFC 5321, section 4.1.1.10), and what the end of a connection may show."""

from __future__ import annotations

import asyncio

from smtp_tui.smtp.dialogue import STRAYS_SHOWN, Dialogue
from smtp_tui.smtp.events import Fault, Finished, Stage, Warn
from smtp_tui.smtp.stop import Stop

# Seconds that QUIT's answer is waited for, and after the check's whole time has passed in silence.
QUIT_LIMIT = 1.0
LATE_QUIT_LIMIT = 0.5

_CLOSED = (Fault.SERVER_CLOSED, Fault.CONNECTION_RESET)
# After these, answers may come late or in pieces, and say nothing new.
_UPSET = (Fault.REPLY_MALFORMED, Fault.AUTH_CHALLENGE_MALFORMED)


async def say_quit(dialogue: Dialogue, end: Finished, *, is_late: bool = False) -> None:
    """Say QUIT after a dialogue that ended so, and wait a moment for the answer.

    Nothing that happens here changes the end; it may leave a warning. `is_late` is whether the
    check's whole time is over.
    """
    heard: list[int] = []
    limit = min(QUIT_LIMIT, LATE_QUIT_LIMIT) if is_late else QUIT_LIMIT
    is_upset = is_late or end.fault in _UPSET
    try:
        async with asyncio.timeout(limit):
            _clear(dialogue, end)
            await dialogue.send_command("QUIT")
            await _hear_farewell(dialogue, heard)
    except TimeoutError:
        if not heard and not is_upset:
            dialogue.note(f"no reply to QUIT within {limit:g} s", Warn.QUIT_UNANSWERED)
    except Stop as stop:
        if stop.fault in _CLOSED and not heard:
            _note_close(dialogue, end)
    # Where no 221 came, one of them was the answer.
    strays = heard[:-1]
    if strays and not is_upset:
        codes = ", ".join(map(str, strays))
        dialogue.note(
            f"unsolicited replies before the reply to QUIT: {codes}", Warn.UNSOLICITED_REPLY
        )


def _clear(dialogue: Dialogue, end: Finished) -> None:
    """Tell of replies that are there already, so that none is taken for the answer to QUIT."""
    if end.fault is not Fault.REPLY_MALFORMED:
        try:
            dialogue.report_unsolicited()
        except Stop as stop:
            if stop.fault is not Fault.REPLY_MALFORMED:
                raise
    dialogue.forget_stream()


async def _hear_farewell(dialogue: Dialogue, heard: list[int]) -> None:
    """Hear replies until the 221, and collect their codes."""
    while 221 not in heard and len(heard) <= STRAYS_SHOWN:
        heard.append((await dialogue.hear()).code)


def _note_close(dialogue: Dialogue, end: Finished) -> None:
    if end.fault is None and end.stage is Stage.AUTH:
        dialogue.note("the server closed the connection after AUTH", Warn.CLOSED_AFTER_AUTH)
    else:
        dialogue.note(
            "the server closed the connection without a reply to QUIT", Warn.QUIT_UNANSWERED
        )
