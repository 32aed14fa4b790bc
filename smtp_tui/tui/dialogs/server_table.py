"""What a search tells in words: how far it is, what it came to, and what is known of a line. Pure.

What servers and DNS sent is escaped by the blocks that carry it.

The table of what was found: a line for each port that answered, and for those that did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.style import Style
from textual.message import Message

from smtp_tui.discovery import texts as discovery
from smtp_tui.discovery.steps import OK, Finding, ProbeResult
from smtp_tui.discovery.texts import details, names_of, took_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import label
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.search import SearchResults, ServerRow
from smtp_tui.tui.style import ACCENT, BAD, DIM, GOOD, PLAIN, STRONG, WARNING, Span, truncate
from smtp_tui.tui.widgets.list import ListView, cells_of, widths_for
from smtp_tui.tui.widgets.text_page import Block, plain

Told = tuple[str, Style]


def under_way(heard: SearchResults, spent: float, limit: float, *, with_web: bool) -> Told:
    """Say how far a search is, and when it will be over at the latest."""
    if heard.ports is None:
        said = text("discover", "asking-web" if with_web else "asking", name=heard.name)
    else:
        names = {"answered": len(heard.knocks), "ports": heard.ports}
        said = text("discover", "knocking", **names)
    return text("discover", "clock", text=said, spent=f"{spent:.0f}", limit=f"{limit:g}"), ACCENT


def stopped(heard: SearchResults, spent: float) -> Told:
    """Say that it was stopped, and what can be done with what there is."""
    has_some = any(one.knock for one in heard.entries)
    said = "stopped" if has_some else "stopped-early"
    return text("discover", said, spent=f"{spent:.0f}"), STRONG


def outcome(heard: SearchResults) -> Told:
    """Say what it came to."""
    result = heard.result
    if result is None or not result.values:
        return text("discover", "nothing", reason=result.reason if result else ""), BAD
    said = "found" if result.ok else "nearest"
    return text("discover", said, **result.values), GOOD if result.ok else WARNING


def details_of(entry: ServerRow | None, heard: SearchResults, takes: str) -> list[Block]:
    """Return what there is to say of a line; `takes` is what Enter would do with it."""
    blocks = list(_about(entry, heard, takes) if entry else _of_none(heard))
    said = list(_said(heard.findings))
    if said and blocks:
        said.insert(0, plain(text("discover", "said"), STRONG))
    return [*blocks, *said]


def _remedy_for(cause: str | None) -> str:
    """Return what to do where nothing was found, or a port stays silent, for this cause."""
    known = text.part("search-fixes")
    return known.get(cause or "", known["other"]).format(presets=key_of("presets"))


def _about(entry: ServerRow, heard: SearchResults, takes: str) -> Iterator[Block]:
    knock = entry.knock
    if knock is None:
        yield plain(text("discover", "cannot-take", cause=label(entry.cause or "")), STRONG)
        yield plain(_remedy_for(entry.cause), gap=False)
        return
    yield plain(takes, STRONG)
    yield plain(knock.reason, gap=False)
    for note in _notes(entry, knock, heard):
        yield _item(note)
    for detail in details(knock):
        yield _item(f"{detail[:1].upper()}{detail[1:]}", DIM)


def _notes(entry: ServerRow, knock: ProbeResult, heard: SearchResults) -> dict[str, None]:
    """Return what else matters, each once; of the best choice the result knows more."""
    notes = dict.fromkeys(knock.notes)
    other = entry.also
    if other and other.cause and other.cause != knock.cause:
        family = "IPv6" if ":" in other.address else "IPv4"
        notes[discovery.text("notes", "one-family", family=family, cause=label(other.cause))] = None
    result = heard.result
    is_best = result is not None and result.values == knock.values
    return notes | dict.fromkeys(result.notes if result and is_best else ())


def _of_none(heard: SearchResults) -> Iterator[Block]:
    if heard.result is not None:
        yield plain(_remedy_for(heard.result.cause))


def _said(findings: list[Finding]) -> Iterator[Block]:
    for finding in findings:
        yield _item(finding.text, DIM)


def _item(said: str, style: Style = PLAIN) -> Block:
    return Block(((escape_controls(said), style),), "- ", "  ", gap=False)


NOTHING = "-"
_HEADS = ("host", "port", "encryption", "TLS", "certificate", "logins", "time")
_SHORT_HEADS = ("host", "port", "encr.", "TLS", "certificate", "logins", "time")
_SILENT_HEADS = "ports, and why they did not answer"
_LEAST = (12, 4, 4, 3, 7, 6, 5)
_CERTIFICATE, _VERSION = "certificate ", "TLSv"
_PORT, _TIME = 1, 6
_SIGN = 2
_WIDE = 100


def sign_of(entry: ServerRow) -> Span:
    """Return a sign for how far one gets there."""
    if entry.knock is None:
        return NOTHING, DIM
    if entry.cause is not None:
        return "!", BAD
    return ("+", GOOD) if entry.knock.is_encrypted else ("?", WARNING)


def cells(entry: ServerRow) -> tuple[str, ...]:
    """Return the texts of a line's columns, safe to be shown."""
    knock = entry.knock
    if knock is None:
        return (escape_controls(entry.host), " ".join(entry.ports), "", "", "", "", "")
    version = (knock.version or NOTHING).removeprefix(_VERSION)
    return (
        escape_controls(entry.host),
        entry.ports[0],
        str(knock.encryption),
        version if knock.is_encrypted else NOTHING,
        _certificate(knock),
        escape_controls(names_of(knock.mechanisms)),
        took_words(knock),
    )


