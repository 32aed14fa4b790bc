"""The table of what was found: a line for each port that answered, and for those that did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from smtp_tui.discovery.steps import OK, Knock
from smtp_tui.discovery.wording import names_of, took_words
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.labels import label
from smtp_tui.tui.finding.columns import cells_of, widths_for
from smtp_tui.tui.finding.heard import Entry
from smtp_tui.tui.finding.rows import Rows
from smtp_tui.tui.ink import BAD, DIM, GOOD, PLAIN, STRONG, WARNING, Span, fitted

NOTHING = "-"
_HEADS = ("host", "port", "encryption", "TLS", "certificate", "logins", "time")
_SHORT_HEADS = ("host", "port", "encr.", "TLS", "certificate", "logins", "time")
_SILENT_HEADS = "ports, and why they did not answer"
_LEAST = (12, 4, 4, 3, 7, 6, 5)
_CERTIFICATE, _VERSION = "certificate ", "TLSv"
_PORT, _TIME = 1, 6
_SIGN = 2
_WIDE = 100


def sign_of(entry: Entry) -> Span:
    """Return a sign for how far one gets there."""
    if entry.knock is None:
        return NOTHING, DIM
    if entry.cause is not None:
        return "!", BAD
    return ("+", GOOD) if entry.knock.is_encrypted else ("?", WARNING)


def cells(entry: Entry) -> tuple[str, ...]:
    """Return the texts of a line's columns, safe to be shown."""
    knock = entry.knock
    if knock is None:
        return (visible(entry.host), " ".join(entry.ports), "", "", "", "", "")
    version = (knock.version or NOTHING).removeprefix(_VERSION)
    return (
        visible(entry.host),
        entry.ports[0],
        str(knock.encryption),
        version if knock.is_encrypted else NOTHING,
        _certificate(knock),
        visible(names_of(knock.mechanisms)),
        took_words(knock),
    )


def _certificate(knock: Knock) -> str:
    if not knock.is_encrypted:
        return NOTHING
    if knock.trusted == OK:
        return "valid"
    return label(knock.trusted or NOTHING).removeprefix(_CERTIFICATE)


class FoundTable(Rows):
    """Lists what was found, the best first; one line is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", show=False),
        Binding("down,j", "go(1)", show=False),
        Binding("home", "go(-1000)", show=False),
        Binding("end", "go(1000)", show=False),
    ]

    class Chosen(Message):
        """Another line is chosen."""

    class LeftAbove(Message):
        """There is nothing above the first line."""

    def __init__(self) -> None:
        super().__init__(can_focus=True)
        self.entries: tuple[Entry, ...] = ()
        self._is_moved = False

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.entries)

    @property
    def has_servers(self) -> bool:
        """Whether there is anything that can be taken; it stands first."""
        return bool(self.entries) and self.entries[0].knock is not None

    @property
    def chosen(self) -> Entry | None:
        """What is chosen, if there is anything."""
        return self.entries[self.index] if self.entries else None

    def take(self, entries: Sequence[Entry]) -> None:
        """List these; what a hand chose stays chosen, else the first one is."""
        kept = self.chosen.key if self._is_moved and self.chosen else None
        keys = [one.key for one in entries]
        self.entries = tuple(entries)
        self.index = keys.index(kept) if kept in keys else 0
        self.show()

    def forget(self) -> None:
        """List nothing."""
        self._is_moved = False
        self.take(())

    def heading(self, width: int) -> list[Span]:
        """Return the columns' names."""
        widths, gap = self._widths(width)
        named = cells_of(self._heads(width), widths, gap, right=(_PORT, _TIME))
        if not self.has_servers:
            named = [named[0], _SILENT_HEADS]
        return [(f"{' ' * _SIGN}{''.join(named)}", DIM)]

    def line(self, number: int, width: int) -> list[Span]:
        """Return sign and columns of a line; of a silent one, host, ports and cause."""
        entry, (widths, gap) = self.entries[number], self._widths(width)
        sign, style = sign_of(entry)
        if entry.knock is None:
            host = cells_of(cells(entry)[:1], widths[:1], gap)
            told = f"{host[0]}{' '.join(entry.ports)}  {label(entry.cause or '')}"
            return [(f"{sign} {fitted(told, width - _SIGN)}", DIM)]
        texts = cells_of(cells(entry), widths, gap, right=(_PORT, _TIME))
        return [(f"{sign} ", style), *zip(texts, _styles(entry.knock), strict=True)]

    def action_go(self, by: int) -> None:
        """Choose another; above the first is what was searched for."""
        before = self.index
        if by == -1 and before == 0:
            self.post_message(self.LeftAbove())
            return
        self.go(by)
        self._is_moved = True
        if self.index != before:
            self.post_message(self.Chosen())

    def _heads(self, width: int) -> tuple[str, ...]:
        return _HEADS if width >= _WIDE else _SHORT_HEADS

    def _widths(self, width: int) -> tuple[tuple[int, ...], int]:
        reached = [cells(one) for one in self.entries if one.knock]
        silent = [(visible(one.host), *[""] * 6) for one in self.entries if not one.knock]
        rows = [self._heads(width), *reached, *silent]
        return widths_for(rows, width - _SIGN, _LEAST)


def _styles(knock: Knock) -> Iterator[Style]:
    """Yield the ink of each column."""
    certificate = PLAIN if knock.trusted == OK else BAD if knock.trusted else DIM
    encryption = PLAIN if knock.is_encrypted else WARNING
    yield from (STRONG, PLAIN, encryption, PLAIN, certificate, PLAIN, DIM)
