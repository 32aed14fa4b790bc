"""What a server may answer to AUTH and in its exchange (RFC 4954), and what that amounts to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.smtp.playing import OPEN, SECRET, USER, Scenario, play_scenario, scenario
from tests.smtp.scram_server import challenge, scram
from tests.smtp.steps import close, drip, finish, flood, reset, send, silence

OFFERED = f"{OPEN}S: 250 AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-1 XOAUTH2 OAUTHBEARER"
PLAIN: dict[str, Any] = {"authentication": "plain", "username": USER}
LOGIN: dict[str, Any] = {"authentication": "login", "username": USER}
CRAM: dict[str, Any] = {"authentication": "cram-md5", "username": USER}
SCRAM: dict[str, Any] = {"authentication": "scram-sha-256", "username": USER}
ASKED = f"{OFFERED}\nC: AUTH PLAIN …"
LOGIN_ASKED = f"{OFFERED}\nC: AUTH LOGIN"
CRAM_ASKED = f"{OFFERED}\nC: AUTH CRAM-MD5"
SCRAM_ASKED = f"{OFFERED}\nC: AUTH SCRAM-SHA-256 …"
CANCELLED = "C: *\nS: 501 5.7.0 cancelled"

PASSES = ("auth", None)
REJECTED = ("auth", "auth-rejected")
NOT_NOW = ("auth", "auth-temporarily-unavailable")
UNKNOWN = ("auth", "auth-mechanism-not-offered")
MALFORMED = ("auth", "auth-challenge-malformed")
CLOSED = ("auth", "server-closed")
RESET = ("auth", "connection-reset")

SCENARIOS = [
    scenario("works", ASKED, "S: 235 2.7.0 ok", ends=PASSES, **PLAIN),
    scenario("no AUTH", f"{OPEN}S: 250 SIZE", ends=("auth", "auth-not-offered"), **PLAIN),
    scenario("an AUTH of nothing", f"{OPEN}S: 250 AUTH", ends=UNKNOWN, **PLAIN),
    scenario("another mechanism", f"{OPEN}S: 250 AUTH NTLM", ends=UNKNOWN, **PLAIN),
    scenario(
        "the old form", f"{OPEN}S: 250 AUTH=PLAIN\nC: AUTH PLAIN …\nS: 235 ok", ends=PASSES, **PLAIN
    ),
    scenario("rejected", ASKED, "S: 535 5.7.8 no", ends=REJECTED, detail="5.7.8 no", **PLAIN),
    scenario(
        "too weak", ASKED, "S: 534 5.7.9 no", ends=("auth", "auth-mechanism-too-weak"), **PLAIN
    ),
    scenario("not now", ASKED, "S: 454 4.7.0 later", ends=NOT_NOW, **PLAIN),
    scenario("unknown after all", ASKED, "S: 504 5.5.4 what", ends=UNKNOWN, **PLAIN),
    scenario("needs TLS", ASKED, "S: 538 5.7.11 no", ends=("auth", "encryption-required"), **PLAIN),
    scenario("421", ASKED, "S: 421 4.3.0 bye", ends=("auth", "server-busy"), **PLAIN),
    scenario("another success", ASKED, "S: 250 ok", ends=("auth", "reply-unexpected"), **PLAIN),
    scenario("silence", ASKED, silence, ends=("auth", "reply-timeout"), timeout=1, **PLAIN),
    scenario("drips", ASKED, drip(b"23", 0.02), ends=("auth", "reply-timeout"), timeout=1, **PLAIN),
    scenario("closes", ASKED, close, ends=CLOSED, **PLAIN),
    scenario("finishes", ASKED, finish, ends=CLOSED, **PLAIN),
    scenario("resets", ASKED, reset, ends=RESET, **PLAIN),
    scenario("closes in the reply", ASKED, send(b"235-a\r\n235"), finish, ends=CLOSED, **PLAIN),
    scenario("garbage", ASKED, "S: yes", ends=("auth", "reply-malformed"), **PLAIN),
    scenario("endless", ASKED, flood(b"235-x\r\n", 2000), ends=("auth", "reply-too-long"), **PLAIN),
    scenario(
        "no initial response",
        ASKED,
        "S: 501 5.5.2 no\nC: AUTH PLAIN\nS: 334 \nC: …\nS: 235 ok",
        ends=PASSES,
        **PLAIN,
    ),
    scenario(
        "no initial response, and rejected",
        ASKED,
        "S: 501 5.5.2 no\nC: AUTH PLAIN\nS: 334 \nC: …\nS: 535 no",
        ends=REJECTED,
        **PLAIN,
    ),
    scenario(
        "501 and again 501", ASKED, "S: 501 no\nC: AUTH PLAIN\nS: 501 no", ends=MALFORMED, **PLAIN
    ),
    scenario("a challenge more", ASKED, f"S: 334 bW9yZQ==\n{CANCELLED}", ends=MALFORMED, **PLAIN),
    scenario(
        "a challenge after the last",
        LOGIN_ASKED,
        "S: 334 \nC: …\nS: 334 \nC: …\nS: 334 ",
        CANCELLED,
        ends=MALFORMED,
        **LOGIN,
    ),
    scenario(
        "LOGIN",
        LOGIN_ASKED,
        "S: 334 VXNlcm5hbWU6\nC: …\nS: 334 \nC: …\nS: 235 ok",
        ends=PASSES,
        **LOGIN,
    ),
    scenario("closes after the name", LOGIN_ASKED, "S: 334 \nC: …", close, ends=CLOSED, **LOGIN),
    scenario("resets after the name", LOGIN_ASKED, "S: 334 \nC: …", reset, ends=RESET, **LOGIN),
    scenario(
        "421 after the name",
        LOGIN_ASKED,
        "S: 334 \nC: …\nS: 421 bye",
        ends=("auth", "server-busy"),
        **LOGIN,
    ),
    scenario(
        "both prompts at once",
        LOGIN_ASKED,
        "S: 334 VXNlcm5hbWU6\nS: 334 UGFzc3dvcmQ6\nC: …\nC: …\nS: 235 ok",
        ends=PASSES,
        **LOGIN,
    ),
    scenario("no base64", CRAM_ASKED, f"S: 334 !!!\n{CANCELLED}", ends=MALFORMED, **CRAM),
    scenario("padding inside", CRAM_ASKED, f"S: 334 AAA=BBB=\n{CANCELLED}", ends=MALFORMED, **CRAM),
    scenario(
        "two lines", CRAM_ASKED, f"S: 334-PDE+\nS: 334 PDE+\n{CANCELLED}", ends=MALFORMED, **CRAM
    ),
    scenario("no challenge", CRAM_ASKED, f"S: 334 \n{CANCELLED}", ends=MALFORMED, **CRAM),
    scenario(
        "a long one", CRAM_ASKED, f"S: 334 {'PDE+' * 3072}\nC: …\nS: 235 ok", ends=PASSES, **CRAM
    ),
    scenario(
        "one too long",
        CRAM_ASKED,
        flood(b"334 " + b"PDE+" * 9999, 9),
        ends=("auth", "reply-too-long"),
        **CRAM,
    ),
    scenario(
        "cancelled in silence",
        CRAM_ASKED,
        "S: 334 !!!\nC: *",
        silence,
        ends=MALFORMED,
        **CRAM,
    ),
    scenario("cancelled and closed", CRAM_ASKED, "S: 334 !!!\nC: *", close, ends=MALFORMED, **CRAM),
    scenario(
        "cancelled and 421", CRAM_ASKED, "S: 334 !!!\nC: *\nS: 421 bye", ends=MALFORMED, **CRAM
    ),
    scenario(
        "cancelled and asked again",
        CRAM_ASKED,
        "S: 334 !!!\nC: *\nS: 334 PDE+",
        ends=MALFORMED,
        **CRAM,
    ),
    scenario("SCRAM", OFFERED, scram("SCRAM-SHA-256", USER, SECRET), ends=PASSES, **SCRAM),
    scenario(
        "no proof", SCRAM_ASKED, "S: 235 come in", ends=MALFORMED, detail="without proving", **SCRAM
    ),
    scenario(
        "a false proof",
        OFFERED,
        scram("SCRAM-SHA-256", USER, SECRET, lies=True),
        ends=MALFORMED,
        detail="did not prove",
        **SCRAM,
    ),
    scenario("no SCRAM", SCRAM_ASKED, send(challenge("hello")), CANCELLED, ends=MALFORMED, **SCRAM),
    scenario(
        "hashing for ever",
        SCRAM_ASKED,
        send(challenge("r=x,s=eA==,i=99999999")),
        CANCELLED,
        ends=MALFORMED,
        detail="iterations",
        **SCRAM,
    ),
    scenario(
        "an error as a challenge",
        OFFERED,
        "C: AUTH XOAUTH2 …\nS: 334 eyJzdGF0dXMiOiI0MDAifQ==\nC: \nS: 535 5.7.8 no",
        ends=REJECTED,
        detail="",
        authentication="xoauth2",
        username=USER,
    ),
    scenario(
        "closes after 235",
        ASKED,
        "S: 235 ok",
        close,
        ends=PASSES,
        warnings=("closed-after-auth",),
        **PLAIN,
    ),
    scenario(
        "resets after 235",
        ASKED,
        "S: 235 ok",
        reset,
        ends=PASSES,
        warnings=("closed-after-auth",),
        **PLAIN,
    ),
    scenario("421 after 235", ASKED, "S: 235 ok\nS: 421 idle", ends=PASSES, **PLAIN),
    scenario(
        "silence after 235",
        ASKED,
        "S: 235 ok",
        silence,
        ends=PASSES,
        warnings=("quit-unanswered",),
        **PLAIN,
    ),
    scenario("garbage after 235", ASKED, "S: 235 ok\nS: oops", ends=PASSES, **PLAIN),
]
# What the open link of these scenarios warns of besides.
OPEN_LINK = {
    "plain": "password-in-clear",
    "login": "password-in-clear",
    "xoauth2": "password-in-clear",
}
NO_ATTEMPT = {"no AUTH", "an AUTH of nothing", "another mechanism"}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.usefixtures("short_waits")
async def test_authenticating(scenario: Scenario) -> None:
    warned = OPEN_LINK.get(scenario.values["authentication"], "link-open")
    also = () if scenario.name in NO_ATTEMPT else (warned,)
    values = {**scenario.values}
    if values["authentication"] == "xoauth2":
        values |= {"secret": "ya29.a-token"}
    whole = {**vars(scenario), "warnings": (*scenario.warnings, *also), "values": values}
    await play_scenario(Scenario(**whole))
