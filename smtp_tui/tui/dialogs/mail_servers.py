"""A domain's mail servers on a page, as servers that send to it see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.worker import Worker

from smtp_tui.checks.as_mta import SECONDS, run_as_mta
from smtp_tui.checks.sender_texts import (
    SenderNote,
    by_exchange,
    domain_notes,
    side_notes,
    table_head,
    table_rows,
    verdict_text,
)
from smtp_tui.checks.senders import MtaSummary
from smtp_tui.discovery.dns import Resolver
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, OURS, PLAIN, STRONG
from smtp_tui.tui.widgets.pager import PagerScreen
from smtp_tui.tui.widgets.text_page import TextBlock, as_title, labelled, plain, verbatim

_STYLES = {"+": GOOD, "!": CAUTION, "i": DIM, "?": DIM}


class MailServersScreen(PagerScreen):
    """Tries all mail servers of a domain, and shows what each kind of sender meets there."""

    place = "mail-servers"
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "stop")]

    def __init__(self, domain: str, resolver: Resolver) -> None:
        super().__init__()
        self._domain = domain
        self._resolver = resolver
        self._worker: Worker[None] | None = None
        self._summary: MtaSummary | None = None
        self._problem = ""

    def on_mount(self) -> None:
        """Begin."""
        self._worker = self.run_worker(self._look(), exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        try:
            self._summary = await run_as_mta(self._domain, self._resolver)
        except Exception as error:  # a bug here must not end the form
            self._problem = format_internal_error(error)
        self.update()

    def action_stop(self) -> None:
        """Stop trying the servers, or go back if that has ended."""
        if self._worker is None or self._worker.is_finished:
            self.dismiss(None)
            return
        self._worker.cancel()
        self._worker = None
        self._problem = text("mail-servers", "stopped")
        self.update()

    def blocks(self, width: int) -> Iterator[TextBlock]:
        """Yield the outcome, what concerns the domain, then each server."""
        title = text("mail-servers", "title", domain=escape_controls(self._domain))
        yield as_title(plain(title))
        yield plain(text("mail-servers", "why"), DIM, gap=False)
        summary = self._summary
        if self._problem:
            yield plain(self._problem, CAUTION)
        elif summary is None:
            yield plain(text("mail-servers", "asking", seconds=f"{SECONDS:g}"), OURS)
        else:
            yield plain(verdict_text(summary), GOOD if summary.ok else BAD)
            yield from _trace(summary)
            yield from _with_gap(_notes(domain_notes(summary), ""))
            # The page has a margin of one cell on both sides.
            yield from _servers(summary, width - 2)


def _trace(summary: MtaSummary) -> Iterator[TextBlock]:
    if trace := summary.trace:
        yield plain(trace.summary, gap=False)
        for label, sentence in (("Why", trace.why), ("To do", trace.cure)):
            if sentence:
                yield labelled(label, sentence)


def _servers(summary: MtaSummary, width: int) -> Iterator[TextBlock]:
    if not summary.sides:
        return
    head = table_head(summary, width)
    yield TextBlock(((head, DIM),), is_preformatted=True)
    for exchange, sides in by_exchange(summary):
        yield plain(f"{exchange.host} ({exchange.preference})", STRONG, gap=False)
        for side in sides:
            yield from map(verbatim, table_rows(side, summary, width))
        yield from _notes(side_notes(exchange, sides), "  ")


def _notes(notes: Iterable[SenderNote], indent: str) -> Iterator[TextBlock]:
    for note in notes:
        first, rest = f"{indent}{note.sign} ", f"{indent}  "
        spans = ((escape_controls(note.text), PLAIN),)
        style = _STYLES[note.sign]
        yield TextBlock(spans, first, rest, gap=False, first_style=style)
        if note.paste:
            yield TextBlock(((escape_controls(note.paste), PLAIN),), rest, rest, gap=False)


def _with_gap(blocks: Iterable[TextBlock]) -> Iterator[TextBlock]:
    for number, block in enumerate(blocks):
        yield replace(block, gap=True) if number == 0 else block
