"""What may follow a command: EHLO and QUIT, and the stream of replies as such (RFC 5321)."""

from __future__ import annotations

import pytest

from smtp_tui.smtp import client
from tests.smtp.playing import EHLO, GREETING, OPEN, Scenario, play, play_scenario, scenario
from tests.smtp.steps import close, drip, finish, flood, reset, send, silence, trickle

BEGUN = f"{GREETING}\n{EHLO}"
GOOD = f"{BEGUN}\nS: 250 mail.example.test"
BUSY = ("ehlo", "server-busy")
REFUSED = ("ehlo", "ehlo-refused")
UNEXPECTED = ("ehlo", "reply-unexpected")
MALFORMED = ("ehlo", "reply-malformed")
TOO_LONG = ("ehlo", "reply-too-long")
TIMEOUT = ("ehlo", "reply-timeout")
CLOSED = ("ehlo", "server-closed")
RESET = ("ehlo", "connection-reset")
PASSES = ("ehlo", None)
HELO = "C: HELO client.example.test"
BY_HELO = ("helo-fallback",)
STRAY = ("unsolicited-reply",)
UNANSWERED = ("quit-unanswered",)

EHLO_SCENARIOS = [
    scenario("421", BEGUN, "S: 421 4.3.2 bye", ends=BUSY, detail="4.3.2 bye"),
    scenario("421 and closes", BEGUN, "S: 421 bye", close, ends=BUSY),
    scenario("421 and resets", BEGUN, "S: 421 bye", reset, ends=BUSY),
    scenario("refused", BEGUN, "S: 550 who are you", ends=REFUSED),
    scenario("refused for now", BEGUN, "S: 451 wait", ends=REFUSED),
    scenario("its name refused", BEGUN, "S: 501 5.5.4 invalid name", ends=REFUSED),
    scenario("go on", BEGUN, "S: 354 go on", ends=UNEXPECTED),
    scenario("another success", BEGUN, "S: 220 hello", ends=UNEXPECTED),
    scenario("closes", BEGUN, close, ends=CLOSED),
    scenario("finishes", BEGUN, finish, ends=CLOSED),
    scenario("resets", BEGUN, reset, ends=RESET),
    scenario("silence", BEGUN, silence, ends=TIMEOUT, timeout=0.3),
    scenario("a byte a moment", BEGUN, drip(b"250-x", 0.02), ends=TIMEOUT, timeout=0.3),
    scenario("closes in it", BEGUN, send(b"250-a\r\n250-SI"), finish, ends=CLOSED, detail="250-SI"),
    scenario("resets in it", BEGUN, send(b"250-a\r\n250-SI"), reset, ends=RESET),
    scenario("garbage", BEGUN, send(b"\x1b]0;x\x07\0 2x0\r\n"), ends=MALFORMED, detail="\\x1b"),
    scenario("garbage in it", BEGUN, "S: 250-a\nS: oops\nS: 250 b", ends=MALFORMED, detail="oops"),
    scenario("HTML", BEGUN, "S: <html>\nS: <body>\nS: </html>", ends=MALFORMED),
    scenario("mixed codes", BEGUN, "S: 250-a\nS: 550 b", ends=MALFORMED),
    scenario("one line of a megabyte", BEGUN, flood(b"2" * 65536, 16), silence, ends=TOO_LONG),
    scenario("ten thousand lines", BEGUN, flood(b"250-\r\n" * 1000, 10), silence, ends=TOO_LONG),
    scenario("lines without end", BEGUN, flood(b"250-x\r\n" * 999, 9999), silence, ends=TOO_LONG),
    scenario("byte by byte", BEGUN, trickle(b"250-a\r\n250 SIZE\r\n"), ends=PASSES),
    scenario("no text", BEGUN, "S: 250-\nS: 250", ends=PASSES),
    scenario("bare LF", BEGUN, send(b"250 x\n"), ends=PASSES, warnings=("reply-bare-lf",)),
    scenario("not known", BEGUN, f"S: 502 what\n{HELO}\nS: 250 a", ends=PASSES, warnings=BY_HELO),
    scenario("unknown", BEGUN, f"S: 500 what\n{HELO}\nS: 250 a", ends=PASSES, warnings=BY_HELO),
    scenario("nor HELO", BEGUN, f"S: 500 what\n{HELO}\nS: 550 a", ends=REFUSED, warnings=BY_HELO),
    scenario(
        "not known, and STARTTLS wanted",
        BEGUN,
        f"S: 500 what\n{HELO}\nS: 250 a",
        ends=("tls", "starttls-not-offered"),
        warnings=BY_HELO,
        encryption="tls",
    ),
    scenario(
        "AUTH unused", OPEN, "S: 250 AUTH PLAIN", ends=PASSES, warnings=("auth-offered-unused",)
    ),
    scenario("STARTTLS unused", OPEN, "S: 250 STARTTLS", ends=PASSES),
]

