"""Pages that do not fit: they say so, by which key one reads on, and end at no bare heading."""

from pathlib import Path

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp

from smtp_tui.tui.style import PLAIN, STRONG
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain
from tests.table import table
from tests.tui.driving import SAMPLE, FakeCheck, form_on

LAST_SHEET_LINE = -2


class _Alone(App[None]):
    """A page and nothing else."""

    CSS = "TextPage { height: 100%; }"

    def __init__(self, page: TextPage) -> None:
        super().__init__()
        self.page = page

    def compose(self) -> ComposeResult:
        yield self.page


async def _last_line(blocks: list[TextBlock], size: tuple[int, int], more: str = "") -> str:
    app = _Alone(TextPage(blocks, more=more))
    async with app.run_test(size=size):
        return app.page.render_line(size[1] - 1).text


@pytest.mark.parametrize(
    ("text", "more", "line"),
    [
        ("one two three", "", "one      …"),
        ("one two three", "PgDn", "one … PgDn"),
        ("threefold so", "PgDn", "thr … PgDn"),
        ("one", "PgDn", "one       "),
        ("a_bcde so", "PgDn", "a   … PgDn"),
        ("ab_cd so", "PgDn", "ab  … PgDn"),
        ("a_b_c so", "PgDn", "a b … PgDn"),
    ],
)
async def test_a_cut_page_names_the_key_that_shows_more(text: str, more: str, line: str) -> None:
    words = [plain(word.replace("_", " "), gap=False) for word in text.split()]
    assert await _last_line(words, (10, 1), more) == line


@pytest.mark.parametrize(
    ("style", "last"), [(STRONG, "         …"), (PLAIN, "Title    …")], ids=["heading", "text"]
)
async def test_a_cut_page_ends_at_no_bare_heading(style: Style, last: str) -> None:
    blocks = [plain("text"), plain("Title", style), plain("below")]
    assert await _last_line(blocks, (10, 3)) == last


async def test_the_wheel_scrolls_and_never_past_the_end() -> None:
    app = _Alone(TextPage([plain(str(number), gap=False) for number in range(6)]))
    async with app.run_test(size=(10, 3)) as pilot:
        first_lines = []
        for event in (MouseScrollDown, MouseScrollDown, MouseScrollUp):
            app.page.post_message(event(app.page, 0, 0, 0, 0, 0, False, False, False))
            await pilot.pause()
            first_lines.append(app.page.render_line(0).text.strip())
        assert first_lines == ["2", "3", "1"]


async def test_the_sidebar_names_its_key_while_that_scrolls_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, check=FakeCheck(), size=(80, 24)) as hand:
        assert "… F3 PgDn" in hand.screen
        for _ in range(20):
            await hand.press("pagedown")
        assert "PgDn" not in hand.screen
        await hand.press("f5", "f6")
        assert "…" in hand.screen
        assert "PgDn" not in hand.screen
        await hand.press("f6", "tab")
        assert "… F3 PgDn" in hand.screen


@pytest.mark.parametrize("height", [24, 40])
async def test_the_help_is_read_page_by_page_with_no_line_left_out(
    tmp_path: Path, height: int
) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, height)) as hand:
        await hand.press("f1")
        for _ in range(20):
            before, last = hand.screen, hand.lines[LAST_SHEET_LINE][3:]
            await hand.press("pagedown")
            if hand.screen == before:
                break
            assert any(line[3:] == last for line in hand.lines[:LAST_SHEET_LINE])
        assert "the value in force by default" in hand.screen
        assert "Esc Back" in hand.screen
        await hand.press("home")
        assert "> Up Down Tab Enter" in hand.screen
        assert hand.lines[0].startswith(" smtp-tui:")


def test_a_long_word_breaks_after_a_colon() -> None:
    lines = flow([plain(":".join(["AB"] * 12))], 20)
    texts = ["".join(text for text, _ in line) for line in lines]
    assert texts == ["AB:AB:AB:AB:AB:AB:", "AB:AB:AB:AB:AB:AB"]
    (first, *_) = flow([plain("x" * 40)], 20)
    assert "".join(text for text, _ in first) == "x" * 20


async def test_what_is_typed_in_the_menu_stands_beside_its_name(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path, size=(80, 24)) as hand:
        await hand.press("ctrl+p")
        await hand.type("te")
        assert "Menu  te" in hand.screen


@table("least", [0, 1, 5, 30, 1000])
def test_the_first_lines_are_those_of_the_whole_page(least: int) -> None:
    blocks = [plain(f"{number} {'word ' * number}") for number in range(9)]
    whole, first = flow(blocks, 20), flow(blocks, 20, least)
    assert first == whole[: len(first)]
    assert len(whole) >= len(first) >= min(least, len(whole))
    assert least > 5 or len(first) < len(whole)


async def test_the_sidebar_scrolls_to_the_end_of_a_page(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        assert "F3 PgDn" in hand.screen
        for _ in range(30):
            await hand.press("pagedown")
        assert "F3 PgDn" not in hand.screen
        for _ in range(30):
            await hand.press("pageup")
        assert "The server that accepts" in hand.screen
