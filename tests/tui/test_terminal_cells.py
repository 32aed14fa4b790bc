"""The terminal shows the same, cell for cell, whether all is sent or only what changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.tui.terminal_cells import CLEAR, TerminalCells
from smtp_tui.tui.terminal_codes import move, pen_after, pen_change
from tests.screens.opening import SAMPLE, opened, settle
from tests.screens.raw_writes import RECORD
from tests.screens.relay import Relay, running_relay
from tests.screens.scenes import SCENES, SSL_ON_587, Scene, failed
from tests.table import table
from tests.terminal import Terminal

WIDTH, HEIGHT, WIDE = 20, 5, 60
ALTERNATE = "\x1b[?1049h"
BOLD_IN_DIM = "\x1b[0;1m\\1\x1b[0;2m"


def screen_of(size: tuple[int, int], *data: str) -> pyte.Screen:
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    for part in data:
        stream.feed(part)
    return screen


def looks(screen: pyte.Screen) -> list[list[tuple[Any, ...]]]:
    """Each cell as the eye sees it: on a blank, only some attributes show."""
    rows: list[list[tuple[Any, ...]]] = []
    for y in range(screen.lines):
        cells = [screen.buffer[y][x] for x in range(screen.columns)]
        rows.append(
            [
                (cell.data, cell.bg, cell.reverse, cell.underscore, cell.strikethrough)
                + (() if cell.data == " " else (cell.fg, cell.bold, cell.italics, cell.blink))
                for cell in cells
            ]
        )
    return rows


def painted(*lines: str, at: tuple[int, int] = (0, 0), width: int = WIDTH) -> str:
    """A whole frame, as Textual writes it."""
    rows = [f"\x1b[{y + 1};1H{line.ljust(width)}" for y, line in enumerate(lines)]
    return "\n".join(rows) + f"\x1b[{at[1] + 1};{at[0] + 1}H"


@pytest.fixture
def cells() -> TerminalCells:
    """A terminal on which a form stands, the cursor behind a value."""
    cells = TerminalCells()
    cells.forget(WIDTH, HEIGHT)
    cells.feed(ALTERNATE)
    cells.feed(painted(" Host  mail", " Port  25", "", "", " hints", at=(11, 0)))
    return cells


def wide_cells(*lines: str, can_erase: bool = True) -> TerminalCells:
    """A wider terminal, on which these lines stand."""
    cells = TerminalCells(can_erase=can_erase)
    cells.forget(WIDE, len(lines))
    cells.feed(ALTERNATE)
    cells.feed(painted(*lines, width=WIDE))
    return cells


class TestBytes:
    def test_the_first_screen_is_cleared_and_blanks_are_not_sent(self) -> None:
        cells = TerminalCells()
        cells.forget(WIDTH, HEIGHT)
        assert cells.feed(ALTERNATE) == ALTERNATE
        frame = painted("", "a", "", "", "", at=(1, 1))
        assert cells.feed(frame) == f"{CLEAR}\x1b[Ba"

    def test_a_letter_at_the_cursor_is_one_byte(self, cells: TerminalCells) -> None:
        assert cells.feed("\x1b[1;8Hmailx\x1b[1;13H") == "x"

    def test_what_stands_there_already_is_not_sent(self, cells: TerminalCells) -> None:
        assert cells.feed("\x1b[2;1H Port  25 \x1b[1;12H") == ""

    def test_the_cursor_goes_the_shortest_way(self, cells: TerminalCells) -> None:
        assert cells.feed("\x1b[1;11H") == "\b"
        assert cells.feed("\x1b[2;11H") == "\x1b[B"
        assert cells.feed("\x1b[2;1H") == "\r"

    def test_the_end_of_a_line_is_erased(self, cells: TerminalCells) -> None:
        assert cells.feed(f"\x1b[5;1H{' ' * WIDTH}\x1b[1;12H") == "\x1b[5H \x1b[K\x1b[1;12H"

    def test_the_last_column_leaves_the_cursor_unknown(self, cells: TerminalCells) -> None:
        assert cells.feed("\x1b[1;20Hx\x1b[1;20H") == "\x1b[8Cx\x1b[1;20H"

    def test_a_wide_character_leaves_the_cursor_unknown(self, cells: TerminalCells) -> None:
        assert cells.feed("\x1b[1;12H漢字x\x1b[1;17H") == "漢\x1b[1;14H字\x1b[1;16Hx"

    def test_an_unknown_sequence_is_passed_on_and_all_is_sent_again(
        self, cells: TerminalCells
    ) -> None:
        assert cells.feed("\x1b[2J") == "\x1b[2J"
        assert "Host" in cells.feed("\x1b[1;1H Host  mail\x1b[1;12H")

    @pytest.mark.parametrize(
        "aside", ["\x1b]52;c;eA==\x07", "\x1b]2;title\x1b\\", "\x1b[?1000h", "\x1b[<u"]
    )
    def test_what_changes_no_cell_is_passed_on(self, cells: TerminalCells, aside: str) -> None:
        assert cells.feed(aside) == aside
        assert cells.feed("\x1b[1;1H Host  mail\x1b[1;12H") == ""

    def test_cells_outside_a_window_that_shrank_are_not_sent(self, cells: TerminalCells) -> None:
        cells.forget(6, 2)
        frame = painted(" Host  mail", " Port  25", "", "", " hints", at=(11, 0))
        shown = screen_of((6, 2), "\x1b[?7l", cells.feed(frame)).display
        assert shown == [" Host ", " Port "]

    @pytest.mark.parametrize("can_erase", [True, False])
    def test_rows_that_only_move_are_moved_by_the_terminal(self, can_erase: bool) -> None:
        log = [f"{word} " * 6 for word in ("one", "two", "three", "four", "five")]
        cells = wide_cells("Title", *log[:4], "hints", can_erase=can_erase)
        sent = cells.feed(painted("Title", *log[1:5], "hints", width=WIDE))
        assert (sent == f"\x1b[B\x1b[M\x1b[5H\x1b[L{log[4].rstrip()}\x1b[H") is can_erase
        assert (log[2].rstrip() in sent) is not can_erase
        if can_erase:
            sent = cells.feed(painted("Title", *log[:4], "hints", width=WIDE))
            assert sent == f"\x1b[5H\x1b[M\x1b[2H\x1b[L{log[0].rstrip()}\x1b[H"

    def test_a_log_that_grows_keeps_its_last_rows_and_its_heading(self) -> None:
        form, log = ("Host  mail", "Port  25"), ("<- 250 first", "<- 250 last")
        heading = "Log  connect 12  EHLO 3  TLS 29  AUTH 4"
        cells = wide_cells(*form, f"- {heading}", *log, "hints")
        sent = cells.feed(painted(form[0], f"> {heading}", "-> EHLO", *log, "hints", width=WIDE))
        assert sent == "\x1b[B\x1b[M\x1b[B\x1b[L\x1b[A>\x1b[3H-> EHLO\x1b[H"
        assert "-> EHLO" not in cells.feed(
            painted(*form, f"- {heading}", *log, "hints", width=WIDE)
        )

    def test_a_row_of_many_pens_is_painted_in_two_layers(self) -> None:
        hints = "F1 Help  F2 Save  F3 Test  F4 Fix  F5 Quit"
        cells = wide_cells("")
        sent = cells.feed(f"\x1b[1;1H{re.sub('(F.)', BOLD_IN_DIM, hints)}\x1b[0m\x1b[1;1H")
        assert sent.startswith(f"\x1b[2m{hints}\r\x1b[;1mF1\x1b[7CF2")
        assert sent.count("m") == 2

    def test_a_terminal_without_ech_gets_blanks(self) -> None:
        for can_erase in (True, False):
            cells = TerminalCells(can_erase=can_erase)
            cells.forget(WIDTH, HEIGHT)
            cells.feed(painted("x" * WIDTH))
            sent = cells.feed(painted("x" + " " * 15 + "xxxx"))
            assert ("\x1b[15X" in sent) is can_erase
            assert (" " * 15 in sent) is not can_erase


class TestPens:
    @table(
        ("old", "new", "sent"),
        [
            ("", "1", "\x1b[1m"),
            ("1", "1;36", "\x1b[36m"),
            ("36", "31", "\x1b[31m"),
            ("1;36", "36", "\x1b[;36m"),
            ("7", "", "\x1b[m"),
            ("38;5;9", "38;5;9", ""),
            ("", "38;2;1;2;3;4", "\x1b[4;38;2;1;2;3m"),
            ("2", "2;22", "\x1b[m"),
        ],
    )
    def test_only_the_difference_is_sent(self, old: str, new: str, sent: str) -> None:
        assert pen_change(pen_after((), old), pen_after((), new)) == sent

    def test_a_blank_needs_no_pen(self, cells: TerminalCells) -> None:
        cells.feed("\x1b[1;12H\x1b[1mx\x1b[0m\x1b[1;13H")
        assert cells.feed("\x1b[1;11H \x1b[1mx\x1b[0m\x1b[1;13H") == "\b\b \x1b[C"


STYLES = st.sampled_from(["", "1", "2", "7", "4", "36", "31;1", "38;5;9", "44", "7;1"])
TEXTS = st.text("ab  ─·é漢", min_size=1, max_size=12)
SPANS = st.lists(st.tuples(STYLES, TEXTS), max_size=4)
FRAMES = st.lists(st.tuples(st.lists(SPANS, min_size=HEIGHT, max_size=HEIGHT), st.booleans()))


def frame_of(rows: list[list[tuple[str, str]]], *, is_whole: bool) -> str:
    lines = []
    for y, spans in enumerate(rows):
        if not spans and not is_whole:
            continue
        used, line = 0, f"\x1b[{y + 1};1H"
        for style, text in spans:
            shown = ""
            for character in text:
                width = 2 if character == "漢" else 1
                if used + width <= WIDTH:
                    shown, used = shown + character, used + width
            line += f"\x1b[{style}m{shown}\x1b[0m"
        lines.append(line + " " * (WIDTH - used))
    return "\n".join(lines) + f"\x1b[{HEIGHT};3H"


@pytest.mark.parametrize("can_erase", [True, False])
@given(frames=FRAMES)
def test_any_frames_look_the_same(
    can_erase: bool, frames: list[tuple[list[list[tuple[str, str]]], bool]]
) -> None:
    cells = TerminalCells(can_erase=can_erase)
    cells.forget(WIDTH, HEIGHT)
    data = [ALTERNATE, *(frame_of(rows, is_whole=whole) for rows, whole in frames)]
    sent = [cells.feed(part) for part in data]
    if not any("漢" in part for part in data):
        assert sum(map(len, sent)) <= sum(map(len, data)) + len(CLEAR)
    if len(data) > 1:
        whole, changed = (screen_of((WIDTH, HEIGHT), "\x1b[?7l", *parts) for parts in (data, sent))
        assert looks(changed) == looks(whole)
        assert (changed.cursor.x, changed.cursor.y) == (whole.cursor.x, whole.cursor.y)


LINES = st.lists(
    st.tuples(STYLES, st.text("abc ", min_size=6, max_size=WIDTH)), min_size=16, max_size=16
)
WINDOWS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3), st.integers(0, 3)), min_size=2)


@given(lines=LINES, windows=WINDOWS)
def test_any_rows_that_move_look_the_same(
    lines: list[tuple[str, str]], windows: list[tuple[int, int, int]]
) -> None:
    """Some lines of a text between rows that stay, as a log or a list shows them."""
    height = 9
    text = [f"\x1b[{style}m{line.ljust(WIDTH)}\x1b[0m" for style, line in lines]
    data = [ALTERNATE]
    for first, above, below in windows:
        shown = [f"row {row}".ljust(WIDTH) for row in range(height)]
        shown[above : height - below] = text[first:][: height - below - above]
        data.append(painted(*shown, at=(first, below)))
    cells = TerminalCells()
    cells.forget(WIDTH, height)
    sent = [cells.feed(part) for part in data]
    whole, changed = (screen_of((WIDTH, height), "\x1b[?7l", *parts) for parts in (data, sent))
    assert looks(changed) == looks(whole)
    assert (changed.cursor.x, changed.cursor.y) == (whole.cursor.x, whole.cursor.y)


CELL = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))


@given(old=CELL, new=CELL)
def test_any_move_arrives(old: tuple[int, int], new: tuple[int, int]) -> None:
    for sequence in (move(old, new), move(None, new)):
        screen = screen_of((WIDTH, HEIGHT), f"\x1b[{old[1] + 1};{old[0] + 1}H", sequence)
        assert (screen.cursor.x, screen.cursor.y) == new
    assert len(move(old, new)) <= len(move(None, new))


# The form on a terminal, each scene once: what arrives, against what Textual painted.

IDEOGRAPHS = Scene(failed, SAMPLE.replace("tickets@", "漢字e\u0301@"))
TERMINALS = {
    **{name: (scene, {}) for name, scene in SCENES.items()},
    "linux": (Scene(failed, SSL_ON_587), {"TERM": "linux"}),
    "vt100": (Scene(failed, SSL_ON_587), {"TERM": "vt100"}),
    "no-color": (Scene(failed, SSL_ON_587), {"NO_COLOR": "1"}),
    "wide": (IDEOGRAPHS, {}),
}


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with running_relay() as running:
        yield running


def replayed(record: Path) -> pyte.Screen:
    """What a terminal shows that is sent all that was painted."""
    screen = screen_of((80, 24))
    stream = pyte.Stream(screen)
    for line in record.read_text("utf-8").splitlines():
        columns, lines, data = json.loads(line)
        if (screen.columns, screen.lines) != (columns, lines):
            screen.resize(lines, columns)
        stream.feed(data)
    return screen


def assert_same(terminal: Terminal, record: Path) -> None:
    settle(terminal)
    whole = replayed(record)
    # The stream of the test's terminal shows faint text as `blink`, which pyte itself drops.
    shown = [[cell[:-1] for cell in row] for row in looks(terminal.screen)]
    wanted = [[cell[:-1] for cell in row] for row in looks(whole)]
    assert shown == wanted
    assert (terminal.screen.cursor.x, terminal.screen.cursor.y) == (whole.cursor.x, whole.cursor.y)


@pytest.mark.integration
@pytest.mark.parametrize("name", TERMINALS)
def test_a_scene_is_the_same(name: str, relay: Relay, tmp_path: Path) -> None:
    scene, variables = TERMINALS[name]
    record = tmp_path / "record"
    environment = {RECORD: str(record), **variables}
    module = "tests.screens.raw_writes"
    with opened(
        relay, scene.file, (80, 24), scene.options, module=module, environment=environment
    ) as terminal:
        terminal.wait_for("SMTP")
        settle(terminal)
        scene.way(terminal)
        assert_same(terminal, record)
        # A storm of sizes: the last one counts, even if it is the first again.
        for size in ((100, 30), (60, 20), (80, 24), (79, 24), (80, 24)):
            terminal.resize(*size)
        assert_same(terminal, record)
