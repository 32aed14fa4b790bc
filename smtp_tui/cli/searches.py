"""The words of a search for settings: findings, the choice, and a table of what answered."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from smtp_tui.checks.shell import quoted
from smtp_tui.discovery.steps import Finding, Knock, Knocking, Result
from smtp_tui.discovery.wording import (
    answers,
    by_host,
    family_of,
    plain_words,
    shared_details,
    silent_ports,
    starttls_words,
    tls_words,
    took_words,
)
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.labels import label

WIDTH = 80
_CELL, _GREETING = 22, 212


def finding_lines(finding: Finding) -> list[str]:
    """The lines of something that was found out."""
    return _wrapped(finding.text, "  ", "    ")


def knocking_line(knocking: Knocking) -> str:
    """The line that tells how many ports are tried."""
    ports = "port" if knocking.ports == 1 else "ports"
    return f"  Trying {knocking.ports} {ports} …"


def result_lines(result: Result) -> Iterator[str]:
    """Yield the choice, its reason, and what to do with it."""
    values = result.values
    if not values:
        yield from _wrapped(f"NOTHING FOUND: {result.reason}", "", "  ")
    else:
        head = "FOUND" if result.ok else "NOTHING WORKS; the closest is"
        place = f"{values['host']} port {values['port']}, encryption {values['encryption']}"
        yield from _wrapped(f"{head} {place}", "", "  ")
        yield from _wrapped(f"Why: {result.reason}", "  ", "    ")
    for note in result.notes:
        yield from _wrapped(f"Note: {note}", "  ", "    ")
    if values:
        pairs = " ".join(quoted(f"{key}={value}") for key, value in values.items())
        *some, last = _wrapped(f"Use it: smtp-tui set FILE {pairs}", "  ", "    ")
        yield from (f"{line} \\" for line in some)
        yield last


def knock_lines(knocks: Iterable[Knock]) -> Iterator[str]:
    """Yield a table for each host: what its ports do, with what they offer below."""
    for host, rows in by_host(knocks):
        addresses = dict.fromkeys(row.address for row in rows)
        yield ""
        yield from _wrapped(f"{host} ({', '.join(addresses)})", "", "  ")
        if not answers(rows):
            for cause, ports in silent_ports(rows):
                yield from _wrapped(f"{label(cause)}: port {', '.join(ports)}", "  ", "    ")
            continue
        yield _row("port", "IP", "plain", "STARTTLS", "implicit TLS", "time")
        for row in rows:
            yield _row(*_cells(row))
        for text, ports in shared_details(rows):
            yield from _wrapped(f"{', '.join(ports)}: {_cut(text, _GREETING)}", "  ", "    ")


def _row(*cells: str) -> str:
    port, family, plain, starttls, tls, took = cells
    return f"  {port:>5} {family:<2} {plain:<9} {starttls:<22} {tls:<22} {took:>7}".rstrip()


def _cells(knock: Knock) -> tuple[str, ...]:
    port, family, took = str(knock.port), family_of(knock), took_words(knock)
    if not knock.is_reached:
        return port, family, "-", _cut(label(knock.cause or "")), "", took
    links = _cut(starttls_words(knock)), _cut(tls_words(knock))
    return port, family, plain_words(knock), *links, took


def _cut(text: str, most: int = _CELL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        visible(text),
        WIDTH - 2,  # a backslash may follow
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=True,
        break_on_hyphens=False,
    )
