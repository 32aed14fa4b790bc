"""The mail servers of a domain as senders see them: on a page of the form, and line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smtp_tui.checks import as_mta
from smtp_tui.checks.sender_texts import address_sentence, table_head, table_rows
from smtp_tui.checks.senders import MtaSummary, MxSide
from smtp_tui.discovery.dns import DnsAnswerState, Resolver
from smtp_tui.discovery.exchanges import ExchangesAnswer, MailExchange
from smtp_tui.tui.linear import reports
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.checks.test_as_mta import BELOW, DOMAIN, LEAF, MX, ROOT, secured, zone_of
from tests.discovery.test_dane import record_of
from tests.dns.alone import stay_alone
from tests.dns.server import SILENT, name_server
from tests.servers.ports import reserved_ports
from tests.smtp.scripted import serving
from tests.tui.driving import SAMPLE, Hand, form_on
from tests.tui.linear_console import answered

TEXT = SAMPLE.replace("[smtp]", f'[smtp]\nfrom = "me@{DOMAIN}"')


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ask nobody but the test's name server, and trust nobody but its CA."""
    stay_alone(monkeypatch)
    file = tmp_path / "root.pem"
    file.write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


@asynccontextmanager
async def page(
    tmp_path: Path, names_port: int, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Hand]:
    """The form, after the domain was accepted as it is proposed."""
    lookup = DnsOptions(resolver=lambda: Resolver(("127.0.0.1", names_port)))
    async with form_on(TEXT, tmp_path, lookup=lookup, size=size) as hand:
        await hand.press("ctrl+p", *"mx servers", "enter")
        await hand.until(lambda: "The domain whose mail servers" in hand.screen)
        assert DOMAIN in hand.screen
        yield hand


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_page_shows_what_each_sender_meets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    zone = zone_of(record_of(3, 1, 1, LEAF))
    async with serving(secured(tmp_path, LEAF, BELOW), may_leave=True) as server:
        monkeypatch.setattr(as_mta, "PORT", server.port)
        with name_server(zone, vouches=True) as names:
            async with page(tmp_path, names.port, size) as hand:
                await hand.press("enter")
                await hand.until(lambda: "PASSED: senders can deliver" in hand.screen)
                shown = [line.strip() for line in hand.lines]
                assert f"{MX} (10)" in shown
                row = next(line for line in shown if line.startswith("127.0.0.1"))
                assert row.split() == ["127.0.0.1", "TLSv1.3", "valid", *["delivers"] * 3]
                assert "+ TLSA 3 1 1" in hand.screen
                await hand.press("escape")
                await hand.until(lambda: "SMTP Port" in hand.screen)


async def test_escape_stops_first_and_then_goes_back(tmp_path: Path) -> None:
    with name_server({DOMAIN: {"MX": SILENT}}) as names:
        async with page(tmp_path, names.port) as hand:
            await hand.press("enter")
            await hand.until(lambda: "Esc stops" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "Stopped." in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: "SMTP Port" in hand.screen)


async def test_what_is_no_domain_is_asked_again(tmp_path: Path) -> None:
    async with page(tmp_path, 1) as hand:
        await hand.press("ctrl+u", *"192.0.2.1", "enter")
        await hand.until(lambda: "An address has no MX records. Type the domain." in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "SMTP Port" in hand.screen)


async def test_the_demo_asks_nobody(tmp_path: Path) -> None:
    async with form_on(TEXT, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
        await hand.press("ctrl+p", *"mx servers", "enter")
        await hand.until(lambda: "it checks no mail servers" in hand.screen)


def test_line_by_line_each_address_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reserved_ports(("127.0.0.1",), 1) as (port,), name_server(zone_of()) as names:
        monkeypatch.setattr(as_mta, "PORT", port)
        resolver = Resolver(("127.0.0.1", names.port))
        monkeypatch.setattr(reports, "Resolver", lambda: resolver)
        ended = answered(tmp_path, ":mx", ":mx 192.0.2.1", ":quit", text=TEXT)
    words = " ".join(ended.text.split())
    assert "127.0.0.1: no TLS; plain senders: fails; DANE: fails; MTA-STS: fails" in words
    assert f"{MX}, preference 10:" in words
    assert f"FAILED: no mail server of {DOMAIN} answers on port 25. " in words
    assert "An address has no MX records." in words
    demo = answered(tmp_path, ":mx", ":quit", text=TEXT, is_demo=True)
    assert "The demo contacts no other machine, so it checks no mail servers." in demo.text


def test_a_long_address_has_a_line_of_its_own() -> None:
    exchange = MailExchange(host=MX, preference=10)
    side = MxSide(exchange=exchange, address="2001:db8:1234:5678:9abc:def0:1234:5678")
    answer = ExchangesAnswer(state=DnsAnswerState.FOUND, hosts=(exchange,))
    summary = MtaSummary(domain=DOMAIN, answer=answer, sides=(side,))
    narrow, wide = [*table_rows(side, summary, 78)], [*table_rows(side, summary, 136)]
    assert [len(narrow), len(wide)] == [2, 1]
    assert all(len(line) <= 78 for line in narrow)
    heads = table_head(summary, 136)
    assert wide[0].index("fails") == heads.index("plain")
    assert "plain senders: fails; DANE: fails" in address_sentence(side)
