"""One check: settings, password, dialogue, experiments, verdict."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

from smtp_tui.checks.request import (
    CheckRequest,
    CheckTarget,
    PasswordInput,
    secret_at_hand,
    secret_in,
)
from smtp_tui.config.errors import PasswordError, defect_text, one_line
from smtp_tui.config.paths import expand, resolve_path
from smtp_tui.diagnosis.diagnose import cause_of, diagnose
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Ask, File, Keyring, Literal, other_host
from smtp_tui.settings.validate import ParseResult, parse_settings
from smtp_tui.smtp.events import Cause, Event, Finished, Note, Stage, StageEntered, WarningId
from smtp_tui.smtp.redaction import Redactors
from smtp_tui.smtp.session import Limits, check
from smtp_tui.threads import in_daemon_thread


async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Yield what happens, the verdict last. Wrap it in `contextlib.aclosing`."""
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
    except Exception as error:
        # A defect in the check of one table must cost neither the other tables nor the next check.
        verdict = _failed(error, stage, time.monotonic() - started)
    yield replace(verdict, recognition=request.recognition)


def verdict_without_check(target: CheckTarget) -> Verdict:
    """The verdict on a target that has no request: no such file, no such table, or a defect."""
    if target.defect:
        return _failed(target.defect)
    return _ended_before(Stage.SETTINGS, Cause.SETTINGS_INVALID, target.refusal)


def _failed(error: Exception, stage: Stage = Stage.SETTINGS, seconds: float = 0.0) -> Verdict:
    """The verdict where a defect of this program ended the check."""
    text = defect_text(error)
    try:
        return _ended_before(stage, Cause.INTERNAL_ERROR, text, seconds)
    except Exception:  # what is broken may be needed to say so
        cause = Cause.INTERNAL_ERROR.value
        summary = f"smtp-tui failed: {text}."
        return Verdict(seconds=seconds, ok=False, stage=stage, cause=cause, summary=summary)


def _ended_before(stage: Stage, fault: Cause, detail: str, seconds: float = 0.0) -> Verdict:
    facts = CheckSummary()
    facts.add(Finished(seconds=seconds, stage=stage, fault=fault, detail=detail))
    return diagnose(None, facts, seconds)


async def _events(
    request: CheckRequest,
    parsed: ParseResult,
    settings: Settings | None,
    facts: CheckSummary,
    started: float,
) -> AsyncGenerator[Event, None]:
    """Yield all events of a check; whoever takes one adds it to `facts` before the next."""

    def now() -> float:
        # Settings and password were looked at before a connection was begun early.
        return 0.0 if request.early else time.monotonic() - started

    def ended(stage: Stage, fault: Cause, detail: str) -> Finished:
        return Finished(seconds=now(), stage=stage, fault=fault, detail=detail)

    for note in request.notes:
        yield Note(seconds=now(), text=note)
    if settings is None:
        problems = "; ".join(map(str, parsed.problems))
        yield ended(Stage.SETTINGS, Cause.SETTINGS_INVALID, problems)
        return
    for remark in parsed.remarks:
        warning = WarningId(remark.warning) if remark.warning else None
        yield Note(seconds=now(), text=remark.message, warning=warning)
    secret = request.secret
    if settings.needs_password and not secret:
        yield StageEntered(seconds=now(), stage=Stage.PASSWORD)
        for warning, text in _password_warnings(request, settings):
            yield Note(seconds=now(), text=text, warning=warning)
        try:
            secret = await secret_of(request, settings)
        except PasswordError as error:
            yield ended(Stage.PASSWORD, Cause(error.cause), str(error))
            return
    async with aclosing(_dialogue(request, settings, secret, facts, started)) as events:
        async for event in events:
            yield event


def _password_warnings(
    request: CheckRequest, settings: Settings
) -> Iterator[tuple[WarningId, str]]:
    """Yield what speaks against the place that the password comes from."""
    readable = None
    match request.given or settings.password:
        case Keyring(service):
            named = other_host(service, settings.host, settings.server_name)
            if named is not None:
                shown, host = one_line(service, 80), one_line(named, 80)
                text = f"the keyring entry {shown} is named for {host}, not for {settings.host}"
                yield WarningId.KEYRING_ENTRY_FOR_OTHER_HOST, text
        case Literal():
            readable = request.origin
        case File(path):
            readable = expand(path, request.base)
        case _:
            pass
    if readable is not None:
        # 5 ms that a check without a file has no use for.
        from smtp_tui.config.file_access import readable_by_others

        if readable_by_others(readable):
            text = f"every user of this machine can read the password in {one_line(readable)}"
            yield WarningId.PASSWORD_READABLE_BY_ALL, text


async def _dialogue(
    request: CheckRequest,
    settings: Settings,
    secret: str | None,
    facts: CheckSummary,
    started: float,
) -> AsyncGenerator[Event, None]:
    limits = Limits(extra=request.extra, allow_clear_password=request.allow_clear_password)
    end = None
    # Every connection of a check has it: what a server learned on one, it may repeat on another.
    redactors = request.redactors or Redactors()
    redactor = redactors.redactor(settings.host, settings.username, secret)
    course = check(
        settings,
        secret,
        mail=request.mail,
        limits=limits,
        redactor=redactor,
        started=started,
        early=request.early,
    )
    async with aclosing(course) as events:
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
    # The look at a silent port may have taken its part already.
    left = min(request.extra, settings.timeout + request.extra - (time.monotonic() - started))
    if left > 0 and (cause or unverified):
        # 16 ms that a check which passes has no use for.
        from smtp_tui.checks.experiments import run_experiments

        experiments = run_experiments(settings, facts, cause, left, started, redactor)
        async with aclosing(experiments) as shown:
            async for experiment in shown:
                yield experiment
    # What cannot be read is named by its path, which came out of the settings.
    yield replace(end, seconds=time.monotonic() - started, detail=mask_credentials(end.detail))


NOBODY_TO_ASK = (
    "the settings say to ask for the password, but there is no terminal; "
    "use --password-stdin, or run smtp-tui on a terminal"
)


async def secret_of(request: CheckRequest, settings: Settings) -> str:
    """Return the password within `settings.timeout` seconds; PasswordError when there is none."""
    source, limit = request.given or settings.password, settings.timeout
    if (secret := secret_at_hand(source)) is not None:
        return secret
    match source:
        case None:
            whose = mask_credentials(settings.username or "")
            raise PasswordError(f"no password is set for {whose}", cause="password-missing")
        case PasswordInput(place=place, read=read):
            try:
                return secret_in(await in_daemon_thread(read, limit), place)
            except TimeoutError:
                raise PasswordError(f"{place} did not end within {limit:g} s") from None
            except OSError as error:
                raise PasswordError(f"{place} cannot be read: {error.strerror}") from None
        case Ask():
            raise PasswordError(NOBODY_TO_ASK)
        case _:
            # 6 ms that a check with a password from the call has no use for.
            from smtp_tui.config import file_access, password_store

            # A password that stands in the file itself is no place to be sent to.
            is_named_by_file = request.given is None and not isinstance(source, Literal)
            if is_named_by_file and request.origin is not None:
                distrusted = file_access.distrust(source, request.origin, host=settings.host)
                if distrusted is not None:
                    raise PasswordError(str(distrusted))
            account = settings.username or ""
            return await password_store.fetch_password(
                source, account=account, base=request.base, environ=os.environ, limit=limit
            )
