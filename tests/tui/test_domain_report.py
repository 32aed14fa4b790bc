"""What DNS says about the sender's domain: at the verdict, in the log, on a screen of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.config.preferences import NAME, Preferences, read_preferences
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery.dns import Resolver
from smtp_tui.smtp.events import Connected, TlsEstablished
from smtp_tui.tui.dialogs.domain_report import DomainScreen
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.discovery.test_dane import BELOW, LEAF, record_of, seen
from tests.dns.alone import stay_alone
from tests.dns.server import SILENT, NameServer, Zone, name_server
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, Hand, failed, form_on, settle

# Addresses that somebody has: of those for examples nobody outside knows anything.
SERVER, OWN, INSIDE = "8.8.4.4", "9.9.9.9", "10.1.2.3"
DOMAIN = "example.test"
TEXT = SAMPLE.replace("[smtp]", f'[smtp]\nfrom = "me@{DOMAIN}"')
ZONE: Zone = {
    DOMAIN: {"MX": ["10 mx.example.test."], "TXT": [f'"v=spf1 ip4:{SERVER} -all"']},
    f"_dmarc.{DOMAIN}": {"TXT": ['"v=DMARC1; p=reject"']},
    f"mail2026._domainkey.{DOMAIN}": {"TXT": ['"v=DKIM1; p=MIIB"']},
}
NO_SPF: Zone = {**ZONE, DOMAIN: {"MX": ["10 mx.example.test."]}}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nobody but the name server of the test."""
    stay_alone(monkeypatch)


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server(ZONE) as server:
        yield server


def check(address: str = SERVER, verdict: Verdict = PASSED) -> FakeCheck:
    """A test of a server at an address."""
    connected = Connected(seconds=0.01, address=address, port=587, local_address=OWN)
    return FakeCheck((*DIALOGUE[:2], connected, *DIALOGUE[2:], verdict))


def asking(server: NameServer, *, is_alone: bool = False) -> DnsOptions:
    return DnsOptions(resolver=lambda: Resolver(("127.0.0.1", server.port)), is_alone=is_alone)


def verdict_of(hand: Hand) -> str:
    """The verdict's lines as one text."""
    lines = [line.split("│")[0].strip() for line in hand.lines]
    start = next((n for n, line in enumerate(lines) if line.startswith("PASSED")), len(lines))
    return " ".join(" ".join(lines[start:-1]).split())


async def test_a_passed_test_asks_about_the_senders_domain(
    tmp_path: Path, names: NameServer
) -> None:
    async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Alt+N: all" in hand.screen)
        told = verdict_of(hand)
        assert told.endswith("Alt+N: all")
        assert told.startswith("PASSED: the login works.")
        assert "Domain example.test: covered by SPF, DMARC reject, MX found, no PTR" in told
        await hand.until(lambda: "SPF of example.test covers mail.example.net" in last_test(hand))
        assert "what receivers find in DNS" in last_test(hand)
        assert "MX: Replies and bounces reach example.test" in last_test(hand)
        # Folded, the facts leave the dialogue in view.
        await hand.until(lambda: "[+] DNS about example.test: covered by SPF" in hand.screen)
        assert "-> EHLO" in hand.screen
        await hand.press("f6", "enter")
        assert "SPF: " in hand.screen


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_the_verdict_stays_what_cannot_be_missed(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    verdict = replace(PASSED, summary="The server takes it. " * 12)
    with name_server(NO_SPF) as names:
        lookup, played = asking(names), check(verdict=verdict)
        async with form_on(TEXT, tmp_path, check=played, lookup=lookup, size=size) as hand:
            await hand.press("f5")
            await hand.until(lambda: hand.form_screen.test_pane.domain.found is not None)
            await settle(hand.pilot.app)
            assert any(line.startswith(" PASSED: the server takes it.") for line in hand.lines)


async def test_what_keeps_mail_from_arriving_is_marked(tmp_path: Path) -> None:
    with name_server(NO_SPF) as names:
        async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names)) as hand:
            await hand.press("f5")
            await hand.until(lambda: "! Domain example.test: no SPF" in hand.screen)
            await hand.press("alt+n")
            lines = [line for line in hand.lines if line.startswith((" !", " +", " i", " ?"))]
            assert lines[0].startswith(" ! SPF: example.test has no SPF record")


