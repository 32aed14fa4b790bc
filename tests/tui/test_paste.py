"""A paste of several lines into one line says what it left out."""

from pathlib import Path

from textual.events import Paste

from smtp_tui.tui.widgets.line_editor import first_line
from tests.table import table
from tests.tui.driving import SAMPLE, Hand, form_on, settle


async def paste(hand: Hand, text: str) -> None:
    """Paste as a terminal does that brackets what it pastes."""
    hand.pilot.app.post_message(Paste(text))
    await settle(hand.pilot.app)


@table(
    ("pasted", "line", "count"),
    [
        ("a", "a", 1),
        ("a\n", "a", 1),
        ("\n \na b \nc\n\nd\n\n", "a b ", 4),
        ("\r\na\r\nb", "a", 2),
        (" ", " ", 1),
        ("", "", 0),
    ],
)
def test_the_first_line_is_the_first_that_is_not_blank(pasted: str, line: str, count: int) -> None:
    assert first_line(pasted) == (line, count)


async def test_a_field_takes_the_first_line_and_says_so(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+u")
        await paste(hand, "\n\nmail.example.org\nport 25\n\nuser me\n")
        assert hand.row("SMTP Host").endswith("mail.example.org")
        assert "Pasted the first of 4 lines." in hand.screen
        await hand.press("x")
        assert "Pasted" not in hand.screen
        await paste(hand, "one line\n")
        assert "Pasted" not in hand.screen


async def test_a_dialog_says_so_until_the_next_key(tmp_path: Path) -> None:
    text = SAMPLE.replace('"hunter2hunter2"', "{ ask = true }")
    async with form_on(text, tmp_path) as hand:
        await hand.press("f5")
        await paste(hand, "secret\nmore")
        assert "••••••  Pasted the first of 2 lines." in hand.screen
        await hand.press("x")
        assert "Pasted" not in hand.screen


async def test_the_search_of_the_log_says_so_too(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("f6", "/")
        await paste(hand, "\nEHLO\n250")
        assert "/EHLO" in hand.screen
        assert "Pasted the first of 2 lines." in hand.screen
        await hand.press("x")
        assert "Pasted" not in hand.screen
