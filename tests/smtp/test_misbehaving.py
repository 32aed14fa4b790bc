"""Servers that misbehave, each by name: where the check ends, and with which cause."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.run import Request, run
from smtp_tui.smtp.events import Entered, Sent
from smtp_tui.smtp.transcript import lines_of
from tests.smtp.playing import EHLO, GREETING, OPEN, USER, Scenario, play, play_scenario
from tests.smtp.scripted import Peer, Script, serving
from tests.smtp.steps import close, drip, finish, flood, reset, send, silence, tls, trickle

PLAIN: dict[str, Any] = {"authentication": "plain", "username": USER}
CRAM: dict[str, Any] = {"authentication": "cram-md5", "username": USER}
LOGIN: dict[str, Any] = {"authentication": "login", "username": USER}
TLS: dict[str, Any] = {"encryption": "tls"}
SHORT: dict[str, Any] = {"timeout": 0.3}

AUTH_OFFERED = f"{OPEN}S: 250 AUTH PLAIN LOGIN CRAM-MD5"
STARTTLS_OFFERED = f"{OPEN}S: 250 STARTTLS"
NO_EXTENSIONS = f"{GREETING}\n{EHLO}\nS: 250 mail.example.test"
AUTH_PLAIN = "C: AUTH PLAIN …"
IN_CLEAR = frozenset({"password-in-clear"})
OVER_OPEN_LINK = frozenset({"link-open"})


def one(name: str, script: Script, stage: str, cause: str | None, **more: object) -> Scenario:
    """A scenario in one line; what is no part of it is a setting."""
    own = {key: more.pop(key) for key in ("warnings", "also", "protocol", "detail") if key in more}
    return Scenario(name, script, stage, cause, values=more, **own)  # type: ignore[arg-type]


GREETINGS = [
    one("silent", (silence,), "greeting", "greeting-timeout", **SHORT),
    one("one byte and no more", (send(b"2"), silence), "greeting", "greeting-timeout", **SHORT),
    one("one byte a moment", (drip(b"220 x", 0.1),), "greeting", "greeting-timeout", **SHORT),
    one("refuses", ("S: 554 no service here",), "greeting", "greeting-refused"),
    one("not now", ("S: 450 later",), "greeting", "greeting-refused"),
    one("busy", ("S: 421 too many connections",), "greeting", "server-busy"),
    one("another success", ("S: 250 hello",), "greeting", "reply-unexpected"),
    one("closes at once", (close,), "greeting", "server-closed"),
    one("closes in the line", (send(b"220 mail"), finish), "greeting", "server-closed"),
    one("resets at once", (reset,), "greeting", "connection-reset"),
    one("mixed codes", ("S: 220-one\nS: 250 two",), "greeting", "reply-malformed"),
    one("no code", ("S: hello there",), "greeting", "not-smtp"),
    one("HTTP", ("S: HTTP/1.1 400 Bad Request",), "greeting", "not-smtp", protocol="HTTP"),
    one("SSH", ("S: SSH-2.0-OpenSSH_9.9",), "greeting", "not-smtp", protocol="SSH"),
    one("IMAP", ("S: * OK IMAP4rev1 ready",), "greeting", "not-smtp", protocol="IMAP"),
    one("POP3", ("S: +OK POP3 ready",), "greeting", "not-smtp", protocol="POP3"),
    one("LMTP", ("S: 220 mail LMTP ready",), "greeting", "not-smtp", protocol="LMTP"),
    one("NUL and noise", (send(b"\0\1\2\xff\xfe\r\n"),), "greeting", "not-smtp"),
    one("a line of a megabyte", (flood(b"2" * 65536, 16), silence), "greeting", "reply-too-long"),
    one(
        "ten thousand lines",
        (flood(b"220-one more\r\n" * 1000, 10), silence),
        "greeting",
        "reply-too-long",
    ),
]

COMMANDS = [
    one("421 to EHLO", (GREETING, EHLO, "S: 421 bye"), "ehlo", "server-busy"),
    one("EHLO refused", (GREETING, EHLO, "S: 550 who are you"), "ehlo", "ehlo-refused"),
    one("EHLO not now", (GREETING, EHLO, "S: 451 wait"), "ehlo", "ehlo-refused"),
    one("EHLO goes on", (GREETING, EHLO, "S: 354 go on"), "ehlo", "reply-unexpected"),
    one("closes at EHLO", (GREETING, EHLO, close), "ehlo", "server-closed"),
    one("resets at EHLO", (GREETING, EHLO, reset), "ehlo", "connection-reset"),
    one("silent at EHLO", (GREETING, EHLO, silence), "ehlo", "reply-timeout", **SHORT),
    one(
        "closes in the reply",
        (GREETING, EHLO, send(b"250-mail\r\n250-SI"), finish),
        "ehlo",
        "server-closed",
        detail="an unfinished reply: 250-mail",
    ),
    one(
        "garbage to EHLO",
        (GREETING, EHLO, send(b"\x1b]0;owned\x07 2x0\r\n")),
        "ehlo",
        "reply-malformed",
    ),
    one(
        "a reply without end",
        (GREETING, EHLO, flood(b"250-more\r\n" * 500, 500), silence),
        "ehlo",
        "reply-too-long",
    ),
    one(
        "byte by byte",
        (trickle(b"220 x ESMTP\r\n"), EHLO, trickle(b"250-x\r\n250 SIZE\r\n")),
        "ehlo",
        None,
    ),
    one(
        "EHLO not known",
        (GREETING, EHLO, "S: 502 what\nC: HELO client.example.test\nS: 250 mail"),
        "ehlo",
        None,
        warnings=frozenset({"helo-fallback"}),
    ),
    one(
        "bare LF",
        (send(b"220 x ESMTP\n"), EHLO, send(b"250 x\n")),
        "ehlo",
        None,
        warnings=frozenset({"reply-bare-lf"}),
    ),
    one(
        "a reply unasked",
        (send(b"220 x ESMTP\r\n250 and one more\r\n"), EHLO, "S: 250 x"),
        "ehlo",
        None,
        warnings=frozenset({"unsolicited-reply"}),
    ),
    one(
        "QUIT without an answer",
        (NO_EXTENSIONS, "C: QUIT", silence),
        "ehlo",
        None,
        warnings=frozenset({"quit-unanswered"}),
    ),
    one("421 to QUIT", (NO_EXTENSIONS, "C: QUIT\nS: 421 bye"), "ehlo", None),
]

STARTTLS = [
    one("not offered", (NO_EXTENSIONS,), "tls", "starttls-not-offered", **TLS),
    one(
        "not available now",
        (STARTTLS_OFFERED, "C: STARTTLS\nS: 454 TLS not available"),
        "tls",
        "starttls-refused",
        **TLS,
    ),
    one(
        "refused",
        (STARTTLS_OFFERED, "C: STARTTLS\nS: 502 no"),
        "tls",
        "starttls-refused",
        **TLS,
    ),
    one("421", (STARTTLS_OFFERED, "C: STARTTLS\nS: 421 bye"), "tls", "server-busy", **TLS),
    one("closes", (STARTTLS_OFFERED, "C: STARTTLS", close), "tls", "server-closed", **TLS),
    one(
        "silent",
        (STARTTLS_OFFERED, "C: STARTTLS", silence),
        "tls",
        "reply-timeout",
        **TLS,
        **SHORT,
    ),
    one(
        "more in the same packet",
        (STARTTLS_OFFERED, "C: STARTTLS", send(b"220 go\r\n250 injected\r\n")),
        "tls",
        "starttls-injection",
        detail="injected",
        **TLS,
    ),
    one(
        "garbage for a handshake",
        (STARTTLS_OFFERED, "C: STARTTLS\nS: 220 go", flood(b"no TLS at all\r\n", 4), finish),
        "tls",
        None,
        **TLS,
    ),
    one(
        "closes in the handshake",
        (STARTTLS_OFFERED, "C: STARTTLS\nS: 220 go", finish),
        "tls",
        "server-closed",
        **TLS,
    ),
    one(
        "silent in the handshake",
        (STARTTLS_OFFERED, "C: STARTTLS\nS: 220 go", silence),
        "tls",
        "tls-handshake-timeout",
        **TLS,
        **SHORT,
    ),
    one(
        "plain text on a port for TLS",
        ("S: 220 mail ESMTP", silence),
        "tls",
        "plain-text-expected",
        encryption="ssl",
    ),
    one(
        "another protocol on a port for TLS",
        ("S: SSH-2.0-OpenSSH", silence),
        "tls",
        "not-smtp",
        protocol="SSH",
        encryption="ssl",
    ),
]

AUTH = [
    one("no AUTH", (NO_EXTENSIONS,), "auth", "auth-not-offered", **PLAIN),
    one(
        "another mechanism",
        (f"{OPEN}S: 250 AUTH NTLM",),
        "auth",
        "auth-mechanism-not-offered",
        **PLAIN,
    ),
    one(
        "wrong password",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 535 5.7.8 no"),
        "auth",
        "auth-rejected",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "too weak",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 534 5.7.9 too weak"),
        "auth",
        "auth-mechanism-too-weak",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "not now",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 454 4.7.0 later"),
        "auth",
        "auth-temporarily-unavailable",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "504",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 504 5.7.4 unrecognized"),
        "auth",
        "auth-mechanism-not-offered",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "421",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 421 4.3.0 bye"),
        "auth",
        "server-busy",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "closes",
        (AUTH_OFFERED, AUTH_PLAIN, close),
        "auth",
        "server-closed",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "resets",
        (AUTH_OFFERED, AUTH_PLAIN, reset),
        "auth",
        "connection-reset",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "no initial response, please",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 501 no\nC: AUTH PLAIN\nS: 334 \nC: …\nS: 235 ok"),
        "auth",
        None,
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "no base64 in the challenge",
        (AUTH_OFFERED, "C: AUTH CRAM-MD5\nS: 334 !!!\nC: *\nS: 501 cancelled"),
        "auth",
        "auth-challenge-malformed",
        warnings=OVER_OPEN_LINK,
        **CRAM,
    ),
    one(
        "a challenge too many",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 334 bW9yZQ==\nC: *\nS: 501 cancelled"),
        "auth",
        "auth-challenge-malformed",
        warnings=IN_CLEAR,
        **PLAIN,
    ),
    one(
        "challenges without end",
        (
            AUTH_OFFERED,
            "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: …\nS: 334 UGFzc3dvcmQ6\nC: …",
            "S: 334 VXNlcm5hbWU6\nC: *\nS: 334 VXNlcm5hbWU6",
        ),
        "auth",
        "auth-challenge-malformed",
        warnings=IN_CLEAR,
        **LOGIN,
    ),
    one(
        "closes after 235",
        (AUTH_OFFERED, AUTH_PLAIN, "S: 235 ok", close),
        "auth",
        None,
        warnings=IN_CLEAR | {"closed-after-auth"},
        **PLAIN,
    ),
]

SCENARIOS = [
    pytest.param(scenario, id=f"{group}: {scenario.name}")
    for group, scenarios in {
        "greeting": GREETINGS,
        "command": COMMANDS,
        "STARTTLS": STARTTLS,
        "AUTH": AUTH,
    }.items()
    for scenario in scenarios
    if scenario.name != "garbage for a handshake"
]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.usefixtures("short_farewell")
async def test_misbehaving(scenario: Scenario) -> None:
    await play_scenario(scenario)


async def test_garbage_for_a_handshake() -> None:
    script: Script = (STARTTLS_OFFERED, "C: STARTTLS\nS: 220 go", send(b"no TLS\r\n"), finish)
    played = await play(script, **TLS)
    # Whether it comes before our ClientHello is the network's choice; both must stop the check.
    assert played.verdict.stage == "tls"
    assert played.verdict.cause in ("starttls-injection", "tls-handshake-failed")


@pytest.mark.parametrize("code", [535, 534, 454])
async def test_one_password_attempt(code: int) -> None:
    offered = f"{OPEN}S: 250 AUTH CRAM-MD5 PLAIN LOGIN"
    challenge = "C: AUTH CRAM-MD5\nS: 334 PDEuMkBleGFtcGxlPg==\nC: …"
    played = await play((offered, challenge, f"S: {code} no"), username=USER)
    assert played.verdict.stage == "auth"
    assert [line for line in played.server.said if line.startswith("AUTH")] == ["AUTH CRAM-MD5"]
    assert len(played.server.peers) == 1


async def test_auto_goes_on_after_504() -> None:
    offered = f"{OPEN}S: 250 AUTH CRAM-MD5 PLAIN"
    tried = "C: AUTH CRAM-MD5\nS: 504 not really\nC: AUTH PLAIN …\nS: 235 ok"
    played = await play((offered, tried), username=USER, allow_clear_password=True)
    assert played.verdict.ok


ECHOES: list[Callable[[str], bytes]] = [
    lambda line: f"535 you said {line}".encode(),
    lambda line: b"535-" + line[:20].encode() + b"\r\n535 " + line[20:].encode(),
    lambda line: f"535 {line.rpartition(' ')[2]}".encode(),
]


@pytest.mark.parametrize("echo", ECHOES)
async def test_an_echoed_secret_is_hidden(echo: Callable[[str], bytes]) -> None:
    async def answer(peer: Peer) -> None:
        await peer.send(echo(await peer.line()) + b"\r\n")

    played = await play((AUTH_OFFERED, answer), **PLAIN)  # `play` looks for the secret everywhere
    assert played.verdict.cause == "auth-rejected"
    assert "[hidden]" in played.verdict.reply.text if played.verdict.reply else False


async def test_what_is_sent_cannot_steer_a_terminal() -> None:
    played = await play(
        (send(b"220 \x1b]0;owned\x07\x9b31m[red]\xe2\x80\xaehi\r\n"), EHLO, "S: 250 x")
    )
    shown = "\n".join(str(line) for event in played.events for line in lines_of(event))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert "\\x1b]0;owned" in shown
    assert "[red]" in shown


async def test_nothing_said_in_the_clear_counts_inside_tls(
    context: ssl.SSLContext, ca_file: str
) -> None:
    offered = f"{OPEN}S: 250-STARTTLS\nS: 250 AUTH PLAIN\nC: STARTTLS\nS: 220 go"
    script: Script = (offered, tls(context), f"{EHLO}\nS: 250 mail.example.test")
    played = await play(script, ca_file=ca_file, **TLS, **PLAIN)
    assert (played.verdict.stage, played.verdict.cause) == ("auth", "auth-not-offered")


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "starttls", "handshake", "auth"])
async def test_leaving_early_closes_the_socket_at_once(stage: str) -> None:
    scripts: dict[str, Script] = {
        "greeting": (silence,),
        "ehlo": (GREETING, EHLO, silence),
        "starttls": (STARTTLS_OFFERED, "C: STARTTLS", silence),
        "handshake": (STARTTLS_OFFERED, "C: STARTTLS\nS: 220 go", silence),
        "auth": (AUTH_OFFERED, AUTH_PLAIN, silence),
    }
    encryption = "tls" if stage in ("starttls", "handshake") else "none"
    last = {"ehlo": "EHLO", "starttls": "STARTTLS", "handshake": "STARTTLS", "auth": "AUTH PLAIN"}
    before = asyncio.all_tasks()
    async with serving(scripts[stage]) as server:
        values = {"host": "127.0.0.1", "port": server.port, "encryption": encryption}
        values |= {"domain": "client.example.test"} | (PLAIN if stage == "auth" else {})
        request = Request(values=values, base=Path.cwd(), secret="s3cret", extra=0)
        async with aclosing(run(request)) as events:
            async for event in events:
                if stage == "greeting" and isinstance(event, Entered) and event.stage == stage:
                    break
                if isinstance(event, Sent) and event.text.startswith(last.get(stage, "?")):
                    break
        await server.all_left()  # fails where the client has not left
    assert asyncio.all_tasks() == before
