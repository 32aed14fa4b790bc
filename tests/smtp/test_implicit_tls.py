"""TLS from the first byte (RFC 8314): where it is expected and absent, and the reverse."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from smtp_tui.smtp import session
from smtp_tui.smtp.events import Experiment
from tests.smtp.playing import EHLO, GREETING, Played, Scenario, play, play_scenario, scenario
from tests.smtp.scripted import Peer, Script
from tests.smtp.steps import (
    after_hello,
    close,
    finish,
    half_a_hello,
    reset,
    send,
    silence,
    tls,
    trickle,
)

SSL: dict[str, Any] = {"encryption": "ssl"}
PLAIN_TEXT = ("tls", "plain-text-expected")
NOT_SMTP = ("tls", "not-smtp")
CLOSED = ("tls", "server-closed")
LATE = ("tls", "tls-handshake-timeout")
FAILED = ("tls", "tls-handshake-failed")
ANSWER = f"{GREETING}\n{EHLO}\nS: 250 mail.example.test"

SCENARIOS = [
    scenario("a greeting", GREETING, ends=PLAIN_TEXT, detail="220 mail.example.test ESMTP"),
    scenario(
        "a greeting and an answer",
        send(b"220 mail ESMTP\r\n221 2.7.0 I can break rules, too\r\n"),
        ends=PLAIN_TEXT,
        detail="answers in plain text: 220 mail ESMTP.",
    ),
    scenario("a refusal", "S: 554 no", ends=PLAIN_TEXT, detail="554 no"),
    scenario("busy", "S: 421 no", finish, ends=PLAIN_TEXT),
    scenario("byte by byte", trickle(b"220 mail ESMTP\r\n"), ends=PLAIN_TEXT),
    scenario("an error after all", after_hello(b"500 what?\r\n"), ends=PLAIN_TEXT),
    scenario(
        "HTTP", after_hello(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ends=NOT_SMTP, protocol="HTTP"
    ),
    scenario("SSH", send(b"SSH-2.0-OpenSSH\r\n"), ends=NOT_SMTP, protocol="SSH"),
    scenario("IMAP", send(b"* OK ready\r\n"), ends=NOT_SMTP, protocol="IMAP"),
    scenario("POP3", send(b"+OK ready\r\n"), ends=NOT_SMTP, protocol="POP3"),
    scenario("noise", send(b"\0\x01\xff\xfe\x1b" * 4), ends=NOT_SMTP, detail="\\xff"),
    scenario("closes", close, ends=CLOSED),
    scenario("finishes", finish, ends=CLOSED),
    scenario("resets", reset, ends=("tls", "connection-reset")),
    scenario("closes in the handshake", half_a_hello, finish, ends=CLOSED),
    scenario("silence", silence, ends=LATE, timeout=0.2),
    scenario("silence in the handshake", half_a_hello, silence, ends=LATE, timeout=0.2),
    scenario("an alert", after_hello(b"\x15\x03\x03\x00\x02\x02\x50"), ends=FAILED),
    scenario("a broken record", after_hello(b"\x16\x03\x03\xff\xff" + b"x" * 99), ends=FAILED),
]


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_no_tls_where_it_is_expected(scenario: Scenario) -> None:
    whole = Scenario(**{**vars(scenario), "values": {**SSL, **scenario.values}})
    played = await play_scenario(whole)
    assert played.server.said == []


INSIDE = [
    scenario("silence", silence, ends=("greeting", "greeting-timeout"), timeout=0.2),
    scenario("another protocol", "S: * OK IMAP", ends=("greeting", "not-smtp"), protocol="IMAP"),
    scenario("refuses", "S: 554 no", ends=("greeting", "greeting-refused")),
    scenario("closes", finish, ends=("greeting", "server-closed")),
    scenario(
        "TLS in TLS", send(b"\x16\x03\x03 x\n"), ends=("greeting", "not-smtp"), protocol="TLS"
    ),
    scenario("works", ANSWER, ends=("ehlo", None)),
    scenario("byte by byte", trickle(b"220 x\r\n"), f"{EHLO}\nS: 250 x", ends=("ehlo", None)),
]


@pytest.mark.parametrize("scenario", INSIDE)
async def test_inside(scenario: Scenario, context: ssl.SSLContext, ca_file: str) -> None:
    values = {**SSL, "ca_file": ca_file, **scenario.values}
    script = (tls(context), *scenario.script)
    await play_scenario(Scenario(**{**vars(scenario), "script": script, "values": values}))


async def silence_until_asked(peer: Peer) -> None:
    """Wait until the other connection has come."""
    await peer.server.has_peers(2)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a silent port whether it speaks TLS after a moment, and not five seconds."""
    monkeypatch.setattr(session, "PROBE_AFTER", 0.05)


