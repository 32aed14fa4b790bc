"""Several SMTP tables in one file: picked, tested, and left for another one."""

from __future__ import annotations

from pathlib import Path

from smtp_tui.tui.controllers.tables import ASKED_FOR
from tests.tui.driving import SAMPLE, FakeCheck, form_on

TABLES = """\
[a.smtp]
host = "a.example"
port = 25
encryption = "none"
[b.smtp]
host = "b.example"
port = 26
encryption = "none"
[c.smtp]
host = "c.example"
port = 27
username = "me"
password = { ask = true }
[d.smtp]
host = "d.example"
port = 0
"""


async def test_another_table_is_opened_from_the_form(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await hand.press("alt+o")
        await hand.until(lambda: "SMTP tables in mail.toml" in hand.screen)
        assert "> a.smtp  a.example" in hand.screen
        await hand.press("down", "enter")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        assert "· b.smtp" in hand.lines[0]
        await hand.press("alt+o")
        await hand.until(lambda: "> b.smtp" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "SMTP tables in" not in hand.screen)
        assert "b.example" in hand.row("SMTP Host")


async def test_the_last_verdict_stands_beside_its_table(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("alt+o")
        await hand.until(lambda: "a.smtp  a.example  PASSED" in hand.screen)
        await hand.press("down", "enter")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        await hand.press("alt+o")
        await hand.until(lambda: "a.smtp  a.example  PASSED" in hand.screen)


async def test_what_is_unsaved_is_asked_about_first(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await hand.type("x")
        await hand.press("alt+o")
        await hand.until(lambda: "SMTP tables in" in hand.screen)
        await hand.press("down", "enter")
        await hand.until(lambda: "your changes yet: host" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "your changes yet" not in hand.screen)
        assert "a.examplex" in hand.row("SMTP Host")
        await hand.press("alt+o")
        await hand.until(lambda: "SMTP tables in" in hand.screen)
        await hand.press("down", "enter")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("s")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        assert 'host = "a.examplex"' in hand.file.read_text("utf-8")


async def test_all_are_tested_as_the_file_has_them(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "d.smtp  d.example  not tested: SMTP Port" in hand.screen)
        assert "a.smtp  a.example  PASSED" in hand.screen
        assert f"c.smtp  c.example  {ASKED_FOR}" in hand.screen
    assert [request.table for request in check.requests] == ["a.smtp", "b.smtp"]


async def test_leaving_the_list_stops_the_tests(tmp_path: Path) -> None:
    check = FakeCheck(hangs=True)
    async with form_on(TABLES, tmp_path, table="a.smtp", check=check) as hand:
        await hand.press("alt+o")
        await hand.until(lambda: "SMTP tables in" in hand.screen)
        await hand.press("f5")
        await hand.until(lambda: "a.smtp  a.example  testing" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: check.closed == 1)
        assert len(check.requests) == 1


async def test_one_table_is_no_choice(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("alt+o")
        await hand.until(lambda: "one SMTP table" in hand.screen)


async def test_the_first_line_says_that_there_are_others_and_how_to_get_there(
    tmp_path: Path,
) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        assert "· a.smtp · plain  Alt+O: other tables" in hand.lines[0]
    async with form_on(f"{SAMPLE}[backup.smtp]\nhost = 'b'\nport = 1\n", tmp_path) as hand:
        assert "· smtp · plain  Alt+O: other tables" in hand.lines[0]
    async with form_on(SAMPLE, tmp_path) as hand:
        assert "Alt+O" not in hand.lines[0]
