"""Facts about a domain in words: lines of the log, a line at the verdict, a page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.style import Style

from smtp_tui.discovery.domain import SECONDS, DomainFact, FactSeverity
from smtp_tui.records import record
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.messages import text
from smtp_tui.tui.style import ACCENT, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.widgets.text_page import Block

DKIM_KEY = "k"
SIGNS: dict[FactSeverity, tuple[str, Style]] = {
    FactSeverity.GOOD: ("+", GOOD),
    FactSeverity.NOTE: ("i", ACCENT),
    FactSeverity.BAD: ("!", WARNING),
    FactSeverity.UNKNOWN: ("?", DIM),
}
UNANSWERED = "unanswered"
_ORDER = ("sender", "spf", "dkim", "dmarc", "mx", "ptr")
_LONGEST = 300
"""Characters that are shown of a record; longer ones are keys, which nobody reads."""


@record
class DomainReport:
    """What DNS told of a domain."""

    domain: str
    facts: tuple[DomainFact, ...]

    @property
    def is_silent(self) -> bool:
        """Whether nobody answered any question that was asked."""
        asked = [one for one in self.facts if one.id not in ("dkim-unasked", "ptr-private")]
        return bool(asked) and all(one.id == UNANSWERED for one in asked)


def sentence(fact: DomainFact, *, is_on_screen: bool = False) -> str:
    """Return a fact's sentence, with the form's own ways in place of options."""
    key = DKIM_KEY.upper()
    way = key if is_on_screen else text("dns-log", "way", screen=key_of("domain"), key=key)
    return escape_controls(text.reword("dns-words", fact.text, way=way))


def fact_lines(facts: Iterable[DomainFact], seconds: float) -> Iterator[Line]:
    """Yield facts as lines of the log."""
    for one in facts:
        mark = Mark.WARNING if one.weight is FactSeverity.BAD else Mark.FACT
        yield Line(seconds, mark, f"{one.subject.upper()}: {sentence(one)}")


def summary(found: DomainReport) -> Block:
    """Return one line to stand at the verdict."""
    label = (text("dns-bar", "label", domain=escape_controls(found.domain)), STRONG)
    key = text("dns-bar", "more", key=key_of("domain"))
    if found.is_silent:
        return Block((label, (text("dns-bar", "silent"), PLAIN), (key, DIM)), gap=False)
    told = list(_short(found.facts))
    is_bad = any(one.weight is FactSeverity.BAD for one in found.facts)
    sign = [("! ", WARNING)] if is_bad else []
    return Block((*sign, label, (", ".join(told), PLAIN), (key, DIM)), gap=False)


def asking(domain: str) -> Block:
    """Return the line that stands at the verdict while answers are waited for."""
    label = (text("dns-bar", "label", domain=escape_controls(domain)), STRONG)
    waiting = (text("dns-bar", "asking", seconds=f"{SECONDS:g}"), ACCENT)
    return Block((label, waiting, (text("dns-bar", "stops"), DIM)), gap=False)


def _short(facts: Sequence[DomainFact]) -> Iterator[str]:
    for subject in _ORDER:
        of = [one for one in facts if one.subject == subject]
        # Mail leaves from one of the addresses; whichever is covered, that may be the one.
        best = next((one for one in of if one.weight is FactSeverity.GOOD), of[0] if of else None)
        worst = next((one for one in of if one.weight is FactSeverity.BAD), best)
        one = best if subject == "spf" else worst
        if one is None:
            continue
        if one.id == UNANSWERED:
            yield text("dns-bar", "unknown", subject=subject.upper())
        elif one.id in text.part("dns-short"):
            yield text("dns-short", one.id)


def page_blocks(found: DomainReport, *, with_records: bool = False) -> Iterator[Block]:
    """Yield a title, each fact with its weight as a sign, and records where they are wanted."""
    yield Block(((text("dns", "title", domain=escape_controls(found.domain)), STRONG),))
    before = None
    # What may keep mail from arriving is read first.
    for one in sorted(found.facts, key=lambda fact: fact.weight is not FactSeverity.BAD):
        sign, style = SIGNS[one.weight]
        said = sentence(one, is_on_screen=with_records)
        spans = ((f"{sign} ", style), (f"{one.subject.upper()}: ", STRONG), (said, PLAIN))
        yield Block(spans, rest="  ", gap=with_records)
        if with_records and one.record and one.record != before:
            shown = escape_controls(one.record)
            cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
            yield Block(((cut, DIM),), "  ", "  ", gap=False)
        before = one.record
