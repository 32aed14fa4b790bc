"""The screen as a whole: what stands where, at which size, and how one leaves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from smtp_tui.config.preferences import Preferences
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.smtp.events import Stage
from smtp_tui.tui.commands import COMMANDS, hints_at
from smtp_tui.tui.form.rows import Row
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.style import FOCUS, PLAIN
from smtp_tui.tui.test_pane.pane import DnsOptions
from tests.tui.driving import DIALOGUE, SAMPLE, FakeCheck, Hand, form_on

LABELS = [field.label for field in FIELDS]
SEVERAL = '[a.smtp]\nhost = "a.example"\nport = 25\n[b.smtp]\nhost = "b.example"\nport = 26\n'


# All fields are in sight in 25 rows; in 24, those of More are folded away.
WHOLE = (80, 25)


async def test_on_80_by_24_all_but_more_is_in_sight(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        for field in FIELDS:
            assert bool(hand.row(field.label)) is not field.advanced, field.label
        assert hand.row("More").startswith(" More                 From, Timeout, CA File")
        assert "Next" in hand.screen


async def test_all_is_in_sight_on_80_by_25(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=WHOLE) as hand:
        for label in LABELS:
            assert hand.row(label), label
        for words in ("none ‹tls› ssl", "none (peer) fail_if_no_peer_cert", "‹this file› keyring"):
            assert words in hand.screen
        assert "The server that accepts" in hand.screen
        assert "│ Next" in hand.screen
        assert "Alt+S ^^   find servers" in hand.screen
        assert all(len(line) == 80 for line in hand.lines)
        for keys, word in hints_at():
            assert f"{keys.split()[0]} {word}" in hand.hints
        await hand.resize(100, 24)
        for keys, word in hints_at():
            assert f"{keys} {word}" in hand.hints


async def test_the_sidebar_follows_the_focus(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(140, 40)) as hand:
        hand.form_screen.form.unfold()
        for row in hand.form_screen.form.query(Row):
            title = BY_KEY[row.key].label if row.key in BY_KEY else row.key
            beside = [line.split("│")[-1].strip() for line in hand.lines if "│" in line]
            assert title in beside[:4] or row.key in ("kept", "more")
            assert all(len(line) == 140 for line in hand.lines)
            await hand.press("down")


async def test_the_sidebar_scrolls_from_the_form(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        assert "│ SMTP Host" in hand.screen
        await hand.press("pagedown")
        assert "│ SMTP Host" not in hand.screen
        assert hand.row("SMTP Host").startswith(">")
        await hand.press("pageup")
        assert "│ SMTP Host" in hand.screen


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (60, 20), (40, 10), (120, 20), (60, 50)])
async def test_any_size_is_usable(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.resize(*size)
        assert hand.row("SMTP Host").startswith(">SMTP Host")
        assert "F5" in hand.hints
        assert not hand.hints.rstrip().endswith(" F10")
        await hand.go_to("OpenSSL Verify Mode")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        await hand.press("escape")
        assert hand.row("OpenSSL Verify Mode").startswith(">")
        await hand.resize(80, 24)
        assert hand.row("OpenSSL Verify Mode").startswith(">")


async def test_small_screens_explain_in_a_line(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(60, 20)) as hand:
        assert "The server that accepts the mail" in hand.screen
        assert "│" not in hand.screen


FAILED = Verdict(
    seconds=0.2,
    ok=False,
    stage=Stage.AUTH,
    cause="bad-credentials",
    summary="The server refuses the login of tickets@example.net with PLAIN: 535 5.7.8 no.",
    why="Wrong user name or password. " * 4 + "It ends here.",
    cure="Set both anew. " * 6,
)


def failing() -> FakeCheck:
    return FakeCheck((*DIALOGUE, FAILED))


@pytest.mark.parametrize("size", [(60, 20), (80, 23), (120, 20), (79, 18)])
async def test_the_verdict_stays_in_sight_on_a_small_screen(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with form_on(SAMPLE, tmp_path, size=size, check=failing()) as hand:
        assert re.search(r"^ (Next|Alt.S finds servers)", hand.screen, re.M)
        await hand.press("f5")
        await hand.until(lambda: "FAILED at login" in hand.screen)
        assert hand.row("SMTP Host").startswith(">")
        assert hand.row("More")
        assert "FAILED at login: the server refuses" in hand.screen
        assert re.search(r"^[─ ].* AUTH ✗", hand.screen, re.M)


async def test_on_a_small_screen_the_verdict_takes_the_summarys_rows(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(60, 20), check=failing()) as hand:
        assert "The server that accepts the mail" in hand.screen
        await hand.press("f5")
        await hand.until(lambda: "FAILED at login" in hand.screen)
        assert hand.row("SMTP Host").startswith(">")
        assert "The server that accepts the mail" not in hand.screen
        assert hand.lines[-2].strip()


async def test_the_divider_marks_no_rows_that_the_log_took(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(120, 36), check=failing()) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED at login" in hand.screen)
        await hand.press("f6")
        assert "┃" not in hand.screen
        await hand.resize(80, 24)
        await hand.press("f6")
        await hand.go_to("More")
        await hand.press("right", "down")
        assert "┃" in hand.screen


async def test_where_a_sidebar_explains_no_line_below_does(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 23)) as hand:
        assert "│ SMTP Host" in hand.screen
        assert "The server that accepts the mail" not in hand.screen


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_one_key_shows_the_whole_verdict(tmp_path: Path, size: tuple[int, int]) -> None:
    long = replace(FAILED, why=FAILED.why.replace("It ends", "So") * 3 + " It ends here.")
    check = FakeCheck((*DIALOGUE, long))
    async with form_on(SAMPLE, tmp_path, size=size, check=check) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED at login" in hand.screen)
        await hand.press("escape")
        assert "… F3" in hand.screen
        assert "It ends here." not in hand.screen
        for way in ("escape", "f6"):
            await hand.press(way, "f3")
            first = hand.screen
            await hand.press("pagedown")
            assert "It ends here." in re.sub(r"\s+", " ", first + hand.screen)
            await hand.press("escape")


async def test_back_from_small_to_large_nothing_is_lost(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(200, 60)) as hand:
        before = hand.screen
        await hand.resize(60, 20)
        await hand.resize(200, 60)
        assert hand.screen == before


async def test_leaving_unchanged_asks_nothing(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("escape", "escape")
        assert hand.pilot.app.is_running
        await hand.press("f10")
        assert hand.pilot.app.return_code == 0


async def test_leaving_with_changes_asks(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.type("x")
        await hand.press("ctrl+x")
        await hand.until(lambda: "does not contain your changes yet: SMTP Host" in hand.screen)
        await hand.press("q", "escape")
        await hand.until(lambda: "your changes yet" not in hand.screen)
        await hand.press("f10")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("s")
        await hand.until(lambda: hand.pilot.app.return_code == 0)
        assert 'host = "mail.example.netx"' in hand.file.read_text("utf-8")


async def test_leaving_can_discard(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.type("x")
        await hand.press("f10")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("d")
        await hand.until(lambda: hand.pilot.app.return_code == 0)
        assert hand.file.read_text("utf-8") == SAMPLE


async def test_leaving_stays_when_saving_fails(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.go_to("SMTP Port")
        await hand.type("x")
        await hand.press("f10")
        await hand.until(lambda: "your changes yet" in hand.screen)
        await hand.press("s")
        await hand.until(lambda: "Not saved" in hand.screen)
        assert hand.pilot.app.is_running


async def test_ctrl_c_says_how_to_leave(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        await hand.press("ctrl+c")
        assert "F10 or Ctrl+X quits" in hand.screen
        await hand.press("down")
        assert "F10 or Ctrl+X quits" not in hand.screen


async def test_no_key_is_one_that_terminals_take(tmp_path: Path) -> None:
    # Ctrl+A and Ctrl+S have other keys too, so that nothing is lost where a terminal takes them.
    taken = {"ctrl+b", "ctrl+q"}
    async with form_on(SAMPLE, tmp_path) as hand:
        for topic in ("SMTP Host", "Encryption Type", "More"):
            await hand.go_to(topic)
            assert not taken & set(hand.form_screen.active_bindings)
        await hand.press("f6")
        assert not taken & set(hand.form_screen.active_bindings)


@pytest.mark.parametrize("key", ["f1", "ctrl+g"])
async def test_help_is_made_from_the_commands(tmp_path: Path, key: str) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 60)) as hand:
        await hand.press(key)
        for command in COMMANDS:
            assert command.help in hand.screen
        await hand.press("escape")
        assert hand.row("SMTP Host").startswith(">")


async def test_a_form_without_a_server_says_where_to_get_one(tmp_path: Path) -> None:
    async with form_on(None, tmp_path, size=WHOLE) as hand:
        steps = [line.partition("│ ")[2] for line in hand.lines]
        first = steps.index("Next".ljust(23))
        assert [line[:5] for line in steps[first + 1 : first + 3]] == ["Alt+S", "Alt+P"]
        await hand.press("alt+p")
        await hand.until(lambda: "The settings of a mail provider" in hand.screen)
    preferences = Preferences(keys={"discover": ("alt+z",), "test": ("f12",)})
    async with form_on(None, tmp_path, preferences=preferences, size=WHOLE) as hand:
        assert "Alt+Z      find servers" in hand.screen
        assert "F12        run a test" in hand.screen


async def test_several_tables_are_picked_from(tmp_path: Path) -> None:
    async with form_on(SEVERAL, tmp_path, table=None) as hand:
        assert "a.smtp  a.example" in hand.screen
        await hand.press("down", "enter")
        await hand.until(lambda: "b.example" in hand.row("SMTP Host"))
        assert "· b.smtp" in hand.lines[0]


async def test_picking_no_table_leaves(tmp_path: Path) -> None:
    async with form_on(SEVERAL, tmp_path, table=None) as hand:
        await hand.press("escape")
        assert hand.pilot.app.return_code == 0


async def test_the_sidebar_tells_the_last_test_while_the_log_is_focused(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(100, 30)) as hand:
        await hand.type("x")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert "│ PASSED" not in hand.screen
        await hand.press("f6")
        assert "│ The last test" in hand.screen
        await hand.resize(80, 24)
        assert "│ SMTP Host" in hand.screen
        await hand.resize(100, 30)
        assert "│ The last test" in hand.screen
        assert "│ PASSED: the login" in hand.screen
        await hand.press("f6")
        assert "│ SMTP Host" in hand.screen


async def test_a_value_that_cannot_be_read_has_no_note(tmp_path: Path) -> None:
    async with form_on(SAMPLE.replace("2587", "587"), tmp_path) as hand:
        await hand.go_to("SMTP Port")
        assert "submission" in hand.row("SMTP Port")
        await hand.type("x")
        assert "submission" not in hand.row("SMTP Port")


async def test_behind_a_dialog_no_label_is_reversed(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        row = hand.form_screen.form.current_row
        assert [style for _, style in row.spans(54)[:2]] == [FOCUS, FOCUS]
        await hand.press("ctrl+p")
        assert "Menu" in hand.screen
        assert [style for _, style in row.spans(54)[:2]] == [PLAIN, PLAIN]
        await hand.press("escape")
        assert [style for _, style in row.spans(54)[:2]] == [FOCUS, FOCUS]


UNKNOWN = SAMPLE + 'auth_protocol = "cram"\ntls_enabled = true\nmax_conns = 10\n'


def next_to(hand: Hand) -> str:
    """The text of the sidebar's column."""
    return " ".join(" ".join(line.partition("│ ")[2] for line in hand.lines).split())


