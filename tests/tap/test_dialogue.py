"""The dialogue without any I/O: what passes, what is hidden, and what is changed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.settings.choices import Encryption
from smtp_tui.smtp.events import Received, Sent, Stage
from smtp_tui.tap.credentials import EARLY_LIMIT, SecretRegistry
from smtp_tui.tap.dialogue import LINE_LIMIT, LOGINS_LIMIT, Dialogue
from smtp_tui.tap.events import Changed, Direction, Reported

SECRET = "hunter2-wonderland"
PLAIN = b64encode(f"\0alice\0{SECRET}".encode())
GREETING = b"220 mail.example ESMTP\r\n"
EHLO = (
    b"250-mail.example\r\n250-PIPELINING\r\n250-AUTH PLAIN SCRAM-SHA-256-PLUS\r\n250 STARTTLS\r\n"
)
INSIDE = b"250-mail.example\r\n250 AUTH PLAIN\r\n"


@dataclass
class Ends:
    """Both ends of a dialogue, and what each of them got."""

    encryption: Encryption = Encryption.NONE
    starttls_auto: bool = False
    offers_tls: bool = True
    to_server_bytes: bytearray = field(default_factory=bytearray)
    to_application_bytes: bytearray = field(default_factory=bytearray)
    events: list[Reported] = field(default_factory=list)
    stopped: tuple[str, Stage | None] | None = None
    secured: list[str] = field(default_factory=list)
    server_ended: bool = False

    def __post_init__(self) -> None:
        self.dialogue = Dialogue(
            self,
            SecretRegistry("mail.example").dialogue(),
            encryption=self.encryption,
            starttls_auto=self.starttls_auto,
            offers_tls=self.offers_tls,
            report=self.events.append,
            now=lambda: 0.0,
        )

    def to_server(self, data: bytes) -> None:
        self.to_server_bytes += data

    def to_application(self, data: bytes) -> None:
        self.to_application_bytes += data

    def secure_server(self) -> None:
        self.secured.append("server")

    def secure_application(self) -> None:
        self.secured.append("application")

    def end_server(self) -> None:
        self.server_ended = True

    def stop(self, detail: str, stage: Stage | None = None) -> None:
        self.stopped = self.stopped or (detail, stage)

    def client(self, data: bytes) -> bytes:
        """Send as the application, and return what reaches the server."""
        before = len(self.to_server_bytes)
        self.dialogue.add_application_bytes(data)
        return bytes(self.to_server_bytes[before:])

    def server(self, data: bytes) -> bytes:
        """Send as the server, and return what reaches the application."""
        before = len(self.to_application_bytes)
        self.dialogue.add_server_bytes(data)
        return bytes(self.to_application_bytes[before:])

    @property
    def shown(self) -> str:
        """Everything that is reported."""
        return "\n".join(
            event.reply.text if isinstance(event, Received) else getattr(event, "text", "")
            for event in self.events
        )


def greeted(**more: Any) -> Ends:
    ends = Ends(**more)
    assert ends.server(GREETING) == GREETING
    return ends


def said_hello(**more: Any) -> Ends:
    ends = greeted(**more)
    assert ends.client(b"EHLO app.example\r\n") == b"EHLO app.example\r\n"
    ends.server(INSIDE)
    return ends


def test_a_command_before_the_greeting_passes_at_once_and_is_shown_later() -> None:
    ends = Ends()
    assert ends.client(b"EHLO early\r\nNOO") == b"EHLO early\r\n"
    assert "EHLO" not in ends.shown
    assert ends.server(GREETING) == GREETING
    assert "EHLO early" in ends.shown
    assert ends.to_server_bytes == b"EHLO early\r\n"
    assert ends.dialogue.observed.impatient == ["the connection", "EHLO"]


def test_nothing_passes_before_the_tls_that_the_settings_require() -> None:
    ends = Ends(encryption=Encryption.TLS)
    assert ends.client(b"EHLO early\r\nAUTH PLAIN " + PLAIN + b"\r\n") == b""
    ends.server(GREETING)
    assert ends.to_server_bytes == b"EHLO early\r\n"
    ends.server(EHLO)
    assert ends.to_server_bytes == b"EHLO early\r\nSTARTTLS\r\n"


@pytest.mark.parametrize("verb", [b"EHLO a.example", b"HELO a", b"AUTH LOGIN", b"DATA"])
def test_what_an_application_pipelines_passes_at_once(verb: bytes) -> None:
    """The server must see it, and may reject it, as without the tap."""
    ends = greeted()
    data = verb + b"\r\n" + CONTENT
    assert ends.client(data) == data
    assert ends.dialogue.observed.impatient == [verb.split()[0].decode()]


def test_starttls_waits_even_behind_a_command_without_its_reply() -> None:
    ends = greeted()
    assert ends.client(b"EHLO a\r\nNOOP\r\nSTARTTLS\r\n") == b"EHLO a\r\nNOOP\r\n"
    ends.server(EHLO + b"250 ok\r\n")
    assert b"STARTTLS" not in ends.to_server_bytes
    assert ends.to_application_bytes.endswith(b"220 2.0.0 ready to start TLS\r\n")


def test_replies_that_come_together_are_read_in_order() -> None:
    ends = Ends()
    ends.client(b"EHLO a\r\nAUTH PLAIN " + PLAIN + b"\r\nDATA\r\n" + CONTENT + b"QUIT\r\n")
    replies = GREETING + INSIDE + b"235 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n"
    assert ends.server(replies) == replies
    assert SECRET not in ends.shown
    assert ends.dialogue.observed.password == SECRET
    assert f"[message hidden: {len(CONTENT)} bytes]" in ends.shown
    assert ends.dialogue.observed.says_quit
    assert "without a command" not in ends.shown


def test_a_mechanism_bound_to_the_connection_is_taken_out() -> None:
    ends = greeted()
    ends.client(b"EHLO app.example\r\n")
    expected = EHLO.replace(b" SCRAM-SHA-256-PLUS", b"")
    assert ends.server(EHLO) == expected
    changes = [event for event in ends.events if isinstance(event, Changed)]
    assert [(one.is_added, one.text) for one in changes] == [
        (False, "250-AUTH PLAIN SCRAM-SHA-256-PLUS"),
        (True, "250-AUTH PLAIN"),
    ]
    assert changes[0].offset == len(GREETING) + EHLO.index(b"250-AUTH")


def test_starttls_towards_the_server_has_the_applications_name() -> None:
    ends = greeted(encryption=Encryption.TLS)
    assert ends.client(b"EHLO app.example\r\n") == b"EHLO app.example\r\n"
    assert ends.server(EHLO) == b""
    assert ends.to_server_bytes.endswith(b"STARTTLS\r\n")
    assert ends.server(b"220 go\r\n") == b""
    assert ends.secured == ["server"]
    ends.dialogue.server_secured()
    assert ends.to_server_bytes == b"EHLO app.example\r\nSTARTTLS\r\nEHLO app.example\r\n"
    # The application sees the STARTTLS that the server offers outside TLS.
    assert ends.server(INSIDE) == INSIDE.replace(b"250 ", b"250-STARTTLS\r\n250 ")
    assert ends.client(b"STARTTLS\r\n") == b""
    assert ends.to_application_bytes.endswith(b"220 2.0.0 ready to start TLS\r\n")
    assert ends.secured == ["server", "application"]
    assert ends.client(b"EHLO app.example\r\n") == b"EHLO app.example\r\n"
    assert ends.server(INSIDE) == INSIDE


@pytest.mark.parametrize(
    ("replies", "stage"),
    [
        ([INSIDE], Stage.TLS),
        ([b"554 no\r\n"], Stage.EHLO),
        ([EHLO, b"454 not now\r\n"], Stage.TLS),
        ([EHLO, b"220 go\r\n250 injected\r\n"], Stage.TLS),
    ],
)
def test_no_command_passes_without_the_tls_that_the_settings_require(
    replies: list[bytes], stage: Stage
) -> None:
    ends = greeted(encryption=Encryption.TLS)
    ends.client(b"AUTH PLAIN " + PLAIN + b"\r\n")
    for reply in replies:
        ends.server(reply)
    assert ends.stopped
    assert ends.stopped[1] is stage
    assert b"AUTH" not in ends.to_server_bytes
    assert SECRET not in ends.shown


def test_commands_between_starttls_and_the_handshake_are_refused() -> None:
    ends = greeted()
    ends.client(b"EHLO app.example\r\n")
    ends.server(EHLO)
    ends.client(b"STARTTLS\r\nMAIL FROM:<a@b.example>\r\n")
    assert ends.stopped
    assert ends.secured == []
    assert b"MAIL" not in ends.to_server_bytes


def test_no_starttls_without_a_certificate() -> None:
    ends = greeted(offers_tls=False)
    ends.client(b"EHLO app.example\r\n")
    assert b"STARTTLS" not in ends.server(EHLO)
    ends.client(b"STARTTLS\r\n")
    assert ends.to_application_bytes.endswith(b"454 4.7.0 TLS is not available here\r\n")


LOGIN = [b"AUTH LOGIN\r\n", b64encode(b"alice") + b"\r\n", b64encode(SECRET.encode()) + b"\r\n"]
TOKEN = b64encode(f"user=alice\1auth=Bearer {SECRET}\1\1".encode())
EXCHANGES = {
    "plain": [b"AUTH PLAIN " + PLAIN + b"\r\n"],
    "plain after a challenge": [b"AUTH PLAIN\r\n", PLAIN + b"\r\n"],
    "login": LOGIN,
    "a token": [b"AUTH XOAUTH2 " + TOKEN + b"\r\n"],
    "lower case": [b"auth plain " + PLAIN + b"\r\n"],
    "tabs": [b"AUTH\tPLAIN\t" + PLAIN + b"\r\n"],
    "a space before": [b" AUTH PLAIN " + PLAIN + b"\r\n"],
    "no base64": [b"AUTH PLAIN " + SECRET.encode() + b"\r\n"],
    "an unknown mechanism": [b"AUTH X-" + SECRET.encode() + b"-Y-too-long-for-a-name\r\n"],
}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("final", [b"235 ok\r\n", b"535 no\r\n"])
@pytest.mark.parametrize("name", EXCHANGES)
def test_credentials_are_hidden_and_pass_unchanged(name: str, final: bytes, together: bool) -> None:
    ends = said_hello()
    lines = EXCHANGES[name]
    for line in [b"".join(lines)] if together else lines:
        ends.client(line)
    for _ in lines[1:]:
        if not together:
            break
        ends.server(b"334 VXNlcm5hbWU6\r\n")
    if not together:
        # Once more in lockstep, as the lines above waited for their challenges.
        for _ in lines[1:]:
            ends.server(b"334 VXNlcm5hbWU6\r\n")
    ends.server(final)
    assert ends.to_server_bytes.endswith(b"".join(lines))
    echo = b"250 you said " + b"".join(lines[-1:]).strip() + b" that is " + SECRET.encode()
    ends.client(b"NOOP\r\n")
    ends.server(echo + b"\r\n")
    for form in (SECRET, PLAIN.decode(), b64encode(SECRET.encode()).decode().rstrip("=")):
        if name != "an unknown mechanism":
            assert form not in ends.shown
    sent = [event.text for event in ends.events if isinstance(event, Sent)]
    assert all(SECRET not in text for text in sent)


def test_what_follows_a_rejected_mechanism_stays_hidden() -> None:
    ends = said_hello()
    for line in LOGIN:
        ends.client(line)
    for _ in LOGIN:
        ends.server(b"504 no such mechanism\r\n")
    assert ends.to_server_bytes.endswith(b"".join(LOGIN))
    for line in LOGIN[1:]:
        assert line.strip().decode() not in ends.shown


def test_a_second_command_after_a_bare_cr_is_hidden() -> None:
    ends = said_hello()
    ends.client(b"NOOP\rAUTH PLAIN " + PLAIN + b"\r\n")
    assert PLAIN.decode() not in ends.shown


def test_a_challenge_is_hidden_wherever_it_comes() -> None:
    ends = said_hello()
    ends.server(b"334 " + b64encode(SECRET.encode()) + b"\r\n")
    ends.client(b"NOOP\r\n")
    ends.server(b"334 " + b64encode(SECRET.encode()) + b"\r\n")
    assert "[challenge hidden]" in ends.shown
    assert b64encode(SECRET.encode()).decode() not in ends.shown


def test_too_many_logins_end_the_session() -> None:
    ends = said_hello()
    for _ in range(LOGINS_LIMIT + 1):
        ends.client(b"AUTH PLAIN " + PLAIN + b"\r\n")
        ends.server(b"535 no\r\n")
    assert ends.stopped
    assert ends.to_server_bytes.count(b"AUTH") == LOGINS_LIMIT


@pytest.mark.parametrize("reply", [b"501 no " + LOGIN[-1], b"535 " + SECRET.encode() + b"\r\n"])
def test_a_server_that_repeats_a_credential_sent_too_early(reply: bytes) -> None:
    """It comes before the reply that says what it is."""
    ends = said_hello()
    ends.client(b"".join(LOGIN))
    ends.server(reply)
    assert SECRET not in ends.shown
    assert LOGIN[-1].strip().decode() not in ends.shown


@pytest.mark.parametrize("lines", [[b"AUTH PLAIN " + PLAIN + b"\r\n"], LOGIN])
@pytest.mark.parametrize("first", [b"EHLO a.example\r\n", b"DATA\r\n", b"HELO a\r\n"])
def test_a_credential_before_the_reply_to_an_earlier_command(
    first: bytes, lines: list[bytes]
) -> None:
    ends = greeted()
    data = first + b"".join(lines)
    assert ends.client(data) == data
    ends.server(b"250-you said " + SECRET.encode() + b"\r\n250 " + lines[-1])
    assert SECRET not in ends.shown
    assert lines[-1].split()[-1].decode() not in ends.shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"AUTH hunter2\r\n", "AUTH [hidden]"),
        (b"AUTH " + PLAIN + b" PLAIN\r\n", "AUTH [hidden] [initial response hidden]"),
        (b"AUTH SCRAM-SHA-256-PLUS eA==\r\n", "AUTH [hidden] [initial response hidden]"),
        (b"auth gssapi\r\n", "auth gssapi"),
    ],
)
def test_only_the_name_of_a_mechanism_is_shown(line: bytes, shown: str) -> None:
    ends = said_hello()
    ends.client(line)
    assert ends.shown.split("\n")[-1].casefold() == shown.casefold()


def test_a_credential_after_a_challenge_that_no_command_asked_for() -> None:
    ends = said_hello()
    ends.server(b"334 \r\n")
    assert ends.client(b"QUIT\r\n") == b"QUIT\r\n"
    ends.server(b"500 what is QUIT\r\n")
    assert "[response hidden]" in ends.shown


def test_a_digest_that_the_server_cuts_off_is_hidden() -> None:
    ends = said_hello()
    digest = "5f1ca0d9a1b2c3d4e5f60718293a4b5c"
    ends.client(b"AUTH CRAM-MD5\r\n")
    ends.server(b"334 PDE+\r\n")
    ends.client(b64encode(f"alice {digest}".encode()) + b"\r\n")
    ends.server(b"535 not " + digest[:20].encode() + b"\r\n")
    assert digest[:10] not in ends.shown


HIDDEN_LINES = {
    "NOOP my private words": "NOOP [hidden]",
    "Help is private": "HELP [hidden]",
    "data is private": "DATA [hidden]",
    "MAIL private": "MAIL [hidden]",
    "BDAT private": "BDAT [hidden]",
    "private": "[not a known command, hidden]",
    "VRFY private": "VRFY [hidden]",
}


@pytest.mark.parametrize("line", HIDDEN_LINES)
def test_a_line_that_breaks_the_grammar_is_hidden(line: str) -> None:
    ends = said_hello()
    data = line.encode() + b"\r\n"
    assert ends.client(data) == data
    assert ends.shown.split("\n")[-1] == HIDDEN_LINES[line]


@pytest.mark.parametrize(
    ("command", "reply"),
    [(b"DATA\r\n", b"554 no valid recipients\r\n"), (b"DATA\r\n", b"250 ok\r\n"),
     (b"MAIL FROM:<a@b>\r\n", b"354 go\r\n"), (b"BDAT 7x\r\n", b"501 no\r\n")],
)  # fmt: skip
def test_a_message_that_the_server_does_not_accept_is_hidden(command: bytes, reply: bytes) -> None:
    ends = said_hello()
    ends.client(command)
    ends.server(reply)
    message = b"HELO private\r\nMail from: private\r\nRSET\r\n"
    assert ends.client(message) == message
    ends.server(b"500 what\r\n")  # HELO decides what comes next
    assert "private" not in ends.shown
    assert ends.dialogue.observed.ehlo_name == "app.example"
    assert ends.dialogue.observed.sender in (None, "a@b")
    ends.server(b"500 what\r\n250 ok\r\n")
    ends.client(b"MAIL FROM:<c@d.example>\r\n")
    assert "MAIL FROM:<c@d.example>" in ends.shown  # in step again after RSET


@pytest.mark.parametrize(
    "line",
    ["MAIL FROM:<My App <a@b.example>>", "RCPT TO:bob", "EHLO my host", "EHLO", "MAIL FROM:"],
)
def test_what_an_application_gets_wrong_is_shown_with_its_reply(line: str) -> None:
    ends = said_hello()
    ends.client(line.encode() + b"\r\n")
    ends.server(b"501 5.1.7 Bad syntax\r\n")
    assert ends.shown.endswith(f"{line}\n5.1.7 Bad syntax")


def test_a_line_of_many_brackets_takes_no_time() -> None:
    ends = said_hello()
    ends.client(b"MAIL FROM:<" + b" a=>" * 10_000 + b" !\r\n")
    assert ends.dialogue.observed.sender == " a="


CONTENT = b"Subject: private\r\n\r\n..dot\r\nQUIT\r\n.\r\n"


def test_a_message_is_hidden_with_its_size() -> None:
    ends = said_hello()
    ends.client(b"MAIL FROM:<a@b.example> SIZE=7 BODY=8BITMIME\r\n")
    ends.server(b"250 ok\r\n")
    ends.client(b"DATA\r\n" + CONTENT)
    assert ends.to_server_bytes.endswith(CONTENT)
    ends.server(b"354 go\r\n")
    assert ends.to_server_bytes.endswith(b"DATA\r\n" + CONTENT)
    ends.server(b"250 queued\r\n")
    assert f"[message hidden: {len(CONTENT)} bytes]" in ends.shown
    assert "private" not in ends.shown
    seen = ends.dialogue.observed
    assert (seen.sender, seen.declared_size, seen.declares_eight_bit) == ("a@b.example", 7, True)
    assert not seen.says_quit
    assert seen.impatient == ["DATA"]
    assert ends.client(b"QUIT\r\n") == b"QUIT\r\n"
    assert seen.says_quit


def test_a_rejected_data_command_has_no_message() -> None:
    ends = said_hello()
    ends.client(b"DATA\r\nSubject: private\r\nQUIT\r\n")
    ends.server(b"503 no\r\n")
    assert "private" not in ends.shown
    assert ends.dialogue.observed.says_quit


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n"])
def test_an_end_that_the_server_accepts_ends_the_message(end: bytes) -> None:
    ends = said_hello()
    ends.client(b"DATA\r\n")
    ends.server(b"354 go\r\n")
    ends.client(b"private" + end)
    ends.server(b"250 queued\r\n")
    ends.client(b"QUIT\r\n")
    assert ends.dialogue.observed.says_quit
    assert ends.dialogue.observed.bare_lf


def test_chunks_are_hidden() -> None:
    ends = said_hello()
    ends.client(b"BDAT 9\r\nprivate\r\nBDAT 6 LAST\r\nQUIT\r\nQUIT\r\n")
    assert ends.to_server_bytes.endswith(b"QUIT\r\nQUIT\r\n")
    assert "private" not in ends.shown
    sent = [event.text for event in ends.events if isinstance(event, Sent)]
    assert sent.count("QUIT") == 1
    assert ends.dialogue.observed.size == 15


@pytest.mark.parametrize("data", [b"x" * (LINE_LIMIT + 1), b"AUTH PLAIN " + b"A" * LINE_LIMIT])
def test_a_line_without_an_end_is_bounded(data: bytes) -> None:
    ends = said_hello()
    ends.client(data)
    assert ends.stopped
    assert b"A" * 50 not in ends.to_server_bytes


@pytest.mark.parametrize("data", [b"2" * LINE_LIMIT * 2, b"250-more\r\n" * LINE_LIMIT])
def test_a_reply_without_an_end_is_bounded(data: bytes) -> None:
    ends = said_hello()
    ends.client(b"EHLO again\r\n")
    ends.server(data)
    assert ends.stopped


def test_last_bytes_pass_on_both_sides() -> None:
    ends = said_hello()
    ends.client(b"NOOP\r\nQU")
    ends.dialogue.end_application()
    assert ends.to_server_bytes.endswith(b"NOOP\r\nQU")
    assert ends.server_ended
    ends.server(b"250 ok\r\n221-by")
    ends.dialogue.end_server()
    assert ends.to_application_bytes.endswith(b"250 ok\r\n221-by")


def test_commands_that_wait_pass_after_the_application_has_ended() -> None:
    ends = greeted()
    ends.client(b"EHLO a.example\r\nNOOP\r\nQUIT\r\n")
    ends.dialogue.end_application()
    assert not ends.server_ended
    ends.server(INSIDE)
    assert ends.to_server_bytes.endswith(b"NOOP\r\nQUIT\r\n")
    assert ends.server_ended


def test_controls_and_long_texts_are_bounded() -> None:
    ends = said_hello()
    ends.client(b"RCPT TO:<" + b"x" * 10_000 + b"@b.example>\r\n")
    ends.server(b"550 " + b"y" * 10_000 + b"\r\n")
    assert max(map(len, ends.shown.split("\n"))) <= 2000


SCRIPT = (
    b"EHLO app.example\r\n",
    b"AUTH LOGIN\r\n",
    b64encode(b"alice") + b"\r\n",
    b64encode(SECRET.encode()) + b"\r\n",
    b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n",
    CONTENT,
    b"RSET\r\nNOOP\r\nQUIT\r\n",
)
REPLIES = {
    b"EHLO": EHLO,
    b"AUTH": b"334 VXNlcm5hbWU6\r\n",
    b"DATA": b"354 go\r\n",
}


class ScriptedServer:
    """Replies to complete lines, as far as they have come."""

    def __init__(self) -> None:
        self.buffer = b""
        self.state = "command"

    def reply(self, data: bytes) -> bytes:
        self.buffer += data
        out = b""
        while True:
            mark = b"\r\n.\r\n" if self.state == "content" else b"\r\n"
            line, found, rest = self.buffer.partition(mark)
            if not found:
                return out
            self.buffer = rest
            verb = line[:4].upper()
            match self.state:
                case "content":
                    self.state, answer = "command", b"250 queued\r\n"
                case "username":
                    self.state, answer = "password", b"334 UGFzc3dvcmQ6\r\n"
                case "password":
                    self.state, answer = "command", b"235 ok\r\n"
                case _:
                    answer = REPLIES.get(verb, b"250 ok\r\n")
                    self.state = {b"AUTH": "username", b"DATA": "content"}.get(verb, "command")
            out += answer


@given(sizes=st.lists(st.integers(1, 40), min_size=1), in_step=st.booleans())
def test_the_bytes_are_equal_however_they_are_cut(sizes: list[int], in_step: bool) -> None:
    ends, server = Ends(), ScriptedServer()
    cuts = iter(sizes * 400)
    from_server = bytearray()
    pending = bytearray(GREETING)
    done = 0

    def answer() -> None:
        nonlocal done, pending
        while True:
            pending += server.reply(bytes(ends.to_server_bytes[done:]))
            done = len(ends.to_server_bytes)
            if not pending:
                return
            piece = bytes(pending[: next(cuts)])
            del pending[: len(piece)]
            from_server.extend(piece)
            ends.server(piece)

    whole = b"".join(SCRIPT)
    for part in SCRIPT if in_step else [whole]:
        rest = part
        while rest:
            size = next(cuts)
            ends.client(rest[:size])
            rest = rest[size:]
            if in_step:
                answer()
        answer()
    assert bytes(ends.to_server_bytes) == whole
    changes = [event for event in ends.events if isinstance(event, Changed)]
    assert {one.direction for one in changes} == {Direction.TO_APPLICATION}
    assert restored(bytes(ends.to_application_bytes), changes) == bytes(from_server)
    assert SECRET not in ends.shown
    assert "private" not in ends.shown
    assert ends.dialogue.observed.password == SECRET
    assert ends.dialogue.observed.says_quit


def restored(passed: bytes, changes: list[Changed]) -> bytes:
    """Undo the changes of one direction, by their offsets."""
    for change in sorted((one for one in changes if one.is_added), key=lambda one: -one.offset):
        passed = passed[: change.offset] + passed[change.offset + change.size :]
    for change in sorted((one for one in changes if not one.is_added), key=lambda one: one.offset):
        line = change.text.replace("\n", "\r\n").encode() + b"\r\n"
        passed = passed[: change.offset] + line + passed[change.offset :]
    return passed


def test_many_lines_behind_auth_wait_for_its_reply() -> None:
    """Each may be a credential, and to learn one takes time."""
    ends = said_hello()
    passed = ends.client(b"AUTH LOGIN\r\n" + b"x\r\n" * 1000)
    assert passed == b"AUTH LOGIN\r\n" + b"x\r\n" * EARLY_LIMIT
    ends.server(b"503 no\r\n")
    assert ends.to_server_bytes.endswith(b"x\r\n" * 1000)


def test_a_short_password_stays_hidden_after_another_login() -> None:
    """It may occur by chance, so it is hidden only in its own dialogue, but there to the end."""
    ends = said_hello()
    for password in ("short1", "another-password"):
        ends.client(b"AUTH PLAIN " + b64encode(f"\0alice\0{password}".encode()) + b"\r\n")
        ends.server(b"535 no\r\n")
    ends.client(b"NOOP\r\n")
    ends.server(b"250 you said short1 before\r\n")
    assert "short1" not in ends.shown


def test_nothing_passes_before_implicit_tls_with_the_server() -> None:
    ends = Ends(encryption=Encryption.SSL)
    assert ends.client(b"EHLO early\r\nAUTH PLAIN " + PLAIN + b"\r\n") == b""
    ends.dialogue.server_secured()
    assert ends.to_server_bytes.startswith(b"EHLO early\r\n")


@pytest.mark.parametrize("line", [b"private words", LOGIN[-1].strip(), b"VRFY private", b"HELP me"])
def test_a_server_that_repeats_a_line_it_does_not_know(line: bytes) -> None:
    """Sendmail does; the line may be a credential, or part of a message."""
    ends = said_hello()
    ends.client(line + b"\r\n")
    reply = b'500 5.5.1 Command unrecognized: "' + line + b'"\r\n'
    assert ends.server(reply) == reply
    assert line.split()[-1].decode() not in ends.shown.replace("HELP [hidden]", "")
    ends.client(b"NOOP\r\n")
    ends.server(b"250 fine\r\n")
    assert "5.5.1 [reply to a hidden line, hidden]" in ends.shown
    assert ends.shown.endswith("fine")


@pytest.mark.parametrize("last", [b"500 unrecognized: private", b"334 cHJpdmF0ZQ"])
def test_the_last_bytes_of_a_server_may_repeat_a_hidden_line(last: bytes) -> None:
    ends = said_hello()
    ends.client(b"private\r\n")
    ends.server(last)
    ends.dialogue.end_server()
    assert ends.to_application_bytes.endswith(last)
    assert "private" not in ends.shown
    assert "cHJpdmF0ZQ" not in ends.shown
