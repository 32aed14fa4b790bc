"""The sources of all reply rules and all advice, as their files name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smtp_tui.diagnosis import text_catalog
from smtp_tui.providers.provider import Kind, Provenance, provenance_of


def provenances() -> Iterator[Provenance]:
    """Yield one for each rule and each advice; ValueError names an entry without a source."""
    for rule in text_catalog.rules():
        yield provenance_of(Kind.REPLY, _rule_name(rule), rule)
    for name, advice in text_catalog.load_texts("advice.toml").items():
        yield provenance_of(Kind.ADVICE, name, advice)


def _rule_name(rule: Mapping[str, object]) -> str:
    """Name a rule, which has no id, by what tells it from the others."""
    conditions = ("provider", "stage", "command", "code", "enhanced", "text")
    told = [str(rule[key]) for key in conditions if key in rule]
    return " ".join((str(rule.get("cause") or rule.get("for")), *told))