QUIT_SCENARIOS = [
    scenario("silence", GOOD, "C: QUIT", silence, ends=PASSES, warnings=UNANSWERED),
    scenario("closes", GOOD, "C: QUIT", close, ends=PASSES, warnings=UNANSWERED),
    scenario("resets", GOOD, "C: QUIT", reset, ends=PASSES, warnings=UNANSWERED),
    scenario("421", GOOD, "C: QUIT\nS: 421 bye", ends=PASSES),
    scenario("another success", GOOD, "C: QUIT\nS: 250 bye", finish, ends=PASSES),
    scenario("another success, and stays", GOOD, "C: QUIT\nS: 250 bye", silence, ends=PASSES),
    scenario("not known", GOOD, "C: QUIT\nS: 502 what", finish, ends=PASSES),
    scenario("garbage", GOOD, "C: QUIT\nS: bye", ends=PASSES),
    scenario("a stray before it", GOOD, "S: 250 x", ends=PASSES, warnings=STRAY),
    scenario("a stray with it", GOOD, "C: QUIT\nS: 250 x\nS: 221 b", ends=PASSES, warnings=STRAY),
    scenario("421 before it", GOOD, "S: 421 idle", ends=PASSES),
    scenario("garbage before it", GOOD, "S: oops", ends=PASSES),
    scenario("strays", GOOD, "C: QUIT", send(b"250 x\r\n" * 50), ends=PASSES, warnings=STRAY),
    scenario("late", BEGUN, "C: QUIT\nS: 250 late\nS: 221 bye", ends=TIMEOUT, timeout=0.2),
    scenario("after garbage", BEGUN, "S: 250-a\nS: oops\nC: QUIT\nS: 221 bye", ends=MALFORMED),
]


@pytest.mark.parametrize("scenario", EHLO_SCENARIOS)
@pytest.mark.usefixtures("short_waits")
async def test_ehlo(scenario: Scenario) -> None:
    await play_scenario(scenario)


@pytest.mark.parametrize("scenario", QUIT_SCENARIOS)
@pytest.mark.usefixtures("short_waits")
async def test_quit(scenario: Scenario) -> None:
    await play_scenario(scenario)


async def test_quit_is_waited_for_a_second_at_most() -> None:
    assert client.QUIT_LIMIT == 1.0
    played = await play((GOOD, "C: QUIT", silence))
    assert 1.0 <= played.seconds < 1.5


async def test_a_stray_is_not_taken_for_the_answer_to_quit() -> None:
    played = await play((GOOD, "C: QUIT\nS: 250 not this\nS: 221 this"))
    assert played.received[-2:] == ["250 not this", "221 this"]
    assert "unsolicited replies before the reply to QUIT: 250" in played.notes


@pytest.mark.parametrize("offered", ["STARTTLS", "starttls", "AUTH PLAIN", "AUTH=PLAIN"])
async def test_helo_offers_nothing(offered: str) -> None:
    played = await play((BEGUN, f"S: 500 what\n{HELO}\nS: 250-mail\nS: 250 {offered}"))
    assert played.verdict.ok
    assert played.verdict.mechanisms == ()
