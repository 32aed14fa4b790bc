"""The second look at a certificate: what verify mode `peer` would have said of it."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.facts import PEER_LOOK, UNKNOWN, Facts
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.choices import Authentication, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Experiment, Fault, Stage
from smtp_tui.smtp.session import Limits, check


def wants_look(settings: Settings, facts: Facts) -> bool:
    """Tell whether TLS stood on a link whose certificate nobody held to account."""
    unverified = settings.openssl_verify_mode is VerifyMode.NONE and not settings.tls_fingerprint
    return unverified and facts.established is not None and facts.address is not None


async def look(settings: Settings, address: str, seconds: float, started: float) -> Experiment:
    """Look at `address` for `seconds` at most, on a connection of its own, without credentials."""
    asked = replace(
        settings,
        host=address,
        server_name=settings.tls_name,
        openssl_verify_mode=VerifyMode.PEER,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
        timeout=seconds,
    )
    facts = Facts()
    async with aclosing(check(asked, limits=Limits(until=Stage.TLS, extra=0))) as events:
        async for event in events:
            facts.add(event)
    outcome, said = _outcome(diagnose(asked, facts, 0))
    return Experiment(
        seconds=time.monotonic() - started,
        name=PEER_LOOK,
        outcome=outcome,
        text=f"experiment: {said}",
    )


def _outcome(verdict: Verdict) -> tuple[str, str]:
    """What the look showed: `ok`, a cause, or `unknown` where it did not get to the certificate."""
    cause = verdict.cause or ""
    # Who wants a client certificate has shown its own before, and it held.
    if verdict.ok or cause == Fault.CLIENT_CERTIFICATE_REQUIRED:
        return "ok", "verify mode peer would take this certificate"
    if cause.startswith("certificate-") or verdict.stage is Stage.SETTINGS:
        return cause, f"verify mode peer would end with {cause}"
    return UNKNOWN, f"a second look at the certificate ended with {cause}"
