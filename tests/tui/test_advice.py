"""Advice, meaning and findings in the form: where they stand, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.smtp.events import Connected, Event, Resolved, ServerCapabilities
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, Hand, form_on

WRONG_PORT = SAMPLE.replace("port = 2587", "port = 465")
WEAK = (
    '[smtp]\nhost = "mail.example.net"\nport = 587\nusername = "tickets@example.net"\n'
    'password = "xyzzy$plugh"\nauthentication = "cram-md5"\nopenssl_verify_mode = "none"\n'
)
SEEN: tuple[Event, ...] = (
    Resolved(seconds=0.0, host="mail.example.net", addresses=("192.0.2.1",)),
    Connected(seconds=0.0, address="192.0.2.1", port=2587, local_address="192.0.2.9"),
    *DIALOGUE,
    ServerCapabilities(
        seconds=0.1,
        encrypted=True,
        keywords=(("AUTH", "PLAIN LOGIN"), ("SIZE", "1048576")),
        mechanisms=("PLAIN", "LOGIN"),
    ),
)


def sidebar(hand: Hand) -> str:
    """What stands right of the form, as running text."""
    beside = [line.split("│")[-1].strip() for line in hand.lines if "│" in line]
    return " ".join(" ".join(beside).split())


def signs(hand: Hand) -> list[str]:
    """The signs of advice in the form's rows."""
    rows = [line.split("│")[0] for line in hand.lines[1:14]]
    return [
        sign for row in rows for sign in ("! ", "? ", "i ") if f"  {sign}" in f"{row.rstrip()} "
    ]


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (60, 20)])
async def test_a_good_configuration_bears_no_sign(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        assert signs(hand) == []
        assert "Not set, so" not in hand.row("SMTP Port")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_advice_stands_at_its_field_and_whole_in_the_sidebar(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(WRONG_PORT, tmp_path, size=size) as hand:
        assert hand.row("Encryption Type").endswith("! 465 needs ssl")
        await hand.go_to("SMTP Port")
        assert "! Encryption Type: Port 465 expects implicit TLS" in sidebar(hand)
        await hand.go_to("Encryption Type")
        assert "Encryption Type ! Port 465 expects implicit TLS" in sidebar(hand)
        assert "Set Encryption Type to ssl, or use port 587." in sidebar(hand)


async def test_each_severity_has_a_sign_of_its_own(tmp_path: Path) -> None:
    text = WEAK.replace("port = 587", "port = 465")
    async with form_on(text, tmp_path, size=(140, 40)) as hand:
        assert hand.row("Encryption Type").endswith("  ! 465 needs ssl")
        assert hand.row("OpenSSL Verify Mode").endswith("  ? unverified")
        assert hand.row("SMTP Password").endswith("  i quote it in .env")
        await hand.go_to("OpenSSL Verify Mode")
        assert "? The connection is encrypted, but to an unknown server:" in sidebar(hand)


async def test_the_sign_is_in_sight_where_its_words_find_no_room(tmp_path: Path) -> None:
    async with form_on(WEAK, tmp_path) as hand:
        assert hand.row("Authentication Type").endswith("… ‹cram-md5› auto …  i may fail")
        assert hand.row("OpenSSL Verify Mode").endswith("‹none› peer …  ? unverified")
    async with form_on(WEAK, tmp_path, size=(40, 24)) as hand:
        assert "‹cram-md5›" in hand.row("Authentication Type")
        assert hand.row("Authentication Type").endswith("  i")
        assert hand.row("OpenSSL Verify Mode").endswith("  ?")


async def test_a_note_and_advice_share_the_line(tmp_path: Path) -> None:
    text = SAMPLE.replace('"TLS"', '"ssl"\nstarttls_auto = true')
    async with form_on(text, tmp_path, size=(120, 30)) as hand:
        assert hand.row("Start TLS Auto").endswith("no ‹yes›  only with none  i ignored")
    async with form_on(text, tmp_path) as hand:
        assert hand.row("Start TLS Auto").endswith("no ‹yes›  i ignored")


async def test_a_choice_is_advised_when_the_hand_rests(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("OpenSSL Verify Mode")
        await hand.press("n")
        assert signs(hand) == []
        await hand.until(lambda: hand.row("OpenSSL Verify Mode").endswith("  ? unverified"))
        assert signs(hand) == ["? "]
        assert "? The connection is encrypted, but to an unknown server:" in sidebar(hand)
        await hand.press("p", "up")
        assert signs(hand) == []


async def test_advice_waits_while_a_value_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtp_tui.tui.form.form.PAUSE", 60)
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Port")
        before = sidebar(hand)
        await hand.press("ctrl+u")
        await hand.type("465")
        assert sidebar(hand) == before
        assert signs(hand) == []
        await hand.press("down")
        assert hand.row("Encryption Type").endswith("! 465 needs ssl")
        await hand.press("up")
        assert "! Encryption Type: Port 465" in sidebar(hand)
        await hand.press("backspace")
        assert hand.row("Encryption Type").endswith("! 465 needs ssl")
        assert "! Encryption Type: Port 465" in sidebar(hand)
        await hand.press("down")
        assert signs(hand) == []


async def test_the_row_that_is_typed_in_loses_its_sign_until_the_hand_rests(
    tmp_path: Path,
) -> None:
    text = SAMPLE.replace("tickets.example.org", "localhost")
    async with form_on(text, tmp_path) as hand:
        await hand.go_to("Domain")
        assert hand.row("Domain").endswith("localhost  ? not a full name")
        await hand.press("x")
        assert hand.row("Domain").endswith("localhostx")
        assert "? localhost is not a fully qualified hostname" in sidebar(hand)
        await hand.until(lambda: hand.row("Domain").endswith("localhostx  ? not a full name"))
        assert "? localhostx is not a fully qualified hostname" in sidebar(hand)


async def test_a_value_that_cannot_be_read_is_told_as_before(tmp_path: Path) -> None:
    async with form_on(WRONG_PORT, tmp_path, size=(160, 40)) as hand:
        await hand.go_to("SMTP Port")
        await hand.press("x", "down")
        assert "is not a port" in hand.row("SMTP Port")
        assert not hand.row("Encryption Type").endswith("needs ssl")
        await hand.press("up")
        assert "SMTP Port ! '465x' is not a port" in sidebar(hand)
        assert "Now:" not in sidebar(hand)


@pytest.mark.parametrize("size", [(60, 20), (90, 17)])
async def test_small_screens_advise_before_they_explain(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(WRONG_PORT, tmp_path, size=size) as hand:
        await hand.go_to("Encryption Type")
        shown = " ".join(" ".join(line.split("│")[0] for line in hand.lines).split())
        assert (
            "! Port 465 expects implicit TLS (TLS from the first byte). Encryption tls waits"
            in shown
        )
        await hand.go_to("Domain")
        shown = " ".join(" ".join(line.split("│")[0] for line in hand.lines).split())
        assert "The name this machine gives in EHLO; not the mail server's." in shown


async def test_what_the_value_means_now_follows_the_lead(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 40)) as hand:
        await hand.go_to("SMTP Port")
        beside = sidebar(hand)
        assert "465 with ssl. Now: Starts in plain text;" in beside
        await hand.press("ctrl+u", "down", "up")
        assert "Now: Not set, so 587. Starts in plain text;" in sidebar(hand)


async def test_what_the_last_test_found_comes_first(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*SEEN, PASSED))) as hand:
        assert "Last test" not in sidebar(hand)
        await hand.press("f5")
        await hand.until(lambda: "Last test: Found at 192.0.2.1." in sidebar(hand))
        await hand.go_to("SMTP Port")
        assert "Last test: 192.0.2.1 answers on port 2587 and speaks SMTP." in sidebar(hand)
        await hand.go_to("Authentication Type")
        assert "Last test: Offered inside TLS: PLAIN LOGIN." in sidebar(hand)
        assert sidebar(hand).startswith("Authentication Type Now: PLAIN only:")


async def test_what_was_found_before_a_change_says_so(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck((*SEEN, PASSED))) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Last test: Found at" in sidebar(hand))
        await hand.press("x", "down", "up")
        assert "Last test, before your change: Found at 192.0.2.1." in sidebar(hand)
        await hand.press("f5")
        await hand.until(lambda: "Last test: Found at" in sidebar(hand))


async def test_a_test_that_was_stopped_leaves_no_findings(tmp_path: Path) -> None:
    check = FakeCheck((*SEEN, PASSED))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "Last test" in sidebar(hand))
        check.hangs = True
        await hand.press("f5")
        await hand.until(lambda: len(check.requests) == 2)
        await hand.press("escape")
        await hand.until(lambda: "Stopped while waiting for" in hand.screen)
        await hand.press("down")
        assert "Last test" not in sidebar(hand)