async def test_tlsa_is_held_to_the_certificates_of_the_test(tmp_path: Path) -> None:
    zone = {**ZONE, "_2587._tcp.mail.example.net": {"TLSA": [record_of(3, 1, 1, BELOW)]}}
    chain = tuple(seen(LEAF, BELOW))
    shaken = TlsEstablished(seconds=0.02, version="TLSv1.3", cipher="x", verified=True, chain=chain)
    played = check()
    events = (*played.script[:3], shaken, *played.script[3:])
    with name_server(zone, vouches=True) as names:
        async with form_on(TEXT, tmp_path, check=FakeCheck(events), lookup=asking(names)) as hand:
            await hand.press("f5")
            await hand.until(lambda: "Alt+N: all" in hand.screen)
            assert "no PTR, TLSA mismatch; Alt+N: all" in verdict_of(hand)
            await hand.press("alt+n")
            text = " ".join(" ".join(hand.lines).split())
            assert "It matches no certificate that the server sends." in text


async def test_a_failed_test_asks_nobody(tmp_path: Path, names: NameServer) -> None:
    played = check(verdict=failed("auth-rejected"))
    async with form_on(TEXT, tmp_path, check=played, lookup=asking(names)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED" in hand.screen)
        await hand.until(lambda: not hand.form_screen.test_pane.is_busy)
        assert names.asked == []
        await hand.press("alt+n")
        await hand.until(lambda: "SPF of example.test covers" in hand.screen)
        await hand.press("escape")
        assert "Alt+N: all" not in hand.screen


async def test_of_a_server_inside_dns_is_asked_by_key_alone(
    tmp_path: Path, names: NameServer
) -> None:
    async with form_on(TEXT, tmp_path, check=check(INSIDE), lookup=asking(names)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "DNS not asked: " in hand.screen)
        assert names.asked == []
        await hand.press("alt+n")
        await hand.until(lambda: "DMARC at _dmarc.example.test asks receivers" in hand.screen)


async def test_the_preferences_say_whether_and_which_keys(
    tmp_path: Path, names: NameServer
) -> None:
    preferences = Preferences(domain_check=False, dkim=("mail2026",))
    lookup = asking(names)
    async with form_on(
        TEXT, tmp_path, check=check(), lookup=lookup, preferences=preferences
    ) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen and not hand.form_screen.test_pane.is_busy)
        assert names.asked == []
        await hand.press("alt+n")
        await hand.until(lambda: "DKIM key mail2026 of example.test exists" in hand.screen)


async def test_the_demo_asks_nobody(tmp_path: Path, names: NameServer) -> None:
    lookup = asking(names, is_alone=True)
    async with form_on(TEXT, tmp_path, check=check(), lookup=lookup) as hand:
        await hand.press("f5")
        await hand.until(lambda: "the demo contacts" in hand.screen)
        await hand.press("alt+n")
        assert "The demo contacts no other machine" in hand.screen
        assert "Ask again" not in hand.hints
        await hand.press("r", "k")
        assert names.asked == []
        await hand.press("escape")
        assert not isinstance(hand.pilot.app.screen, DomainScreen)


async def test_the_screen_tells_each_fact_with_its_record(
    tmp_path: Path, names: NameServer
) -> None:
    async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names), size=(100, 50)) as hand:
        await hand.press("alt+n")
        await hand.until(lambda: "What DNS says about example.test" in hand.screen)
        assert "v=DMARC1; p=reject" in hand.screen
        assert "press Esc, then F5" in hand.screen
        await hand.press("escape", "f5")
        await hand.until(lambda: "Alt+N: all" in hand.screen)
        await hand.press("alt+n")
        assert "press Esc, then F5" not in hand.screen
        assert "PTR: The address 9.9.9.9 has no name" in hand.screen
        assert "SPF of example.test forbids this machine (9.9.9.9) (-all)" in hand.screen
        assert hand.screen.count("v=spf1 ip4:8.8.4.4 -all") == 1


async def test_selectors_are_typed_by_key(tmp_path: Path, names: NameServer) -> None:
    async with form_on(TEXT, tmp_path, lookup=asking(names), size=(100, 50)) as hand:
        await hand.press("alt+n")
        await hand.until(lambda: "K names it" in hand.screen)
        await hand.press("k")
        assert "Selectors of DKIM keys" in hand.screen
        await hand.type("mail 2026!")
        await hand.press("enter")
        assert "2026! is not a selector" in hand.screen
        await hand.press("ctrl+u")
        await hand.type("mail2026, gone")
        await hand.press("enter")
        await hand.until(lambda: "DKIM key gone of example.test does not exist" in hand.screen)
        assert "DKIM key mail2026 of example.test exists" in hand.screen
        await hand.press("k", "ctrl+u", "enter")
        await hand.until(lambda: "K names it" in hand.screen)


