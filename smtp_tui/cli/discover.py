"""`smtp-tui discover`: find settings, and report their source and the probe results."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import aclosing, suppress
from typing import Any, assert_never

from smtp_tui.checks.equivalents import quoted
from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, timeout_of
from smtp_tui.cli.terminal import print_error, print_line, wrapped
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.autoconfig import is_available
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.search import TIMEOUT, DiscoveryOptions
from smtp_tui.discovery.search import discover as search
from smtp_tui.discovery.steps import (
    DiscoveryFinding,
    DiscoveryQuery,
    DiscoveryResult,
    ProbeResult,
    ProbeStarted,
    Step,
    by_host,
    cells_of,
    details,
    parse_query,
    ports_by_text,
    silent_ports,
)
from smtp_tui.providers import presets_with
from smtp_tui.settings import parsers
from smtp_tui.smtp.events import Cause

_DNS = 53
_WIDTH = 78  # of 80 columns: a backslash may follow
_CELL, _GREETING = 22, 212
_PROBE_KEYS = (
    *("host", "port", "address", "source", "ok", "cause", "encryption", "plain", "starttls", "tls"),
    *("greeting", "version", "trusted", "also", "names", "not_after", "sha256"),
    *("mechanisms_before", "mechanisms", "connections", "took"),
)
_SETTINGS = ("host", "port", "encryption", "username", "authentication")
_RESULT_KEYS = ("cause", "source", "provider", "reason", "notes")


def discover(call: Invocation) -> int:
    """Search for settings; return 0 if a check with those found would pass."""
    try:
        query = parse_query(call.words[0])
    except ValueError as error:
        raise UsageError(f"discover needs a domain, an address or a host: {error}") from None
    timeout = timeout_of(call.options)
    if call.options.autoconfig and not is_available():
        raise UsageError("--autoconfig needs defusedxml: pip install 'smtp-tui[autoconfig]'")
    presets = presets_with(config_folder() / "providers")
    for fault in presets.faults:
        print_error(fault)
    options = DiscoveryOptions(
        resolver=resolver_of(call.options.resolver),
        providers=presets.providers,
        timeout=TIMEOUT if timeout is None else float(timeout),
        with_autoconfig=call.options.autoconfig,
    )
    result = asyncio.run(_search(query, options, as_json=call.options.json))
    if result.ok:
        return PASSED
    # A name that does not exist is a result; a DNS failure is not.
    return BY_STAGE["resolve"] if result.cause == Cause.RESOLVER_FAILED else NEGATIVE


async def _search(
    query: DiscoveryQuery, options: DiscoveryOptions, *, as_json: bool
) -> DiscoveryResult:
    probes: list[ProbeResult] = []
    if not as_json:
        print_line(f"Looking for the mail server of {query.name}")
    async with aclosing(search(query, options)) as steps:
        async for step in steps:
            if isinstance(step, ProbeResult):
                probes.append(step)
            for line in [json.dumps(_as_object(step))] if as_json else _lines(step, probes):
                print_line(line)
            if isinstance(step, DiscoveryResult):
                return step
    raise AssertionError("a search ends with a result")


def _lines(step: Step, probes: list[ProbeResult]) -> Iterator[str]:
    match step:
        case DiscoveryFinding():
            yield from wrapped(step.text, _WIDTH, "  ", "    ")
        case ProbeStarted():
            yield f"  Trying {step.ports} {'port' if step.ports == 1 else 'ports'} …"
        case ProbeResult():  # its row is in the table that follows the result
            pass
        case DiscoveryResult():
            yield from _result_lines(step)
            for host, rows in by_host(probes):
                yield from _host_lines(host, rows)
        case _:
            assert_never(step)


def _result_lines(result: DiscoveryResult) -> Iterator[str]:
    values = result.values
    if not values:
        yield from wrapped(f"NOTHING FOUND: {result.reason}", _WIDTH, "", "  ")
    else:
        head = "FOUND" if result.ok else "NOTHING WORKS; the closest is"
        place = f"{values['host']} port {values['port']}, encryption {values['encryption']}"
        yield from wrapped(f"{head} {place}", _WIDTH, "", "  ")
        yield from wrapped(f"Why: {result.reason}", _WIDTH, "  ", "    ")
    for note in result.notes:
        yield from wrapped(f"Note: {note}", _WIDTH, "  ", "    ")
    if values:
        pairs = " ".join(quoted(f"{key}={value}") for key, value in values.items())
        # Backslashes keep a command copied from the screen whole.
        *lines, last = wrapped(f"Use it: smtp-tui set FILE {pairs}", _WIDTH, "  ", "    ")
        yield from (f"{line} \\" for line in lines)
        yield last


def _host_lines(host: str, rows: list[ProbeResult]) -> Iterator[str]:
    """Yield a table of a host's ports, followed by their details."""
    addresses = dict.fromkeys(row.address for row in rows)
    yield from ("", *wrapped(f"{host} ({', '.join(addresses)})", _WIDTH, "", "  "))
    reached = [row for row in rows if row.is_reached]
    if not reached:
        for cause, ports in silent_ports(rows):
            yield from wrapped(f"{label(cause)}: port {', '.join(ports)}", _WIDTH, "  ", "    ")
        return
    head = ("port", "IP", "plain", "STARTTLS", "implicit TLS", "time")
    for cells in (head, *(map(_cut, cells_of(row)) for row in rows)):
        port, family, plain, starttls, tls, took = cells
        yield f"  {port:>5} {family:<2} {plain:<9} {starttls:<22} {tls:<22} {took:>7}".rstrip()
    for text, ports in ports_by_text(reached, details):
        line = f"{', '.join(ports)}: {_cut(text, _GREETING)}"
        yield from wrapped(line, _WIDTH, "  ", "    ")


