"""A check: the whole dialogue from name resolution to QUIT, as a stream of events.

The dialogue runs in a task of its own and the generator hands its events on. Closing the generator
cancels the task, which closes the socket at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name
from smtp_tui.smtp.addresses import (
    AddressError,
    Attempts,
    Target,
    address_literal,
    own_name,
    resolve,
)
from smtp_tui.smtp.authentication import authenticate
from smtp_tui.smtp.capabilities import Offer, parse_offer
from smtp_tui.smtp.certificates import Certificate, certificate_texts
from smtp_tui.smtp.connection import ClosedByServer, Connection, HandshakeFailed
from smtp_tui.smtp.dialogue import Dialogue, Stop
from smtp_tui.smtp.events import (
    Capabilities,
    Connected,
    Connecting,
    Event,
    Experiment,
    Fault,
    Finished,
    Resolved,
    Stage,
    TlsEstablished,
    Warn,
)
from smtp_tui.smtp.probes import tls_from_first_byte
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.tls import ContextError, client_context, sni_name, verifies_chain

# After this many seconds without a greeting the port may want TLS from the first byte.
PROBE_AFTER = 5.0
QUIT_LIMIT = 1.0
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a check goes and what it may do beside the settings.

    `until` ends it early: TLS after the handshake, AUTH at the end. `extra` is the seconds that
    looks beside the dialogue may take; nought forbids them.
    """

    until: Stage = Stage.AUTH
    extra: float = 3.0
    allow_clear_password: bool = False


async def check(
    settings: Settings,
    secret: str | None = None,
    *,
    limits: Limits | None = None,
    started: float | None = None,
) -> AsyncGenerator[Event, None]:
    """Yield what happens while the settings are tried, a Finished event last.

    `secret` is the password or access token, needed where `settings.needs_password`; `started`
    the monotonic time that events count from. Wrap it in `contextlib.aclosing`: leaving early
    closes the socket at once.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    conversation = _Check(settings, secret, limits or Limits(), events, started)
    task = asyncio.create_task(conversation.run())
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _cancel(*tasks: asyncio.Task[Reply] | asyncio.Task[bool] | None) -> None:
    running = [task for task in tasks if task is not None and not task.done()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class _Naming:
    """This machine's EHLO name, looked up while the network is waited for."""

    def __init__(self, settings: Settings) -> None:
        self._domain = settings.domain
        self._looking = None if settings.domain else asyncio.create_task(own_name())

    async def name(self, local_address: str) -> str:
        """Return the EHLO argument."""
        if self._domain:
            return self._domain if self._domain.startswith("[") else ascii_name(self._domain)
        found = await self._looking if self._looking else None
        return found or address_literal(local_address)

    async def close(self) -> None:
        """Stop looking."""
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