async def test_the_next_steps_have_a_line_each_and_the_file_its_remarks(tmp_path: Path) -> None:
    async with form_on(UNKNOWN, tmp_path, size=WHOLE) as hand:
        for keys, what in (("F5", "run a test"), ("Alt+P ^Spc", "providers")):
            assert re.search(rf"│ {re.escape(keys)} +{what}", hand.screen)
        assert "Unknown keys in [smtp]: auth_protocol, tls_enabled, max_conns." in next_to(hand)
        assert "│ SMTP Host" in hand.screen


async def test_on_a_small_screen_the_next_steps_are_a_paragraph(tmp_path: Path) -> None:
    async with form_on(UNKNOWN, tmp_path, size=(60, 20)) as hand:
        assert "Alt+S finds servers, Alt+P lists providers, Alt+I" in hand.screen
        assert "Unknown keys in [smtp]: auth_protocol" in hand.screen


async def test_from_the_first_test_on_the_log_has_its_rows(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=WHOLE) as hand:
        assert hand.row("Source Address")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert not hand.row("Source Address")
        assert "Next" not in hand.screen
        await hand.press("f5")
        await hand.until(lambda: "test 2" in hand.screen)
        await hand.go_to("More")
        await hand.press("right", *["down"] * 10, "f5")
        await hand.until(lambda: "test 3" in hand.screen)
        assert hand.row("Source Address").startswith(">")


