"""How AUTH goes on (RFC 4954): which mechanism, how often, and in how many lines."""

from __future__ import annotations

import hmac
import ssl
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.smtp import pki
from tests.smtp.playing import OPEN, SECRET, USER, Played, play
from tests.smtp.scram_server import scram
from tests.smtp.scripted import Script
from tests.smtp.steps import tls

PLAIN: dict[str, Any] = {"authentication": "plain", "username": USER}
CRAM: dict[str, Any] = {"authentication": "cram-md5", "username": USER}


def attempts(played: Played) -> list[str]:
    """The mechanisms that were begun, as the server counts."""
    lines = [line for peer in played.server.peers for line in peer.lines]
    return [line.split()[1] for line in lines if line.startswith("AUTH ")]


CRAM_FAILS = "C: AUTH CRAM-MD5\nS: 334 PDEuMkBleGFtcGxlPg==\nC: …"


@pytest.mark.parametrize("code", [535, 534, 454, 530, 550])
async def test_one_attempt_of_the_password(code: int) -> None:
    offered = f"{OPEN}S: 250 AUTH CRAM-MD5 PLAIN LOGIN"
    script = (offered, CRAM_FAILS, f"S: {code} no")
    played = await play(script, username=USER, allow_clear_password=True)
    assert not played.verdict.ok
    assert attempts(played) == ["CRAM-MD5"]


async def test_504_goes_on_to_the_next() -> None:
    offered = f"{OPEN}S: 250 AUTH LOGIN CRAM-MD5 PLAIN"
    tried = "C: AUTH CRAM-MD5\nS: 504 no\nC: AUTH PLAIN …\nS: 504 no\nC: AUTH LOGIN\nS: 334 \nC: …"
    script = (offered, tried, "S: 334 \nC: …\nS: 235 ok")
    played = await play(script, username=USER, allow_clear_password=True)
    assert played.verdict.ok
    assert attempts(played) == ["CRAM-MD5", "PLAIN", "LOGIN"]


async def test_504_from_all_ends_it() -> None:
    script = (f"{OPEN}S: 250 AUTH CRAM-MD5", "C: AUTH CRAM-MD5\nS: 504 no")
    played = await play(script, username=USER)
    assert played.verdict.cause == "auth-mechanism-not-offered"


async def test_504_to_the_digest_is_an_attempt() -> None:
    script = (f"{OPEN}S: 250 AUTH CRAM-MD5 PLAIN", CRAM_FAILS, "S: 504 no")
    played = await play(script, username=USER, allow_clear_password=True)
    assert attempts(played) == ["CRAM-MD5"]


async def test_501_is_repeated_once() -> None:
    again = "S: 501 no\nC: AUTH PLAIN\nS: 501 no"
    played = await play((f"{OPEN}S: 250 AUTH PLAIN\nC: AUTH PLAIN …", again), **PLAIN)
    assert attempts(played) == ["PLAIN", "PLAIN"]
    assert played.sent.count(f"AUTH PLAIN [username {USER} and password]") == 1


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
@pytest.mark.parametrize("authentication", ["auto", None])
async def test_scram(name: str, authentication: str | None) -> None:
    script = (f"{OPEN}S: 250 AUTH {name} CRAM-MD5 PLAIN", scram(name, USER, SECRET))
    played = await play(script, username=USER, authentication=authentication or name.lower())
    assert played.verdict.ok
    assert "[proof of the password]" in played.sent


async def test_the_longest_command_carries_its_response() -> None:
    # 499 octets are left for it, and so base64 of 372: two NUL, the name, and 352.
    script = (f"{OPEN}S: 250 AUTH PLAIN", "C: AUTH PLAIN …\nS: 235 ok")
    played = await play(script, secret="x1y-" * 88, **PLAIN)
    assert played.verdict.ok
    assert len(played.server.said[1]) + 2 == 509


@pytest.mark.parametrize("length", [354, 3000, 20001])
async def test_a_long_response_waits_for_the_challenge(length: int) -> None:
    secret = "x1y" * (length // 3)
    script = (f"{OPEN}S: 250 AUTH PLAIN", "C: AUTH PLAIN\nS: 334 \nC: …\nS: 235 ok")
    played = await play(script, secret=secret, **PLAIN)
    assert played.verdict.ok
    wanted = b64encode(f"\0{USER}\0{secret}".encode()).decode()
    assert played.server.said[2] == wanted


async def test_without_md5_auto_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmac, "new", _forbidden)
    script = (f"{OPEN}S: 250 AUTH CRAM-MD5 PLAIN", "C: AUTH PLAIN …\nS: 235 ok")
    played = await play(script, username=USER, allow_clear_password=True)
    assert played.verdict.ok
    assert "FIPS" in played.notes


async def test_without_md5_what_needs_it_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmac, "new", _forbidden)
    played = await play((), **CRAM)
    assert (played.verdict.stage, played.verdict.cause) == ("settings", "settings-invalid")
    assert "FIPS" in played.verdict.summary
    assert played.server.peers == []


@pytest.mark.parametrize("secret", ["🔑 a key in a picture", "a bell that rings \x07"])
async def test_what_scram_cannot_carry_auto_does_otherwise(secret: str) -> None:
    script = (f"{OPEN}S: 250 AUTH SCRAM-SHA-256 PLAIN", "C: AUTH PLAIN …\nS: 235 ok")
    played = await play(script, secret=secret, username=USER, allow_clear_password=True)
    assert played.verdict.ok


@pytest.mark.parametrize(("user", "shown"), [(None, "of the certificate"), ("tim", "tim")])
async def test_external(
    authority: pki.Issued,
    good: pki.Issued,
    context_of: Callable[..., ssl.SSLContext],
    ca_file: str,
    tmp_path: Path,
    user: str | None,
    shown: str,
) -> None:
    ours = pki.issue("client", issuer=authority)
    (tmp_path / "client.pem").write_bytes(ours.key_pem() + ours.pem)
    argument = b64encode(user.encode()).decode() if user else "="
    script: Script = (
        tls(context_of(good, client_authority=authority)),
        f"{OPEN}S: 250 AUTH EXTERNAL\nC: AUTH EXTERNAL {argument}\nS: 235 ok",
    )
    played = await play(
        script,
        encryption="ssl",
        ca_file=ca_file,
        authentication="external",
        username=user,
        client_certificate=str(tmp_path / "client.pem"),
    )
    assert played.verdict.ok
    assert played.sent[1] == f"AUTH EXTERNAL [identity {shown}]"
    assert played.verdict.warnings == ()


def _forbidden(*_: object, **__: object) -> None:
    raise ValueError("[digital envelope routines] unsupported")
