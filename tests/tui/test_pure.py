"""The parts that need no screen: prose, stages, places, the edited line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.geometry import Region, Size

from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.form.rows import window
from smtp_tui.tui.layout import LayoutRequest, compute_layout
from smtp_tui.tui.style import STRONG, truncate, truncate_left
from smtp_tui.tui.test_pane.progress import (
    STAGES,
    ProgressBar,
    StageState,
    StageTracker,
    duration,
    expected_stages,
)
from smtp_tui.tui.widgets.line_editor import LineEditBuffer
from smtp_tui.tui.widgets.text_page import TextBlock, flow, parse, plain
from tests.table import table


def texts(blocks: list[TextBlock], width: int) -> list[str]:
    return ["".join(text for text, _ in line) for line in flow(blocks, width)]


class TestProse:
    def test_paragraphs_items_and_code(self) -> None:
        page = "# Title\n\nOne two\nthree.\n\n- `a` first\n  goes on\n- **b**\n\n```\nx = 1\n```\n"
        assert texts(parse(page), 12) == [
            "Title",
            "",
            "One two",
            "three.",
            "",
            "- a first",
            "  goes on",
            "- b",
            "",
            "  x = 1",
        ]

    def test_strong_is_strong(self) -> None:
        assert ("b", STRONG) in flow(parse("a **b** c"), 20)[0]

    @pytest.mark.parametrize("width", [1, 2, 3, 7, 20])
    def test_no_line_is_wider_than_the_column(self, width: int) -> None:
        page = "supercalifragilistic `word`, 漢字漢字漢字 end\n\n- an item that is long"
        for line in flow([*parse(page), plain("x" * 30)], width):
            used = sum(cell_len(text) for text, _ in line)
            assert used <= max(width, 3)

    def test_markup_of_others_stays_text(self) -> None:
        assert texts([plain("[red]a[/] \x1b[0m")], 40) == ["[red]a[/] \\x1b[0m"]


class TestInk:
    def test_fitted(self) -> None:
        assert truncate("abcdef", 4) == "abc…"
        assert truncate("abc", 4) == "abc"
        assert truncate_left("abcdef", 4) == "…def"


class TestLineEdit:
    def test_words(self) -> None:
        line = LineEditBuffer("mail.example.net", len("mail.example.net"))
        line.delete("word_left")
        assert line.text == "mail.example."
        line.move("word_left")
        line.insert("X")
        assert line.text == "mail.Xexample."
        line.move("start")
        line.move("word_right")
        line.delete("end")
        assert line.text == "mail"

    def test_the_edges(self) -> None:
        line = LineEditBuffer("a", 0)
        line.delete("left")
        line.move("left")
        assert (line.text, line.cursor) == ("a", 0)
        line.delete("right")
        line.delete("right")
        assert line.text == ""

    def test_no_repr_shows_the_text(self) -> None:
        assert "secret" not in repr(LineEditBuffer("secret"))


class TestChoiceWindow:
    WORDS = ("none", "plain", "login", "cram-md5", "auto", "scram-sha-256")

    def test_all_where_they_fit(self) -> None:
        assert window(self.WORDS, 0, 80) == (0, 6)

    @pytest.mark.parametrize("current", range(6))
    def test_the_current_one_is_always_there(self, current: int) -> None:
        start, end = window(self.WORDS, current, 24)
        assert start <= current < end
        size = sum(map(len, self.WORDS[start:end])) + end - start - 1 + 2
        assert size + (2 if start else 0) + (2 if end < 6 else 0) <= 24

    def test_as_many_show_as_fit_anywhere_around_the_current_one(self) -> None:
        assert window(self.WORDS, 4, 32) == (1, 5)
        assert window(self.WORDS, 5, 32) == (3, 6)
        assert window(self.WORDS, 5, 10) == (5, 6)


class TestStages:
    def test_times_add_up_when_a_stage_comes_again(self) -> None:
        progress = StageTracker()
        for stage, seconds in (
            (Stage.EHLO, 0.0),
            (Stage.TLS, 0.002),
            (Stage.EHLO, 0.030),
            (Stage.AUTH, 0.031),
        ):
            progress.enter(stage, seconds)
        steps = {step.stage: step for step in progress.steps()}
        assert round(steps[Stage.EHLO].seconds * 1000) == 3
        assert steps[Stage.AUTH].state is StageState.RUNNING
        assert steps[Stage.RESOLVE].state is StageState.TO_COME
        progress.conclude(ok=False, stage=Stage.AUTH, seconds=0.05)
        assert {step.stage: step for step in progress.steps()}[
            Stage.AUTH
        ].state is StageState.FAILED

    def test_what_cannot_come_any_more_is_left_out(self) -> None:
        progress = StageTracker()
        for stage in (Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO):
            progress.enter(stage, 0.0)
        assert [step.stage for step in progress.steps()][-2:] == [Stage.TLS, Stage.AUTH]
        progress.conclude(ok=True, stage=Stage.EHLO, seconds=1.0)
        assert progress.steps()[-1].stage is Stage.EHLO

    def test_what_is_handed_over_adds_stages(self) -> None:
        probe = MailRequest(recipients=())
        assert expected_stages(None)[-1] is Stage.AUTH
        assert expected_stages(probe)[-1] is Stage.ENVELOPE
        assert expected_stages(replace(probe, body=""))[-2:] == (Stage.ENVELOPE, Stage.MESSAGE)

    def test_what_was_passed_over_does_not_come_any_more(self) -> None:
        progress = StageTracker(expected_stages(MailRequest(recipients=(), body="")))
        for stage in (Stage.CONNECT, Stage.TLS, Stage.GREETING):
            progress.enter(stage, 0.0)
        assert [step.stage for step in progress.steps() if step.state is StageState.TO_COME] == [
            *(Stage.RESOLVE, Stage.EHLO, Stage.AUTH, Stage.ENVELOPE, Stage.MESSAGE)
        ]
        progress.enter(Stage.ENVELOPE, 0.0)
        assert progress.steps()[-1].stage is Stage.MESSAGE
        assert Stage.AUTH not in {step.stage for step in progress.steps()}

    def test_durations(self) -> None:
        assert duration(0.0314) == "31"
        assert duration(12.4) == "12s"


class TestWays:
    """How eight stages find room in one line."""

    MESSAGE = MailRequest(recipients=(), body="")

    def shown(self, width: int, seconds: float, *, below: int = 0) -> str:
        strip = ProgressBar()
        strip.begin(self.MESSAGE)
        for number, stage in enumerate(strip.stages.steps()):
            strip.stages.enter(stage.stage, number * seconds)
        strip.stages.conclude(ok=True, stage=Stage.MESSAGE, seconds=8 * seconds + 0.5)
        strip.show_log_state((below, ""))
        return "".join(text for text, _ in strip.spans(width))

    @table("seconds", [0.001, 0.012, 0.123, 1.234, 12.345])
    @table("width", [60, 80, 100, 140, 200])
    def test_every_stage_is_named(self, width: int, seconds: float) -> None:
        shown = self.shown(width, seconds)
        assert len(shown) == width
        for name, _ in STAGES.values():
            assert name in shown or name in ("settings", "password")

    def test_the_slowest_keep_their_time_longest(self) -> None:
        assert " 123 " in self.shown(140, 0.123)
        assert "1484 ms" in self.shown(140, 0.123)
        close = self.shown(80, 0.123)
        assert "AUTH 123 envelope 123 message 623" in close
        assert "resolve connect" in close
        assert " ms" not in close
        assert "envelope message ─" in self.shown(60, 1.234)

    def test_a_check_may_end_before_any_of_them(self) -> None:
        strip = ProgressBar()
        strip.stages.conclude(ok=True, stage=Stage.AUTH, seconds=0.2)
        shown = "".join(text for text, _ in strip.spans(40))
        assert shown.endswith("─ 200 ms ─")
        assert len(shown) == 40

    def test_how_much_is_below_stays(self) -> None:
        assert "12 more, End" in self.shown(80, 0.123, below=12)

    @pytest.mark.parametrize("width", [1, 2, 3, 10, 20, 40, 56])
    def test_where_there_is_no_room_the_last_stages_stay(self, width: int) -> None:
        shown = self.shown(width, 0.001)
        assert "…" in shown or width < 3
        assert len(shown) <= max(width, 3)
        assert shown.rstrip("─ ").endswith("message") or width < 12


class TestPlaces:
    @table("width", [1, 20, 60, 80, 99, 100, 140, 200])
    @table("height", [1, 3, 10, 20, 24, 40, 60])
    def test_nothing_overlaps_and_all_is_on_the_screen(self, width: int, height: int) -> None:
        size = Size(width, height)
        for test_pane in (False, True):
            at = compute_layout(
                size, LayoutRequest(form=11, message=lambda _width: 1, test_pane=test_pane)
            )
            shown = [part for part in at.values() if part]
            assert all(size.region.contains_region(part) for part in shown if height > 3)
            area = Region.from_union(shown)
            assert area.width <= width
            if height > 3:
                assert sum(part.area for part in shown) <= size.area

    def test_the_sidebar_has_forty_columns_and_the_height_where_it_is_wide(self) -> None:
        at = compute_layout(Size(140, 40), LayoutRequest(form=11, message=lambda _width: 0))
        assert at["sidebar"].size == Size(40, 38)
        assert at["test_pane"].height == 27

    def test_the_log_has_room_beside_an_unfolded_form(self) -> None:
        at = compute_layout(Size(80, 24), LayoutRequest(form=20, message=lambda _width: 0))
        assert at["form"].height == 12
        assert at["test_pane"].height == 10