async def test_advice_on_what_is_folded_away_stands_at_more(tmp_path: Path) -> None:
    async with form_on(SAMPLE + "timeout = 2\n", tmp_path, size=(80, 25)) as hand:
        await hand.go_to("More")
        await hand.press("left")
        assert hand.row("More").endswith("? short")
        assert "More ? Timeout: The whole test must end within 2 s" in sidebar(hand)
        await hand.press("enter")
        assert "?" not in hand.row("More")
        assert hand.row("Timeout").endswith("2  seconds  ? short")
        await hand.press("left")
        assert hand.row("More").endswith("? short")


async def test_where_the_password_is_kept_is_advised_with_it(tmp_path: Path) -> None:
    async with form_on(WEAK, tmp_path, size=(80, 40)) as hand:
        await hand.go_to("Kept in")
        assert sidebar(hand).startswith("Kept in i The password contains a character")
        await hand.press("e", "up")
        await hand.type("SMTP_PASSWORD")
        await hand.press("down")
        assert "i quote" not in hand.screen
        assert "Now: Read from an environment" in sidebar(hand)
        assert "xyzzy" not in hand.screen


async def test_a_password_that_is_deleted_is_no_longer_advised_on(tmp_path: Path) -> None:
    async with form_on(WEAK, tmp_path) as hand:
        await hand.go_to("SMTP Password")
        assert "i quote it in .env" in hand.row("SMTP Password")
        await hand.press("delete", "down")
        assert "quote" not in hand.row("SMTP Password")