class _Check:
    """The stages of one check, in order."""

    def __init__(
        self,
        settings: Settings,
        secret: str | None,
        limits: Limits,
        events: asyncio.Queue[Event | None],
        started: float | None,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._limits = limits
        redactor = Redactor(settings.username, secret)
        self._dialogue = Dialogue(events.put_nowait, redactor, started)
        self._probed = False

    async def run(self) -> None:
        """Go through the stages, say QUIT, close, and tell how it ended."""
        dialogue = self._dialogue
        stop: Stop | None = None
        try:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    await self._stages()
            except TimeoutError:
                stop = await self._late()
            except Stop as reason:
                stop = reason
            end = dialogue.finished(stop)
            if dialogue.is_usable:
                await self._quit(end)
        finally:
            dialogue.close()
        dialogue.emit(end)

    async def _stages(self) -> None:
        settings, dialogue = self._settings, self._dialogue
        context = self._context()
        naming = _Naming(settings)
        try:
            await self._connect()
            if settings.encryption is Encryption.SSL:
                await self._handshake(context)
            if self._is_over():
                return
            await self._greeting()
            name = await naming.name(dialogue.connection.local_address)
        finally:
            await naming.close()
        offer = await self._ehlo(name)
        if self._wants_starttls(offer):
            await self._starttls(context)
            if self._is_over():
                return
            before, offer = offer, await self._ehlo(name)
            self._compare(before, offer)
        await self._authenticate(offer)

    def _is_over(self) -> bool:
        """Whether the check was to go no further than TLS, which stands."""
        return self._limits.until is Stage.TLS and self._dialogue.connection.is_encrypted

    def _context(self) -> ssl.SSLContext:
        try:
            return client_context(self._settings)
        except ContextError as error:
            self._dialogue.stage = Stage.SETTINGS
            raise Stop(Fault.SETTINGS_INVALID, f"{error.key}: {error}") from None

    async def _connect(self) -> None:
        settings, dialogue = self._settings, self._dialogue
        dialogue.enter(Stage.RESOLVE)
        try:
            targets = await resolve(settings)
            dialogue.emit(
                Resolved(
                    seconds=dialogue.now(),
                    host=settings.host,
                    addresses=tuple(target.address for target in targets),
                )
            )
            dialogue.enter(Stage.CONNECT)
            attempts = Attempts(settings.source_address, self._tried, self._attempt_failed)
            connected, target = await attempts.connect(targets)
        except AddressError as error:
            raise Stop(error.fault, error.detail) from None
        connection = Connection(connected)
        dialogue.use(connection, target)
        dialogue.emit(
            Connected(
                seconds=dialogue.now(),
                address=target.address,
                port=settings.port,
                local_address=connection.local_address,
            )
        )

    def _tried(self, target: Target) -> None:
        now = self._dialogue.now()
        self._dialogue.emit(
            Connecting(seconds=now, address=target.address, port=self._settings.port)
        )

    def _attempt_failed(self, target: Target, error: AddressError) -> None:
        self._dialogue.note(f"{target.address}: {error.detail}")

    async def _handshake(self, context: ssl.SSLContext) -> None:
        dialogue = self._dialogue
        if dialogue.stage is not Stage.TLS:
            dialogue.enter(Stage.TLS)
        dialogue.is_usable = False
        dialogue.is_shaking_hands = True
        try:
            agreed = await dialogue.connection.start_tls(context, sni_name(self._settings))
        except HandshakeFailed as error:
            raise self._handshake_stop(error) from None
        except ClosedByServer:
            raise Stop(Fault.SERVER_CLOSED, "the server closed during the handshake") from None
        except OSError as error:
            raise Stop(Fault.CONNECTION_RESET, error.strerror or str(error)) from None
        dialogue.is_shaking_hands = False
        dialogue.forget_stream()
        leaf = agreed.chain[0] if agreed.chain else None
        verified = self._is_verified(leaf)
        dialogue.emit(
            TlsEstablished(
                seconds=dialogue.now(),
                version=agreed.version,
                cipher=agreed.cipher,
                verified=verified,
                certificate=leaf,
            )
        )
        self._judge(leaf, verified=verified)
        dialogue.is_usable = self._settings.encryption is not Encryption.SSL

    def _handshake_stop(self, error: HandshakeFailed) -> Stop:
        failure = error.failure
        if error.first_bytes and not b"\x14" <= error.first_bytes[:1] <= b"\x17":
            said = error.first_bytes.split(b"\n")[0].rstrip().decode("utf-8", "backslashreplace")
            self._dialogue.note(f"instead of TLS the server said: {said[:200]}")
            if self._settings.encryption is Encryption.SSL and said[:3].isdigit():
                return Stop(Fault.PLAIN_TEXT_EXPECTED, said[:200])
        if failure.certificate:
            for text in certificate_texts(failure.certificate):
                self._dialogue.note(text)
        return Stop(
            failure.fault, failure.detail, also=failure.also, certificate=failure.certificate
        )

    def _is_verified(self, leaf: Certificate | None) -> bool:
        pinned = self._settings.tls_fingerprint
        return (
            leaf is not None and leaf.sha256 == pinned if pinned else verifies_chain(self._settings)
        )

    def _judge(self, leaf: Certificate | None, *, verified: bool) -> None:
        dialogue = self._dialogue
        if self._settings.tls_fingerprint:
            if not verified:
                dialogue.is_usable = False
                seen = leaf.sha256 if leaf else "none"
                raise Stop(
                    Fault.CERTIFICATE_FINGERPRINT_MISMATCH,
                    f"the certificate's SHA-256 is {seen}",
                    certificate=leaf,
                )
            dialogue.note("the certificate is the pinned one; chain and name are not checked")
        elif not verified:
            dialogue.note(
                "the certificate is not verified: anyone in the path may be at the other end",
                Warn.CERTIFICATE_NOT_VERIFIED,
            )
        if leaf and not leaf.has_san:
            dialogue.note("the certificate has no subjectAltName", Warn.CERTIFICATE_NO_SAN)
        if leaf and leaf.expires_within(EXPIRES_SOON):
            dialogue.note(
                f"the certificate expires in {leaf.days_left()} days", Warn.CERTIFICATE_EXPIRES_SOON
            )

    async def _greeting(self) -> None:
        dialogue = self._dialogue
        dialogue.enter(Stage.GREETING)
        dialogue.command = ""
        reply = await self._first_reply()
        dialogue.is_usable = True
        if reply.code != 220:
            raise Stop(_refusal(reply), reply=reply)
        if re.search(r"\bLMTP\b", reply.text) and not re.search(r"\bE?SMTP\b", reply.text):
            raise Stop(Fault.NOT_SMTP, reply.text, reply=reply, protocol="LMTP")

    async def _first_reply(self) -> Reply:
        hearing = asyncio.create_task(self._dialogue.hear())
        probing: asyncio.Task[bool] | None = None
        try:
            if not self._dialogue.connection.is_encrypted and self._limits.extra > 0:
                await asyncio.wait({hearing}, timeout=PROBE_AFTER)
                if not hearing.done():
                    probing = asyncio.create_task(self._probe_tls())
                    await asyncio.wait({hearing, probing}, return_when=asyncio.FIRST_COMPLETED)
                    if not hearing.done() and probing.result():
                        raise self._implicit_tls()
            return await hearing
        finally:
            await _cancel(hearing, probing)

    async def _probe_tls(self) -> bool:
        """Try a ClientHello on a connection of its own; tell whether TLS answered."""
        self._probed = True
        dialogue, settings = self._dialogue, self._settings
        if dialogue.target is None:
            return False
        agreed = await tls_from_first_byte(dialogue.target, settings)
        outcome = "implicit-tls" if agreed else "no-tls"
        text = (
            f"experiment: a TLS handshake from the first byte works here: {agreed.version}"
            if agreed
            else "experiment: the port does not answer a TLS handshake either"
        )
        dialogue.emit(
            Experiment(
                seconds=dialogue.now(), name="tls-from-first-byte", outcome=outcome, text=text
            )
        )
        return agreed is not None

    def _implicit_tls(self) -> Stop:
        return Stop(Fault.IMPLICIT_TLS_EXPECTED, "no greeting, but TLS answers from the first byte")

    async def _ehlo(self, name: str) -> Offer:
        dialogue = self._dialogue
        dialogue.enter(Stage.EHLO)
        reply = await dialogue.say(f"EHLO {name}")
        if reply.code in (500, 502):
            dialogue.note("EHLO is not known here, so HELO: no extensions", Warn.HELO_FALLBACK)
            reply = await dialogue.say(f"HELO {name}")
            if reply.code == 250:
                return Offer()
        if reply.code != 250:
            raise Stop(_refusal(reply), reply=reply)
        offer = parse_offer(reply)
        shown = parse_offer(dialogue.redactor.reply(reply))
        dialogue.emit(
            Capabilities(
                seconds=dialogue.now(),
                encrypted=dialogue.connection.is_encrypted,
                keywords=shown.keywords,
                mechanisms=shown.mechanisms,
            )
        )
        return offer

    def _wants_starttls(self, offer: Offer) -> bool:
        settings = self._settings
        if settings.encryption is Encryption.SSL:
            return False
        if "STARTTLS" in offer:
            return settings.encryption is Encryption.TLS or settings.starttls_auto
        if settings.encryption is Encryption.TLS:
            self._dialogue.enter(Stage.TLS)
            raise Stop(Fault.STARTTLS_NOT_OFFERED, "the server does not offer STARTTLS")
        if settings.starttls_auto:
            self._dialogue.note(
                "STARTTLS is not offered: the dialogue goes on in plain text", Warn.LINK_OPEN
            )
        return False

    async def _starttls(self, context: ssl.SSLContext) -> None:
        dialogue = self._dialogue
        dialogue.enter(Stage.TLS)
        reply = await dialogue.say("STARTTLS")
        if reply.code != 220:
            raise Stop(_refusal(reply), reply=reply)
        if injected := dialogue.injected():
            dialogue.is_usable = False
            seen = dialogue.redactor.data(injected).decode("utf-8", "backslashreplace")
            raise Stop(Fault.STARTTLS_INJECTION, f"after the 220 came {seen[:120]}")
        await self._handshake(context)

    def _compare(self, before: Offer, after: Offer) -> None:
        expected = ("STARTTLS", "AUTH")
        gone = [one for one in before.apart_from(after) if not one.startswith(expected)]
        new = [one for one in after.apart_from(before) if not one.startswith(expected)]
        if gone or new:
            parts = [f"no longer {', '.join(gone)}"] * bool(gone) + [
                f"new {', '.join(new)}"
            ] * bool(new)
            self._dialogue.note(
                f"inside TLS the server offers other things: {'; '.join(parts)}",
                Warn.CAPABILITIES_CHANGED,
            )

    async def _authenticate(self, offer: Offer) -> None:
        settings, dialogue = self._settings, self._dialogue
        if not settings.authenticates:
            if offer.mechanisms:
                dialogue.note("AUTH is offered, and not used", Warn.AUTH_OFFERED_UNUSED)
            return
        dialogue.enter(Stage.AUTH)
        await authenticate(
            dialogue,
            settings,
            offer,
            self._secret or "",
            allow_clear=self._limits.allow_clear_password,
        )

    async def _quit(self, end: Finished) -> None:
        dialogue = self._dialogue
        passed_auth = end.fault is None and end.stage is Stage.AUTH
        try:
            async with asyncio.timeout(QUIT_LIMIT):
                await dialogue.say("QUIT")
        except TimeoutError:
            if end.fault is not Fault.REPLY_TIMEOUT:
                dialogue.note("QUIT was not answered within 1 s", Warn.QUIT_UNANSWERED)
        except Stop as stop:
            if stop.reply is None and passed_auth:
                dialogue.note("the server closed after AUTH", Warn.CLOSED_AFTER_AUTH)
            elif stop.reply is None:
                dialogue.note("the server closed without answering QUIT", Warn.QUIT_UNANSWERED)

    async def _late(self) -> Stop:
        """Name the time-out after what was being waited for."""
        limit = f"no answer within {self._settings.timeout:g} s"
        match self._dialogue.stage:
            case Stage.RESOLVE:
                return Stop(Fault.RESOLVER_FAILED, f"looking up {self._settings.host}: {limit}")
            case Stage.CONNECT:
                return Stop(Fault.CONNECT_TIMEOUT, limit)
            case Stage.GREETING:
                return await self._late_greeting(limit)
            case Stage.TLS if self._dialogue.is_shaking_hands:
                return Stop(Fault.TLS_HANDSHAKE_TIMEOUT, limit)
            case _:
                return Stop(Fault.REPLY_TIMEOUT, limit)

    async def _late_greeting(self, limit: str) -> Stop:
        encrypted = self._dialogue.connection.is_encrypted
        if not self._probed and not encrypted and self._limits.extra > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.extra):
                    if await self._probe_tls():
                        return self._implicit_tls()
        return Stop(Fault.GREETING_TIMEOUT, limit)


def _refusal(reply: Reply) -> Fault:
    return Fault.REFUSED if reply.category in (4, 5) else Fault.REPLY_UNEXPECTED
