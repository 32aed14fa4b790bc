"""Looks beside a dialogue, on connections of their own and never with a credential.

Waiting for the greeting (RFC 5321, section 3.1), and what its absence may mean.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from smtp_tui.settings.choices import VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.addresses import AddressError, Endpoint
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.connection import ClosedByServer, Connection, Handshake, HandshakeFailed
from smtp_tui.smtp.events import Cause, CheckAborted, Experiment, Stage, refused
from smtp_tui.smtp.happy_eyeballs import HappyEyeballs
from smtp_tui.smtp.replies import Reply, is_lmtp
from smtp_tui.smtp.tls import client_context, sni_name
from smtp_tui.smtp.tls_files import ContextError


async def tls_from_first_byte(target: Endpoint, settings: Settings) -> Handshake | None:
    """Try a TLS handshake on a fresh connection; None when the port does not answer it."""
    anything = replace(
        settings, openssl_verify_mode=VerifyMode.NONE, client_certificate=None, client_key=None
    )
    try:
        connected, _ = await HappyEyeballs(settings.source_address).connect([target])
    except AddressError:
        return None
    connection = Connection(connected)
    try:
        # No certificate is checked and none is shown, so no file is read.
        return await connection.start_tls(client_context(anything), sni_name(settings))
    except (HandshakeFailed, ClosedByServer, ContextError, OSError):
        return None
    finally:
        connection.close()


# rf

# After this many seconds without a greeting the port may want TLS from the first byte.
PROBE_AFTER = 5.0


class GreetingReader:
    """Hears the greeting; a port that stays silent is asked once whether it speaks TLS.

    `extra` is the seconds that asking may take after the check's own time is over; nought forbids
    it altogether.
    """

    def __init__(self, dialogue: SMTPClient, settings: Settings, extra: float) -> None:
        self._dialogue = dialogue
        self._settings = settings
        self._extra = extra
        self._asked_at: float | None = None
        self._knows = False

    async def greet(self) -> None:
        """Hear a good greeting; Stop when it is none."""
        dialogue = self._dialogue
        dialogue.enter(Stage.GREETING)
        dialogue.command = ""
        reply = await self._hear()
        dialogue.is_usable = True
        if reply.code != 220:
            raise refused(reply)
        if is_lmtp(reply.text):
            shown = dialogue.redactor.reply(reply).text
            raise CheckAborted(Cause.NOT_SMTP, shown, reply=reply, protocol="LMTP")

    async def late(self, limit: str) -> CheckAborted:
        """Say what it means that the time is over; `limit` words the time-out."""
        if other := self._dialogue.other_protocol():
            return other
        if (left := self._left()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    if await self._speaks_tls():
                        return _implicit_tls()
        return CheckAborted(Cause.GREETING_TIMEOUT, limit)

    def _may_ask(self) -> bool:
        return self._extra > 0 and not self._dialogue.connection.is_encrypted

    def _left(self) -> float:
        """Seconds that asking may still take; what it took beside the wait counts."""
        if self._knows or not self._may_ask():
            return 0
        if self._asked_at is None:
            return self._extra
        return self._extra - (self._dialogue.now() - self._asked_at)

    async def _hear(self) -> Reply:
        hearing = asyncio.create_task(self._dialogue.hear())
        asking: asyncio.Task[bool] | None = None
        try:
            if self._may_ask():
                await asyncio.wait({hearing}, timeout=PROBE_AFTER)
                if not hearing.done():
                    asking = asyncio.create_task(self._speaks_tls())
                    await asyncio.wait({hearing, asking}, return_when=asyncio.FIRST_COMPLETED)
                    if not hearing.done() and asking.result():
                        raise _implicit_tls()
            return await hearing
        finally:
            await _cancel(hearing, asking)

    async def _speaks_tls(self) -> bool:
        dialogue = self._dialogue
        if dialogue.target is None:
            return False
        self._asked_at = dialogue.now()
        agreed = await tls_from_first_byte(dialogue.target, self._settings)
        self._knows = True
        outcome, text = "no-tls", "the port does not answer a TLS handshake either"
        if agreed:
            outcome = "ok"
            text = f"implicit TLS works on this port: {agreed.version}"
        dialogue.emit(
            Experiment(
                seconds=dialogue.now(),
                name="tls-from-first-byte",
                outcome=outcome,
                text=f"experiment: {text}",
            )
        )
        return agreed is not None


def _implicit_tls() -> CheckAborted:
    return CheckAborted(
        Cause.IMPLICIT_TLS_EXPECTED, "no greeting, but the port accepts a TLS handshake"
    )


async def _cancel(*tasks: asyncio.Task[Reply] | asyncio.Task[bool] | None) -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