def _cut(text: str, most: int = _CELL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _as_object(step: Step) -> dict[str, Any]:
    match step:
        case DiscoveryFinding():
            names = ("source", "host", "port", "encryption")
            place = {name: getattr(step.candidate, name, None) for name in names}
            content = {"event": "finding", "id": step.id, **place, "text": step.text}
        case ProbeStarted():
            content = {"event": "knocking", "ports": step.ports, "left_out": step.left_out}
        case ProbeResult():
            content = {"event": "knock", **{key: getattr(step, key, None) for key in _PROBE_KEYS}}
            content["ok"] = step.cause is None
            content |= {"mechanisms_before": step.before, "mechanisms": step.after}
            content["took"] = round(step.took, 6)
            if certificate := step.certificate:
                content["names"] = certificate.listed_names
                content["not_after"] = certificate.not_after.isoformat()
                content["sha256"] = certificate.sha256
        case DiscoveryResult():
            content = {"event": "result", "ok": step.ok}
            content |= {key: step.values.get(key) for key in _SETTINGS}
            content |= {name: getattr(step, name) for name in _RESULT_KEYS}
            content |= {"knocks": step.probes, "connections": step.connections}
        case _:
            assert_never(step)
    return {**content, "seconds": round(step.seconds, 6)}


def resolver_of(text: str | None) -> Resolver:
    """Return a resolver for the given name server, or the system's."""
    if text is None:
        return Resolver()
    bracketed = re.fullmatch(r"\[(?P<address>[^\]]*)\](?::(?P<port>[0-9]+))?", text)
    plain = re.fullmatch(r"(?P<address>[^:]*)(?::(?P<port>[0-9]+))?", text)
    match = bracketed or plain
    # A bare IPv6 address is valid.
    address, port = (match["address"], match["port"]) if match else (text, None)
    with suppress(ValueError):
        if parsers.is_address(address):
            return Resolver((address, parsers.port(port or _DNS)))
    raise UsageError(
        "--resolver needs a name server's address, such as 192.0.2.1:53 or [2001:db8::1]:53"
    )
