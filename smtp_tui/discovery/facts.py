"""A DNS fact: one sentence about a domain or a server, from the texts of `domain.toml`."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path

from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState
from smtp_tui.records import record


class FactSeverity(StrEnum):
    """How a fact affects delivery; the tables of `domain.toml`."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@record(kw_only=True)
class DomainFact:
    """A DNS fact about one subject (`mx`, `spf`, …); `id` names its text.

    `record` is the record as published.
    """

    subject: str
    id: str
    weight: FactSeverity
    text: str
    record: str | None = None


Facts = tuple[DomainFact, ...]


class Unanswered(Exception):
    """No nameserver answered."""


@cache
def _texts() -> dict[str, tuple[FactSeverity, str]]:
    path = Path(__file__).with_name("domain.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        id_: (FactSeverity(severity), text)
        for severity, texts in tables.items()
        for id_, text in texts.items()
    }


def fact_of(subject: str, id_: str, found: str | None = None, **names: object) -> DomainFact:
    """Return the fact with this id; `found` is its record, `names` fill its text."""
    severity, text = _texts()[id_]
    text = text.format_map(names)
    return DomainFact(subject=subject, id=id_, weight=severity, text=text, record=found)


def require_answer(answer: DnsAnswer) -> DnsAnswer:
    """Return an answer; Unanswered if there is none."""
    if answer.state is DnsAnswerState.FAILED:
        raise Unanswered
    return answer
