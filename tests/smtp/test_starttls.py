"""STARTTLS (RFC 3207): offered and kept, offered and broken, and what comes in between."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from smtp_tui.smtp.connection import CHUNK
from tests.smtp.playing import EHLO, OPEN, USER, Scenario, play, play_scenario, scenario
from tests.smtp.steps import (
    after_hello,
    close,
    close_notify,
    finish,
    half_a_hello,
    raw,
    reset,
    send,
    silence,
    tls,
)

OFFERED = f"{OPEN}S: 250 STARTTLS"
ASKED = f"{OFFERED}\nC: STARTTLS"
BEGUN = f"{ASKED}\nS: 220 2.0.0 go ahead"
TLS: dict[str, Any] = {"encryption": "tls"}
AUTO: dict[str, Any] = {"encryption": "none", "starttls_auto": True}
SHORT: dict[str, Any] = {**TLS, "timeout": 0.3}

REFUSED = ("tls", "starttls-refused")
FAILED = ("tls", "tls-handshake-failed")
INJECTION = ("tls", "starttls-injection")
CLOSED = ("tls", "server-closed")
RESET = ("tls", "connection-reset")
LATE = ("tls", "tls-handshake-timeout")
MANY = b"220-" + b"x" * 4090 + b"\r\n"

SCENARIOS = [
    scenario("not offered", f"{OPEN}S: 250 SIZE", ends=("tls", "starttls-not-offered"), **TLS),
    scenario("for now", ASKED, "S: 454 4.7.0 not available", ends=REFUSED, **TLS),
    scenario("refused", ASKED, "S: 502 5.5.1 no", ends=REFUSED, detail="5.5.1 no", **TLS),
    scenario("refused under auto", ASKED, "S: 454 4.7.0 not available", ends=REFUSED, **AUTO),
    scenario("another success", ASKED, "S: 250 ok", ends=("tls", "reply-unexpected"), **TLS),
    scenario("421", ASKED, "S: 421 bye", ends=("tls", "server-busy"), **TLS),
    scenario("no reply", ASKED, silence, ends=("tls", "reply-timeout"), **SHORT),
    scenario("malformed", ASKED, "S: go ahead", ends=("tls", "reply-malformed"), **TLS),
    scenario("closes", ASKED, close, ends=CLOSED, **TLS),
    scenario("resets", ASKED, reset, ends=RESET, **TLS),
    scenario("closes after 220", BEGUN, finish, ends=CLOSED, **TLS),
    scenario("resets after 220", BEGUN, reset, ends=RESET, **TLS),
    scenario("silence after 220", BEGUN, silence, ends=LATE, **SHORT),
    scenario("closes in the handshake", BEGUN, half_a_hello, finish, ends=CLOSED, **TLS),
    scenario("resets in the handshake", BEGUN, half_a_hello, reset, ends=RESET, **TLS),
    scenario("silence in the handshake", BEGUN, half_a_hello, silence, ends=LATE, **SHORT),
    scenario(
        "more in the same packet",
        ASKED,
        send(b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n"),
        ends=INJECTION,
        detail="250-injected",
        **TLS,
    ),
    scenario(
        "part of a line in the same packet",
        ASKED,
        send(b"220 go\r\n25"),
        ends=INJECTION,
        **TLS,
    ),
    scenario(
        "more that waits in the socket",
        ASKED,
        # The reply fills what is read at once to the last byte.
        send(MANY * (CHUNK // len(MANY) - 1)),
        send(b"220 " + b"x" * (CHUNK // 4 - 6) + b"\r\n250 injected\r\n"),
        ends=INJECTION,
        detail="250 injected",
        **TLS,
    ),
    scenario("more behind it", BEGUN, after_hello(b"250 injected\r\n"), ends=INJECTION, **TLS),
    scenario("an error for it", BEGUN, after_hello(b"500 what\r\n"), ends=FAILED, **TLS),
    scenario("text for it", BEGUN, after_hello(b"no TLS here\r\n"), ends=FAILED, **TLS),
    scenario("noise for it", BEGUN, after_hello(b"\0\xff\x1b" * 9), ends=FAILED, **TLS),
    scenario("a broken record", BEGUN, after_hello(b"\x16garbage!"), ends=FAILED, **TLS),
    scenario(
        "an alert",
        BEGUN,
        after_hello(b"\x15\x03\x03\x00\x02\x02\x28"),
        ends=FAILED,
        detail="handshake failure",
        **TLS,
    ),
    scenario(
        "an alert about the version",
        BEGUN,
        after_hello(b"\x15\x03\x01\x00\x02\x02\x46"),
        ends=("tls", "tls-version-unsupported"),
        **TLS,
    ),
    scenario(
        "an alert about security",
        BEGUN,
        after_hello(b"\x15\x03\x01\x00\x02\x02\x47"),
        ends=("tls", "tls-no-shared-cipher"),
        **TLS,
    ),
    scenario(
        "a goodbye of TLS",
        BEGUN,
        after_hello(b"\x15\x03\x03\x00\x02\x01\x00"),
        ends=CLOSED,
        **TLS,
    ),
    scenario(
        "not offered under auto",
        f"{OPEN}S: 250 SIZE",
        ends=("ehlo", None),
        warnings=("link-open",),
        **AUTO,
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.usefixtures("short_waits")
async def test_starttls(scenario: Scenario) -> None:
    await play_scenario(scenario)


@pytest.mark.parametrize("asked", [TLS, AUTO])
async def test_it_works(context: ssl.SSLContext, ca_file: str, asked: dict[str, Any]) -> None:
    script = (BEGUN, tls(context), f"{EHLO}\nS: 250 mail.example.test")
    played = await play(script, ca_file=ca_file, **asked)
    assert (played.verdict.stage, played.verdict.cause) == ("ehlo", None)
    assert played.verdict.warnings == ()
    assert played.verdict.tls
    assert (played.verdict.tls.version, played.verdict.tls.verified) == ("TLSv1.3", True)
    name = "EHLO client.example.test"
    assert played.server.said == [name, "STARTTLS", name, "QUIT"]


async def test_after_a_broken_handshake_nothing_is_said() -> None:
    played = await play((BEGUN, after_hello(b"500 what\r\n")), **TLS)
    assert played.server.said == ["EHLO client.example.test", "STARTTLS"]


async def test_after_a_refusal_quit_is_said() -> None:
    played = await play((ASKED, "S: 454 no"), **TLS)
    assert played.server.said[-1] == "QUIT"


INSIDE = [
    scenario("its name refused", "S: 550 no", ends=("ehlo", "ehlo-refused")),
    scenario("421", "S: 421 bye", ends=("ehlo", "server-busy")),
    scenario("silence", silence, ends=("ehlo", "reply-timeout"), timeout=0.3),
    scenario("closes", finish, ends=("ehlo", "server-closed")),
    scenario("closes in good order", close_notify, ends=("ehlo", "server-closed")),
    scenario("resets", reset, ends=("ehlo", "connection-reset")),
    scenario("garbage", "S: oops", ends=("ehlo", "reply-malformed")),
    scenario("plain text", raw(b"250 mail\r\n"), ends=("ehlo", "connection-reset")),
    scenario("noise", raw(b"\x17\x03\x03\x00\x10" + b"x" * 16), ends=("ehlo", "connection-reset")),
    scenario("a stray", "S: 250 a\nS: 250 b", ends=("ehlo", None), warnings=("unsolicited-reply",)),
    scenario(
        "another offer",
        "S: 250-mail\nS: 250 SIZE 1",
        ends=("ehlo", None),
        warnings=("capabilities-changed",),
        detail="now SIZE 1",
    ),
    scenario("what only TLS offers", "S: 250-a\nS: 250 REQUIRETLS", ends=("ehlo", None)),
    scenario("HELO", "S: 500 what", ends=("ehlo", "ehlo-refused"), warnings=("helo-fallback",)),
]


@pytest.mark.parametrize("scenario", INSIDE)
@pytest.mark.usefixtures("short_waits")
async def test_inside_tls(scenario: Scenario, context: ssl.SSLContext, ca_file: str) -> None:
    script = (BEGUN, tls(context), EHLO, *scenario.script)
    if scenario.name == "HELO":
        script = (*script, "C: HELO client.example.test\nS: 550 no")
    values = {**TLS, **scenario.values, "ca_file": ca_file}
    whole = Scenario(**{**vars(scenario), "script": script, "values": values})
    await play_scenario(whole)


async def test_nothing_said_in_the_clear_counts_inside(
    context: ssl.SSLContext, ca_file: str
) -> None:
    offered = f"{OPEN}S: 250-STARTTLS\nS: 250 AUTH PLAIN\nC: STARTTLS\nS: 220 go"
    script = (offered, tls(context), f"{EHLO}\nS: 250 mail.example.test")
    values: dict[str, Any] = {"ca_file": ca_file, "authentication": "plain", "username": USER}
    verdict = (await play(script, **TLS, **values)).verdict
    assert (verdict.stage, verdict.cause) == ("auth", "auth-not-offered")
    assert verdict.mechanisms == ()


async def test_mechanisms_offered_inside_count(context: ssl.SSLContext, ca_file: str) -> None:
    script = (BEGUN, tls(context), f"{EHLO}\nS: 250-mail\nS: 250 AUTH PLAIN")
    login = "C: AUTH PLAIN …\nS: 235 2.7.0 ok"
    played = await play((*script, login), ca_file=ca_file, username=USER, **TLS)
    assert played.verdict.ok
    assert played.verdict.warnings == ()
