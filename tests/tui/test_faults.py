"""The fields that the last test found wrong are marked in the form."""

from pathlib import Path

import pytest

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.settings.fields import BY_KEY, FieldKind
from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.style import FOCUS
from tests.tui.driving import SAMPLE, Hand, form_on, settle

FAULTS = {"authentication": "not offered", "port": "refused", "ca_file": "issuer unknown"}


async def mark(hand: Hand, **faults: str) -> None:
    hand.form_screen.form.show_faults(faults)
    await settle(hand.pilot.app)


async def test_a_fault_stands_behind_the_value_and_the_choices_make_room(tmp_path: Path) -> None:
    text = SAMPLE.replace('"plain"', '"cram-md5"')
    async with form_on(text, tmp_path) as hand:
        await mark(hand, **FAULTS)
        assert hand.row("Authentication Type").endswith("… ‹cram-md5› …  ! not offered")
        assert hand.row("SMTP Port").split("587")[1].startswith("  ! refused")
        await mark(hand)
        assert "!" not in hand.screen


async def test_a_fault_among_the_folded_fields_names_the_first(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("More")
        await hand.press("left")
        await mark(hand, **FAULTS)
        assert hand.row("More").endswith("! CA File")
        hand.form_screen.form.unfold()
        await settle(hand.pilot.app)
        assert "!" not in hand.row("More")
        await hand.go_to("CA File")
        assert "! issuer unknown" in hand.row("CA File")


async def test_a_fault_takes_the_place_of_advice(tmp_path: Path) -> None:
    text = SAMPLE.replace('"TLS"', '"none"')
    async with form_on(text, tmp_path, size=(140, 40)) as hand:
        await mark(hand, encryption="525 rejected")
        assert hand.row("Encryption Type").endswith("  ! 525 rejected")
        await mark(hand)
        assert hand.row("Encryption Type").endswith("  ! login readable")


@pytest.mark.parametrize("size", [(60, 20), (40, 20)])
async def test_where_the_words_find_no_room_the_sign_stays(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    host = "a-name-too-long-for-the-fault.example.net"
    async with form_on(SAMPLE.replace("mail.example.net", host), tmp_path, size=size) as hand:
        await mark(hand, host="refused")
        await hand.press("down", "up")
        assert "!" in hand.row("SMTP Host")
        assert "refused" not in hand.row("SMTP Host")
        assert "! refused" in hand.screen


async def test_a_fault_goes_while_its_value_is_typed(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await mark(hand, host="refused")
        assert "! refused" in hand.row("SMTP Host")
        await hand.press("x")
        assert "!" not in hand.row("SMTP Host")


async def test_of_a_reply_at_least_the_code_shows(tmp_path: Path) -> None:
    text = SAMPLE.replace("tickets@example.net", "tickets-2@example.net")
    async with form_on(text, tmp_path) as hand:
        await mark(hand, username="535 rejected")
        assert hand.row("SMTP Username").endswith("tickets-2@example.net  ! 535")


@pytest.mark.parametrize(
    ("fault", "shown"), [("no STARTTLS", "! no STARTTLS"), ("not offered to anybody", "!")]
)
async def test_a_mark_folds_no_choices_that_fit(tmp_path: Path, fault: str, shown: str) -> None:
    async with form_on(SAMPLE.replace('encryption = "TLS"\n', ""), tmp_path) as hand:
        await mark(hand, encryption=fault)
        assert hand.row("Encryption Type").endswith(f"  none (tls) ssl  {shown}")


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ("no login here", "… cram-md5 (auto) …  ! no login"),
        ("504 too weak, wants another", "… login cram-md5 (auto) …  ! 504"),
        ("not offered here", "… (auto) …  ! not offered here"),
    ],
)
async def test_a_mark_leaves_a_neighbour_if_it_can(tmp_path: Path, fault: str, shown: str) -> None:
    text = SAMPLE.replace('authentication = "plain"\n', "")
    async with form_on(text, tmp_path) as hand:
        await mark(hand, authentication=fault)
        assert hand.row("Authentication Type").endswith(shown)


def test_advice_on_a_choice_is_short_enough_for_its_row() -> None:
    short = {"authentication": 11, "openssl_verify_mode": 13}
    for name, entry in texts_of("advice.toml").items():
        if BY_KEY[entry["field"]].kind is FieldKind.CHOICE:
            words = entry["short"].replace("{port}", "65535")
            assert len(words) <= short.get(entry["field"], 15), name


async def test_a_changed_row_keeps_its_star_under_the_cursor(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Port")
        assert hand.row("SMTP Port").startswith(">SMTP Port  ")
        await hand.press("8")
        assert hand.row("SMTP Port").startswith(">SMTP Port*  ")
        await hand.press("down")
        assert hand.row("SMTP Port").startswith("*SMTP Port  ")


async def test_letters_to_jump_to_stand_apart_from_the_names(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f11")
        assert hand.row("SMTP Port").startswith("P SMTP Port  ")
        rows = hand.form_screen.form.query(Row)
        reversed_rows = [row.key for row in rows if FOCUS in [style for _, style in row.spans(54)]]
        assert reversed_rows == ["host"]


async def test_a_place_without_its_name_says_so_in_the_row(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Kept in")
        await hand.press("f", "up")
        row = "path of the file  ! has no path"
        await hand.until(lambda: hand.row("SMTP Password").endswith(row))
        # The message has the rest.
        await hand.until(lambda: "has no path; type the path of the password file" in hand.screen)


@pytest.mark.parametrize(
    ("label", "value", "shown"),
    [
        ("SMTP Port", "39809a", "39809a  ! not a port"),
        ("SMTP Port", "x", "x  ! 'x' is not a port"),
        ("Domain", "8", "8  ! not a domain"),
        ("SMTP Host", "a/b", "a/b  ! not a hostname"),
        ("SMTP Host", "http://a.example", "http://a.example  ! is a URL"),
    ],
)
async def test_a_problem_loses_the_value_before_its_words(
    tmp_path: Path, label: str, value: str, shown: str
) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to(label)
        await hand.press("ctrl+u")
        await hand.type(value)
        await hand.until(lambda: hand.row(label).endswith(f"  {shown}"))
