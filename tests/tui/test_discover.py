"""Settings looked for and picked in the form, by keys: found, stopped, taken, taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import DiscoveryOptions
from smtp_tui.discovery.steps import DiscoveryQuery, DiscoveryResult, ProbeStarted, Step
from smtp_tui.tui.model import server_search
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.dns.alone import stay_alone
from tests.dns.server import name_server
from tests.providers.test_reading import GOOD
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.tui.driving import SAMPLE, Hand, form_on
from tests.tui.test_search import knock, silent

FOUND = DiscoveryResult(seconds=1, ok=True, values=knock().values, reason="It is named.")
STEPS: tuple[Step, ...] = (
    ProbeStarted(seconds=0.1, ports=3, left_out=0),
    silent(25),
    knock(587, values={**knock().values, "port": 587, "encryption": "tls"}),
    knock(465),
    FOUND,
)


@dataclass
class FakeSearch:
    """Plays steps in place of a search, and remembers what it was asked."""

    steps: Sequence[Step] = STEPS
    hangs_after: int | None = None
    asked: list[tuple[DiscoveryQuery, DiscoveryOptions]] = field(default_factory=list)
    closed: int = 0
    defect: Exception | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, subject: DiscoveryQuery, wish: DiscoveryOptions
    ) -> AsyncGenerator[Step, None]:
        """Play them; one that hangs waits before its last ones until it is closed or released."""
        self.asked.append((subject, wish))
        try:
            if self.defect:
                raise self.defect
            for number, step in enumerate(self.steps):
                if number == self.hangs_after:
                    await self.released.wait()
                yield step
        finally:
            self.closed += 1


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    """In place of every search."""
    fake = FakeSearch()
    monkeypatch.setattr(server_search, "discover", fake)
    return fake


LOOKUP = DnsOptions(resolver=lambda: Resolver(("127.0.0.1", 9)))


def flat(hand: Hand) -> str:
    """The screen, whatever line a word came to stand in."""
    return " ".join(hand.screen.split())


async def opens(hand: Hand) -> None:
    await hand.press("alt+s")
    await hand.until(lambda: ">Search for" in hand.screen)


async def searches(hand: Hand, shown: str) -> None:
    """Search for what is proposed until something is shown."""
    await opens(hand)
    await hand.press("enter")
    await hand.until(lambda: shown in hand.screen)


async def finds(hand: Hand) -> None:
    await searches(hand, "FOUND mail.example.org")


async def is_back(hand: Hand) -> None:
    await hand.until(lambda: bool(hand.row("SMTP Host")))


class TestDiscover:
    async def test_the_best_is_on_top_and_taken_as_one_step(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            assert "tickets@example.net" in hand.screen
            assert "It sends no username and no password" in flat(hand)
            assert not search.asked
            await hand.press("enter")
            await hand.until(lambda: "FOUND mail.example.org port 465" in hand.screen)
            assert "> + mail.example.org   465  ssl    1.3  valid" in hand.screen
            assert "  - mail.example.org  25  no connection in time" in hand.screen
            assert "It is named." in hand.screen
            assert "SMTP Host: mail.example.net -> mail.example.org" in flat(hand)
            await hand.press("enter")
            await is_back(hand)
            assert "mail.example.org" in hand.row("SMTP Host")
            assert "465" in hand.row("SMTP Port")
            assert "‹ssl›" in hand.row("Encryption Type")
            assert "Changed, not saved yet: SMTP Host mail.example.org" in flat(hand)
            assert "The password stays, and the next test would send it to" in flat(hand)
            await hand.press("f4")
            assert "mail.example.net" in hand.row("SMTP Host")
            assert "2587" in hand.row("SMTP Port")
            assert "modified" not in hand.lines[0]
        ((subject, wish),) = search.asked
        assert (subject.name, subject.address) == ("example.net", "tickets@example.net")
        assert wish.domain == "tickets.example.org"
        assert not wish.with_autoconfig
        assert wish.providers
        assert search.closed == 1

    async def test_the_searched_address_is_the_username_where_the_form_has_none(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        del search
        text = SAMPLE.replace('username = "tickets@example.net"\npassword = "hunter2hunter2"\n', "")
        async with form_on(text, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            await hand.press("ctrl+u")
            await hand.type("me@example.org")
            await hand.press("f5")
            await hand.until(lambda: "FOUND mail.example.org port 465" in hand.screen)
            assert "-> me@example.org" in flat(hand)
            await hand.press("enter")
            await is_back(hand)
            assert "me@example.org" in hand.row("SMTP Username")

    async def test_another_line_is_taken(self, tmp_path: Path, search: FakeSearch) -> None:
        del search
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await finds(hand)
            await hand.press("down", "enter")
            await is_back(hand)
            assert "587" in hand.row("SMTP Port")
            assert "‹tls›" in hand.row("Encryption Type")

    async def test_a_silent_line_cannot_be_taken(self, tmp_path: Path, search: FakeSearch) -> None:
        del search
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await finds(hand)
            await hand.press("end")
            assert "There is nothing to use here: no connection in time." in hand.screen
            assert "a firewall here or at the hosting provider" in flat(hand)
            await hand.press("enter")
            assert "There is nothing to use here" in hand.screen

    async def test_the_first_escape_stops_and_the_second_goes_back(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        search.hangs_after = 3
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await searches(hand, "2 of 3 ports tried")
            assert "of 10 s. Esc stops." in hand.screen
            assert "Esc Stop" in hand.hints
            await hand.press("escape")
            await hand.until(lambda: "STOPPED after" in hand.screen)
            assert search.closed == 1
            assert "Esc Back" in hand.hints
            await hand.press("escape")
            await is_back(hand)
            assert "modified" not in hand.lines[0]

    async def test_what_was_found_before_the_stop_can_be_taken(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        search.hangs_after = 3
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await searches(hand, "> + mail.example.org")
            await hand.press("enter")
            await is_back(hand)
            assert "587" in hand.row("SMTP Port")
            await hand.until(lambda: search.closed == 1)

    async def test_leaving_the_program_closes_a_search(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        search.hangs_after = 1
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            await hand.press("enter")
            await hand.until(lambda: bool(search.asked))
        assert search.closed == 1

    async def test_another_name(self, tmp_path: Path, search: FakeSearch) -> None:
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            await hand.press("ctrl+u")
            await hand.type("no name")
            await hand.press("enter")
            await hand.until(lambda: "This is not an address, a domain or a host" in hand.screen)
            await hand.press("ctrl+u", "enter")
            await hand.until(lambda: "Type an address, a domain or a host." in hand.screen)
            assert not search.asked
            await hand.type("example.org")
            await hand.press("enter")
            await hand.until(lambda: "FOUND" in hand.screen)
            await hand.press("tab")
            assert ">Search for" in hand.screen
            await hand.press("ctrl+u")
            await hand.type("192.0.2.7")
            await hand.press("enter")
            await hand.until(lambda: len(search.asked) == 2)
        assert [one.name for one, _ in search.asked] == ["example.org", "192.0.2.7"]

    async def test_a_second_search_ends_the_first(self, tmp_path: Path, search: FakeSearch) -> None:
        search.hangs_after = 1
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            await hand.press("enter")
            await hand.until(lambda: len(search.asked) == 1)
            search.hangs_after = None
            await hand.press("up", "enter")
            await hand.until(lambda: "FOUND" in hand.screen)
            assert search.closed == 2

    async def test_nobody_is_drawn_away_from_what_they_type(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        search.hangs_after = 1
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await searches(hand, "0 of 3 ports")
            await hand.type("x")
            search.released.set()
            await hand.until(lambda: "FOUND" in hand.screen)
            assert ">Search for           tickets@example.netx" in hand.screen

    async def test_autoconfig_is_asked_on_wish(self, tmp_path: Path, search: FakeSearch) -> None:
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            await hand.press("down", "right")
            assert "‹yes›" in hand.screen
            await hand.press("enter")
            await hand.until(lambda: "FOUND" in hand.screen)
            assert "> + mail.example.org" in hand.screen
        assert search.asked[0][1].with_autoconfig

    async def test_autoconfig_that_is_not_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, search: FakeSearch
    ) -> None:
        monkeypatch.setattr("smtp_tui.tui.dialogs.discover.is_available", lambda: False)
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await opens(hand)
            assert "needs defusedxml" in hand.screen
            await hand.press("down", "right", "up", "enter")
            await hand.until(lambda: "FOUND" in hand.screen)
        assert not search.asked[0][1].with_autoconfig

    async def test_a_defect_of_the_search_is_told(self, tmp_path: Path, search: FakeSearch) -> None:
        search.defect = ZeroDivisionError("hunter2hunter2")
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP) as hand:
            await searches(hand, "A bug in smtp-tui: ZeroDivisionError")
            assert "hunter2" not in hand.screen
            await hand.press("escape")
            await is_back(hand)

    async def test_the_demo_asks_nobody(self, tmp_path: Path, search: FakeSearch) -> None:
        async with form_on(SAMPLE, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
            await opens(hand)
            assert "The demo contacts no other machine" in flat(hand)
            await hand.press("enter")
            assert "The demo contacts no other machine" in flat(hand)
            await hand.press("escape")
            await is_back(hand)
        assert not search.asked

    @pytest.mark.parametrize("size", [(60, 15), (80, 24), (140, 40)])
    async def test_nothing_is_cut_where_the_eye_looks(
        self, tmp_path: Path, search: FakeSearch, size: tuple[int, int]
    ) -> None:
        del search
        async with form_on(SAMPLE, tmp_path, lookup=LOOKUP, size=size) as hand:
            await finds(hand)
            assert "> + mail.example.org" in hand.screen.replace("mail.exampl…", "mail.example.org")
            assert "Enter Use it" in hand.hints
            assert "Esc Back" in hand.hints
            assert all(len(line) == size[0] for line in hand.lines)

    async def test_a_certificate_that_the_form_s_ca_does_not_vouch_for(
        self, tmp_path: Path, search: FakeSearch
    ) -> None:
        fault = "certificate-unknown-issuer"
        search.steps = (knock(trusted=fault, cause=fault), replace(FOUND, ok=False, cause=fault))
        for more, is_told in (("", False), ('ca_file = "absent.pem"\n', True)):
            async with form_on(f"{SAMPLE}{more}", tmp_path, lookup=LOOKUP) as hand:
                await searches(hand, "NOTHING WORKS; the closest is mail.example.org")
                assert "> ! mail.example.org" in hand.screen
                assert "unknown" in hand.screen
                assert ("checked against the form's CA File" in flat(hand)) == is_told

    async def test_a_ca_of_the_form_is_trusted_and_one_that_is_none_is_not(
        self, tmp_path: Path, search: FakeSearch, mail_servers: MailServers
    ) -> None:
        (tmp_path / "wrong.pem").write_text("no certificate")
        for name in (str(mail_servers.authority_file), "wrong.pem", "absent.pem"):
            text = f"{SAMPLE}ca_file = {json.dumps(name)}\n"
            async with form_on(text, tmp_path, lookup=LOOKUP) as hand:
                await finds(hand)
        trusted = [wish.ca_file for _, wish in search.asked]
        assert trusted == [str(mail_servers.authority_file), None, None]


async def test_real_servers_that_dns_names(
    tmp_path: Path, mail_servers: MailServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_alone(monkeypatch)
    ports = mail_servers.ports
    zone = {
        "example.test": {"MX": [f"10 {mail_servers.host}."]},
        "_submissions._tcp.example.test": {
            "SRV": [f"0 1 {ports[Listener.IMPLICIT_TLS]} {mail_servers.host}."]
        },
        "_submission._tcp.example.test": {
            "SRV": [f"0 1 {ports[Listener.STARTTLS_REQUIRED]} {mail_servers.host}."]
        },
        mail_servers.host: {"A": ["127.0.0.1"]},
    }
    text = f"""\
