"""Several SMTP tables in one file: picked, tested side by side, and left for another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.color import Color

from smtp_tui.checks.request import CheckRequest
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import Event, Stage, StageEntered
from smtp_tui.tui.dialogs import tables as dialog
from smtp_tui.tui.dialogs.tables import TablePicker
from smtp_tui.tui.model.table_tests import ASKED_FOR, AT_ONCE
from tests.tui.driving import DIALOGUE, PASSED, SAMPLE, FakeCheck, Hand, failed, form_on

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
MANY = "".join(
    f'[t{number:02}.smtp]\nhost = "h{number}.example"\nport = 25\nencryption = "none"\n'
    for number in range(12)
)


@dataclass
class Checks:
    """A check for each table: all wait until they are released, then end by their scripts."""

    failing: frozenset[str] = frozenset()
    requests: list[CheckRequest] = field(default_factory=list)
    running: int = 0
    most: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        self.requests.append(request)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for event in DIALOGUE:
                yield event
            await self.released.wait()
            yield failed("auth-rejected") if request.table in self.failing else PASSED
        finally:
            self.running -= 1


def row(hand: Hand, table: str) -> str:
    """The table's line in the list."""
    rows = (line[1:].rstrip() for line in hand.lines)
    return next((row for row in rows if row[2:].startswith(f"{table} ")), "")


async def to_list(hand: Hand) -> None:
    await hand.press("alt+o")
    await hand.until(lambda: isinstance(hand.pilot.app.screen, TablePicker))


async def test_starttls_if_offered_is_not_called_none(tmp_path: Path) -> None:
    text = TABLES.replace("port = 26\n", "port = 26\nstarttls_auto = true\n")
    async with form_on(text, tmp_path, table="a.smtp") as hand:
        await to_list(hand)
        assert row(hand, "a.smtp").endswith("a.example 25 none")
        assert row(hand, "b.smtp").endswith("b.example 26 if offered")


async def test_another_table_is_opened_from_the_form(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await to_list(hand)
        assert row(hand, "a.smtp").endswith("a.example 25 none")
        assert "smtp-tui  mail.toml · 4 tables" in hand.screen
        await hand.press("down", "enter")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        assert "· b.smtp" in hand.lines[0]
        await to_list(hand)
        assert row(hand, "b.smtp").startswith("> b.smtp")
        await hand.press("escape")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))


async def test_letters_find_a_table(tmp_path: Path) -> None:
    async with form_on(MANY, tmp_path, table="t00.smtp") as hand:
        await to_list(hand)
        await hand.type("t07")
        assert row(hand, "t07.smtp").startswith("> t07.smtp")
        assert not row(hand, "t06.smtp")
        await hand.press("enter")
        await hand.until(lambda: "h7.example" in hand.row("SMTP Host"))


async def test_letters_find_a_result(tmp_path: Path) -> None:
    check = Checks(failing=frozenset({"t05.smtp", "t09.smtp"}))
    check.released.set()
    async with form_on(MANY, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "10 passed, 2 failed" in hand.screen)
        await hand.type("fail")
        assert row(hand, "t05.smtp").startswith("> t05.smtp")
        assert row(hand, "t09.smtp")
        assert not row(hand, "t06.smtp")
        assert "1 of 2" in hand.screen


