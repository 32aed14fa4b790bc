"""The plumbing of a dialogue: commands out, replies in, every byte accounted for as an event."""

from __future__ import annotations

import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable

from smtp_tui.smtp.addresses import Target
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.connection import Connection
from smtp_tui.smtp.events import (
    Entered,
    Event,
    Fault,
    Finished,
    Note,
    Received,
    Sent,
    Stage,
    Warn,
)
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.replies import MalformedReply, Reply, ReplyParser, ReplyTooLong, StreamError
from smtp_tui.smtp.sasl import Response, decode_challenge

_PROTOCOLS = (
    (re.compile(rb"HTTP/|<!DOCTYPE|<html", re.IGNORECASE), "HTTP"),
    (re.compile(rb"SSH-"), "SSH"),
    (re.compile(rb"\* (OK|BYE|PREAUTH)"), "IMAP"),
    (re.compile(rb"[+-](OK|ERR)"), "POP3"),
    (re.compile(rb"[\x14-\x17]\x03[\x00-\x04]"), "TLS"),
)


class Stop(Exception):
    """The dialogue cannot go on; what the Finished event will say."""

    def __init__(
        self,
        fault: Fault,
        detail: str = "",
        *,
        reply: Reply | None = None,
        protocol: str | None = None,
        also: tuple[Fault, ...] = (),
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(fault)
        self.fault = fault
        self.detail = detail
        self.reply = reply
        self.protocol = protocol
        self.also = also
        self.certificate = certificate


class Dialogue:
    """One conversation with a server, told as events.

    Methods that wait for the server raise Stop when the stream breaks: the server closed, the
    connection was reset, or what came is no SMTP.
    """

    def __init__(
        self, emit: Callable[[Event], None], redactor: Redactor, started: float | None = None
    ) -> None:
        self.emit = emit
        self.redactor = redactor
        self.stage = Stage.RESOLVE
        self.command = ""
        self.target: Target | None = None
        self.is_usable = False
        self.is_shaking_hands = False
        self._connection: Connection | None = None
        self._parser = ReplyParser()
        self._started = time.monotonic() if started is None else started
        self._noted_bare_lf = False

    def now(self) -> float:
        """Seconds since the check began."""
        return time.monotonic() - self._started

    def enter(self, stage: Stage) -> None:
        """Begin a stage."""
        self.stage = stage
        self.emit(Entered(seconds=self.now(), stage=stage))

    def note(self, text: str, warning: Warn | None = None) -> None:
        """Tell a remark; `text` may repeat what the server said."""
        self.emit(Note(seconds=self.now(), text=self.redactor.text(text), warning=warning))

    def finished(self, stop: Stop | None) -> Finished:
        """The event that ends this dialogue."""
        if stop is None:
            return Finished(seconds=self.now(), stage=self.stage)
        return Finished(
            seconds=self.now(),
            stage=self.stage,
            fault=stop.fault,
            detail=self.redactor.text(stop.detail),
            command=self.command,
            reply=self.redactor.reply(stop.reply) if stop.reply else None,
            also=stop.also,
            certificate=stop.certificate,
            protocol=stop.protocol,
        )

    @property
    def connection(self) -> Connection:
        """The connection, which stands from the connect stage on."""
        if self._connection is None:
            raise AssertionError("no connection yet")
        return self._connection

    def use(self, connection: Connection, target: Target) -> None:
        """Go on over this connection."""
        self._connection = connection
        self.target = target

    def close(self) -> None:
        """Close the connection, if there is one, at once."""
        if self._connection is not None:
            self._connection.close()

    async def say(self, command: str) -> Reply:
        """Send a command and return its reply."""
        self._report_unsolicited()
        self.command = command.partition(" ")[0]
        await self._send(command.encode(), command)
        return await self.hear()

    async def say_auth(self, mechanism: str, initial: Response | None) -> Reply:
        """Send AUTH with its initial response, if it has one (RFC 4954, section 4)."""
        self._report_unsolicited()
        self.command = f"AUTH {mechanism}"
        if initial is None:
            return await self._say_secretly(self.command, self.command)
        self._learn(initial)
        encoded = b64encode(initial.data).decode() or "="
        return await self._say_secretly(
            f"{self.command} {encoded}", f"{self.command} {initial.shown}"
        )

    async def respond(self, response: Response) -> Reply:
        """Send the response to a challenge."""
        self._learn(response)
        return await self._say_secretly(b64encode(response.data).decode(), response.shown)

    async def cancel_auth(self) -> Reply:
        """Cancel an AUTH exchange (RFC 4954, section 4)."""
        return await self._say_secretly("*", "*")

    async def hear(self) -> Reply:
        """Return the next reply as the server sent it; its event is redacted."""
        reply = await self._next_reply()
        if reply.bare_lf and not self._noted_bare_lf:
            self._noted_bare_lf = True
            self.note(
                "the server ends lines with a bare LF, which SMTP forbids", Warn.REPLY_BARE_LF
            )
        self.emit(
            Received(
                seconds=self.now(),
                reply=self.redactor.reply(reply),
                decoded=self._decoded(reply) if reply.code == 334 else None,
            )
        )
        if reply.code == 421:
            self.is_usable = False
            raise Stop(Fault.REFUSED, reply=reply)
        return reply

    def injected(self) -> bytes:
        """What the server sent beyond its last reply, which STARTTLS must not be followed by."""
        return self._parser.pending + self.connection.waiting_bytes()

    def forget_stream(self) -> None:
        """Begin a new stream of replies: nothing said before counts (RFC 3207, section 4.2)."""
        self._parser = ReplyParser()

    def _learn(self, response: Response) -> None:
        if response.is_secret:
            self.redactor.learn(response.data)

    async def _say_secretly(self, line: str, shown: str) -> Reply:
        await self._send(line.encode(), shown)
        return await self.hear()

    async def _send(self, line: bytes, shown: str) -> None:
        self.emit(Sent(seconds=self.now(), text=shown))
        try:
            await self.connection.send(line + b"\r\n")
        except (OSError, ssl.SSLError) as error:
            raise self._broken(error) from None

    async def _next_reply(self) -> Reply:
        try:
            while (reply := self._parser.next_reply()) is None:
                data = await self.connection.receive()
                if not data:
                    raise self._closed()
                self._parser.feed(data)
        except StreamError as error:
            raise self._unreadable(error) from None
        except (OSError, ssl.SSLError) as error:
            raise self._broken(error) from None
        return reply

    def _closed(self) -> Stop:
        self.is_usable = False
        self._report_partial()
        return Stop(Fault.SERVER_CLOSED, "the server closed the connection")

    def _broken(self, error: OSError) -> Stop:
        self.is_usable = False
        self._report_partial()
        if isinstance(error, ssl.SSLError):
            if error.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED":
                self.stage = Stage.TLS
                return Stop(
                    Fault.CLIENT_CERTIFICATE_REQUIRED, "the server told so after the handshake"
                )
            return Stop(Fault.CONNECTION_RESET, f"the TLS stream broke: {error.reason}")
        return Stop(Fault.CONNECTION_RESET, error.strerror or str(error))

    def _unreadable(self, error: StreamError) -> Stop:
        seen = self.redactor.data(error.seen).decode("utf-8", "backslashreplace")
        self.note(f"unreadable: {seen[:200]}")
        if isinstance(error, ReplyTooLong):
            self.is_usable = False
            return Stop(Fault.REPLY_TOO_LONG, error.reason)
        begins = error.seen.lstrip()[:3].isdigit()
        if self.stage is Stage.GREETING and isinstance(error, MalformedReply) and not begins:
            return Stop(Fault.NOT_SMTP, seen[:80], protocol=protocol_of(error.seen))
        return Stop(Fault.REPLY_MALFORMED, f"{error.reason}: {seen[:80]}")

    def _report_partial(self) -> None:
        if self._parser.pending:
            text = self.redactor.data(self._parser.pending).decode("utf-8", "backslashreplace")
            self.note(f"an unfinished reply: {text[:200]}")

    def _report_unsolicited(self) -> None:
        if self.connection.is_encrypted:
            return
        try:
            if data := self.connection.waiting_bytes():
                self._parser.feed(data)
            while (reply := self._parser.next_reply()) is not None:
                self.emit(Received(seconds=self.now(), reply=self.redactor.reply(reply)))
                self.note("the server sent this reply unasked", Warn.UNSOLICITED_REPLY)
        except StreamError as error:
            raise self._unreadable(error) from None
        except OSError as error:
            raise self._broken(error) from None

    def _decoded(self, reply: Reply) -> str | None:
        challenge = decode_challenge(reply)
        if not challenge:
            return None
        cleaned = self.redactor.data(challenge)
        shown = self.redactor.reply(reply)
        if shown.lines != reply.lines:  # the encoded form held the secret: so does this one
            return None
        return cleaned.decode("utf-8", "backslashreplace")


def protocol_of(seen: bytes) -> str | None:
    """Guess from its first bytes what protocol a port speaks."""
    for pattern, name in _PROTOCOLS:
        if pattern.match(seen):
            return name
    return None


def refusal(reply: Reply) -> Fault:
    """What a reply that is no success amounts to: a refusal, or a code that does not belong."""
    return Fault.REFUSED if reply.category in (4, 5) else Fault.REPLY_UNEXPECTED
