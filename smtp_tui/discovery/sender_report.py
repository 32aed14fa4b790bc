"""What receivers require of a sender and what lists say of its addresses, for one domain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from itertools import groupby
from urllib.parse import urlsplit

from smtp_tui.config.errors import defect_text
from smtp_tui.diagnosis.causes import listed
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.discovery.blocklists import ListResult, ListState, ask_lists
from smtp_tui.discovery.demands import DemandResult, Evidence, dns_evidence, judge
from smtp_tui.discovery.domain import DomainCheck, sender_domain
from smtp_tui.discovery.facts import Facts
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings

_HEADINGS = {
    False: "What the large receivers require of all senders:",
    True: "What they require of senders of many messages:",
}
_SIGNS = {True: "+", False: "!", None: "?"}
_LIST_SIGNS = {ListState.LISTED: "!", ListState.CLEAN: "+"}


@record(kw_only=True)
class SenderReport:
    """The requirements with their evidence, and the answers of the lists.

    `trouble` says that a bug in smtp-tui cost the report.
    """

    demands: tuple[DemandResult, ...] = ()
    lists: tuple[ListResult, ...] = ()
    trouble: str = ""


@record(kw_only=True)
class SenderCheck:
    """Looks up a sender's domain, and makes the report.

    `domain` looks up the records. `addresses` are those that the domain's mail leaves from;
    `read_message` returns the evidence of a message that arrived. `asks_lists` tells the operators
    of lists that somebody asks for the addresses.
    """

    domain: DomainCheck
    addresses: tuple[str, ...] = ()
    read_message: Callable[[], Awaitable[Mapping[str, Evidence]]] | None = field(
        default=None, repr=False
    )
    asks_lists: bool = False

    async def facts(self, settings: Settings | None, checked: CheckSummary | None) -> Facts:
        """Return the facts about the domain, after a check."""
        connected = checked.connected if checked else None
        return await self.domain.facts(settings, connected, checked.chain if checked else ())

    async def report(self, settings: Settings | None, facts: Facts) -> SenderReport:
        """Return the report for the sender of the settings; `facts` are those of its domain."""
        try:
            domain = settings and sender_domain(settings)
            return await self._report(domain, facts) if domain else SenderReport()
        except Exception as error:  # a bug here must not cost the verdict
            return SenderReport(trouble=f"smtp-tui failed: {defect_text(error)}.")

    async def _report(self, domain: str, facts: Facts) -> SenderReport:
        resolver = self.domain.resolver
        evidence = await dns_evidence(domain, self.addresses, facts, resolver)
        if self.read_message:
            evidence |= await self.read_message()
        lists = await ask_lists(self.addresses, resolver) if self.asks_lists else ()
        return SenderReport(demands=judge(evidence), lists=lists)


def report_lines(report: SenderReport) -> list[tuple[str, str]]:
    """Return the report as signs and texts; an empty sign is a heading, `-` a source."""
    lines: list[tuple[str, str]] = []
    for is_bulk, heading in _HEADINGS.items():
        wanted = [result for result in report.demands if result.demand.bulk is is_bulk]
        if wanted:
            lines.append(("", heading))
        for text in dict.fromkeys(result.demand.text for result in wanted):
            same = [result for result in wanted if result.demand.text == text]
            who = listed([result.demand.receiver for result in same], "and")
            lines.append((_SIGNS[same[0].met], f"{who}: {text}. {same[0].because}"))
    if report.trouble:
        lines.append(("?", report.trouble))
    if report.demands:
        lines.append(("", "These requirements are from:"))
        lines += [("-", text) for text in dict.fromkeys(map(_source, report.demands))]
    for blocklist, found in groupby(report.lists, key=lambda result: result.list.name):
        lines.append(("", f"{blocklist}:"))
        for result in found:
            said = f" It says: {result.reason}" if result.reason else ""
            lines.append((_LIST_SIGNS.get(result.state, "?"), f"{result.text}{said}"))
    return lines


def _source(result: DemandResult) -> str:
    demand = result.demand
    whose = f"{demand.receiver} on {demand.who}, since {demand.since.isoformat()}"
    # `smtp-tui sources` names the whole address.
    copy = f" at {urlsplit(demand.read_at).hostname}" if demand.read_at else ""
    return f"{whose}: {demand.source} (read {demand.taken.isoformat()}{copy})"
