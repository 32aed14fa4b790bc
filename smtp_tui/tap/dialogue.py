"""The dialogue between an application and the server, line by line and without any I/O.

The lines pass unchanged, but for those that TLS on either side makes differ. After a command whose
reply decides what comes next (EHLO, AUTH, DATA), the tap passes nothing more of the application
until that reply: so it always knows what is a command, a credential or a message, and what it does
not know it hides.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.events import DialogueNote, Received, Sent, Stage
from smtp_tui.smtp.replies import EhloKeywords, Reply, parse_ehlo
from smtp_tui.tap.content import ContentScan, MessageContent
from smtp_tui.tap.credentials import Login, SecretRegistry
from smtp_tui.tap.ehlo_reply import adapted_lines, pass_lines
from smtp_tui.tap.events import Direction, Reported
from smtp_tui.tap.observed import Observed
from smtp_tui.tap.passage import SHOWN, Passage, Wires
from smtp_tui.tap.reply_lines import ReplyLines

# Bytes of a line and of a reply; no server or client needs as many, and the tap keeps them.
LINE_LIMIT = 64 * 1024
REPLY_LIMIT = 64 * 1024
QUOTED = 200  # characters of bytes that are no reply
LOGINS_LIMIT = 64
COMMANDS_LIMIT = 100_000  # a newsletter sends 30,000 messages with as many
# Commands that may wait for their replies, and replies that no command asked for.
OUTSTANDING_LIMIT, UNSOLICITED_LIMIT = 1000, 64

# The commands of RFC 5321 and its extensions, which carry no secret. Any other line is hidden: it
# may be a credential that an application sends although the server refused to hear it.
_SHOWN_VERBS = frozenset(
    {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN"}
    | {"STARTTLS", "ETRN", "HELP", "TURN"}
)
# Their reply decides what comes next (RFC 2920, section 3.1).
_AWAITED = frozenset({"EHLO", "HELO", "AUTH", "DATA"})
_PARAMETER = re.compile(r"\s(SIZE|BODY)=(\S+)", re.IGNORECASE)


class _Mode(Enum):
    COMMAND = auto()
    RESPONSE = auto()
    CONTENT = auto()
    CHUNK = auto()


class _Securing(Enum):
    UNDECIDED = auto()
    RUNNING = auto()
    DONE = auto()


@dataclass
class _Command:
    verb: str
    is_own: bool = False


class Dialogue:
    """One client's dialogue."""

    def __init__(
        self,
        wires: Wires,
        secrets: SecretRegistry,
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
        self._needs_tls = encryption is Encryption.TLS
        may_secure = self._needs_tls or (encryption is Encryption.NONE and starttls_auto)
        self._securing = _Securing.UNDECIDED if may_secure else _Securing.DONE
        self._offers_tls = offers_tls
        self._report = report
        self._now = now
        self._mode = _Mode.COMMAND
        self._commands: deque[_Command] = deque([_Command("")])  # the greeting answers none
        self._awaited: _Command | None = self._commands[0]
        self._from_application = bytearray()
        self._from_server = bytearray()
        self._lines = ReplyLines()
        self._is_ended = False
        self._unsolicited = 0
        self._login: Login | None = None
        self._logins = 0
        self._content: MessageContent | None = None
        self._is_answered = False
        self._chunks: ContentScan | None = None
        self._chunk = 0

    @property
    def held(self) -> int:
        """Bytes of the application that wait for a reply."""
        return len(self._from_application)

    def add_application_bytes(self, data: bytes) -> None:
        """Take bytes that the application sent."""
        self._from_application += data
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
        rest = begun + self._from_server
        if not rest:
            return
        command = self._commands[0] if self._commands else None
        if not (command and command.is_own):
            self._passage.keep(Direction.TO_APPLICATION, held + self._from_server)
        self._from_server.clear()
        self._note(f"the server's last bytes are no reply: {self.excerpt(rest)}")

    def excerpt(self, data: bytes) -> str:
        """Return the start of server data, without secrets."""
        return self._secrets.redactor.excerpt(data, QUOTED).rstrip()

    def server_secured(self) -> None:
        """Go on after the handshake with the server."""
        self.observed.server_encrypted = True
        self._securing = _Securing.DONE
        self._advance()

    # From the application.

    def _is_waiting(self) -> bool:
        is_full = len(self._commands) >= OUTSTANDING_LIMIT
        return is_full or self._awaited is not None or self._securing is _Securing.RUNNING

    def _advance(self) -> None:
        while self._from_application and not self._is_waiting():
            if self.observed.commands > COMMANDS_LIMIT:
                self._from_application.clear()
                self._wires.stop(f"the application sent more than {COMMANDS_LIMIT} commands")
                return
            if self._mode is _Mode.CONTENT:
                self._on_content()
            elif self._mode is _Mode.CHUNK:
                self._on_chunk()
            elif not self._on_line():
                break
        if self._is_ended and not self._is_waiting() and self._is_stuck():
            self._passage.keep(Direction.TO_SERVER, self._take(self.held))
            self._wires.end_server()
            self._is_ended = False
        if self._from_application and self._awaited and not self._awaited.is_own:
            name = self._awaited.verb or "the connection"
            if name not in self.observed.impatient:
                self.observed.impatient.append(name)

    def _is_stuck(self) -> bool:
        """Whether the rest of what the application sent is no whole line."""
        return b"\n" not in self._from_application or self._mode is not _Mode.COMMAND

    def _on_line(self) -> bool:
        """Handle the next line; False if it is incomplete or must wait."""
        end = self._from_application.find(b"\n") + 1
        if not end:
            if self.held > LINE_LIMIT:
                text = f"the application sends a line of more than {LINE_LIMIT >> 10} KiB"
                self._wires.stop(text)
            return False
        if self._mode is _Mode.RESPONSE:
            self._on_response(self._take(end))
            return True
        words = bytes(self._from_application[:end]).split(maxsplit=1)
        verb = words[0].decode("ascii", "replace").upper() if words else ""
        if self._securing is _Securing.UNDECIDED and verb != "QUIT":
            self._ask_for_tls(bytes(self._from_application[:end]))
        elif verb == "STARTTLS":
            return self._on_starttls(end)
        else:
            self._on_command(verb, self._take(end))
        return True

    def _on_command(self, verb: str, line: bytes) -> None:
        seen = self.observed
        seen.commands += 1
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        rest = "".join(text.split(maxsplit=1)[1:]).strip()
        if verb == "AUTH":
            self._on_auth(line, rest)
            return
        match verb:
            case "EHLO" | "HELO":
                seen.greeting_verb, seen.ehlo_name = verb, rest
            case "MAIL":
                self._on_mail(text)
            case "QUIT":
                seen.says_quit = True
            case _:
                pass
        # A server may read a second command after a bare CR.
        is_known = verb in _SHOWN_VERBS and text.isprintable()
        self._send(line, verb, text if is_known else "[not a known command, hidden]")
        if verb == "BDAT":
            size = rest.split(" ")[0]
            self._chunk = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else 0
            if self._chunk:
                self._mode = _Mode.CHUNK
                self._chunks = self._chunks or ContentScan(seen)

    def _on_mail(self, text: str) -> None:
        seen = self.observed
        address = re.search(r"(?i)FROM:\s*(?:<(.*?)>|(\S+))", text)
        seen.sender = (address[1] or address[2] or "") if address else ""
        parameters = {name.upper(): value for name, value in _PARAMETER.findall(text)}
        seen.declares_eight_bit |= parameters.get("BODY", "").upper() in ("8BITMIME", "BINARYMIME")
        size = parameters.get("SIZE", "")
        if size.isascii() and size.isdigit() and len(size) < 19:
            seen.declared_size = int(size)
        self._chunks = None

    def _on_auth(self, line: bytes, rest: str) -> None:
        self._logins += 1
        if self._logins > LOGINS_LIMIT:
            self._wires.stop(f"the application tried to log in more than {LOGINS_LIMIT} times")
            self._from_application.clear()
            return
        name, *others = rest.split(maxsplit=1) or [""]
        initial = "".join(others)
        is_name = re.fullmatch(r"[A-Za-z0-9_-]{1,20}", name) is not None
        self._login = Login(name.upper() if is_name else "", self._secrets)
        self.observed.mechanism = self._login.mechanism
        self.observed.initial_response = bool(initial)
        self._login.learn(initial.strip().encode("utf-8", "surrogateescape"))
        shown = f"AUTH {name if is_name else '[hidden]'}"
        if initial:
            shown += " [initial response hidden]"
        self._send(line, "AUTH", shown)

    def _on_response(self, line: bytes) -> None:
        if self._login:
            self._login.learn(line.strip())
        self._send(line, "AUTH", "*" if line.strip() == b"*" else "[response hidden]")
        self._mode = _Mode.COMMAND

    def _leave_login(self) -> None:
        self._mode = _Mode.COMMAND
        self._login = None

    def _on_content(self) -> None:
        assert self._content
        size, is_end = self._content.size_in(bytes(self._from_application))
        piece = self._take(size)
        self._passage.keep(Direction.TO_SERVER, piece)
        self._content.add(piece)
        if is_end:
            self._end_content()
            if not self._is_answered:
                self._commands.append(_Command("."))

    def _end_content(self) -> None:
        self._mode = _Mode.COMMAND
        if self._content:
            size = self._content.scan.size
            self.observed.size = max(self.observed.size, size)
            self._report(Sent(seconds=self._now(), text=f"[message hidden: {size} bytes]"))
        self._content = None

    def _on_chunk(self) -> None:
        assert self._chunks
        piece = self._take(min(self.held, self._chunk))
        self._passage.keep(Direction.TO_SERVER, piece)
        self._chunks.feed(piece)
        self.observed.size = max(self.observed.size, self._chunks.size)
        self._chunk -= len(piece)
        if not self._chunk:
            self._mode = _Mode.COMMAND
            self._report(Sent(seconds=self._now(), text="[chunk of the message hidden]"))

    def _send(self, line: bytes, verb: str, shown: str) -> None:
        """Pass a line on to the server, and wait for its reply if that decides what comes next."""
        self.observed.pipelines |= bool(self._commands)
        command = _Command(verb)
        self._commands.append(command)
        if verb in _AWAITED:
            self._awaited = command
        text = self._secrets.redactor.text(shown)[:SHOWN]
        self._report(Sent(seconds=self._now(), text=text))
        self._passage.keep(Direction.TO_SERVER, line)

    def _on_starttls(self, end: int) -> bool:
        """Answer the application's STARTTLS; the server's own side has been decided by then."""
        if self._commands:
            return False  # replies that are still to come belong outside TLS
        line = self._take(end)
        self.observed.commands += 1
        self._report(Sent(seconds=self._now(), text="STARTTLS"))
        self._passage.remove(Direction.TO_SERVER, line)
        if not self._offers_tls or self.observed.encryption != "none":
            self.answer("454 4.7.0 TLS is not available here")
        elif self._from_application:
            # RFC 3207, section 6: what was sent unencrypted must not be taken as sent inside TLS.
            self._from_application.clear()
            self._wires.stop("the application sent commands between STARTTLS and the handshake")
        else:
            self.answer("220 2.0.0 ready to start TLS")
            self.observed.encryption = "starttls"
            self._wires.secure_application()
        return True

    def answer(self, text: str) -> None:
        """Send the application a reply of the tap's own."""
        reply = Reply(int(text[:3]), (text[4:].encode(),))
        self._report(Received(seconds=self._now(), reply=reply))
        self._passage.add(Direction.TO_APPLICATION, f"{text}\r\n".encode())

    def _ask_for_tls(self, line: bytes) -> None:
        """Send EHLO with the application's own name, and STARTTLS if the server offers it."""
        self._securing = _Securing.RUNNING
        verb, _, name = line.decode("ascii", "replace").strip().partition(" ")
        is_name = verb.upper() in ("EHLO", "HELO") and re.fullmatch(r"[!-~]{1,255}", name.strip())
        self._send_own("EHLO", f"EHLO {name.strip() if is_name else '[127.0.0.1]'}")

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

    def _on_reply(self, command: _Command | None, reply: Reply, held: list[bytes]) -> None:
        verb = command.verb if command else ""
        if command and command.is_own:
            self._passage.remove(Direction.TO_APPLICATION, b"".join(held))
            self._on_own_reply(verb, reply)
            return
        if self._awaited is command:
            self._awaited = None
        is_challenge = reply.code == 334
        if is_challenge:
            shown = Reply(334, (b"[challenge hidden]",))
        else:
            shown = self._secrets.redactor.reply(reply)
        shown = Reply(shown.code, tuple(line[:SHOWN] for line in shown.lines))
        self._report(Received(seconds=self._now(), reply=shown))
        match verb:
            case "EHLO":
                self._pass_ehlo_reply(reply, held)
            case "AUTH" if is_challenge:
                self._mode = _Mode.RESPONSE
            case "AUTH":
                self._finish_login(reply)
            case "DATA" if reply.code == 354:
                self._mode, self._is_answered = _Mode.CONTENT, False
                self._content = MessageContent(self.observed)
            case _ if command is None and self._mode is _Mode.CONTENT:
                # The server gives up on the message, or accepts an end without CRLF.
                self._is_answered = True
                if self._content and self._content.may_have_ended:
                    self._end_content()
            case _ if command is None:
                self._note("the server sent this without a command")
                self._unsolicited += 1
                if self._unsolicited > UNSOLICITED_LIMIT:
                    self._wires.stop("the server sends replies without a command")
            case _:
                pass

    def _finish_login(self, reply: Reply) -> None:
        if self._login and reply.code == 235:
            self.observed.logged_in = True
        if self._login and self._login.password is not None:
            self.observed.username = self._login.username
            self.observed.password = self._login.password
        self._leave_login()

    def _on_own_reply(self, verb: str, reply: Reply) -> None:
        """Go on with STARTTLS towards the server."""
        shown = f"{reply.code} {self._secrets.redactor.reply(reply).text[:SHOWN]}"
        if verb == "EHLO":
            self.observed.clear_offer = parse_ehlo(reply) if reply.code == 250 else EhloKeywords()
            if reply.code != 250 and self._needs_tls:
                self._wires.stop(f"the server rejects EHLO: {shown}", Stage.EHLO)
            elif "STARTTLS" in self.observed.clear_offer:
                self._send_own("STARTTLS", "STARTTLS")
            elif self._needs_tls:
                text = "the server does not offer STARTTLS, and the settings require it"
                self._wires.stop(text, Stage.TLS)
            else:
                self._note("the server does not offer STARTTLS: its side stays unencrypted")
                self._securing = _Securing.DONE
        elif reply.code != 220:
            self._wires.stop(f"the server rejects STARTTLS: {shown}", Stage.TLS)
        elif self._from_server:
            self._from_server.clear()
            text = "the server sent bytes between STARTTLS and the handshake"
            self._wires.stop(text, Stage.TLS)
        else:
            self._wires.secure_server()

    def _pass_ehlo_reply(self, reply: Reply, held: list[bytes]) -> None:
        """Pass on an EHLO reply with the STARTTLS and AUTH that hold on the application's side."""
        if not held:
            return
        seen = self.observed
        if reply.code == 250:
            seen.offer = parse_ehlo(reply)
        lines = held
        # A line that came before the command has passed already.
        if reply.code == 250 and len(held) == len(reply.lines):
            may_start = self._offers_tls and seen.encryption == "none"
            lines = adapted_lines(
                reply, held, may_start=may_start, adds="STARTTLS" in seen.clear_offer
            )
        pass_lines(self._passage, held, lines)

    # Both.

    def _take(self, size: int) -> bytes:
        data = bytes(self._from_application[:size])
        del self._from_application[:size]
        return data

    def _note(self, text: str) -> None:
        self._report(DialogueNote(seconds=self._now(), text=text))
