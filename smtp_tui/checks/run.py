"""Run one check: settings, password, dialogue, experiments, verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from smtp_tui.checks.password import password_warnings, secret_of, sign_in_of
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.config.errors import PasswordError, defect_text, one_line
from smtp_tui.config.paths import resolve_path
from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.diagnose import cause_of, diagnose
from smtp_tui.diagnosis.verdict import PEER_LOOK, UNKNOWN, CheckSummary, Verdict
from smtp_tui.lazy import load
from smtp_tui.safe_text import abridged, mask_credentials
from smtp_tui.settings.choices import OF_TOKENS, Authentication, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import OAuthSource
from smtp_tui.settings.validate import ParsedSettings, parse_settings
from smtp_tui.smtp.addresses import THIS_MACHINE, Network
from smtp_tui.smtp.events import (
    Cause,
    DialogueNote,
    Event,
    Experiment,
    Finished,
    Stage,
    StageEntered,
    WarningId,
)
from smtp_tui.smtp.happy_eyeballs import AddressLookupError, resolve
from smtp_tui.smtp.redaction import Redactor, RedactorGroup
from smtp_tui.smtp.session import CheckLimits, check

if TYPE_CHECKING:
    from smtp_tui.diagnosis.experiments import ExperimentSpec

OK = "ok"
# Mechanisms listed in the text of an experiment.
MECHANISMS_NAMED = 16

Probe = Callable[[Settings, Stage], Awaitable[tuple[CheckSummary, Verdict]]]


async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Yield events, the verdict last. Wrap it in `contextlib.aclosing`."""
    request = request.without_paths_inside()
    started = request.early.started if request.early else time.monotonic()
    stage = Stage.SETTINGS
    try:
        facts = CheckSummary()
        parsed = parse_settings(request.values)
        settings = parsed.settings and resolve_path(parsed.settings, request.base)
        async with aclosing(_events(request, parsed, settings, facts, started)) as events:
            async for event in events:
                if isinstance(event, StageEntered):
                    stage = event.stage
                facts.add(event)
                yield event
        verdict = diagnose(settings, facts, time.monotonic() - started, parsed.problems)
        if verdict.stage is Stage.AUTH and facts.has_sign_in and not verdict.ok:
            # The next check asks for another token: somebody may have signed in again by then.
            load("oauth.renewal:forget_held")()
    except Exception as error:
        # A bug in one table's check must not end the checks of other tables or later ones.
        verdict = _failed(error, stage, time.monotonic() - started)
    yield replace(verdict, recognition=request.recognition) if request.recognition else verdict


def verdict_without_check(target: CheckTarget) -> Verdict:
    """Return the verdict on a target without a request: no file, no table, or a bug."""
    if target.defect:
        return _failed(target.defect)
    return _ended_before(Stage.SETTINGS, Cause.SETTINGS_INVALID, target.refusal)


def _failed(error: Exception, stage: Stage = Stage.SETTINGS, seconds: float = 0.0) -> Verdict:
    """Return the verdict on a check that a bug in smtp-tui ended."""
    text = defect_text(error)
    try:
        return _ended_before(stage, Cause.INTERNAL_ERROR, text, seconds)
    except Exception:  # the report may need what is broken
        cause = Cause.INTERNAL_ERROR.value
        summary = f"smtp-tui failed: {text}."
        return Verdict(seconds=seconds, ok=False, stage=stage, cause=cause, summary=summary)


def _ended_before(stage: Stage, fault: Cause, detail: str, seconds: float = 0.0) -> Verdict:
    facts = CheckSummary()
    facts.add(Finished(seconds=seconds, stage=stage, fault=fault, detail=detail))
    return diagnose(None, facts, seconds)


