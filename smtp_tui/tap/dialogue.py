"""The dialogue between an application and the server, line by line and without any I/O.

The bytes pass unchanged and at once, but for what TLS on either side needs. What an application
sends after EHLO, AUTH or DATA without waiting for the reply passes too, and is read when the reply
says what it is: a command, a credential or a message. What the tap does not know it hides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.events import DialogueNote, Received, Sent
from smtp_tui.smtp.replies import Reply, parse_ehlo
from smtp_tui.tap.command_lines import CommandLine
from smtp_tui.tap.content import ChunkContent, ContentScan, MessageContent
from smtp_tui.tap.credentials import DialogueSecrets, Logins
from smtp_tui.tap.ehlo_reply import pass_ehlo_reply
from smtp_tui.tap.events import Direction, Reported
from smtp_tui.tap.observed import Observed
from smtp_tui.tap.passage import SHOWN, Passage, Wires
from smtp_tui.tap.reply_lines import ReplyLines
from smtp_tui.tap.server_tls import ServerTls

# Bytes of a line and of a reply; no server or client needs as many, and the tap keeps them.
LINE_LIMIT = 64 * 1024
REPLY_LIMIT = 64 * 1024
QUOTED = 200  # characters of bytes that are no reply
LOGINS_LIMIT = 64
COMMANDS_LIMIT = 100_000  # a newsletter sends 30,000 messages with as many
# Commands that may wait for their replies, and replies that no command asked for.
OUTSTANDING_LIMIT, UNSOLICITED_LIMIT = 1000, 64

# Their reply decides what comes next (RFC 2920, section 3.1).
_AWAITED = frozenset({"EHLO", "HELO", "AUTH", "DATA"})
# If the server accepts one of these, it reads what follows as commands too.
_IN_STEP = frozenset({"EHLO", "HELO", "MAIL", "RSET"})


class _Mode(Enum):
    COMMAND = auto()
    RESPONSE = auto()
    CONTENT = auto()


@dataclass
class _Command:
    verb: str
    is_own: bool = False
    is_hidden: bool = False


class Dialogue:
    """One client's dialogue."""

    def __init__(
        self,
        wires: Wires,
        secrets: DialogueSecrets,
        *,
        encryption: Encryption,
        starttls_auto: bool,
        offers_tls: bool,
        report: Callable[[Reported], None],
        now: Callable[[], float],
    ) -> None:
        self.observed = Observed()
        self._wires = wires
        self._passage = Passage(wires, secrets, report, now)
        self._secrets = secrets
        self._server_tls = ServerTls(
            wires,
            self.observed,
            encryption=encryption,
            is_optional=starttls_auto,
            send=self._send_own,
            note=self._note,
        )
        # An application that requires TLS must not send its password unencrypted because of a tap,
        # unless the settings say so outright.
        self._may_be_clear = encryption is Encryption.NONE and not starttls_auto
        self._offers_tls = offers_tls
        self._report = report
        self._now = now
        self._mode = _Mode.COMMAND
        self._commands: deque[_Command] = deque([_Command("")])  # the greeting answers none
        self._awaited: _Command | None = self._commands[0]
        # The application's bytes that have not been read; the first `_ahead` of them have passed.
        self._unread = bytearray()
        self._ahead = 0
        self._from_server = bytearray()
        self._lines = ReplyLines()
        self._is_ended = False
        self._unsolicited = 0
        self._logins = Logins(secrets, self.observed)
        # Whether the lines are commands for sure; they may be a message that the server rejected.
        self._is_sure = True
        self._content: MessageContent | ChunkContent | None = None
        self._is_answered = False
        self._chunks: ContentScan | None = None

    @property
    def held(self) -> int:
        """Bytes of the application that have not been read."""
        return len(self._unread)

    def add_application_bytes(self, data: bytes) -> None:
        """Take bytes that the application sent."""
        self._unread += data
        self._advance()

    def add_server_bytes(self, data: bytes) -> None:
        """Take bytes that the server sent."""
        self._from_server += data
        while (end := self._from_server.find(b"\n")) >= 0:
            line = bytes(self._from_server[: end + 1])
            del self._from_server[: end + 1]
            self._on_server_line(line)
        if len(self._from_server) > LINE_LIMIT or self._lines.size > REPLY_LIMIT:
            self._wires.stop(f"the server sends a reply of more than {REPLY_LIMIT >> 10} KiB")
        self._advance()

    def end_application(self) -> None:
        """Note that the application sends nothing more."""
        self._is_ended = True
        self._advance()

    def end_server(self) -> None:
        """Pass on what the server sent last, if it is no whole reply."""
        begun, held = self._lines.take()
        if not (rest := begun + self._from_server):
            return
        command = self._commands[0] if self._commands else None
        if not (command and command.is_own):
            self._passage.keep(Direction.TO_APPLICATION, held + self._from_server)
        self._from_server.clear()
        is_hidden = rest.startswith(b"334") or (command is not None and command.is_hidden)
        text = "[hidden]" if is_hidden else self._secrets.excerpt(rest, QUOTED).rstrip()
        self._note(f"the server's last bytes are no reply: {text}")

    def server_secured(self) -> None:
        """Continue after the handshake with the server."""
        self.observed.server_encrypted = True
        self._server_tls.end()
        self._advance()

    def answer(self, text: str) -> None:
        """Send the application a reply of the tap's own."""
        reply = Reply(int(text[:3]), (text[4:].encode(),))
        self._report(Received(seconds=self._now(), reply=reply))
        self._passage.add(Direction.TO_APPLICATION, f"{text}\r\n".encode())

    # From the application.

    def _is_waiting(self) -> bool:
        is_full = len(self._commands) >= OUTSTANDING_LIMIT
        return is_full or self._awaited is not None or self._server_tls.is_running

    def _advance(self) -> None:
        while self._unread and not self._is_waiting():
            if self.observed.commands > COMMANDS_LIMIT:
                self._drop(f"the application sent more than {COMMANDS_LIMIT} commands")
                return
            if self._mode is _Mode.CONTENT:
                self._on_content()
            elif not self._on_line():
                break
        if self._is_ended and not self._is_waiting() and self._is_stuck():
            self._is_ended = False
            self._forward(self.held)
            self._wires.end_server()
        if self._unread and self._awaited and not self._awaited.is_own:
            name = self._awaited.verb or "the connection"
            if name not in self.observed.impatient:
                self.observed.impatient.append(name)
            self._pass_ahead()

    def _is_stuck(self) -> bool:
        """Whether the rest of what the application sent is no whole line."""
        return b"\n" not in self._unread or self._mode is not _Mode.COMMAND

    def _pass_ahead(self) -> None:
        """Pass on the whole lines that cannot be read yet, up to STARTTLS."""
        if not self._server_tls.is_done:
            return
        assert self._awaited
        while end := self._unread.find(b"\n", self._ahead) + 1:
            line = bytes(self._unread[self._ahead : end])
            command = CommandLine(line)
            if command.verb == "STARTTLS":
                break  # the tap itself may have to reply
            if not self._logins.learn_early(command, line):
                break
            self._passage.keep(Direction.TO_SERVER, line)
            self._ahead = end

    def _on_line(self) -> bool:
        """Handle the next line; False if it is incomplete or must wait."""
        end = self._unread.find(b"\n") + 1
        if not end:
            if self.held > LINE_LIMIT:
                self._drop(f"the application sends a line of more than {LINE_LIMIT >> 10} KiB")
            return False
        line = bytes(self._unread[:end])
        if self._mode is _Mode.RESPONSE:
            self._mode = _Mode.COMMAND
            self._send(line, "AUTH", self._logins.respond(line.strip()))
            return True
        command = CommandLine(line)
        if self._server_tls.is_undecided and command.verb != "QUIT":
            self._server_tls.begin(line)
        elif command.verb == "STARTTLS":
            return self._on_starttls(end)
        else:
            self._on_command(command, line)
        return True

    def _on_command(self, command: CommandLine, line: bytes) -> None:
        seen = self.observed
        seen.commands += 1
        seen.command_bare_lf |= command.has_bare_lf
        if command.verb == "AUTH":
            self._on_auth(line, command.argument)
            return
        seen.unknown_lines += not command.is_known
        if self._is_sure:
            command.note(seen)
        seen.says_quit |= command.verb == "QUIT"
        if command.verb == "MAIL":
            self._chunks = None
        shown = command.shown(is_sure=self._is_sure)
        self._send(line, command.verb, shown, is_hidden=shown != command.text)
        if command.verb == "BDAT" and not command.is_valid:
            self._is_sure = False
        if command.chunk:
            self._mode = _Mode.CONTENT
            self._chunks = self._chunks or ContentScan(seen)
            self._content = ChunkContent(self._chunks, command.chunk)

    def _on_auth(self, line: bytes, argument: str) -> None:
        if self._logins.count >= LOGINS_LIMIT:
            self._drop(f"the application tried to log in more than {LOGINS_LIMIT} times")
            return
        self._send(line, "AUTH", self._logins.begin(argument))

    def _on_content(self) -> None:
        assert self._content
        piece = self._forward(self._content.size_in(bytes(self._unread)))
        self._content.add(piece)
        if self._content.is_complete:
            self._end_content(self._content)

    def _end_content(self, content: MessageContent | ChunkContent) -> None:
        self._mode = _Mode.COMMAND
        self.observed.size = max(self.observed.size, content.scan.size)
        self._report(Sent(seconds=self._now(), text=content.shown))
        if isinstance(content, MessageContent) and not self._is_answered:
            self._commands.append(_Command("."))
        self._content = None

    def _send(self, line: bytes, verb: str, shown: str, *, is_hidden: bool = False) -> None:
        """Pass a line on to the server, and read no further if its reply decides what comes."""
        self.observed.pipelines |= bool(self._commands)
        command = _Command(verb, is_hidden=is_hidden)
        self._commands.append(command)
        if verb in _AWAITED:
            self._awaited = command
        text = self._secrets.text(shown)[:SHOWN]
        self._report(Sent(seconds=self._now(), text=text))
        self._forward(len(line))

    def _on_starttls(self, end: int) -> bool:
        """Answer the application's STARTTLS; the server's own side has been decided by then."""
        if self._commands:
            return False  # replies that are still to come belong outside TLS
        self.observed.commands += 1
        self._report(Sent(seconds=self._now(), text="STARTTLS"))
        self._passage.remove(Direction.TO_SERVER, self._take(end))
        if not self._may_start_tls:
            self.answer("454 4.7.0 TLS is not available here")
        elif self._unread:
            # RFC 3207, section 6: what was sent unencrypted must not be taken as sent inside TLS.
            self._drop("the application sent commands between STARTTLS and the handshake")
        else:
            self.answer("220 2.0.0 ready to start TLS")
            self.observed.encryption = "starttls"
            self._wires.secure_application()
        return True

    @property
    def _may_start_tls(self) -> bool:
        is_clear = self._offers_tls and self.observed.encryption == "none"
        return is_clear and (self.observed.server_encrypted or self._may_be_clear)

    def _send_own(self, verb: str, text: str) -> None:
        self._commands.append(_Command(verb, is_own=True))
        self._passage.add(Direction.TO_SERVER, f"{text}\r\n".encode())

    # From the server.

    def _on_server_line(self, line: bytes) -> None:
        command = self._commands[0] if self._commands else None
        is_held = command is not None and (command.is_own or command.verb == "EHLO")
        if not is_held:
            self._passage.keep(Direction.TO_APPLICATION, line)
        reply = self._lines.add(line, is_held=is_held)
        if reply is None:
            return
        if command:
            self._commands.popleft()
        self._on_reply(command, *reply)
        self._advance()  # the next line may reply to what has passed ahead

    def _on_reply(self, command: _Command | None, reply: Reply, held: list[bytes]) -> None:
        verb = command.verb if command else ""
        if command and command.is_own:
            self._passage.remove(Direction.TO_APPLICATION, b"".join(held))
            text = f"{reply.code} {self._secrets.reply(reply).text[:SHOWN]}"
            self._server_tls.on_reply(verb, reply, text, has_more=bool(self._from_server))
            return
        if self._awaited is command:
            self._awaited = None
        is_hidden = command is not None and command.is_hidden
        shown = self._secrets.shown_reply(reply, is_hidden=is_hidden)
        shown = Reply(shown.code, tuple(line[:SHOWN] for line in shown.lines))
        self._report(Received(seconds=self._now(), reply=shown))
        if reply.code == 250 and verb in _IN_STEP:
            self._is_sure = True
        match verb:
            case "EHLO":
                self._on_offer(reply, held)
            case "AUTH" if reply.code == 334:
                self._mode = _Mode.RESPONSE
            case "AUTH":
                self._logins.finish()
                self._mode = _Mode.COMMAND
            case "DATA" if reply.code == 354:
                self._mode, self._is_answered = _Mode.CONTENT, False
                self._content = MessageContent(self.observed)
            case "DATA":
                self._is_sure = False
            case _ if command is None:
                self._on_unsolicited(reply)
            case _:
                pass
        if reply.code == 354 and verb != "DATA":
            self._is_sure = False  # the application may send a message now

    def _on_unsolicited(self, reply: Reply) -> None:
        content = self._content
        if isinstance(content, MessageContent):
            # The server gives up on the message, or accepts an end without CRLF.
            self._is_answered = True
            if content.may_have_ended:
                self._end_content(content)
            return
        if reply.code == 334 and self._mode is _Mode.COMMAND:
            self._mode = _Mode.RESPONSE  # the application may send a credential now
        self._note("the server sent this without a command")
        self._unsolicited += 1
        if self._unsolicited > UNSOLICITED_LIMIT:
            self._wires.stop("the server sends replies without a command")

    def _on_offer(self, reply: Reply, held: list[bytes]) -> None:
        seen = self.observed
        if reply.code == 250:
            seen.offer = parse_ehlo(reply)
        may_start, adds = self._may_start_tls, "STARTTLS" in seen.clear_offer
        pass_ehlo_reply(self._passage, reply, held, may_start=may_start, adds=adds)

    # Both.

    def _take(self, size: int) -> bytes:
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def _forward(self, size: int) -> bytes:
        """Take bytes, and pass on those that have not passed ahead."""
        data = self._take(size)
        self._passage.keep(Direction.TO_SERVER, data[self._ahead :])
        self._ahead = max(0, self._ahead - size)
        return data

    def _drop(self, detail: str) -> None:
        """End the session, and pass on nothing more of the application."""
        self._take(self.held)
        self._wires.stop(detail)

    def _note(self, text: str) -> None:
        self._report(DialogueNote(seconds=self._now(), text=text))
