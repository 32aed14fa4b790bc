"""A check in another network: its names, its sockets, its hostname and its authorities."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp import session, starttls
from smtp_tui.smtp.addresses import Network, look_up, open_socket
from smtp_tui.smtp.tls import client_context
from tests.smtp import pki
from tests.smtp.scripted import Script, serving
from tests.smtp.steps import silence, tls

NAME = "mail.inside.test"
GREETING = "S: 220 mail.inside.test ESMTP\nC: EHLO app.inside.test\n"


class Inside(Network):
    """A network whose names and sockets lead to loopback; it remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.made = 0

    def addresses(self, name: str, port: int, family: socket.AddressFamily) -> Any:
        self.asked.append(name)
        if name != NAME:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, ("127.0.0.1", port))]

    def new_socket(self, family: socket.AddressFamily) -> socket.socket:
        self.made += 1
        return super().new_socket(family)

    def own_name(self) -> str:
        return "app.inside.test"


def parsed(**values: Any) -> Settings:
    settings = parse_settings(values).settings
    assert settings
    return settings


async def verdict_of(network: Network, *scripts: Script, **values: Any) -> Verdict:
    """Check a scripted server through a network."""
    trust, extra = values.pop("trust", None), values.pop("extra", 0)
    async with serving(*scripts) as server:
        whole = {"host": NAME, "port": server.port, "encryption": "none", "timeout": 5, **values}
        request = CheckRequest(
            values=whole, base=Path.cwd(), extra=extra, network=network, trust=trust
        )
        events = [event async for event in run(request)]
    assert isinstance(events[-1], Verdict)
    return events[-1]


async def test_names_sockets_and_hostname_are_the_network_s() -> None:
    network = Inside()
    verdict = await verdict_of(network, (f"{GREETING}S: 250 mail.inside.test",))
    assert verdict.ok
    assert (network.asked, network.made) == ([NAME], 1)


async def test_a_name_that_only_we_know_is_unknown_there() -> None:
    verdict = await verdict_of(Inside(), host="localhost")
    assert (verdict.stage.value, verdict.cause) == ("resolve", "host-not-found")


async def test_a_probe_beside_the_check_goes_there_too(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PROBE_AFTER", 0.05)
    network = Inside()
    inside = (tls(context), f"{GREETING}S: 250 mail.inside.test")
    verdict = await verdict_of(network, (silence,), (tls(context),), inside, extra=3, timeout=20)
    assert verdict.cause == "implicit-tls-expected"
    assert network.made >= 2


@pytest.mark.parametrize("code", [errno.ESRCH, errno.EACCES, errno.ENETUNREACH])
async def test_a_network_that_makes_no_socket(code: int) -> None:
    class Broken(Inside):
        def new_socket(self, family: socket.AddressFamily) -> socket.socket:
            raise OSError(code, os.strerror(code))

    verdict = await verdict_of(Broken())
    assert (verdict.ok, verdict.stage.value) == (False, "connect")
    assert verdict.cause != "internal-error"


def test_a_socket_of_the_network_is_bound_and_closed_on_failure() -> None:
    network = Inside()
    (target,) = look_up(parsed(host=NAME, port=25), network)
    with open_socket(target, "127.0.0.1", network) as opened:
        assert opened.getsockname()[0] == "127.0.0.1"
        assert not opened.getblocking()
    with pytest.raises(OSError, match="assign"):
        open_socket(target, "192.0.2.1", network)


@pytest.mark.parametrize(
    ("trusted", "cause"),
    [("ours", None), ("other", "certificate-unknown-issuer"), ("", "certificate-unknown-issuer")],
)
async def test_the_authorities_are_those_that_are_given(
    context: ssl.SSLContext, authority: pki.Issued, trusted: str, cause: str | None
) -> None:
    other = pki.issue("Other CA", is_authority=True)
    trust = {"ours": authority.pem, "other": other.pem, "": b""}[trusted].decode()
    inside = (tls(context), f"{GREETING}S: 250 mail.inside.test")
    values = {"encryption": "ssl", "server_name": pki.HOST, "trust": trust}
    verdict = await verdict_of(Inside(), inside, **values)
    assert verdict.cause == cause


async def test_a_file_in_the_settings_wins(
    context: ssl.SSLContext, ca_file: str, authority: pki.Issued
) -> None:
    inside = (tls(context), f"{GREETING}S: 250 mail.inside.test")
    values = {"encryption": "ssl", "server_name": pki.HOST, "trust": "", "ca_file": ca_file}
    assert (await verdict_of(Inside(), inside, **values)).ok


async def test_a_recent_context_is_not_that_of_other_authorities(authority: pki.Issued) -> None:
    settings = parsed(host=NAME, port=25)
    trust = authority.pem.decode()
    first = await starttls.load_context(settings, 5, trust)
    assert await starttls.load_context(settings, 5, trust) is first
    assert await starttls.load_context(settings, 5, "") is not first
    assert await starttls.load_context(settings, 5) is not first


def test_none_and_empty_are_not_the_same(authority: pki.Issued) -> None:
    settings = parsed(host=NAME, port=25)
    assert client_context(settings, trust="").get_ca_certs() == []
    (certificate,) = client_context(settings, trust=authority.pem.decode()).get_ca_certs()
    assert certificate["subject"] == ((("commonName", "Test CA"),),)
