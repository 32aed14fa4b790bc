"""A look beside a check: a dialogue of its own, which never carries a credential.

What is tried beside a check: whether peer would hold, and which changes would cure.

All at once, within the seconds they are given, and never with a credential.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from smtp_tui.defects import defect_text
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.experiments import ExperimentSpec, experiments_for, with_changes
from smtp_tui.diagnosis.verdict import PEER_LOOK, UNKNOWN, CheckSummary, Verdict
from smtp_tui.settings.choices import Authentication, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.escaping import abridged
from smtp_tui.smtp.events import Cause, Experiment, Stage, label
from smtp_tui.smtp.happy_eyeballs import AddressError, resolve
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.session import Limits, check


def without_credentials(settings: Settings) -> Settings:
    """Return the settings without anything that lets anybody in."""
    return replace(
        settings,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
    )


async def run_probe(
    settings: Settings, until: Stage, seconds: float, redactor: Redactor
) -> tuple[CheckSummary, Verdict]:
    """Go as far as `until`, TLS or EHLO, for `seconds` at most; return what was seen.

    `redactor` is that of the check: a server that learned the password there may repeat it here.
    """
    asked = replace(without_credentials(settings), timeout=seconds)
    facts = CheckSummary()
    limits = Limits(until=until, extra=0)
    async with aclosing(check(asked, limits=limits, redactor=redactor)) as events:
        async for event in events:
            facts.add(event)
    return facts, diagnose(asked, facts, 0)


# rf

OK = "ok"
# Mechanisms that the text of an experiment names.
MECHANISMS_NAMED = 16


async def run_experiments(
    settings: Settings,
    facts: CheckSummary,
    cause: str | None,
    seconds: float,
    started: float,
    redactor: Redactor,
) -> AsyncGenerator[Experiment, None]:
    """Yield what each experiment showed as soon as it did, all within `seconds`.

    `started` is the monotonic time that events count from, `redactor` that of the check. Wrap it in
    `contextlib.aclosing`.
    """
    wanted = _wanted(settings, facts, cause, seconds, redactor)
    running = [asyncio.create_task(one) for one in wanted]
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


def wants_peer_look(settings: Settings, facts: CheckSummary) -> bool:
    """Tell whether TLS stood on a link whose certificate nobody held to account."""
    unverified = settings.openssl_verify_mode is VerifyMode.NONE and not settings.tls_fingerprint
    return unverified and facts.established is not None and facts.address is not None


def _wanted(
    settings: Settings, facts: CheckSummary, cause: str | None, seconds: float, redactor: Redactor
) -> list[Coroutine[Any, Any, Experiment | None]]:
    wanted: list[Coroutine[Any, Any, Experiment | None]] = []
    if wants_peer_look(settings, facts):
        wanted.append(_peer_look(settings, facts.address or "", seconds, redactor))
    for trial in experiments_for(settings, facts, cause):
        wanted.append(_try(settings, facts, trial, seconds, redactor))
    return wanted


async def _peer_look(
    settings: Settings, address: str, seconds: float, redactor: Redactor
) -> Experiment:
    """Look at a certificate as verify mode `peer` would, at the address that was connected to."""
    asked = replace(
        settings,
        host=address,
        server_name=settings.tls_name,
        openssl_verify_mode=VerifyMode.PEER,
    )
    _, verdict = await run_probe(asked, Stage.TLS, seconds, redactor)
    cause = verdict.cause or ""
    # Who wants a client certificate has shown its own before, and it held.
    if verdict.ok or cause == Cause.CLIENT_CERTIFICATE_REQUIRED:
        outcome, said = OK, "verify mode peer would accept this certificate"
    elif cause.startswith("certificate-") or verdict.stage is Stage.SETTINGS:
        outcome, said = cause, f"verify mode peer would fail: {label(cause)}"
    else:
        outcome, said = UNKNOWN, f"a second look at the certificate failed: {label(cause)}"
    return Experiment(seconds=0, name=PEER_LOOK, outcome=outcome, text=f"experiment: {said}")


async def _try(
    settings: Settings,
    facts: CheckSummary,
    trial: ExperimentSpec,
    seconds: float,
    redactor: Redactor,
) -> Experiment | None:
    """Try a change; None where the name it speaks of leads to another machine."""
    asked = with_changes(settings, trial.change)
    if trial.until is Stage.TLS and facts.address:
        if trial.alias and not await _leads_to(asked, facts.address):
            return None
        asked = replace(asked, host=facts.address, server_name=asked.tls_name)
    seen, verdict = await run_probe(asked, trial.until, seconds, redactor)
    outcome = OK if verdict.ok else verdict.cause or UNKNOWN
    return Experiment(
        seconds=0,
        name=trial.name,
        outcome=outcome,
        text=f"experiment: {_words(trial)}: {_said(seen, verdict)}",
        change=tuple(trial.change.items()),
        mechanisms=seen.mechanisms if verdict.stage is Stage.EHLO else (),
    )


async def _leads_to(settings: Settings, address: str) -> bool:
    try:
        return address in [target.address for target in await resolve(settings)]
    except AddressError:
        return False


def _words(trial: ExperimentSpec) -> str:
    return " with ".join(
        f"{key} {value}" if value != "" else f"no {key}" for key, value in trial.change.items()
    )


def _said(seen: CheckSummary, verdict: Verdict) -> str:
    """Say what was seen, in words that also tell why a change would cure."""
    said = ["it works" if verdict.ok else label(verdict.cause or UNKNOWN)]
    if seen.established:
        said.append(seen.established.version)
        held = "certificate valid" if seen.established.verified else "certificate not verified"
        said.append(held)
    if verdict.ok and verdict.stage is Stage.EHLO and seen.mechanisms:
        said.append(f"mechanisms {abridged(seen.mechanisms, MECHANISMS_NAMED, ' ')}")
    return ", ".join(said)
