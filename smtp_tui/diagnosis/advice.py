"""Advice while editing: what does not go together, before a test finds it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from smtp_tui.diagnosis.given import Given, read_given
from smtp_tui.diagnosis.texts import loaded
from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS
from smtp_tui.smtp.escaping import visible

if TYPE_CHECKING:
    from smtp_tui.diagnosis.advising.hits import Hit

_PLACES = {field.key: place for place, field in enumerate(FIELDS)}


class Severity(StrEnum):
    """How much depends on it, the gravest first."""

    ERROR = "error"  # it cannot work, or gives a secret away
    WARNING = "warning"  # it may fail, or protects less than it seems to
    NOTE = "note"  # good to know


_GRAVEST = tuple(Severity)


@record(kw_only=True)
class Advice:
    """What there is to say about a field as it stands together with the others.

    `short` fits beside the value; `text` says it whole, `more` what to do. `field` is where it is
    told, `others` are the fields that it depends on too.
    """

    id: str
    severity: Severity
    field: str
    short: str
    text: str
    more: str = ""
    others: tuple[str, ...] = ()

    def concerns(self, key: str) -> bool:
        """Whether it is about a field, in the first place or beside others."""
        return key == self.field or key in self.others


def advise(values: Mapping[str, object]) -> tuple[Advice, ...]:
    """Return what there is to say of a table's raw values, the gravest first."""
    given = read_given(values)
    found = [_advice(hit) for hit in _hits(given)]
    return tuple(sorted(found, key=lambda one: (_GRAVEST.index(one.severity), _PLACES[one.field])))


def _hits(given: Given) -> Iterator[Hit]:
    # Whoever only names an advice needs no rules; the form stands before it is advised.
    from smtp_tui.diagnosis.advising import link, login, names, providing, trust

    yield from link.hits(given)
    yield from login.hits(given)
    yield from trust.hits(given)
    yield from names.hits(given)
    yield from providing.hits(given)


def _advice(hit: Hit) -> Advice:
    told = texts()[hit.id]
    filled = {name: visible(_cut(text)) for name, text in hit.names.items()}
    return Advice(
        id=hit.id,
        severity=Severity(told["severity"]),
        field=hit.field or told["field"],
        short=told["short"].format_map(filled),
        text=told["text"].format_map(filled),
        more=told.get("more", "").format_map(filled),
        others=tuple(told.get("others", ())),
    )


@cache
def texts() -> dict[str, dict[str, Any]]:
    """Return what is told, by id."""
    return loaded("advice.toml")


def _cut(text: str, longest: int = 80) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