[smtp]
host = "wrong.example.test"
username = {json.dumps(mail_servers.user.name)}
password = {json.dumps(mail_servers.user.password)}
from = "tickets@example.test"
ca_file = {json.dumps(str(mail_servers.authority_file))}
authentication = "cram-md5"
"""
    with name_server(zone) as server:
        lookup = DnsOptions(resolver=lambda: Resolver(("127.0.0.1", server.port)))
        async with form_on(text, tmp_path, lookup=lookup, size=(100, 30)) as hand:
            await opens(hand)
            await hand.press("enter")
            await hand.until(lambda: f"FOUND {mail_servers.host}" in hand.screen)
            assert f"> + {mail_servers.host}" in hand.screen
            assert "An SRV record of example.test names it" in hand.screen
            assert mail_servers.user.password not in hand.screen
            await hand.press("enter")
            await is_back(hand)
            assert mail_servers.host in hand.row("SMTP Host")
            assert str(ports[Listener.IMPLICIT_TLS]) in hand.row("SMTP Port")
            assert "‹ssl›" in hand.row("Encryption Type")
            await hand.press("f4")
            assert "wrong.example.test" in hand.row("SMTP Host")


async def picks(hand: Hand, typed: str) -> None:
    await hand.press("alt+p")
    await hand.until(lambda: "Find  a few letters" in hand.screen)
    await hand.type(typed)


class TestPresets:
    async def test_letters_narrow_the_list_and_enter_takes_one_step(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await picks(hand, "sendgrid")
            assert "1 of 1" in hand.screen
            assert "> Twilio SendGrid" in hand.screen
            for told in (
                "Ports: ‹587 tls›",
                "Username: the word apikey",
                "Password: an API key that begins with SG.",
                "As of 2026-11-28, from",
                "SMTP Host: mail.example.net -> smtp.sendgrid.net",
            ):
                assert told in flat(hand)
            await hand.press("enter")
            await is_back(hand)
            assert "smtp.sendgrid.net" in hand.row("SMTP Host")
            assert "apikey" in hand.row("SMTP Username")
            assert hand.row("SMTP Password").startswith(">")
            assert "Now type the password: an API key that begins with SG." in flat(hand)
            await hand.press("f4")
            assert "mail.example.net" in hand.row("SMTP Host")
            assert "tickets@example.net" in hand.row("SMTP Username")
            assert "modified" not in hand.lines[0]

    async def test_a_typed_host_of_the_provider_is_taken(self, tmp_path: Path) -> None:
        text = SAMPLE.replace("mail.example.net", "smtp.zoho.com")
        async with form_on(text, tmp_path) as hand:
            await picks(hand, "me@zoho.eu")
            assert "Enter sets SMTP Host: smtp.zoho.com -> smtp.zoho.eu" in flat(hand)
            await hand.press("enter")
            await is_back(hand)
            assert "smtp.zoho.eu" in hand.row("SMTP Host")

    async def test_another_port(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await picks(hand, "gmail.com")
            assert "‹465 ssl›" in hand.screen
            await hand.press("tab")
            assert "‹587 tls›" in hand.screen
            await hand.press("tab", "shift+tab", "enter")
            await is_back(hand)
            assert "587" in hand.row("SMTP Port")
            assert "‹tls›" in hand.row("Encryption Type")

    async def test_a_host_that_the_admin_must_choose(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await picks(hand, "amazon")
            assert "You choose the host." in flat(hand)
            await hand.press("enter")
            await is_back(hand)
            assert hand.row("SMTP Host").startswith(">")
            assert "Now type the host, one of email-smtp.*.amazonaws.com" in flat(hand)
            await hand.press("f4")
            assert "mail.example.net" in hand.row("SMTP Host")

    async def test_one_reads_on_about_the_chosen_one(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(80, 16)) as hand:
            await picks(hand, "zoho")
            assert "Zoho Mail (zoho)" in hand.screen
            await hand.press("pagedown")
            assert "Zoho Mail (zoho)" not in hand.screen
            assert "As of " in hand.screen
            await hand.press("pageup")
            assert "Zoho Mail (zoho)" in hand.screen

    async def test_none_is_meant_and_none_is_taken(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await picks(hand, "nobody at all")
            assert "No provider matches." in hand.screen
            await hand.press("enter", "tab", "down")
            assert "No provider matches." in hand.screen
            await hand.press("escape")
            assert "Gmail" in hand.screen
            await hand.press("escape")
            await is_back(hand)
            assert "modified" not in hand.lines[0]

    async def test_it_begins_at_the_provider_of_the_host(self, tmp_path: Path) -> None:
        text = SAMPLE.replace("mail.example.net", "smtp.fastmail.com")
        async with form_on(text, tmp_path) as hand:
            await picks(hand, "")
            assert "> Fastmail" in hand.screen

    async def test_one_s_own_are_in_it_and_faults_are_told(
        self, tmp_path: Path, private_home: Path
    ) -> None:
        folder = private_home / ".config" / "smtp-tui" / "providers"
        folder.mkdir(parents=True)
        (folder / "ours.toml").write_text(GOOD)
        (folder / "broken.toml").write_text("provider = 5")
        async with form_on(SAMPLE, tmp_path) as hand:
            await picks(hand, "our")
            await hand.until(lambda: "> Our relay" in hand.screen)
            told = flat(hand)  # the file's whole path may be cut anywhere
            assert "is ignored: it contains no [[provider]] tables" in told
            assert "broken.toml" in told.replace(" ", "")
            assert "yours" in hand.screen
            await hand.press("enter")
            await is_back(hand)
            assert "relay.example.org" in hand.row("SMTP Host")

    async def test_the_demo_has_it_too(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
            await picks(hand, "gmail")
            assert "> Gmail" in hand.screen


GMAIL = SAMPLE.replace("mail.example.net", "smtp.gmail.com")


class TestSidebar:
    @pytest.mark.parametrize(
        ("field", "told"),
        [
            ("SMTP Host", "500 messages a day"),
            ("SMTP Username", "Username: the whole address"),
            ("SMTP Password", "Create it at: https://myaccount.google.com/apppasswords"),
        ],
    )
    async def test_a_known_host_s_provider_is_told_where_it_matters(
        self, tmp_path: Path, field: str, told: str
    ) -> None:
        async with form_on(GMAIL, tmp_path, size=(140, 60)) as hand:
            await hand.go_to(field)
            sidebar = [line.partition("│")[2] for line in hand.lines]
            assert "At Gmail and Google Workspace" in " ".join(" ".join(sidebar).split())
            assert told.replace(" ", "") in "".join("".join(sidebar).split())

    async def test_an_unknown_host_has_none(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(140, 60)) as hand:
            await hand.go_to("SMTP Username")
            assert "Username:" not in hand.screen

    async def test_a_provider_of_one_s_own(self, tmp_path: Path, private_home: Path) -> None:
        folder = private_home / ".config" / "smtp-tui" / "providers"
        folder.mkdir(parents=True)
        (folder / "ours.toml").write_text(GOOD)
        text = SAMPLE.replace("mail.example.net", "relay.example.org")
        async with form_on(text, tmp_path, size=(140, 60)) as hand:
            await hand.go_to("SMTP Password")
            assert "At Our relay" in hand.screen
            assert "Password: the one of the" in hand.screen
