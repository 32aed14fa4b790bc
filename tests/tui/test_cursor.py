"""The terminal's own cursor stands where one types: screen readers and braille displays follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.style import FOCUS
from tests.terminal import Terminal
from tests.tui.driving import SAMPLE, Hand, form_on
from tests.tui.test_manners import the_form


def at_cursor(hand: Hand) -> str:
    """What stands on the screen from the cursor on."""
    column, row = hand.pilot.app.cursor_position
    return hand.lines[row][column:].split("│")[0].rstrip()


async def test_in_a_text(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        assert at_cursor(hand) == ""
        await hand.press("left", "left")
        assert at_cursor(hand) == "et"
        await hand.press("home")
        assert at_cursor(hand) == "mail.example.net"
        await hand.type("x")
        assert at_cursor(hand) == "mail.example.net"
        assert "xmail.example.net" in hand.row("SMTP Host")


async def test_in_a_text_longer_than_its_row(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("home")
        await hand.type("0123456789" * 6)
        assert at_cursor(hand).startswith("m")
        await hand.press("end")
        column, _ = hand.pilot.app.cursor_position
        assert hand.row("SMTP Host")[column - 1] == "t"


def selected(hand: Hand, label: str) -> str:
    """The reversed part of a row's value."""
    row = next(row for row in hand.form_screen.query(Row) if row.label == label)
    spans = row.spans(row.size.width)
    return "".join(text for text, style in spans if style == FOCUS)[len(label) + 1 :].lstrip("* ")


async def test_keys_select_and_what_is_typed_replaces(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("shift+left", "shift+left")
        assert selected(hand, "SMTP Host") == "et"
        await hand.press("ctrl+shift+left")
        assert selected(hand, "SMTP Host") == "net"
        await hand.type("org")
        assert hand.row("SMTP Host").endswith("mail.example.org")
        await hand.press("alt+b", "shift+home")
        assert selected(hand, "SMTP Host") == "mail.example."
        await hand.press("delete")
        assert hand.row("SMTP Host").endswith("  org")
        await hand.press("home", "shift+end", "backspace")
        assert "SMTP Host" in hand.row("SMTP Host")
        assert not hand.row("SMTP Host").endswith("org")


async def test_ctrl_a_goes_to_the_start_and_then_selects_all(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+a")
        assert at_cursor(hand) == "mail.example.net"
        assert selected(hand, "SMTP Host") == ""
        await hand.press("ctrl+a")
        assert selected(hand, "SMTP Host") == "mail.example.net"
        await hand.type("localhost")
        assert hand.row("SMTP Host") == ">SMTP Host*           localhost"


async def test_a_value_is_shown_whole_again_when_the_window_grows(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        whole, cursor = hand.row("SMTP Host"), hand.pilot.app.cursor_position
        for size in ((20, 5), (80, 24)):
            await hand.resize(*size)
        assert hand.row("SMTP Host") == whole
        assert hand.pilot.app.cursor_position == cursor


async def test_in_an_empty_row_on_its_placeholder(tmp_path: Path) -> None:
    async with form_on('[smtp]\nhost = "mail.example.net"\n', tmp_path) as hand:
        await hand.go_to("Domain")
        assert at_cursor(hand) == hand.row("Domain").removeprefix(">Domain").strip()


async def test_on_the_value_in_force_of_a_choice(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("Encryption Type")
        assert at_cursor(hand).startswith("tls›")
        await hand.press("right")
        assert at_cursor(hand).startswith("ssl›")
        await hand.go_to("Authentication Type")
        await hand.press(*["right"] * 4)
        assert at_cursor(hand).startswith("scram-sha-256›")


async def test_on_the_line_of_the_log_and_in_its_search(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5", "f6")
        assert at_cursor(hand).startswith(">")
        x, y = hand.pilot.app.cursor_position
        await hand.press("up")
        assert hand.pilot.app.cursor_position == (x, y - 1)
        assert at_cursor(hand).startswith(">")
        await hand.press("/", "e", "h", "left")
        assert at_cursor(hand).startswith("h")


async def test_in_lists_and_pasted_texts(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("alt+i")
        column, _ = hand.pilot.app.cursor_position
        await hand.type("ab")
        assert hand.pilot.app.cursor_position.x == column + 2
        await hand.press("escape")
        await hand.press("ctrl+p")
        await hand.type("qu")
        column, row = hand.pilot.app.cursor_position
        assert hand.lines[row][:column].endswith("qu")


@pytest.mark.integration
class TestOnATerminal:
    def cursor(self, terminal: Terminal) -> tuple[int, int]:
        return terminal.screen.cursor.x, terminal.screen.cursor.y

    def test_it_shows_and_moves_though_no_cell_changes(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(">SMTP Host")
            terminal.wait_for_silence()
            assert not terminal.screen.cursor.hidden
            x, y = self.cursor(terminal)
            before = len(terminal.output)
            terminal.press("Left")
            terminal.wait_until(lambda: self.cursor(terminal) == (x - 1, y), "cursor to the left")
            assert terminal.output[before:] == b"\b"

    def test_redraw_mends_what_another_program_wrote(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(">SMTP Host")
            terminal.wait_for_silence()
            before, cursor = terminal.text, self.cursor(terminal)
            terminal.screen.cursor_position(5, 3)
            terminal.screen.draw("Broadcast message")
            terminal.press("\x1bl")
            terminal.wait_until_gone("Broadcast")
            terminal.wait_for_silence()
            assert (terminal.text, self.cursor(terminal)) == (before, cursor)
