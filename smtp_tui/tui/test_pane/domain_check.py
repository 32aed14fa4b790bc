"""Check the sender's domain in DNS; report in the log, at the verdict and on a page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual.worker import Worker, get_current_worker

from smtp_tui.checks.request import CheckRequest
from smtp_tui.discovery.dns import Resolver, prepare
from smtp_tui.discovery.domain import SECONDS, DomainCheck, sender_domain
from smtp_tui.discovery.facts import DomainFact, FactSeverity
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.smtp.addresses import is_public
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.log.entries import Entry, FoldableLogLine, FoldedLogLine
from smtp_tui.tui.messages import format_internal_error, reword, text, texts_of
from smtp_tui.tui.model.session import CompletedTest, last_chain, last_connected
from smtp_tui.tui.style import CAUTION, DIM, GOOD, OURS, PLAIN, STRONG
from smtp_tui.tui.widgets.text_page import TextBlock

if TYPE_CHECKING:
    from smtp_tui.tui.test_pane.pane import DnsOptions, TestPane

# The sign of each severity on the page.
SIGNS = {
    FactSeverity.GOOD: ("+", GOOD),
    FactSeverity.NOTE: ("i", DIM),
    FactSeverity.BAD: ("!", CAUTION),
    FactSeverity.UNKNOWN: ("?", DIM),
}
UNANSWERED = "unanswered"
_ORDER = ("sender", "spf", "dkim", "dmarc", "mx", "ptr", "tlsa")
# Maximum length shown of a record; longer records are keys, which nobody reads.
_LONGEST = 300
# Seconds in which most answers arrive: an earlier waiting line would only flicker.
SOON = 0.4


@record
class DomainReport:
    """The DNS facts about a domain."""

    domain: str
    facts: tuple[DomainFact, ...]

    @property
    def is_silent(self) -> bool:
        """Whether queries were sent and none was answered."""
        asked = [fact for fact in self.facts if fact.id not in ("dkim-unasked", "ptr-private")]
        return bool(asked) and all(fact.id == UNANSWERED for fact in asked)


def sentence(fact: DomainFact, *, is_on_screen: bool = False) -> str:
    """Return a fact's sentence, with the form's keys in place of command-line options."""
    key = "K"  # the page's key for the selectors
    way = key if is_on_screen else text("dns-log", "way", screen=key_of("domain"), key=key)
    return escape_controls(reword("dns-words", fact.text, way=way))


def summary(found: DomainReport) -> TextBlock:
    """Return a line for the verdict: one fact of each subject in two or three words."""
    label = (text("dns-bar", "label", domain=escape_controls(found.domain)), STRONG)
    key = (text("dns-bar", "more", key=key_of("domain")), DIM)
    is_bad = any(fact.weight is FactSeverity.BAD for fact in found.facts)
    sign = [("! ", CAUTION)] if is_bad else []
    return TextBlock((*sign, label, (short_facts(found), PLAIN), key), gap=False)


def short_facts(found: DomainReport) -> str:
    """Return one fact of each subject in two or three words."""
    if found.is_silent:
        return text("dns-bar", "silent")
    shown = []
    for subject in _ORDER:
        facts = [fact for fact in found.facts if fact.subject == subject]
        # Mail leaves from one of several addresses, perhaps one that SPF covers.
        wanted = FactSeverity.GOOD if subject == "spf" else FactSeverity.BAD
        good = [fact for fact in facts if fact.weight is FactSeverity.GOOD]
        ranked = [fact for fact in facts if fact.weight is wanted] or good or facts
        if ranked and ranked[0].id == UNANSWERED:
            shown.append(text("dns-bar", "unknown", subject=subject.upper()))
        elif ranked and ranked[0].id in texts_of("dns-short"):
            shown.append(text("dns-short", ranked[0].id))
    return ", ".join(shown)


def log_entries(found: DomainReport, seconds: float) -> Iterator[Entry]:
    """Yield a summary for the log, and below it each fact, folded: the dialogue stays in view."""
    text_shown = text("dns-log", "heading", domain=found.domain)
    short = text("dns-log", "short", domain=found.domain, facts=short_facts(found))
    is_bad = any(fact.weight is FactSeverity.BAD for fact in found.facts)
    mark = TranscriptMark.WARNING if is_bad else TranscriptMark.FACT
    yield FoldableLogLine(
        seconds, mark, escape_controls(text_shown), escape_controls(short), begins_folded=True
    )
    for fact in found.facts:
        mark = TranscriptMark.WARNING if fact.weight is FactSeverity.BAD else TranscriptMark.FACT
        wording = f"{fact.subject.upper()}: {sentence(fact)}"
        yield FoldedLogLine(seconds, mark, escape_controls(wording))


def page_blocks(found: DomainReport, *, with_records: bool = False) -> Iterator[TextBlock]:
    """Yield a title, and each fact with the sign of its severity and, if wanted, its record."""
    yield TextBlock(((text("dns", "title", domain=escape_controls(found.domain)), STRONG),))
    previous_record = None
    # Facts that may prevent delivery come first.
    for fact in sorted(found.facts, key=lambda fact: fact.weight is not FactSeverity.BAD):
        sign, style = SIGNS[fact.weight]
        wording = sentence(fact, is_on_screen=with_records)
        spans = ((f"{sign} ", style), (f"{fact.subject.upper()}: ", STRONG), (wording, PLAIN))
        yield TextBlock(spans, rest="  ", gap=with_records)
        if with_records and fact.record and fact.record != previous_record:
            shown = escape_controls(fact.record)
            cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
            yield TextBlock(((cut, DIM),), "  ", "  ", gap=False)
        previous_record = fact.record


class DomainCheckTask:
    """Checks one domain at a time, and shows the facts in the log and at the verdict."""

    def __init__(self, test_pane: TestPane, lookup: DnsOptions) -> None:
        self.selectors = lookup.selectors
        self.found: DomainReport | None = None
        self.changed = test_pane.domain_changed
        # Whether DNS queries are forbidden.
        self.is_alone = lookup.is_alone
        self._test_pane = test_pane
        self._lookup = lookup
        self._worker: Worker[None] | None = None
        self._about: tuple[str, str, int] | None = None
        self._started = 0.0

    @property
    def is_asking(self) -> bool:
        """Whether a check is running."""
        return self._worker is not None

    def blocks(self) -> list[TextBlock]:
        """Return the report for the sidebar."""
        return [*page_blocks(self.found)] if self.found else []

    def is_about(self, request: CheckRequest) -> bool:
        """Whether the report, or the check, is about the sender and server of a request."""
        return self._about is not None and self._about == subject_of(request)

    def check_after(self, done: CompletedTest) -> None:
        """Check the sender of a test if its server is on the Internet, else log why not."""
        connected = last_connected(done.events)
        if connected is None or not self._lookup.by_itself:
            return
        seconds, subject = done.verdict.seconds, subject_of(done.request)
        if subject is None:
            self._log(text("dns-log", "nobody"), seconds)
        elif self.is_alone:
            self._log(text("dns-log", "alone", domain=subject[0]), seconds)
        elif not is_public(connected.address):
            names = {"domain": subject[0], "address": connected.address, "key": key_of("domain")}
            self._log(text("dns-log", "private", **names), seconds)
        else:
            self.ask(done.request, done.events, seconds)

    def ask(self, request: CheckRequest, events: Sequence[Event], since: float = 0.0) -> None:
        """Start a check if the domain is known; `since` is the log's time now, in seconds.

        `events` are those of a test, whose connection shows the addresses of client and server.
        """
        subject = subject_of(request)
        if self.is_alone or subject is None:
            return
        self.reset()
        self._about, self._started = subject, monotonic() - since
        work = self._ask(request, events, subject[0])
        worker = self._test_pane.run_worker(work, exclusive=True, exit_on_error=False)
        # With eager tasks (Python 3.12), the worker may have finished already.
        self._worker = None if worker.is_finished else worker
        self.changed.publish(None)

    def stop(self) -> bool:
        """Stop the check; return False if none runs."""
        worker, self._worker = self._worker, None
        if worker is None:
            return False
        worker.cancel()
        self._test_pane.verdict.show_extra(None)
        domain = self._about[0] if self._about else ""
        self._log(text("dns-log", "stopped", domain=domain), self._seconds)
        self.changed.publish(None)
        return True

    def reset(self) -> None:
        """Stop, and drop the report: another test begins."""
        self.stop()
        self.found = self._about = None

    async def _ask(self, request: CheckRequest, events: Sequence[Event], domain: str) -> None:
        """Wait for the answers and show them; an error leaves the verdict as it is."""
        verdict = self._test_pane.verdict

        async def facts() -> tuple[DomainFact, ...]:
            await in_daemon_thread(prepare)
            check = DomainCheck(resolver_of(self._lookup), self.selectors)
            settings, chain = request.sending_settings, last_chain(events)
            return await check.facts(settings, last_connected(events), chain)

        asked = asyncio.create_task(facts())
        try:
            await asyncio.wait([asked], timeout=SOON)
            if not asked.done():
                label = (text("dns-bar", "label", domain=escape_controls(domain)), STRONG)
                waiting = (text("dns-bar", "asking", seconds=f"{SECONDS:g}"), OURS)
                stop_hint = (text("dns-bar", "stops"), DIM)
                verdict.show_extra(TextBlock((label, waiting, stop_hint), gap=False))
            self.found = found = DomainReport(domain, await asked)
            seconds = self._seconds
            if found.is_silent:
                names = {"seconds": f"{SECONDS:g}", "domain": domain}
                self._log(text("dns-log", "silent", **names), seconds, TranscriptMark.WARNING)
            else:
                self._test_pane.log_view.add(log_entries(found, seconds))
            verdict.show_extra(summary(found))
        except Exception as error:  # a bug in this check must not cost a passed verdict
            verdict.show_extra(None)
            self._log(format_internal_error(error), self._seconds)
        finally:
            asked.cancel()
            if self._worker is get_current_worker():
                self._worker = None
                self.changed.publish(None)

    @property
    def _seconds(self) -> float:
        return monotonic() - self._started

    def _log(
        self, message: str, seconds: float, mark: TranscriptMark = TranscriptMark.FACT
    ) -> None:
        self._test_pane.log_view.add([TranscriptLine(seconds, mark, escape_controls(message))])


def resolver_of(lookup: DnsOptions) -> Resolver:
    """Return the resolver of the options, else one for the system's name servers."""
    return lookup.resolver() if lookup.resolver else Resolver()


def subject_of(request: CheckRequest) -> tuple[str, str, int] | None:
    """Return sender domain, host and port of a request; None without a domain."""
    settings = request.sending_settings
    domain = sender_domain(settings) if settings else None
    return (domain, settings.host, settings.port) if settings and domain else None
