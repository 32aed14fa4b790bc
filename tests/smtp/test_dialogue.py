"""What the network's timing makes hard to stage: a connection that behaves exactly as told."""

from __future__ import annotations

import ssl
from typing import Any, cast

import pytest

from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.connection import Connection
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    DialogueNote,
    Event,
    Received,
    Sent,
    Stage,
    WarningId,
)
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.sasl import ClientResponse

RESET = ConnectionResetError(104, "Connection reset by peer")


class Told:
    """A connection that gives out what it was told to, piece by piece."""

    is_encrypted = False
    asked_for_certificate = False

    def __init__(
        self, *received: bytes | OSError, waiting: bytes | OSError = b"", sending: Any = None
    ) -> None:
        self.received = list(received)
        self.waiting = waiting
        self.sending = sending
        self.sent: list[bytes] = []

    async def receive(self) -> bytes:
        return _or_raise(self.received.pop(0)) if self.received else b""

    def waiting_bytes(self) -> bytes:
        waiting, self.waiting = self.waiting, b""
        return _or_raise(waiting)

    async def send(self, data: bytes) -> None:
        if self.sending:
            raise self.sending
        self.sent.append(data)


def _or_raise(told: bytes | OSError) -> bytes:
    if isinstance(told, OSError):
        raise told
    return told


def dialogue(connection: Told, stage: Stage = Stage.EHLO) -> tuple[SMTPClient, list[Event]]:
    """A dialogue over a connection, and its events."""
    events: list[Event] = []
    made = SMTPClient(events.append, Redactor("tim", "s3cret-word"))
    made.set_connection(cast("Connection", connection))
    made.stage = stage
    made.is_usable = True
    return made, events


async def stopped(connection: Told, stage: Stage = Stage.EHLO) -> tuple[CheckAborted, list[Event]]:
    """How saying a command ends, which it must."""
    told, events = dialogue(connection, stage)
    with pytest.raises(CheckAborted) as caught:
        await told.send_and_read("EHLO me")
    assert not told.is_usable
    return caught.value, events


def texts(events: list[Event]) -> list[str]:
    """Replies and remarks in short."""
    short = []
    for event in events:
        match event:
            case Received(reply=reply):
                short.append(f"{reply.code} {reply.text}")
            case DialogueNote(text=text):
                short.append(text)
            case Sent(text=text):
                short.append(f"> {text}")
            case _:
                pass
    return short


async def test_what_came_before_a_command_is_told_first() -> None:
    told, events = dialogue(Told(b"250 yes\r\n", waiting=b"250 stray\r\n"))
    assert (await told.send_and_read("EHLO me")).text == "yes"
    stray = "the server sent this reply unprompted"
    assert texts(events) == ["250 stray", stray, "> EHLO me", "250 yes"]
    assert [event.warning for event in events if isinstance(event, DialogueNote)] == [
        WarningId.UNSOLICITED_REPLY
    ]


async def test_421_unasked_ends_it_before_anything_is_said() -> None:
    connection = Told(waiting=b"421 4.4.2 timed out\r\n")
    stop, _ = await stopped(connection)
    assert stop.reply
    assert (stop.fault, stop.reply.code) == (Cause.REFUSED, 421)
    assert connection.sent == []


async def test_the_last_words_of_a_server_that_broke_off_count() -> None:
    class Late(Told):
        async def send(self, data: bytes) -> None:
            self.waiting = b"421 4.4.2 timed out\r\n"
            raise RESET

    stop, events = await stopped(Late())
    assert stop.reply
    assert stop.reply.code == 421
    assert "421 4.4.2 timed out" in texts(events)


@pytest.mark.parametrize(
    ("connection", "detail"),
    [
        (Told(sending=RESET), "Connection reset by peer"),
        (Told(sending=BrokenPipeError(32, "Broken pipe")), "Broken pipe"),
        (Told(RESET), "Connection reset by peer"),
        (Told(waiting=RESET), "Connection reset by peer"),
        (Told(TimeoutError(110, "Connection timed out")), "Connection timed out"),
    ],
)
async def test_broken_connections(connection: Told, detail: str) -> None:
    stop, _ = await stopped(connection)
    assert (stop.fault, stop.detail) == (Cause.CONNECTION_RESET, detail)


def tls_error(reason: str) -> ssl.SSLError:
    """An error as OpenSSL has it."""
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "asked", "stage", "fault"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", True, Stage.TLS, Cause.CLIENT_CERTIFICATE_REQUIRED),
        ("TLSV1_ALERT_UNKNOWN_CA", True, Stage.TLS, Cause.CLIENT_CERTIFICATE_REQUIRED),
        ("TLSV1_ALERT_UNKNOWN_CA", False, Stage.EHLO, Cause.CONNECTION_RESET),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", True, Stage.TLS, Cause.CLIENT_CERTIFICATE_REQUIRED),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", False, Stage.EHLO, Cause.CONNECTION_RESET),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", True, Stage.EHLO, Cause.CONNECTION_RESET),
    ],
)
@pytest.mark.parametrize("when", ["reading", "before"])
async def test_tls_that_breaks_after_the_handshake(
    reason: str, asked: bool, stage: Stage, fault: Cause, when: str
) -> None:
    error = tls_error(reason)
    connection = Told(error) if when == "reading" else Told(waiting=error)
    connection.asked_for_certificate = asked
    told, _ = dialogue(connection)
    with pytest.raises(CheckAborted) as caught:
        await told.send_and_read("EHLO me")
    assert (caught.value.fault, told.stage) == (fault, stage)


async def test_a_reset_between_starttls_and_the_handshake() -> None:
    told, _ = dialogue(Told(waiting=RESET))
    with pytest.raises(CheckAborted) as caught:
        told.bytes_before_tls()
    assert caught.value.fault is Cause.CONNECTION_RESET


async def test_a_reply_in_pieces() -> None:
    told, events = dialogue(Told(b"25", b"0-a\r", b"\n250 b", b"\r\n"))
    assert (await told.send_and_read("EHLO me")).lines == (b"a", b"b")
    assert texts(events) == ["> EHLO me", "250 a\nb"]


async def test_bare_lf_is_told_once() -> None:
    told, events = dialogue(Told(b"250 a\n", b"250 b\n"))
    await told.send_and_read("EHLO me")
    await told.send_and_read("NOOP")
    assert len([event for event in events if isinstance(event, DialogueNote)]) == 1


async def test_auth_shows_a_description() -> None:
    connection = Told(b"235 ok\r\n")
    told, events = dialogue(connection)
    await told.send_auth("PLAIN", ClientResponse(b"\0tim\0s3cret-word", "[name and password]"))
    assert texts(events)[0] == "> AUTH PLAIN [name and password]"
    assert connection.sent == [b"AUTH PLAIN AHRpbQBzM2NyZXQtd29yZA==\r\n"]


async def test_an_empty_initial_response_is_a_sign() -> None:
    connection = Told(b"235 ok\r\n", b"235 ok\r\n")
    told, _ = dialogue(connection)
    await told.send_auth("EXTERNAL", ClientResponse(b"", "[nothing]", is_secret=False))
    await told.respond(ClientResponse(b"", "[nothing]", is_secret=False))
    assert connection.sent == [b"AUTH EXTERNAL =\r\n", b"\r\n"]
