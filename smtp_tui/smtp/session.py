"""Run a check, from name resolution to QUIT, as a stream of events.

The check runs in its own task and the generator yields its events. Closing the generator cancels
the task, which closes the socket at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace

from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.addresses import THIS_MACHINE, EarlyConnection, Endpoint, Network
from smtp_tui.smtp.auth import authenticate, require_usable
from smtp_tui.smtp.client import SMTPClient, say_quit
from smtp_tui.smtp.connection import ClosedByServer, Connection, Handshake, HandshakeFailed
from smtp_tui.smtp.delivery import deliver
from smtp_tui.smtp.ehlo import EhloName, ehlo, note_changes
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    Connected,
    Event,
    Experiment,
    Finished,
    Stage,
    WarningId,
    refused,
)
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
from smtp_tui.smtp.message import MailRequest, envelope_of
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.replies import EhloKeywords, Reply, greets_as_lmtp
from smtp_tui.smtp.starttls import load_context, secure, starttls, wants_starttls
from smtp_tui.smtp.streams import StreamOpener
from smtp_tui.smtp.tls import TlsContextError, client_context, sni_name


async def tls_from_first_byte(
    settings: Settings, network: Network, target: Endpoint | None = None
) -> Handshake | None:
    """Try a TLS handshake on a new connection, to `target` if given; None if it fails."""
    unverified = replace(
        settings, openssl_verify_mode=VerifyMode.NONE, client_certificate=None, client_key=None
    )
    try:
        stream = await StreamOpener(settings, network).open(target)
    except AddressLookupError:
        return None
    connection = Connection(stream.socket)
    try:
        # No certificate is verified and none is sent, so no file is read.
        return await connection.start_tls(client_context(unverified), sni_name(settings))
    except (HandshakeFailed, ClosedByServer, TlsContextError, OSError):
        return None
    finally:
        connection.close()


# After this many seconds without a greeting, the port may expect implicit TLS.
PROBE_AFTER = 5.0
_IMPLICIT_TLS = (Cause.IMPLICIT_TLS_EXPECTED, "no greeting, but the port accepts a TLS handshake")


class GreetingReader:
    """Reads the greeting; if none comes, probes the port once for implicit TLS.

    `extra` is the seconds that the probe may take after the check has timed out; 0 disables the
    probe altogether. `target` is where it connects, None to open the stream anew.
    """

    def __init__(
        self, client: SMTPClient, settings: Settings, extra: float, network: Network
    ) -> None:
        self._client = client
        self._network = network
        self._settings = settings
        self._extra = extra
        self.target: Endpoint | None = None
        self._probed_at: float | None = None
        self._has_probed = False

    async def greet(self) -> None:
        """Read the greeting; CheckAborted unless it is a 220 from an SMTP server."""
        client = self._client
        client.enter_stage(Stage.GREETING)
        client.command = ""
        reply = await self._read_greeting()
        client.is_usable = True
        if reply.code != 220:
            raise refused(reply)
        if greets_as_lmtp(reply.text) and not self._settings.is_lmtp:
            shown = client.redactor.reply(reply).text
            raise CheckAborted(Cause.NOT_SMTP, shown, reply=reply, protocol="LMTP")

    async def cause_of_timeout(self, limit: str) -> CheckAborted:
        """Return the cause of a timeout; `limit` is the text for it."""
        if other := self._client.other_protocol():
            return other
        if (left := self._seconds_left()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    if await self._probe_tls():
                        return CheckAborted(*_IMPLICIT_TLS)
        return CheckAborted(Cause.GREETING_TIMEOUT, limit)

    def _may_probe(self) -> bool:
        return self._extra > 0 and not self._client.connection.is_encrypted

    def _seconds_left(self) -> float:
        """Return the seconds left for the probe; the time since it began counts."""
        if self._has_probed or not self._may_probe():
            return 0
        if self._probed_at is None:
            return self._extra
        return self._extra - (self._client.now() - self._probed_at)

    async def _read_greeting(self) -> Reply:
        reading = asyncio.create_task(self._client.read_reply())
        probing: asyncio.Task[bool] | None = None
        try:
            if self._may_probe():
                await asyncio.wait({reading}, timeout=PROBE_AFTER)
                if not reading.done():
                    probing = asyncio.create_task(self._probe_tls())
                    await asyncio.wait({reading, probing}, return_when=asyncio.FIRST_COMPLETED)
                    if not reading.done() and probing.result():
                        raise CheckAborted(*_IMPLICIT_TLS)
            return await reading
        finally:
            running = [task for task in (reading, probing) if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _probe_tls(self) -> bool:
        client = self._client
        self._probed_at = client.now()
        tls = await tls_from_first_byte(self._settings, self._network, self.target)
        self._has_probed = True
        text, outcome = "experiment: the port does not answer a TLS handshake either", "no-tls"
        if tls:
            text, outcome = f"experiment: implicit TLS works on this port: {tls.version}", "ok"
        name = "tls-from-first-byte"
        client.emit(Experiment(seconds=client.now(), name=name, outcome=outcome, text=text))
        return tls is not None


# The share of a check's timeout for reading certificate and key files.
SHARE_FOR_FILES = 0.9


@record(kw_only=True)
class CheckLimits:
    """The limits of a check that are not settings.

    `until` TLS ends it after the handshake. `extra` is the seconds that probes outside the dialogue
    may take; 0 disables them; `tries_ports` allows some to other ports of the host. `network` looks
    up names and makes the sockets; `trust` is the PEM text of the authorities to trust if the
    settings name no file, None for this machine's.
    """

    until: Stage = Stage.AUTH
    extra: float = 3.0
    tries_ports: bool = True
    allow_clear_password: bool = False
    network: Network = THIS_MACHINE
    trust: str | None = None


async def check(
    settings: Settings,
    secret: str | None = None,
    *,
    mail: MailRequest | None = None,
    limits: CheckLimits | None = None,
    redactor: Redactor | None = None,
    started: float | None = None,
    early: EarlyConnection | None = None,
) -> AsyncGenerator[Event, None]:
    """Check the settings and yield the events, a Finished event last.

    `secret` is the password or access token, needed if `settings.needs_password`; `mail` is sent
    after AUTH, if given; `redactor` also removes the secrets of related dialogues; `started` is the
    `time.monotonic` value that events count from; `early` may already be connecting, and its
    creator closes it. Wrap the generator in `contextlib.aclosing`: leaving it early closes the
    socket at once.
    """
    # Not an asyncio.Queue, which is slower: a thousand checks emit some thirty events each.
    events: deque[Event] = deque()
    has_news = asyncio.Event()

    def emit(event: Event) -> None:
        events.append(event)
        has_news.set()

    redactor = redactor or Redactor(settings.username, secret)
    client = SMTPClient(emit, redactor, started)
    flow = CheckStages(client, settings, secret, mail, limits or CheckLimits(), early)
    task = asyncio.create_task(flow.run())
    task.add_done_callback(lambda _: has_news.set())
    try:
        while events or not task.done():
            if events:
                yield events.popleft()
            else:
                has_news.clear()
                await has_news.wait()
        task.result()
    finally:
        if not task.done():  # awaiting a failed task would lose its traceback
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class CheckStages:
    """The stages of one check."""

    def __init__(
        self,
        client: SMTPClient,
        settings: Settings,
        secret: str | None,
        mail: MailRequest | None,
        limits: CheckLimits,
        early: EarlyConnection | None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._secret = secret
        self._early = early
        self._mail = mail
        self._limits = limits
        self._greeting = GreetingReader(client, settings, limits.extra, limits.network)
        self._opener = StreamOpener(settings, limits.network, early, client)

    async def run(self) -> None:
        """Run the stages, send QUIT, close, and emit the Finished event."""
        client = self._client
        aborted: CheckAborted | None = None
        is_late = False
        try:
            try:
                async with asyncio.timeout(self._settings.timeout - client.now()):
                    await self._stages()
            except TimeoutError:
                is_late = True
                aborted = await self._cause_of_timeout()
            except CheckAborted as reason:
                aborted = reason
            end = self._end(aborted)
            if client.is_usable:
                await say_quit(client, end, is_late=is_late)
        finally:
            client.close()
        client.emit(replace(end, seconds=client.now()))

    def _end(self, aborted: CheckAborted | None) -> Finished:
        client = self._client
        if aborted is None:
            return Finished(seconds=client.now(), stage=client.stage)
        return Finished(
            seconds=client.now(),
            stage=client.stage,
            fault=aborted.fault,
            detail=client.redactor.sentence(aborted.detail),
            command=client.command,
            reply=client.redactor.reply(aborted.reply) if aborted.reply else None,
            also=aborted.also,
            certificate=aborted.certificate,
            protocol=aborted.protocol,
        )

    async def _stages(self) -> None:
        settings, client = self._settings, self._client
        context = await self._prepare()
        ehlo_name = EhloName(settings.domain, settings.timeout, self._limits.network)
        try:
            await self._connect()
            if settings.encryption is Encryption.SSL:
                client.enter_stage(Stage.TLS)
                await secure(client, settings, context)
            if self._is_limit_reached():
                return
            await self._greeting.greet()
            name = await ehlo_name.name(client.connection.local_address)
        finally:
            await ehlo_name.close()
        is_lmtp = settings.is_lmtp
        offer = await ehlo(client, name, is_lmtp=is_lmtp)
        if wants_starttls(client, settings, offered="STARTTLS" in offer):
            await starttls(client, settings, context)
            if self._is_limit_reached():
                return
            before, offer = offer, await ehlo(client, name, is_lmtp=is_lmtp)
            note_changes(client, before, offer)
        await self._authenticate(offer)
        if self._mail:
            user = settings.username or ""
            envelope = envelope_of(self._mail, settings.sender, user, name)
            await deliver(client, offer, self._mail, envelope, is_lmtp=is_lmtp)

    def _is_limit_reached(self) -> bool:
        return self._limits.until is Stage.TLS and self._client.connection.is_encrypted

    async def _prepare(self) -> ssl.SSLContext:
        """Prepare everything that needs no network; CheckAborted if that fails."""
        client, settings = self._client, self._settings
        client.stage = Stage.SETTINGS
        require_usable(client, settings, self._secret or "")
        try:
            sni_name(settings)
            if self._early and self._early.context:
                return self._early.context
            # Less than the check's timeout, which does not know which file was waited for.
            seconds = max(0.0, SHARE_FOR_FILES * (settings.timeout - client.now()))
            return await load_context(settings, seconds, self._limits.trust)
        except TlsContextError as error:
            raise CheckAborted(Cause.SETTINGS_INVALID, str(error)) from None

    async def _connect(self) -> None:
        client = self._client
        try:
            stream = await self._opener.open()
        except AddressLookupError as error:
            raise CheckAborted(error.fault, error.detail) from None
        connection = Connection(stream.socket)
        client.set_connection(connection)
        self._greeting.target = stream.endpoint
        client.emit(
            Connected(
                seconds=client.seconds_at(stream.connected_at),
                address=stream.address,
                port=stream.port,
                local_address=connection.local_address,
                via=stream.via,
            )
        )
        self._opener.report_unanswered()

    async def _authenticate(self, offer: EhloKeywords) -> None:
        settings, client = self._settings, self._client
        if not settings.authenticates:
            if offer.mechanisms:
                client.note("AUTH is offered but not used", WarningId.AUTH_OFFERED_UNUSED)
            return
        client.enter_stage(Stage.AUTH)
        allow_clear = self._limits.allow_clear_password
        await authenticate(client, settings, offer, self._secret or "", allow_clear=allow_clear)

    async def _cause_of_timeout(self) -> CheckAborted:
        """Return the cause of a timeout, which depends on the stage."""
        limit = f"no answer within {self._settings.timeout:g} s"
        if refusal := self._client.group_refusal:
            self._client.stage, self._client.command = Stage.ENVELOPE, refusal.command
            return refused(refusal.reply)
        match self._client.stage:
            case Stage.RESOLVE | Stage.CONNECT as stage:
                error = self._opener.late(stage, limit)
                return CheckAborted(error.fault, error.detail)
            case Stage.GREETING if not self._client.is_usable:
                return await self._greeting.cause_of_timeout(limit)
            case Stage.TLS if self._client.is_shaking_hands:
                return CheckAborted(Cause.TLS_HANDSHAKE_TIMEOUT, limit)
            case _:
                return CheckAborted(Cause.REPLY_TIMEOUT, limit)
