"""An SMTP client that sends commands, reads replies and reports both as events."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

from smtp_tui.records import record
from smtp_tui.smtp.connection import Connection
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    DialogueNote,
    Event,
    Finished,
    Received,
    Sent,
    Stage,
    StageEntered,
    WarningId,
)
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.replies import (
    Reply,
    ReplyParser,
    ReplyStreamError,
    ReplyTooLong,
    begins_with_code,
    protocol_of,
)
from smtp_tui.smtp.sasl import ClientResponse, decode_challenge
from smtp_tui.smtp.streams import StreamReporter
from smtp_tui.smtp.tls_errors import is_about_our_certificate, tls_error_text

# Maximum number of unsolicited replies shown one by one.
STRAYS_SHOWN = 8
# Maximum characters quoted of unreadable data, in a note and in a verdict.
NOTED, NAMED = 200, 80
# Seconds to wait for the reply to QUIT, and the same after the check has timed out.
QUIT_LIMIT, LATE_QUIT_LIMIT = 1.0, 0.5

_CLOSED = (Cause.SERVER_CLOSED, Cause.CONNECTION_RESET)
# After these causes, replies may come late or in pieces, and deserve no warning.
_UNRELIABLE_AFTER = (Cause.REPLY_MALFORMED, Cause.AUTH_CHALLENGE_MALFORMED)


@record
class PipelineRejection:
    """The first negative reply to a pipelined group, and the command it rejected."""

    command: str
    reply: Reply


class SMTPClient(StreamReporter):
    """One SMTP session, reported as events.

    Methods that wait for the server raise CheckAborted if the server closes or resets the
    connection, or sends data that is not SMTP.
    """

    def __init__(
        self, emit: Callable[[Event], None], redactor: Redactor, started: float | None = None
    ) -> None:
        self.emit = emit
        self.redactor = redactor
        self.stage = Stage.RESOLVE
        self.command = ""
        # The last reply, redacted.
        self.shown_reply: Reply | None = None
        self.is_usable = False
        self.group_refusal: PipelineRejection | None = None
        self.is_shaking_hands = False
        self._connection: Connection | None = None
        self._parser = ReplyParser()
        self._started = time.monotonic() if started is None else started
        self._noted_bare_lf = False

    def now(self) -> float:
        """Seconds since the check began."""
        return self.seconds_at(None)

    def seconds_at(self, moment: float | None) -> float:
        """Seconds from the check's start to a `time.monotonic` value; None is now."""
        return (time.monotonic() if moment is None else moment) - self._started

    def enter_stage(self, stage: Stage, moment: float | None = None) -> None:
        """Begin a stage, now or at a `time.monotonic` value."""
        self.stage = stage
        self.emit(StageEntered(seconds=self.seconds_at(moment), stage=stage))

    def note(self, text: str, warning: WarningId | None = None) -> None:
        """Emit a note; any server data in `text` is already redacted."""
        self.emit(
            DialogueNote(seconds=self.now(), text=self.redactor.sentence(text), warning=warning)
        )

    @property
    def connection(self) -> Connection:
        """The connection, available from the connect stage on."""
        if self._connection is None:
            raise AssertionError("no connection yet")
        return self._connection

    def set_connection(self, connection: Connection) -> None:
        """Use this connection from now on."""
        self._connection = connection

    def close(self) -> None:
        """Close the connection at once, if there is one."""
        if self._connection is not None:
            self._connection.close()

    async def send_and_read(self, command: str) -> Reply:
        """Send a command and return its reply."""
        self.report_unsolicited()
        await self.send_command(command)
        return await self.read_reply()

    async def send_command(self, command: str) -> None:
        """Send a command; `read_reply` returns its reply."""
        self.command = command.partition(" ")[0]
        await self.send_data(f"{command}\r\n".encode(), command)

    async def send_group(self, commands: list[str]) -> None:
        """Send commands together (RFC 2920); `read_reply` returns their replies in order."""
        self.report_unsolicited()
        self.command = commands[0].partition(" ")[0]
        for command in commands:
            self.emit(Sent(seconds=self.now(), text=command))
        await self.send_data("".join(f"{command}\r\n" for command in commands).encode())

    async def send_data(self, data: bytes, shown: str = "") -> None:
        """Send bytes unchanged; `shown` is the text of their Sent event, if any."""
        if shown:
            self.emit(Sent(seconds=self.now(), text=shown))
        try:
            await self.connection.send(data)
        except OSError as error:
            self.report_unsolicited()  # the server's last reply, perhaps a 421, may have arrived
            raise self._broken(error) from None

    async def send_auth(self, mechanism: str, initial: ClientResponse | None) -> Reply:
        """Send AUTH with its initial response, if any (RFC 4954, section 4)."""
        self.report_unsolicited()
        self.command = line = shown = f"AUTH {mechanism}"
        if initial is not None:
            self._learn_response(initial)
            line += f" {initial.as_argument.decode()}"
            shown += f" {initial.shown}"
        await self.send_data(f"{line}\r\n".encode(), shown)
        return await self.read_reply()

    async def respond(self, response: ClientResponse) -> Reply:
        """Send the response to a challenge."""
        self._learn_response(response)
        await self.send_data(response.as_line + b"\r\n", response.shown)
        return await self.read_reply()

    async def read_reply(self) -> Reply:
        """Return the next reply as the server sent it; its event is redacted.

        A 421 ends the session at any point (RFC 5321, section 3.8).
        """
        try:
            while (reply := self._parser.next_reply()) is None:
                data = await self.connection.receive()
                if not data:
                    raise self._closed()
                self._parser.feed(data)
        except ReplyStreamError as error:
            raise self._unreadable(error) from None
        except OSError as error:
            raise self._broken(error) from None
        if reply.bare_lf and not self._noted_bare_lf:
            self._noted_bare_lf = True
            text = "the server ends lines with a bare LF, which SMTP forbids"
            self.note(text, WarningId.REPLY_BARE_LF)
        self._report_reply(reply)
        return reply

    def report_unsolicited(self) -> None:
        """Report replies that arrived before a command was sent."""
        count = 0
        try:
            self._parser.feed(self.connection.waiting_bytes())
            while (reply := self._parser.next_reply()) is not None:
                count += 1
                if count <= STRAYS_SHOWN or reply.code == 421:
                    self._report_reply(reply)
                    self.note("the server sent this reply unprompted", WarningId.UNSOLICITED_REPLY)
        except ReplyStreamError as error:
            raise self._unreadable(error) from None
        except OSError as error:
            raise self._broken(error) from None
        if count > STRAYS_SHOWN:
            self.note(
                f"and {count - STRAYS_SHOWN} more unsolicited replies", WarningId.UNSOLICITED_REPLY
            )

    def bytes_before_tls(self) -> bytes:
        """Return the bytes after the last reply; none may follow the reply to STARTTLS."""
        try:
            return self._parser.pending + self.connection.waiting_bytes()
        except OSError as error:
            raise self._broken(error) from None

    def forget_stream(self) -> None:
        """Discard unread data and start a new stream of replies (RFC 3207, section 4.2)."""
        self._parser = ReplyParser()

    def other_protocol(self) -> CheckAborted | None:
        """Return the CheckAborted for received data that is not SMTP; None if it still may be."""
        seen = self._parser.pending
        if not seen or begins_with_code(seen):
            return None
        return self._not_smtp(seen)

    def _report_reply(self, reply: Reply) -> None:
        decoded = decode_challenge(reply) if reply.code == 334 else None
        if decoded and decoded.startswith(b"v=") and "SCRAM" in self.command:
            # With the nonces and salt, the server's signature lets a reader try passwords offline.
            self.redactor.learn(decoded, decoded)
        self.shown_reply = shown = self.redactor.reply(reply)
        # If the encoded challenge contained the secret, so does the decoded one.
        is_redacted = shown.lines != reply.lines
        decoded = None if is_redacted else decoded
        text = self.redactor.data(decoded).decode("utf-8", "backslashreplace") if decoded else None
        self.emit(Received(seconds=self.now(), reply=shown, decoded=text))
        if reply.code == 421:
            self.is_usable = False
            raise CheckAborted(Cause.REFUSED, reply=reply)

    def _learn_response(self, response: ClientResponse) -> None:
        if response.is_secret:
            self.redactor.learn(response.data, response.proof)

    def _closed(self) -> CheckAborted:
        self.is_usable = False
        if self.stage is Stage.GREETING and (other := self.other_protocol()):
            return other
        self._report_partial()
        return CheckAborted(Cause.SERVER_CLOSED, "the server closed the connection")

    def _broken(self, error: OSError) -> CheckAborted:
        self.is_usable = False
        self._report_partial()
        if not isinstance(error, ssl.SSLError):
            return CheckAborted(Cause.CONNECTION_RESET, error.strerror or str(error))
        if is_about_our_certificate(error, asked=self.connection.asked_for_certificate):
            self.stage = Stage.TLS
            text = f"{tls_error_text(error)}, reported after the handshake"
            return CheckAborted(Cause.CLIENT_CERTIFICATE_REQUIRED, text)
        return CheckAborted(Cause.CONNECTION_RESET, f"TLS error: {tls_error_text(error)}")

    def _unreadable(self, error: ReplyStreamError) -> CheckAborted:
        self.note(f"cannot read the reply: {self.redactor.excerpt(error.seen, NOTED)}")
        is_first_data = self.stage is Stage.GREETING and error.begins
        if isinstance(error, ReplyTooLong):
            self.is_usable = False
        if is_first_data and not begins_with_code(error.seen):
            return self._not_smtp(error.seen)
        if isinstance(error, ReplyTooLong):
            return CheckAborted(Cause.REPLY_TOO_LONG, error.reason)
        seen = self.redactor.excerpt(error.seen, NAMED)
        return CheckAborted(Cause.REPLY_MALFORMED, f"{error.reason}: {seen}")

    def _not_smtp(self, seen: bytes) -> CheckAborted:
        protocol = protocol_of(seen)
        if protocol == "TLS" and not self.connection.is_encrypted:
            text = "the port sends TLS from the first byte"
            return CheckAborted(Cause.IMPLICIT_TLS_EXPECTED, text)
        return CheckAborted(Cause.NOT_SMTP, self.redactor.excerpt(seen, NAMED), protocol=protocol)

    def _report_partial(self) -> None:
        if self._parser.pending:
            text = self.redactor.excerpt(self._parser.pending, NOTED)
            self.note(f"the reply breaks off: {text}")


