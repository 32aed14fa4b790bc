"""What is tried beside a check, never with a credential: would peer hold, which changes help."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from smtp_tui.config.errors import defect_text
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.experiments import ExperimentSpec, experiments_for, with_changes
from smtp_tui.diagnosis.verdict import PEER_LOOK, UNKNOWN, CheckSummary, Verdict
from smtp_tui.settings.choices import Authentication, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.escaping import abridged
from smtp_tui.smtp.events import Cause, Experiment, Stage
from smtp_tui.smtp.happy_eyeballs import AddressError, resolve
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.session import Limits, check

OK = "ok"
# Mechanisms that the text of an experiment names.
MECHANISMS_NAMED = 16

Probe = Callable[[Settings, Stage], Awaitable[tuple[CheckSummary, Verdict]]]


async def run_experiments(
    settings: Settings,
    facts: CheckSummary,
    cause: str | None,
    seconds: float,
    started: float,
    redactor: Redactor,
) -> AsyncGenerator[Experiment, None]:
    """Yield what each experiment showed as soon as it did, all within `seconds`.

    `started` is the monotonic time that events count from, `redactor` that of the check: a server
    that learned the password there may repeat it here. Wrap it in `contextlib.aclosing`.
    """
    probe = partial(_probe, seconds=seconds, redactor=redactor)
    running: list[asyncio.Task[Experiment | None]] = [
        asyncio.create_task(_try_change(settings, facts, spec, probe))
        for spec in experiments_for(settings, facts, cause)
    ]
    # TLS stood, and nobody held its certificate to account.
    unverified = settings.openssl_verify_mode is VerifyMode.NONE and not settings.tls_fingerprint
    if unverified and facts.established and facts.address:
        running.insert(0, asyncio.create_task(_try_peer(settings, facts.address, probe)))
    try:
        for first in asyncio.as_completed(running, timeout=seconds or None):
            try:
                shown = await first
            except TimeoutError:
                break  # a look that resolves a name may outlast its time
            except Exception as error:  # a defect in one experiment costs no other, and no verdict
                text = f"experiment: smtp-tui failed: {defect_text(error)}"
                shown = Experiment(seconds=0, name="defect", outcome=UNKNOWN, text=text)
            if shown:
                yield replace(shown, seconds=time.monotonic() - started)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _probe(
    settings: Settings, until: Stage, *, seconds: float, redactor: Redactor
) -> tuple[CheckSummary, Verdict]:
    """Go as far as `until`, TLS or EHLO, without anything that lets anybody in."""
    asked = replace(
        settings,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
        timeout=seconds,
    )
    facts = CheckSummary()
    limits = Limits(until=until, extra=0)
    async with aclosing(check(asked, limits=limits, redactor=redactor)) as events:
        async for event in events:
            facts.add(event)
    return facts, diagnose(asked, facts, 0)


async def _try_peer(settings: Settings, address: str, probe: Probe) -> Experiment:
    """Look at a certificate as verify mode `peer` would, at the address that was connected to."""
    peer = VerifyMode.PEER
    asked = replace(settings, host=address, server_name=settings.tls_name, openssl_verify_mode=peer)
    _, verdict = await probe(asked, Stage.TLS)
    cause = verdict.cause or ""
    # Who wants a client certificate has shown its own before, and it held.
    if verdict.ok or cause == Cause.CLIENT_CERTIFICATE_REQUIRED:
        outcome, text = OK, "verify mode peer would accept this certificate"
    elif cause.startswith("certificate-") or verdict.stage is Stage.SETTINGS:
        outcome, text = cause, f"verify mode peer would fail: {label(cause)}"
    else:
        outcome, text = UNKNOWN, f"a second look at the certificate failed: {label(cause)}"
    return Experiment(seconds=0, name=PEER_LOOK, outcome=outcome, text=f"experiment: {text}")


async def _try_change(
    settings: Settings, facts: CheckSummary, spec: ExperimentSpec, probe: Probe
) -> Experiment | None:
    """Try a change; None where the name it speaks of leads to another machine."""
    asked = with_changes(settings, spec.change)
    if spec.until is Stage.TLS and facts.address:
        if spec.alias:
            try:
                endpoints = await resolve(asked)
            except AddressError:
                return None
            if facts.address not in [endpoint.address for endpoint in endpoints]:
                return None
        asked = replace(asked, host=facts.address, server_name=asked.tls_name)
    seen, verdict = await probe(asked, spec.until)
    outcome = OK if verdict.ok else verdict.cause or UNKNOWN
    change = " with ".join(
        f"{key} {value}" if value != "" else f"no {key}" for key, value in spec.change.items()
    )
    # What was seen shows why a change would help.
    shown = ["it works" if verdict.ok else label(outcome)]
    if seen.established:
        held = "certificate valid" if seen.established.verified else "certificate not verified"
        shown += [seen.established.version, held]
    if verdict.ok and verdict.stage is Stage.EHLO and seen.mechanisms:
        shown.append(f"mechanisms {abridged(seen.mechanisms, MECHANISMS_NAMED, ' ')}")
    return Experiment(
        seconds=0,
        name=spec.name,
        outcome=outcome,
        text=f"experiment: {change}: {', '.join(shown)}",
        change=tuple(spec.change.items()),
        mechanisms=seen.mechanisms if verdict.stage is Stage.EHLO else (),
    )