async def test_the_last_verdict_stands_beside_its_table(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        for _ in range(2):
            await to_list(hand)
            assert row(hand, "a.smtp").split()[-3:] == ["PASSED", "200", "ms"]
            await hand.press("home", "down", "enter")
            await hand.until(lambda: "b.example" in hand.row("SMTP Host"))


async def test_what_is_unsaved_is_asked_about_first(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await hand.type("x")
        await to_list(hand)
        await hand.press("down", "enter")
        await hand.until(lambda: "your changes yet: SMTP Host" in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "your changes yet" not in hand.screen)
        assert "a.examplex" in hand.row("SMTP Host")
        await to_list(hand)
        await hand.press("down", "enter")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("s")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        assert 'host = "a.examplex"' in hand.file.read_text("utf-8")


async def test_a_table_with_unsaved_changes_is_marked(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await to_list(hand)
        assert "*" not in row(hand, "a.smtp")
        await hand.press("escape")
        await hand.type("x")
        await to_list(hand)
        assert row(hand, "a.smtp").split()[2] == "*"
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 2 not tested" in hand.screen)
        assert "F5 tests the file; a.smtp has unsaved changes (*)." in hand.screen


async def test_the_end_of_the_dialogue_stands_below_its_verdict(tmp_path: Path) -> None:
    check = FakeCheck((*DIALOGUE, PASSED))
    async with form_on(TABLES, tmp_path, table=None, check=check, size=(80, 40)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 2 not tested" in hand.screen)
        await hand.press("home")
        assert any("EHLO" in line for line in hand.lines)


async def test_all_are_tested_as_the_file_has_them(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 2 not tested" in hand.screen)
        assert row(hand, "a.smtp").split()[-3:] == ["PASSED", "200", "ms"]
        assert row(hand, "c.smtp").endswith(f"? {ASKED_FOR.removesuffix('.')}")
        assert "? SMTP Port" in row(hand, "d.smtp")
        await hand.press("end", "up")
        assert f"NOT TESTED: {ASKED_FOR}" in hand.screen
    assert [request.table for request in check.requests] == ["a.smtp", "b.smtp"]


async def test_a_file_changed_in_an_editor_is_read_again_while_no_form_is_open(
    tmp_path: Path,
) -> None:
    check = FakeCheck()
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        hand.file.write_text(TABLES.replace("a.example", "new.example"), encoding="utf-8")
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 2 not tested" in hand.screen)
        assert "new.example 25 none" in row(hand, "a.smtp")
        assert check.requests[0].values["host"] == "new.example"
        hand.file.write_text("[[[", encoding="utf-8")
        await hand.press("f5")
        assert "is not valid TOML" in " ".join(hand.screen.split())
        assert len(check.requests) == 2


async def test_a_changed_file_is_read_again_apart_from_the_open_form(tmp_path: Path) -> None:
    check = FakeCheck()
    async with form_on(TABLES, tmp_path, table="b.smtp", check=check) as hand:
        await to_list(hand)
        changed = TABLES.replace(".example", ".example.org").replace("[c.smtp]", "[e.smtp]")
        hand.file.write_text(changed, encoding="utf-8")
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 3 not tested" in hand.screen)
        assert "a.example.org 25 none" in row(hand, "a.smtp")
        assert "no longer has this table" in row(hand, "c.smtp")
        await hand.press("escape")
        await hand.until(lambda: hand.row("SMTP Host") != "")
        assert "b.example.org" not in hand.screen
    hosts = [request.values["host"] for request in check.requests]
    assert hosts == ["a.example.org", "b.example.org"]


async def test_a_table_added_in_an_editor_is_tested_and_opened(tmp_path: Path) -> None:
    check = FakeCheck((*DIALOGUE, PASSED))
    async with form_on(TABLES, tmp_path, table="a.smtp", check=check) as hand:
        await to_list(hand)
        changed = TABLES.replace("[b.smtp]", "[new.smtp]").replace("b.example", "new.example")
        hand.file.write_text(changed, encoding="utf-8")
        await hand.press("f5")
        await hand.until(lambda: "2 passed, 3 not tested" in hand.screen)
        assert "· 5 tables" in hand.lines[0]
        assert "no longer has this table" in row(hand, "b.smtp")
        assert "PASSED" in row(hand, "new.smtp")
        await hand.press("end", "enter")
        await hand.until(lambda: "new.example" in hand.row("SMTP Host"))
        assert "PASSED" in hand.screen


async def test_a_table_that_is_gone_is_not_opened(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await to_list(hand)
        hand.file.write_text(TABLES.replace("[b.smtp]", "[new.smtp]"), encoding="utf-8")
        await hand.press("home", "down", "enter")
        await hand.until(lambda: "The file no longer has the table b.smtp." in hand.screen)
        assert "a.example" in hand.row("SMTP Host")


async def test_they_run_side_by_side_eight_at_once(tmp_path: Path) -> None:
    check = Checks()
    async with form_on(MANY, tmp_path, table=None, check=check, size=(80, 40)) as hand:
        await hand.press("f5")
        await hand.until(lambda: check.running == AT_ONCE)
        await hand.until(lambda: "12 running" in hand.screen)
        assert row(hand, "t00.smtp").split()[-3:] == ["AUTH", "0", "s"]
        assert row(hand, "t11.smtp").endswith("waiting for its turn")
        assert "Esc Stop" in hand.hints
        check.released.set()
        await hand.until(lambda: "12 passed" in hand.screen)
        assert check.most == AT_ONCE


async def test_afterwards_the_failed_one_opens_with_its_log(tmp_path: Path) -> None:
    check = Checks(failing=frozenset({"b.smtp"}))
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        check.released.set()
        await hand.press("f5")
        await hand.until(lambda: "1 passed, 1 failed, 2 not tested" in hand.screen)
        assert row(hand, "b.smtp").startswith("> b.smtp")
        assert "FAILED: login rejected" in row(hand, "b.smtp")
        assert "FAILED at login: It failed with auth-rejected." in hand.screen
        await hand.press("enter")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        await hand.until(lambda: "FAILED at login: It failed" in hand.screen)
        log = hand.form_screen.test_pane.log_view
        assert "-> EHLO tickets.example.org" in "\n".join(map(str, log.rows.entries)).replace(
            "  ->", "->"
        )
        assert "FAILED at login" in str(log.rows.entries[0])
        assert hand.form_screen.test_pane.done is not None
    assert len(check.requests) == 2


async def test_the_cursor_goes_to_the_failed_one_with_its_place(tmp_path: Path) -> None:
    checks = Checks(failing=frozenset({"b.smtp"}))
    checks.released.set()
    async with form_on(TABLES, tmp_path, check=checks, table=None) as hand:
        await hand.press("f5")
        await hand.until(lambda: "1 failed" in hand.screen)
        await hand.until(lambda: "2 of 4" in hand.screen)
        assert row(hand, "b.smtp").startswith(">")
        assert hand.lines[hand.pilot.app.cursor_position.y].startswith(" > b.smtp")


async def test_results_that_arrive_are_found_by_the_letters_typed_before(tmp_path: Path) -> None:
    checks = Checks(failing=frozenset({"b.smtp"}))
    checks.released.set()
    async with form_on(TABLES, tmp_path, check=checks, table=None) as hand:
        await hand.press(*"fail")
        assert "No table matches." in hand.screen
        await hand.press("f5")
        await hand.until(lambda: "1 of 1" in hand.screen)
        assert "b.smtp" in hand.screen
        assert "No table matches." not in hand.screen


async def test_a_cursor_that_was_moved_stays(tmp_path: Path) -> None:
    check = Checks(failing=frozenset({"b.smtp"}))
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        await hand.press("f5", "end")
        check.released.set()
        await hand.until(lambda: "1 failed" in hand.screen)
        assert row(hand, "d.smtp").startswith("> d.smtp")


async def test_the_open_table_shows_its_test_too(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        await to_list(hand)
        await hand.press("f5")
        await hand.until(lambda: "2 passed" in hand.screen)
        await hand.press("enter")
        await hand.until(lambda: "PASSED: the login works." in hand.screen)
        assert "a.example" in hand.row("SMTP Host")


async def test_escape_stops_all_first_and_then_leaves(tmp_path: Path) -> None:
    check = Checks()
    async with form_on(TABLES, tmp_path, table="a.smtp", check=check) as hand:
        await to_list(hand)
        await hand.press("f5")
        await hand.until(lambda: check.running == 2)
        await hand.press("f5")
        assert "The tests already run." in hand.screen
        await hand.press("enter")
        assert "The test of a.smtp still runs" in hand.screen
        await hand.press("escape")
        await hand.until(lambda: check.running == 0)
        await hand.until(lambda: "Stopped." in hand.screen)
        await hand.press("escape")
        await hand.until(lambda: "a.example" in hand.row("SMTP Host"))
    assert len(check.requests) == 2


async def test_a_bug_in_one_test_leaves_the_others(tmp_path: Path) -> None:
    async def check(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
        yield StageEntered(seconds=0, stage=Stage.RESOLVE)
        if request.table == "a.smtp":
            raise ZeroDivisionError
        yield PASSED

    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "1 passed, 3 not tested" in hand.screen)
        assert "? A bug in smtp-tui" in row(hand, "a.smtp")


async def test_results_have_colours(tmp_path: Path) -> None:
    check = Checks(failing=frozenset({"b.smtp"}))
    check.released.set()
    async with form_on(TABLES, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "1 failed" in hand.screen)
        screen = hand.pilot.app.screen
        strips = screen._compositor.render_strips()
        colours = {
            segment.text.split()[0].rstrip(":"): segment.style.color
            for strip in strips
            for segment in strip
            if segment.style and segment.text.startswith(("PASSED", "FAILED", "? It"))
        }
        names = {"PASSED": "green", "FAILED": "red", "?": "yellow"}
        assert colours == {word: Color.parse(name) for word, name in names.items()}


async def test_many_results_are_painted_ten_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dialog.FLUSH_INTERVAL == 0.1
    shown: list[TablePicker] = []
    show = TablePicker._show

    def show_and_count(picker: TablePicker) -> None:
        shown.append(picker)
        show(picker)

    monkeypatch.setattr(TablePicker, "_show", show_and_count)
    check = Checks()
    check.released.set()
    async with form_on(MANY, tmp_path, table=None, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "12 passed" in hand.screen)
        assert len(shown) <= 6


async def test_one_table_is_no_choice(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("alt+o")
        await hand.until(lambda: "one SMTP table" in hand.screen)


async def test_the_first_line_says_that_there_are_others_and_how_to_get_there(
    tmp_path: Path,
) -> None:
    async with form_on(TABLES, tmp_path, table="a.smtp") as hand:
        assert "· a.smtp (Alt+O: others) · plain keys" in hand.lines[0]
    async with form_on(f"{SAMPLE}[backup.smtp]\nhost = 'b'\nport = 1\n", tmp_path) as hand:
        assert "· smtp (Alt+O: others) · plain keys" in hand.lines[0]
    async with form_on(SAMPLE, tmp_path) as hand:
        assert "Alt+O" not in hand.lines[0]


async def test_tab_moves_as_in_other_lists(tmp_path: Path) -> None:
    async with form_on(TABLES, tmp_path, table=None) as hand:
        await hand.press("tab", "tab", "shift+tab")
        assert row(hand, "b.smtp").startswith("> b.smtp")
