"""`smtp-tui discover`: find the settings, report how they are known, and what answers."""

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
from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.autoconfig import is_available
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
    answers,
    by_host,
    cells_of,
    parse_query,
    shared_details,
    silent_ports,
)
from smtp_tui.providers.provider import presets_with
from smtp_tui.settings import parsers
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Cause

_DNS = 53


WIDTH = 80
_CELL, _GREETING = 22, 212
_PROBE_KEYS = (
    *("host", "port", "address", "source", "ok", "cause", "encryption", "plain", "starttls", "tls"),
    *("greeting", "version", "trusted", "also", "names", "not_after", "sha256"),
    *("mechanisms_before", "mechanisms", "connections", "took"),
)
_SETTINGS = ("host", "port", "encryption", "username", "authentication")
_RESULT_KEYS = ("cause", "source", "provider", "reason", "notes")


def discover(call: Invocation) -> int:
    """Search for what a call names; 0 when a check would pass with what was found."""
    try:
        query = parse_query(call.words[0])
    except ValueError as error:
        raise UsageError(f"discover needs a domain, an address or a host: {error}") from None
    options = _search_options(call)
    result = asyncio.run(_search(query, options, as_json=call.options.json))
    if result.ok:
        return PASSED
    # That there is no such name is an answer; that DNS gave none is not.
    return BY_STAGE["resolve"] if result.cause == Cause.RESOLVER_FAILED else NEGATIVE


def _search_options(call: Invocation) -> SearchOptions:
    options = call.options
    timeout = TIMEOUT
    if options.timeout is not None:
        if BY_KEY["timeout"].problem_with(options.timeout):
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


async def _search(query: SearchQuery, options: SearchOptions, *, as_json: bool) -> SearchResult:
    probes: list[ProbeResult] = []
    if not as_json:
        print_line(f"Looking for the mail server of {query.name}")
    async with aclosing(search(query, options)) as steps:
        async for step in steps:
            if isinstance(step, ProbeResult):
                probes.append(step)
            if as_json:
                print_line(json.dumps(_as_object(step)))
            else:
                for line in _lines(step, probes):
                    print_line(line)
            if isinstance(step, SearchResult):
                return step
    raise AssertionError("a search ends with a result")


def _lines(step: Step, probes: list[ProbeResult]) -> list[str]:
    match step:
        case Finding():
            return _wrapped(step.text, "  ", "    ")
        case ProbeStarted():
            return [f"  Trying {step.ports} {'port' if step.ports == 1 else 'ports'} …"]
        case ProbeResult():  # its row is in the table that follows the result
            return []
        case SearchResult():
            return [*_result_lines(step), *_probe_lines(probes)]
        case _:
            assert_never(step)


def _result_lines(result: SearchResult) -> Iterator[str]:
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
        # A command that is copied from the screen stays one command.
        *some, last = _wrapped(f"Use it: smtp-tui set FILE {pairs}", "  ", "    ")
        yield from (f"{line} \\" for line in some)
        yield last


def _probe_lines(probes: Iterable[ProbeResult]) -> Iterator[str]:
    """Yield a table for each host: what its ports do, with what they offer below."""
    for host, rows in by_host(probes):
        addresses = dict.fromkeys(row.address for row in rows)
        yield ""
        yield from _wrapped(f"{host} ({', '.join(addresses)})", "", "  ")
        if not answers(rows):
            for cause, ports in silent_ports(rows):
                yield from _wrapped(f"{label(cause)}: port {', '.join(ports)}", "  ", "    ")
            continue
        yield _row("port", "IP", "plain", "STARTTLS", "implicit TLS", "time")
        for row in rows:
            yield _row(*map(_cut, cells_of(row)))
        for text, ports in shared_details(rows):
            yield from _wrapped(f"{', '.join(ports)}: {_cut(text, _GREETING)}", "  ", "    ")


def _row(port: str, family: str, plain: str, starttls: str, tls: str, took: str) -> str:
    return f"  {port:>5} {family:<2} {plain:<9} {starttls:<22} {tls:<22} {took:>7}".rstrip()


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


def _as_object(step: Step) -> dict[str, Any]:
    match step:
        case Finding():
            names = ("id", "source", "host", "port", "encryption", "text")
            content = {"event": "finding", **{name: getattr(step, name) for name in names}}
        case ProbeStarted():
            content = {"event": "knocking", "ports": step.ports, "left_out": step.left_out}
        case ProbeResult():
            content = {"event": "knock", **_probe_object(step)}
        case SearchResult():
            content = {"event": "result", "ok": step.ok}
            content |= {key: step.values.get(key) for key in _SETTINGS}
            content |= {name: getattr(step, name) for name in _RESULT_KEYS}
            content |= {"knocks": step.probes, "connections": step.connections}
        case _:
            assert_never(step)
    return {**content, "seconds": round(step.seconds, 6)}


def _probe_object(probe: ProbeResult) -> dict[str, Any]:
    certificate = probe.certificate
    values = {key: getattr(probe, key, None) for key in _PROBE_KEYS}
    values |= {
        "ok": probe.cause is None,
        "mechanisms_before": probe.before,
        "mechanisms": probe.after,
        "took": round(probe.took, 6),
    }
    if certificate:
        values["names"] = certificate.listed_names
        values["not_after"] = certificate.not_after.isoformat()
        values["sha256"] = certificate.sha256
    return values


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
