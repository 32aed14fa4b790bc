"""The log's parts that need no screen: lines, filters, folds, wrapping, the search."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from smtp_tui.smtp.events import TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark
from smtp_tui.tui.controllers.tools import kept_text
from smtp_tui.tui.dialogs.compare import compare_lines, skip_equal, unified_lines
from smtp_tui.tui.dialogs.program_text import copied_message
from smtp_tui.tui.log.entries import (
    Entry,
    FoldableLogLine,
    FoldedLogLine,
    LogFilter,
    LogHeading,
    LogNotice,
    entries_of,
    text_of,
)
from smtp_tui.tui.log.model import MIN_KEPT, LogModel, breaks, nearest
from smtp_tui.tui.log.render import LEAD, render_row
from smtp_tui.tui.log.search import LogSearch, pattern_for
from smtp_tui.tui.style import GOOD
from tests.table import table
from tests.tui.driving import said
from tests.tui.fixes import LEAF

HEADING = LogHeading(1, datetime(2026, 11, 29, 10).astimezone(), "mail.example.net port 587")


def line(text: str, mark: TranscriptMark = TranscriptMark.RECEIVED) -> TranscriptLine:
    return TranscriptLine(0.1, mark, text)


def chain(*above: str) -> list[Entry]:
    certificates = (LEAF, *(replace(LEAF, subject=name) for name in above))
    event = TlsEstablished(
        seconds=0.2, version="TLSv1.3", cipher="AES", verified=True, chain=certificates
    )
    return entries_of(event)


def rows_of(*entries: Entry) -> LogModel:
    rows = LogModel()
    rows.extend(entries)
    return rows


def shown(rows: LogModel) -> list[str]:
    pieces = [rows.piece(index) for index in range(len(rows))]
    return [rows.text(number)[start:end] for number, start, end in pieces]


class TestLines:
    def test_a_chain_stands_under_its_own_certificate(self) -> None:
        head, fold, *details = chain("CN=Intermediate")
        assert head == TranscriptLine(0.2, TranscriptMark.FACT, "TLSv1.3 AES")
        assert isinstance(fold, FoldableLogLine)
        assert fold.begins_folded
        assert details
        assert all(isinstance(detail, FoldedLogLine) for detail in details)
        assert "1 above it" in fold.short
        assert "mx.example.net" in fold.short

    def test_the_only_certificate_is_folded_unless_the_handshake_failed(self) -> None:
        for entries, is_folded in (
            (chain(), True),
            (entries_of(TlsFailed(seconds=1, chain=(LEAF,))), False),
        ):
            (fold,) = [one for one in entries if isinstance(one, FoldableLogLine)]
            assert fold.begins_folded is is_folded

    def test_a_handshake_that_failed_folds_too(self) -> None:
        for shown_chain in ((LEAF,), ()):
            entries = entries_of(TlsFailed(seconds=1, chain=shown_chain))
            assert any(isinstance(one, FoldableLogLine) for one in entries) == bool(shown_chain)

    def test_hostile_names_are_escaped_in_short_too(self) -> None:
        leaf = replace(LEAF, names=("a\x1b]0;x\x07.example", "b", "c"))
        event = TlsFailed(seconds=1, chain=(leaf, replace(LEAF, subject="\x9bm")))
        for entry in entries_of(event):
            for is_folded in (True, False):
                assert not set(text_of(entry, is_folded=is_folded)) & set("\x1b\x07\x9b")

    def test_a_heading_tells_when_what_and_how_it_went(self) -> None:
        told = str(replace(HEADING, outcome="FAILED at AUTH: no login"))
        assert told == "test 1, 10:00:00, FAILED at AUTH: no login, mail.example.net port 587"
        assert "running" in str(HEADING)


class TestFilters:
    ENTRIES = (
        HEADING,
        line("EHLO x", TranscriptMark.SENT),
        line("250 x"),
        line("a fact", TranscriptMark.FACT),
        line("a warning", TranscriptMark.WARNING),
    )

    @pytest.mark.parametrize(
        ("wanted", "kept"),
        [
            (LogFilter.ALL, ["EHLO x", "250 x", "a fact", "a warning"]),
            (LogFilter.DIALOGUE, ["EHLO x", "250 x"]),
            (LogFilter.REMARKS, ["a fact", "a warning"]),
        ],
    )
    def test_each_takes_its_lines_and_every_heading(
        self, wanted: LogFilter, kept: list[str]
    ) -> None:
        rows = rows_of(*self.ENTRIES)
        rows.show(wanted)
        assert shown(rows) == [str(HEADING), *kept]
        rows.extend(self.ENTRIES)
        assert shown(rows) == [str(HEADING), *kept] * 2

    def test_they_come_round(self) -> None:
        assert LogFilter.ALL.following.following.following is LogFilter.ALL

    def test_a_place_that_is_hidden_is_the_nearest_above(self) -> None:
        rows = rows_of(*self.ENTRIES)
        rows.show(LogFilter.DIALOGUE)
        assert rows.index_of(4) == 2
        assert rows.index_of(0) == 0


class TestFolds:
    def test_a_deep_chain_begins_folded_and_nothing_is_lost(self) -> None:
        entries = chain("CN=Intermediate", "CN=Root")
        rows = rows_of(*entries)
        assert len(rows) == 2
        assert shown(rows)[1].startswith("[+] certificate for mx.example.net")
        assert rows.fold(1) == 1
        assert len(rows) == len(entries)
        assert shown(rows)[1].startswith("[-] certificate for ")
        assert any("CN=Root" in text for text in shown(rows))

    def test_a_detail_folds_what_it_belongs_to(self) -> None:
        rows = rows_of(*chain())
        assert len(rows) == 2
        assert rows.fold(3) == 1
        assert len(rows) == rows.end
        assert rows.fold(3) == 1
        assert len(rows) == 2

    def test_elsewhere_all_unfold_and_then_fold(self) -> None:
        rows = rows_of(*chain("CN=A"), line("250 ok"), *chain())
        assert rows.fold(0) is None
        assert len(rows) == rows.end
        rows.fold(0)
        assert [text[:3] for text in shown(rows)].count("[+]") == 2

    def test_what_is_hidden_can_be_revealed(self) -> None:
        rows = rows_of(*chain("CN=A"))
        rows.reveal(4)
        assert len(rows) == rows.end


class TestWrapping:
    @table("width", [1, 2, 7, 40])
    @table("text", ["word " * 30, "x" * 90, "漢字 漢字漢字 " * 9, "", "é" * 50])
    def test_nothing_is_lost_and_no_row_is_wider(self, text: str, width: int) -> None:
        rows = rows_of(line(text))
        rows.wrap(width)
        assert "".join(shown(rows)) == text
        assert all(cell_len(row.rstrip()) <= max(width, 2) for row in shown(rows))

    def test_it_breaks_after_a_space_where_it_can(self) -> None:
        assert breaks("one two three", 8) == [8]
        assert breaks("one two three", 13) == []
        assert breaks("onetwothree", 4) == [4, 8]

    def test_what_comes_later_is_wrapped_too(self) -> None:
        rows = rows_of()
        rows.wrap(10)
        rows.extend([line("x" * 25)])
        assert len(rows) == 3
        rows.wrap(0)
        assert len(rows) == 1

    def test_a_cut_line_has_a_sign_at_each_end_that_is_cut(self) -> None:
        rows = rows_of(line("abcdefghijklmnopqrstuvwxyz"))
        whole = render_row(rows, 0, LEAD + 26, 0, None).text
        assert whole == "   0.100 <- abcdefghijklmnopqrstuvwxyz"
        assert render_row(rows, 0, LEAD + 10, 0, None).text == "   0.100 <- abcdefghi…"
        assert render_row(rows, 0, LEAD + 10, 8, None).text == "   0.100 <- …jklmnopq…"
        assert render_row(rows, 0, LEAD + 10, 16, None).text == "   0.100 <- …rstuvwxyz"


class TestManyLines:
    def test_at_least_twenty_thousand_stay(self) -> None:
        rows = rows_of(HEADING)
        for number in range(3 * MIN_KEPT):
            rows.extend([line(f"line {number}")])
        assert MIN_KEPT <= len(rows.entries) <= MIN_KEPT * 1.1
        assert shown(rows)[-1] == f"line {3 * MIN_KEPT - 1}"
        gone = 3 * MIN_KEPT + 1 - len(rows.entries)
        assert isinstance(rows.entries[0], LogNotice)
        assert len(rows) == len(rows.entries)
        assert f"{gone} older lines were dropped" in shown(rows)[0] or gone > MIN_KEPT
        assert rows.headings == []

    def test_numbers_stay_when_older_ones_go(self) -> None:
        rows = rows_of(*(line(f"line {number}") for number in range(MIN_KEPT)))
        place = MIN_KEPT - 10
        rows.extend(line(f"later {number}") for number in range(MIN_KEPT // 2))
        assert rows.entry(place) == line(f"line {place}")
        assert rows.rows[rows.index_of(place)] == (place, 0)

    def test_a_search_forgets_what_is_gone(self) -> None:
        rows = rows_of(*(line(f"line {number}") for number in range(MIN_KEPT)))
        search = looking(rows, "line 1")
        rows.extend(line("other") for _ in range(MIN_KEPT // 2))
        search.scan_new(rows)
        assert search.matches
        assert all(number >= rows.first for number in search.matches)


class TestTests:
    def test_one_goes_from_heading_to_heading_and_round(self) -> None:
        rows = rows_of(HEADING, line("a"), HEADING, line("b"), HEADING, line("c"))
        assert nearest(rows.headings, 5, -1) == 4
        assert nearest(rows.headings, 4, -1) == 2
        assert nearest(rows.headings, 0, -1) == 4
        assert nearest(rows.headings, 3, 1) == 4
        assert nearest(rows.headings, 4, 1) == 0
        assert nearest([], 0, 1) is None

    def test_the_last_test_is_whole_whatever_is_shown(self) -> None:
        rows = rows_of(HEADING, line("a"), HEADING, line("b"), *chain("CN=A"))
        rows.show(LogFilter.REMARKS)
        assert rows.last_test() == rows.entries[2:]


def looking(rows: LogModel, text: str, origin: int = 0) -> LogSearch:
    search = LogSearch(origin)
    search.line.insert(text)
    search.scan(rows)
    return search


class TestSearch:
    ROWS = ("250 AUTH plain", "250 auth LOGIN", "354 go", "250 Auth")

    def test_case_counts_where_a_capital_is_typed(self) -> None:
        rows = rows_of(*map(line, self.ROWS))
        assert looking(rows, "auth").matches == [0, 1, 3]
        assert looking(rows, "AUTH").matches == [0]

    def test_what_is_typed_is_no_pattern(self) -> None:
        rows = rows_of(line("a.c"), line("abc"), line("[x"))
        assert looking(rows, "a.c").matches == [0]
        assert looking(rows, "[").matches == [2]
        assert pattern_for("") is None

    def test_next_and_previous_go_round(self) -> None:
        search = looking(rows_of(*map(line, self.ROWS)), "auth")
        assert nearest(search.matches, 0, 1) == 1
        assert nearest(search.matches, 3, 1) == 0
        assert nearest(search.matches, 0, -1) == 3
        assert nearest(search.matches, 2, -1) == 1
        assert nearest(search.matches, 0, 1) == 1

    def test_it_tells_which_of_how_many(self) -> None:
        rows = rows_of(*map(line, self.ROWS))
        search = looking(rows, "auth")
        assert search.summary(3) == "3 of 3"
        assert search.summary(2) == "3 lines"
        assert looking(rows, "nowhere").summary(0) == "not found"
        assert looking(rows, "").summary(0) == ""

    def test_it_finds_by_direction_and_in_folds(self) -> None:
        rows = rows_of(
            line("EHLO x", TranscriptMark.SENT), line("250 EHLO"), *chain("CN=Deep Root")
        )
        assert looking(rows, "-> ehlo").matches == [0]
        (number,) = looking(rows, "next in the chain: CN=Deep").matches
        assert isinstance(rows.entry(number), FoldedLogLine)

    def test_it_says_what_the_filter_hides(self) -> None:
        rows = rows_of(line("a fact", TranscriptMark.FACT))
        rows.show(LogFilter.DIALOGUE)
        assert looking(rows, "fact").summary(0) == "not found, but 1 hidden by the filter"

    def test_new_lines_are_looked_through(self) -> None:
        rows = rows_of(line("one"))
        search = looking(rows, "one")
        rows.extend(entries_of(said("one more")))
        search.scan_new(rows)
        search.scan_new(rows)
        assert search.summary(0) == "1 of 2"

    def test_a_match_is_marked_without_colour(self) -> None:
        rows = rows_of(line("250 AUTH plain"))
        strip = render_row(rows, 0, 60, 0, pattern_for("auth"))
        marked = [text for text, style, _ in strip if style and style.underline]
        assert marked == ["AUTH"]

    def test_a_match_across_the_parts_of_a_heading_is_marked_whole(self) -> None:
        rows = rows_of(replace(HEADING, outcome="PASSED"))
        strip = render_row(rows, 0, 70, 0, pattern_for("passed, mail"))
        marked = [(text, style.color) for text, style, _ in strip if style and style.underline]
        assert [text for text, _ in marked] == ["PASSED", ", mail"]
        assert marked[0][1] == GOOD.color


class TestComparing:
    def signs(self, old: list[str], new: list[str]) -> str:
        return "".join(pair.side for pair in compare_lines(old, new))

    def test_lines_stand_beside_their_likes(self) -> None:
        assert self.signs(["a", "b", "c"], ["a", "x", "c", "d"]) == " ~ +"
        assert self.signs(["a", "b", "c"], ["a", "c"]) == " - "
        assert self.signs([], ["a"]) == "+"
        assert self.signs([], []) == ""

    def test_a_flood_of_equal_lines_is_equal(self) -> None:
        assert set(self.signs(["x"] * 3000, ["x"] * 3000)) == {" "}
        told = self.signs(["a", *["x"] * 999, "b"], ["c", *["x"] * 999, "d"])
        assert told == f"~{' ' * 999}~"

    @table(
        ("one", "other"),
        [
            ("mx; Tue, 24 Nov 2026 10:00:00 +0100", "mx; Wed, 2 Dec 2026 09:01:59 +0000 (UTC)"),
            (" * waited 1.5 s", " * waited 12 s"),
            ("<- 334 PDEyMy40NTZAbXg+", "<- 334 PDc4OS4wQG14Pg=="),
            (" * the challenge says: <1@mx>", " * the challenge says: <2@mx>"),
        ],
    )
    def test_what_differs_each_time_does_not_count(self, one: str, other: str) -> None:
        assert self.signs([one], [other]) == " "

    def test_what_counts_is_not_taken_for_a_time(self) -> None:
        for one, other in (("port 25", "port 587"), ("61 days left", "60 days left"), ("a", "b")):
            assert self.signs([one], [other]) == "~"

    def test_one_below_the_other_the_earlier_comes_first(self) -> None:
        rows = list(unified_lines(list(compare_lines(["a", "b", "c", "z"], ["a", "x", "y", "z"]))))
        assert "".join(side for side, _, _ in rows) == " --++ "
        assert [text for _, text, _ in rows] == ["a", "b", "c", "x", "y", "z"]

    def test_far_from_what_differs_a_word_is_enough(self) -> None:
        old = [f"line {number}" for number in range(30)]
        new = [*old[:15], "other", *old[16:]]
        kept = list(skip_equal(list(compare_lines(old, new)), 2))
        assert [pair.side for pair in kept] == ["…", " ", " ", "~", " ", " ", "…"]
        assert kept[0].left == "13 lines are the same"


class TestClipboard:
    def test_it_says_no_more_than_is_known(self) -> None:
        assert "does not report" in copied_message(1, {}, "O")
        assert "set-clipboard" in copied_message(3, {"TMUX": "/tmp/x"}, "O")
        assert "GNU screen" in copied_message(3, {"STY": "1.tty"}, "O")

    def test_home_and_titles_in_a_file(self) -> None:
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        text = kept_text([HEADING, line("open /home/me/x.pem")], moment, "/home/me")
        assert text == (
            "# Mail check by smtp-tui: the dialogue, 2026-01-02 03:04:05 UTC\n"
            "# test 1, 10:00:00, running, mail.example.net port 587\n"
            "   0.100 <- open ~/x.pem\n"
        )


def test_letters_that_a_terminal_lacks_have_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("log.render", "log.model"):
        monkeypatch.setattr(f"smtp_tui.tui.{module}.to_charset", in_ascii)
    rows = rows_of(HEADING, line("x" * 60), line("é"))
    for index in range(3):
        strip = render_row(rows, index, 40, 8, None)
        assert strip.text.isascii()
        assert strip.cell_length == 40


def in_ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
