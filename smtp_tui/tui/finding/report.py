"""What a search tells in words: how far it is, what it came to, and what is known of a line. Pure.

What servers and DNS sent is escaped by the blocks that carry it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.style import Style

from smtp_tui.discovery import texts as discovery
from smtp_tui.discovery.steps import Finding, Knock
from smtp_tui.discovery.wording import details
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.labels import label
from smtp_tui.tui.finding.heard import Entry, Heard
from smtp_tui.tui.finding.words import cure_for, text
from smtp_tui.tui.ink import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING
from smtp_tui.tui.sidebar.prose import Block, plain

Told = tuple[str, Style]


def under_way(heard: Heard, spent: float, limit: float, *, with_web: bool) -> Told:
    """Say how far a search is, and when it will be over at the latest."""
    if heard.ports is None:
        said = text("discover", "asking-web" if with_web else "asking", name=heard.name)
    else:
        names = {"answered": len(heard.knocks), "ports": heard.ports}
        said = text("discover", "knocking", **names)
    return text("discover", "clock", text=said, spent=f"{spent:.0f}", limit=f"{limit:g}"), ACCENT


def stopped(heard: Heard, spent: float) -> Told:
    """Say that it was stopped, and what can be done with what there is."""
    has_some = any(one.knock for one in heard.entries)
    said = "stopped" if has_some else "stopped-early"
    return text("discover", said, spent=f"{spent:.0f}"), STRONG


def outcome(heard: Heard) -> Told:
    """Say what it came to."""
    result = heard.result
    if result is None or not result.values:
        return text("discover", "nothing", reason=result.reason if result else ""), BAD
    said = "found" if result.ok else "nearest"
    return text("discover", said, **result.values), GOOD if result.ok else WARNING


def details_of(entry: Entry | None, heard: Heard, takes: str) -> list[Block]:
    """Return what there is to say of a line; `takes` is what Enter would do with it."""
    blocks = list(_about(entry, heard, takes) if entry else _of_none(heard))
    said = list(_said(heard.findings))
    if said and blocks:
        said.insert(0, plain(text("discover", "said"), STRONG))
    return [*blocks, *said]


def _about(entry: Entry, heard: Heard, takes: str) -> Iterator[Block]:
    knock = entry.knock
    if knock is None:
        yield plain(text("discover", "cannot-take", cause=label(entry.cause or "")), STRONG)
        yield plain(cure_for(entry.cause), gap=False)
        return
    yield plain(takes, STRONG)
    yield plain(knock.reason, gap=False)
    for note in _notes(entry, knock, heard):
        yield _item(note)
    for detail in details(knock):
        yield _item(f"{detail[:1].upper()}{detail[1:]}", DIM)


def _notes(entry: Entry, knock: Knock, heard: Heard) -> dict[str, None]:
    """Return what else matters, each once; of the best choice the result knows more."""
    notes = dict.fromkeys(knock.notes)
    other = entry.also
    if other and other.cause and other.cause != knock.cause:
        family = "IPv6" if ":" in other.address else "IPv4"
        notes[discovery.text("notes", "one-family", family=family, cause=label(other.cause))] = None
    result = heard.result
    is_best = result is not None and result.values == knock.values
    return notes | dict.fromkeys(result.notes if result and is_best else ())


def _of_none(heard: Heard) -> Iterator[Block]:
    if heard.result is not None:
        yield plain(cure_for(heard.result.cause))


def _said(findings: list[Finding]) -> Iterator[Block]:
    for finding in findings:
        yield _item(finding.text, DIM)


def _item(said: str, style: Style = PLAIN) -> Block:
    return Block(((visible(said), style),), "- ", "  ", gap=False)