async def _events(
    request: CheckRequest,
    parsed: ParsedSettings,
    settings: Settings | None,
    facts: CheckSummary,
    started: float,
) -> AsyncGenerator[Event, None]:
    """Yield all events of a check; the caller adds each to `facts` before requesting the next."""

    def now() -> float:
        # An early connection begins after settings and password were checked.
        return 0.0 if request.early else time.monotonic() - started

    def ended(stage: Stage, fault: Cause, detail: str) -> Finished:
        return Finished(seconds=now(), stage=stage, fault=fault, detail=detail)

    for note in request.notes:
        yield DialogueNote(seconds=now(), text=note)
    if settings is None:
        problems = "; ".join(map(str, parsed.problems))
        yield ended(Stage.SETTINGS, Cause.SETTINGS_INVALID, problems)
        return
    for remark in parsed.remarks:
        warning = WarningId(remark.warning) if remark.warning else None
        yield DialogueNote(seconds=now(), text=remark.message, warning=warning)
    secret = request.secret
    if settings.needs_password and not secret:
        yield StageEntered(seconds=now(), stage=Stage.PASSWORD)
        for warning, text in password_warnings(request, settings):
            yield DialogueNote(seconds=now(), text=text, warning=warning)
        try:
            if isinstance(source := request.given or settings.password, OAuthSource):
                asking = f"getting an access token by the sign-in {one_line(source.name, 80)}"
                yield DialogueNote(seconds=now(), text=asking)
                login = await sign_in_of(request, settings, source)
                ends_at = datetime.fromtimestamp(login.token.expires_at, UTC)
                got = f"got an access token, valid until {ends_at:%H:%M} UTC"
                yield DialogueNote(seconds=now(), text=got)
                facts.has_sign_in = True
                facts.granted = tuple(login.token.scope.split())
                secret, facts.sign_in_ends_at = login.token.value, login.sign_in.ends_at
                if login.ends_soon:
                    text, warning = "the sign-in ends soon", WarningId.OAUTH_ENDS_SOON
                    yield DialogueNote(seconds=now(), text=text, warning=warning)
            else:
                secret = await secret_of(request, settings)
        except PasswordError as error:
            if error.why:
                facts.explained = {"why": error.why, "cure": error.to_do}
            yield ended(Stage.PASSWORD, Cause(error.cause), str(error))
            return
    if secret and settings.authentication in OF_TOKENS:
        facts.token = load("diagnosis.tokens:judge")(secret, settings.host, settings.username)
        if unfit := facts.token.unfit:
            yield ended(Stage.PASSWORD, Cause.TOKEN_UNFIT, unfit.text)
            return
    async with aclosing(_dialogue(request, settings, secret, facts, started)) as events:
        async for event in events:
            yield event


async def _dialogue(
    request: CheckRequest,
    settings: Settings,
    secret: str | None,
    facts: CheckSummary,
    started: float,
) -> AsyncGenerator[Event, None]:
    limits = CheckLimits(
        extra=request.extra,
        tries_ports=request.tries_ports,
        allow_clear_password=request.allow_clear_password,
        network=request.network or THIS_MACHINE,
        trust=request.trust,
    )
    end = None
    facts.username_is_secret = bool(secret) and secret == settings.username
    # Every connection of a check shares it: a server may repeat a password from another one.
    redactors = request.redactors or RedactorGroup()
    redactor = redactors.redactor(settings.host, settings.username, secret)
    stream = check(
        settings,
        secret,
        mail=request.mail,
        limits=limits,
        redactor=redactor,
        started=started,
        early=request.early,
    )
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, Finished):
                end = event
            else:
                yield event
    if end is None:
        return
    facts.add(end)
    cause = cause_of(end, settings, facts)
    unverified = facts.established is not None and not facts.established.verified
    # The probe of a silent port may have used part of it already.
    left = min(request.extra, settings.timeout + request.extra - (time.monotonic() - started))
    if left > 0 and (cause or unverified):
        experiments = run_experiments(settings, facts, cause, left, started, redactor, limits)
        async with aclosing(experiments) as results:
            async for experiment in results:
                yield experiment
    # The detail may name an unreadable file by its path, which is from the settings.
    yield replace(end, seconds=time.monotonic() - started, detail=mask_credentials(end.detail))


