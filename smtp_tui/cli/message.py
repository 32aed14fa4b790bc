"""`smtp-tui explain --message`: explain a bounce, or the header of a received message."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from smtp_tui.arrival.authentication_results import Receiver
from smtp_tui.arrival.headers import LARGEST_MESSAGE
from smtp_tui.arrival.message_report import MessageReport, read_message
from smtp_tui.arrival.report_lines import bounce_lines, header_lines, title_of
from smtp_tui.checks.exit_status import NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.discover import resolver_of
from smtp_tui.cli.parser import UsageError, read_stdin
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.errors import one_line, reason

_STDIN = "-"
_NO_MESSAGE = (
    "the text is neither a bounce nor a message with its header; "
    "copy the whole source of the message, with all lines above the text"
)


def explain_message(call: Invocation) -> int:
    """Explain the message in a file or on standard input; return 1 if it is none."""
    options = call.options
    data = _read(options.message)
    receiver = Receiver(ids=(options.authserv_id,) if options.authserv_id else ())
    asks = options.dns or options.resolver is not None
    resolver = resolver_of(options.resolver) if asks else None
    report = asyncio.run(read_message(data, receiver, resolver))
    if options.json:
        print_line(json.dumps(_as_json(report), default=_moment))
    elif report.bounce:
        for line in bounce_lines(report.bounce):
            print_line(line)
    elif report.header:
        print_line(title_of(report.header))
        for line in header_lines(report.header):
            print_line(f"  {line}")
        if not asks:
            print_line("  Note: With --dns, smtp-tui also verifies the DKIM signatures.")
    else:
        print_error(_NO_MESSAGE)
    return PASSED if report.bounce or report.header else NEGATIVE


def _read(place: str) -> bytes:
    if place == _STDIN:
        return read_stdin("the message", LARGEST_MESSAGE, "; give only its header")
    try:
        with Path(place).open("rb") as file:
            return file.read(LARGEST_MESSAGE)
    except OSError as error:
        raise UsageError(f"{one_line(place)} cannot be read: {reason(error)}") from None


def _as_json(report: MessageReport) -> dict[str, object]:
    kind = "bounce" if report.bounce else "received" if report.header else None
    return {"kind": kind, **asdict(report)}


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(type(value))