async def silent_port(*scripts: Script, **values: Any) -> Played:
    """Check a port that says nothing on the first connection, and follows scripts on others."""
    return await play((silence,), *scripts, **values)


def experiments(played: Played) -> list[str]:
    """What the looks showed that ask whether a silent port speaks TLS."""
    shown = [event for event in played.events if isinstance(event, Experiment)]
    return [event.outcome for event in shown if event.name == "tls-from-first-byte"]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("encryption", ["none", "tls"])
async def test_a_silent_port_that_speaks_tls_ends_the_wait(
    context: ssl.SSLContext, encryption: str
) -> None:
    inside = (tls(context), ANSWER)
    played = await silent_port((tls(context),), inside, extra=3, timeout=20, encryption=encryption)
    assert played.verdict.cause == "implicit-tls-expected"
    assert played.verdict.stage == "greeting"
    assert experiments(played) == ["ok"]
    assert played.seconds < 2


async def test_the_wait_is_five_seconds() -> None:
    assert session.PROBE_AFTER == 5.0


async def test_after_a_short_time_out_the_port_is_still_asked(context: ssl.SSLContext) -> None:
    played = await silent_port((tls(context),), extra=20, timeout=0.5)
    assert played.verdict.cause == "implicit-tls-expected"
    assert experiments(played) == ["ok"]


async def test_without_extra_nobody_asks(context: ssl.SSLContext) -> None:
    played = await silent_port((tls(context),), extra=0, timeout=0.5)
    assert played.verdict.cause == "greeting-timeout"
    assert len(played.server.peers) == 1


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "script", [(close,), (reset,), ("S: 220 hi",)], ids=["closes", "resets", "plain"]
)
async def test_a_port_that_is_silent_and_knows_no_tls(script: Script) -> None:
    played = await silent_port(script, extra=3, timeout=0.3)
    assert played.verdict.cause == "greeting-timeout"
    assert experiments(played) == ["no-tls"]
    assert len(played.server.peers) == 2


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("extra", "asked"), [(0.1, 1), (0.5, 2)])
async def test_a_port_that_never_answers_keeps_to_the_time(extra: float, asked: int) -> None:
    played = await silent_port((silence,), extra=extra, timeout=0.3)
    assert played.verdict.cause == "greeting-timeout"
    # Once beside the wait, and once more after it where the first look was cut too short.
    assert len(played.server.peers) == 1 + asked


@pytest.mark.usefixtures("soon")
async def test_a_late_greeting_is_a_good_one() -> None:
    played = await play((silence_until_asked, ANSWER), (silence,), extra=3)
    assert played.verdict.ok
    assert len(played.server.peers) == 2


@pytest.mark.usefixtures("soon")
async def test_no_credential_goes_with_a_look(context: ssl.SSLContext) -> None:
    values = {"username": "alice", "authentication": "plain", "encryption": "tls"}
    inside = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 AUTH PLAIN")
    played = await silent_port((tls(context), silence), inside, extra=3, **values)
    assert played.verdict.cause == "implicit-tls-expected"
    lines = [peer.lines for peer in played.server.peers]
    assert lines[:2] == [[], []]
    assert all(line in ("EHLO client.example.test", "QUIT") for line in lines[2])
