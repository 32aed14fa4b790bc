"""One fact about a domain."""

from __future__ import annotations

from enum import StrEnum

from smtp_tui.discovery.texts import domain_text
from smtp_tui.records import record


class Severity(StrEnum):
    """What a fact means for mail that is to arrive."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@record(kw_only=True)
class DomainFact:
    """What DNS holds about one subject (`mx`, `spf`, …); `id` names its text.

    `record` is what was found, as it stands there.
    """

    subject: str
    id: str
    weight: Severity
    text: str
    record: str | None = None


def fact(
    subject: str, identity: str, weight: Severity, found: str | None = None, **names: object
) -> DomainFact:
    """Make a fact of its text."""
    text = domain_text(identity, **names)
    return DomainFact(subject=subject, id=identity, weight=weight, text=text, record=found)


def unanswered(subject: str) -> DomainFact:
    """The fact that nobody answered."""
    return fact(subject, "unanswered", Severity.UNKNOWN, what=subject.upper())
