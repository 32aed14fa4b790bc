"""`smtp-tui check --as-mta DOMAIN`: all mail servers of a domain, as a sending server sees them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from smtp_tui.checks.as_mta import SECONDS, run_as_mta
from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.checks.jsonlines import named_line
from smtp_tui.checks.sender_texts import (
    SenderNote,
    by_exchange,
    domain_notes,
    side_notes,
    table_head,
    table_rows,
    verdict_text,
)
from smtp_tui.checks.senders import MtaSummary, MxSide
from smtp_tui.cli.check import OF_MONITORING
from smtp_tui.cli.commands import Invocation, resume_collection
from smtp_tui.cli.discover import resolver_of
from smtp_tui.cli.parser import UsageError, refuse_options, timeout_of
from smtp_tui.cli.terminal import NOT_WRITTEN, print_error, print_line, wrapped
from smtp_tui.discovery.dns import DnsAnswerState
from smtp_tui.discovery.steps import parse_query
from smtp_tui.lazy import load

_WIDTH = 78
_WITH = {"as_mta", "json", "quiet", "timeout", "resolver", "format"}


def as_mta(call: Invocation, format_: str) -> int:
    """Look at the mail servers of a domain; return 0 if every kind of sender can deliver."""
    options = call.options
    # The call has already refused those that another format needs.
    foreign = [name for name in call.given if name not in (*_WITH, *OF_MONITORING)]
    refuse_options(call, foreign, "{} cannot be used with --as-mta")
    if call.words:
        raise UsageError("--as-mta checks a domain and reads no FILE")
    try:
        query = parse_query(options.as_mta)
    except ValueError as error:
        raise UsageError(f"--as-mta needs a domain: {error}") from None
    if query.is_address:
        raise UsageError("--as-mta needs a domain: an address has no MX records")
    timeout = timeout_of(options)
    resolver = resolver_of(options.resolver)
    seconds = SECONDS if timeout is None else float(timeout)
    resume_collection()
    # A wrong threshold ends the call before anything is asked.
    thresholds = load("cli.monitoring:thresholds_of")(options) if format_ == "nagios" else None
    is_watched = sys.stderr.isatty() and format_ == "text" and not options.quiet
    if is_watched:
        print_error(f"trying the mail servers of {query.name}, {seconds:g} s at most")
    on_side = _say_done if is_watched else lambda _: None
    looking = run_as_mta(query.name, resolver, seconds=seconds, on_side=on_side)
    summary = asyncio.run(looking)
    if thresholds:
        lines = load("checks.mta_monitoring:mta_nagios_lines")(summary, thresholds, seconds)
        for line in lines:
            print_line(line)
        return int(load("checks.mta_monitoring:state_of_mta")(summary, thresholds))
    if format_ == "prometheus":
        text = load("checks.mta_monitoring:mta_prometheus_text")(summary, datetime.now(UTC))
        is_put = load("cli.monitoring:put_metrics")(text, options.output)
        return _status(summary) if is_put else NOT_WRITTEN
    if options.json:
        for side in summary.sides:
            print_line(named_line("mx", side, None, None))
        print_line(named_line("mta", summary, None, None))
    else:
        for line in _lines(summary, is_quiet=options.quiet):
            print_line(line)
    return _status(summary)


def _say_done(side: MxSide) -> None:
    print_error(f"done with {side.address} of {side.exchange.host} after {side.seconds:.1f} s")


def _status(summary: MtaSummary) -> int:
    if summary.ok:
        return PASSED
    if summary.answer.state is DnsAnswerState.FAILED:
        return BY_STAGE["resolve"]
    first = next((side.verdict for side in summary.sides if side.verdict), None)
    return NEGATIVE if summary.is_reached or first is None else BY_STAGE[first.stage]


def _lines(summary: MtaSummary, *, is_quiet: bool) -> Iterator[str]:
    if not is_quiet:
        yield from _table(summary)
        yield from _note_lines(domain_notes(summary), "")
        yield ""
    yield from wrapped(verdict_text(summary), _WIDTH, "", "  ")
    if trace := summary.trace:
        for name, text in (("", trace.summary), ("Why: ", trace.why), ("To do: ", trace.cure)):
            if text:
                yield from wrapped(f"{name}{text}", _WIDTH, "  ", "    ")


def _table(summary: MtaSummary) -> Iterator[str]:
    if not summary.sides:
        return
    yield table_head(summary, _WIDTH)
    for exchange, sides in by_exchange(summary):
        yield from wrapped(f"{exchange.host} ({exchange.preference})", _WIDTH, "", "  ")
        for side in sides:
            yield from table_rows(side, summary, _WIDTH)
        yield from _note_lines(side_notes(exchange, sides), "  ")
    yield ""


def _note_lines(notes: Iterable[SenderNote], indent: str) -> Iterator[str]:
    for note in notes:
        yield from wrapped(note.text, _WIDTH, f"{indent}{note.sign} ", f"{indent}  ")
        if note.paste:
            yield f"{indent}  {note.paste}"
