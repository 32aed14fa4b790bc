"""What may stand in a greeting's place, and what the check makes of it (RFC 5321, section 3.1)."""

from __future__ import annotations

import pytest

from tests.smtp.playing import EHLO, GREETING, Scenario, play, play_scenario, scenario
from tests.smtp.steps import close, drip, finish, flood, reset, send, silence, trickle

TIMEOUT = ("greeting", "greeting-timeout")
REFUSED = ("greeting", "greeting-refused")
NOT_SMTP = ("greeting", "not-smtp")
MALFORMED = ("greeting", "reply-malformed")
TOO_LONG = ("greeting", "reply-too-long")
CLOSED = ("greeting", "server-closed")
RESET = ("greeting", "connection-reset")
PASSES = ("ehlo", None)
ANSWER = f"{EHLO}\nS: 250 mail.example.test"

SCENARIOS = [
    scenario("silence", silence, ends=TIMEOUT, timeout=0.2),
    scenario("one byte", send(b"2"), silence, ends=TIMEOUT, timeout=0.2),
    scenario("one byte a moment", drip(b"220 x", 0.02), ends=TIMEOUT, timeout=0.3),
    scenario("a line begun", send(b"220 mail ESM"), silence, ends=TIMEOUT, timeout=0.2),
    scenario("a reply begun", send(b"220-mail\r\n"), silence, ends=TIMEOUT, timeout=0.2),
    scenario("refuses", "S: 554 5.3.2 no service", ends=REFUSED, detail="5.3.2 no service"),
    scenario(
        "refuses and closes",
        "S: 554 5.7.1 blocked",
        finish,
        ends=REFUSED,
        warnings=("quit-unanswered",),
    ),
    scenario("refuses for now", "S: 450 4.3.2 later", ends=REFUSED),
    scenario("too busy", "S: 421 4.3.2 too many", ends=("greeting", "server-busy")),
    scenario("too busy and gone", "S: 421 no", close, ends=("greeting", "server-busy")),
    scenario("another success", "S: 250 hello", ends=("greeting", "reply-unexpected")),
    scenario("go on", "S: 354 go on", ends=("greeting", "reply-unexpected")),
    scenario("closes at once", close, ends=CLOSED),
    scenario("resets at once", reset, ends=RESET),
    scenario("closes in the line", send(b"220 mai"), finish, ends=CLOSED, detail="220 mai"),
    scenario("closes in the reply", send(b"220-mail\r\n"), finish, ends=CLOSED, detail="220-mail"),
    scenario("resets in the line", send(b"220 mai"), reset, ends=RESET),
    scenario("no code at all", "S: hello", ends=NOT_SMTP, detail="hello"),
    scenario("an empty line", "S: ", ends=NOT_SMTP),
    scenario("no code and no line end", send(b"login: "), silence, ends=NOT_SMTP, timeout=0.2),
    scenario("no code and gone", send(b"busy"), finish, ends=NOT_SMTP, detail="busy"),
    scenario("HTTP", "S: HTTP/1.1 400 Bad Request", ends=NOT_SMTP, protocol="HTTP"),
    scenario("HTML", "S: <html>", ends=NOT_SMTP, protocol="HTTP"),
    scenario("SSH", "S: SSH-2.0-OpenSSH_9.9", ends=NOT_SMTP, protocol="SSH"),
    scenario("IMAP", "S: * OK IMAP4rev1 ready", ends=NOT_SMTP, protocol="IMAP"),
    scenario("POP3", "S: +OK POP3 ready", ends=NOT_SMTP, protocol="POP3"),
    scenario("LMTP", "S: 220 mail LMTP ready", ends=NOT_SMTP, protocol="LMTP"),
    scenario("Telnet", send(b"\xff\xfb\x01\xff\xfd\x03"), silence, ends=NOT_SMTP, timeout=0.2),
    scenario("NUL and noise", send(b"\0\1\2\xff\xfe\r\n"), ends=NOT_SMTP, detail="\\xff"),
    scenario("escapes", send(b"\x1b[2J\x1b]0;x\x07\r\n"), ends=NOT_SMTP),
    scenario(
        "a TLS alert",
        send(b"\x15\x03\x03\x00\x02\x02\x0a"),
        finish,
        ends=("greeting", "implicit-tls-expected"),
    ),
    scenario("two digits", "S: 22 mail", ends=NOT_SMTP),
    scenario("four digits", "S: 2200 mail", ends=MALFORMED),
    scenario("no space", "S: 220mail", ends=MALFORMED),
    scenario("mixed codes", "S: 220-one\nS: 250 two", ends=MALFORMED),
    scenario("no code in the second line", "S: 220-one\nS: two", ends=MALFORMED),
    scenario("a megabyte line", flood(b"220 " + b"x" * 65532, 16), silence, ends=TOO_LONG),
    scenario("a megabyte of noise", flood(b"x" * 65536, 16), silence, ends=NOT_SMTP),
    scenario("ten thousand lines", flood(b"220-\r\n" * 1000, 10), silence, ends=TOO_LONG),
    scenario("lines without end", flood(b"220-mail\r\n" * 1000, 10**4), silence, ends=TOO_LONG),
    scenario("byte by byte", trickle(b"220-a\r\n220 ESMTP\r\n"), ANSWER, ends=PASSES),
    scenario("no text", send(b"220\r\n"), ANSWER, ends=PASSES),
    scenario("several lines", "S: 220-a\nS: 220-b\nS: 220 c", ANSWER, ends=PASSES),
    scenario("ESMTP and LMTP", "S: 220 ESMTP, also LMTP", ANSWER, ends=PASSES),
    scenario("bytes", send(b"220 \x1b[31m\0\xff\xe2\x80\xae\r\n"), ANSWER, ends=PASSES),
    scenario("bare LF", send(b"220-a\n220 b\n"), ANSWER, ends=PASSES, warnings=("reply-bare-lf",)),
    scenario(
        "one more reply",
        send(b"220 mail\r\n220 and more\r\n"),
        ANSWER,
        ends=PASSES,
        warnings=("unsolicited-reply",),
    ),
    scenario("421 behind it", send(b"220 a\r\n421 bye\r\n"), ends=("ehlo", "server-busy")),
]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.usefixtures("short_waits")
async def test_greeting(scenario: Scenario) -> None:
    await play_scenario(scenario)


async def test_what_is_no_smtp_is_told_nothing() -> None:
    played = await play(("S: SSH-2.0-OpenSSH_9.9",))
    assert played.server.said == []


async def test_a_refusal_is_answered_by_quit() -> None:
    played = await play(("S: 554 no",))
    assert played.server.said == ["QUIT"]
    assert played.received == ["554 no", "221 2.0.0 bye"]


async def test_after_421_nothing_is_said() -> None:
    assert (await play(("S: 421 no",))).server.said == []


async def test_a_flood_of_strays_is_counted() -> None:
    flood_of_strays = b"220 mail\r\n" + b"250 x\r\n" * 1000
    played = await play((send(flood_of_strays), ANSWER))
    assert played.verdict.ok
    assert played.received.count("250 x") == 8
    assert "and 992 more" in played.notes


async def test_greeting_and_all() -> None:
    played = await play((GREETING, ANSWER))
    assert played.server.said == ["EHLO client.example.test", "QUIT"]
    assert played.received == [
        "220 mail.example.test ESMTP",
        "250 mail.example.test",
        "221 2.0.0 bye",
    ]
    assert played.verdict.warnings == ()
