"""Relay one client: connect to the server, pass bytes both ways, and report the dialogue."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.parsers import address_literal
from smtp_tui.smtp.ehlo import LOOPBACK
from smtp_tui.smtp.events import Connected, DialogueNote, Stage, TlsEstablished
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
from smtp_tui.smtp.replies import EhloKeywords, is_tls_record
from smtp_tui.smtp.starttls import load_context
from smtp_tui.smtp.streams import StreamOpener, StreamReporter
from smtp_tui.smtp.tls import TlsContextError, sni_name, verifies_chain
from smtp_tui.smtp.tls_errors import handshake_fault
from smtp_tui.tap.certificates import TapCertificate
from smtp_tui.tap.credentials import SecretRegistry
from smtp_tui.tap.dialogue import Dialogue
from smtp_tui.tap.differences import OwnCheck, differences
from smtp_tui.tap.events import ClientEnded, Differs, Reported
from smtp_tui.tap.stream import NOTHING, TapStream

# Seconds without a byte after which a client counts as one that waits for a greeting: one with
# implicit TLS begins at once. Where the settings say implicit TLS, the client probably uses it too,
# and may be slow.
SNIFF, SNIFF_IMPLICIT = 0.3, 1.5
# Seconds without a byte from either side, before the first command and after it; seconds of a
# whole session; and seconds for the other side's last bytes after one has closed.
QUIET, IDLE, LONGEST, LINGER = 60.0, 300.0, 600.0, 5.0
MOST_BYTES = 64 * 1024 * 1024
# Bytes of an application that wait for a reply, before the tap stops to read more of them.
MOST_HELD = 64 * 1024
STOPPED = "the tap was stopped"
ENDED = "421 4.3.0 smtp-tui tap ends this session; its log says why"


@record(kw_only=True)
class TapPlan:
    """What the sessions of a tap share."""

    own: OwnCheck
    secrets: SecretRegistry
    certificate: TapCertificate | None


class _Stopped(Exception):
    """The session ends now."""


class TapSession:
    """One client and its connection to the server."""

    def __init__(
        self, plan: TapPlan, application: TapStream, report: Callable[[Reported], None]
    ) -> None:
        self._plan = plan
        self._own = plan.own
        self._settings = plan.own.settings
        self._application = application
        self._server: TapStream | None = None
        self._report = report
        self._started = time.monotonic()
        self._detail = ""
        self._stage: Stage | None = None
        self._is_stopped = False
        self._last_byte = self._started
        self._context: ssl.SSLContext | None = None
        self._has_room = asyncio.Event()
        self._secrets = plan.secrets.dialogue()
        self._dialogue = Dialogue(
            self,
            self._secrets,
            encryption=self._settings.encryption,
            starttls_auto=self._settings.starttls_auto,
            offers_tls=plan.certificate is not None,
            report=report,
            now=self._now,
        )

    async def run(self) -> ClientEnded:
        """Relay until both sides have closed, and return how it went; CancelledError if stopped."""
        try:
            was_stopped = await self._relay_in_time()
            self._report_differences()
        finally:
            await self._application.close()
            if self._server:
                await self._server.close()
        ended = self._end()
        self._report(ended)
        if was_stopped:
            raise asyncio.CancelledError
        return ended

    async def _relay_in_time(self) -> bool:
        """Relay, and return whether the tap was stopped."""
        try:
            async with asyncio.timeout(LONGEST):
                await self._relay()
        except TimeoutError:
            self._detail = f"the session took more than {LONGEST:g} s"
        except asyncio.CancelledError:
            # What an application with a lasting connection does is worth knowing too.
            self._detail = STOPPED
            return True
        return False

    def _report_differences(self) -> None:
        secrets = self._secrets
        for found in differences(self._dialogue.observed, self._own):
            value = found.application
            self._report(
                Differs(
                    seconds=self._now(),
                    id=found.id,
                    text=secrets.sentence(found.text),
                    application=None if value is None else secrets.text(value),
                    check=found.check,
                )
            )

    # What the dialogue asks for.

    def to_server(self, data: bytes) -> None:
        """Send bytes to the server."""
        if self._server:
            self._server.write(data)

    def to_application(self, data: bytes) -> None:
        """Send bytes to the application."""
        self._application.write(data)

    def secure_server(self) -> None:
        """Begin TLS with the server; the dialogue goes on when it stands."""
        assert self._server
        assert self._context
        try:
            self._server.begin_tls(self._context, server_name=sni_name(self._settings))
        except (ValueError, ssl.SSLError, TlsContextError) as error:
            self.stop(f"TLS cannot use the server's name: {error}", Stage.SETTINGS)

    def secure_application(self) -> None:
        """Begin TLS with the application."""
        assert self._plan.certificate
        self._application.begin_tls(self._plan.certificate.context, server_side=True)

    def end_server(self) -> None:
        """Send nothing more to the server."""
        if self._server:
            self._server.end()

    def stop(self, detail: str, stage: Stage | None = None) -> None:
        """End the session after what was sent; `stage` is where the server cannot be used."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._detail, self._stage = detail, stage
        if not self._application.is_shaking_hands:
            self._dialogue.answer(ENDED)

    # The relay.

    async def _relay(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                connecting = group.create_task(self._connect())
                first = await self._first_bytes()
                await connecting
                assert self._server
                if first:
                    self._on_application_bytes(first)
                if self._is_stopped:
                    return
                sides = [
                    group.create_task(self._pump(self._application, self._on_application_bytes)),
                    group.create_task(self._pump(self._server, self._on_server_bytes)),
                ]
                watching = group.create_task(self._watch_time())
                await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
                if sides[1].done():  # the server closed; the application hears no more
                    self._dialogue.end_server()
                    sides[0].cancel()
                else:
                    await asyncio.wait(sides, timeout=LINGER)
                    sides[1].cancel()
                watching.cancel()
        except* _Stopped:
            pass

    async def _first_bytes(self) -> bytes:
        """Return the first raw bytes of a client that does not wait for the greeting."""
        reading = asyncio.create_task(self._application.read())
        is_implicit = self._settings.encryption is Encryption.SSL
        try:
            async with asyncio.timeout(SNIFF_IMPLICIT if is_implicit else SNIFF):
                first = await reading
        except TimeoutError:
            return b""
        except OSError:
            self._fail("the application closed the connection at once")
            raise AssertionError from None
        if not first:
            self._fail("the application closed the connection at once")
        if is_tls_record(first):
            if self._plan.certificate is None:
                self._fail("the application uses TLS, for which the tap has no certificate")
            self._dialogue.observed.encryption = "implicit"
            self.secure_application()
        return first

    async def _connect(self) -> None:
        settings = self._settings
        progress = StreamReporter()
        try:
            async with asyncio.timeout(settings.timeout):
                self._context = await load_context(settings, settings.timeout)
                stream = await StreamOpener(settings, reporter=progress).open()
                reader, writer = await asyncio.open_connection(sock=stream.socket)
                self._server = TapStream(reader, writer)
        except TimeoutError:
            limit = f"the server did not answer within {settings.timeout:g} s"
            self._fail(limit, progress.stage)
        except TlsContextError as error:
            self._fail(str(error), Stage.SETTINGS)
        except AddressLookupError as error:
            self._fail(f"no connection to {settings.host}: {error.detail}", progress.stage)
        except OSError as error:
            self._fail(f"no connection to {settings.host}: {error.strerror}", progress.stage)
        else:
            local, _ = self._server.address("sockname")
            name = self._own.ehlo_name or address_literal(local or LOOPBACK)
            self._own = replace(self._own, ehlo_name=name)
            self._report(
                Connected(
                    seconds=self._now(),
                    address=stream.address,
                    port=stream.port,
                    local_address=local or None,
                    via=stream.via,
                )
            )
            if settings.encryption is Encryption.SSL:
                self.secure_server()

    def _fail(self, detail: str, stage: Stage | None = None) -> None:
        if stage is None:
            self._detail = self._detail or detail
        else:
            self.stop(detail, stage)
        raise _Stopped

    async def _pump(self, side: TapStream, on_bytes: Callable[[bytes], None]) -> None:
        while True:
            if side is self._application and self._dialogue.held > MOST_HELD:
                self._has_room.clear()
                await self._has_room.wait()
            try:
                raw = await side.read()
            except OSError as error:
                if not self._detail:
                    self._detail = f"{self._name(side)} reset the connection: {error.strerror}"
                raw = b""
            self._last_byte = time.monotonic()
            if not raw:
                break
            on_bytes(raw)
            if self._dialogue.held <= MOST_HELD:
                self._has_room.set()
            if self._is_stopped:
                raise _Stopped
            other = self._server if side is self._application else self._application
            assert other
            with suppress(OSError):
                await other.drain()
        if side.is_shaking_hands:
            self._fail_handshake(side, None)
        if side is self._application:
            self._dialogue.observed.closes_first = True
            self._dialogue.end_application()

    def _on_application_bytes(self, raw: bytes) -> None:
        is_hello = raw.startswith(b"\x16\x03") and not self._application.is_encrypted
        if is_hello and not self._dialogue.observed.commands:
            self._fail("the application began TLS when the greeting was already on its way")
        data = self._decoded(self._application, raw)
        self._check_size(self._application)
        self._dialogue.add_application_bytes(data)
        self._flush()

    def _on_server_bytes(self, raw: bytes) -> None:
        assert self._server
        was_shaking = self._server.is_shaking_hands
        data = self._decoded(self._server, raw)
        self._check_size(self._server)
        if was_shaking and not self._server.is_shaking_hands:
            self._check_server()
            self._dialogue.server_secured()
        self._dialogue.add_server_bytes(data)
        self._flush()

    def _flush(self) -> None:
        for side in filter(None, (self._server, self._application)):
            try:
                side.flush()
            except ssl.SSLError as error:
                self._fail(f"TLS with {self._name(side)} broke: {error.reason or error}")

    def _decoded(self, side: TapStream, raw: bytes) -> bytes:
        was_shaking = side.is_shaking_hands
        try:
            data = side.decode(raw)
        except ssl.SSLError as error:
            if was_shaking:
                self._fail_handshake(side, error)
            self._fail(f"TLS with {self._name(side)} broke: {error.reason or error}")
        if was_shaking and not side.is_shaking_hands and side is self._application:
            version, cipher = side.protocol
            text = f"TLS with the application: {version} {cipher}"
            settings = self._settings
            if settings.encryption is Encryption.NONE and not settings.starttls_auto:
                text += "; the server's side is not encrypted, as the settings say"
            self._note(text)
        return data

    def _check_server(self) -> None:
        assert self._server
        settings, (version, cipher) = self._settings, self._server.protocol
        redact = self._secrets.text
        chain = tuple(certificate.reworded(redact) for certificate in self._server.peer_chain())
        pinned = settings.tls_fingerprint
        is_pinned = bool(pinned and chain and chain[0].sha256 == pinned)
        verified = is_pinned if pinned else verifies_chain(settings)
        self._report(
            TlsEstablished(
                seconds=self._now(), version=version, cipher=cipher, verified=verified, chain=chain
            )
        )
        if pinned and not is_pinned:
            self._fail("the server's certificate is not the one in tls_fingerprint", Stage.TLS)

    def _fail_handshake(self, side: TapStream, error: ssl.SSLError | None) -> None:
        reason = "it closed the connection"
        if side is self._application:
            # Its login would have come inside TLS.
            self._dialogue.observed.offer = EhloKeywords()
            if error is not None:
                reason = (error.reason or str(error)).replace("_", " ").lower()
            self._fail(
                f"the TLS handshake with the application failed: {reason}. "
                "The application must trust the CA that --ca-out writes"
            )
        if error is not None:
            name = sni_name(self._settings)
            reason = handshake_fault(error, side.peer_chain(), name, asked=False).detail
        reason = self._secrets.text(reason)
        self._fail(f"the TLS handshake with the server failed: {reason}", Stage.TLS)

    def _check_size(self, side: TapStream) -> None:
        if side.received.size > MOST_BYTES:
            self._fail(f"{self._name(side)} sent more than {MOST_BYTES >> 20} MiB")

    async def _watch_time(self) -> None:
        while True:
            limit = IDLE if self._dialogue.observed.commands else QUIET
            left = self._last_byte + limit - time.monotonic()
            if left <= 0:
                self._fail(f"nothing was sent for {limit:g} s")
            await asyncio.sleep(left)

    def _name(self, side: TapStream) -> str:
        return "the application" if side is self._application else "the server"

    def _note(self, text: str) -> None:
        self._report(DialogueNote(seconds=self._now(), text=text))

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _end(self) -> ClientEnded:
        application, server = self._application, self._server
        return ClientEnded(
            seconds=self._now(),
            detail=self._detail,
            stage=self._stage,
            from_application=application.received,
            to_server=server.sent if server else NOTHING,
            from_server=server.received if server else NOTHING,
            to_application=application.sent,
        )
