"""`--domain-check`: what DNS holds about the sender's domain, told with a check that passed."""

from __future__ import annotations

import textwrap

from smtp_tui.checks.domain import DomainCheck
from smtp_tui.checks.jsonlines import domain_line
from smtp_tui.checks.run import CheckRequest
from smtp_tui.cli.discover import resolver_of
from smtp_tui.cli.output import print_line
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Event

WIDTH = 80
_SIGNS = {"good": "+", "note": "i", "bad": "!", "unknown": "?"}


class DomainReporter:
    """Hears a check, and tells the facts where it has passed."""

    def __init__(self, check: DomainCheck) -> None:
        self._check = check

    def hear(self, told: Event | Verdict) -> None:
        """Take in what a check tells."""
        self._check.hear(told)

    async def tell(self, request: CheckRequest, verdict: Verdict, *, as_json: bool) -> None:
        """Ask DNS and print what it holds; nothing of a check that failed."""
        if not verdict.ok:
            return
        facts = await self._check.facts(request)
        if as_json:
            print_line(domain_line(facts, request.file, request.table, verdict.seconds))
            return
        for one in facts:
            first = f"  {_SIGNS[one.weight]} {one.subject}: "
            for line in textwrap.wrap(
                escape_controls(one.text),
                WIDTH,
                initial_indent=first,
                subsequent_indent="    ",
                break_on_hyphens=False,
            ):
                print_line(line)


def domain_reporter(call: Invocation) -> DomainReporter:
    """Return what tells the facts of the one check that a call means."""
    if call.options.all or len(call.words) > 1:
        raise UsageError("--domain-check checks one table: name one FILE, and do not use --all")
    return DomainReporter(DomainCheck(resolver_of(call.options.resolver), call.options.dkim))
