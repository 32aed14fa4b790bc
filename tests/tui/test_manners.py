"""Manners on real terminals of all kinds: alphabet, colours, the shell, lost lines and defects."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.terminal import Terminal, on_terminal
from tests.tui.driving import SAMPLE

pytestmark = pytest.mark.integration

FIRST = (">SMTP Host", "The server that accepts", "Quit")
SIGNS = re.compile("[^\x00-\x7f]")
COLOUR = re.compile(rb"\x1b\[(?:\d*;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)(?:;\d+)*m")
LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l")


@contextmanager
def the_form(
    folder: Path,
    *options: str,
    size: tuple[int, int] = (80, 24),
    environment: Mapping[str, str] | None = None,
    **more: str,
) -> Iterator[Terminal]:
    """The form on a file in a terminal of its own, with an environment like a login's."""
    file = folder / "mail.toml"
    if not file.exists():
        file.write_text(SAMPLE, encoding="utf-8")
    command = [sys.executable, "-m", "smtp_tui", str(file), *options]
    with on_terminal(command, login(folder, {**more, **(environment or {})}), size) as terminal:
        yield terminal


def login(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    names = ("LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "COLORFGBG", "COLORTERM")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    places = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state")}
    usual = {"TERM": "xterm-256color"} | ({} if "LANG" in more else {"LC_ALL": "C.UTF-8"})
    return {**kept, **places, **usual, **more}


def said(folder: Path, text: str) -> None:
    """Write the program's own settings."""
    file = folder / "config" / "smtp-tui" / "smtp-tui.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")


def kept_in(folder: Path) -> list[Path]:
    return sorted((folder / "state").rglob("*.json"))


class TestKinds:
    @pytest.mark.parametrize(
        ("term", "has_colours"),
        [
            ("xterm-256color", True),
            ("xterm-16color", True),
            ("xterm", True),
            ("linux", True),
            ("screen", True),
            ("screen-256color", True),
            ("tmux-256color", True),
            ("ansi", True),
            ("a-terminal-of-next-year", True),
            ("vt100", False),
            ("vt220", False),
            ("xterm-mono", False),
        ],
    )
    def test_every_kind_shows_the_form_and_is_left_clean(
        self, tmp_path: Path, term: str, has_colours: bool
    ) -> None:
        with the_form(tmp_path, TERM=term) as terminal:
            terminal.wait_for(*FIRST, "‹tls›", ">SMTP Host")
            terminal.press("x")
            terminal.wait_for("mail.example.netx", "modified")
            assert bool(COLOUR.search(terminal.output)) == has_colours
            terminal.press("F10")
            terminal.wait_for("does not contain your changes yet")
            terminal.press("d")
            assert terminal.wait_for_end() == 0
            assert all(sign in terminal.output for sign in LEFT)

    @pytest.mark.parametrize("term", ["linux", "vt220"])
    def test_an_old_one_is_asked_nothing_that_it_would_print(
        self, tmp_path: Path, term: str
    ) -> None:
        with the_form(tmp_path, TERM=term) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("F10")
            assert terminal.wait_for_end() == 0
            assert b"$p" not in terminal.output
            assert b"\x1b[>" not in terminal.output
            assert b"\x1b[H\x1b[J" in terminal.output
            assert b"\x1b]2;" not in terminal.output

    def test_a_window_has_a_title_while_the_form_is_on_it(self, tmp_path: Path) -> None:
        with the_form(tmp_path, TERM="xterm-256color") as terminal:
            terminal.wait_for(*FIRST)
            assert b"mail.toml - smtp-tui\x07" in terminal.output
            assert b"\x1b[23;2t" not in terminal.output
            terminal.press("F10")
            assert terminal.wait_for_end() == 0
            assert b"\x1b[23;2t" in terminal.output

    def test_no_color_leaves_none(self, tmp_path: Path) -> None:
        with the_form(tmp_path, NO_COLOR="1") as terminal:
            terminal.wait_for(*FIRST, "‹tls›", "(peer)", ">SMTP Host")
            assert not COLOUR.search(terminal.output)

    def test_an_empty_no_color_asks_for_nothing(self, tmp_path: Path) -> None:
        with the_form(tmp_path, NO_COLOR="") as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            assert COLOUR.search(terminal.output)

    @pytest.mark.parametrize(
        ("options", "environment", "preferences", "is_light"),
        [
            ((), {}, "", False),
            (("--theme", "light"), {}, "", True),
            ((), {"COLORFGBG": "0;15"}, "", True),
            ((), {"COLORFGBG": "15;default;0"}, "", False),
            (("--theme", "dark"), {"COLORFGBG": "0;15"}, "", False),
            ((), {}, '[form]\ntheme = "light"\n', True),
            (("--theme", "dark"), {}, '[form]\ntheme = "light"\n', False),
        ],
    )
    def test_light_and_dark(
        self,
        tmp_path: Path,
        options: tuple[str, ...],
        environment: dict[str, str],
        preferences: str,
        is_light: bool,
    ) -> None:
        if preferences:
            said(tmp_path, preferences)
        with the_form(tmp_path, *options, environment=environment) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            cyan = re.search(rb"\x1b\[(?:\d*;)*36(?:;\d+)*m", terminal.output)
            blue = re.search(rb"\x1b\[(?:\d*;)*34(?:;\d+)*m", terminal.output)
            assert (cyan is None, blue is None) == (is_light, not is_light)