async def say_quit(client: SMTPClient, end: Finished, *, is_late: bool = False) -> None:
    """Send QUIT (RFC 5321, section 4.1.1.10) and wait briefly for the reply.

    Nothing here changes `end`, the result of the check, but it may add a warning. `is_late` is
    whether the check has timed out.
    """
    codes: list[int] = []
    limit = min(QUIT_LIMIT, LATE_QUIT_LIMIT) if is_late else QUIT_LIMIT
    is_unreliable = is_late or end.fault in _UNRELIABLE_AFTER
    try:
        async with asyncio.timeout(limit):
            _drain_replies(client, end)
            await client.send_command("QUIT")
            while 221 not in codes and len(codes) <= STRAYS_SHOWN:
                codes.append((await client.read_reply()).code)
    except TimeoutError:
        if not codes and not is_unreliable:
            client.note(f"no reply to QUIT within {limit:g} s", WarningId.QUIT_UNANSWERED)
    except CheckAborted as aborted:
        if aborted.fault in _CLOSED and not codes:
            if end.fault is None and end.stage is Stage.AUTH:
                warning = WarningId.CLOSED_AFTER_AUTH
                client.note("the server closed the connection after AUTH", warning)
            else:
                text = "the server closed the connection without a reply to QUIT"
                client.note(text, WarningId.QUIT_UNANSWERED)
    # Without a 221, one of the replies was the answer.
    if codes[:-1] and not is_unreliable:
        unsolicited = ", ".join(map(str, codes[:-1]))
        text = f"unsolicited replies before the reply to QUIT: {unsolicited}"
        client.note(text, WarningId.UNSOLICITED_REPLY)


def _drain_replies(client: SMTPClient, end: Finished) -> None:
    """Report replies that have arrived, so that none is mistaken for the reply to QUIT."""
    if end.fault is not Cause.REPLY_MALFORMED:
        try:
            client.report_unsolicited()
        except CheckAborted as aborted:
            if aborted.fault is not Cause.REPLY_MALFORMED:
                raise
    client.forget_stream()
