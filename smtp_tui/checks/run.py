"""One check: settings, password, dialogue, a second look, verdict."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from smtp_tui.config.passwords import PasswordError, fetch
from smtp_tui.config.paths import located
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.facts import PEER_LOOK, Facts
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.choices import Authentication, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.reading import Reading, read
from smtp_tui.smtp.events import Entered, Event, Experiment, Fault, Finished, Note, Stage, Warn
from smtp_tui.smtp.session import Limits, check


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to check, and with what leave.

    `values` are a table's raw values; `base` is the folder that paths in it start from; `secret`
    takes the place of the password's source; `extra` is the seconds for looks beside the dialogue.
    """

    values: Mapping[str, object] = field(repr=False)
    base: Path
    file: str | None = None
    table: str | None = None
    secret: str | None = field(default=None, repr=False)
    allow_clear_password: bool = False
    extra: float = 3.0


async def run(request: Request) -> AsyncGenerator[Event | Verdict, None]:
    """Yield what happens, the verdict last. Wrap it in `contextlib.aclosing`."""
    started = time.monotonic()
    facts = Facts()
    reading = read(request.values)
    settings = reading.settings and located(reading.settings, request.base)
    async with aclosing(_events(request, reading, settings, started)) as events:
        async for event in events:
            facts.add(event)
            yield event
    yield diagnose(settings, facts, time.monotonic() - started)


async def _events(
    request: Request, reading: Reading, settings: Settings | None, started: float
) -> AsyncGenerator[Event, None]:
    if settings is None:
        yield _ended(Stage.SETTINGS, Fault.SETTINGS_INVALID, _problems(reading), started)
        return
    for remark in reading.remarks:
        warning = Warn(remark.warning) if remark.warning else None
        yield Note(seconds=_since(started), text=remark.message, warning=warning)
    secret = request.secret
    if settings.needs_password and secret is None:
        yield Entered(seconds=_since(started), stage=Stage.PASSWORD)
        try:
            secret = await _fetched(settings, request.base)
        except PasswordError as error:
            yield _ended(Stage.PASSWORD, Fault(error.cause), str(error), started)
            return
    async with aclosing(_dialogue(request, settings, secret, started)) as events:
        async for event in events:
            yield event


async def _dialogue(
    request: Request, settings: Settings, secret: str | None, started: float
) -> AsyncGenerator[Event, None]:
    limits = Limits(extra=request.extra, allow_clear_password=request.allow_clear_password)
    facts = Facts()
    end = None
    async with aclosing(check(settings, secret, limits=limits, started=started)) as events:
        async for event in events:
            facts.add(event)
            if isinstance(event, Finished):
                end = event
            else:
                yield event
    unverified = settings.openssl_verify_mode is VerifyMode.NONE and not settings.tls_fingerprint
    if unverified and facts.established and facts.address and request.extra > 0:
        yield await _peer_look(settings, facts.address, request.extra, started)
    if end:
        yield end


async def _peer_look(settings: Settings, address: str, extra: float, started: float) -> Experiment:
    """Say what verify mode `peer` would have said, on a connection without credentials."""
    asked = replace(
        settings,
        host=address,
        server_name=settings.tls_name,
        openssl_verify_mode=VerifyMode.PEER,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        timeout=extra,
    )
    facts = Facts()
    limits = Limits(until=Stage.TLS, extra=0)
    async with aclosing(check(asked, limits=limits)) as events:
        async for event in events:
            facts.add(event)
    outcome = diagnose(asked, facts, 0).cause or "ok"
    said = "take this certificate" if outcome == "ok" else f"end with {outcome}"
    return Experiment(
        seconds=_since(started),
        name=PEER_LOOK,
        outcome=outcome,
        text=f"experiment: verify mode peer would {said}",
    )


async def _fetched(settings: Settings, base: Path) -> str:
    if settings.password is None:
        raise PasswordError("password-missing", "no password is set")
    try:
        async with asyncio.timeout(settings.timeout):
            return await fetch(
                settings.password,
                account=settings.username or "",
                base=base,
                environ=os.environ,
                limit=settings.timeout,
            )
    except TimeoutError:
        text = f"its source did not answer within {settings.timeout:g} s"
        raise PasswordError("password-source-failed", text) from None


def _ended(stage: Stage, fault: Fault, detail: str, started: float) -> Finished:
    return Finished(seconds=_since(started), stage=stage, fault=fault, detail=detail.rstrip("."))


def _problems(reading: Reading) -> str:
    return "; ".join(str(problem) for problem in reading.problems)


def _since(started: float) -> float:
    return time.monotonic() - started