class TestAlphabet:
    @pytest.mark.parametrize(
        ("options", "environment", "preferences"),
        [
            (("--ascii",), {}, ""),
            ((), {}, "[form]\nascii = true\n"),
            ((), {"LC_ALL": "C"}, ""),
            ((), {"LANG": "C"}, ""),
            ((), {"LANG": ""}, ""),
            ((), {"LANG": "de_DE"}, ""),
        ],
    )
    def test_ascii_alone(
        self,
        tmp_path: Path,
        options: tuple[str, ...],
        environment: dict[str, str],
        preferences: str,
    ) -> None:
        if preferences:
            said(tmp_path, preferences)
        with the_form(tmp_path, *options, environment=environment) as terminal:
            terminal.wait_for(*FIRST, "<tls>", "********", "| SMTP Host", " Next")
            terminal.press("Down", "Down", "é")
            terminal.wait_for("tickets.example.org\\xe9", "modified")
            terminal.press("F10")
            terminal.wait_for("----", "does not contain your changes yet")
            assert terminal.output.isascii()

    @pytest.mark.parametrize("locale", ["en_US.UTF-8", "de_DE.utf8", "xx_XX.UTF-8"])
    def test_a_locale_of_utf8_counts_even_if_it_is_not_installed_here(
        self, tmp_path: Path, locale: str
    ) -> None:
        with the_form(tmp_path, LANG=locale) as terminal:
            terminal.wait_for(*FIRST, "‹tls›", "│ SMTP Host")

    def test_the_admins_word_counts_more_than_the_locale(self, tmp_path: Path) -> None:
        said(tmp_path, "[form]\nascii = false\n")
        with the_form(tmp_path, LC_ALL="C") as terminal:
            terminal.wait_for(*FIRST, "‹tls›")


def test_alt_and_a_letter_is_a_key_however_fast_the_next_comes(tmp_path: Path) -> None:
    with the_form(tmp_path) as terminal:
        terminal.wait_for(*FIRST)
        terminal.press("x\x1f")
        terminal.wait_for("Undone: SMTP Host is mail.example.net again.")
        terminal.press("\x1be\x1bey")
        terminal.wait_for("mail.example.netxy ", "modified")


