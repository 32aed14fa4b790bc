"""The log as a tool: to read, search, filter, fold, compare and copy by keyboard alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.color import Color

from smtp_tui.smtp.events import DialogueNote, Event, Sent, TlsEstablished, WarningId
from smtp_tui.tui.commands import LOG_COMMANDS
from smtp_tui.tui.dialogs.compare import CompareScreen
from smtp_tui.tui.log.entries import LogNotice
from tests.tui.driving import (
    DIALOGUE,
    PASSED,
    SAMPLE,
    FakeCheck,
    Hand,
    failed,
    form_on,
    said,
    settle,
)
from tests.tui.fixes import LEAF

WIDE = (140, 40)
SHAKEN = TlsEstablished(
    seconds=0.12,
    version="TLSv1.3",
    cipher="AES",
    verified=True,
    chain=(LEAF, replace(LEAF, subject="CN=Intermediate")),
)
WARNED = DialogueNote(seconds=0.13, text="the link is open", warning=WarningId.LINK_OPEN)
LONG = said("word " * 60 + "at last")


def numbered(count: int) -> tuple[Event, ...]:
    return tuple(said(f"line {number} end") for number in range(count))


async def run_test(hand: Hand) -> None:
    await hand.press("f5")
    await hand.until(lambda: not hand.form_screen.test_pane.is_busy)


async def in_log(hand: Hand) -> None:
    """Run a test and go to the log."""
    await run_test(hand)
    await hand.press("f6")


def texts(folder: Path) -> list[list[str]]:
    """The lines of each dialogue that was saved."""
    return [file.read_text("utf-8").splitlines() for file in folder.glob("*.txt")]


def cursor_line(hand: Hand) -> str:
    """The line of the log under the cursor."""
    (line,) = [line for line in _log_lines(hand) if line.startswith(">")]
    return line


def _log_lines(hand: Hand) -> list[str]:
    top = next(at for at, line in enumerate(hand.lines) if line.startswith(">") and "──" in line)
    region = hand.form_screen.test_pane.log_view.region
    assert top < region.y
    return [line[: region.width].rstrip() for line in hand.lines[region.y : region.bottom]]


class TestReading:
    async def test_it_follows_the_end_only_while_it_stands_there(self, tmp_path: Path) -> None:
        check = FakeCheck((*numbered(200), PASSED))
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await in_log(hand)
            await hand.until(lambda: "220 line 199" in hand.screen)
            await hand.press("home")
            assert "220 line 0" in hand.screen
            assert "more, End" in hand.screen
            log = hand.form_screen.test_pane.log_view
            log.add([LogNotice("a late line")])
            await hand.until(lambda: str(log.rows.entries[-1]) == "a late line")
            assert "220 line 0" in hand.screen
            await hand.press("end")
            assert "a late line" in hand.screen
            log.add([LogNotice("a later line")])
            await hand.until(lambda: "a later line" in hand.screen)
            await hand.press("escape")
            assert hand.row("SMTP Host").startswith(">")

    async def test_the_cursor_is_in_sight_wherever_it_goes(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((*numbered(50), PASSED))) as hand:
            await in_log(hand)
            for keys in (["up"] * 12, ["pageup"] * 3, ["down"], ["k", "j"], ["space"], ["home"]):
                await hand.press(*keys)
                assert cursor_line(hand)
            assert cursor_line(hand).startswith("> ── test 1, ")
            await hand.press("end")
            assert "220 line 49 end" in cursor_line(hand)

    async def test_a_long_line_is_cut_and_read_on_sideways(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((LONG, PASSED))) as hand:
            await in_log(hand)
            (line,) = [line for line in _log_lines(hand) if "220 word" in line]
            assert line.endswith("…")
            assert "at last" not in hand.screen
            await hand.press(*["right"] * 40)
            assert "at last" in hand.screen
            assert any(line.startswith(">  0.100 <- …") for line in _log_lines(hand))
            await hand.press("home")
            assert "220 word" in hand.screen

    async def test_or_is_wrapped_by_one_key(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((LONG, PASSED))) as hand:
            await in_log(hand)
            await hand.press("w")
            assert "at last" in hand.screen
            assert "wrapped" in hand.screen
            assert not any(line.endswith("…") for line in _log_lines(hand))
            await hand.resize(200, 24)
            assert "at last" in hand.screen
            await hand.press("w")
            assert " wrapped" not in hand.screen

    async def test_the_log_grows_with_the_focus(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((*numbered(50), PASSED))) as hand:
            await run_test(hand)
            before, rows = hand.form_screen.test_pane.log_view.size.height, hand.lines[1:9]
            await hand.press("f6")
            assert hand.form_screen.test_pane.log_view.size.height == before + 3
            assert cursor_line(hand)
            assert [row[1:54] for row in hand.lines[1:9]] == [row[1:54] for row in rows]
            await hand.press("escape")
            assert hand.form_screen.test_pane.log_view.size.height == before
            assert hand.row("SMTP Host").startswith(">")

    async def test_twenty_thousand_lines(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            log = hand.form_screen.test_pane.log_view
            await run_test(hand)
            log.add(LogNotice(f"line {number}") for number in range(30_000))
            await hand.until(lambda: "line 29999" in hand.screen)
            assert 20_000 <= len(log.rows.entries) <= 22_000
            assert "older lines were dropped" in str(log.rows.entries[0])

    async def test_letting_lines_go_moves_nothing_under_the_eyes(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            log = hand.form_screen.test_pane.log_view
            await run_test(hand)
            log.add(LogNotice(f"line {number}") for number in range(20_000))
            await hand.until(lambda: "line 19999" in hand.screen)
            await hand.press("f6", *["up"] * 30)
            before = _log_lines(hand)
            log.add(LogNotice(f"later {number}") for number in range(5_000))
            await hand.until(lambda: log.rows.first > 0)
            await settle(hand.pilot.app)
            assert _log_lines(hand) == before


class TestKeysOfTheLog:
    async def test_to_both_ends_by_a_letter_and_back_to_the_form(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((*numbered(90), PASSED))) as hand:
            await in_log(hand)
            await hand.press("g")
            assert cursor_line(hand).startswith("> ── test 1, ")
            log = hand.form_screen.test_pane.log_view
            half = (log.size.height - 1) // 2
            await hand.press("ctrl+d")
            assert log.cursor == half
            await hand.press("ctrl+d", "ctrl+u")
            assert log.cursor == half
            await hand.press("G")
            assert log.cursor == len(log.rows) - 1
            await hand.press("q")
            assert hand.row("SMTP Host").startswith(">")

    @pytest.mark.parametrize(
        ("key", "why"),
        [
            ("d", "only one test has finished"),
            ("n", "There is no search to continue. / starts one."),
            ("enter", "There is nothing to unfold"),
            ("x", "x has no effect in the log. F1 lists the keys."),
        ],
    )
    async def test_a_key_that_opens_nothing_says_why_and_escape_only_clears_that(
        self, tmp_path: Path, key: str, why: str
    ) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await in_log(hand)
            await hand.press(key)
            await hand.until(lambda: why in hand.screen)
            await hand.press("escape")
            assert why not in hand.screen
            assert cursor_line(hand)
            await hand.type("12587ttT")
            assert "127" not in hand.row("SMTP Port")
            await hand.press("g", "escape")
            assert hand.row("SMTP Host").startswith(">")

    async def test_before_the_first_test_there_is_no_log_to_go_to(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await hand.press("f6")
            assert "The log is empty. F5 starts a test." in hand.screen
            await hand.press("d")  # meant for the log
            assert hand.row("SMTP Host") == ">SMTP Host            mail.example.net"
            await hand.press("ctrl+p")
            await hand.type("wrap")
            await hand.press("enter")
            assert "The log is empty. F5 starts a test." in hand.screen
            assert hand.row("SMTP Host").startswith(">")


class TestSearching:
    CHECK = (*numbered(30), Sent(seconds=0.2, text="AUTH PLAIN"), said("LINE shouted"), PASSED)

    async def test_it_is_found_as_it_is_typed(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("home", "/")
            await hand.type("line 2")
            assert "220 line 2 end" in cursor_line(hand)
            assert "/line 2" in hand.screen
            assert "1 of 11" in hand.screen
            await hand.type("9")
            assert "220 line 29 end" in cursor_line(hand)
            assert "1 of 1" in hand.screen
            await hand.press("backspace", "enter", "n")
            assert "2 of 11" in hand.screen
            assert "220 line 20 end" in cursor_line(hand)
            await hand.press("N", "N")
            assert "11 of 11" in hand.screen
            await hand.press("n")
            assert "1 of 11" in hand.screen

    async def test_keys_of_the_log_are_letters_while_one_types(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("ctrl+w")
            await hand.type("nrfwzd/")
            assert "/nrfwzd/" in hand.screen
            assert "not found" in hand.screen
            await hand.press("f1")
            await hand.press("escape")
            assert "/nrfwzd/" in hand.screen

    async def test_escape_leaves_the_search_first_and_then_the_log(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("/")
            await hand.type("line 3")
            assert "220 line 3 end" in cursor_line(hand)
            await hand.press("escape")
            assert "/line" not in hand.screen
            assert "220 LINE shouted" in cursor_line(hand)
            await hand.press("/")
            await hand.type("line 3")
            await hand.press("enter", "escape")
            assert "220 line 3 end" in cursor_line(hand)
            await hand.press("escape")
            assert hand.row("SMTP Host").startswith(">")

    async def test_escape_leaves_the_search_before_it_stops_a_test(self, tmp_path: Path) -> None:
        check = FakeCheck(self.CHECK, hangs=True)
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await hand.press("f5", "f6")
            await hand.until(lambda: "LINE shouted" in hand.screen)
            await hand.press("/", "x", "escape")
            assert hand.form_screen.test_pane.is_busy
            await hand.press("escape")
            await hand.until(lambda: not hand.form_screen.test_pane.is_busy)

    async def test_capitals_count(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("/")
            await hand.type("LINE")
            assert "1 of 1" in hand.screen
            assert "LINE shouted" in cursor_line(hand)

    async def test_a_match_in_a_fold_is_unfolded(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((SHAKEN, PASSED))) as hand:
            await in_log(hand)
            assert "CN=Intermediate" not in hand.screen
            await hand.press("/")
            await hand.type("cn=inter")
            assert "next in the chain: CN=Intermediate" in cursor_line(hand)

    async def test_a_match_beyond_the_edge_is_brought_into_sight(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((LONG, PASSED))) as hand:
            await in_log(hand)
            await hand.press("/")
            await hand.type("at last")
            assert "at last" in cursor_line(hand)
            await hand.press("enter", "w")
            assert "at last" in "\n".join(_log_lines(hand))

    async def test_what_is_pasted_is_searched_and_inert(self, tmp_path: Path) -> None:
        from textual.events import Paste

        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("/")
            hand.pilot.app.post_message(Paste("\x1b]0;x\x07line\nmore"))
            await hand.until(lambda: "/\\x1b]0;x\\x07line" in hand.screen)


class TestFilters:
    CHECK = (*DIALOGUE, WARNED, *numbered(20), PASSED)

    async def test_one_key_goes_through_them_and_says_which(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK), size=WIDE) as hand:
            await in_log(hand)
            await hand.press("f")
            assert "dialogue only" in hand.screen
            assert "the link is open" not in hand.screen
            assert "EHLO tickets" in hand.screen
            await hand.press("f")
            assert "warnings and facts" in hand.screen
            assert "the link is open" in hand.screen
            assert "EHLO tickets" not in hand.screen
            assert "test 1, " in hand.screen
            await hand.press("f")
            assert " warnings and facts ─" not in hand.screen
            assert "EHLO tickets" in hand.screen

    async def test_the_place_in_the_text_stays(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK)) as hand:
            await in_log(hand)
            await hand.press("/")
            await hand.type("line 11 ")
            await hand.press("enter", "escape")
            at = _log_lines(hand).index(cursor_line(hand))
            await hand.press("f")
            assert "line 11 end" in cursor_line(hand)
            assert _log_lines(hand).index(cursor_line(hand)) == at
            await hand.press("f", "f")
            assert cursor_line(hand)

    async def test_new_lines_are_filtered_too(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck(self.CHECK), size=WIDE) as hand:
            await in_log(hand)
            await hand.press("f")
            await run_test(hand)
            assert "the link is open" not in hand.screen


class TestFolds:
    async def test_a_chain_is_folded_until_it_is_wanted(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, SHAKEN, PASSED))
        async with form_on(SAMPLE, tmp_path, check=check, size=WIDE) as hand:
            await in_log(hand)
            assert "[+] certificate for mx.example.net" in hand.screen
            assert "1 above it" in hand.screen
            assert "CN=Intermediate" not in hand.screen
            await hand.press("enter")
            assert "[-] certificate for mx.example.net" in cursor_line(hand)
            assert "next in the chain: CN=Intermediate" in hand.screen
            await hand.press("down", "enter")
            assert "[+] certificate for mx.example.net" in cursor_line(hand)

    async def test_one_key_unfolds_all_from_anywhere(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, SHAKEN, PASSED))
        async with form_on(SAMPLE, tmp_path, check=check, size=WIDE) as hand:
            await in_log(hand)
            await hand.press("home", "enter")
            assert "CN=Intermediate" in hand.screen
            assert "test 1" in cursor_line(hand)
            await hand.press("enter")
            assert "CN=Intermediate" not in hand.screen


class TestTests:
    async def test_each_has_a_heading_that_tells_how_it_went(self, tmp_path: Path) -> None:
        check = FakeCheck(hangs=True)
        async with form_on(SAMPLE, tmp_path, check=check, size=WIDE) as hand:
            await hand.press("f5")
            await hand.until(lambda: ", running, mail.example.net port 2587" in hand.screen)
            await hand.press("escape")
            await hand.until(lambda: ", stopped, mail.example.net" in hand.screen)
            check.hangs = False
            await run_test(hand)
            await hand.until(lambda: ", PASSED, mail.example.net port 2587, tls" in hand.screen)
            check.script = (*DIALOGUE, failed("auth-rejected"))
            await run_test(hand)
            await hand.until(lambda: ", FAILED at login" in hand.screen)
            assert "test 1, " in hand.screen
            assert "test 2, " in hand.screen
            assert "test 3, " in hand.screen

    async def test_one_key_goes_from_test_to_test(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((*numbered(30), PASSED))) as hand:
            for _ in range(3):
                await run_test(hand)
            await hand.press("f6")
            for key, number in (("t", 3), ("t", 2), ("t", 1), ("t", 3), ("T", 1), ("T", 2)):
                await hand.press(key)
                assert f"test {number}, " in cursor_line(hand)
                assert "220 line 0" in hand.screen


class TestComparing:
    async def compared(self, hand: Hand) -> None:
        await hand.press("f6", "d")
        await hand.until(lambda: isinstance(hand.pilot.app.screen, CompareScreen))

    async def test_one_test_is_compared_with_nothing(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await in_log(hand)
            await hand.press("d")
            await hand.until(lambda: "nothing to compare" in hand.screen)

    @pytest.mark.parametrize("size", [(80, 24), (140, 40)])
    async def test_settings_and_dialogue_that_differ(
        self, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        check = FakeCheck((*DIALOGUE, said("AUTH PLAIN", 250), *numbered(9), PASSED))
        async with form_on(SAMPLE, tmp_path, check=check, size=size) as hand:
            await run_test(hand)
            await hand.type("x")
            later = said("AUTH LOGIN", 250)
            check.script = (*DIALOGUE, later, *numbered(9), failed("auth-rejected"))
            await run_test(hand)
            await self.compared(hand)
            assert "host = mail.example.net" in hand.screen
            assert "host = mail.example.netx" in hand.screen
            assert "7 lines are the same" in hand.screen
            assert "port =" not in hand.screen
            rows = [line.strip() for line in hand.lines]
            if size[0] < 120:
                assert "- <- 250 AUTH PLAIN" in rows
                assert "+ <- 250 AUTH LOGIN" in rows
            else:
                (row,) = [row for row in rows if "AUTH PLAIN" in row]
                assert row.startswith("~ <- 250 AUTH PLAIN")
                assert row.endswith("│ <- 250 AUTH LOGIN")
            await hand.press("escape")
            await hand.until(lambda: "Two tests" not in hand.screen)

    async def test_the_test_under_the_cursor_is_compared_with_the_one_before(
        self, tmp_path: Path
    ) -> None:
        check = FakeCheck((said("AUTH FIRST", 250), PASSED))
        async with form_on(SAMPLE, tmp_path, check=check, size=(80, 40)) as hand:
            await run_test(hand)
            for name in ("SECOND", "THIRD"):
                check.script = (said(f"AUTH {name}", 250), PASSED)
                await run_test(hand)
            await self.compared(hand)
            assert "AUTH THIRD" in hand.screen
            await hand.press("escape")
            for _ in range(2):
                await hand.press("t")
            await hand.press("d")
            await hand.until(lambda: "Two tests" in hand.screen)
            assert "- <- 250 AUTH FIRST" in hand.screen
            assert "+ <- 250 AUTH SECOND" in hand.screen

    async def test_it_is_coloured_as_the_difference_is_and_the_change_is_bold(
        self, tmp_path: Path
    ) -> None:
        for size in ((80, 30), (140, 40)):
            check = FakeCheck((said("AUTH PLAIN", 250), PASSED))
            async with form_on(SAMPLE, tmp_path, check=check, size=size) as hand:
                await run_test(hand)
                check.script = (said("AUTH LOGIN", 250), said("only now", 220), PASSED)
                await run_test(hand)
                await self.compared(hand)
                parts = [
                    (part.text.removeprefix("+ ").strip(), part.style.color, part.style.bold)
                    for strip in hand.pilot.app.screen._compositor.render_strips()
                    for part in strip
                    if part.style and part.style.color
                ]
            red, green = Color.parse("red"), Color.parse("green")
            assert ("<- 250 AUTH", red, False) in parts
            assert ("PLA", red, True) in parts
            assert ("<- 250 AUTH", green, False) in parts
            assert ("LOG", green, True) in parts
            assert ("<- 220 only now", green, True) in parts

    async def test_times_do_not_count(self, tmp_path: Path) -> None:
        first = said("mx ESMTP; Tue, 24 Nov 2026 10:00:00 +0100 (CET)")
        check = FakeCheck((first, PASSED))
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await run_test(hand)
            later = said("mx ESMTP; Wed, 25 Nov 2026 11:30:02 +0100 (CET)")
            check.script = (replace(later, seconds=3.5), PASSED)
            await run_test(hand)
            await self.compared(hand)
            assert "Both had the same settings." in hand.screen
            assert "Both had the same dialogue." in hand.screen

    async def test_of_a_password_no_more_than_that_it_differs(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await run_test(hand)
            await hand.go_to("SMTP Password")
            await hand.type("other secret")
            await run_test(hand)
            await self.compared(hand)
            assert "password = set, not shown" in hand.screen
            assert "password = a different one, not shown" in hand.screen
            assert "hunter2" not in hand.screen
            assert "other secret" not in hand.screen


class TestCopying:
    """What goes to the clipboard is read off the driver, as a terminal would get it."""

    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        texts: list[str] = []
        monkeypatch.setattr(
            "smtp_tui.tui.app.SmtpApp.copy_to_clipboard", lambda _app, text: texts.append(text)
        )
        for name in ("TMUX", "STY"):
            monkeypatch.delenv(name, raising=False)
        return texts

    async def test_a_line_a_block_and_a_test(self, tmp_path: Path, sent: list[str]) -> None:
        check = FakeCheck((*DIALOGUE, SHAKEN, said("done", 250), PASSED))
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await in_log(hand)
            await hand.press("c")
            await hand.until(lambda: "Sent the line to the terminal" in hand.screen)
            assert "does not report" in hand.screen
            assert sent[-1] == "   0.100 <- 250 done\n"
            await hand.press("m", "up", "up")
            assert [line[0] for line in _log_lines(hand) if line][-3:] == [">", "|", "|"]
            await hand.press("c")
            await hand.until(lambda: "lines to the terminal" in hand.screen)
            assert "next in the chain: CN=Intermediate" in sent[-1]
            assert sent[-1].endswith("<- 250 done\n")
            assert "|" not in [line[:1] for line in _log_lines(hand)]
            await hand.press("a")
            await hand.until(lambda: len(sent) == 3)
            assert sent[-1].startswith("# test 1, ")
            assert "-> EHLO tickets.example.org" in sent[-1]
            assert sent[-1].endswith("PASSED: The login works.\n")
            assert "hunter2" not in "".join(sent)

    async def test_a_folded_line_is_copied_with_what_it_stands_for(
        self, tmp_path: Path, sent: list[str]
    ) -> None:
        check = FakeCheck((*DIALOGUE, SHAKEN, PASSED))
        async with form_on(SAMPLE, tmp_path, check=check) as hand:
            await in_log(hand)
            assert "[+] certificate" in cursor_line(hand)
            await hand.press("c")
            await hand.until(lambda: "lines to the terminal" in hand.screen)
            assert sent[-1].splitlines()[0].endswith("certificate for mx.example.net")
            assert "next in the chain: CN=Intermediate" in sent[-1]
            await hand.press("enter", "c")
            await hand.until(lambda: len(sent) == 2)
            assert len(sent[-1].splitlines()) == 1

    async def test_tmux_is_told_of(
        self, tmp_path: Path, sent: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
        async with form_on(SAMPLE, tmp_path, size=WIDE) as hand:
            await in_log(hand)
            await hand.press("c")
            await hand.until(lambda: "with `set-clipboard` on" in hand.screen)

    async def test_what_a_terminal_would_drop_is_not_sent(
        self, tmp_path: Path, sent: list[str]
    ) -> None:
        many = tuple(said("x" * 100) for _ in range(1000))
        async with form_on(SAMPLE, tmp_path, check=FakeCheck((*many, PASSED))) as hand:
            await in_log(hand)
            await hand.press("a")
            await hand.until(lambda: "Not copied: " in hand.screen)
            assert not sent

    async def test_escape_takes_the_mark_back(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path) as hand:
            await in_log(hand)
            await hand.press("m", "up", "escape")
            assert "|" not in [line[:1] for line in _log_lines(hand)]
            assert cursor_line(hand)

    async def test_the_dialogue_is_saved_as_text(self, tmp_path: Path) -> None:
        check = FakeCheck((*DIALOGUE, SHAKEN, PASSED))
        async with form_on(SAMPLE, tmp_path, check=check, size=WIDE) as hand:
            await in_log(hand)
            await hand.press("f", "o")
            await hand.until(lambda: "as plain text" in hand.screen)
            await hand.press("enter")
            await hand.until(lambda: "Saved the dialogue: " in hand.screen)
        (lines,) = texts(tmp_path)
        assert lines[0].startswith("# Mail check by smtp-tui: the dialogue, ")
        assert lines[1].startswith("# test 1, ")
        assert "   0.100 -> EHLO tickets.example.org" in lines
        assert any("next in the chain: CN=Intermediate" in line for line in lines)
        assert lines[-1] == "   0.200  * PASSED: The login works."


class TestKeys:
    async def test_help_and_hints_tell_them(self, tmp_path: Path) -> None:
        async with form_on(SAMPLE, tmp_path, size=(200, 90)) as hand:
            await in_log(hand)
            for command in LOG_COMMANDS:
                assert command.help in hand.screen.replace("│", "") or command.label
            assert "Find" in hand.hints
            assert "Compare" in hand.hints
            await hand.press("f1")
            for command in LOG_COMMANDS:
                assert command.help in hand.screen

    def test_no_two_commands_of_the_log_have_one_key(self) -> None:
        keys = [key for command in LOG_COMMANDS for key in command.default_keys]
        assert len(keys) == len(set(keys))
