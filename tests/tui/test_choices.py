"""Space on a choice field lists all choices; no and yes toggle."""

from pathlib import Path

import pytest

from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.settings.fields import FIELDS, Field, FieldKind
from smtp_tui.smtp.events import ServerCapabilities
from smtp_tui.tui.model.choices import choices
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import RowState, choices_of
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, FakeKeyring, Hand, form_on

AUTHENTICATION = next(field for field in FIELDS if field.key == "authentication")
OFFER = ServerCapabilities(
    seconds=0.12,
    encrypted=True,
    keywords=(("AUTH", "PLAIN LOGIN"),),
    mechanisms=("PLAIN", "LOGIN"),
)


@pytest.mark.parametrize(
    "field",
    [field for field in FIELDS if field.kind is FieldKind.CHOICE],
    ids=lambda field: field.key,
)
def test_every_choice_says_what_it_means(field: Field) -> None:
    for choice in choices(field.key, choices_of(field), RowState(), None):
        assert 3 < len(choice.summary) <= 50, choice
        assert not choice.availability


def test_every_place_of_the_password_says_what_it_means() -> None:
    for choice in choices("kept", tuple(PasswordLocation), RowState(), None):
        assert 3 < len(choice.summary) <= 50, choice


def test_what_the_server_offers_is_told_from_what_it_does_not() -> None:
    facts = CheckSummary()
    facts.add(OFFER)
    listed = choices("authentication", choices_of(AUTHENTICATION), RowState(), facts)
    offered = {choice.word: choice.availability for choice in listed}
    assert offered["plain"] == offered["login"] == "offered here"
    assert offered["cram-md5"] == offered["external"] == "not offered"
    assert offered["auto"] == offered["none"] == ""


def line(hand: Hand, word: str) -> str:
    """The line of the list that begins with a word."""
    signs = "> ‹()›"
    return next(text for text in hand.lines[7:] if text.strip(signs).startswith(word))


async def test_letters_filter_the_list_and_enter_takes_as_one_step(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Authentication Type")
        await hand.press("space")
        assert line(hand, "plain").startswith(" > ‹plain›")
        assert all(word in hand.screen for word in choices_of(AUTHENTICATION))
        await hand.type("token")
        assert "xoauth2" in hand.screen
        assert "cram-md5" not in "".join(hand.lines[7:])
        await hand.press("down", "enter")
        assert "‹oauthbearer›" in hand.row("Authentication Type")
        await hand.press("f4")
        assert "‹plain›" in hand.row("Authentication Type")


async def test_escape_clears_the_filter_first_and_changes_nothing(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Encryption Type")
        await hand.press("space", "s", "escape")
        assert "STARTTLS turns on TLS" in hand.screen
        await hand.press("escape")
        assert "modified" not in hand.lines[0]
        assert hand.row("Encryption Type").startswith(">")


async def test_two_words_need_no_list(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Start TLS Auto")
        await hand.press("space")
        assert "‹yes›" in hand.row("Start TLS Auto")
        await hand.press("space")
        assert "‹no›" in hand.row("Start TLS Auto")


async def test_the_list_says_what_the_last_test_met_on_this_server(tmp_path: Path) -> None:
    check = FakeCheck((*DIALOGUE[:-1], OFFER, DIALOGUE[-1], PASSED))
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.go_to("Authentication Type")
        await hand.press("right", "space")
        assert "offered here" in line(hand, "plain")
        assert "not offered" in line(hand, "cram-md5")
        await hand.press("escape")
        await hand.go_to("SMTP Port")
        await hand.type("7")
        await hand.go_to("Authentication Type")
        await hand.press("space")
        assert "offered" not in "".join(hand.lines[7:18])


async def test_f3_explains_the_field(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("TLS Minimum")
        await hand.press("space", "f3")
        assert "The oldest TLS version to accept" in hand.screen
        assert "RFC 8996" in hand.screen or "PgDn" in hand.screen
        await hand.press("escape")
        assert hand.row("TLS Minimum").startswith(">")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 12), (20, 5)])
async def test_any_size_shows_the_word_under_the_cursor(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await hand.press(*["down"] * 8, "space", "end")
        assert "external" in hand.screen
        await hand.press("enter")
        await hand.until(lambda: hand.form_screen.form.current_row.state.chosen == "external")


async def test_a_keyring_that_cannot_be_used_is_grey_before_it_is_chosen(tmp_path: Path) -> None:
    keyring = FakeKeyring(trouble="no keyring works here: none")
    async with form_on(SAMPLE, tmp_path, size=(80, 40), keyring=keyring) as hand:
        await hand.go_to("SMTP Password")
        await hand.press("down")
        await hand.until(lambda: "Unavailable: keyring" in hand.screen)
        row = hand.form_screen.form.current_row
        styles = dict(row.spans(row.size.width))
        assert styles["keyring"].dim
        assert not styles["env"].dim
        await hand.press("space")
        assert "unavailable" in line(hand, "keyring")
        await hand.press(*"keyr", "enter")
        assert "‹keyring›" in hand.row("Kept in")
