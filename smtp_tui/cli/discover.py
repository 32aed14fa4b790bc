"""`smtp-tui discover`: find the settings, tell how they are known, and what answers."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any, assert_never

from smtp_tui.checks.status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.output import complain, tell
from smtp_tui.cli.resolvers import resolver_of
from smtp_tui.cli.searches import finding_lines, knock_lines, knocking_line, result_lines
from smtp_tui.config.paths import config_folder
from smtp_tui.discovery.autoconfig import is_available
from smtp_tui.discovery.presets import presets_with
from smtp_tui.discovery.search import TIMEOUT, Wish
from smtp_tui.discovery.search import discover as search
from smtp_tui.discovery.steps import Finding, Knock, Knocking, Result, Step
from smtp_tui.discovery.subject import Subject, parse_subject
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import Fault


def discover(call: Call) -> int:
    """Search for what a call names; 0 when a check would pass with what was found."""
    try:
        subject = parse_subject(call.words[0])
    except ValueError as error:
        raise UsageError(f"discover needs a domain, an address or a host: {error}") from None
    wish = _wish(call)
    result = asyncio.run(_tell(subject, wish, as_json=call.options.json))
    if result.ok:
        return PASSED
    # That there is no such name is an answer; that DNS gave none is not.
    return BY_STAGE["resolve"] if result.cause == Fault.RESOLVER_FAILED else NEGATIVE


def _wish(call: Call) -> Wish:
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
        complain(fault)
    return Wish(
        resolver=resolver_of(options.resolver),
        providers=presets.providers,
        timeout=timeout,
        with_autoconfig=options.autoconfig,
    )


async def _tell(subject: Subject, wish: Wish, *, as_json: bool) -> Result:
    knocks: list[Knock] = []
    if not as_json:
        tell(f"Looking for the mail server of {subject.name}")
    async with aclosing(search(subject, wish)) as steps:
        async for step in steps:
            if isinstance(step, Knock):
                knocks.append(step)
            if as_json:
                tell(json.dumps(_object(step)))
            else:
                for line in _lines(step, knocks):
                    tell(line)
            if isinstance(step, Result):
                return step
    raise AssertionError("a search ends with a result")


def _lines(step: Step, knocks: list[Knock]) -> list[str]:
    """The lines of a step; a knock has its row in the table that follows the result."""
    match step:
        case Finding():
            return finding_lines(step)
        case Knocking():
            return [knocking_line(step)]
        case Knock():
            return []
        case Result():
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
        case Knocking():
            content = {"event": "knocking", "ports": step.ports, "left_out": step.left_out}
        case Knock():
            content = {"event": "knock", **_knock(step)}
        case Result():
            content = {"event": "result", **_result(step)}
        case _:
            assert_never(step)
    return {**content, "seconds": round(step.seconds, 6)}


def _knock(knock: Knock) -> dict[str, Any]:
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


def _result(result: Result) -> dict[str, Any]:
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
