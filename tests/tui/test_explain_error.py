"""What does this error mean: pasted, typed, explained, and the way to the field."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from smtp_tui.diagnosis.error_lookup.lookup import LONGEST_TEXT
from smtp_tui.tui.dialogs.explain_error import ErrorPasteArea, ExplainErrorScreen
from smtp_tui.tui.widgets.pager import PasteArea
from tests.arrival.messages import BOUNCE, RECEIVED
from tests.tui.driving import SAMPLE, Hand, form_on, settle

LOG = """\
Traceback (most recent call last):
  File "mail.py", line 7
EMAIL_HOST_PASSWORD = "hunter2hunter2"
ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)
django.core.mail failed
"""


async def open_screen(hand: Hand, *keys: str) -> PasteArea:
    await hand.press(*keys or ("alt+w",))
    await hand.until(lambda: isinstance(hand.pilot.app.screen, ExplainErrorScreen))
    return hand.pilot.app.screen.query_exactly_one(PasteArea)


async def paste(hand: Hand, text: str) -> None:
    hand.pilot.app.post_message(Paste(text))
    await settle(hand.pilot.app)


@pytest.mark.parametrize("keys", [("alt+w",), ("f3", "e"), ("ctrl+y", "E")])
async def test_a_paste_of_several_lines_is_explained_whole(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        text = await open_screen(hand, *keys)
        assert "What does this error mean?" in hand.screen
        await paste(hand, LOG)
        await hand.until(lambda: "starts TLS, but the server answers in plain" in hand.screen)
        assert text.text == LOG
        assert "In Django: EMAIL_USE_TLS = True" in hand.screen
        assert "In the form: Encryption Type: tls" in hand.screen
        assert "django.core.mail failed" in hand.screen


@pytest.mark.parametrize("key", ["f9", "ctrl+r"])
async def test_one_key_goes_to_the_field(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_screen(hand)
        assert "Go to it" not in hand.screen
        await hand.press(key)
        assert "What does this error mean?" in hand.screen
        await paste(hand, "self signed certificate in certificate chain")
        await hand.until(lambda: "Go to it" in hand.screen)
        await hand.press(key)
        await hand.until(lambda: hand.row("CA File").startswith(">"))
        assert "modified" not in hand.lines[0]


async def test_lines_that_come_as_keys_are_not_lost(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        text = await open_screen(hand)
        await hand.type("535 5.7.8")
        await hand.press("enter")
        await hand.type("no")
        await hand.press("ctrl+j", "tab", "x", "backspace", "backspace")
        assert text.text == "535 5.7.8\nno\n"
        await hand.until(lambda: "rejects username or password" in hand.screen)
        await hand.press("ctrl+w")
        assert text.text == "535 5.7.8\n"
        await hand.press("ctrl+u")
        assert text.text == ""
        await hand.until(lambda: "rejects" not in hand.screen)


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
async def test_any_line_end_is_one(tmp_path: Path, line_end: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        text = await open_screen(hand)
        await paste(hand, LOG.replace("\n", line_end))
        assert text.text == LOG


async def test_no_secret_and_no_control_is_shown(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        text = await open_screen(hand)
        await paste(hand, 'password: "zwonderlandz"\n535 zwonderlandz \x1b]0;x\x07 \u202erejected')
        await hand.until(lambda: "rejects username" in hand.screen)
        assert "wonderland" not in hand.screen
        assert "\\x1b]0;x\\x07 \\u202erejected" in hand.screen
        assert "wonderland" not in repr(text) + repr(hand.pilot.app.screen)


async def test_what_is_unknown_is_said_to_be(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(60, 20)) as hand:
        await open_screen(hand)
        await hand.type("hello")
        await hand.until(lambda: "The text shows no cause" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: hand.row("SMTP Host").startswith(">"))


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = ErrorPasteArea().limit_text("start " + "x" * 200_000 + " end")
    assert len(text) <= LONGEST_TEXT
    assert text.startswith("start")
    assert text.endswith(" end")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 10), (140, 40)])
async def test_any_size_shows_what_was_pasted_and_what_it_means(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SAMPLE, tmp_path, size=size) as hand:
        await open_screen(hand)
        await paste(hand, LOG.strip())
        await hand.until(lambda: "The program starts TLS" in hand.screen)
        assert "django.core.mail failed" in hand.screen
        assert "F9" in hand.screen
        await hand.press("pagedown", "pagedown", "pagedown", "pagedown")
        assert "In the form: Encryption Type: tls" in hand.screen


async def test_a_long_line_is_wrapped(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        area = await open_screen(hand)
        words = " ".join(f"word{number}" for number in range(20))
        await hand.type(words)
        assert "word0" in hand.screen
        assert "word19" in hand.screen
        assert area.cursor_at().y == 1


async def test_a_bounce_and_a_received_message_are_read_whole(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_screen(hand)
        await paste(hand, BOUNCE)
        await hand.until(lambda: "delivery report of relay.sender.test" in hand.screen)
        assert "nobody@example.test: not delivered (5.1.1)." in hand.screen
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_screen(hand)
        await paste(hand, RECEIVED)
        await hand.until(lambda: "This is a received message: Hello" in hand.screen)
        assert "mx.example.test found: spf=pass for app@sender.test" in hand.screen