async def test_where_all_fits_the_advanced_fields_stay(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(120, 38)) as hand:
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.row("Source Address")
        await hand.go_to("More")
        await hand.press("left")
        await hand.resize(80, 24)
        await hand.resize(120, 38)
        assert not hand.row("Source Address")


async def test_while_a_test_runs_the_first_hint_stops_it(tmp_path: Path) -> None:
    check = FakeCheck(hangs=True)
    async with form_on(SAMPLE, tmp_path, check=check) as hand:
        others = hand.hints.partition("F2")[2]
        await hand.press("f5")
        assert hand.hints.startswith(" Esc Stop  F2 Save ")
        assert hand.hints.partition("F2")[2].rstrip() == others.rstrip()
        check.release()
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.hints.startswith(" F5 Test  F2 Save ")


async def test_the_focused_row_stays_in_view_when_the_form_shrinks(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=WHOLE) as hand:
        await hand.go_to("CA File")
        await hand.press("f5")
        await hand.until(lambda: "PASSED" in hand.screen)
        assert hand.row("CA File").startswith(">")
        await hand.press("f6")
        rows = hand.lines[1:8]
        await hand.press("f6")
        assert hand.row("CA File").startswith(">")
        assert [row[1:54] for row in rows] == [row[1:54] for row in hand.lines[1:8]]


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 10), (20, 5)])
async def test_a_test_leaves_the_focus_where_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    async with form_on(SAMPLE, tmp_path, size=size, check=failing()) as hand:
        await hand.press("f5")
        await hand.until(lambda: "FAILED" in hand.screen)
        assert isinstance(hand.form_screen.focused, Row)
        assert hand.row("SMTP Host").startswith(">")
        await hand.press("f6")
        assert isinstance(hand.form_screen.focused, LogView)
        await hand.press("escape")
        assert hand.row("SMTP Host").startswith(">")


async def test_the_demo_names_its_file_without_the_folder(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, lookup=DnsOptions(is_alone=True)) as hand:
        assert str(tmp_path) not in hand.pilot.app.title
        assert hand.file.name in hand.pilot.app.title