class TestPreferences:
    def test_keys_and_problems(self, tmp_path: Path) -> None:
        said(tmp_path, '[keys]\nsave = ["f12"]\ntset = "f5"\n[form]\ncolour = 1\n')
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST, "F12 Save", "has no key colour; there is no command tset")
            terminal.press("x", "\x1b[24~")
            terminal.wait_for("Saved SMTP Host")

    @pytest.mark.parametrize("by_option", [True, False])
    def test_the_mouse_only_when_wanted(self, tmp_path: Path, by_option: bool) -> None:
        if not by_option:
            said(tmp_path, "[form]\nmouse = true\n")
        with the_form(tmp_path, *(["--mouse"] if by_option else [])) as terminal:
            terminal.wait_for(*FIRST)
            assert b"\x1b[?1000h" in terminal.output
            assert b"\x1b[?1003h" not in terminal.output
            terminal.press("\x1b[<0;30;4M\x1b[<0;30;4m")
            terminal.wait_for(">Domain")
            os.kill(terminal.process, signal.SIGTERM)
            assert terminal.wait_for_end() == 143
            assert b"\x1b[?1000l" in terminal.output
            assert b"\x1b[?1006l" in terminal.output

    def test_without_it_the_terminal_keeps_the_mouse(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            assert b"\x1b[?100" + b"0h" not in terminal.output


class TestShell:
    def test_to_the_shell_and_back(self, tmp_path: Path) -> None:
        with a_shell(tmp_path) as terminal:
            terminal.press("stty -a > before", "Enter")
            terminal.press(f"{sys.executable} -m smtp_tui mail.toml", "Enter")
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("mail.example.netx")
            mark = len(terminal.output)
            terminal.press("\x1a")
            terminal.wait_for("Stopped", "READY>")
            assert all(sign in terminal.output[mark:] for sign in LEFT)
            terminal.press("stty -a > after; echo at $((40 + 2))", "Enter")
            terminal.wait_for("at 42")
            assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
            terminal.press("bg", "Enter")
            terminal.wait_for("READY> bg")
            terminal.press("echo at $((40 + 3))", "Enter")
            terminal.wait_for("at 43")
            terminal.press("fg", "Enter")
            terminal.wait_until_gone("READY>")
            terminal.wait_for(*FIRST, "mail.example.netx", "modified")
            terminal.press("y")
            terminal.wait_for("mail.example.netxy")
            terminal.press("F10")
            terminal.wait_for("does not contain your changes yet")
            terminal.press("d")
            terminal.wait_for("READY>")
            terminal.press("exit 7", "Enter")
            assert terminal.wait_for_end() == 7

    def test_a_shell_that_goes_takes_the_form_along(self, tmp_path: Path) -> None:
        with a_shell(tmp_path) as terminal:
            terminal.press(f"{sys.executable} -m smtp_tui mail.toml; echo $! ended", "Enter")
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            terminal.press("\x1a")
            terminal.wait_for("Stopped")
            terminal.hang_up()
            wait_until_kept(tmp_path)

    def test_where_nobody_could_bring_it_back_it_stays(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("\x1a")
            terminal.wait_for("There is no shell here to suspend to")
            terminal.press("x")
            terminal.wait_for("mail.example.netx")


@contextmanager
def a_shell(folder: Path) -> Iterator[Terminal]:
    (folder / "mail.toml").write_text(SAMPLE, encoding="utf-8")
    environment = {**login(folder, {}), "PS1": "READY> ", "HOME": str(folder)}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = ["/bin/bash", "--norc", "--noprofile", "-i"]
    with on_terminal(command, environment) as terminal:
        terminal.wait_for("READY>")
        terminal.press(f"cd {folder}; clear; echo in $((40 + 1))", "Enter")
        terminal.wait_for("in 41")
        yield terminal


def wait_until_kept(folder: Path) -> None:
    import time

    deadline = time.monotonic() + 20
    while not kept_in(folder):
        assert time.monotonic() < deadline
        os.sched_yield()


class TestEnds:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_keeps_what_is_not_saved(self, tmp_path: Path, number: signal.Signals) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            os.kill(terminal.process, number)
            assert terminal.wait_for_end() == 128 + number
            assert all(sign in terminal.output for sign in LEFT)
            assert b"your unsaved changes are kept, without passwords" in terminal.output
        (file,) = kept_in(tmp_path)
        assert file.stat().st_mode & 0o777 == 0o600
        assert json.loads(file.read_text())["values"] == {"host": "mail.example.netx"}
        with the_form(tmp_path) as terminal:
            terminal.wait_for("unsaved changes from ", ": SMTP Host.", "R Restore them")
            terminal.press("r")
            terminal.wait_for("mail.example.netx", "modified", "Restored, not saved yet: SMTP Host")
            terminal.press("F2")
            terminal.wait_for("Saved SMTP Host")
        assert not kept_in(tmp_path)

    def test_a_lost_line_keeps_it_too(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            assert terminal.hang_up() == 129
        assert len(kept_in(tmp_path)) == 1

    def test_where_nothing_was_unsaved_nothing_is_kept(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("mail.example.netx", "modified")
            terminal.press("Backspace")
            terminal.wait_for("mail.example.net ")
            os.kill(terminal.process, signal.SIGHUP)
            assert terminal.wait_for_end() == 129
        assert not kept_in(tmp_path)

    def test_a_defect_gives_the_terminal_back_and_keeps_it(self, tmp_path: Path) -> None:
        file = tmp_path / "mail.toml"
        file.write_text(SAMPLE, encoding="utf-8")
        program = (
            "import sys; from smtp_tui.tui.form.form import Form\n"
            "def broken(self, by): raise RuntimeError('hunter2hunter2')\n"
            "Form.action_move = broken\n"
            f"from smtp_tui.program import main; sys.exit(main([{str(file)!r}]))"
        )
        command = [sys.executable, "-c", program]
        with on_terminal(command, login(tmp_path, {})) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("x")
            terminal.wait_for("modified")
            terminal.press("Down")
            assert terminal.wait_for_end() == 70
            assert all(sign in terminal.output for sign in LEFT)
            assert "internal error: RuntimeError at <string>:2" in terminal.text
            assert b"hunter2" not in terminal.output
        assert len(kept_in(tmp_path)) == 1

    def test_the_form_shows_where_errors_go_to_a_file(self, tmp_path: Path) -> None:
        with a_shell(tmp_path) as terminal:
            terminal.press(f"{sys.executable} -m smtp_tui mail.toml 2> errors", "Enter")
            terminal.wait_for(*FIRST)
            terminal.press("F10")
            terminal.wait_for("READY>")
        assert (tmp_path / "errors").read_text() == ""

    def test_a_line_that_is_lost_while_nobody_reads_it_ends_the_form(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press(*["F3", "q"] * 100)  # some 250 kB, which no line and no queue holds
            terminal.wait_until_stuck()
            assert terminal.hang_up() == 129


class TestCosts:
    def test_what_goes_over_a_slow_line(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST, "F10")
            terminal.read_for(0.3)
            assert len(terminal.output) <= 3_000
            assert terminal.read_for(1.2) == b""
            keys = []
            text = "mail.example.net"
            for letter in "abcdefghij":
                before, text = len(terminal.output), text + letter
                terminal.press(letter)
                terminal.wait_for(f"{text} ")
                keys.append(len(terminal.output) - before)
            assert sorted(keys)[len(keys) // 2] <= 20
            terminal.read_for(0.8)
            before = len(terminal.output)
            terminal.press("Tab")
            terminal.wait_for(">SMTP Port", "The port to connect to.")
            terminal.read_for(0.5)
            assert len(terminal.output) - before <= 350
            assert terminal.read_for(1) == b""

    def test_the_menu_and_the_letters(self, tmp_path: Path) -> None:
        with the_form(tmp_path) as terminal:
            terminal.wait_for(*FIRST, "F10")
            terminal.read_for(0.3)
            before = len(terminal.output)
            terminal.press("\x10")
            terminal.wait_for("> Test", "a few letters", "Esc Back")
            terminal.read_for(0.2)
            assert len(terminal.output) - before <= 2_500
            before = len(terminal.output)
            terminal.press("\x1b[B")
            terminal.wait_for("> Fix ")
            assert len(terminal.output) - before <= 400
            terminal.press("\x1b")
            terminal.wait_for("F10 Quit")
            terminal.read_for(0.2)
            before = len(terminal.output)
            terminal.press("\x16")
            terminal.wait_for("P SMTP Port", "Which letter?")
            assert len(terminal.output) - before <= 1_000


class TestSizes:
    SIZES = ((200, 60), (140, 40), (100, 30), (80, 24), (60, 20), (80, 24), (200, 60))
    LABELS = ("SMTP Host", "Authentication Type", "OpenSSL Verify Mode", "Kept in")

    def test_every_size_is_filled_as_the_window_changes(self, tmp_path: Path) -> None:
        with the_form(tmp_path, size=self.SIZES[0]) as terminal:
            terminal.wait_for(*FIRST)
            terminal.press("\x1b[B")
            terminal.wait_for(">SMTP Port", "The port to connect to.")
            terminal.read_for(0.3)
            first = terminal.text
            for columns, rows in self.SIZES:
                terminal.resize(columns, rows)
                terminal.wait_until(partial(self._is_filled, terminal, rows), "the form")
            terminal.wait_until(lambda: terminal.text == first, "what was there at first")

    def test_a_window_that_was_small_for_a_moment_is_filled_anew(self, tmp_path: Path) -> None:
        with the_form(tmp_path, size=(100, 30)) as terminal:
            terminal.wait_for(*FIRST)
            terminal.read_for(0.3)
            first = terminal.text
            for _ in range(3):
                terminal.resize(60, 20)  # cuts what stands there
                terminal.resize(100, 30)
                assert terminal.text != first
                terminal.wait_until(lambda: terminal.text == first, "the form as it was")

    def test_the_window_counts_and_not_what_a_shell_has_exported(self, tmp_path: Path) -> None:
        with the_form(tmp_path, size=(100, 30), COLUMNS="40", LINES="10") as terminal:
            terminal.wait_until(lambda: "F10" in terminal.lines[-1], "all rows")
            terminal.wait_for(" │ SMTP Host")

    def test_where_the_line_knows_no_size_what_is_exported_counts(self, tmp_path: Path) -> None:
        with the_form(tmp_path, size=(0, 0), COLUMNS="90", LINES="26") as terminal:
            terminal.resize_screen(90, 26)
            terminal.wait_until(lambda: "F10" in terminal.lines[-1], "all rows")

    def _is_filled(self, terminal: Terminal, rows: int) -> bool:
        lines = terminal.lines
        return (
            len(lines) == rows
            and "F10" in lines[-1]
            and "mail.toml · smtp" in lines[0]
            and ">SMTP Port" in terminal.text
            and all(any(label in line for line in lines) for label in self.LABELS)
        )
