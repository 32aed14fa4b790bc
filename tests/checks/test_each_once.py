"""Settings of several programs: each server and login once, no password twice."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.each_once import OnceResult, OnceTarget, check_each_once
from smtp_tui.checks.request import CheckRequest
from tests.smtp.playing import GREETING
from tests.smtp.scripted import ScriptedServer, serving

OFFER = f"{GREETING}\nC: EHLO …\nS: 250-mail.example.test\nS: 250 AUTH PLAIN LOGIN"
ACCEPTED = f"{OFFER}\nC: AUTH …\nS: 235 2.7.0 welcome"
REJECTED = f"{OFFER}\nC: AUTH …\nS: 535 5.7.8 no"


def target(label: str, port: int, *, no_login: str = "", **values: Any) -> OnceTarget:
    whole = {
        "host": "127.0.0.1",
        "port": port,
        "encryption": "none",
        "timeout": 5,
        "username": "me",
        "password": "first-secret",
        "authentication": "plain",
        **values,
    }
    used = {key: value for key, value in whole.items() if value is not None}
    request = CheckRequest(values=used, base=Path("/"), extra=0)
    return OnceTarget(label=label, request=request, no_login=no_login)


async def results_of(*targets: OnceTarget) -> list[OnceResult]:
    results: dict[int, OnceResult] = {}
    async with aclosing(check_each_once(targets, 4)) as found:
        async for index, result in found:
            results[index] = result
    return [results[index] for index in range(len(targets))]


def logins(server: ScriptedServer) -> int:
    return sum(line.startswith("AUTH") for peer in server.peers for line in peer.lines)


async def test_the_same_settings_are_checked_once() -> None:
    async with serving((ACCEPTED,)) as server:
        first, second = await results_of(
            target("a", server.port, **{"from": "a@b.example"}), target("b", server.port, timeout=4)
        )
        assert len(server.peers) == logins(server) == 1
    assert first.verdict
    assert first.verdict is second.verdict
    assert (first.note, second.note) == ("", "checked with a")


@pytest.mark.parametrize(
    "other", [{"password": "second-secret"}, {"authentication": "login"}, {"domain": "x.example"}]
)
async def test_a_login_is_tried_once_at_a_server(other: dict[str, Any]) -> None:
    async with serving((ACCEPTED,), (OFFER,)) as server:
        first, second = await results_of(
            target("a", server.port), target("b", server.port, **other)
        )
        assert logins(server) == 1
    assert first.verdict
    assert second.verdict
    assert (first.verdict.ok, second.verdict.ok) == (True, True)
    assert second.note == "login not tried: a has the same server and login, but other settings"


async def test_a_rejected_login_is_tried_at_no_other_port() -> None:
    async with serving((REJECTED,)) as server, serving((OFFER,)) as other:
        first, second, third = await results_of(
            target("a", server.port), target("b", other.port), target("c", other.port, username="x")
        )
        assert (logins(server), logins(other)) == (1, 1)
    assert first.verdict
    assert first.verdict.cause == "auth-rejected"
    assert second.note == "login not tried: the server rejected it in a"
    assert third.note == ""


async def test_another_login_is_tried() -> None:
    async with serving((ACCEPTED,)) as server:
        results = await results_of(
            target("a", server.port), target("b", server.port, username="you")
        )
        assert logins(server) == 2
    assert [result.note for result in results] == ["", ""]


async def test_a_password_that_was_not_sent_may_be_sent_later() -> None:
    without = OFFER.replace("S: 250 AUTH PLAIN LOGIN", "S: 250 SIZE")
    async with serving((without,), (ACCEPTED,)) as server:
        first, second = await results_of(
            target("a", server.port), target("b", server.port, authentication="login")
        )
        assert logins(server) == 1
    assert first.verdict
    assert first.verdict.cause == "auth-not-offered"
    assert second.verdict
    assert second.verdict.ok


async def test_a_login_that_must_not_be_tried_is_left_out() -> None:
    async with serving((OFFER,)) as server:
        first, second = await results_of(
            target("a", server.port, no_login="no password", password=None),
            target("b", server.port, username=None, password=None, authentication=None),
        )
        assert logins(server) == 0
        assert len(server.peers) == 1
    assert (first.note, second.note) == ("no password", "checked with a")


async def test_a_dead_server_is_asked_once_for_all_logins() -> None:
    first, second = await results_of(target("a", 1), target("b", 1, username="you"))
    assert first.verdict
    assert first.verdict.cause == "connection-refused"
    assert second.verdict is first.verdict


async def test_what_is_not_to_be_checked_is_not() -> None:
    named = target("a", 1)
    (result,) = await results_of(
        OnceTarget(label="a", request=named.request, why_not="mail is switched off")
    )
    assert (result.verdict, result.note) == (None, "mail is switched off")


async def test_invalid_settings_have_their_verdict() -> None:
    (result,) = await results_of(target("a", 70000))
    assert result.verdict
    assert result.verdict.stage.value == "settings"
