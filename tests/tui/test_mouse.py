"""The mouse, where it is on: a click focuses, places, chooses and takes; the wheel scrolls."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widget import Widget

from tests.tui.driving import SAMPLE, Hand, form_on, settle
from tests.tui.fixes import PASSWORD
from tests.tui.test_cures import fail, once
from tests.tui.test_manners import the_form


def place(hand: Hand, text: str) -> tuple[int, int]:
    """Where a text stands on the screen."""
    row = next(y for y, line in enumerate(hand.lines) if text in line)
    return hand.lines[row].index(text), row


async def click(hand: Hand, text: str, to_the_right: int = 0) -> None:
    x, y = place(hand, text)
    await hand.pilot.click(offset=(x + to_the_right, y))
    await settle(hand.pilot.app)


async def roll(hand: Hand, widget: Widget, *, down: bool) -> None:
    kind = MouseScrollDown if down else MouseScrollUp
    x, y = widget.region.offset
    hand.pilot.app.screen._forward_event(kind(widget, x, y, 0, 1, 0, False, False, False, x, y))
    await settle(hand.pilot.app)


async def test_a_click_in_a_text_places_the_cursor(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await click(hand, "tickets.example.org", 8)
        assert hand.row("Domain").startswith(">")
        assert hand.pilot.app.cursor_position == (place(hand, "tickets.")[0] + 8, 3)
        await hand.type("x")
        assert "tickets.xexample.org" in hand.row("Domain")
        await click(hand, "mail.example.net")
        await hand.type("a")
        assert hand.row("SMTP Host").endswith(" amail.example.net")


async def test_a_click_behind_a_text_goes_to_its_end(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await click(hand, "2587", 20)
        await hand.type("1")
        assert "25871" in hand.row("SMTP Port")


async def test_a_click_chooses_a_word(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await click(hand, "ssl", 1)
        assert "none tls ‹ssl›" in hand.row("Encryption Type")
        await click(hand, "none", 0)
        assert "‹none› tls ssl" in hand.row("Encryption Type")
        await click(hand, "‹none›", 2)
        assert "‹none› tls ssl" in hand.row("Encryption Type")


async def test_a_click_on_the_sign_of_more_lists_all_words(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await click(hand, "cram-md5 …", 9)
        await hand.until(lambda: "Find  a few letters" in hand.screen)
        await click(hand, "  scram-sha-256", 4)
        await click(hand, "scram-sha-256", 2)
        await hand.until(lambda: "Esc Back" not in hand.screen)
        assert "‹scram-sha-256›" in hand.row("Authentication Type")


async def test_a_click_on_more_turns_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 25)) as hand:
        assert "Timeout" in hand.screen
        await click(hand, " More  ", 2)
        assert hand.row("Timeout") == ""


async def test_a_click_on_a_hint_presses_its_key(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await click(hand, "F5 Test", 4)
        await hand.until(lambda: "PASSED" in hand.screen)
        await click(hand, "F6 Log")
        await click(hand, "/ Find", 3)
        await hand.type("eh")
        assert "/eh" in hand.screen


async def test_a_click_on_what_the_verdict_offers_does_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=once(PASSWORD)) as hand:
        await fail(hand)
        await hand.until(lambda: "F9 goes to SMTP Password" in hand.screen)
        await click(hand, "F9 goes to SMTP Password", 5)
        assert hand.row("SMTP Password").startswith(">")


async def test_a_click_in_the_log_goes_to_the_line_and_the_wheel_scrolls(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await click(hand, "EHLO tickets")
        log = hand.form_screen.test_pane.log_view
        assert log.has_focus
        assert hand.lines[hand.pilot.app.cursor_position.y].startswith(">")
        assert "EHLO tickets" in hand.lines[hand.pilot.app.cursor_position.y]
        cursor = log.cursor
        await roll(hand, log, down=False)
        assert log.cursor == max(cursor - 2, 0)


async def test_the_wheel_scrolls_form_and_page(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 12)) as hand:
        form = hand.form_screen.form
        await roll(hand, form.current_row, down=True)
        assert form.scroll_offset.y > 0
        await roll(hand, form, down=False)
        assert form.scroll_offset.y == 0


async def test_a_second_click_takes_a_row_of_a_list(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p")
        assert "> Test " in hand.screen
        await click(hand, "Undo ")
        assert "> Undo " in hand.screen
        await click(hand, "Undo ")
        assert "There is nothing to undo" in hand.screen


@pytest.mark.integration
@pytest.mark.parametrize("options", [("--mouse",), ()])
def test_on_a_terminal_the_mouse_is_on_only_where_it_is_wanted(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with the_form(tmp_path, *options) as terminal:
        terminal.wait_for("none ‹tls› ssl", "Quit")
        terminal.wait_for_silence()
        assert (b"\x1b[?1000h" in terminal.output) is bool(options)
        if options:
            row = next(y for y, line in enumerate(terminal.lines, 1) if "‹tls› ssl" in line)
            column = terminal.lines[row - 1].index("ssl") + 1
            terminal.press(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
            terminal.wait_for("none tls ‹ssl›", "modified")


async def test_a_click_on_a_first_step_presses_its_key(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        await click(hand, "test the settings in the form", 5)
        await hand.until(lambda: "PASSED" in hand.screen)


async def test_a_click_takes_a_listed_path_and_opens_a_folder(tmp_path: Path) -> None:
    (tmp_path / "certs" / "old").mkdir(parents=True)
    for name in ("ca.pem", "client.pem", "old/past.pem", "old/paid.pem"):
        (tmp_path / "certs" / name).touch()
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("CA File")
        await hand.type("certs/")
        await hand.press("tab")
        await hand.until(lambda: "client.pem" in hand.screen)
        await click(hand, "old/", 1)
        await hand.until(lambda: "past.pem" in hand.screen)
        assert "certs/old/" in hand.row("CA File")
        await click(hand, "past.pem", 3)
        await hand.until(lambda: "paid.pem" not in hand.screen)
        assert "certs/old/past.pem" in hand.row("CA File")
        assert hand.row("CA File").startswith(">")
        await hand.type("x")
        assert "certs/old/past.pemx" in hand.row("CA File")
