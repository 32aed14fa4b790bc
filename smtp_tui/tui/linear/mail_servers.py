"""A domain's mail servers as senders see them, line by line: a sentence for each address."""

from __future__ import annotations

from collections.abc import Iterable

from smtp_tui.checks.as_mta import SECONDS, run_as_mta
from smtp_tui.checks.sender_texts import (
    SenderNote,
    address_sentence,
    by_exchange,
    domain_notes,
    side_notes,
    verdict_text,
)
from smtp_tui.checks.senders import MtaSummary
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import sender_domain
from smtp_tui.tui.linear.console import Console, StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.mail_domain import domain_typed


async def show_mail_servers(context: LinearContext, typed: str, resolver: Resolver) -> None:
    """Check the typed domain, or that of the sender."""
    console = context.console
    if context.is_demo:
        console.show(text("mail-servers", "alone"))
        return
    settings = context.draft.reading().settings
    wanted = typed or (sender_domain(settings) if settings else None) or ""
    if not wanted:
        asked = console.ask_within(f"{text('mail-servers', 'label')}: ")
        if not asked:
            return
        wanted = asked
    try:
        domain = domain_typed(wanted)
    except ValueError as error:
        console.show(str(error))
        return
    console.show(text("mail-servers", "asking-lines", domain=domain, seconds=f"{SECONDS:g}"))
    try:
        summary = await stoppable(run_as_mta(domain, resolver))
    except StoppedError:
        console.show_stopped()
        return
    _show(console, summary)


def _show(console: Console, summary: MtaSummary) -> None:
    for exchange, sides in by_exchange(summary):
        names = {"host": exchange.host, "preference": exchange.preference}
        console.show(text("mail-servers", "server", **names))
        for side in sides:
            if side.address:
                console.show(address_sentence(side), "  ", "    ")
        _show_notes(console, side_notes(exchange, sides), "  ")
    _show_notes(console, domain_notes(summary), "")
    console.show(verdict_text(summary))
    if trace := summary.trace:
        for name, sentence in (("", trace.summary), ("Why: ", trace.why), ("To do: ", trace.cure)):
            if sentence:
                console.show(f"{name}{sentence}", "  ", "    ")


def _show_notes(console: Console, notes: Iterable[SenderNote], indent: str) -> None:
    for note in notes:
        console.show(note.text, f"{indent}{note.sign} ", f"{indent}  ")
        if note.paste:
            console.show_verbatim(note.paste)
