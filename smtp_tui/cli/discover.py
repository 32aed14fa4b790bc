"""`--resolver ADDR[:PORT]`: which name server to ask.

The words of a search for settings: findings, the choice, and a table of what answered.

`smtp-tui discover`: find the settings, tell how they are known, and what answers.
"""

from __future__ import annotations

import asyncio
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any, assert_never

from smtp_tui.checks.equivalents import quoted
from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.paths import config_folder
from smtp_tui.discovery.autoconfig import is_available
from smtp_tui.discovery.candidates import presets_with
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import TIMEOUT, SearchOptions
from smtp_tui.discovery.search import discover as search
from smtp_tui.discovery.steps import (
    Finding,
    ProbeResult,
    ProbeStarted,
    SearchQuery,
    SearchResult,
    Step,
    parse_query,
)
from smtp_tui.discovery.texts import (
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
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause, label

_DNS = 53


def resolver_of(text: str | None) -> Resolver:
    """Return what asks the name server that a call names, or the system's."""
    if text is None:
        return Resolver()
    inside = re.fullmatch(r"\[(?P<address>[^\]]*)\](?::(?P<port>[0-9]+))?", text)
    plain = re.fullmatch(r"(?P<address>[^:]*)(?::(?P<port>[0-9]+))?", text)
    found = inside or plain
    # An IPv6 address may stand alone.
    address, port = (found["address"], found["port"]) if found else (text, None)
    with suppress(ValueError):
        if parsers.is_address(address):
            return Resolver((address, parsers.port(port or _DNS)))
    raise UsageError(
        "--resolver needs a name server's address, such as 192.0.2.1:53 or [2001:db8::1]:53"
    )


WIDTH = 80
_CELL, _GREETING = 22, 212


def finding_lines(finding: Finding) -> list[str]:
    """The lines of something that was found out."""
    return _wrapped(finding.text, "  ", "    ")


def knocking_line(knocking: ProbeStarted) -> str:
    """The line that tells how many ports are tried."""
    ports = "port" if knocking.ports == 1 else "ports"
    return f"  Trying {knocking.ports} {ports} …"


def result_lines(result: SearchResult) -> Iterator[str]:
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


def knock_lines(knocks: Iterable[ProbeResult]) -> Iterator[str]:
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


def _cells(knock: ProbeResult) -> tuple[str, ...]:
    port, family, took = str(knock.port), family_of(knock), took_words(knock)
    if not knock.is_reached:
        return port, family, "-", _cut(label(knock.cause or "")), "", took
    links = _cut(starttls_words(knock)), _cut(tls_words(knock))
    return port, family, plain_words(knock), *links, took


def _cut(text: str, most: int = _CELL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        escape_controls(text),
        WIDTH - 2,  # a backslash may follow
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=True,
        break_on_hyphens=False,
    )


def discover(call: Invocation) -> int:
    """Search for what a call names; 0 when a check would pass with what was found."""
    try:
        subject = parse_query(call.words[0])
    except ValueError as error:
        raise UsageError(f"discover needs a domain, an address or a host: {error}") from None
    wish = _wish(call)
    result = asyncio.run(_tell(subject, wish, as_json=call.options.json))
    if result.ok:
        return PASSED
    # That there is no such name is an answer; that DNS gave none is not.
    return BY_STAGE["resolve"] if result.cause == Cause.RESOLVER_FAILED else NEGATIVE


def _wish(call: Invocation) -> SearchOptions:
    options = call.options
    timeout = TIMEOUT
    if options.timeout is not None:
        field = BY_KEY["timeout"]
        if field.problem_with(options.timeout):
            raise UsageError("--timeout needs a number of seconds, above 0 and at most 86400")
        timeout = float(options.timeout)
    if options.autoconfig and not is_available():
        raise UsageError("--autoconfig needs defusedxml: pip install 'smtp-tui[autoconfig]'")
    presets = presets_with(config_folder() / "providers")
    for fault in presets.faults:
        print_error(fault)
    return SearchOptions(
        resolver=resolver_of(options.resolver),
        providers=presets.providers,
        timeout=timeout,
        with_autoconfig=options.autoconfig,
    )


async def _tell(subject: SearchQuery, wish: SearchOptions, *, as_json: bool) -> SearchResult:
    knocks: list[ProbeResult] = []
    if not as_json:
        print_line(f"Looking for the mail server of {subject.name}")
    async with aclosing(search(subject, wish)) as steps:
        async for step in steps:
            if isinstance(step, ProbeResult):
                knocks.append(step)
            if as_json:
                print_line(json.dumps(_object(step)))
            else:
                for line in _lines(step, knocks):
                    print_line(line)
            if isinstance(step, SearchResult):
                return step
    raise AssertionError("a search ends with a result")


def _lines(step: Step, knocks: list[ProbeResult]) -> list[str]:
    """The lines of a step; a knock has its row in the table that follows the result."""
    match step:
        case Finding():
            return finding_lines(step)
        case ProbeStarted():
            return [knocking_line(step)]
        case ProbeResult():
            return []
        case SearchResult():
            return [*result_lines(step), *knock_lines(knocks)]
        case _:
            assert_never(step)


def _object(step: Step) -> dict[str, Any]:
    match step:
        case Finding():
            content: dict[str, Any] = {
                "event": "finding",
                "id": step.id,
                "source": step.source,
                "host": step.host,
                "port": step.port,
                "encryption": step.encryption,
                "text": step.text,
            }
        case ProbeStarted():
            content = {"event": "knocking", "ports": step.ports, "left_out": step.left_out}
        case ProbeResult():
            content = {"event": "knock", **_knock(step)}
        case SearchResult():
            content = {"event": "result", **_result(step)}
        case _:
            assert_never(step)
    return {**content, "seconds": round(step.seconds, 6)}


def _knock(knock: ProbeResult) -> dict[str, Any]:
    certificate = knock.certificate
    return {
        "host": knock.host,
        "port": knock.port,
        "address": knock.address,
        "source": knock.source,
        "ok": knock.cause is None,
        "cause": knock.cause,
        "encryption": knock.encryption,
        "plain": knock.plain,
        "starttls": knock.starttls,
        "tls": knock.tls,
        "greeting": knock.greeting,
        "version": knock.version,
        "trusted": knock.trusted,
        "also": list(knock.also),
        "names": list(certificate.listed_names) if certificate else None,
        "not_after": certificate.not_after.isoformat() if certificate else None,
        "sha256": certificate.sha256 if certificate else None,
        "mechanisms_before": None if knock.before is None else list(knock.before),
        "mechanisms": None if knock.after is None else list(knock.after),
        "connections": knock.connections,
        "took": round(knock.took, 6),
    }


def _result(result: SearchResult) -> dict[str, Any]:
    keys = ("host", "port", "encryption", "username", "authentication")
    return {
        "ok": result.ok,
        **{key: result.values.get(key) for key in keys},
        "cause": result.cause,
        "source": result.source,
        "provider": result.provider,
        "reason": result.reason,
        "notes": list(result.notes),
        "knocks": result.knocks,
        "connections": result.connections,
    }