async def test_esc_stops_asking_and_a_key_asks_again(tmp_path: Path) -> None:
    silent: Zone = {DOMAIN: {"*": SILENT}, f"_dmarc.{DOMAIN}": {"*": SILENT}}
    with name_server(silent) as names:
        async with form_on(TEXT, tmp_path, lookup=asking(names)) as hand:
            await hand.press("alt+n")
            await hand.until(lambda: "Asking DNS, 8 s at most" in hand.screen)
            await hand.press("escape")
            assert "Stopped. F5 asks DNS again." in hand.screen
            names.zone = dict(ZONE)
            await hand.press("r")
            await hand.until(lambda: "DMARC at _dmarc.example.test asks receivers" in hand.screen)
            await hand.press("escape")
            assert not isinstance(hand.pilot.app.screen, DomainScreen)


async def test_at_the_verdict_esc_stops_asking(tmp_path: Path) -> None:
    silent: Zone = {DOMAIN: {"*": SILENT}}
    with name_server(silent) as names:
        async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names)) as hand:
            await hand.press("f5")
            await hand.until(lambda: "asking DNS, 8 s at most; Esc stops" in hand.screen)
            await hand.press("escape")
            assert "asking DNS" not in hand.screen
            assert "stopped: no further DNS queries about example.test" in hand.screen
            assert "PASSED" in hand.screen


def last_test(hand: Hand) -> str:
    return "\n".join(map(str, hand.form_screen.test_pane.log_view.rows.last_test()))


async def test_a_new_test_forgets_what_was_asked_for_the_one_before(tmp_path: Path) -> None:
    silent: Zone = {DOMAIN: {"*": SILENT}}
    played = check()
    with name_server(silent) as names:
        async with form_on(TEXT, tmp_path, check=played, lookup=asking(names)) as hand:
            await hand.press("f5")
            await hand.until(lambda: "asking DNS" in hand.screen)
            names.zone = dict(ZONE)
            await hand.press("f5")
            await hand.until(lambda: "Alt+N: all" in hand.screen)
            await hand.until(lambda: "what receivers find in DNS" in last_test(hand))
            assert "stopped: no further DNS queries" not in last_test(hand)
            assert last_test(hand).count("what receivers find in DNS") == 1


async def test_another_sender_is_asked_about_anew(tmp_path: Path, names: NameServer) -> None:
    names.zone["other.test"] = {"MX": ["10 mx.other.test."]}
    async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Alt+N: all" in hand.screen)
        hand.form_screen.form.focus_field("from")
        await hand.press("ctrl+u")
        await hand.type("me@other.test")
        await hand.press("alt+n")
        await hand.until(lambda: "What DNS says about other.test" in hand.screen)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            SAMPLE.replace('username = "tickets@example.net"', 'from = "me@[8.8.8.8]"'),
            "DNS was not asked",
        ),
        (TEXT.replace('host = "mail.example.net"', ""), "DNS was not asked: SMTP Host"),
    ],
)
async def test_without_a_domain_nobody_is_asked(tmp_path: Path, text: str, told: str) -> None:
    async with form_on(text, tmp_path) as hand:
        await hand.press("alt+n")
        await hand.until(lambda: told in hand.screen)
        assert "R Ask again" not in hand.hints


async def test_what_dns_says_steers_no_terminal(tmp_path: Path) -> None:
    zone: Zone = {**ZONE, DOMAIN: {"TXT": ['"v=spf1 \\027]0;x\\007 -all"']}}
    with name_server(zone) as names:
        async with form_on(TEXT, tmp_path, lookup=asking(names), size=(100, 50)) as hand:
            await hand.press("alt+n")
            await hand.until(lambda: "What DNS says about example.test" in hand.screen)
            assert "\x1b" not in hand.screen
            assert "\\x1b]0;x\\x07" in hand.screen


async def test_the_sidebar_beside_the_log_tells_it_too(tmp_path: Path, names: NameServer) -> None:
    async with form_on(TEXT, tmp_path, check=check(), lookup=asking(names), size=(140, 40)) as hand:
        await hand.press("f5", "f6")
        await hand.until(lambda: "What DNS says about example.test" in hand.screen)


def test_the_preferences_are_read_and_what_is_wrong_in_them_is_told(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    folder = tmp_path / "smtp-tui"
    folder.mkdir()
    file = folder / NAME
    file.write_text('[domain]\ncheck = false\ndkim = ["mail2026", "old"]\n')
    found = read_preferences(environ)
    assert (found.domain_check, found.dkim) == (False, ("mail2026", "old"))
    assert found.problems == ()
    file.write_text('[domain]\ncheck = "no"\ndkim = "mail2026"\nspf = true\n')
    found = read_preferences(environ)
    assert (found.domain_check, found.dkim) == (None, ())
    assert len(found.problems) == 3
