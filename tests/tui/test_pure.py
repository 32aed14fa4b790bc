"""The parts that need no screen: prose, stages, places, the edited line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from textual.geometry import Region, Size

from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.message import MailRequest
from smtp_tui.tui.form.choice_row import window
from smtp_tui.tui.layout import LayoutRequest, compute_layout, fits_all_rows
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.style import DIM, FOCUS, STRONG, truncate, truncate_left
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

    @table("width", [1, 2, 3, 7, 20])
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

    def test_a_selection_is_replaced_deleted_or_left(self) -> None:
        line = LineEditBuffer("mail.example.net", 16)
        line.select("word_left")
        assert line.selection == (13, 16)
        line.insert("org")
        assert (line.text, line.cursor) == ("mail.example.org", 16)
        line.select("start")
        line.move("right")
        assert line.selection == (16, 16)
        line.select("left")
        line.select("left")
        line.move("left")
        assert line.selection == (14, 14)
        line.select("end")
        line.delete("left")
        assert (line.text, line.cursor) == ("mail.example.o", 14)
        line.select_all()
        line.insert("x")
        assert (line.text, line.selection) == ("x", (1, 1))

    def test_no_repr_shows_the_text(self) -> None:
        assert "secret" not in repr(LineEditBuffer("secret"))


class TestChoiceWindow:
    WORDS = ("none", "plain", "login", "cram-md5", "auto", "scram-sha-256")

    def test_all_where_they_fit(self) -> None:
        assert window(self.WORDS, 0, 80) == (0, 6)

    @table("current", range(6))
    def test_the_current_one_is_always_there(self, current: int) -> None:
        start, end = window(self.WORDS, current, 24)
        assert start <= current < end
        size = sum(map(len, self.WORDS[start:end])) + end - start - 1 + 2
        assert size + (2 if start else 0) + (2 if end < 6 else 0) <= 24

    def test_as_many_show_as_fit_anywhere_around_the_current_one(self) -> None:
        assert window(self.WORDS, 4, 32) == (1, 5)
        assert window(self.WORDS, 1, 29) == (0, 4)
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
        assert len(shown) <= width
        for name, _ in STAGES.values():
            assert name in shown or name in ("settings", "password")

    def test_the_slowest_keep_their_time_longest(self) -> None:
        assert " 123 " in self.shown(140, 0.123)
        assert "1484 ms" in self.shown(140, 0.123)
        close = self.shown(80, 0.123)
        assert "AUTH 123 envelope 123 message 623" in close
        assert "resolve connect" in close
        assert " ms" not in close
        assert self.shown(60, 1.234).endswith("envelope message")

    def test_the_name_of_the_log_goes_before_a_time(self) -> None:
        strip = ProgressBar()
        at = 0.0
        steps = (Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH)
        for stage, spent in zip(steps, (0.012, 0.024, 0.112, 0.031, 0.078, 0.34), strict=True):
            strip.stages.enter(stage, at)
            at += spent
        strip.stages.conclude(ok=True, stage=Stage.AUTH, seconds=at)
        shown = "".join(text for text, _ in strip.spans(60))
        assert shown == "─ resolve 12 connect 24 greeting 112 EHLO 31 TLS 78 AUTH 340"
        strip.mark_focused(True)
        shown = "".join(text for text, _ in strip.spans(60))
        assert shown == ">[Log]── resolve connect greeting 112 EHLO TLS 78 AUTH 340"

    def test_a_check_may_end_before_any_of_them(self) -> None:
        strip = ProgressBar()
        strip.stages.conclude(ok=True, stage=Stage.AUTH, seconds=0.2)
        shown = "".join(text for text, _ in strip.spans(40))
        assert shown == f"─ Log ── {'200 ms':>31}"

    def test_how_much_is_below_stays(self) -> None:
        assert "12 more, End" in self.shown(80, 0.123, below=12)

    @table("width", [1, 2, 3, 10, 20, 40, 56])
    def test_where_there_is_no_room_the_last_stages_stay(self, width: int) -> None:
        shown = self.shown(width, 0.001)
        assert "…" in shown or width < 12
        assert len(shown) <= max(width, 2)
        assert shown.endswith("message") or width < 12

    def test_the_log_is_named_and_marked_while_it_has_the_focus(self) -> None:
        strip = ProgressBar()
        assert strip.spans(80)[0] == ("─ Log ── ", DIM)
        strip.mark_focused(True)
        assert strip.spans(80)[0] == (">[Log]", FOCUS)


def wants(
    form: int = 11, message: int = 0, verdict: int = 2, next_steps: int = 6, **others: Any
) -> LayoutRequest:
    """A request whose texts need so many lines at any width."""
    return LayoutRequest(
        form=form,
        message=lambda _width: message,
        verdict=lambda _width: verdict,
        next_steps=lambda _width: next_steps,
        **others,
    )


PARTS = ("strip", "log", "verdict")  # of the test pane


class TestPlaces:
    @table("width", [1, 20, 60, 80, 99, 100, 140, 200])
    @table("height", [1, 3, 10, 20, 24, 40, 60])
    @table("form", [11, 21, 23])
    @table("message", [0, 1, 3])
    @table("state", ["new", "tested", "log"])
    def test_nothing_overlaps_and_all_is_on_the_screen(
        self, width: int, height: int, form: int, message: int, state: str
    ) -> None:
        size = Size(width, height)
        request = wants(
            form=form,
            message=message,
            log=30,
            has_tested=state != "new",
            log_focused=state == "log",
        )
        at = compute_layout(size, request)
        inner = [at.pop(name) for name in PARTS if name in at]
        for parts in (list(at.values()), inner):
            assert all(size.region.contains_region(part) for part in parts if height > 3)
            overlapping = [
                (one, other)
                for number, one in enumerate(parts)
                for other in parts[:number]
                if one.intersection(other).area
            ]
            assert not overlapping or height <= 3
        if "test_pane" in at:
            assert all(at["test_pane"].contains_region(part) for part in inner)

    @table(("width", "side"), [(80, 24), (100, 40), (124, 40), (140, 56), (200, 64)])
    def test_the_sidebar_grows_with_the_window(self, width: int, side: int) -> None:
        at = compute_layout(Size(width, 40), wants())
        assert at["sidebar"].width == side
        assert at["form"].width >= 54
        assert at["sidebar"].height == (11 if width == 80 else 38)

    def test_before_the_first_test_the_form_has_all_rows(self) -> None:
        at = compute_layout(Size(80, 24), wants(form=21, has_tested=False, next_steps=9))
        assert at["form"].height == 21
        assert at["sidebar"] == Region(56, 1, 24, 12)
        assert at["next"] == Region(56, 14, 24, 9)
        assert "test_pane" not in at

    @table(("steps", "explanation", "top"), [(6, 12, 14), (9, 12, 14), (10, 11, 13), (30, 11, 13)])
    def test_below_a_folded_form_the_next_steps_have_the_whole_width(
        self, steps: int, explanation: int, top: int
    ) -> None:
        at = compute_layout(Size(80, 24), wants(has_tested=False, next_steps=steps))
        assert at["sidebar"] == Region(56, 1, 24, explanation)
        assert at["next"] == Region(0, top, 80, 23 - top)

    def test_on_high_windows_the_next_steps_stand_below_the_form(self) -> None:
        at = compute_layout(Size(140, 40), wants(form=21, has_tested=False, next_steps=9))
        assert at["next"].offset == (0, 23)
        assert at["sidebar"].height == 38

    def test_a_message_moves_no_next_step(self) -> None:
        for size in (Size(80, 24), Size(60, 20), Size(140, 40)):
            tops = [
                compute_layout(size, wants(message=message, has_tested=False))["next"].offset
                for message in (0, 1, 3)
            ]
            assert len(set(tops)) == 1

    def test_the_log_has_room_next_to_an_unfolded_form(self) -> None:
        at = compute_layout(Size(80, 24), wants(form=21))
        assert at["form"].height == 12
        assert at["test_pane"].height == 10
        assert at["log"].height >= 5

    def test_a_verdict_takes_blank_rows_of_the_log(self) -> None:
        full, blank = (compute_layout(Size(80, 24), wants(verdict=9, log=rows)) for rows in (30, 3))
        assert full["verdict"].height == 4
        assert full["log"].height == 6
        assert blank["verdict"].height == 7
        assert blank["log"].height == 3

    def test_a_message_covers_the_end_of_the_verdict_and_moves_nothing(self) -> None:
        without, one = (
            compute_layout(Size(80, 24), wants(verdict=4, log=30, message=message))
            for message in (0, 1)
        )
        assert one["log"] == without["log"]
        assert one["verdict"].height == without["verdict"].height - 1
        many = compute_layout(Size(80, 24), wants(verdict=4, log=30, message=3))
        assert many["verdict"].height == 2

    @table(
        ("width", "log", "form"), [(80, 3, 11), (80, 8, 10), (80, 30, 8), (100, 30, 4), (60, 30, 4)]
    )
    def test_with_the_focus_the_log_takes_what_it_needs(
        self, width: int, log: int, form: int
    ) -> None:
        at = compute_layout(Size(width, 24), wants(log=log, log_focused=True))
        assert at["form"].height == form
        assert at["test_pane"].bottom == 23

    @table(
        ("size", "before", "after"),
        [
            (Size(80, 24), True, False),
            (Size(80, 23), False, False),
            (Size(100, 30), True, False),
            (Size(120, 36), True, True),
            (Size(60, 24), False, False),
            (Size(60, 50), True, True),
        ],
    )
    def test_when_all_rows_of_the_form_fit(self, size: Size, before: bool, after: bool) -> None:
        assert fits_all_rows(size, 21, has_tested=False) is before
        assert fits_all_rows(size, 21, has_tested=True) is after


@table(
    ("error", "sentence"),
    [
        ("without smtp_enable, nothing is sent", "Without smtp_enable, nothing is sent."),
        ("localhost:9 gave no answer.", "localhost:9 gave no answer."),
        ("mail.toml: no such file", "mail.toml: no such file."),
        ("password: too long", "Password: too long."),
        ("well-known names", "Well-known names."),
        ("", "."),
    ],
)
def test_a_name_keeps_its_letters_in_a_sentence(error: str, sentence: str) -> None:
    assert as_sentence(error) == sentence