async def run_experiments(
    settings: Settings,
    facts: CheckSummary,
    cause: str | None,
    seconds: float,
    started: float,
    redactor: Redactor,
    limits: CheckLimits | None = None,
) -> AsyncGenerator[Experiment, None]:
    """Yield the result of each experiment as it ends, all within `seconds`.

    `started` is the monotonic time that events count from, `redactor` that of the check: a server
    may repeat here the password that it got there. `limits` are the check's, for its network and
    trust. Wrap it in `contextlib.aclosing`.
    """
    # Takes 8 ms, which a check that passes need not spend.
    from smtp_tui.diagnosis.experiments import experiments_for, with_changes

    limits = limits or CheckLimits()
    try_settings = partial(probe, limits=limits, seconds=seconds, redactor=redactor)
    running: list[asyncio.Task[Experiment | None]] = [
        asyncio.create_task(
            _try_change(
                with_changes(settings, spec.change), facts, spec, try_settings, limits.network
            )
        )
        for spec in experiments_for(settings, facts, cause)
    ]
    # TLS was established without verifying the certificate.
    unverified = settings.openssl_verify_mode is VerifyMode.NONE and not settings.tls_fingerprint
    if unverified and facts.established and facts.address:
        running.insert(0, asyncio.create_task(_try_peer(settings, facts.address, try_settings)))
    has_ports = not (settings.is_lmtp or settings.proxy or facts.is_local(settings.host))
    if limits.tries_ports and not facts.connected and has_ports:
        from smtp_tui.checks.port_experiments import port_experiments  # few checks fail so

        running += port_experiments(settings, facts, cause, seconds, limits.network)
    try:
        for first in asyncio.as_completed(running, timeout=seconds or None):
            try:
                shown = await first
            except TimeoutError:
                break  # an experiment that resolves a name may exceed its timeout
            except Exception as error:  # a bug here must not cost other experiments or the verdict
                text = f"experiment: smtp-tui failed: {defect_text(error)}"
                shown = Experiment(seconds=0, name="defect", outcome=UNKNOWN, text=text)
            if shown:
                yield replace(shown, seconds=time.monotonic() - started)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def probe(
    settings: Settings, until: Stage, *, limits: CheckLimits, seconds: float, redactor: Redactor
) -> tuple[CheckSummary, Verdict]:
    """Check as far as `until`, TLS or EHLO, without any credentials.

    Of the `limits`, network and trust count.
    """
    stripped = replace(
        settings,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
        timeout=seconds,
    )
    facts = CheckSummary()
    limits = replace(limits, until=until, extra=0, allow_clear_password=False)
    async with aclosing(check(stripped, limits=limits, redactor=redactor)) as events:
        async for event in events:
            facts.add(event)
    return facts, diagnose(stripped, facts, 0)


async def _try_peer(settings: Settings, address: str, probe: Probe) -> Experiment:
    """Verify the certificate as verify mode `peer` would, at the connected address."""
    peer = VerifyMode.PEER
    changed = replace(
        settings, host=address, server_name=settings.tls_name, openssl_verify_mode=peer
    )
    _, verdict = await probe(changed, Stage.TLS)
    cause = verdict.cause or ""
    # A server that requires a client certificate sent its own first, and it was valid.
    if verdict.ok or cause == Cause.CLIENT_CERTIFICATE_REQUIRED:
        outcome, text = OK, "verify mode peer would accept this certificate"
    elif cause.startswith("certificate-") or verdict.stage is Stage.SETTINGS:
        outcome, text = cause, f"verify mode peer would fail: {label(cause)}"
    else:
        outcome, text = UNKNOWN, f"a second look at the certificate failed: {label(cause)}"
    return Experiment(seconds=0, name=PEER_LOOK, outcome=outcome, text=f"experiment: {text}")


async def _try_change(
    changed: Settings,
    facts: CheckSummary,
    spec: ExperimentSpec,
    probe: Probe,
    network: Network,
) -> Experiment | None:
    """Try changed settings; None if their name resolves to another machine."""
    if spec.until is Stage.TLS and facts.address:
        if spec.alias:
            try:
                endpoints = await resolve(changed, network=network)
            except AddressLookupError:
                return None
            if facts.address not in [endpoint.address for endpoint in endpoints]:
                return None
        changed = replace(changed, host=facts.address, server_name=changed.tls_name)
    summary, verdict = await probe(changed, spec.until)
    outcome = OK if verdict.ok else verdict.cause or UNKNOWN
    change = " with ".join(
        f"{key} {value}" if value != "" else f"no {key}" for key, value in spec.change.items()
    )
    # These details show why the change would help.
    shown = ["it works" if verdict.ok else label(outcome)]
    if summary.established:
        verified = "valid" if summary.established.verified else "not verified"
        shown += [summary.established.version, f"certificate {verified}"]
    if verdict.ok and verdict.stage is Stage.EHLO and summary.mechanisms:
        shown.append(f"mechanisms {abridged(summary.mechanisms, MECHANISMS_NAMED, ' ')}")
    return Experiment(
        seconds=0,
        name=spec.name,
        outcome=outcome,
        text=f"experiment: {change}: {', '.join(shown)}",
        change=tuple(spec.change.items()),
        mechanisms=summary.mechanisms if verdict.stage is Stage.EHLO else (),
    )
