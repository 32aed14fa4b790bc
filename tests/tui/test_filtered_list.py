"""Lists that letters filter: of formats, of quotings, of programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from smtp_tui.interchange.spec import labels
from smtp_tui.tui.app import SmtpApp
from tests.tui.driving import SAMPLE, Hand, form_on

TITLE = "Which program needs the settings?"


async def open_list(hand: Hand) -> None:
    await hand.press("alt+x")
    await hand.until(lambda: TITLE in hand.screen)


@pytest.mark.parametrize("key", ["enter", "f2"])
async def test_letters_filter_and_enter_takes_the_row(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_list(hand)
        height = len([line for line in hand.lines if line.strip()])
        await hand.type("GIT")
        assert "Find  GIT" in hand.screen
        assert "> Gitea" in hand.screen
        assert "Mastodon" not in hand.screen
        assert hand.lines.index(next(one for one in hand.lines if TITLE in one)) < height
        await hand.press(key)
        await hand.until(lambda: "The settings for Gitea" in hand.screen)


async def test_escape_clears_the_filter_first_and_keeps_the_row(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_list(hand)
        await hand.type("git")
        assert "GoToSocial" not in hand.screen
        await hand.press("escape")
        assert TITLE in hand.screen
        assert "GoToSocial" in hand.screen
        assert "> Gitea" in hand.screen
        # Rows, not blank lines, fill the screen down to the hints.
        assert hand.lines[-2].strip() in labels().values()
        await hand.press("escape")
        assert TITLE not in hand.screen


async def test_names_that_begin_with_the_letters_come_first(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_list(hand)
        await hand.type("node")
        assert "> Node (nodemailer)" in hand.screen
        await hand.press("down")
        assert "> nodemailer" in hand.screen
        await hand.press("home")
        assert "> Node (nodemailer)" in hand.screen


async def test_the_cursor_stands_where_one_types_or_moves(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_list(hand)
        app = hand.pilot.app
        assert isinstance(app, SmtpApp)
        await hand.type("no")
        cursor = app.cursor_at()
        assert cursor
        assert hand.lines[cursor.y][: cursor.x].endswith("Find  no")
        await hand.press("down")
        cursor = app.cursor_at()
        assert cursor
        assert hand.lines[cursor.y][cursor.x :].startswith("nodemailer")
        await hand.type("d")
        cursor = app.cursor_at()
        assert cursor
        assert hand.lines[cursor.y][: cursor.x].endswith("Find  nod")


async def test_nothing_matches_and_enter_does_nothing(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await open_list(hand)
        await hand.type("zzz")
        assert "Nothing matches." in hand.screen
        await hand.press("enter")
        assert TITLE in hand.screen
        await hand.press("f10")
        assert TITLE not in hand.screen


async def test_letters_typed_right_after_the_key_filter_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press_at_once("alt+x", "m", "s", "enter")
        await hand.until(lambda: "The settings for msmtp" in hand.screen)


async def test_a_paste_of_many_lines_says_what_it_left_out(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+p")
        hand.pilot.app.post_message(Paste("test\nfoo\nbar"))
        await hand.until(lambda: "Pasted the first of 3 lines." in hand.screen)
