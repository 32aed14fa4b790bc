"""The lines of other people that judge the rules on foreign errors are written down well."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.examples import known_causes
from tests.table import table

FOLDER = Path(__file__).parent / "corpus"
KEYS = {"text", "source", "licence", "class", "causes", "evidence"}
FEWEST_LINES = 300
FEWEST_OF_A_CLASS = 5
FEWEST_FRESH = 160
FEWEST_JUDGE = 150

_ADDRESS = re.compile(r"[\w.+=-]*[\w]@((?:[\w-]+\.)+[A-Za-z]{2,})")
_EXAMPLE_DOMAIN = re.compile(r"(?:^|\.)(?:example(?:\.[a-z]{2,3}){1,2}|domain\.(?:com|tld))$")
_SOURCE = re.compile(r"[\w.-]+/[\w.-]+#\d+|https?://\S+")


def _lines(name: str) -> list[dict[str, Any]]:
    found = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["line"]
    assert isinstance(found, list)
    return found


SEEN = _lines("seen")
HELD_BACK = _lines("held_back")
FRESH = _lines("fresh")
JUDGE = _lines("judge")
BOTH = [*SEEN, *HELD_BACK]


def _wording(text: str) -> str:
    """The text without what differs from paste to paste: numbers, blanks and case."""
    return re.sub(r"[\W\d_]+", " ", text.lower()).strip()


def test_there_are_enough_lines() -> None:
    assert len(BOTH) >= FEWEST_LINES


def test_the_halves_share_no_line() -> None:
    assert not {line["text"] for line in SEEN} & {line["text"] for line in HELD_BACK}
    assert len({line["text"] for line in BOTH}) == len(BOTH)


def test_the_halves_are_halves() -> None:
    assert abs(len(SEEN) - len(HELD_BACK)) <= len({line["class"] for line in BOTH})


@table("name", sorted({line["class"] for line in BOTH}))
def test_each_class_has_enough_lines_on_both_sides(name: str) -> None:
    sides = [sum(line["class"] == name for line in half) for half in (SEEN, HELD_BACK)]
    assert sum(sides) >= FEWEST_OF_A_CLASS
    assert min(sides) >= FEWEST_OF_A_CLASS // 2


@pytest.mark.parametrize(
    ("lines", "fewest"), [(FRESH, FEWEST_FRESH), (JUDGE, FEWEST_JUDGE)], ids=["fresh", "judge"]
)
def test_there_are_enough_later_lines(lines: list[dict[str, Any]], fewest: int) -> None:
    assert len(lines) >= fewest


@pytest.mark.parametrize(
    ("lines", "earlier"), [(FRESH, BOTH), (JUDGE, [*BOTH, *FRESH])], ids=["fresh", "judge"]
)
def test_a_later_line_repeats_no_other(
    lines: list[dict[str, Any]], earlier: list[dict[str, Any]]
) -> None:
    wordings = {_wording(line["text"]) for line in lines}
    assert not wordings & {_wording(line["text"]) for line in earlier}
    assert len(wordings) == len(lines)


@pytest.mark.parametrize("lines", [FRESH, JUDGE], ids=["fresh", "judge"])
def test_the_later_lines_are_of_the_same_classes(lines: list[dict[str, Any]]) -> None:
    assert {line["class"] for line in lines} == {line["class"] for line in BOTH}


@pytest.mark.parametrize("lines", [BOTH, FRESH, JUDGE], ids=["halves", "fresh", "judge"])
def test_some_lines_have_no_answer(lines: list[dict[str, Any]]) -> None:
    assert 0.08 <= sum(not line["causes"] for line in lines) / len(lines) <= 0.2


@table("lines", [SEEN, HELD_BACK, FRESH, JUDGE], ids=["seen", "held_back", "fresh", "judge"])
def test_each_line_is_whole(lines: list[dict[str, Any]]) -> None:
    known = known_causes()
    for line in lines:
        assert set(line) == KEYS, line
        assert line["text"].strip()
        assert line["evidence"].strip()
        assert _SOURCE.fullmatch(line["source"]), line["source"]
        assert line["licence"].strip()
        assert len(set(line["causes"])) == len(line["causes"]), line
        assert set(line["causes"]) <= known, line


@table("line", [*BOTH, *FRESH, *JUDGE], ids=lambda line: line["source"])
def test_nobody_can_be_found_by_a_line(line: dict[str, Any]) -> None:
    for domain in _ADDRESS.findall(line["text"]):
        assert _EXAMPLE_DOMAIN.search(domain.lower()), line["text"]
