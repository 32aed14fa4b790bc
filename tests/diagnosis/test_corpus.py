"""Lines of other people judge the rules on foreign errors.

How a line is judged: it has a list of causes that count as right, best first (`corpus/`).
  right    the cause that is named stands in the list; or none is named, and the list is empty
  silent   none is named, and the list is not empty
  wrong    a cause is named that does not stand in the list, be it empty or not
Shares are of all lines of a file, silent ones among them.

Rules are written with `seen.toml`, `held_back.toml` and `fresh.toml` at hand: these lines show
only that nothing is lost. Two of the files were judges once, each until its lines were read. At
its first run, `held_back.toml` gave 81 % right, 12 % silent and 7 % wrong; `fresh.toml`, lines of
later threads, gave 87.4 % right, 8.7 % silent and 3.8 % wrong.

`judge.toml` judges: 174 lines of other threads, collected by somebody who had not seen the rules,
and read by nobody who writes them. It was run once, when the rules were done; no rule was changed
after that run.
  93.7 % right, 4.6 % silent, 1.7 % wrong (163, 8 and 3 lines)
The aim, 90 % right and at most 2 % wrong, is reached.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.diagnosis.error_lookup.lookup import explain_error

FOLDER = Path(__file__).parent / "corpus"
# The share of lines that must be right at least, and may be wrong at most.
BOUNDS = {"seen": (0.99, 0.0), "held_back": (0.99, 0.0), "fresh": (0.99, 0.0), "judge": (0.9, 0.02)}


def judged(line: dict[str, Any]) -> str:
    """How the rules do with a line."""
    found = explain_error(line["text"])
    if found is None:
        return "silent" if line["causes"] else "right"
    return "right" if found.cause in line["causes"] else "wrong"


def by_class(lines: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """The judgements, counted for each class of lines."""
    counted: dict[str, Counter[str]] = {}
    for line in lines:
        counted.setdefault(line["class"], Counter())[judged(line)] += 1
    return counted


@pytest.mark.parametrize("name", BOUNDS)
def test_the_rules_know_the_errors_of_public_threads(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    lines = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["line"]
    counted = by_class(lines)
    total = sum(counted.values(), Counter[str]())
    weak = {kind: dict(counts) for kind, counts in counted.items() if set(counts) != {"right"}}
    told = ", ".join(f"{total[how] / len(lines):.1%} {how}" for how in ("right", "silent", "wrong"))
    record_property(name, f"{len(lines)} lines: {told}")
    fewest_right, most_wrong = BOUNDS[name]
    assert total["right"] >= fewest_right * len(lines), (told, weak)
    assert total["wrong"] <= most_wrong * len(lines), (told, weak)


def test_a_line_is_judged_by_its_list() -> None:
    refused = "connect ECONNREFUSED 192.0.2.1:25"
    assert judged({"text": refused, "causes": ["connection-refused"]}) == "right"
    assert judged({"text": refused, "causes": ["connect-timeout"]}) == "wrong"
    assert judged({"text": refused, "causes": []}) == "wrong"
    assert judged({"text": "it does not work", "causes": ["connect-timeout"]}) == "silent"
    assert judged({"text": "it does not work", "causes": []}) == "right"