def _certificate(knock: ProbeResult) -> str:
    if not knock.is_encrypted:
        return NOTHING
    if knock.trusted == OK:
        return "valid"
    return label(knock.trusted or NOTHING).removeprefix(_CERTIFICATE)


class ServerTable(ListView[ServerRow]):
    """Lists what was found, the best first: a line for each port that answered or did not."""

    class Chosen(Message):
        """Another line is chosen."""

    class LeftAbove(Message):
        """There is nothing above the first line."""

    _is_moved = False

    @property
    def is_marked(self) -> bool:
        """Whether the chosen line is marked: where the keys go to it."""
        return self.has_focus

    @property
    def has_servers(self) -> bool:
        """Whether there is anything that can be taken; it stands first."""
        return bool(self.rows) and self.rows[0].knock is not None

    def update(self, rows: Sequence[ServerRow]) -> None:
        """List these; what a hand chose stays chosen, else the first one is."""
        kept = self.chosen.key if self._is_moved and self.chosen else None
        keys = [row.key for row in rows]
        self.show(rows, keys.index(kept) if kept in keys else 0)

    def clear(self) -> None:
        """List nothing."""
        self._is_moved = False
        self.update(())

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, or hide it."""
        super().watch_has_focus(has_focus)
        self.repaint()

    def heading(self, width: int) -> list[Span]:
        """Return the columns' names."""
        widths, gap = self._widths(width)
        names = cells_of(self._heads(width), widths, gap, right=(_PORT, _TIME))
        if not self.has_servers:
            names = [names[0], _SILENT_HEADS]
        return [(f"{' ' * _SIGN}{''.join(names)}", DIM)]

    def layout_rows(self, width: int) -> Iterator[Iterable[list[Span]]]:
        """Yield sign and columns of each line; of a silent one, host, ports and cause."""
        widths, gap = self._widths(width)
        for row in self.rows:
            sign, style = sign_of(row)
            if row.knock is None:
                host = cells_of(cells(row)[:1], widths[:1], gap)
                silent = f"{host[0]}{' '.join(row.ports)}  {label(row.cause or '')}"
                yield ([(f"{sign} {truncate(silent, width - _SIGN)}", DIM)],)
                continue
            texts = cells_of(cells(row), widths, gap, right=(_PORT, _TIME))
            yield ([(f"{sign} ", style), *zip(texts, _styles(row.knock), strict=True)],)

    def action_go(self, by: int) -> None:
        """Choose another; above the first is what was searched for."""
        before = self.index
        if by == -1 and before == 0:
            self.post_message(self.LeftAbove())
            return
        super().action_go(by)
        self._is_moved = True
        if self.index != before:
            self.post_message(self.Chosen())

    def _heads(self, width: int) -> tuple[str, ...]:
        return _HEADS if width >= _WIDE else _SHORT_HEADS

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        reached = [cells(one) for one in self.rows if one.knock]
        silent = [(escape_controls(one.host), *[""] * 6) for one in self.rows if not one.knock]
        rows = [self._heads(width), *reached, *silent]
        return widths_for(rows, width - _SIGN, _LEAST)


def _styles(knock: ProbeResult) -> Iterator[Style]:
    """Yield the ink of each column."""
    certificate = PLAIN if knock.trusted == OK else BAD if knock.trusted else DIM
    encryption = PLAIN if knock.is_encrypted else WARNING
    yield from (STRONG, PLAIN, encryption, PLAIN, certificate, PLAIN, DIM)
