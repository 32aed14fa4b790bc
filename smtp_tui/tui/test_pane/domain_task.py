"""One check of the sender's domain in DNS, shown in the log and at the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.worker import Worker

from smtp_tui.checks.run import CheckRequest
from smtp_tui.discovery.dns import prepare
from smtp_tui.discovery.domain import SECONDS, DomainCheck, DomainFact, sender_domain
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Connected, Event
from smtp_tui.smtp.happy_eyeballs import is_public
from smtp_tui.smtp.transcript import Line, Mark
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.keys.commands import key_of
from smtp_tui.tui.messages import format_internal_error, text
from smtp_tui.tui.test_pane.domain_text import DomainReport, asking, fact_lines, summary
from smtp_tui.tui.test_pane.test_run import CompletedTest, DnsOptions

if TYPE_CHECKING:
    from smtp_tui.tui.test_pane.pane import TestPane

GROUP = "domain"  # of which one worker asks at a time


SOON = 0.4
"""Seconds in which most answers are there: to say that they are waited for would only flicker."""


class DomainCheckTask:
    """Asks about one domain at a time, and tells it in the log and at the verdict."""

    def __init__(self, bench: TestPane, lookup: DnsOptions) -> None:
        self._test_pane = bench
        self._lookup = lookup
        self._worker: Worker[None] | None = None
        self._turn: object | None = None
        self._about: tuple[str, str, int] | None = None
        self._asked, self._begun = "", 0.0
        self.selectors = lookup.selectors
        self.found: DomainReport | None = None
        self.watcher: Callable[[], None] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether nobody may be asked at all."""
        return self._lookup.is_alone

    @property
    def is_asking(self) -> bool:
        """Whether answers are waited for."""
        return self._turn is not None

    def is_about(self, request: CheckRequest) -> bool:
        """Whether what was found, or is asked, is about the sender and server of a request."""
        return self._about is not None and self._about == _subject_of(request)

    def follow(self, done: CompletedTest) -> None:
        """Ask about what a test sends from, where the mail goes out into the world."""
        connected = last_connected(done.events)
        if connected is None or not self._lookup.by_itself:
            return
        seconds, domain = done.verdict.seconds, domain_of(done.request)
        if domain is None:
            self._log([text("dns-log", "nobody")], seconds)
        elif self.is_alone:
            self._log([text("dns-log", "alone", domain=domain)], seconds)
        elif not is_public(connected.address):
            names = {"domain": domain, "address": connected.address, "key": key_of("domain")}
            self._log([text("dns-log", "private", **names)], seconds)
        else:
            self.ask(done.request, done.events, seconds)

    def ask(self, request: CheckRequest, events: Sequence[Event], since: float = 0.0) -> None:
        """Begin to ask, if a domain is known. `since` is the log's time now, in seconds.

        `events` are those of a test that showed which addresses the mail leaves from.
        """
        domain = domain_of(request)
        if self.is_alone or domain is None:
            return
        self.forget()
        self._about = _subject_of(request)
        check = DomainCheck(self._lookup.resolver(), self.selectors)
        self._asked, self._begun = domain, monotonic() - since
        self._turn = turn = object()
        work = self._ask(check, request, last_connected(events), domain, turn)
        widget: Widget = self._test_pane
        worker = widget.run_worker(work, group=GROUP, exclusive=True, exit_on_error=False)
        if self._turn is turn:  # from Python 3.12 on, it may have ended before it is known here
            self._worker = worker
        self._tell()

    def stop(self) -> bool:
        """Stop asking, if that is under way."""
        worker, self._worker, self._turn = self._worker, None, None
        if worker is None:
            return False
        worker.cancel()
        self._test_pane.verdict.add(None)
        self._log([text("dns-log", "stopped", domain=self._asked)], self._seconds)
        self._tell()
        return True

    def forget(self) -> None:
        """Another test begins: what was found is not about that one."""
        self.stop()
        self.found = self._about = None

    async def _ask(
        self,
        check: DomainCheck,
        request: CheckRequest,
        connected: Connected | None,
        domain: str,
        turn: object,
    ) -> None:
        """Wait for the answers and tell them; whatever goes wrong, the verdict stands."""
        self._log([text("dns-log", "heading", domain=domain)], self._seconds)
        facts = asyncio.create_task(_facts(check, request, connected))
        try:
            await asyncio.wait([facts], timeout=SOON)
            if not facts.done():
                self._test_pane.verdict.add(asking(domain))
            self._conclude(DomainReport(domain, await facts))
        except Exception as error:  # a defect in here must not cost a verdict that was earned
            self._test_pane.verdict.add(None)
            self._log([format_internal_error(error)], self._seconds)
        finally:
            facts.cancel()
            if self._turn is turn:
                self._turn = self._worker = None
                self._tell()

    @property
    def _seconds(self) -> float:
        return monotonic() - self._begun

    def _conclude(self, found: DomainReport) -> None:
        self.found, seconds = found, self._seconds
        if found.is_silent:
            names = {"seconds": f"{SECONDS:g}", "domain": found.domain}
            self._log([text("dns-log", "silent", **names)], seconds, Mark.WARNING)
        else:
            self._test_pane.log_view.add(fact_lines(found.facts, seconds))
        self._test_pane.verdict.add(summary(found))

    def _tell(self) -> None:
        """Have whoever shows what is known look again."""
        if self._test_pane.is_attached:
            self._test_pane.post_message(self._test_pane.DomainTold())
        if self.watcher is not None:
            self.watcher()

    def _log(self, told: Iterable[str], seconds: float, mark: Mark = Mark.FACT) -> None:
        self._test_pane.log_view.add([Line(seconds, mark, escape_controls(one)) for one in told])


def last_connected(events: Sequence[Event]) -> Connected | None:
    """Return the connection that a test was held on."""
    return next((one for one in reversed(events) if isinstance(one, Connected)), None)


def domain_of(request: CheckRequest) -> str | None:
    """Return the domain that the mail of a request comes from; None where none is named."""
    settings = request.sending_settings
    return sender_domain(settings) if settings else None


async def _facts(
    check: DomainCheck, request: CheckRequest, connected: Connected | None
) -> tuple[DomainFact, ...]:
    await in_daemon_thread(prepare)
    return await check.facts(request.sending_settings, connected)


def _subject_of(request: CheckRequest) -> tuple[str, str, int] | None:
    settings, domain = request.sending_settings, domain_of(request)
    return (domain, settings.host, settings.port) if settings and domain else None
