"""Where presets, reply rules and advice are from: one mechanism, which no calendar makes fail."""

from __future__ import annotations

from datetime import date

import pytest

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.diagnosis.rules import provenances, rule_tables
from smtp_tui.providers import (
    DataProvenance,
    ProviderEntryKind,
    older_than,
    provenance_of,
    providers,
)
from tests.table import table

TODAY = date(2026, 11, 28)


def entry(name: str, taken: date | None) -> DataProvenance:
    """A preset whose source was read on a day."""
    return DataProvenance(kind=ProviderEntryKind.PRESET, name=name, sources=("x",), taken=taken)


@table(
    ("taken", "is_older"),
    [(date(2026, 6, 1), False), (date(2026, 5, 31), True), (TODAY, False), (None, True)],
)
def test_an_entry_is_old_after_more_than_so_many_days(
    taken: date | None, *, is_older: bool
) -> None:
    assert bool(list(older_than([entry("a", taken)], 180, TODAY))) is is_older


def test_the_undated_come_first_then_the_oldest() -> None:
    one, two, three = entry("a", date(2026, 2, 1)), entry("b", None), entry("c", date(2026, 1, 1))
    assert list(older_than([one, two, three], 180, TODAY)) == [two, three, one]


def test_both_spellings_of_a_source_are_read() -> None:
    found = provenance_of(ProviderEntryKind.REPLY, "a", {"source": "RFC 5321", "taken": TODAY})
    assert (found.sources, found.taken) == (("RFC 5321",), TODAY)
    found = provenance_of(ProviderEntryKind.ADVICE, "a", {"sources": ["RFC 5321", "RFC 3463"]})
    assert (found.sources, found.taken) == (("RFC 5321", "RFC 3463"), None)


@table(
    ("table", "words"),
    [
        ({}, "advice a: it names no source"),
        ({"sources": []}, "names no source"),
        ({"source": " "}, "names no source"),
        ({"sources": [1]}, "names no source"),
        ({"source": "x", "taken": "2026-11-28"}, "advice a: taken is not a date"),
    ],
)
def test_an_entry_without_a_source_is_named(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        provenance_of(ProviderEntryKind.ADVICE, "a", table)


def test_every_rule_every_advice_and_every_preset_has_a_source() -> None:
    found = list(provenances())
    assert sum(one.kind is ProviderEntryKind.REPLY for one in found) == len(rule_tables())
    assert {one.name for one in found if one.kind is ProviderEntryKind.ADVICE} == set(
        load_texts("advice.toml")
    )
    assert all(one.provenance.sources and one.provenance.taken for one in providers())


def test_every_advice_is_dated() -> None:
    assert all(one.taken for one in provenances() if one.kind is ProviderEntryKind.ADVICE)
